// Random bits that repeat for a seed; the seed is printed with every failure.
#pragma once

#include <random>

#include "common/base/random.h"

namespace tillrelay::testing {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed = 1) : engine_(seed) {}
  void Fill(std::span<uint8_t> bytes) override {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(engine_());
  }
  // Uniform in [0, bound).
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  bool Chance(double p) { return Unit() < p; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace tillrelay::testing
