// What: a small file beside the database, or in the service's own folder, that says up to where a
//   sink has taken what it was sent: so that a database that was set back to a backup, and the
//   sink's row with it, is noticed.
// Promise: written durably behind each message that was taken. A file that cannot be understood is
//   a failure, never "nothing was taken".
// Thread: one.
// Errors: unavailable, corrupt.
#pragma once

#include <optional>
#include <string>

#include "collector/db/running_hash.h"
#include "common/base/status.h"

namespace tillrelay::collector {

struct Witnessed {
  uint64_t lineage = 0;
  Cursor cursor;
};

class Witness {
 public:
  // An empty path: only what this process has seen is known.
  explicit Witness(std::string path) : path_(std::move(path)) {}
  Result<std::optional<Witnessed>> Read();
  Status Save(const Witnessed& witnessed);

 private:
  const std::string path_;
  bool read_ = false;
  std::optional<Witnessed> last_;
};

}  // namespace tillrelay::collector
