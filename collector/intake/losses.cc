#include "collector/intake/losses.h"

#include <algorithm>

namespace tillrelay::collector {
namespace {

// The row that ends with the number `last`, or goes on behind it.
const LossRow* RowAtEnd(const std::vector<LossRow>& rows, uint64_t last) {
  for (const LossRow& row : rows) {
    if (row.range.first <= last + 1 && row.range.last >= last) return &row;
  }
  return nullptr;
}

}  // namespace

std::vector<wire::Range> Without(const wire::Range& range, const std::vector<LossRow>& losses) {
  std::vector<wire::Range> left;
  uint64_t next = range.first;
  for (const LossRow& row : losses) {
    if (row.range.last < next || row.range.first > range.last) continue;
    if (row.range.first > next) left.push_back({next, row.range.first - 1});
    next = row.range.last + 1;
  }
  if (next <= range.last) left.push_back({next, range.last});
  return left;
}

std::vector<LossRow> NewLosses(const std::vector<LossRow>& known, const Declared& loss,
                               uint64_t through) {
  std::vector<LossRow> fresh;
  const uint64_t first = std::max(loss.range.first, through + 1);
  for (const wire::Range& range : Without({first, loss.range.last}, known)) {
    LossRow& row = fresh.emplace_back();
    row.range = range;
    row.reason = loss.reason;
    if (range.last == loss.range.last) row.chain = loss.chain;
  }
  if (!loss.open) return fresh;
  if (!fresh.empty() && fresh.back().range.last == loss.range.last) {
    fresh.back().open = true;
    return fresh;
  }
  LossRow end;
  if (const LossRow* row = RowAtEnd(known, loss.range.last); row != nullptr) {
    if (row->open) return fresh;
    end = *row;
  } else {
    end.range = {loss.range.last + 1, loss.range.last};
    end.reason = loss.reason;
    end.chain = loss.chain;
  }
  end.open = true;
  fresh.push_back(end);
  return fresh;
}

}  // namespace tillrelay::collector
