#include "common/http/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tillrelay::http {
namespace {

using State = RequestReader::State;

// The request in `bytes`, of which `cut` are there at first and the rest byte by byte.
std::string Read(const std::string& bytes, size_t cut) {
  RequestReader reader(1024);
  size_t begin = 0;
  for (size_t end = cut; end <= bytes.size(); ++end) {
    begin += reader.Feed(std::string_view(bytes).substr(begin, end - begin));
    if (reader.state() != State::kHeadDone) continue;
    if (!reader.has_body()) return "no body";
    reader.AllowBody(100);
    begin += reader.Feed(std::string_view(bytes).substr(begin, end - begin));
  }
  if (reader.state() == State::kFailed) return std::to_string(reader.problem().status);
  return reader.state() == State::kDone ? "body " + reader.request().body : "more";
}

TEST(RequestReader, WhereverAChunkedBodyIsCut) {
  const struct {
    std::string body, expected;
  } rows[] = {
      {"0\r\n\r\n", "body "},
      {"0\r\nT: v\r\n\r\n", "body "},
      {"000;x=y\r\n\r\n", "body "},
      {"2\r\nab\r\n1;x\r\nc\r\n0\r\n\r\n", "body abc"},
      {"0\r\n", "more"},
      {"0\r\ns", "more"},
      {"0\r\n\rx", "more"},
      {"2\r\nab", "more"},
      {"3\r\n000\r\n0\r\n\r\n", "body 000"},
      {"zz\r\n", "400"},
      {"ff\r\n\r\n", "413"},
  };
  for (const auto& row : rows) {
    const std::string request = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + row.body;
    for (size_t cut = 1; cut <= request.size(); ++cut) {
      EXPECT_EQ(Read(request, cut), row.expected) << row.body << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace tillrelay::http
