// What: what a person at a terminal sees beside the answer: colour, and how far long work is.
// Promise: colour only where standard output is a terminal and NO_COLOR is not set; progress only
//   where standard error is one. Nothing here ever writes to standard output.
// Thread: main.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"

namespace tillrelay::cli {

// The escape that starts green, amber or red; empty where there is no colour.
const char* Colour(const std::string& level);
const char* NoColour();

// One line that is drawn over itself; gone when the object is.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void Show(uint64_t done, uint64_t of);

 private:
  const std::string what_;
  const bool visible_;
  const SystemClock clock_;
  const Instant began_;
  Instant drawn_{};
};

}  // namespace tillrelay::cli
