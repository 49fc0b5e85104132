#include "collector/ledger/reconciliation.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>

#include "common/base/decimal.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

// Where a document of a business day may lie by its own time: shops close after midnight, clocks
// and zones differ, transfers are written later.
constexpr std::chrono::hours kBefore{2 * 24}, kAfter{4 * 24};
constexpr size_t kMaxMissing = 1000;  // numbers listed of a register

const Statement kDay(
    "SELECT e.kind, e.counted, e.body FROM {rows} JOIN event e"
    " ON e.store_id = r.a AND e.occurred_at >= r.b AND e.occurred_at < r.c"
    " AND e.position IS NOT NULL ORDER BY e.position",
    "a b c");
// What was received and has not counted: it waits behind a hole.
const Statement kHeld(
    "SELECT e.kind, e.counted, e.body FROM {rows} JOIN stream s ON s.store_id = r.a"
    " JOIN event e ON e.store_id = s.store_id AND e.stream = s.stream"
    " AND e.sequence > s.confirmed_through",
    "a");
const Statement kStoreStreams(
    "SELECT s.stream, s.highest_seen, s.confirmed_through FROM {rows}"
    " JOIN stream s ON s.store_id = r.a ORDER BY s.opened_at, s.stream",
    "a");
const Statement kStoreGaps(
    "SELECT g.stream, g.first, g.last, g.since FROM {rows} JOIN gap g ON g.store_id = r.a"
    " ORDER BY g.stream, g.first",
    "a");

// Times are compared as they are written, by the store's own clock face.
std::string DayText(WallTime time) { return event::UtcText(time).substr(0, 10); }

struct Till {
  uint64_t received = 0, applied = 0;
  int64_t net_micros = 0;
  std::set<uint64_t> numbers;
  // By its own day close:
  bool closed = false;
  std::string z_no, told_net;
  uint64_t reported = 0, first_no = 0, last_no = 0;
};

struct Day {
  std::map<std::string, Till> tills;
  std::map<std::string, uint64_t> kinds;  // applied
  uint64_t received = 0, applied = 0;
};

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t value = 0;
  if (text.empty() || text.size() > 18 || !AllDigits(text)) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view DayOf(JsonValue data) {
  for (const char* part : {"transaction", "close", "transfer", "count", "adjustment"}) {
    const std::string_view day = data.Find(part).String("business_day");
    if (!day.empty()) return day;
  }
  return {};
}

void AddTransaction(JsonValue data, bool applied, Till* till) {
  ++till->received;
  if (applied) ++till->applied;
  if (const auto number = Number(data.Find("transaction").String("transaction_no"))) {
    till->numbers.insert(*number);
  }
  const auto net = Decimal::Parse(data.Find("totals").String("net_amount"));
  if (net.ok()) till->net_micros += net->micros();
}

void AddClose(JsonValue data, Till* till) {
  const JsonValue reported = data.Find("pos_control");
  till->closed = true;
  till->z_no = data.Find("close").String("z_no");
  reported.Unsigned("transaction_count", &till->reported);
  till->told_net = reported.String("net_amount");
  till->first_no = Number(reported.String("first_transaction_no")).value_or(0);
  till->last_no = Number(reported.String("last_transaction_no")).value_or(0);
}

void Add(const Rows& rows, const std::string& wanted, Day* day) {
  JsonParser parser;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string body = rows.Text(i, 2);
    auto data = parser.Parse(body);
    if (!data.ok() || DayOf(*data) != wanted) continue;
    const bool applied = rows.Int(i, 1) == 1;
    ++day->received;
    if (applied) ++day->applied;
    if (applied) ++day->kinds[rows.Text(i, 0)];
    const std::string till(
        event::WithoutLeadingZeros(data->Find("transaction").String("register_id")));
    if (!till.empty()) AddTransaction(*data, applied, &day->tills[till]);
    const std::string closed(event::WithoutLeadingZeros(data->Find("close").String("register_id")));
    if (!closed.empty()) AddClose(*data, &day->tills[closed]);
  }
}

void TillJson(const std::string& name, const Till& till, JsonWriter* json) {
  json->BeginObject().Field("register", name).Field("received", till.received);
  json->Field("applied", till.applied);
  json->Field("net_amount", Decimal::FromMicros(till.net_micros, 2).Text());
  json->Key("told");
  if (!till.closed) {
    json->Null();
  } else {
    json->BeginObject().Field("z_no", till.z_no).Field("transactions", till.reported);
    json->Field("net_amount", till.told_net).EndObject();
  }
  uint64_t missing = 0;
  json->Key("missing_numbers").BeginArray();
  for (uint64_t n = till.first_no; till.closed && n > 0 && n <= till.last_no; ++n) {
    if (till.numbers.contains(n)) continue;
    if (++missing <= kMaxMissing) json->Unsigned(n);
    if (missing > kMaxMissing) break;
  }
  json->EndArray();
  const bool balanced = till.closed && missing == 0 && till.reported == till.applied;
  json->Field("balanced", balanced).EndObject();
}

void StreamsJson(const Rows& streams, const Rows& gaps, JsonWriter* json) {
  json->Key("streams").BeginArray();
  for (size_t i = 0; i < streams.size(); ++i) {
    json->BeginObject().Field("stream", streams.Text(i, 0)).Field("told", streams.Unsigned(i, 1));
    json->Field("applied", streams.Unsigned(i, 2)).Key("missing").BeginArray();
    for (size_t g = 0; g < gaps.size(); ++g) {
      if (gaps.Text(g, 0) != streams.Text(i, 0)) continue;
      json->BeginObject().Field("first", gaps.Unsigned(g, 1)).Field("last", gaps.Unsigned(g, 2));
      json->Field("since", gaps.Text(g, 3)).EndObject();
    }
    json->EndArray().EndObject();
  }
  json->EndArray();
}

}  // namespace

Result<std::string> ReconciliationJson(Sql* sql, const std::string& store,
                                       const std::string& day_text) {
  if (!IsName(store)) return Invalid("store is no store id");
  if (!event::IsDay(day_text)) return Invalid("business_day is not YYYY-MM-DD");
  const WallTime start = event::ParseUtc(day_text + "T00:00:00Z").value();
  Input window(kDay), held(kHeld), streams(kStoreStreams), gaps(kStoreGaps);
  window.Text(store).Own(DayText(start - kBefore)).Own(DayText(start + kAfter));
  held.Text(store);
  streams.Text(store);
  gaps.Text(store);
  auto rows = sql->RunAll(
      {{&kDay, &window}, {&kHeld, &held}, {&kStoreStreams, &streams}, {&kStoreGaps, &gaps}});
  if (!rows.ok()) return std::move(rows).status();
  Day day;
  Add((*rows)[0], day_text, &day);
  Add((*rows)[1], day_text, &day);
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("store", store).Field("business_day", day_text);
  json.Field("received", day.received).Field("applied", day.applied);
  json.Key("kinds").BeginArray();
  for (const auto& [kind, count] : day.kinds) {
    json.BeginObject().Field("kind", kind).Field("applied", count).EndObject();
  }
  json.EndArray().Key("registers").BeginArray();
  for (const auto& [name, till] : day.tills) TillJson(name, till, &json);
  json.EndArray();
  StreamsJson((*rows)[2], (*rows)[3], &json);
  json.EndObject();
  return out;
}

}  // namespace tillrelay::collector
