// What: random bits for identities and for jitter, handed in so that tests can repeat a run.
// Thread: SystemRandom any; others as they say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tillrelay {

class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<uint8_t> bytes) = 0;
  // Uniform in [0, 1).
  double Unit();
};

// The kernel's generator, getrandom(2).
class SystemRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> bytes) override;
};

}  // namespace tillrelay
