// What was told again with known goods, and what waits for its place: day_summary.h.
#include <algorithm>
#include <vector>

#include "common/reconcile/day_summary.h"

namespace tillrelay::reconcile {

bool DaySummary::IsToldAgainAt(int64_t at_s) const {
  return std::any_of(told_again_.begin(), told_again_.end(), [at_s](const Mark& span) {
    const int64_t end_s = span.at_s + static_cast<int64_t>(span.number);
    return at_s > span.at_s - kReuseApart_s && at_s < end_s + kReuseApart_s;
  });
}

void DaySummary::SeeToldAgain(int64_t at_s) {
  for (Mark& span : told_again_) {
    const int64_t end_s = span.at_s + static_cast<int64_t>(span.number);
    if (at_s < span.at_s - kReuseApart_s || at_s > end_s + kReuseApart_s) continue;
    span.at_s = std::min(span.at_s, at_s);
    span.number = static_cast<uint64_t>(std::max(end_s, at_s) - span.at_s);
    return;
  }
  told_again_.push_back({0, at_s});
  if (told_again_.size() <= kMaxSpans) return;
  // Of too many two become one: all between is doubtful as well.
  Mark& first = told_again_[0];
  const Mark second = told_again_[1];
  const int64_t end_s = std::max(first.at_s + static_cast<int64_t>(first.number),
                                 second.at_s + static_cast<int64_t>(second.number));
  first.at_s = std::min(first.at_s, second.at_s);
  first.number = static_cast<uint64_t>(end_s - first.at_s);
  told_again_.erase(told_again_.begin() + 1);
}

// What ended well before the run began is not of it, whatever its number is.
bool DaySummary::MayBeOf(const Epoch& here, const Mark& mark) {
  return mark.at_s > here.from_s - kOpenTogether_s &&
         &EpochFor(mark.at_s, {}, mark.number) == &here;
}

// Another receipt waits for the same place: one of the two is told again.
bool DaySummary::IsContested(const Epoch& here, uint64_t number, int64_t at_s) {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Mark& mark) {
    return mark.number == number && mark.at_s != at_s && MayBeOf(here, mark);
  });
}

void DaySummary::SeeWaiting(const Epoch& here, uint64_t number, int64_t at_s) {
  for (const Mark& rival : std::vector<Mark>(waiting_)) {
    if (rival.number != number) continue;
    if (rival.at_s == at_s) return;
    if (here.marks.empty() || !MayBeOf(here, rival)) continue;
    SeeToldAgain(rival.at_s);
    SeeToldAgain(at_s);
  }
  Wait({number, at_s});
}

void DaySummary::Wait(const Mark& mark) {
  waiting_.push_back(mark);
  if (waiting_.size() > kMaxWaiting) waiting_.erase(waiting_.begin());
}

}  // namespace tillrelay::reconcile
