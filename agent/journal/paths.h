// What: every name that the journal uses on disk, made in one place.
// Thread: any.
#pragma once

#include <string>

namespace tillrelay::journal {

inline std::string LockPath(const std::string& journal) { return journal + ".lock"; }
inline std::string BallastPath(const std::string& journal) { return journal + ".ballast"; }
inline std::string WalPath(const std::string& journal) { return journal + "-wal"; }

// The registers' tokens stand beside the journal, so that a lost journal does not lock them out.
inline std::string TokensPath(const std::string& journal) {
  const size_t slash = journal.rfind('/');
  return (slash == std::string::npos ? "" : journal.substr(0, slash + 1)) + "tokens.json";
}

}  // namespace tillrelay::journal
