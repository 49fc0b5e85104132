// What: the round that compares what is wrong now with table exception, and writes the difference.
// Promise: works in short steps of its own, each at most kAtOnce exceptions and one transaction,
//   none where nothing has changed; never inside the transaction that counts events. What is cut
//   is found again by the next round.
// Thread: the collector's.
// Errors: those of the database; the caller gives the transaction up.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "collector/exceptions/detectors.h"
#include "collector/exceptions/exception_table.h"

namespace tillrelay::collector {

// What stores say of themselves.
struct StatusFindings {
  bool known = false;  // false: nothing can be said now, everything stays as it is
  std::vector<Finding> found;
  std::set<std::string> undecided;  // stores that were not heard yet
};

class ExceptionSweep {
 public:
  explicit ExceptionSweep(const Thresholds& thresholds) : detectors_(thresholds) {}

  bool running() const { return stage_ > 0; }
  // The next step, of a new round if none is running. Gives whether the round goes on.
  Result<bool> Step(Sql* sql, WallTime now, const std::function<Result<StatusFindings>()>& status);
  void Abandon() { stage_ = 0; }

 private:
  using Keys = std::vector<ExceptionKey>;
  Result<bool> StepTables(Sql* sql, size_t detector, bool gone);
  Result<bool> StepFarOff(Sql* sql);
  Result<bool> StepStatus(Sql* sql, const StatusFindings& status);
  Result<bool> Forget(Sql* sql);
  Status DropRecounted(Sql* sql);
  Status MarkRound(Sql* sql);
  Status Write(Sql* sql, const std::vector<Finding>& found, const Keys& gone);

  const TableDetectors detectors_;
  size_t stage_ = 0;
  DetectorTimes times_;
  std::string now_text_;
};

}  // namespace tillrelay::collector
