// What: reads a whole journal, or a backup of one, and says what in it is not as it was written:
//   every kept row against its own hashes, every stream's numbers and chain against its marks.
// Promise: read-only and in short reads, so that it may run beside the daemon; what the daemon
//   stores or deletes meanwhile is no fault.
// Thread: its owner's; it takes as long as reading the file.
// Errors: those of opening. What is damaged is no error here but a line in `faults`.
// Limits: kMaxFaults lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace tillrelay::journal {

using ShowProgress = std::function<void(uint64_t done, uint64_t of)>;

struct Verified {
  static constexpr size_t kMaxFaults = 100;
  std::string store_id, stream, head_chain;  // of the current stream
  uint64_t head = 0, waiting = 0;            // of it; what the centre has not confirmed
  uint64_t rows = 0, streams = 0;
  std::vector<std::string> faults;
};

// `newest`: only so many rows of the current stream's end; 0: everything.
Result<Verified> Verify(const std::string& path, const ShowProgress& progress, uint64_t newest = 0);

}  // namespace tillrelay::journal
