// What becomes of events that cannot be applied: store.h, docs/collector.md "Events that cannot be
// applied".
#include "collector/intake/store.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxShownKind = 128;

}  // namespace

// Also for one that is kept already.
Result<bool> Store::HasRoom(const Arrived& e) {
  auto held = Row({e.key, e.sequence});
  if (!held.ok()) return std::move(held).status();
  if (*held != nullptr && (*held)->chain == e.chain && (*held)->kind == kUnappliedKind) return true;
  auto [kept, fresh] = kept_.try_emplace(e.key.store);
  if (fresh) {
    auto read = tables_.UnappliedOf(e.key.store);
    if (!read.ok()) return std::move(read).status();
    kept->second = *read;
  }
  return kept->second.events < kMaxUnappliedEvents &&
         kept->second.bytes + e.raw.size() <= kMaxUnappliedBytes;
}

// Whole, beside its row, and its id with it: what comes under that id elsewhere has no effect.
void Store::Keep(const Arrived& e) {
  UnappliedRow row;
  row.number = {e.key, e.sequence};
  row.chain = e.chain;
  row.id = e.id;
  row.kind = Printable(e.kind, kMaxShownKind);
  row.reason = e.unapplied;
  row.raw = e.raw;
  Tables::UnappliedSize& kept = kept_[e.key.store];
  ++kept.events;
  kept.bytes += row.raw.size();
  ids_[e.id] = true;
  changes_.unapplied.push_back(std::move(row));
}

// The event as it came, read again by this program.
Result<bool> Store::ApplyKept(const UnappliedRow& kept, const std::string& time) {
  std::string raw = kept.raw;
  auto value = kept_parser_.Parse(raw);
  if (!value.ok()) return false;
  auto e = ReadArrived(*value, time);
  if (!e.ok() || !e->unapplied.empty() || !e->intact) return false;
  Wanted wanted;
  wanted.ids.push_back(kept.id);
  auto found = tables_.Read(wanted);
  if (!found.ok()) return std::move(found).status();
  auto held = Row(kept.number);
  if (!held.ok()) return std::move(held).status();
  const bool in_place = *held != nullptr && (*held)->chain == kept.chain;
  auto stream = Get(kept.number.key);
  if (!stream.ok()) return std::move(stream).status();
  if (in_place && kept.number.sequence > (*stream)->through()) return false;  // its turn comes
  changes_.applied.push_back(kept);
  EventRow row = RowOf(*e);
  if (!found->counted.empty()) {
    Duplicate(kept.number, kept.id);
  } else if (MayHaveCounted(kept.number.key.store, row.recorded_at)) {
    Doubt(row);
  } else {
    row.position = ++position_;
    ids_[kept.id] = true;
    if (e->loss) declared_.emplace_back(row.key.store, *e->loss);
    TRY(Post(e->posting, row.id));
  }
  if (in_place) {
    rows_[kept.number] = row;
    changes_.filled.push_back(std::move(row));
  } else if (row.position > 0) {
    row.key.stream += "/aside-" + ToHex(BytesOf(row.chain)).substr(0, 8);
    changes_.events.push_back(std::move(row));
  }
  TRY(DeclareCounted());
  return true;
}

}  // namespace tillrelay::collector
