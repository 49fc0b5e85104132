#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tillrelay {

void CheckFailed(const char* file, int line, const char* text) {
  std::fprintf(stderr, "<2>internal error: %s:%d: CHECK(%s)\n", file, line, text);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tillrelay
