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
  std::string_view series;
  strings::Text word;
};
// What is drawn: `title` in `unit`, or in another one where the figures ask for it.
enum class Measure { kCount, kRate, kMilliseconds };
struct Chart {
  strings::Text title;
  Measure measure;
  std::vector<Line> lines;
};

struct Unit {
  double factor;
  strings::Text word;
};
Unit UnitOf(Measure measure, double greatest) {
  switch (measure) {
    case Measure::kRate:
      return greatest < 1 ? Unit{60, strings::kUnitPerMinute} : Unit{1, strings::kUnitPerSecond};
    case Measure::kMilliseconds:
      return greatest < 10'000 ? Unit{1, strings::kUnitMilliseconds}
                               : Unit{0.001, strings::kUnitSeconds};
    case Measure::kCount:
      break;
  }
  return {1, strings::kUnitEvents};
}

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
  return strings::Fraction(text);
}

struct Area {
  double width, height;  // of the view box
};

bool IsHole(const std::vector<double>& values, size_t at) {
  return at >= values.size() || std::isnan(values[at]);
}

// Points without a neighbour: no line shows them.
std::string DotData(const std::vector<double>& values, double top, Area area) {
  std::string d;
  const double step = values.size() > 1 ? area.width / static_cast<double>(values.size() - 1) : 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (IsHole(values, i) || !IsHole(values, i + 1) || (i > 0 && !IsHole(values, i - 1))) continue;
    d += fmt::format("M{:.1f} {:.1f}h0", step * static_cast<double>(i),
                     area.height - values[i] / top * area.height);
  }
  return d;
}

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
    pen_down = true;
  }
  return d;
}

std::string TimeAt(const PageContext& context, const admin::HistoryTable& table, double share) {
  const auto span = std::chrono::seconds(table.step_s * static_cast<int64_t>(Length(table)));
  const auto into = std::chrono::duration_cast<std::chrono::seconds>(span * share);
  const WallTime at = table.from + into;
  return strings::Dated(context.faces.stamp(at).substr(0, 16));
}

// One chart with its values as they are drawn.
struct Drawing {
  const Chart& chart;
  Unit unit;
  double top;
  std::vector<std::vector<double>> lines;
};

std::vector<double> Scaled(std::vector<double> values, double factor) {
  for (double& value : values) value *= factor;
  return values;
}

Drawing DrawingOf(const admin::HistoryTable& table, const Chart& chart) {
  double greatest = 0;
  std::vector<std::vector<double>> lines;
  for (const Line& line : chart.lines) {
    lines.push_back(Condensed(Series(table, line.series), kPoints));
    greatest = std::max(greatest, Greatest(lines.back()));
  }
  const Unit unit = UnitOf(chart.measure, greatest);
  for (auto& line : lines) line = Scaled(std::move(line), unit.factor);
  return {chart, unit, RoundUp(greatest * unit.factor), std::move(lines)};
}

void Table(Html& html, const PageContext& context, const admin::HistoryTable& table,
           const Drawing& drawing) {
  html.Put(
      "<details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><table><thead><tr><th scope=\"col\">{}</th>",
      strings::kTableOf, drawing.chart.title, strings::kTime);
  std::vector<std::vector<double>> columns;
  for (const Line& line : drawing.chart.lines) {
    html.Put("<th scope=\"col\" class=\"num\">{}</th>", line.word);
    columns.push_back(Scaled(Condensed(Series(table, line.series), kRows), drawing.unit.factor));
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

// The last one that is known.
double LastKnown(const std::vector<double>& values) {
  const auto last =
      std::find_if(values.rbegin(), values.rend(), [](double value) { return !std::isnan(value); });
  return last == values.rend() ? std::nan("") : *last;
}

void Legend(Html& html, const Drawing& drawing) {
  html.Raw("<ul class=\"keys\">");
  for (size_t i = 0; i < drawing.lines.size(); ++i) {
    html.Put(
        "<li><svg viewBox=\"0 0 24 11\" class=\"key-line\" aria-hidden=\"true\"><path "
        "class=\"line line-{}\" d=\"M0 6h24\"/></svg>{} <b>{}</b></li>",
        std::to_string(i), drawing.chart.lines[i].word, NumberText(LastKnown(drawing.lines[i])));
  }
  html.Raw("</ul>");
}

// What a script reads out under the pointer or the keyboard: times and texts of every point.
void Reader(Html& html, const PageContext& context, const admin::HistoryTable& table,
            const Drawing& drawing) {
  size_t points = 0;
  for (const auto& line : drawing.lines) points = std::max(points, line.size());
  if (points < 2) return;
  std::string texts;
  for (size_t i = 0; i < points; ++i) {
    texts += i == 0 ? "" : "\n";
    texts += TimeAt(context, table, static_cast<double>(i) / static_cast<double>(points));
    for (size_t line = 0; line < drawing.lines.size(); ++line) {
      texts += fmt::format(
          " · {} {}", drawing.chart.lines[line].word,
          i < drawing.lines[line].size() ? NumberText(drawing.lines[line][i]) : std::string("–"));
    }
  }
  html.Put(
      "<div class=\"reader\" hidden><input type=\"range\" min=\"0\" max=\"{}\" value=\"{}\" "
      "aria-label=\"{}: {}\" data-texts=\"{}\"><output>{}</output></div>\n",
      std::to_string(points - 1), std::to_string(points - 1), drawing.chart.title,
      strings::kReadOut, texts, texts.substr(texts.rfind('\n') + 1));
}

void Shade(Html& html, double from, double width, std::string_view look) {
  html.Put("<rect x=\"{}\" y=\"0\" width=\"{}\" height=\"140\" class=\"{}\"/>",
           fmt::format("{:.1f}", from), fmt::format("{:.1f}", width), look);
}

// Stretches of the history for which `is` holds, as a part of its width each.
template <class Is>
void Stretches(Html& html, size_t count, std::string_view look, Is is) {
  const double step = count > 1 ? kWidth / static_cast<double>(count - 1) : 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is(i)) continue;
    const size_t from = i;
    while (i < count && is(i)) ++i;
    Shade(html, step * static_cast<double>(from), step * static_cast<double>(i - from), look);
  }
}

// Outages behind the lines; starts and upgrades as lines of their own.
void Marks(Html& html, const PageContext& context, const admin::HistoryTable& table) {
  const auto connected = Condensed(Series(table, "connected"), kPoints);
  const auto waiting = Condensed(Series(table, "waiting"), kPoints);
  Stretches(html, connected.size(), "mark-off",
            [&connected](size_t i) { return !std::isnan(connected[i]) && connected[i] < 0.5; });
  const auto known = [](double value) { return !std::isnan(value); };
  const auto first =
      static_cast<size_t>(std::find_if(waiting.begin(), waiting.end(), known) - waiting.begin());
  const auto last =
      waiting.size() -
      static_cast<size_t>(std::find_if(waiting.rbegin(), waiting.rend(), known) - waiting.rbegin());
  Stretches(html, waiting.size(), "mark-down",
            [&](size_t i) { return i >= first && i < last && std::isnan(waiting[i]); });
  const auto line = [&](WallTime at, std::string_view look) {
    const auto span = static_cast<double>(table.step_s) * static_cast<double>(Length(table));
    const auto into = std::chrono::duration<double>(at - table.from).count();
    if (span <= 0 || into < 0 || into > span) return;
    html.Put("<path class=\"{}\" d=\"M{} 0V140\"/>", look,
             fmt::format("{:.1f}", into / span * kWidth));
  };
  line(context.s.started_at, "mark-start");
  for (const WallTime at : table.upgrades) line(at, "mark-upgrade");
}

// What the marks mean, once for all charts.
void MarkKeys(Html& html) {
  constexpr std::pair<std::string_view, strings::Text> kMarks[] = {
      {"mark-off", strings::kMarkOff},
      {"mark-down", strings::kMarkDown},
      {"mark-start", strings::kMarkStart},
      {"mark-upgrade", strings::kMarkUpgrade}};
  html.Raw("<ul class=\"keys\">");
  for (const auto& [look, word] : kMarks) {
    const bool is_line = look == "mark-start" || look == "mark-upgrade";
    html.Put("<li><svg viewBox=\"0 0 11 11\" aria-hidden=\"true\">");
    html.Put(is_line ? "<path class=\"{}\" d=\"M5 0V11\"/>"
                     : "<rect width=\"11\" height=\"11\" class=\"{}\"/>",
             look);
    html.Put("</svg>{}</li>", word);
  }
  html.Raw("</ul>\n");
}

void Draw(Html& html, const PageContext& context, const admin::HistoryTable& table,
          const Chart& chart) {
  const Drawing drawing = DrawingOf(table, chart);
  html.Put(
      "<section class=\"six\"><figure id=\"{}-past\" data-slow><figcaption><h2>{} "
      "<small>{}</small></h2>",
      chart.lines.front().series, chart.title, drawing.unit.word);
  Legend(html, drawing);
  html.Put(
      "</figcaption><div class=\"plot\"><span class=\"axis-top\">{}</span>"
      "<span class=\"axis-half\">{}</span>",
      NumberText(drawing.top), NumberText(drawing.top / 2));
  html.Put(
      "<svg viewBox=\"0 0 600 140\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{} {}\">",
      chart.title, drawing.unit.word);
  Marks(html, context, table);
  html.Raw("<path class=\"grid\" d=\"M0 0H600M0 70H600M0 140H600\"/>");
  for (size_t i = 0; i < drawing.lines.size(); ++i) {
    const std::string number = std::to_string(i);
    const Area area{kWidth, kHeight};
    html.Put("<path class=\"line line-{}\" d=\"{}\"/>", number,
             PathData(drawing.lines[i], drawing.top, area));
    const std::string dots = DotData(drawing.lines[i], drawing.top, area);
    if (!dots.empty()) html.Put("<path class=\"line dots line-{}\" d=\"{}\"/>", number, dots);
  }
  html.Put(
      "</svg><span class=\"axis-zero\">0</span></div><div class=\"axis\"><span>{}</span>"
      "<span>{}</span><span>{}</span></div>\n",
      TimeAt(context, table, 0), TimeAt(context, table, 0.5), strings::kNow);
  Reader(html, context, table, drawing);
  html.Raw("</figure>\n");
  Table(html, context, table, drawing);
  html.Raw("</section>\n");
}

void Ranges(Html& html, std::string_view range) {
  html.Put("<nav class=\"ranges\" aria-label=\"{}\"><ul>", strings::kRangeLabel);
  const std::pair<std::string_view, strings::Text> ranges[] = {
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
      strings::Say(strings::kConnectedShare,
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
      {strings::kChartWaiting, Measure::kCount, {{"waiting", strings::kTileWaiting}}},
      {strings::kChartRates,
       Measure::kRate,
       {{"stored_per_s", strings::kChartIn}, {"confirmed_per_s", strings::kChartOut}}},
      {strings::kChartBroker,
       Measure::kMilliseconds,
       {{"broker_ms_p50", strings::kMedian}, {"broker_ms_p99", strings::kSlowest}}},
      {strings::kChartCentre,
       Measure::kMilliseconds,
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
  static const Chart kConnected{
      strings::kChartConnected, Measure::kCount, {{"connected", strings::kChartConnected}}};
  Table(html, context, table, DrawingOf(table, kConnected));
  MarkKeys(html);
  html.Raw("</section>\n");
  for (const Chart& chart : kCharts) Draw(html, context, table, chart);
  return html.Take();
}

}  // namespace tillrelay::web
