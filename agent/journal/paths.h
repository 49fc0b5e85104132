// What: every name that the journal uses on disk, made in one place.
// Thread: any.
#pragma once

#include <string>

namespace tillrelay::journal {

inline std::string LockPath(const std::string& journal) { return journal + ".lock"; }
inline std::string BallastPath(const std::string& journal) { return journal + ".ballast"; }
inline std::string WalPath(const std::string& journal) { return journal + "-wal"; }

}  // namespace tillrelay::journal
