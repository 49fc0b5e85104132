// What: a small file beside the journal that says what it held a moment ago: store, streams, the
//   highest number given, losses that head office has not heard of, whether the write-ahead log
//   holds commits. A start that finds another, older, emptied or missing journal, or no log where
//   one held commits, learns from it what there was (docs/journal.md, "Witness").
// Promise: never ahead of what is committed. Two places are written in turn, each with its hash, so
//   that a torn write costs one refresh, not the file. Unreadable is told apart from absent.
// Thread: journal.
// Errors: corrupt (neither place can be read: unknown, not fine), unavailable.
// Limits: kMaxStreams streams: the current one, those of which head office has something, and the
//   newest; kMaxLosses ranges, fewer where they are too long. 16 KB of disk, allocated once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/journal/stream_row.h"
#include "common/base/files.h"

namespace tillrelay::journal {

struct Witness {
  static constexpr size_t kMaxStreams = 16, kMaxLosses = 100;

  std::string store_id;
  std::vector<StreamRow> streams;  // by number, the current one last; floors are not kept
  // Declared, and not passed by a confirmation; of more than fit neighbours are one range.
  std::vector<wire::Lost> losses;
  bool clean = false;              // written and synced at a stop, behind everything else
  bool settled = false;            // written behind a commit, before anybody was told of it
  bool log_holds_commits = false;  // the write-ahead log may not be missing
  std::string boot_id;             // of the kernel that ran

  // Nobody was told of anything after this refresh: it was written at a stop, or behind the last
  // commit of a process that ended under the same kernel (a power cut may bring back an older one).
  bool IsLastWord(const std::string& boot_now) const {
    return clean || (settled && !boot_id.empty() && boot_id == boot_now);
  }
};

// Of the kernel that runs now; empty where it does not say.
std::string BootId();

class WitnessFile {
 public:
  explicit WitnessFile(std::string path) : path_(std::move(path)) {}
  // The youngest readable one; nothing where there is no file.
  Result<std::optional<Witness>> Read();
  // Without `sync` it is on the disk when the system gets round to it.
  Status Write(const Witness& witness, bool sync);
  // The next Write makes the file anew.
  void Forget() { file_ = Fd(); }

 private:
  Status Create();

  const std::string path_;
  Fd file_;
  uint64_t count_ = 0;  // of the last one written or read
};

}  // namespace tillrelay::journal
