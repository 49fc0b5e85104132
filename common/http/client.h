// What: a small HTTP/1.1 client: one request, one answer.
// Promise: never follows redirects, and uses no proxy but the one that it is given; waits at most
//   the timeout for each step and the deadline for all of them; takes at most the limit.
// Thread: one at a time; it blocks.
// Errors: unavailable (cannot connect, cut, too slow), invalid (the answer is not HTTP).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/files.h"
#include "common/base/status.h"
#include "common/http/answer_parser.h"
#include "common/http/client_tls.h"
#include "common/http/message.h"

namespace tillrelay::http {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;  // Host, Content-Length and Connection are added
  std::string body;
};

struct ClientOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // of each step
  std::chrono::milliseconds deadline{0};                         // of a whole call; 0: none
  ClientTls tls;
  std::string proxy;            // "proxy.example:3128": HTTPS through its CONNECT; empty: none
  bool head_is_enough = false;  // the body is not read, and the connection ends with each call
  int wake = -1;                // when this descriptor becomes readable the call ends, unavailable
};

// Keeps its connection between calls, and connects again if the server closed it meanwhile.
class Client {
 public:
  // "127.0.0.1:8471", "[::1]:8471", "https://till.example:8470", "unix:/run/x/control.sock".
  explicit Client(const std::string& address,
                  std::chrono::milliseconds timeout = std::chrono::seconds(10), ClientTls tls = {});
  Client(const std::string& address, ClientOptions options);
  Result<ClientResponse> Call(const ClientRequest& request);
  Result<ClientResponse> Get(std::string_view target);
  void Close();

  static constexpr size_t kMaxAnswerBytes = AnswerParser::kMaxAnswerBytes;

 private:
  // What is left of the step's and of the whole call's time.
  std::chrono::milliseconds Left() const;
  std::string RequestText(const ClientRequest& request) const;
  Status Connect();
  Status ThroughProxy();
  Result<ClientResponse> Exchange(const std::string& bytes, bool head_only);

  std::string address_;  // without a scheme
  const ClientOptions options_;
  const bool is_https_;
  std::chrono::steady_clock::time_point until_{};  // of the call; only with a deadline
  Fd socket_;
  std::unique_ptr<TlsPipe> pipe_;  // over socket_; null without TLS
  std::string rest_;               // bytes behind the last answer
};

}  // namespace tillrelay::http
