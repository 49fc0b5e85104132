// What: the file with the shop's map of articles, read again when it has changed.
// Promise: a file that is gone, cut or wrong changes nothing: the last good map stays, and the
// state
//   says why the new one is not used. A document sees one map from its first line to its last.
// Thread: Refresh by one; the rest by any.
// Limits: 64 MiB.
#pragma once

#include <memory>
#include <string>

#include "agent/capture/capture_stats.h"
#include "common/base/mutex.h"
#include "common/event/item_map.h"

namespace tillrelay::capture {

class ItemMapFile {
 public:
  explicit ItemMapFile(std::string path) : path_(std::move(path)) {}

  // True if something has changed since the last call: another map, or another fault.
  bool Refresh();
  std::shared_ptr<const event::ItemMap> Current() const;  // null: there has been no good one yet
  CaptureStats::ItemMap State() const;

 private:
  const std::string path_;
  std::string mark_;  // size, time and inode of what was read last
  mutable Mutex mutex_;
  // Guarded by mutex_:
  std::shared_ptr<const event::ItemMap> map_ GUARDED_BY(mutex_);
  std::string error_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay::capture
