#include "common/wire/ulid.h"

#include <algorithm>
#include <array>

namespace tillrelay::wire {
namespace {
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

std::string NewUlid(WallTime now, Random* random) {
  const auto ms =
      static_cast<uint64_t>(std::max<int64_t>(0, now.time_since_epoch().count() / 1000));
  std::array<uint8_t, 16> bytes;  // 16 random values of five bits
  random->Fill(bytes);
  std::string ulid(26, '0');
  for (int i = 0; i < 10; ++i) ulid[static_cast<size_t>(9 - i)] = kAlphabet[(ms >> (5 * i)) & 31];
  for (size_t i = 0; i < bytes.size(); ++i) ulid[10 + i] = kAlphabet[bytes[i] & 31];
  return ulid;
}

bool IsUlid(std::string_view text) {
  return text.size() == 26 && text[0] <= '7' && std::all_of(text.begin(), text.end(), [](char c) {
           return kAlphabet.find(c) != std::string_view::npos;
         });
}

}  // namespace tillrelay::wire
