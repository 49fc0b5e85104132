// What: what tables say is wrong: for each kind the conditions that its exceptions do not say yet,
//   and the exceptions whose condition is gone.
// Promise: reads only. A question costs what is wrong now, not what has happened.
// Thread: whoever owns the connection.
// Errors: those of the database.
// Limits: kAtOnce rows an answer.
#pragma once

#include <array>
#include <vector>

#include "collector/db/sql.h"
#include "collector/exceptions/exception.h"
#include "collector/fleet/thresholds.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

inline constexpr size_t kAtOnce = 500;
inline constexpr std::chrono::minutes kGapPatience{10};  // one that is younger closes by itself

struct DetectorTimes {
  WallTime now{}, looked_at{};  // looked_at: facts that are older have been seen
};

// A line of a change.
struct LineMark {
  uint64_t position = 0, line = 0;
  auto operator<=>(const LineMark&) const = default;
};

class TableDetectors {
 public:
  explicit TableDetectors(Thresholds thresholds) : thresholds_(std::move(thresholds)) {}

  static size_t count();
  // What the exceptions of that detector do not say yet, at most kAtOnce.
  Result<std::vector<Finding>> New(Sql* sql, size_t detector, const DetectorTimes& times) const;
  // Those of its exceptions whose condition is gone, at most kAtOnce.
  Result<std::vector<ExceptionKey>> Gone(Sql* sql, size_t detector,
                                         const DetectorTimes& times) const;
  // Counts behind `after` that were far from what was expected. `*through`: all up to it are seen.
  Result<std::vector<Finding>> FarOffCounts(Sql* sql, const LineMark& after, uint64_t head,
                                            LineMark* through) const;

 private:
  void AddCutoff(size_t detector, const DetectorTimes& times, Input* input) const;
  const Thresholds thresholds_;
};

}  // namespace tillrelay::collector
