// How densely tests sweep over every byte, cut, pair or seed: each one, and under a sanitizer,
// which makes a step twenty times slower and looks at memory, each seventh.
#pragma once

namespace tillrelay::testing {

#ifdef TILLRELAY_SANITIZED
constexpr int kSweepStep = 7;
#else
constexpr int kSweepStep = 1;
#endif

}  // namespace tillrelay::testing
