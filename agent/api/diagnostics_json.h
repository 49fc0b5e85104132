// What: history, log, system and life of an event as JSON.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/admin/diagnostics.h"
#include "agent/journal/history_stats.h"

namespace tillrelay::api {

std::string HistoryJson(const admin::HistoryTable& table);
std::string LogJson(const std::vector<admin::LogLine>& lines);
std::string SystemJson(const admin::SystemFacts& facts);

// What GET /v1/history?range= may name: how far back, and how far apart the points are.
struct HistoryRange {
  std::string_view word;
  int64_t seconds = 0, step_s = 0;
};
const HistoryRange* FindHistoryRange(std::string_view word);
// The places of that range up to now, and the points put in theirs.
journal::HistoryPoints PlacesOf(const HistoryRange& range, WallTime now);
admin::HistoryTable TableOf(const journal::HistoryPoints& found);

}  // namespace tillrelay::api
