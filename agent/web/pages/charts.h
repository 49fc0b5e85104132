// What: the history as charts with a table behind each, and as a strip of connection.
// Promise: pure; SVG without a script, readable without colour (each line has its own dash), and
//   everything that a chart shows is in its table.
// Thread: any.
// Limits: kPoints points a line, kRows rows a table: longer histories are averaged.
#pragma once

#include <string>
#include <string_view>

#include "agent/admin/diagnostics.h"
#include "agent/web/page_context.h"

namespace tillrelay::web {

inline constexpr size_t kPoints = 240, kRows = 48;

// `range` is "1h", "24h" or "7d".
std::string ChartsContent(const PageContext& context, const admin::HistoryTable& table,
                          std::string_view range);

// The connection over the table's time, with its words; empty without history.
std::string ConnectionStrip(const admin::HistoryTable& table);

// One series as a picture of a tile's size, for the eye only; empty without points.
std::string Spark(const admin::HistoryTable& table, std::string_view series);

// Means of `count` groups of equal length; NaN where a group has no point.
std::vector<double> Condensed(const std::vector<double>& values, size_t count);

}  // namespace tillrelay::web
