// What: one snapshot as a page shows it: the verdict and the store's clock face beside it.
// Promise: pure; times are the store's own, ages end at the snapshot's moment.
// Thread: any.   Borrows: the snapshot and the faces, for as long as it lives.
#pragma once

#include <functional>
#include <string>

#include "agent/status/diagnosis.h"
#include "agent/status/snapshot.h"

namespace tillrelay::status {

// The store's wall clock in full, "2026-11-25 14:02:07".
using StampText = std::function<std::string(WallTime)>;
std::string UtcStampText(WallTime time);  // "2026-11-25 14:02:07Z"

struct Faces {
  TimeText time = UtcTimeText;
  StampText stamp = UtcStampText;
};

class Look {
 public:
  Look(const Snapshot& snapshot, const Faces& faces_in)
      : s(snapshot), v(Diagnose(snapshot, faces_in.time)), faces(faces_in) {}

  std::string Store() const;             // "Store 0042"
  std::string Ago(WallTime time) const;  // "39 min ago", "never"
  // A clock face while it is today's, else an age.
  std::string Since(WallTime time) const;
  std::string Title() const;  // "▲ 412 waiting · Store 0042"

  const Snapshot& s;
  const Verdict v;
  const Faces& faces;
};

std::string_view Symbol(Level level);  // "●", "▲", "■"

}  // namespace tillrelay::status
