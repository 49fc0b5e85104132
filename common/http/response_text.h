// What: a response -> the bytes of its head, and its body behind it when it is small.
// Promise: a name or value from a handler can never start another header line or another answer.
// Thread: http.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/http/message.h"

namespace tillrelay::http {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), made once a second.
class DateLine {
 public:
  const std::string& At(WallTime now);

 private:
  int64_t second_ = -1;
  std::string text_;
};

struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false;  // the answer to HEAD: length of the body, but no body
  bool tls = false;
  bool live = false;  // the body goes on without an end known now
};

// Appends the head to `out`. The body is not appended.
void AppendHead(const Response& response, const Framing& framing, const std::string& date,
                std::string* out);

}  // namespace tillrelay::http
