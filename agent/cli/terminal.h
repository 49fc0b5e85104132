// What: what a person at a terminal sees beside the answer: colour, how far long work is, and the
//   language.
// Promise: colour only where standard output is a terminal and NO_COLOR is not set; progress only
//   where standard error is one; another language than English only where standard output is one.
//   Nothing here ever writes to standard output.
// Thread: main.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/language/language.h"

namespace tillrelay::cli {

// The escape that starts green, amber or red; empty where there is no colour.
const char* Colour(const std::string& level);
const char* NoColour();

// Of whoever reads standard output: what a program reads, and what LC_ALL=C asks for, is English.
const strings::Language& TerminalLanguage();
// The same by the locale's name, "de_DE.UTF-8".
const strings::Language& LanguageOfLocale(std::string_view locale);

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
