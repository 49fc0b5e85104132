// What the store does with the ledger: store.h.
#include "collector/db/own_change.h"
#include "collector/db/running_hash.h"
#include "collector/db/statements_ledger.h"
#include "collector/intake/store.h"
#include "common/base/json_writer.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

int64_t Micros(WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

CountRules Store::RulesOf(const std::string& now) const {
  CountRules rules;
  const auto time = event::ParseUtc(now);
  // A clock that cannot be read releases nothing.
  rules.now = time.ok() ? Micros(*time) : 0;
  rules.complete = head_.complete();
  rules.forgotten = [this](const std::string& store, int64_t as_of) {
    return MayHaveCounted(store, event::UtcText(WallTime(std::chrono::microseconds(as_of))));
  };
  return rules;
}

Status Store::Post(const Posting& posting, std::string_view id) {
  const size_t first = changes_.movements.size();
  TRY(ledger_.Apply(posting, position_, &changes_));
  hash_ =
      NextHash(hash_, position_, posting.store, id, std::span(changes_.movements).subspan(first));
  changes_.hashes[position_] = hash_;
  if (posting.receipt) {
    changes_.receipts.push_back(*posting.receipt);
    changes_.receipts.back().position = position_;
  }
  return Status::Ok();
}

// Each count at a new position, in the order of the counts' times, so that of two of one cell the
// later one is applied last.
Result<size_t> Store::ReleaseCounts() {
  if (!head_.complete()) return size_t{0};
  auto due = tables_.DueHeld(RulesOf(changes_.now).now);
  if (!due.ok()) return std::move(due).status();
  for (size_t first = 0; first < due->size();) {
    const HeldRow& count = (*due)[first];
    Posting posting;
    posting.store = count.cell.store;
    posting.at = posting.as_of = count.as_of;
    posting.is_count = true;
    posting.counted_as = count.position;
    size_t end = first;
    for (; end < due->size() && (*due)[end].position == count.position; ++end) {
      const HeldRow& line = (*due)[end];
      posting.lines.push_back({line.cell, line.bucket, line.micros});
      changes_.released.push_back(line);
    }
    OwnChange change{posting.store, kCountApplied, {}};
    JsonWriter json(&change.body);
    json.BeginObject().Key("ledger").BeginObject().Field("count_position", count.position);
    json.Field("as_of", event::UtcText(WallTime(std::chrono::microseconds(count.as_of))));
    json.EndObject().EndObject();
    ++position_;
    EventRow row = OwnChangeRow(change, position_, hash_, changes_.now);
    TRY(Post(posting, row.id));
    changes_.events.push_back(std::move(row));
    first = end;
  }
  return due->size();
}

// Writes where a group of events writes, and takes it back: a database that only opens is no
// database that works.
Status Store::Probe(std::string now) {
  TRY(Begin(std::move(now)));
  EventRow row;
  row.key = {"", "probe"};
  row.sequence = 1;
  row.kind = "probe";
  changes_.events.push_back(row);
  TRY(Flush());
  changes_.dropped.push_back({row.key, row.sequence});
  TRY(Flush());
  TRY(sql_->Queue(sql::kTouchHead, Input(sql::kTouchHead)));
  return Commit();
}

}  // namespace tillrelay::collector
