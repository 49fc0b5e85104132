// What: history, log, system and life of an event as JSON.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/journal/history_stats.h"
#include "agent/status/insight.h"

namespace tillrelay::status {

std::string HistoryJson(const HistoryTable& table);
std::string LogJson(const std::vector<LogLine>& lines);
std::string SystemJson(const SystemFacts& facts);

// What GET /v1/history?range= may name: how far back, and how far apart the points are.
struct HistoryRange {
  std::string_view word;
  int64_t seconds = 0, step_s = 0;
};
const HistoryRange* FindHistoryRange(std::string_view word);
// The places of that range up to now, and the points put in theirs.
journal::HistoryPoints PlacesOf(const HistoryRange& range, WallTime now);
HistoryTable TableOf(const journal::HistoryPoints& found);

}  // namespace tillrelay::status
