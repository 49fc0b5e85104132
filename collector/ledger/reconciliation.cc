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
  std::map<std::string, Decimal> net;  // by currency
  std::set<uint64_t> numbers;
  // By its own day closes, of which a day of shifts has several: counts and amounts of all.
  std::vector<std::string> z_numbers;
  std::optional<Decimal> told_net;
  std::optional<uint64_t> reported;
  uint64_t first_no = 0, last_no = 0;
  // What the store's agent found at the last close (docs/books.md).
  std::string agent_result;
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
  // What was cancelled or suspended took nothing in.
  const std::string_view status = data.Find("transaction").String("status");
  const auto net = Decimal::Parse(data.Find("totals").String("net_amount"));
  if (!net.ok() || (!status.empty() && status != "completed")) return;
  Decimal& sum = till->net[std::string(data.String("currency"))];
  if (const auto total = sum.Plus(*net); total.ok()) sum = *total;
}

void AddClose(JsonValue data, Till* till) {
  const JsonValue reported = data.Find("pos_control");
  till->z_numbers.emplace_back(data.Find("close").String("z_no"));
  uint64_t count = 0;
  if (reported.Unsigned("transaction_count", &count))
    till->reported = till->reported.value_or(0) + count;
  if (const auto net = Decimal::Parse(reported.String("net_amount")); net.ok()) {
    const auto total = till->told_net.value_or(Decimal()).Plus(*net);
    if (total.ok()) till->told_net = *total;
  }
  const auto first = Number(reported.String("first_transaction_no"));
  const auto last = Number(reported.String("last_transaction_no"));
  if (first) till->first_no = till->first_no == 0 ? *first : std::min(till->first_no, *first);
  if (last) till->last_no = std::max(till->last_no, *last);
  till->agent_result = data.String("result");
}

// balanced | gaps | mismatch | currencies | no_totals | unproven; "" while the day is open. Where
// nothing speaks against it here, what the agent found stands: it saw the order in which numbers
// came, and so a counter that started again.
std::string ResultOf(const Till& till, uint64_t missing) {
  if (till.z_numbers.empty()) return "";
  if (missing > 0) return "gaps";
  if (till.reported && *till.reported != till.applied) return "mismatch";
  if (till.told_net && till.net.size() > 1) return "currencies";
  const Decimal net = till.net.empty() ? Decimal() : till.net.begin()->second;
  if (till.told_net && *till.told_net != net) return "mismatch";
  const bool reported = till.reported || till.told_net;
  if (!reported || till.agent_result.empty()) return "unproven";
  return till.agent_result;
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
  json->Key("net_amounts").BeginArray();
  for (const auto& [currency, net] : till.net) {
    json->BeginObject().Field("currency", currency).Field("amount", net.Text()).EndObject();
  }
  json->EndArray().Key("told");
  if (till.z_numbers.empty()) {
    json->Null();
  } else {
    json->BeginObject().Key("z_numbers").BeginArray();
    for (const std::string& z_no : till.z_numbers) json->String(z_no);
    json->EndArray();
    if (till.reported) json->Field("transactions", *till.reported);
    if (till.told_net) json->Field("net_amount", till.told_net->Text());
    json->EndObject();
  }
  uint64_t missing = 0;
  json->Key("missing_numbers").BeginArray();
  for (uint64_t n = till.first_no; n > 0 && n <= till.last_no; ++n) {
    if (till.numbers.contains(n)) continue;
    if (++missing <= kMaxMissing) json->Unsigned(n);
    if (missing > kMaxMissing) break;
  }
  json->EndArray();
  const std::string result = ResultOf(till, missing);
  json->Field("result", result).Field("agent_result", till.agent_result);
  json->Field("balanced", result == "balanced").EndObject();
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
