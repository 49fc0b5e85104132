// What: the bytes of an HTTP/1.x answer, as they come, to a ClientResponse.
// Promise: takes any bytes; answers of 1xx before the real one are passed over.
// Thread: one.
// Errors: invalid (the bytes are no HTTP answer, or larger than the limits).
// Limits: kMaxHeadBytes, kMaxAnswerBytes.
#pragma once

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/http/message.h"

namespace tillrelay::http {

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
  std::string_view Header(std::string_view name) const { return headers.Find(name); }
};

class AnswerParser {
 public:
  static constexpr size_t kMaxHeadBytes = 64 * 1024;
  static constexpr size_t kMaxAnswerBytes = 256 * 1024 * 1024;

  // `head_only`: of a HEAD request, whose answer has no body whatever its head says.
  explicit AnswerParser(bool head_only);
  ~AnswerParser();

  // Takes what it can from the beginning of `bytes` and erases it there.
  Status Feed(std::string* bytes);
  // The server has closed the connection.
  Status End();
  bool done() const;
  bool must_close() const;  // once it is done: the connection cannot be used again
  ClientResponse Take();

 private:
  struct State;
  void Begin();

  const bool head_only_;
  std::unique_ptr<State> state_;
};

}  // namespace tillrelay::http
