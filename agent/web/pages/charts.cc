#include "agent/web/pages/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/web/page_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

constexpr double kWidth = 600, kHeight = 140;  // of a chart's view box
constexpr size_t kStripParts = 48, kSparkPoints = 60;

struct Line {
  std::string_view series, word;
};
struct Chart {
  std::string_view title;
  std::vector<Line> lines;
};

const std::vector<double>& Series(const admin::HistoryTable& table, std::string_view name) {
  static const std::vector<double> kNone;
  const auto it = table.series.find(std::string(name));
  return it == table.series.end() ? kNone : it->second;
}

size_t Length(const admin::HistoryTable& table) {
  size_t length = 0;
  for (const auto& [name, values] : table.series) length = std::max(length, values.size());
  return length;
}

double Greatest(const std::vector<double>& values) {
  double greatest = 0;
  for (const double value : values) {
    if (!std::isnan(value)) greatest = std::max(greatest, value);
  }
  return greatest;
}

// The next of 1, 2, 5, 10, 20, 50 ... that is not below.
double RoundUp(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "–";
  if (value >= 100) return Thousands(static_cast<uint64_t>(std::llround(value)));
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

struct Area {
  double width, height;  // of the view box
};

// A path's data, with a new beginning behind each hole.
std::string PathData(const std::vector<double>& values, double top, Area area) {
  std::string d;
  bool pen_down = false;
  const double step = values.size() > 1 ? area.width / static_cast<double>(values.size() - 1) : 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      pen_down = false;
      continue;
    }
    d += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", step * static_cast<double>(i),
                     area.height - values[i] / top * area.height);
    if (!pen_down) d += "h.1";  // a single point is seen too
    pen_down = true;
  }
  return d;
}

std::string TimeAt(const PageContext& context, const admin::HistoryTable& table, double share) {
  const auto span = std::chrono::seconds(table.step_s * static_cast<int64_t>(Length(table)));
  const auto into = std::chrono::duration_cast<std::chrono::seconds>(span * share);
  const WallTime at = table.from + into;
  return context.faces.stamp(at).substr(0, 16);
}

void Table(Html& html, const PageContext& context, const admin::HistoryTable& table,
           const Chart& chart) {
  html.Put(
      "<details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><table><thead><tr><th scope=\"col\">{}</th>",
      strings::kTableOf, chart.title, strings::kTime);
  std::vector<std::vector<double>> columns;
  for (const Line& line : chart.lines) {
    html.Put("<th scope=\"col\" class=\"num\">{}</th>", line.word);
    columns.push_back(Condensed(Series(table, line.series), kRows));
  }
  html.Raw("</tr></thead><tbody>\n");
  const size_t rows = std::min(kRows, Length(table));
  for (size_t row = rows; row-- > 0;) {
    html.Put("<tr><th scope=\"row\">{}</th>",
             TimeAt(context, table, static_cast<double>(row) / static_cast<double>(rows)));
    for (const auto& column : columns) {
      html.Put("<td class=\"num\">{}</td>", row < column.size() ? NumberText(column[row]) : "–");
    }
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table></div></details>\n");
}

void Draw(Html& html, const PageContext& context, const admin::HistoryTable& table,
          const Chart& chart) {
  double greatest = 0;
  std::vector<std::vector<double>> lines;
  for (const Line& line : chart.lines) {
    lines.push_back(Condensed(Series(table, line.series), kPoints));
    greatest = std::max(greatest, Greatest(lines.back()));
  }
  const double top = RoundUp(greatest);
  html.Put(
      "<section class=\"six\"><figure id=\"{}-past\" data-slow><figcaption><h2>{}</h2>"
      "<ul class=\"keys\">",
      chart.lines.front().series, chart.title);
  for (size_t i = 0; i < lines.size(); ++i) {
    const double last = lines[i].empty() ? std::nan("") : lines[i].back();
    html.Put(
        "<li><svg viewBox=\"0 0 24 11\" class=\"key-line\" aria-hidden=\"true\"><path "
        "class=\"line line-{}\" d=\"M0 6h24\"/></svg>{} <b>{}</b></li>",
        std::to_string(i), chart.lines[i].word, NumberText(last));
  }
  html.Put("</ul></figcaption><div class=\"plot\"><span class=\"axis-top\">{}</span>",
           NumberText(top));
  html.Put(
      "<svg viewBox=\"0 0 600 140\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{}\"><path class=\"grid\" d=\"M0 0H600M0 70H600M0 140H600\"/>",
      chart.title);
  for (size_t i = 0; i < lines.size(); ++i) {
    html.Put("<path class=\"line line-{}\" d=\"{}\"/>", std::to_string(i),
             PathData(lines[i], top, {kWidth, kHeight}));
  }
  html.Put(
      "</svg><span class=\"axis-zero\">0</span></div><div class=\"axis\"><span>{}</span>"
      "<span>{}</span><span>{}</span></div></figure>\n",
      TimeAt(context, table, 0), TimeAt(context, table, 0.5), strings::kNow);
  Table(html, context, table, chart);
  html.Raw("</section>\n");
}

void Ranges(Html& html, std::string_view range) {
  html.Put("<nav class=\"ranges\" aria-label=\"{}\"><ul>", strings::kRangeLabel);
  const std::pair<std::string_view, std::string_view> ranges[] = {
      {"1h", strings::kRange1h}, {"24h", strings::kRange24h}, {"7d", strings::kRange7d}};
  for (const auto& [key, word] : ranges) {
    html.Put("<li><a href=\"/charts?range={}\"", key);
    if (key == range) html.Raw(" aria-current=\"true\"");
    html.Put(">{}</a></li>", word);
  }
  html.Raw("</ul></nav>\n");
}

}  // namespace

std::vector<double> Condensed(const std::vector<double>& values, size_t count) {
  if (values.size() <= count) return values;
  std::vector<double> groups;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * values.size() / count, end = (i + 1) * values.size() / count;
    double sum = 0;
    size_t points = 0;
    for (size_t at = begin; at < end; ++at) {
      if (std::isnan(values[at])) continue;
      sum += values[at];
      ++points;
    }
    groups.push_back(points > 0 ? sum / static_cast<double>(points) : std::nan(""));
  }
  return groups;
}

std::string ConnectionStrip(const admin::HistoryTable& table) {
  const auto& values = Series(table, "connected");
  const auto parts = Condensed(values, kStripParts);
  double sum = 0;
  size_t points = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++points;
  }
  if (points == 0) return "";
  const std::string share =
      fmt::format(strings::kConnectedShare,
                  NumberText(std::floor(sum / static_cast<double>(points) * 1000) / 10) + " %");
  Html html;
  html.Put(
      "<div id=\"connection-past\" data-slow><p class=\"note\">{} · {}</p>\n<svg class=\"strip\" "
      "viewBox=\"0 0 {} 10\" "
      "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
      strings::kChartConnected, share, std::to_string(parts.size() * 10), share);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (std::isnan(parts[i])) continue;
    const bool whole = parts[i] > 0.99;
    html.Put("<rect x=\"{}\" y=\"{}\" width=\"8.4\" height=\"{}\" class=\"fill-{}\"/>",
             std::to_string(i * 10), whole ? "0" : "3", whole ? "10" : "7", whole ? "ok" : "off");
  }
  html.Raw("</svg></div>\n");
  return html.Take();
}

std::string Spark(const admin::HistoryTable& table, std::string_view series) {
  const auto values = Condensed(Series(table, series), kSparkPoints);
  const auto known = [](double value) { return !std::isnan(value); };
  if (std::count_if(values.begin(), values.end(), known) < 2) return "";
  Html html;
  html.Put(
      "<svg class=\"spark\" viewBox=\"0 -1 120 36\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\"><path class=\"line\" d=\"{}\"/></svg>",
      PathData(values, std::max(Greatest(values), 1e-9), {120, 34}));
  return html.Take();
}

std::string ChartsContent(const PageContext& context, const admin::HistoryTable& table,
                          std::string_view range) {
  static const std::vector<Chart> kCharts = {
      {strings::kChartWaiting, {{"waiting", strings::kTileWaiting}}},
      {strings::kChartRates,
       {{"stored_per_s", strings::kChartIn}, {"confirmed_per_s", strings::kChartOut}}},
      {strings::kChartBroker,
       {{"broker_ms_p50", strings::kMedian}, {"broker_ms_p99", strings::kSlowest}}},
      {strings::kChartCentre,
       {{"centre_ms_p50", strings::kMedian}, {"centre_ms_p99", strings::kSlowest}}},
  };
  Html html;
  html.Put("<section><h1>{}</h1>\n", strings::kCharts);
  Ranges(html, range);
  if (Length(table) == 0) {
    html.Put("<p class=\"none soft\">{}</p></section>\n", strings::kNoHistory);
    return html.Take();
  }
  html.Raw(ConnectionStrip(table));
  html.Put("<div class=\"axis\"><span>{}</span><span>{}</span></div>", TimeAt(context, table, 0),
           strings::kNow);
  Table(html, context, table,
        {strings::kChartConnected, {{"connected", strings::kChartConnected}}});
  html.Raw("</section>\n");
  for (const Chart& chart : kCharts) Draw(html, context, table, chart);
  return html.Take();
}

}  // namespace tillrelay::web
