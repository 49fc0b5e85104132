// What: the journal's numbers for people and for Prometheus; a plain copy, no behaviour.
// Thread: any (value).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/journal/stream_row.h"
#include "common/base/clock.h"
#include "common/metrics/histogram.h"

namespace tillrelay::journal {

struct JournalStats {
  std::string store_id;
  std::string stream;              // ULID of the current stream
  uint64_t head = 0;               // highest committed number of the current stream
  std::string head_chain;          // 32 hex digits
  uint64_t floor = 1;              // lowest number from which upward nothing is missing
  uint64_t confirmed_through = 0;  // the centre's word
  std::string confirmed_chain;
  uint64_t acked_through = 0;
  uint64_t waiting = 0;            // events above the watermark that the promise in force counts
  WallTime oldest_waiting_at{};    // recordedtime of the first of them; epoch when none waits
  std::vector<StreamRow> streams;  // by number, the current one last
  std::vector<OwedEvent> owed;     // bodies kept because the centre asks for them
  std::vector<wire::Lost> losses;  // declared, not passed by a confirmation yet
  std::vector<std::string> acknowledged_streams;  // of this store and not here, as a person knows
  uint64_t quarantined = 0;                       // documents that wait for a person
  uint64_t stored_total = 0, duplicate_total = 0, quarantined_total = 0;  // since start
  uint64_t commits_total = 0;
  Histogram commit_seconds{kSecondsBounds};      // begin to synced commit
  Histogram group_events{kCountBounds};          // events in one transaction
  uint64_t journal_bytes = 0;                    // journal file and its write-ahead log
  uint64_t disk_bytes = 0, disk_free_bytes = 0;  // where the journal lives
  double disk_days_left = -1;                    // -1: not known yet
  uint64_t salvages_total = 0;
  uint64_t taking_over = 0;      // events of a damaged file that are still to be brought over
  std::string taking_over_file;  // which; empty: none
  std::string salvaged;       // what became of a damaged file, since start; empty: there was none
  WallTime oldest_kept_at{};  // recordedtime of the oldest event that a replay can still send
  bool retention_cut_short = false;  // newer ones than the retention asks for had to go: no room
  std::string busy;                  // another program holds the file; empty: nobody does
  std::string poisoned;              // why nothing is accepted; empty: healthy
  std::string refusing;              // why new events are refused for now; empty: accepting
  enum class NoRoom { kDisk, kOwnLimit, kReader } no_room = NoRoom::kDisk;  // while refusing
};

}  // namespace tillrelay::journal
