// What: a small HTTP/1.1 client for the command line and for tests: one request, one answer.
// Promise: never follows redirects or proxies; waits at most the timeout; takes at most the limit.
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

// Keeps its connection between calls, and connects again if the server closed it meanwhile.
class Client {
 public:
  // "127.0.0.1:8471", "[::1]:8471", "https://till.example:8470", "unix:/run/x/control.sock".
  explicit Client(std::string address, std::chrono::milliseconds timeout = std::chrono::seconds(10),
                  ClientTls tls = {});
  Result<ClientResponse> Call(const ClientRequest& request);
  Result<ClientResponse> Get(std::string_view target);
  void Close();

  static constexpr size_t kMaxAnswerBytes = AnswerParser::kMaxAnswerBytes;

 private:
  Status Connect();
  Result<ClientResponse> Exchange(const std::string& bytes, bool head_only);

  std::string address_;  // without a scheme
  const std::chrono::milliseconds timeout_;
  const ClientTls tls_;
  bool is_https_ = false;
  Fd socket_;
  std::unique_ptr<TlsPipe> pipe_;  // over socket_; null without TLS
  std::string rest_;               // bytes behind the last answer
};

}  // namespace tillrelay::http
