#include "agent/reconcile/silence.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/event/identity.h"

namespace tillrelay::reconcile {
namespace {

void MarkExpected(const std::string& id, std::vector<RegisterRow>* rows) {
  const auto same = [&id](const RegisterRow& row) {
    return event::WithoutLeadingZeros(row.register_id) == event::WithoutLeadingZeros(id);
  };
  auto row = std::find_if(rows->begin(), rows->end(), same);
  if (row == rows->end()) {
    row = rows->emplace(rows->end());
    row->register_id = event::WithoutLeadingZeros(id);
  }
  row->expected = true;
}

}  // namespace

void JudgeSilence(const SilenceRule& rule, const SilenceMoment& moment,
                  std::vector<RegisterRow>* rows) {
  for (const std::string& id : rule.expected) MarkExpected(id, rows);
  if (rule.after.count() == 0) return;
  const auto lately = std::chrono::hours(24 * OpeningHours::kMaxDays);
  for (RegisterRow& row : *rows) {
    if (!IsName(row.register_id)) continue;  // a page of numbers alone
    if (!row.expected && moment.now - row.heard_at > lately) continue;
    const WallTime since = std::max(row.heard_at, moment.started_at);
    row.silent_for_s = rule.hours.OpenSeconds(moment.local_s(since), moment.local_s(moment.now));
    row.silent = row.silent_for_s >= rule.after.count();
  }
}

}  // namespace tillrelay::reconcile
