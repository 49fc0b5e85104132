// What: when the certificates that the settings name come to their end.
// Promise: files are read on the thread that refreshes, at most every kEvery; Rows only copies.
// Thread: Refresh by one (main); Rows by any.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/monitor/snapshot.h"
#include "common/base/mutex.h"

namespace tillrelay {

class CertificateWatch {
 public:
  // The setting and its file; those without a file are left out.
  explicit CertificateWatch(std::vector<std::pair<std::string, std::string>> files);
  // Before the first Refresh.
  void Add(const std::string& name, const std::string& file) { files_.emplace_back(name, file); }
  void Refresh(Instant now);
  std::vector<monitor::CertificateRow> Rows() const;

 private:
  static constexpr std::chrono::minutes kEvery{10};

  std::vector<std::pair<std::string, std::string>> files_;
  Instant next_{};
  mutable Mutex mutex_;
  // Guarded by mutex_:
  std::vector<monitor::CertificateRow> rows_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay
