#include "collector/web/days_view.h"

#include "common/base/decimal.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/time_text.h"
#include "common/reconcile/day_summary.h"
#include "common/web/csv_cell.h"

namespace tillrelay::collector {
namespace {

const Statement kLast("SELECT MAX(business_day) FROM store_day", "");
const Statement kStores(
    "SELECT k.store_id, d.received, d.closes, d.dirty, d.closed_at, d.result, d.agrees, d.blocks,"
    " d.late, d.registers, d.difference, d.signed_at, d.signed_by, d.signed_note,"
    " d.reopened_at, (SELECT COALESCE(SUM(g.last - g.first + 1), 0) FROM gap g"
    " WHERE g.store_id = k.store_id) FROM {rows}"
    " JOIN (SELECT DISTINCT store_id FROM stream) k ON k.store_id > r.b"
    " LEFT JOIN store_day d ON d.store_id = k.store_id AND d.business_day = r.a"
    " ORDER BY k.store_id LIMIT 1001",
    "a b");

std::string StateOf(const DayRow& row, const Rows& rows, size_t i) {
  if (rows.Text(i, 1).empty()) return "nothing";
  if (!row.signed_at.empty()) return "signed";
  if (rows.Int(i, 2) == 0) return "open";
  if (rows.Int(i, 3) != 0) return "judging";
  return row.blocks.empty() ? "ready" : "blocked";
}

// Without signs, by currency, as the registers' amounts say.
std::map<std::string, Decimal> DifferencesIn(const std::string& registers) {
  std::map<std::string, Decimal> apart;
  JsonParser parser;
  std::string text = registers;
  const auto root = parser.Parse(text);
  if (!root.ok()) return apart;
  for (const JsonValue its : *root) {
    for (const JsonValue amount : its.Find("amounts")) {
      const auto one = Decimal::Parse(amount.String("difference"));
      if (!one.ok() || one->zero()) continue;
      Decimal& sum = apart[std::string(amount.String("currency"))];
      const auto more = sum.Plus(one->negative() ? -*one : *one);
      sum = more.ok() ? *more : Decimal::FromMicros(Decimal::kMaxMicros);
    }
  }
  return apart;
}

DayRow RowOf(const Rows& rows, size_t i) {
  DayRow row;
  row.store = rows.Text(i, 0);
  row.received = rows.Unsigned(i, 1);
  row.closed_at = rows.Text(i, 4);
  row.result = rows.Text(i, 5);
  row.agrees = rows.Text(i, 6) != "0";
  row.blocks = rows.Text(i, 7);
  row.late = rows.Unsigned(i, 8);
  row.registers = rows.Text(i, 9);
  row.rank = rows.Int(i, 10);
  row.differences = DifferencesIn(row.registers);
  row.signed_at = rows.Text(i, 11);
  if (!row.signed_at.empty()) {  // else they are of a signature that no longer holds
    row.signed_by = rows.Text(i, 12);
    row.signed_note = rows.Text(i, 13);
  }
  row.reopened_at = rows.Text(i, 14);
  row.missing = rows.Unsigned(i, 15);
  if (row.missing > 0) {
    row.blocks.append(row.blocks.empty() ? "" : "; ").append("the store: events are missing");
  }
  row.state = StateOf(row, rows, i);
  return row;
}

void TextOrNull(JsonWriter* json, std::string_view name, std::string_view text) {
  json->Key(name);
  text.empty() ? json->Null() : json->String(text);
}

// One amount where there is one currency; amounts of several are no sum.
void DifferenceJson(const DayRow& row, JsonWriter* json) {
  const bool several = row.differences.size() > 1;
  const auto first = row.differences.begin();
  const bool none = row.differences.empty();
  TextOrNull(json, "difference", several ? "" : none ? "0" : first->second.Shortest());
  json->Field("currency", several || none ? "" : first->first).Key("differences").BeginArray();
  for (const auto& [currency, amount] : row.differences) {
    json->BeginObject().Field("currency", currency).Field("amount", amount.Shortest()).EndObject();
  }
  json->EndArray();
}

void RowJson(const DayRow& row, JsonWriter* json) {
  json->BeginObject().Field("store", row.store).Field("state", row.state);
  json->Field("received", row.received).Field("missing", row.missing).Field("late", row.late);
  TextOrNull(json, "closed_at", row.closed_at);
  json->Field("result", row.result).Field("agrees", row.agrees).Field("blocks", row.blocks);
  DifferenceJson(row, json);
  json->Key("registers");
  json->Raw(row.registers.empty() ? "[]" : row.registers);
  json->Key("signed");
  if (row.signed_at.empty()) {
    json->Null();
  } else {
    json->BeginObject().Field("at", row.signed_at).Field("by", row.signed_by);
    json->Field("note", row.signed_note).EndObject();
  }
  TextOrNull(json, "reopened_at", row.reopened_at);
  json->EndObject();
}

std::string DifferenceCell(const DayRow& row) {
  if (row.differences.size() > 1) return reconcile::AmountsText(row.differences);
  return row.differences.empty() ? "0" : row.differences.begin()->second.Shortest();
}
std::string CurrencyCell(const DayRow& row) {
  if (row.differences.size() > 1) return "several";
  return row.differences.empty() ? "" : row.differences.begin()->first;
}

}  // namespace

Status CheckQuestion(const DaysQuestion& question) {
  if (!question.business_day.empty() && !event::IsDay(question.business_day)) {
    return Invalid("business_day is not YYYY-MM-DD");
  }
  if (!question.page.empty() && !IsName(question.page)) {
    return Invalid("page is not one that an answer gave");
  }
  return Status::Ok();
}

Result<DaysAnswer> ReadDays(Sql* sql, const DaysQuestion& question) {
  DaysAnswer answer;
  answer.business_day = question.business_day;
  if (answer.business_day.empty()) {
    auto last = sql->Run(kLast);
    if (!last.ok()) return std::move(last).status();
    if (!last->empty()) answer.business_day = last->Text(0, 0);
  }
  Input input(kStores);
  auto rows = sql->Run(kStores, input.Text(answer.business_day).Text(question.page));
  if (!rows.ok()) return std::move(rows).status();
  answer.more = rows->size() > question.limit;
  for (size_t i = 0; i < rows->size() && i < question.limit; ++i) {
    answer.stores.push_back(RowOf(*rows, i));
  }
  return answer;
}

std::string DaysJson(const DaysAnswer& answer) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("business_day", answer.business_day).Key("stores").BeginArray();
  for (const DayRow& row : answer.stores) RowJson(row, &json);
  json.EndArray();
  TextOrNull(&json, "next_page", answer.more ? answer.stores.back().store : "");
  json.EndObject();
  return out;
}

std::string DaysCsv(const DaysAnswer& answer) {
  std::string out =
      "store,business_day,state,received,missing,late,result,agrees,difference,currency,blocks,"
      "closed_at,signed_at,signed_by,signed_note,reopened_at\r\n";
  for (const DayRow& row : answer.stores) {
    const std::string cells[] = {row.store,
                                 answer.business_day,
                                 row.state,
                                 std::to_string(row.received),
                                 std::to_string(row.missing),
                                 std::to_string(row.late),
                                 row.result,
                                 row.agrees ? "yes" : "no",
                                 DifferenceCell(row),
                                 CurrencyCell(row),
                                 row.blocks,
                                 row.closed_at,
                                 row.signed_at,
                                 row.signed_by,
                                 row.signed_note,
                                 row.reopened_at};
    bool first = true;
    for (const std::string& cell : cells) {
      if (!first) out += ',';
      first = false;
      out += CsvCell(cell);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace tillrelay::collector
