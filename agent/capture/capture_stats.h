// What: the doors' numbers for people and for Prometheus; a plain copy, no behaviour.
// Thread: any (value).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/base/clock.h"

namespace tillrelay::capture {

struct CaptureStats {
  uint64_t http_stored = 0, http_duplicate = 0, http_quarantined = 0, http_refused = 0;
  uint64_t file_stored = 0, file_duplicate = 0, file_quarantined = 0;
  uint64_t files_done = 0, files_rejected = 0, files_waiting = 0, files_unreadable = 0;
  uint64_t redactions = 0;        // card numbers that were masked
  std::string drop_folder_error;  // empty: healthy
  struct Register {
    WallTime last_heard_at{};
    uint64_t sales = 0, returns = 0, others = 0;  // since start
  };
  std::map<std::string, Register> registers;
};

}  // namespace tillrelay::capture
