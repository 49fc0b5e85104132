#include "collector/db/tables.h"

#include <algorithm>

#include "collector/db/statements.h"
#include "collector/db/statements_ledger.h"
#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/event/kind.h"

namespace tillrelay::collector {
namespace {

std::string ChainText(const wire::Chain& chain) { return ToHex(BytesOf(chain)); }

Status ReadChain(std::string_view text, wire::Chain* chain) {
  if (wire::ParseChain(text, chain)) return Status::Ok();
  return Corrupt("a row carries no chain");
}

Result<std::vector<StreamRow>> StreamsOf(const Rows& rows) {
  std::vector<StreamRow> streams(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    StreamRow& s = streams[i];
    s.key = {rows.Text(i, 0), rows.Text(i, 1)};
    s.through = rows.Unsigned(i, 2);
    TRY(ReadChain(rows.Text(i, 3), &s.chain));
    s.highest_seen = rows.Unsigned(i, 4);
    s.opened_at = rows.Text(i, 5);
    s.reason = rows.Text(i, 6);
    s.revision = rows.Unsigned(i, 7);
    s.lost_through = rows.Unsigned(i, 8);
  }
  return streams;
}

Input& Key(Input& input, const StreamKey& key) { return input.Text(key.store).Text(key.stream); }

Input Numbers(const Statement& statement, const std::vector<NumberKey>& numbers) {
  Input input(statement);
  for (const NumberKey& n : numbers) Key(input, n.key).Int(n.sequence);
  return input;
}

}  // namespace

Result<std::vector<EventRow>> EventsOf(const Rows& rows) {
  std::vector<EventRow> events(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EventRow& e = events[i];
    e.key = {rows.Text(i, 0), rows.Text(i, 1)};
    e.sequence = rows.Unsigned(i, 2);
    e.id = rows.Text(i, 3);
    e.kind = rows.Text(i, 4);
    e.occurred_at = rows.Text(i, 5);
    e.recorded_at = rows.Text(i, 6);
    e.stored_at = rows.Text(i, 7);
    TRY(ReadChain(rows.Text(i, 8), &e.chain));
    e.position = rows.Unsigned(i, 9);
    e.body = rows.Text(i, 10);
  }
  return events;
}

Tables::Tables(Sql* sql, LedgerIn ledger)
    : sql_(*sql), ledger_(ledger == LedgerIn::kServed ? sql::kServed : sql::kRebuilt) {}

Tables::Head Tables::HeadOf(const Rows& rows) {
  return {rows.Unsigned(0, 0), rows.Unsigned(0, 1), rows.Text(0, 2),
          rows.Text(0, 3),     rows.Unsigned(0, 4), rows.Unsigned(0, 5)};
}

void Tables::AddCalls(const Wanted& wanted, std::vector<Call>* calls, std::deque<Input>* inputs) {
  const auto add = [&](const Statement& statement) -> Input& {
    Input& input = inputs->emplace_back(statement);
    calls->push_back({&statement, &input});
    return input;
  };
  Input& streams = add(sql::kStreams);
  for (const StreamKey& key : wanted.streams) Key(streams, key);
  Input& ids = add(sql::kCountedIds);
  for (const std::string& id : wanted.ids) ids.Text(id);
  Input& cells = add(ledger_.cells);
  Input& counted_at = add(ledger_.counted_at);
  for (const CellKey& c : wanted.cells) {
    cells.Text(c.store).Text(c.item).Text(c.uom);
    counted_at.Text(c.store).Text(c.item).Text(c.uom);
  }
  Input& transit = add(ledger_.transit);
  for (const TransitKey& t : wanted.transit) {
    transit.Text(t.cell.store).Text(t.transfer).Text(t.cell.item).Text(t.cell.uom);
  }
}

// The last five answers are those of AddCalls.
Result<Found> Tables::Collect(const std::vector<Rows>& all) {
  const Rows* rows = &all[all.size() - 5];
  Found found;
  auto streams = StreamsOf(rows[0]);
  if (!streams.ok()) return std::move(streams).status();
  found.streams = *std::move(streams);
  for (size_t i = 0; i < rows[1].size(); ++i) {
    if (rows[1].Text(i, 1) == "1") found.counted.insert(rows[1].Text(i, 0));
    if (rows[1].Text(i, 2) == "1") found.reserved.insert(rows[1].Text(i, 0));
  }
  const auto cell_key = [](const Rows& r, size_t i) {
    return CellKey{r.Text(i, 0), r.Text(i, 1), r.Text(i, 2)};
  };
  for (size_t i = 0; i < rows[2].size(); ++i) {
    CellRow& cell = found.cells[cell_key(rows[2], i)];
    for (size_t b = 0; b < kBuckets; ++b) cell.micros[b] = rows[2].Int(i, 3 + b);
    cell.position = rows[2].Unsigned(i, 3 + kBuckets);
  }
  for (size_t i = 0; i < rows[3].size(); ++i) {
    const auto bucket = BucketOf(rows[3].Text(i, 3));
    if (!bucket) continue;
    found.cells[cell_key(rows[3], i)].counted[*bucket] = {rows[3].Int(i, 4),
                                                          rows[3].Unsigned(i, 5)};
  }
  for (size_t i = 0; i < rows[4].size(); ++i) {
    const Rows& r = rows[4];
    found.transit[{{r.Text(i, 0), r.Text(i, 2), r.Text(i, 3)}, r.Text(i, 1)}] = {r.Int(i, 4),
                                                                                 r.Int(i, 5)};
  }
  return found;
}

Result<Found> Tables::Begin(const Wanted& wanted, Head* head) {
  TRY(sql_.Begin());
  const Input none(sql::kHead);
  std::vector<Call> calls{{&sql::kHead, &none}};
  std::deque<Input> inputs;
  AddCalls(wanted, &calls, &inputs);
  auto rows = sql_.RunAll(calls);
  if (!rows.ok()) return std::move(rows).status();
  if (rows->front().empty()) return Corrupt("table head is empty");
  *head = HeadOf(rows->front());
  return Collect(*rows);
}

Result<Found> Tables::Read(const Wanted& wanted) {
  std::vector<Call> calls;
  std::deque<Input> inputs;
  AddCalls(wanted, &calls, &inputs);
  auto rows = sql_.RunAll(calls);
  if (!rows.ok()) return std::move(rows).status();
  return Collect(*rows);
}

Result<std::vector<EventRow>> Tables::Events(const std::vector<NumberKey>& numbers) {
  auto rows = sql_.Run(sql::kEvents, Numbers(sql::kEvents, numbers));
  if (!rows.ok()) return std::move(rows).status();
  return EventsOf(*rows);
}

Result<std::vector<uint64_t>> Tables::Islands(const StreamKey& key, uint64_t through) {
  Input input(sql::kIslands);
  Key(input, key).Int(through);
  auto rows = sql_.Run(sql::kIslands, input);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < rows->size(); ++i) numbers.push_back(rows->Unsigned(i, 0));
  return numbers;
}

Result<std::vector<EventRow>> Tables::UnappliedDiverged(const std::string& before) {
  Input input(sql::kForgotten);
  auto rows = sql_.Run(sql::kForgotten, input.Text(before));
  if (!rows.ok()) return std::move(rows).status();
  return EventsOf(*rows);
}

Result<std::vector<LossRow>> Tables::Losses(const StreamKey& key) {
  Input input(sql::kLosses);
  auto rows = sql_.Run(sql::kLosses, Key(input, key));
  if (!rows.ok()) return std::move(rows).status();
  std::vector<LossRow> losses(rows->size());
  for (size_t i = 0; i < rows->size(); ++i) {
    LossRow& loss = losses[i];
    loss.range = {rows->Unsigned(i, 0), rows->Unsigned(i, 1)};
    loss.reason = rows->Text(i, 2);
    loss.filled = rows->Unsigned(i, 3);
    TRY(ReadChain(rows->Text(i, 4), &loss.chain));
    loss.open = rows->Unsigned(i, 5) != 0;
  }
  return losses;
}

Result<std::map<uint64_t, OwedRow>> Tables::Owed(const StreamKey& key) {
  Input input(sql::kOwed);
  auto rows = sql_.Run(sql::kOwed, Key(input, key));
  if (!rows.ok()) return std::move(rows).status();
  std::map<uint64_t, OwedRow> owed;
  for (size_t i = 0; i < rows->size(); ++i) {
    OwedRow& row = owed[rows->Unsigned(i, 0)];
    row = {rows->Text(i, 1), rows->Text(i, 3), rows->Unsigned(i, 2), rows->Text(i, 4)};
  }
  return owed;
}

Result<Tables::UnappliedSize> Tables::UnappliedOf(const std::string& store) {
  Input input(sql::kUnappliedKept);
  auto rows = sql_.Run(sql::kUnappliedKept, input.Text(store));
  if (!rows.ok()) return std::move(rows).status();
  return UnappliedSize{rows->Unsigned(0, 0), rows->Unsigned(0, 1)};
}

Result<std::vector<UnappliedRow>> Tables::Unapplied(const UnappliedRow& last) {
  Input input(sql::kUnapplied);
  Key(input, last.number.key).Int(last.number.sequence).Own(ChainText(last.chain));
  auto rows = sql_.Run(sql::kUnapplied, input);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<UnappliedRow> unapplied(rows->size());
  for (size_t i = 0; i < rows->size(); ++i) {
    UnappliedRow& row = unapplied[i];
    row.number = {{rows->Text(i, 0), rows->Text(i, 1)}, rows->Unsigned(i, 2)};
    TRY(ReadChain(rows->Text(i, 3), &row.chain));
    row.id = rows->Text(i, 4);
    row.kind = rows->Text(i, 5);
    row.reason = rows->Text(i, 6);
    row.since = rows->Text(i, 7);
    row.raw = rows->Text(i, 8);
  }
  return unapplied;
}

Status Tables::Write(const Changes& changes, uint64_t position) {
  TRY(WriteEvents(changes));
  TRY(WriteLedger(changes));
  TRY(WriteReceipts(changes.receipts));
  TRY(WriteRest(changes));
  Input streams(sql::kSaveStreams);
  for (const auto& [key, s] : changes.streams) {
    Key(streams, key).Int(s.through).Own(ChainText(s.chain)).Int(s.highest_seen);
    streams.Text(s.opened_at);
    if (s.reason.empty()) {
      streams.Null();
    } else {
      streams.Text(s.reason);
    }
    streams.Int(s.revision).Int(s.lost_through);
  }
  TRY(sql_.Queue(sql::kSaveStreams, streams));
  if (changes.hashes.empty()) return Status::Ok();
  Input head(sql::kSaveHead);
  return sql_.Queue(sql::kSaveHead, head.Int(position).Text(changes.hashes.rbegin()->second));
}

Status Tables::WriteEvents(const Changes& changes) {
  // The hash of a position; of a row without one nothing.
  const auto hash = [&changes](Input* input, uint64_t position) {
    const auto found = changes.hashes.find(position);
    if (position == 0 || found == changes.hashes.end()) {
      input->Null();
    } else {
      input->Text(found->second);
    }
  };
  TRY(sql_.Queue(sql::kDropEvents, Numbers(sql::kDropEvents, changes.dropped)));
  Input events(sql::kInsertEvents);
  for (const EventRow& e : changes.events) {
    if (e.position > 0) {
      events.Int(e.position);
    } else {
      events.Null();
    }
    Key(events, e.key).Int(e.sequence).Text(e.id).Text(e.kind).Text(e.occurred_at);
    events.Text(e.recorded_at).Text(e.stored_at).Own(ChainText(e.chain));
    events.Int(e.position > 0 ? int64_t{1} : 0).Text(e.body);
    hash(&events, e.position);
  }
  TRY(sql_.Queue(sql::kInsertEvents, events));
  Input counted(sql::kCountEvents);
  for (const auto& [number, position] : changes.counted) {
    counted.Int(position);
    hash(&counted, position);
    Key(counted, number.key).Int(number.sequence);
  }
  TRY(sql_.Queue(sql::kCountEvents, counted));
  Input filled(sql::kFillEvents);
  for (const EventRow& e : changes.filled) {
    filled.Text(e.kind).Text(e.body).Text(e.occurred_at).Int(e.position > 0 ? int64_t{1} : 0);
    if (e.position > 0) {
      filled.Int(e.position);
    } else {
      filled.Null();
    }
    hash(&filled, e.position);
    Key(filled, e.key).Int(e.sequence);
  }
  return sql_.Queue(sql::kFillEvents, filled);
}

Status Tables::WriteRest(const Changes& changes) {
  Input duplicates(sql::kDuplicates);
  for (const auto& [what, times] : changes.duplicates) {
    Key(duplicates, what.first.key).Int(what.first.sequence).Text(what.second).Int(times);
    duplicates.Text(changes.now);
  }
  TRY(sql_.Queue(sql::kDuplicates, duplicates));
  Input diverged(sql::kDiverged);
  for (const EventRow& e : changes.diverged) {
    Key(diverged, e.key).Int(e.sequence).Own(ChainText(e.chain)).Text(e.body).Text(changes.now);
    diverged.Text(e.id).Text(e.kind).Text(e.occurred_at).Text(e.recorded_at);
  }
  TRY(sql_.Queue(sql::kDiverged, diverged));
  Input losses(sql::kSaveLosses);
  for (const auto& [key, loss] : changes.losses) {
    Key(losses, key).Int(loss.range.first).Int(loss.range.last).Text(loss.reason);
    losses.Text(changes.now).Own(ChainText(loss.chain)).Int(loss.open ? int64_t{1} : 0);
  }
  TRY(sql_.Queue(sql::kSaveLosses, losses));
  Input refilled(sql::kLossFilled);
  for (const auto& [loss, count] : changes.loss_filled) {
    Key(refilled.Int(count), loss.key).Int(loss.sequence);
  }
  TRY(sql_.Queue(sql::kLossFilled, refilled));
  Input owed(sql::kSaveOwed);
  for (const auto& [number, row] : changes.owed) {
    Key(owed, number.key).Int(number.sequence).Text(row.kind).Int(row.bytes).Text(row.reason);
    owed.Text(row.data_hash).Text(changes.now);
  }
  TRY(sql_.Queue(sql::kSaveOwed, owed));
  TRY(sql_.Queue(sql::kOwedOver, Numbers(sql::kOwedOver, changes.owed_over)));
  TRY(WriteDoubtful(changes));
  TRY(WriteUnapplied(changes));
  Input clear(sql::kClearGaps), gaps(sql::kSaveGaps);
  for (const auto& [key, list] : changes.gaps) {
    Key(clear, key);
    for (const GapRow& gap : list) {
      Key(gaps, key).Int(gap.range.first).Int(gap.range.last).Text(gap.since).Text(gap.asked_at);
    }
  }
  TRY(sql_.Queue(sql::kClearGaps, clear));
  return sql_.Queue(sql::kSaveGaps, gaps);
}

Status Tables::WriteUnapplied(const Changes& changes) {
  Input kept(sql::kSaveUnapplied), over(sql::kUnappliedOver);
  for (const UnappliedRow& row : changes.unapplied) {
    Key(kept, row.number.key).Int(row.number.sequence).Own(ChainText(row.chain));
    kept.Text(row.id).Text(row.kind).Text(row.reason).Text(changes.now);
    kept.Int(static_cast<uint64_t>(row.raw.size())).Text(row.raw);
  }
  for (const UnappliedRow& row : changes.applied) {
    Key(over, row.number.key).Int(row.number.sequence).Own(ChainText(row.chain));
  }
  TRY(sql_.Queue(sql::kSaveUnapplied, kept));
  return sql_.Queue(sql::kUnappliedOver, over);
}

namespace {

// Of one list of a confirmation: it has to stay small enough for every broker and reader.
constexpr size_t kMostRanges = 500;

// Adds the numbers of `rows` (store, stream, number in their order) to the list of their stream.
// The last range takes in what lies between those for which there is no place of their own: a store
// that keeps a body too many loses nothing.
void AddRanges(const Rows& rows, std::vector<wire::Range> wire::StreamConfirm::*list,
               Tables::Confirmed* confirmed) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint64_t number = rows.Unsigned(i, 2);
    for (wire::StreamConfirm& s : (*confirmed)[rows.Text(i, 0)]) {
      std::vector<wire::Range>& ranges = s.*list;
      if (s.stream != rows.Text(i, 1) || number > s.through) continue;
      const bool full = ranges.size() >= kMostRanges;
      if (!ranges.empty() && (full || ranges.back().last + 1 >= number)) {
        ranges.back().last = number;
      } else {
        ranges.push_back({number, number});
      }
    }
  }
}

Status AddStored(const Rows& rows, Tables::Confirmed* confirmed) {
  for (size_t i = 0; i < rows.size(); ++i) {
    for (wire::StreamConfirm& s : (*confirmed)[rows.Text(i, 0)]) {
      if (s.stream != rows.Text(i, 1)) continue;
      s.stored_through = rows.Unsigned(i, 2);
      TRY(ReadChain(rows.Text(i, 3), &s.stored_chain));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<Tables::Confirmed> Tables::ReadConfirmed(const std::vector<std::string>& stores,
                                                size_t most) {
  Input streams(sql::kStreamsOfStores), owed(sql::kOwedOfStores), kept(sql::kUnappliedOfStores),
      stored(sql::kStoredOfStores);
  for (const std::string& store : stores) {
    streams.Text(store);
    owed.Text(store);
    kept.Text(store);
    stored.Text(store);
  }
  auto rows = sql_.RunAll({{&sql::kStreamsOfStores, &streams},
                           {&sql::kOwedOfStores, &owed},
                           {&sql::kUnappliedOfStores, &kept},
                           {&sql::kStoredOfStores, &stored}});
  if (!rows.ok()) return std::move(rows).status();
  Confirmed confirmed;
  for (size_t i = 0; i < rows->front().size(); ++i) {
    auto& list = confirmed[rows->front().Text(i, 0)];
    if (list.size() >= most) continue;
    wire::StreamConfirm& s = list.emplace_back();
    s.stream = rows->front().Text(i, 1);
    s.through = rows->front().Unsigned(i, 2);
    TRY(ReadChain(rows->front().Text(i, 3), &s.chain));
  }
  AddRanges((*rows)[1], &wire::StreamConfirm::owed, &confirmed);
  AddRanges((*rows)[2], &wire::StreamConfirm::unapplied, &confirmed);
  TRY(AddStored((*rows)[3], &confirmed));
  return confirmed;
}

Result<std::vector<StreamRow>> Tables::AllStreams() {
  auto rows = sql_.Run(sql::kAllStreams);
  if (!rows.ok()) return std::move(rows).status();
  return StreamsOf(*rows);
}

Result<uint64_t> Tables::StreamCount(const std::string& store) {
  Input input(sql::kStreamCount);
  auto rows = sql_.Run(sql::kStreamCount, input.Text(store));
  if (!rows.ok()) return std::move(rows).status();
  return rows->Unsigned(0, 0);
}

Result<std::vector<StreamRow>> Tables::OpenStreams() {
  auto rows = sql_.Run(sql::kOpenStreams);
  if (!rows.ok()) return std::move(rows).status();
  return StreamsOf(*rows);
}

Result<std::vector<std::pair<StreamKey, GapRow>>> Tables::Gaps() {
  auto rows = sql_.Run(sql::kGaps);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<std::pair<StreamKey, GapRow>> gaps;
  for (size_t i = 0; i < rows->size(); ++i) {
    auto& [key, gap] = gaps.emplace_back();
    key = {rows->Text(i, 0), rows->Text(i, 1)};
    gap = {{rows->Unsigned(i, 2), rows->Unsigned(i, 3)}, rows->Text(i, 4), rows->Text(i, 5)};
  }
  return gaps;
}

Result<std::vector<EventRow>> Tables::Counted(uint64_t after, uint64_t most) {
  Input input(sql::kCounted);
  auto rows = sql_.Run(sql::kCounted, input.Int(after).Int(after + most));
  if (!rows.ok()) return std::move(rows).status();
  return EventsOf(*rows);
}

}  // namespace tillrelay::collector
