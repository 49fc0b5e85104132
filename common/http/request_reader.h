// What: the bytes of one connection -> one request, step by step. Built on Beast's parser.
// Promise: pure: no socket, no clock. Stops after the head, so that a body can be refused before it
//   is taken; never takes more of the body than was allowed.
// Thread: http.
// Limits: bytes of the head (request line, fields, trailers), 100 fields, bytes of the body.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/http/message.h"

namespace tillrelay::http {

class RequestReader {
 public:
  enum class State { kHead, kHeadDone, kBody, kDone, kFailed };

  explicit RequestReader(size_t max_header_bytes);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Takes what it can from the front of `bytes` and returns how much; the rest must come again
  // with more behind it. Stops at kHeadDone until AllowBody, and at kDone and kFailed for good.
  size_t Feed(std::string_view bytes);
  // Nothing has been taken since construction.
  bool untouched() const;
  State state() const { return state_; }
  // What to answer in state kFailed; the connection must end.
  const Response& problem() const { return problem_; }

  // In state kHeadDone: what the head said.
  bool is_http_1_0() const;
  bool keep_alive() const;
  bool has_body() const;
  std::optional<uint64_t> content_length() const;
  void AllowBody(size_t max_body_bytes);

  Request& request() { return request_; }
  // Ready for the next request of the connection.
  void Reset();

 private:
  struct Parser;
  void Fail(int status, std::string_view word, std::string_view title);
  void Explain(int error);

  const size_t max_header_bytes_;
  Request request_;
  Response problem_;
  State state_ = State::kHead;
  std::unique_ptr<Parser> parser_;
};

}  // namespace tillrelay::http
