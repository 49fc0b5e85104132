#include "common/wire/chain.h"

#include <algorithm>
#include <string>

namespace tillrelay::wire {
namespace {

Chain Shortened(std::string_view bytes) {
  const Sha256Digest digest = Sha256(bytes);
  Chain chain;
  std::copy_n(digest.begin(), chain.size(), chain.begin());
  return chain;
}

}  // namespace

Chain FirstChain(std::string_view store, std::string_view stream) {
  std::string bytes = "tillrelay/1";
  bytes += '\0';
  bytes += store;
  bytes += '\0';
  bytes += stream;
  return Shortened(bytes);
}

Chain NextChain(const Chain& previous, uint64_t sequence, const Uuid& id,
                const Sha256Digest& data_digest) {
  std::array<uint8_t, 16 + 8 + 16 + 32> bytes;
  auto* out = std::copy(previous.begin(), previous.end(), bytes.begin());
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<uint8_t>(sequence >> shift);
  out = std::copy(id.begin(), id.end(), out);
  std::copy(data_digest.begin(), data_digest.end(), out);
  return Shortened(BytesOf(bytes));
}

bool ParseChain(std::string_view hex, Chain* out) { return FromHex(hex, out->data(), out->size()); }

}  // namespace tillrelay::wire
