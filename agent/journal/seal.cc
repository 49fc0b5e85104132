#include "agent/journal/seal.h"

#include <algorithm>
#include <string>

namespace tillrelay::journal {
namespace {

void AppendBigEndian(std::string* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *out += static_cast<char>(value >> shift);
}

}  // namespace

Seal SealOf(const SealInput& row) {
  std::string bytes;
  bytes.reserve(160);
  AppendBigEndian(&bytes, row.position);
  AppendBigEndian(&bytes, static_cast<uint64_t>(row.recorded_us));
  bytes += BytesOf(row.id);
  bytes += BytesOf(row.data_digest);
  for (const std::string_view text : {row.kind, row.subject, row.time}) {
    bytes += text;
    bytes += '\0';
  }
  const Sha256Digest digest = Sha256(bytes);
  Seal seal;
  std::copy_n(digest.begin(), seal.size(), seal.begin());
  return seal;
}

}  // namespace tillrelay::journal
