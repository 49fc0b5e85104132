#include "collector/ledger/changes.h"

#include <algorithm>
#include <map>

#include "collector/db/lineage.h"
#include "collector/db/statements.h"
#include "collector/db/statements_ledger.h"
#include "collector/db/tables.h"
#include "common/base/decimal.h"
#include "common/base/json_writer.h"
#include "common/event/kind.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kSlice = 50;            // events read at a time, so that large ones stay bounded
constexpr uint64_t kFilteredSlice = 2000;  // positions, where most are left out

const Statement kOfStoreOrItem(
    "WITH q AS (SELECT r.a, r.b, r.s, r.i FROM {rows})"
    " SELECT e.store_id, e.stream, e.sequence, e.id, e.kind, e.occurred_at, e.recorded_at,"
    " e.stored_at, e.chain, e.position, e.body FROM event e"
    " WHERE e.position > (SELECT a FROM q) AND e.position <= (SELECT b FROM q)"
    " AND e.position IS NOT NULL"
    " AND (((SELECT i FROM q) = '' AND e.store_id = (SELECT s FROM q)) OR EXISTS"
    " (SELECT 1 FROM movement m WHERE m.position = e.position"
    " AND (SELECT s FROM q) IN ('', m.store_id) AND (SELECT i FROM q) IN ('', m.item)))"
    " ORDER BY e.position",
    "a# b# s i");

std::string Text(int64_t micros) { return Decimal::FromMicros(micros).Shortest(); }

void CellJson(const MovementRow& m, JsonWriter* json) {
  json->BeginObject()
      .Field("store", m.cell.store)
      .Field("item", m.cell.item)
      .Field("uom", m.cell.uom)
      .Field("bucket", event::kBucketWords[m.bucket])
      .Field("change", Text(m.change))
      .Field("quantity", Text(m.quantity))
      .Field("applied", kAppliedWords[static_cast<size_t>(m.applied)]);
  if (m.delta != 0) json->Field("delta", Text(m.delta));
  if (!m.ref.empty()) json->Field("ref", m.ref);
  json->EndObject();
}

class ChangesReader {
 public:
  ChangesReader(Sql* sql, const ChangesQuestion& question)
      : sql_(*sql), tables_(sql), question_(question), json_(&answer_.entries) {}

  Status ReadHead();
  // Then nothing else need be read.
  bool AtHead() const;
  Result<ChangesAnswer> Read();

 private:
  Status Place();
  Result<Cursor> Next();
  Status ReadSlice(uint64_t through);
  bool Full() const {
    return answer_.count >= question_.limit || answer_.entries.size() >= question_.bytes;
  }
  bool IsWanted(const EventRow& e, const std::vector<MovementRow>& moved) const;
  void ChangeJson(const EventRow& e, const std::vector<MovementRow>& moved);

  Sql& sql_;
  Tables tables_;
  const ChangesQuestion& question_;
  Tables::Head head_;
  ChangesAnswer answer_;
  JsonWriter json_;
  uint64_t next_ = 0;
};

// Where the question stands in this history, if it does.
Status ChangesReader::Place() {
  if (question_.cursor) {
    TRY(CheckCursor(&sql_, head_, *question_.cursor));
    next_ = question_.cursor->at.position;
  }
  if (next_ >= KeptAfter(head_)) return Status::Ok();
  return NotFound("changes up to position " + std::to_string(KeptAfter(head_)) +
                  " are no longer kept");
}

Result<Cursor> ChangesReader::Next() {
  auto hash = HashAt(&sql_, head_, next_);
  if (!hash.ok()) return std::move(hash).status();
  Cursor next{{next_, *std::move(hash)}, std::nullopt};
  const bool seen_more =
      question_.cursor && question_.cursor->seen && question_.cursor->seen->position > next_;
  if (seen_more) next.seen = question_.cursor->seen;
  return next;
}

void ChangesReader::ChangeJson(const EventRow& e, const std::vector<MovementRow>& moved) {
  const size_t before = answer_.entries.size();
  json_.BeginObject()
      .Field("position", e.position)
      .Field("store", e.key.store)
      .Field("stream", e.key.stream)
      .Field("sequence", e.sequence)
      .Field("id", e.id)
      .Field("kind", e.kind)
      .Field("occurred_at", e.occurred_at)
      .Field("recorded_at", e.recorded_at)
      .Field("stored_at", e.stored_at);
  json_.Key("cells").BeginArray();
  for (const MovementRow& m : moved) {
    const bool asked = (question_.item.empty() || question_.item == m.cell.item) &&
                       (question_.store.empty() || question_.store == m.cell.store);
    if (asked) CellJson(m, &json_);
  }
  json_.EndArray();
  if (question_.with_data) json_.Key("data").Raw(e.body);
  json_.EndObject();
  const size_t begin = answer_.entries.find('{', before);  // behind a comma, perhaps
  answer_.each.push_back({begin, answer_.entries.size() - begin, e.key.store, e.kind});
  ++answer_.count;
  answer_.last = e.position;
}

bool ChangesReader::IsWanted(const EventRow& e, const std::vector<MovementRow>& moved) const {
  const std::set<std::string>& stores = question_.stores;
  const std::set<std::string>& kinds = question_.kinds;
  if (!kinds.empty() && !kinds.contains(e.kind)) return false;
  if (stores.empty() || stores.contains(e.key.store)) return true;
  return std::any_of(moved.begin(), moved.end(),
                     [&](const MovementRow& m) { return stores.contains(m.cell.store); });
}

Status ChangesReader::ReadSlice(uint64_t through) {
  Result<std::vector<EventRow>> events = std::vector<EventRow>();
  const bool filtered = !question_.store.empty() || !question_.item.empty();
  if (filtered) {
    Input input(kOfStoreOrItem);
    auto rows = sql_.Run(kOfStoreOrItem,
                         input.Int(next_).Int(through).Text(question_.store).Text(question_.item));
    if (!rows.ok()) return std::move(rows).status();
    events = EventsOf(*rows);
  } else {
    events = tables_.Counted(next_, through - next_);
  }
  if (!events.ok()) return std::move(events).status();
  if (!filtered && events->size() != through - next_) return Corrupt("positions are missing");
  if (events->empty()) {
    next_ = through;
    return Status::Ok();
  }
  auto moved = tables_.Movements(events->front().position - 1, events->back().position);
  if (!moved.ok()) return std::move(moved).status();
  std::map<uint64_t, std::vector<MovementRow>> by_position;
  for (MovementRow& m : *moved) by_position[m.position].push_back(std::move(m));
  for (const EventRow& e : *events) {
    if (Full()) return Status::Ok();
    const auto& moved_by = by_position[e.position];
    if (IsWanted(e, moved_by)) ChangeJson(e, moved_by);
    next_ = e.position;
  }
  if (!Full()) next_ = through;
  return Status::Ok();
}

Status ChangesReader::ReadHead() {
  auto head = sql_.Run(sql::kHead);
  if (!head.ok()) return std::move(head).status();
  head_ = Tables::HeadOf(*head);
  return Status::Ok();
}

bool ChangesReader::AtHead() const {
  return question_.cursor && !question_.cursor->seen &&
         question_.cursor->at.position == head_.position && question_.cursor->at.hash == head_.hash;
}

Result<ChangesAnswer> ChangesReader::Read() {
  TRY(Place());
  const uint64_t begun = next_;
  const bool filtered = !question_.store.empty() || !question_.item.empty();
  const uint64_t slice = filtered ? kFilteredSlice : kSlice;
  const uint64_t last = question_.through > 0 ? question_.through : head_.position;
  const uint64_t end = std::min({head_.position, last, begun + kChangesScanned});
  json_.BeginArray();
  while (next_ < end && !Full()) {
    const uint64_t left = filtered ? slice : std::min(slice, question_.limit - answer_.count);
    TRY(ReadSlice(std::min(end, next_ + left)));
  }
  json_.EndArray();
  auto next = Next();
  if (!next.ok()) return std::move(next).status();
  answer_.next = *std::move(next);
  answer_.position = head_.position;
  return std::move(answer_);
}

}  // namespace

Result<ChangesAnswer> ReadChanges(Sql* sql, const ChangesQuestion& question) {
  ChangesReader reader(sql, question);
  TRY(reader.ReadHead());
  if (reader.AtHead()) return reader.Read();  // whoever waits asks four times a second
  TRY(sql->Snapshot());
  const Status head = reader.ReadHead();
  auto answer = head.ok() ? reader.Read() : Result<ChangesAnswer>(head);
  sql->Rollback();
  return answer;
}

std::string ChangesJson(const ChangesAnswer& answer) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("changes").Raw(answer.entries).Field("next", CursorText(answer.next));
  json.Field("last", answer.position).Field("more", answer.more()).EndObject();
  return out;
}

}  // namespace tillrelay::collector
