// What: from where on something is an exception (docs/collector.md, Exceptions); settings of the
//   collector, [exceptions].
// Thread: immutable once read.
#pragma once

#include <cstdint>
#include <string>

namespace tillrelay::collector {

struct Thresholds {
  int64_t transit_overdue_days = 14;
  int64_t count_off_percent = 50;  // of what was expected; and at least
  int64_t count_off_units = 10;
  int64_t returns_off_percent = 5;  // points away from the store's own median
  int64_t clock_off_s = 300;
  int64_t disk_days = 3;
  int64_t silent_register_h = 48;  // behind the other registers of its store
  int64_t sink_behind_minutes = 15;
  std::string least_version;  // empty: the collector's own, without its last part
};

}  // namespace tillrelay::collector
