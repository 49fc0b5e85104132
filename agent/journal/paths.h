// What: every name that the journal uses on disk, made in one place.
// Thread: any.
#pragma once

#include <string>

#include "common/base/files.h"

namespace tillrelay::journal {

inline std::string LockPath(const std::string& journal) { return journal + ".lock"; }
inline std::string BallastPath(const std::string& journal) { return journal + ".ballast"; }
inline std::string WalPath(const std::string& journal) { return journal + "-wal"; }

inline std::string WitnessPath(const std::string& journal) { return journal + ".witness"; }

inline std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

inline std::string Beside(const std::string& journal, const char* name) {
  const size_t slash = journal.rfind('/');
  return (slash == std::string::npos ? "" : journal.substr(0, slash + 1)) + name;
}

// Who may come in stands beside the journal, so that a lost journal locks nobody out.
inline std::string TokensPath(const std::string& journal) { return Beside(journal, "tokens.json"); }
// The admin port's own certificate and its key.
inline std::string AdminCertPath(const std::string& journal) {
  return Beside(journal, "admin-cert.pem");
}
inline std::string AdminKeyPath(const std::string& journal) {
  return Beside(journal, "admin-key.pem");
}
inline std::string AccessPath(const std::string& journal) { return Beside(journal, "access.json"); }

}  // namespace tillrelay::journal
