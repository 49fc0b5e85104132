// What: one snapshot as a page shows it: the verdict and the store's clock face beside it.
// Promise: pure; times are the store's own, ages end at the snapshot's moment.
// Thread: any.   Borrows: the snapshot and the faces, for as long as it lives.
#pragma once

#include <functional>
#include <string>

#include "agent/monitor/diagnosis.h"
#include "agent/monitor/snapshot.h"
#include "common/language/language.h"

namespace tillrelay::web {

// The store's wall clock in full, "2026-11-25 14:02:07".
using StampText = std::function<std::string(WallTime)>;
std::string UtcStampText(WallTime time);  // "2026-11-25 14:02:07Z"

struct TimeFormat {
  monitor::TimeText time = monitor::UtcTimeText;
  StampText stamp = UtcStampText;
};

class PageContext {
 public:
  PageContext(const monitor::Snapshot& snapshot, const TimeFormat& faces_in)
      : s(snapshot), v(monitor::Diagnose(snapshot, faces_in.time)), faces(faces_in) {}

  std::string Store() const;             // "Store 0042"
  std::string Ago(WallTime time) const;  // "39 min ago", "never"
  // "since 14:02", and "since 3 days ago" of what is older than today.
  std::string Since(WallTime time) const;
  // The store's wall clock in full, as people write days.
  std::string Stamp(WallTime time) const { return strings::Dated(faces.stamp(time)); }
  std::string Title() const;  // "▲ 412 waiting · Store 0042"

  const monitor::Snapshot& s;
  const monitor::Verdict v;
  const TimeFormat& faces;
};

}  // namespace tillrelay::web
