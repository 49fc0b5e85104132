#include "collector/db/purged_ranges.h"

#include <algorithm>

namespace tillrelay::collector {
namespace {

// Those that touch become one; while there are too many, those that are nearest.
void Join(PurgedRanges* ranges, Duration gap) {
  for (size_t i = 1; i < ranges->size();) {
    PurgedRange& before = (*ranges)[i - 1];
    const PurgedRange next = (*ranges)[i];
    if (next.first - before.last > gap) {
      ++i;
      continue;
    }
    before.last = std::max(before.last, next.last);
    ranges->erase(ranges->begin() + static_cast<ptrdiff_t>(i));
  }
}

}  // namespace

void NotePurged(WallTime at, PurgedRanges* ranges) {
  const auto behind = std::find_if(ranges->begin(), ranges->end(),
                                   [at](const PurgedRange& r) { return at < r.first; });
  ranges->insert(behind, {at, at});
  Join(ranges, kForgottenGap);
  for (Duration gap = 2 * kForgottenGap; ranges->size() > kMaxForgotten; gap *= 2) {
    Join(ranges, gap);
  }
}

bool MayBePurged(const PurgedRanges& ranges, WallTime at, WallTime now) {
  return std::any_of(ranges.begin(), ranges.end(), [at, now](const PurgedRange& range) {
    return at <= range.last && (at >= range.first || range.last <= now);
  });
}

}  // namespace tillrelay::collector
