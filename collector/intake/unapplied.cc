#include "collector/intake/unapplied.h"

#include "collector/intake/store.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {

Result<bool> ApplyOneKept(const std::string& url, const NumberKey& number,
                          const std::string& time) {
  auto store = Store::Open(url);
  if (!store.ok()) return std::move(store).status();
  UnappliedRow last;
  last.number = number;
  --last.number.sequence;
  last.chain.fill(0xff);  // behind every event of the number before
  auto kept = (*store)->tables().Unapplied(last);
  if (!kept.ok()) return std::move(kept).status();
  bool found = false, applied = false;
  for (const UnappliedRow& row : *kept) {
    if (row.number != number) continue;
    found = true;
    auto done = (*store)->ApplyKeptAlone(row, time, event::UtcText(SystemClock().Wall()));
    if (!done.ok()) return std::move(done).status();
    applied = applied || *done;
  }
  if (!found) return NotFound("no such event is kept in table unapplied");
  return applied;
}

}  // namespace tillrelay::collector
