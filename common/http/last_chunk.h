// What: when a chunked body has to wait for more bytes before Beast's parser may see them.
// Promise: "0 CRLF CRLF" ends every chunked body, so more will come. Beast 1.74 asserts, when it
//   reads the last chunk of an empty body for the second time, that it sees all of it.
// Thread: any (pure).
#pragma once

#include <cstddef>
#include <string_view>

namespace tillrelay::http {

inline bool MayBeCutLastChunk(std::string_view bytes) {
  constexpr size_t kLastChunkBytes = 5;
  return bytes.starts_with('0') && bytes.size() < kLastChunkBytes;
}

}  // namespace tillrelay::http
