// What: the newest page of each register, for people and for Prometheus; a plain copy.
// Thread: any (value).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay::reconcile {

struct RegisterRow {
  std::string register_id, business_day;
  WallTime heard_at{};  // when the register last reported anything
  int64_t sales = 0, returns = 0, others = 0;
  uint64_t missing = 0;   // numbers
  std::string gaps;       // the first few, "17, 20-24"
  uint64_t restarts = 0;  // times the counter jumped backwards
  uint64_t duplicates = 0, conflicts = 0;
  std::string result;  // balanced | gaps | mismatch | no_totals; "" while the day is open
  bool reopened = false;
  // Alone it misses numbers that, with the others, nobody misses.
  bool shares_counter = false;
  bool expected = false;  // the configuration names it
  bool silent = false;    // too long without a word inside opening hours
  int64_t silent_for_s = 0;
  // Closed, and what came here is not what the register reports: with gaps, with other totals, or,
  // where it told none, with numbers missing.
  bool unbalanced = false;
  uint64_t distance = 0;  // how far apart: numbers, documents and hundredths of an amount
  std::string reported_net_amount, net_amount;  // where both are known
};

}  // namespace tillrelay::reconcile
