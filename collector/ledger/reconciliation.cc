#include "collector/ledger/reconciliation.h"

#include <algorithm>
#include <map>

#include "collector/ledger/receipt.h"
#include "common/base/decimal.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"
#include "common/reconcile/stored_day.h"

namespace tillrelay::collector {
namespace {

// Where a document of a business day may lie by its own time: shops close after midnight, clocks
// and zones differ, transfers are written later.
constexpr std::chrono::hours kBefore{2 * 24}, kAfter{4 * 24};
constexpr size_t kMaxMissing = 1000;  // numbers listed of a register
constexpr size_t kMaxDocuments = 50'000;
constexpr size_t kMaxBlocks = 1000;  // bytes
constexpr size_t kMaxName = 60;      // of a text from a store

// In the order in which the store stored them, so that a counter that starts again is seen as the
// store saw it.
#define TILLRELAY_ORDER \
  " ORDER BY CASE WHEN s.stream IS NULL THEN 1 ELSE 0 END, s.opened_at, e.stream, e.sequence"
const Statement kDay(
    "SELECT e.kind, e.counted, e.body, e.occurred_at, e.sequence FROM {rows} JOIN event e"
    " ON e.store_id = r.a AND e.occurred_at >= r.b AND e.occurred_at < r.c"
    " AND e.position IS NOT NULL LEFT JOIN stream s ON s.store_id = e.store_id"
    " AND s.stream = e.stream" TILLRELAY_ORDER,
    "a b c");
// The same by the tables that name the documents of a day.
const Statement kDocuments(
    "WITH q AS (SELECT r.a, r.b FROM {rows}), d AS ("
    "SELECT p.position FROM q JOIN receipt p ON p.store_id = q.a AND p.business_day = q.b UNION"
    " SELECT c.position FROM q JOIN day_close c ON c.store_id = q.a AND c.business_day = q.b)"
    " SELECT e.kind, e.counted, e.body, e.occurred_at, e.sequence FROM d"
    " JOIN event e ON e.position = d.position AND e.position IS NOT NULL"
    " LEFT JOIN stream s ON s.store_id = e.store_id AND s.stream = e.stream" TILLRELAY_ORDER
    " LIMIT 50001",
    "a b");
#undef TILLRELAY_ORDER
// What was received and has not counted: it waits behind a hole.
const Statement kHeld(
    "SELECT e.kind, e.counted, e.body, e.occurred_at, e.sequence FROM {rows}"
    " JOIN stream s ON s.store_id = r.a JOIN event e ON e.store_id = s.store_id"
    " AND e.stream = s.stream AND e.sequence > s.confirmed_through"
    " ORDER BY s.opened_at, s.stream, e.sequence",
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

// What a register took in, by currency.
struct Money {
  Decimal net;
  std::map<std::string, Decimal> tenders;                    // by type
  std::map<std::string, std::pair<Decimal, Decimal>> taxes;  // by rate: base, amount
};

struct Till {
  uint64_t received = 0, applied = 0;
  std::map<std::string, Money> money;
};

struct Day {
  explicit Day(const std::string& day) : judged(day) {}
  reconcile::StoredDay judged;
  std::map<std::string, Till> tills;
  std::map<std::string, uint64_t> kinds;  // applied
  uint64_t received = 0, applied = 0;
  uint64_t without_receipt = 0;  // closes, transfers, counts
};

std::string_view DayOf(JsonValue data) {
  for (const char* part : {"transaction", "close", "transfer", "count", "adjustment"}) {
    const std::string_view day = data.Find(part).String("business_day");
    if (!day.empty()) return day;
  }
  return {};
}

// A sum that would be too large stays as it is.
void AddTo(Decimal* sum, const Amount& amount) {
  if (!amount) return;
  if (const auto total = sum->Plus(Decimal::FromMicros(*amount)); total.ok()) *sum = *total;
}

// What was cancelled or suspended took nothing in.
void AddMoney(const Receipt& receipt, Till* till) {
  if (!receipt.status.empty() && receipt.status != "completed") return;
  Money& money = till->money[receipt.currency];
  AddTo(&money.net, receipt.net);
  for (const auto& tender : receipt.tenders) AddTo(&money.tenders[tender.type], tender.amount);
  for (const auto& tax : receipt.taxes) {
    auto& [base, amount] =
        money.taxes[tax.rate ? Decimal::FromMicros(*tax.rate).Shortest() : std::string()];
    AddTo(&base, tax.base);
    AddTo(&amount, tax.amount);
  }
}

// `each` is given the documents of the day.
template <typename Each>
void ForEach(const std::vector<const Rows*>& all, const std::string& wanted, Each each) {
  JsonParser parser;
  for (const Rows* rows : all) {
    for (size_t i = 0; i < rows->size(); ++i) {
      std::string body = rows->Text(i, 2);
      auto data = parser.Parse(body);
      if (data.ok() && DayOf(*data) == wanted) each(*rows, i, *data);
    }
  }
}

void AddDocument(const std::string& store, const Rows& rows, size_t i, JsonValue data, Day* day) {
  const bool applied = rows.Int(i, 1) == 1;
  const std::string& kind = rows.Text(i, 0);
  ++day->received;
  if (applied) ++day->applied;
  if (applied) ++day->kinds[kind];
  if (!data.Find("transaction").is_object()) ++day->without_receipt;
  const auto document = reconcile::ReadDocument(kind, rows.Text(i, 3), data);
  if (!document) return;
  day->judged.Add(*document, rows.Unsigned(i, 4), data);
  Till& till = day->tills[std::string(event::WithoutLeadingZeros(document->register_id))];
  if (document->kind == event::Kind::kDayClosed) return;
  ++till.received;
  if (applied) ++till.applied;
  const auto receipt = ReadReceipt({store, kind, rows.Text(i, 3)}, data);
  if (receipt) AddMoney(*receipt, &till);
}

// Whose counter a register's numbers are, its closes say.
void ReadNumbering(JsonValue data, Day* day) {
  const std::string_view word = data.Find("agent_control").String("numbering");
  if (word.empty()) return;
  day->judged.SetNumbering(std::string(data.Find("close").String("register_id")),
                           reconcile::NumberingNamed(word));
}

void MoneyJson(const Till& till, JsonWriter* json) {
  json->Key("net_amounts").BeginArray();
  for (const auto& [currency, money] : till.money) {
    json->BeginObject()
        .Field("currency", currency)
        .Field("amount", money.net.Shortest())
        .EndObject();
  }
  json->EndArray().Key("tenders").BeginArray();
  for (const auto& [currency, money] : till.money) {
    for (const auto& [type, amount] : money.tenders) {
      json->BeginObject().Field("currency", currency).Field("type", type);
      json->Field("amount", amount.Shortest()).EndObject();
    }
  }
  json->EndArray().Key("taxes").BeginArray();
  for (const auto& [currency, money] : till.money) {
    for (const auto& [rate, sums] : money.taxes) {
      json->BeginObject().Field("currency", currency).Field("rate", rate);
      json->Field("base", sums.first.Shortest())
          .Field("amount", sums.second.Shortest())
          .EndObject();
    }
  }
  json->EndArray();
}

void ToldJson(const reconcile::DaySummary& page, JsonWriter* json) {
  json->Key("told");
  if (page.z_numbers().empty()) {
    json->Null();
    return;
  }
  json->BeginObject().Key("z_numbers").BeginArray();
  for (const std::string& z_no : page.z_numbers()) json->String(z_no);
  json->EndArray();
  const auto& reported = page.reported();
  if (reported.transactions) json->Field("transactions", *reported.transactions);
  json->Key("net_amounts").BeginArray();
  for (const auto& [currency, sum] : reported.net_by_currency) {
    json->BeginObject().Field("currency", currency).Field("amount", sum.Text()).EndObject();
  }
  json->EndArray();
  if (reported.net_by_currency.size() == 1) json->Field("net_amount", reported.net_amount->Text());
  json->EndObject();
}

void MissingJson(const reconcile::DaySummary& page, JsonWriter* json) {
  size_t listed = 0;
  json->Key("missing_numbers").BeginArray();
  for (const auto& gap : page.Gaps()) {
    for (uint64_t n = gap.first; n <= gap.last && listed < kMaxMissing; ++n, ++listed) {
      json->Unsigned(n);
    }
  }
  json->EndArray();
}

void RegisterJson(const std::string& name, const reconcile::StoredDay::Register& its,
                  const Till& till, JsonWriter* json) {
  json->BeginObject().Field("register", name).Field("received", till.received);
  json->Field("applied", till.applied);
  MoneyJson(till, json);
  ToldJson(its.page, json);
  MissingJson(its.page, json);
  const std::string result = its.page.Result();
  const bool agrees = its.agent_result.empty() || its.agent_result == its.at_close;
  json->Field("after_close", its.after_close).Field("result", result);
  json->Field("agent_result", its.agent_result).Field("agrees", agrees);
  json->Field("balanced", result == "balanced" && agrees && till.applied == till.received);
  json->EndObject();
}

// The worst first.
constexpr std::string_view kResults[] = {"gaps", "mismatch", "no_totals", "", "balanced"};

size_t RankOf(std::string_view result) {
  return static_cast<size_t>(std::find(std::begin(kResults), std::end(kResults), result) -
                             std::begin(kResults));
}

class Verdict {
 public:
  Verdict() : json_(&out_.registers) { json_.BeginArray(); }

  void Add(const std::string& name, const reconcile::StoredDay::Register& its) {
    const bool is_page_of_numbers = its.page.events() == 0 && its.page.z_numbers().empty();
    const std::string result = its.page.Result();
    if (!is_page_of_numbers) AddResult(name, result, its);
    if (is_page_of_numbers && !its.page.Gaps().empty()) Block(name, "gaps");
    json_.BeginObject().Field("register", name).Field("result", result);
    json_.Field("agent_result", its.agent_result).Field("after_close", its.after_close);
    json_.Key("amounts").BeginArray();
    for (const reconcile::NetComparison& net : its.page.CompareNet()) AddAmount(net);
    json_.EndArray().EndObject();
  }
  void Block(const std::string& what, std::string_view why) {
    if (out_.blocks.size() > kMaxBlocks) return;
    out_.blocks.append(out_.blocks.empty() ? "" : "; ").append(Printable(what, kMaxName));
    out_.blocks.append(": ").append(why);
  }
  JudgedDay Take() {
    json_.EndArray();
    TakeDifference();
    out_.result = worst_ >= std::size(kResults) ? "balanced" : std::string(kResults[worst_]);
    if (out_.result.empty()) out_.result = "open";
    return std::move(out_);
  }

 private:
  void AddResult(const std::string& name, const std::string& result,
                 const reconcile::StoredDay::Register& its) {
    worst_ = std::min(worst_, RankOf(result));
    out_.late += static_cast<int64_t>(its.after_close);
    if (result != "balanced") {
      Block("register " + name, result.empty() ? "not closed" : std::string_view(result));
    }
    if (its.agent_result.empty() || its.agent_result == its.at_close) return;
    out_.agrees = false;
    Block("register " + name, "the store found " + Printable(its.agent_result, kMaxName));
  }

  void AddAmount(const reconcile::NetComparison& net) {
    const Decimal apart = net.difference().value_or(Decimal::FromMicros(Decimal::kMaxMicros));
    json_.BeginObject().Field("currency", net.currency);
    json_.Field("told", net.reported.value_or(Decimal()).Text());
    json_.Field("came", net.came.value_or(Decimal()).Text());
    json_.Field("difference", Decimal::FromMicros(apart.micros()).Shortest()).EndObject();
    if (!net.differs()) return;
    Decimal& sum = apart_[Printable(net.currency, kMaxName)];
    const auto more = sum.Plus(apart.negative() ? -apart : apart);
    sum = more.ok() ? *more : Decimal::FromMicros(Decimal::kMaxMicros);
  }
  // Amounts of several currencies are no sum: each is named, and the largest one ranks the day.
  void TakeDifference() {
    for (const auto& [currency, sum] : apart_) {
      out_.difference = std::max(out_.difference, sum.micros());
      out_.currency = apart_.size() == 1 ? currency : kSeveralCurrencies;
    }
    if (apart_.size() > 1) Block("over or short", reconcile::AmountsText(apart_));
  }

  JudgedDay out_;
  std::map<std::string, Decimal> apart_;  // by currency, without signs
  JsonWriter json_;
  size_t worst_ = std::size(kResults);
};

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
  Day day(day_text);
  const std::vector<const Rows*> documents{&(*rows)[0], &(*rows)[1]};
  ForEach(documents, day_text,
          [&](const Rows&, size_t, JsonValue data) { ReadNumbering(data, &day); });
  ForEach(documents, day_text, [&](const Rows& from, size_t i, JsonValue data) {
    AddDocument(store, from, i, data, &day);
  });
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("store", store).Field("business_day", day_text);
  json.Field("received", day.received).Field("applied", day.applied);
  json.Key("kinds").BeginArray();
  for (const auto& [kind, count] : day.kinds) {
    json.BeginObject().Field("kind", kind).Field("applied", count).EndObject();
  }
  json.EndArray().Key("registers").BeginArray();
  for (const auto& [name, its] : day.judged.registers()) {
    RegisterJson(name, its, day.tills[name], &json);
  }
  json.EndArray();
  StreamsJson((*rows)[2], (*rows)[3], &json);
  json.EndObject();
  return out;
}

Result<JudgedDay> JudgeDay(Sql* sql, const std::string& store, const std::string& day_text) {
  Input named(kDocuments);
  auto documents = sql->Run(kDocuments, named.Text(store).Text(day_text));
  if (!documents.ok()) return std::move(documents).status();
  Day day(day_text);
  ForEach({&*documents}, day_text,
          [&](const Rows&, size_t, JsonValue data) { ReadNumbering(data, &day); });
  ForEach({&*documents}, day_text, [&](const Rows& from, size_t i, JsonValue data) {
    AddDocument(store, from, i, data, &day);
  });
  Verdict verdict;
  ReturnCounts returns;
  for (const auto& [name, its] : day.judged.registers()) {
    verdict.Add(name, its);
    returns.sold += its.page.Count("sale");
    returns.returned += its.page.Count("return") + its.page.Count("exchange");
  }
  if (documents->size() > kMaxDocuments) verdict.Block("the day", "more documents than are judged");
  JudgedDay judged = verdict.Take();
  judged.documents = day.received - day.without_receipt;
  judged.returns = returns;
  return judged;
}

}  // namespace tillrelay::collector
