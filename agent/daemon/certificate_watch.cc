#include "agent/daemon/certificate_watch.h"

#include "common/base/log.h"
#include "common/http/tls.h"

namespace tillrelay {

CertificateWatch::CertificateWatch(std::vector<std::pair<std::string, std::string>> files) {
  for (auto& file : files) {
    if (!file.second.empty()) files_.push_back(std::move(file));
  }
}

void CertificateWatch::Refresh(Instant now) {
  if (files_.empty() || now < next_) return;
  next_ = now + kEvery;
  std::vector<monitor::CertificateRow> rows;
  for (const auto& [setting, path] : files_) {
    const auto end = http::CertificateEnd(path);
    if (!end.ok()) log::Warning("main", "{}: {}", setting, end.status().message());
    rows.push_back({setting, end.ok() ? *end : WallTime()});
  }
  Lock lock(mutex_);
  rows_ = std::move(rows);
}

std::vector<monitor::CertificateRow> CertificateWatch::Rows() const {
  Lock lock(mutex_);
  return rows_;
}

}  // namespace tillrelay
