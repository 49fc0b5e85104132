#include "collector/ledger/rebuild.h"

#include "collector/ledger/ledger.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kSlice = 1000;     // events read and written at a time
constexpr size_t kMaxCells = 20'000;  // kept in memory between two slices

Result<uint64_t> Replay(Tables* tables) {
  Tables::Head head;
  auto begun = tables->Begin({}, &head);
  if (!begun.ok()) return std::move(begun).status();
  if (head.purged > 0) {
    return Invalid("events up to position " + std::to_string(head.purged) +
                   " were deleted by age; the ledger cannot be computed from the rest");
  }
  TRY(tables->ClearLedger());
  Changes changes;
  Ledger* working = nullptr;
  const auto flush = [&]() -> Status {
    working->Flush(&changes);
    TRY(tables->Write(changes, head.position));
    changes = {};
    return Status::Ok();
  };
  Ledger ledger(tables, flush);
  working = &ledger;
  JsonParser parser;
  uint64_t applied = 0;
  for (uint64_t after = 0; after < head.position; after += kSlice) {
    auto events = tables->Counted(after, kSlice);
    if (!events.ok()) return std::move(events).status();
    std::vector<Posting> postings;
    Wanted wanted;
    for (EventRow& e : *events) {
      auto data = parser.Parse(e.body);
      if (!data.ok()) return Corrupt("position " + std::to_string(e.position) + ": the body");
      postings.push_back(ReadPosting({e.key.store, e.kind, e.occurred_at}, *data));
      Ledger::Prefetch(postings.back(), &wanted);
    }
    auto found = tables->Read(wanted);
    if (!found.ok()) return std::move(found).status();
    ledger.Load(wanted, *found);
    for (size_t i = 0; i < postings.size(); ++i, ++applied) {
      TRY(ledger.Apply(postings[i], (*events)[i].position, &changes));
    }
    TRY(flush());
    if (ledger.cells() > kMaxCells) ledger.Clear();
  }
  TRY(tables->Commit());
  return applied;
}

}  // namespace

Result<uint64_t> RebuildLedger(Sql* sql) {
  Tables tables(sql);
  auto applied = Replay(&tables);
  if (!applied.ok()) sql->Rollback();
  return applied;
}

}  // namespace tillrelay::collector
