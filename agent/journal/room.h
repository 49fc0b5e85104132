// What: how much can still be written to a journal: the free pages of its file and the free disk,
//   against journal.max_bytes and journal.min_free_bytes; docs/journal.md, "Room".
// Promise: pages that deleted events have left count as room, because they are written before the
//   file grows; so a journal on a full disk accepts again as soon as delivered events may go.
// Thread: any (values).
#pragma once

#include <cstdint>

namespace tillrelay::journal {

// The log's file is cut back to nothing when it is larger and nobody needs it.
inline constexpr uint64_t kLogLimitBytes = 8 * 1024 * 1024;
// What the log needs for a group, a confirmation and a deletion before it starts over.
inline constexpr uint64_t kLogNeedBytes = 2 * 1024 * 1024;

struct RoomLimits {
  uint64_t max_bytes = 0;  // 0: no limit of our own
  uint64_t min_free_bytes = 0;
};

struct RoomSample {
  uint64_t file_bytes = 0;      // of the database on the disk
  uint64_t log_bytes = 0;       // of its write-ahead log
  uint64_t content_bytes = 0;   // of the database, with what is still only in the log
  uint64_t reusable_bytes = 0;  // of them free pages
  uint64_t disk_bytes = 0, disk_free_bytes = 0;

  // The file will grow by this when the log is copied into it.
  uint64_t owed_growth() const {
    return content_bytes > file_bytes ? content_bytes - file_bytes : 0;
  }
  // A reader holds the log: it cannot start over, and every write makes it longer.
  bool log_is_held() const { return log_bytes > kLogLimitBytes; }
};

struct Room {
  uint64_t bytes = 0;      // what can still be written
  uint64_t margin = 0;     // below it, confirmed events go before their retention
  bool own_limit = false;  // it is journal.max_bytes that ends it
  bool enough(bool was_enough) const { return bytes >= (was_enough ? kLeast : 4 * kLeast); }

  static constexpr uint64_t kLeast = 64 * 1024;
};

Room RoomIn(const RoomSample& sample, const RoomLimits& limits);

}  // namespace tillrelay::journal
