#include "agent/journal/query/search.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/event/identity.h"

namespace tillrelay::journal {
namespace {

constexpr const char* kColumns = "position,id,kind,subject,time,recorded_at";

Result<std::vector<AuditRow>> AuditRows(sqlite::Statement* select) {
  std::vector<AuditRow> rows;
  for (;;) {
    auto found = select->Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return rows;
    AuditRow& row = rows.emplace_back();
    row.number = select->Unsigned(0);
    row.at = WallTime(std::chrono::microseconds(select->Int(1)));
    row.actor = select->Text(2);
    row.action = select->Text(3);
    row.subject = select->Text(4);
    row.reason = select->Text(5);
    row.outcome = select->Text(6);
  }
}

}  // namespace

// subject is "register/03/2026-11-21/004711" or "transfer/TR-1".
bool Search::SubjectFits(std::string_view subject, const EventQuery& query) {
  const auto part = [&subject](int index) {
    std::string_view rest = subject;
    for (; index > 0; --index) {
      const size_t slash = rest.find('/');
      if (slash == std::string_view::npos) return std::string_view();
      rest.remove_prefix(slash + 1);
    }
    return index == 0 ? rest : std::string_view();
  };
  const auto first = [](std::string_view text) { return text.substr(0, text.find('/')); };
  const bool of_register = subject.starts_with("register/");
  if (!query.register_id.empty() &&
      (!of_register || event::WithoutLeadingZeros(first(part(1))) !=
                           event::WithoutLeadingZeros(query.register_id))) {
    return false;
  }
  if (!query.business_day.empty() && subject.find(query.business_day) == std::string_view::npos) {
    return false;
  }
  if (query.number.empty()) return true;
  const std::string_view number = of_register ? part(3) : part(1);
  return event::WithoutLeadingZeros(number) == event::WithoutLeadingZeros(query.number);
}

Result<std::unique_ptr<Search>> Search::Open(const std::string& path) {
  std::unique_ptr<Search> search(new Search());
  sqlite::OpenOptions options;
  options.read_only = true;
  options.cache_kib = 4096;
  auto db = sqlite::Database::Open(path, options);
  if (!db.ok()) return std::move(db).status();
  search->db_ = *std::move(db);
  const std::string columns = kColumns;
  const std::string up =
      "SELECT " + columns + ",'' FROM event WHERE position>?1 ORDER BY position LIMIT ?2";
  const std::string down = "SELECT " + columns +
                           ",CASE WHEN ?3 THEN data ELSE '' END FROM event WHERE position<?1 AND "
                           "position>=?4 ORDER BY position DESC LIMIT ?2";
  const std::string one = "SELECT " + columns + ",data FROM event WHERE position=?1";
  TRY(search->db_.PrepareAll(
      {{&search->ascending_, up.c_str()},
       {&search->descending_, down.c_str()},
       {&search->one_, one.c_str()},
       {&search->receipt_, "SELECT position FROM known WHERE key>=?1 AND key<?2 LIMIT 1000"},
       {&search->next_key_, "SELECT key FROM known WHERE key>=?1 ORDER BY key LIMIT 1"}}));
  return search;
}

Status Search::LoadStreams() {
  streams_.clear();
  auto select = db_.Prepare("SELECT stream,base,head,current,first FROM stream ORDER BY number");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    StreamRow& stream = streams_.emplace_back();
    stream.stream = select->Text(0);
    stream.base = select->Unsigned(1);
    stream.head = select->Unsigned(2);
    stream.current = select->Int(3) != 0;
    stream.first = select->Unsigned(4);
  }
}

Status Search::Fill(const sqlite::Statement& row, bool with_data, FoundEvent* found) const {
  found->row.position = row.Unsigned(0);
  const std::string_view id = row.Blob(1);
  if (id.size() != found->row.id.size()) return Corrupt("an id is damaged");
  std::copy_n(id.begin(), id.size(), found->row.id.begin());
  found->row.kind = row.Text(2);
  found->row.subject = row.Text(3);
  found->row.time = row.Text(4);
  found->row.recorded_at = WallTime(std::chrono::microseconds(row.Int(5)));
  if (with_data) found->row.data = row.Text(6);
  if (const StreamRow* stream = StreamAt(streams_, found->row.position)) {
    found->stream = stream->stream;
    found->sequence = found->row.position - stream->base;
    found->current = stream->current;
  }
  return Status::Ok();
}

Result<EventAnswer> Search::Events(const EventQuery& query) {
  TRY(LoadStreams());
  if (query.after) return Ascending(query);
  if (!query.number.empty()) return ByNumber(query);
  if (!query.id.empty()) return ById(query);
  return Backwards(query);
}

Result<EventAnswer> Search::Ascending(const EventQuery& query) {
  EventAnswer answer;
  ascending_.Bind(1, *query.after)
      .Bind(2, static_cast<uint64_t>(std::min(query.limit, kMaxAnswer)));
  for (;;) {
    auto row = ascending_.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return answer;
    if (Status s = Fill(ascending_, false, &answer.events.emplace_back()); !s.ok()) {
      ascending_.Reset();
      return s;
    }
  }
}

// The parts that follow `start` in any key, by one look-up each.
Result<std::vector<std::string>> Search::PartsBehind(const std::string& start) {
  std::vector<std::string> parts;
  std::string from = start;
  while (parts.size() < kMaxParts) {
    auto row = next_key_.BindText(1, from).Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    const std::string key(next_key_.Text(0));
    next_key_.Reset();
    if (!key.starts_with(start)) break;
    parts.emplace_back(event::SecondPart(key));
    from = start + parts.back();
    from.push_back(static_cast<char>(start.back() + 1));  // behind every key of that part
  }
  return parts;
}

// Where keys of that number can begin: under the one register, or under every one and every kind.
Result<std::vector<std::string>> Search::KeysOfNumber(const EventQuery& query) {
  std::vector<std::string> keys;
  if (!query.register_id.empty()) {
    keys.push_back(event::ReceiptKeyPrefix(query.register_id, query.number));
    return keys;
  }
  for (const bool receipts : {true, false}) {
    auto parts = PartsBehind(event::KeyStart(receipts));
    if (!parts.ok()) return std::move(parts).status();
    for (const std::string& part : *parts) {
      keys.push_back(receipts ? event::ReceiptKeyPrefix(part, query.number)
                              : event::DocumentKeyPrefix(part, query.number));
    }
  }
  return keys;
}

Status Search::AddPositions(const std::string& from, const std::string& before,
                            std::vector<uint64_t>* positions) {
  receipt_.BindText(1, from).BindText(2, before);
  for (;;) {
    auto row = receipt_.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    positions->push_back(receipt_.Unsigned(0));
  }
}

// The index of known numbers finds a receipt however many events there are.
Result<EventAnswer> Search::ByNumber(const EventQuery& query) {
  auto keys = KeysOfNumber(query);
  if (!keys.ok()) return std::move(keys).status();
  std::vector<uint64_t> positions;
  for (const std::string& from : *keys) {
    std::string before = from;
    ++before.back();
    TRY(AddPositions(from, before, &positions));
  }
  return ReadKept(std::move(positions), query);
}

Result<EventAnswer> Search::UnderKey(const std::string& key) {
  TRY(LoadStreams());
  std::vector<uint64_t> positions;
  TRY(AddPositions(key, key + '\x01', &positions));  // no key has a smaller character
  return ReadKept(std::move(positions), {});
}

// Of those positions the rows that are still there and fit, the newest first.
Result<EventAnswer> Search::ReadKept(std::vector<uint64_t> positions, const EventQuery& query) {
  std::sort(positions.rbegin(), positions.rend());
  EventAnswer answer;
  for (const uint64_t position : positions) {
    if (query.before && position >= *query.before) continue;
    auto found = Event(position);
    if (!found.ok() && found.status().code() == Code::kNotFound) continue;  // deleted, id kept
    if (!found.ok()) return std::move(found).status();
    const bool fits = SubjectFits(found->row.subject, query) &&
                      (query.kind.empty() || found->row.kind == query.kind) &&
                      (query.text.empty() || found->row.data.find(query.text) != std::string::npos);
    found->row.data.clear();
    if (!fits) continue;
    if (answer.events.size() == query.limit) {
      answer.go_on_before = position + 1;
      break;
    }
    answer.events.push_back(*std::move(found));
  }
  return answer;
}

Result<EventAnswer> Search::ById(const EventQuery& query) {
  auto position = PositionOfId(query.id);
  if (!position.ok() && position.status().code() == Code::kNotFound) return EventAnswer();
  if (!position.ok()) return std::move(position).status();
  return ReadKept({*position}, query);
}

Result<uint64_t> Search::PositionOfId(const std::string& text) {
  Uuid id{};
  if (!ParseUuid(text, &id)) return Invalid("an id is written as 8-4-4-4-12 digits");
  TRY(LoadStreams());
  auto position = FindId(&db_, id);
  if (!position.ok()) return std::move(position).status();
  if (!*position) return NotFound("no event of this id is known");
  return **position;
}

Result<FoundEvent> Search::Event(uint64_t position) {
  if (streams_.empty()) TRY(LoadStreams());
  auto row = one_.Bind(1, position).Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return NotFound(fmt::format("position {} is not kept", position));
  FoundEvent found;
  Status filled = Fill(one_, true, &found);
  one_.Reset();
  if (!filled.ok()) return filled;
  return found;
}

Result<uint64_t> Search::PositionOf(const std::string& stream, uint64_t sequence) {
  TRY(LoadStreams());
  for (const StreamRow& row : streams_) {
    const bool meant = stream.empty() ? row.current : row.stream == stream;
    if (meant && sequence >= 1 && sequence <= row.head) return row.base + sequence;
  }
  return NotFound(fmt::format("number {} is not in this journal", sequence));
}

Result<std::vector<QuarantineRow>> Search::Quarantined(uint64_t before, size_t limit,
                                                       bool documents) {
  auto select = db_.Prepare(
      "SELECT ticket,seen,reason,field,hint,channel,origin,CASE WHEN ?3 THEN document ELSE '' END,"
      "created_at,format FROM quarantine WHERE ticket<?1 ORDER BY ticket DESC LIMIT ?2");
  if (!select.ok()) return std::move(select).status();
  select->Bind(1, before == 0 ? INT64_MAX : static_cast<int64_t>(before))
      .Bind(2, static_cast<uint64_t>(limit))
      .Bind(3, documents ? 1 : 0);
  std::vector<QuarantineRow> rows;
  for (;;) {
    auto found = select->Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return rows;
    QuarantineRow& row = rows.emplace_back();
    row.ticket = select->Unsigned(0);
    row.seen = select->Unsigned(1);
    row.reason = select->Text(2);
    row.field = select->Text(3);
    row.hint = select->Text(4);
    row.channel = select->Text(5);
    row.origin = select->Text(6);
    row.document = select->Text(7);
    row.created_at = WallTime(std::chrono::microseconds(select->Int(8)));
    row.format = select->Text(9);
  }
}

Result<QuarantineRow> Search::Ticket(uint64_t ticket) {
  auto rows = Quarantined(ticket + 1, 1, true);
  if (!rows.ok()) return std::move(rows).status();
  if (rows->empty() || rows->front().ticket != ticket) {
    return NotFound(fmt::format("there is no ticket {}", ticket));
  }
  return std::move(rows->front());
}

Result<std::vector<std::pair<std::string, std::string>>> Search::Pages(const std::string& from,
                                                                       const std::string& before,
                                                                       size_t limit) {
  auto select =
      db_.Prepare("SELECT key,page FROM book WHERE key>=?1 AND key<?2 ORDER BY key DESC LIMIT ?3");
  if (!select.ok()) return std::move(select).status();
  select->BindText(1, from).BindText(2, before).Bind(3, static_cast<uint64_t>(limit));
  std::vector<std::pair<std::string, std::string>> pages;
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return pages;
    pages.emplace_back(select->Text(0), select->Text(1));
  }
}

Result<std::vector<AuditRow>> Search::Audit(uint64_t before, size_t limit) {
  auto select = db_.Prepare(
      "SELECT number,at,actor,action,subject,reason,outcome FROM audit WHERE number<?1 "
      "ORDER BY number DESC LIMIT ?2");
  if (!select.ok()) return std::move(select).status();
  select->Bind(1, before == 0 ? INT64_MAX : static_cast<int64_t>(before))
      .Bind(2, static_cast<uint64_t>(limit));
  return AuditRows(&*select);
}

Result<std::vector<AuditRow>> Search::AuditNaming(const std::string& text, size_t limit) {
  auto select = db_.Prepare(
      "SELECT number,at,actor,action,subject,reason,outcome FROM audit WHERE instr(outcome,?1)>0 "
      "ORDER BY number DESC LIMIT ?2");
  if (!select.ok()) return std::move(select).status();
  select->BindText(1, text).Bind(2, static_cast<uint64_t>(limit));
  return AuditRows(&*select);
}

}  // namespace tillrelay::journal
