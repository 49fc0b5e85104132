#include "common/base/status.h"

#include <cstdio>
#include <cstdlib>

#include "common/base/check.h"

namespace tillrelay {

const CodeMeaning& Meaning(Code code) {
  // Exit codes: 0 ok, 1 fault found, 2 usage, 3 daemon not reachable, 78 configuration.
  static constexpr CodeMeaning kTable[] = {
      {"ok", 200, 0},       {"invalid", 400, 2},  {"not-found", 404, 1},
      {"conflict", 409, 1}, {"full", 503, 1},     {"unavailable", 503, 3},
      {"corrupt", 500, 1},  {"internal", 500, 1}, {"busy", 503, 1},
  };
  return kTable[static_cast<size_t>(code)];
}

void CheckFailed(const char* file, int line, const char* text) {
  std::fprintf(stderr, "<2>internal error: %s:%d: CHECK(%s)\n", file, line, text);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tillrelay
