// Any bytes as a browser, a register or an attacker sends them, in pieces: the first byte says how
// large. Whatever the pieces, the requests are the same, and what is taken has a path of ours.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/http/request_reader.h"
#include "common/http/request_rules.h"

namespace {

using tillrelay::http::RequestReader;
using State = RequestReader::State;
constexpr size_t kMaxHeader = 16 * 1024, kMaxBody = 32 * 1024;

// Requests as text, until one is refused or the bytes end.
std::string Told(std::string_view bytes, size_t piece) {
  RequestReader reader(kMaxHeader);
  std::string told;
  size_t begin = 0, end = std::min(piece, bytes.size());
  for (;;) {
    begin += reader.Feed(bytes.substr(begin, end - begin));
    if (reader.state() == State::kHeadDone) {
      auto& request = reader.request();
      const bool split = tillrelay::http::SplitTarget(request);
      CHECK(!split || request.path.starts_with("/"));
      tillrelay::http::CheckHead(request, {"localhost"}, {"https://till.example.org"},
                                 reader.is_http_1_0());
      told += request.method + ' ' + request.path + '\n';
      if (reader.has_body()) {
        reader.AllowBody(kMaxBody);
        continue;
      }
      reader.Reset();  // as the server does: whoever has no body is complete
      if (begin < end) continue;
    }
    if (reader.state() == State::kFailed) {
      CHECK(reader.problem().status >= 400);
      return told + std::to_string(reader.problem().status);
    }
    if (reader.state() == State::kDone) {
      CHECK(reader.request().body.size() <= kMaxBody);
      told += std::to_string(reader.request().body.size()) + '\n';
      reader.Reset();
      if (begin < end) continue;
    }
    if (end == bytes.size()) return told;
    end = std::min(end + piece, bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // What ends in the middle of a line may be judged in one way of coming and not yet in the other.
  const std::string whole = Told(bytes, bytes.size() + 1), pieces = Told(bytes, 1 + data[0]);
  CHECK(whole.starts_with(pieces) || pieces.starts_with(whole));
  return 0;
}
