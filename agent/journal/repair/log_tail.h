// What: whether a write-ahead log holds commits behind the place where it can no longer be read.
//   SQLite reads a log up to the first frame that does not fit and forgets the rest without a word;
//   after a power cut that is right, after damage to what had been synced it loses commits.
// Thread: any; reads the file without SQLite, so only while nobody has it open.
// Limits: the format of https://www.sqlite.org/fileformat2.html, section 4.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::journal {

struct LogTail {
  bool has_frames = false;      // it holds at least one frame that can be read
  bool header_damaged = false;  // it is not empty and its header cannot be read
  // Commits of the same log from the first frame that does not fit on, and of those the ones behind
  // it.
  uint64_t commits = 0, commits_behind = 0;

  // A power cut can leave one commit there, the one that was being written; a process that ended
  // within the life of the same kernel leaves none behind the frame at which it was cut.
  bool IsCut(bool same_boot) const {
    return header_damaged || commits > 1 || (same_boot && commits_behind > 0);
  }
};

// A file that does not exist is an empty log.
Result<LogTail> ReadLogTail(const std::string& path);

}  // namespace tillrelay::journal
