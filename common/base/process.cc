#include "common/base/process.h"

#include <unistd.h>

#include <cstdlib>

namespace tillrelay {

const char* EnvironmentVariable(const char* name) { return std::getenv(name); }

std::string MachineName() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "unknown";
  return name;
}

}  // namespace tillrelay
