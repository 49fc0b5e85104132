// What: what the process knows of where it runs.
// Thread: any; nothing here sets the environment.
#pragma once

#include <string>

namespace tillrelay {

// getenv(3) as a function whose address can be taken; null where it is not set.
const char* EnvironmentVariable(const char* name);
// gethostname(2); "unknown" where it cannot be told.
std::string MachineName();

}  // namespace tillrelay
