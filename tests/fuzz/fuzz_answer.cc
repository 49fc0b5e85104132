// Any bytes as the answer of an HTTP server, in two pieces: the first byte says where they part.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/check.h"
#include "common/http/answer_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tillrelay::http::AnswerParser;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t part = std::min<size_t>(data[0], bytes.size());
  AnswerParser parser((data[0] & 1) != 0);
  std::string rest = bytes.substr(0, part);
  if (!parser.Feed(&rest).ok()) return 0;
  rest += bytes.substr(part);
  if (!parser.Feed(&rest).ok()) return 0;
  if (!parser.done() && !parser.End().ok()) return 0;
  const auto answer = parser.Take();
  CHECK(answer.status >= 100 && answer.status <= 999);
  CHECK(answer.body.size() <= size);
  return 0;
}
