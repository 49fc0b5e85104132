// What: one point of the history: how the store did in a minute or an hour.
// Thread: any (value).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tillrelay::journal {

// Names as GET /v1/history and the columns of docs/journal.md have them.
inline constexpr std::array<std::string_view, 8> kHistorySeries = {
    "waiting",       "stored_per_s",  "confirmed_per_s", "broker_ms_p50",
    "broker_ms_p99", "centre_ms_p50", "centre_ms_p99",   "connected"};

struct HistoryPoint {
  int64_t at_s = 0;  // where it begins, in seconds since 1970 UTC
  // In the order of kHistorySeries; nothing where it is not known.
  std::array<std::optional<double>, kHistorySeries.size()> values{};
};

// Points that are `step_s` apart, oldest first; only those that there are.
struct HistoryPoints {
  int64_t step_s = 60;
  int64_t from_s = 0, through_s = 0;  // begins of the first and the last place
  std::vector<HistoryPoint> points;
};

}  // namespace tillrelay::journal
