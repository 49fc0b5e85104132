#include "common/base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "common/base/check.h"

namespace tillrelay {

double Random::Unit() {
  uint64_t bits = 0;
  Fill({reinterpret_cast<uint8_t*>(&bits), sizeof(bits)});
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

void SystemRandom::Fill(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0) {
      CHECK(errno == EINTR);
      continue;
    }
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

}  // namespace tillrelay
