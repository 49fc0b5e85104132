#include "agent/api/diagnostics_json.h"

#include <cmath>

#include "common/base/json_writer.h"
#include "common/event/time_text.h"

namespace tillrelay::api {
namespace {

constexpr HistoryRange kRanges[] = {{"1h", 3600, 60},
                                    {"24h", 24 * 3600, 300},
                                    {"7d", 7 * 24 * 3600, 3600},
                                    {"90d", 90 * 24 * 3600, 3600}};

}  // namespace

const HistoryRange* FindHistoryRange(std::string_view word) {
  for (const HistoryRange& range : kRanges) {
    if (range.word == word) return &range;
  }
  return nullptr;
}

journal::HistoryPoints PlacesOf(const HistoryRange& range, WallTime now) {
  const int64_t now_s = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  journal::HistoryPoints places;
  places.step_s = range.step_s;
  places.through_s = now_s / range.step_s * range.step_s;
  places.from_s = places.through_s - range.seconds + range.step_s;
  return places;
}

admin::HistoryTable TableOf(const journal::HistoryPoints& found) {
  admin::HistoryTable table;
  table.step_s = found.step_s;
  table.from = WallTime(std::chrono::seconds(found.from_s));
  const auto places = static_cast<size_t>((found.through_s - found.from_s) / found.step_s + 1);
  for (size_t i = 0; i < journal::kHistorySeries.size(); ++i) {
    auto& series = table.series[std::string(journal::kHistorySeries[i])];
    series.assign(places, std::nan(""));
    for (const journal::HistoryPoint& point : found.points) {
      const auto place = static_cast<size_t>((point.at_s - found.from_s) / found.step_s);
      if (place < places && point.values[i]) series[place] = *point.values[i];
    }
  }
  return table;
}

std::string HistoryJson(const admin::HistoryTable& table) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("step_s", table.step_s).Field("from", event::UtcStamp(table.from));
  json.Key("series").BeginObject();
  for (const auto& [name, values] : table.series) {
    json.Key(name).BeginArray();
    for (const double value : values) std::isnan(value) ? json.Null() : json.Real(value);
    json.EndArray();
  }
  json.EndObject().EndObject();
  return text;
}

std::string LogJson(const std::vector<admin::LogLine>& lines) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Key("lines").BeginArray();
  for (const admin::LogLine& line : lines) {
    json.BeginObject().Field("at", event::UtcStamp(line.at)).Field("level", line.level);
    json.Field("text", line.text).EndObject();
  }
  json.EndArray().EndObject();
  return text;
}

std::string SystemJson(const admin::SystemFacts& facts) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Key("facts").BeginObject();
  for (const auto& [name, value] : facts.facts) json.Field(name, value);
  json.EndObject().Key("threads").BeginArray();
  for (const admin::ThreadRow& thread : facts.threads) {
    json.BeginObject().Field("name", thread.name).Field("silent_ms", thread.silent_ms);
    json.Field("budget_ms", thread.budget_ms).EndObject();
  }
  json.EndArray().Key("settings").BeginArray();
  for (const admin::SettingRow& setting : facts.settings) {
    json.BeginObject().Field("key", setting.key).Field("value", setting.value);
    json.Field("file", setting.file).EndObject();
  }
  json.EndArray().EndObject();
  return text;
}

}  // namespace tillrelay::api
