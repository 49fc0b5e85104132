// What: does a daemon hold this journal?
// Thread: main.
#pragma once

#include <fcntl.h>
#include <sys/file.h>

#include <string>

#include "agent/journal/paths.h"
#include "common/base/files.h"

namespace tillrelay::cli {

inline bool DaemonRuns(const std::string& journal) {
  const Fd lock(open(journal::LockPath(journal).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return lock.valid() && flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
}

}  // namespace tillrelay::cli
