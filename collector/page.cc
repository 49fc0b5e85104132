#include "collector/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view Symbol(Level level) {
  constexpr std::string_view kSymbols[] = {"●", "▲", "■"};
  return kSymbols[static_cast<size_t>(level)];
}

std::string_view Word(Level level) {
  constexpr std::string_view kWords[] = {"good", "look", "trouble"};
  return kWords[static_cast<size_t>(level)];
}

// 1234567 -> 1,234,567
std::string Thousands(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string Stores(uint64_t count) { return count == 1 ? "1 store" : Thousands(count) + " stores"; }

class Page {
 public:
  explicit Page(const PageView& view) : v_(view) {
    for (const StoreTrouble& s : v_.stores) {
      ++levels_[static_cast<size_t>(s.level)];
      waiting_ += s.news.waiting;
      missing_ += s.facts.missing;
      confirmed_ += s.facts.confirmed;
    }
  }

  std::string Run() {
    Judge();
    Head();
    Verdict();
    Tiles();
    Table();
    Put("<footer>Renews itself every 15 s · as of {} · <a href=\"/v1/stores\">JSON</a> · "
        "<a href=\"/metrics\">metrics</a> · tillrelay-collector {}</footer>\n",
        event::UtcText(v_.now), std::string_view(TILLRELAY_VERSION));
    out_ += "</main>\n</body>\n</html>\n";
    return std::move(out_);
  }

 private:
  // `html` has one pair of braces a text; the texts are escaped.
  template <typename... Texts>
  void Put(std::string_view html, const Texts&... texts) {
    fmt::format_to(std::back_inserter(out_), fmt::runtime(html), Escaped(texts)...);
  }

  void Judge() {
    const uint64_t bad = levels_[2], warn = levels_[1];
    level_ = bad > 0 ? Level::kBad : warn > 0 ? Level::kWarn : Level::kGood;
    if (v_.collector.failing || !v_.database_answers) {
      level_ = Level::kBad;
      sentence_ = "The database fails. Nothing is confirmed until it works.";
      advice_ =
          "Nothing is lost: the stores keep every sale until it is confirmed. Look at the "
          "database server, its disk and its log.";
    } else if (!v_.collector.connected) {
      level_ = Level::kBad;
      sentence_ = "The broker cannot be reached.";
      advice_ = "Nothing is lost: the stores keep every sale and send it when the broker is back.";
    } else if (v_.stores.empty()) {
      sentence_ = "No store has been heard from yet.";
      advice_ = "The first status of a store makes it appear here.";
    } else if (bad > 0) {
      sentence_ = Stores(bad) + (bad == 1 ? " is" : " are") + " in trouble.";
      advice_ = v_.stores.front().store + ": " + v_.stores.front().sentence + ".";
    } else if (warn > 0) {
      sentence_ = Stores(warn) + (warn == 1 ? " needs" : " need") + " a look.";
      advice_ = v_.stores.front().store + ": " + v_.stores.front().sentence + ".";
    } else {
      sentence_ = "All " + Stores(v_.stores.size()) + " are well.";
      advice_ = missing_ == 0 ? "Everything that was sent has been counted, once." : "";
    }
  }

  void Head() {
    out_ +=
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"refresh\" content=\"15\">\n";
    Put("<title>{} {} · Tillrelay centre</title>\n", Symbol(level_), sentence_);
    out_ +=
        "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n"
        "<header><strong>Tillrelay</strong><span>Centre</span></header>\n<main>\n";
  }

  void Verdict() {
    Put("<section class=\"verdict {}\" role=\"status\"><span class=\"mark\" aria-hidden=\"true\">"
        "{}</span><h1>{}</h1><p>{}</p></section>\n",
        LevelWord(level_), Symbol(level_), sentence_, advice_);
  }

  void Tiles() {
    out_ += "<dl class=\"tiles\">";
    const auto tile = [this](const std::string& number, std::string_view what) {
      Put("<div><dt>{}</dt><dd>{}</dd></div>", what, number);
    };
    tile(fmt::format("{} / {} / {}", levels_[2], levels_[1], levels_[0]),
         "stores in trouble / to look at / well");
    tile(Thousands(waiting_), "events waiting in stores");
    tile(Thousands(missing_), "events missing, asked for");
    tile(Thousands(confirmed_), "events confirmed");
    out_ += "</dl>\n";
  }

  void Table() {
    out_ += "<section><h2>Stores, the worst first</h2>\n";
    if (v_.stores.empty()) {
      out_ += "<p>None yet.</p></section>\n";
      return;
    }
    out_ +=
        "<table><thead><tr><th scope=\"col\">Store</th><th scope=\"col\">State</th>"
        "<th scope=\"col\" class=\"num\">Waiting</th><th scope=\"col\">Oldest</th>"
        "<th scope=\"col\">Last heard</th><th scope=\"col\">Version</th></tr></thead><tbody>\n";
    for (const StoreTrouble& store : v_.stores) Row(store);
    out_ += "</tbody></table></section>\n";
  }

  void Row(const StoreTrouble& s) {
    const bool heard = s.news.heard_at != WallTime();
    Put("<tr><th scope=\"row\">{}</th><td><span class=\"state {}\"><span aria-hidden=\"true\">{}"
        "</span> {}</span><ul>",
        s.store, LevelWord(s.level), Symbol(s.level), Word(s.level));
    if (s.alarms.empty()) Put("<li>{}</li>", s.sentence);
    for (const auto& alarm : s.alarms) Put("<li>{}</li>", alarm.text);
    Put("</ul></td><td class=\"num\" data-k=\"Waiting\">{}</td><td data-k=\"Oldest\">{}</td>"
        "<td data-k=\"Last heard\">{}</td><td data-k=\"Version\">{}</td></tr>\n",
        s.known ? Thousands(s.news.waiting) : "–",
        s.news.oldest_waiting_at.empty() ? "–" : s.news.oldest_waiting_at,
        heard ? AgeText(v_.now - s.news.heard_at) + " ago" : "not yet",
        s.news.version.empty() ? "–" : s.news.version);
  }

  const PageView& v_;
  uint64_t levels_[3] = {}, waiting_ = 0, missing_ = 0, confirmed_ = 0;
  Level level_ = Level::kGood;
  std::string sentence_, advice_, out_;
};

}  // namespace

std::string PageHtml(const PageView& view) { return Page(view).Run(); }

const char* const kStyle = R"css(
:root {
  color-scheme: light dark;
  --ground: #f6f7f8; --card: #fff; --line: #dde1e6; --ink: #16191d; --soft: #555e69;
  --ok: #11704a; --ok-ground: #e5f4ec; --warn: #855200; --warn-ground: #fdf1dc;
  --bad: #b3261e; --bad-ground: #fbe9e7; --act: #1f5fbf;
}
@media (prefers-color-scheme: dark) { :root {
  --ground: #111417; --card: #1a1e22; --line: #2f363d; --ink: #e9ecef; --soft: #a7b0ba;
  --ok: #5fce97; --ok-ground: #14281e; --warn: #f0b955; --warn-ground: #2c2313;
  --bad: #ff938a; --bad-ground: #331a18; --act: #8ab7ff;
} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
a { color: var(--act); text-underline-offset: 2px; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
header { display: flex; gap: 18px; align-items: baseline; padding: 12px 24px;
  border-bottom: 1px solid var(--line); background: var(--card); }
header span, footer { color: var(--soft); font-size: 14px; }
main { max-width: 1180px; margin: 0 auto; padding: 24px; display: grid; gap: 16px; }
section, .tiles div { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 18px 20px; min-width: 0; }
h2 { margin: 0 0 12px; font-size: 14px; font-weight: 600; color: var(--soft); }
.verdict { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 16px;
  border-left-width: 6px; }
.verdict h1 { margin: 0; font-size: 23px; line-height: 1.3; font-weight: 650; }
.verdict p { grid-column: 2; margin: 0; max-width: 75ch; }
.mark { font-size: 24px; line-height: 1.25; }
.verdict.good { background: var(--ok-ground); border-left-color: var(--ok); }
.verdict.warn { background: var(--warn-ground); border-left-color: var(--warn); }
.verdict.bad { background: var(--bad-ground); border-left-color: var(--bad); }
.good .mark, .state.good { color: var(--ok); }
.warn .mark, .state.warn { color: var(--warn); }
.bad .mark, .state.bad { color: var(--bad); }
.state { font-weight: 600; white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px; margin: 0; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end;
  padding: 14px 18px; }
.tiles dt { color: var(--soft); font-size: 14px; line-height: 1.4; }
.tiles dd { margin: 0; font-size: 28px; line-height: 1.25; font-weight: 650; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: 9px 14px 9px 0; border-top: 1px solid var(--line);
  vertical-align: top; }
thead th { border-top: 0; padding-top: 0; color: var(--soft); font-size: 13px; }
td ul { margin: 0; padding: 0; list-style: none; color: var(--soft); font-size: 14px; }
.num { text-align: right; padding-right: 26px; }
@media (min-width: 1600px) { main { max-width: 1720px; } body { font-size: 18px; } }
@media (max-width: 900px) { .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 640px) {
  main { padding: 12px; gap: 12px; } header { padding: 10px 16px; } section { padding: 14px 16px; }
  .tiles { gap: 12px; } .tiles dd { font-size: 22px; } .verdict h1 { font-size: 20px; }
  thead { position: absolute; left: -100vw; }
  tr { display: block; border-top: 1px solid var(--line); padding: 10px 0; }
  tbody tr:first-child { border-top: 0; padding-top: 0; }
  th[scope=row] { display: block; border: 0; padding: 0; font-size: 17px; }
  td { display: block; border: 0; padding: 1px 0; }
  td[data-k] { display: inline-block; margin-right: 16px; font-size: 14px; }
  td[data-k]::before { content: attr(data-k) " "; color: var(--soft); }
  .num { text-align: left; padding-right: 0; }
}
@media print { body { background: #fff; } }
)css";

}  // namespace tillrelay::collector
