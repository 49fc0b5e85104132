// The page as the journal keeps it: one JSON object.
#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/reconcile/day_summary.h"

namespace tillrelay::reconcile {
namespace {

template <class Map>
void WriteCounts(JsonWriter* json, const char* name, const Map& counts) {
  if (counts.empty()) return;
  json->Key(name).BeginObject();
  for (const auto& [key, count] : counts) json->Field(key, count);
  json->EndObject();
}

template <class Number>
bool ReadNumber(JsonValue object, std::string_view name, Number* out) {
  const JsonValue value = object.Find(name);
  if (!value) return true;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return value.is_number() && error == std::errc() && end == text.data() + text.size();
}

template <class Number>
bool ReadNumber(JsonValue object, std::string_view name, std::optional<Number>* out) {
  if (!object.Find(name)) return true;
  return ReadNumber(object, name, &out->emplace());
}

template <class Map>
bool ReadCounts(JsonValue object, std::string_view name, Map* counts) {
  for (const JsonValue value : object.Find(name)) {
    if (!ReadNumber(object.Find(name), value.name(), &(*counts)[std::string(value.name())])) {
      return false;
    }
  }
  return true;
}

bool ReadDecimal(JsonValue object, std::string_view name, std::optional<Decimal>* out) {
  if (!object.Find(name)) return true;
  const auto value = Decimal::Parse(object.String(name));
  if (value.ok()) *out = *value;
  return value.ok();
}

void WriteSums(JsonWriter* json, const char* name, const std::map<std::string, Decimal>& sums) {
  if (sums.empty() || (sums.size() == 1 && sums.begin()->first.empty())) return;
  json->Key(name).BeginObject();
  for (const auto& [currency, sum] : sums) json->Field(currency, sum.Text());
  json->EndObject();
}

// A text of a page that knew no currencies has the sum alone.
bool ReadSums(JsonValue object, std::string_view name, const std::optional<Decimal>& sum,
              std::map<std::string, Decimal>* sums) {
  const JsonValue list = object.Find(name);
  for (const JsonValue one : list) {
    const auto value = Decimal::Parse(one.text());
    if (!one.is_string() || !value.ok()) return false;
    (*sums)[std::string(one.name())] = *value;
  }
  if (sums->empty() && sum) (*sums)[""] = *sum;
  return true;
}

void WriteReported(JsonWriter* json, const Reported& reported) {
  json->Key("told").BeginObject();
  if (reported.first_no) json->Field("first", *reported.first_no);
  if (reported.last_no) json->Field("last", *reported.last_no);
  if (reported.transactions) json->Field("transactions", *reported.transactions);
  if (reported.sales) json->Field("sales", *reported.sales);
  if (reported.returns) json->Field("returns", *reported.returns);
  if (reported.post_voids) json->Field("post_voids", *reported.post_voids);
  if (reported.net_amount) json->Field("net", reported.net_amount->Text());
  WriteSums(json, "nets", reported.net_by_currency);
  WriteCounts(json, "by_status", reported.by_status);
  json->EndObject();
}

bool ReadReported(JsonValue object, Reported* reported) {
  reported->anything = object.size() > 0;
  return ReadNumber(object, "first", &reported->first_no) &&
         ReadNumber(object, "last", &reported->last_no) &&
         ReadNumber(object, "transactions", &reported->transactions) &&
         ReadNumber(object, "sales", &reported->sales) &&
         ReadNumber(object, "returns", &reported->returns) &&
         ReadNumber(object, "post_voids", &reported->post_voids) &&
         ReadDecimal(object, "net", &reported->net_amount) &&
         ReadSums(object, "nets", reported->net_amount, &reported->net_by_currency) &&
         ReadCounts(object, "by_status", &reported->by_status);
}

}  // namespace

// A former version did not write when a run had its last number.
void DaySummary::CompleteTimes() {
  for (size_t i = 0; i < epochs_.size(); ++i) {
    if (epochs_[i].last_at_s != INT64_MIN || epochs_[i].runs.empty()) continue;
    const int64_t until_s = i + 1 < epochs_.size() ? epochs_[i + 1].from_s - 1 : last_at_s_;
    epochs_[i].last_at_s = std::max<int64_t>(until_s, 0);
  }
}

// A former version kept such with known goods as well.
bool DaySummary::ReadSuspect(const JsonValue& value) {
  Suspect suspect;
  suspect.stored = value.Find("stored").is_true();
  const bool good =
      ReadNumber(value, "number", &suspect.number) && ReadNumber(value, "at", &suspect.at_s);
  if (good && !value.Find("retold").is_true()) suspects_.push_back(suspect);
  return good;
}

// "17:1795420800,19:140": each time but the first as seconds since the one before.
std::string DaySummary::MarksText(const std::vector<Mark>& marks) {
  std::string text;
  int64_t before_s = 0;
  for (const Mark& mark : marks) {
    text.append(text.empty() ? "" : ",").append(std::to_string(mark.number));
    text.append(":").append(std::to_string(mark.at_s - std::exchange(before_s, mark.at_s)));
  }
  return text;
}

bool DaySummary::ReadMarks(std::string_view text, std::vector<Mark>* marks) {
  const auto read = [&text](auto* value, char behind) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (error != std::errc() || (!text.empty() && text.front() != behind)) return false;
    text.remove_prefix(text.empty() ? 0 : 1);
    return true;
  };
  int64_t at_s = 0;
  while (!text.empty()) {
    Mark mark;
    int64_t later_s = 0;
    if (!read(&mark.number, ':') || !read(&later_s, ',')) return false;
    mark.at_s = at_s += later_s;
    marks->push_back(mark);
  }
  return true;
}

std::string DaySummary::Text() const {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("events", events_);
  json.Field("first", first_sequence_).Field("last", last_sequence_);
  json.Field("heard", static_cast<int64_t>(heard_at_.time_since_epoch().count()));
  json.Field("hash", stream_hash());
  WriteCounts(&json, "kinds", kinds_);
  WriteCounts(&json, "statuses", statuses_);
  if (!units_.empty()) {
    json.Key("units").BeginObject();
    for (const auto& [bucket, sum] : units_) json.Field(bucket, sum.Text());
    json.EndObject();
  }
  if (net_amount_) json.Field("net", net_amount_->Text());
  WriteSums(&json, "nets", net_by_currency_);
  if (duplicates_ > 0) json.Field("duplicates", duplicates_);
  if (conflicts_ > 0) json.Field("conflicts", conflicts_);
  json.Key("epochs").BeginArray();
  for (const Epoch& epoch : epochs_) {
    json.BeginObject().Field("from", epoch.from_s);
    if (epoch.reported) json.Field("told", *epoch.reported);
    if (epoch.last_at_s != INT64_MIN) json.Field("last_at", epoch.last_at_s);
    if (epoch.begun_no > 0) json.Field("begun", epoch.begun_no);
    if (!epoch.marks.empty()) json.Field("marks", MarksText(epoch.marks));
    json.Field("runs", epoch.runs.Text()).EndObject();
  }
  json.EndArray();
  if (last_at_s_ != INT64_MIN) json.Field("last_no", last_no_).Field("last_at", last_at_s_);
  if (!suspects_.empty()) {
    json.Key("suspects").BeginArray();
    for (const Suspect& suspect : suspects_) {
      json.BeginObject().Field("number", suspect.number).Field("at", suspect.at_s);
      json.Field("stored", suspect.stored).EndObject();
    }
    json.EndArray();
  }
  if (!told_again_.empty()) json.Field("told_again", MarksText(told_again_));
  if (!waiting_.empty()) json.Field("waiting", MarksText(waiting_));
  if (scattered_) json.Field("scattered", true);
  if (is_series_) json.Field("series", true);
  if (!z_numbers_.empty()) {
    json.Key("z").BeginArray();
    for (const std::string& z : z_numbers_) json.String(z);
    json.EndArray();
    WriteReported(&json, reported_);
  }
  if (reopened_) json.Field("reopened", true);
  json.EndObject();
  return text;
}

std::optional<DaySummary> DaySummary::Parse(std::string_view text) {
  JsonParser parser;
  std::string bytes(text);
  const auto parsed = parser.Parse(bytes);
  if (!parsed.ok()) return std::nullopt;
  const JsonValue root = *parsed;
  DaySummary page;
  int64_t heard = 0;
  bool good =
      ReadNumber(root, "events", &page.events_) &&
      ReadNumber(root, "first", &page.first_sequence_) &&
      ReadNumber(root, "last", &page.last_sequence_) && ReadNumber(root, "heard", &heard) &&
      FromHex(root.String("hash"), page.hash_.data(), page.hash_.size()) &&
      ReadCounts(root, "kinds", &page.kinds_) && ReadCounts(root, "statuses", &page.statuses_) &&
      ReadDecimal(root, "net", &page.net_amount_) &&
      ReadSums(root, "nets", page.net_amount_, &page.net_by_currency_) &&
      ReadNumber(root, "duplicates", &page.duplicates_) &&
      ReadNumber(root, "conflicts", &page.conflicts_) &&
      ReadNumber(root, "last_no", &page.last_no_) && ReadNumber(root, "last_at", &page.last_at_s_);
  page.heard_at_ = WallTime(std::chrono::microseconds(heard));
  for (const JsonValue unit : root.Find("units")) {
    std::optional<Decimal> sum;
    good = good && ReadDecimal(root.Find("units"), unit.name(), &sum);
    page.units_[std::string(unit.name())] = sum.value_or(Decimal());
  }
  for (const JsonValue value : root.Find("epochs")) {
    Epoch& epoch = page.epochs_.emplace_back();
    good = good && ReadNumber(value, "from", &epoch.from_s) &&
           ReadNumber(value, "told", &epoch.reported) &&
           ReadNumber(value, "last_at", &epoch.last_at_s) &&
           ReadNumber(value, "begun", &epoch.begun_no) &&
           ReadMarks(value.String("marks"), &epoch.marks) && epoch.runs.Parse(value.String("runs"));
  }
  good = good && ReadMarks(root.String("told_again"), &page.told_again_) &&
         ReadMarks(root.String("waiting"), &page.waiting_);
  const JsonValue former = root.Find("suspect");  // there was one at most
  if (former) good = page.ReadSuspect(former) && good;
  for (const JsonValue value : root.Find("suspects")) good = page.ReadSuspect(value) && good;
  for (const JsonValue z : root.Find("z")) page.z_numbers_.emplace_back(z.text());
  if (const JsonValue reported = root.Find("told"))
    good = good && ReadReported(reported, &page.reported_);
  page.scattered_ = root.Find("scattered").is_true();
  page.is_series_ = root.Find("series").is_true();
  page.reopened_ = root.Find("reopened").is_true();
  if (!good) return std::nullopt;
  page.CompleteTimes();
  return page;
}

}  // namespace tillrelay::reconcile
