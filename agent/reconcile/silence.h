// What: which registers should have spoken: an expected one, or one heard lately, that says nothing
//   for too long inside opening hours.
// Promise: pure. A closed store, or a daemon that has just started, makes no register silent.
// Thread: any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/reconcile/reconcile_stats.h"
#include "common/event/opening_hours.h"

namespace tillrelay::reconcile {

struct SilenceRule {
  std::vector<std::string> expected;  // ids; a row is made for one that was never heard
  OpeningHours hours;
  std::chrono::seconds after{0};  // 0: no register is ever called silent
};

struct SilenceMoment {
  WallTime now{}, started_at{};
  // Seconds since 1970-01-01T00:00:00 of the store's clock face.
  std::function<int64_t(WallTime)> local_s;
};

void JudgeSilence(const SilenceRule& rule, const SilenceMoment& moment,
                  std::vector<RegisterRow>* rows);

}  // namespace tillrelay::reconcile
