#include "collector/web/page.h"

#include <fmt/format.h>

#include "collector/web/frame.h"
#include "common/web/html.h"
#include "common/web/units.h"

namespace tillrelay::collector {
namespace {

std::string_view StateText(Level level) {
  constexpr std::string_view kTexts[] = {"Healthy", "Needs attention", "Critical"};
  return kTexts[static_cast<size_t>(level)];
}

std::string Stores(uint64_t count) { return count == 1 ? "1 store" : Thousands(count) + " stores"; }

class Page {
 public:
  explicit Page(const PageView& view) : v_(view) {
    for (const StoreHealth& s : v_.stores) {
      ++levels_[static_cast<size_t>(s.level)];
      waiting_ += s.news.waiting;
      missing_ += s.facts.missing;
      confirmed_ += s.facts.confirmed;
    }
  }

  std::string Run() {
    Assess();
    PageFrame frame;
    frame.level = level_;
    frame.sentence = sentence_;
    frame.path = "/";
    frame.json = "/v1/stores";
    frame.now = v_.now;
    BeginPage(frame, &html_);
    Verdict();
    Tiles();
    Table();
    EndPage(frame, &html_);
    return html_.Take();
  }

 private:
  void Assess() {
    const uint64_t bad = levels_[2], warn = levels_[1];
    level_ = bad > 0 ? Level::kRed : warn > 0 ? Level::kAmber : Level::kGreen;
    if (v_.collector.failing || !v_.database_answers) {
      level_ = Level::kRed;
      sentence_ = "The database fails. Nothing is confirmed until it works.";
      advice_ =
          "Nothing is lost: the stores keep every sale until it is confirmed. Look at the "
          "database server, its disk and its log.";
    } else if (!v_.collector.connected) {
      level_ = Level::kRed;
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
    } else if (v_.halted_sinks > 0) {
      level_ = Level::kAmber;
      sentence_ = fmt::format("All {} are well; {} of the sinks halted.", Stores(v_.stores.size()),
                              v_.halted_sinks);
      advice_ = "What was not delivered waits, in order. The page Sinks says why.";
    } else {
      sentence_ = "All " + Stores(v_.stores.size()) + " are well.";
      advice_ = missing_ == 0 ? "Everything that was sent has been counted, once." : "";
    }
  }

  void Verdict() {
    html_.Put(
        "<div class=\"verdict whole {}\" role=\"status\"><span class=\"mark {}-text\" "
        "aria-hidden=\"true\">{}</span><h1>{}</h1><p>{}</p></div>\n",
        LevelWord(level_), LevelWord(level_), Symbol(level_), sentence_, advice_);
  }

  void Tiles() {
    html_.Raw("<dl class=\"tiles\">");
    const auto tile = [this](const std::string& number, std::string_view what) {
      html_.Put("<div><dt>{}</dt><dd>{}</dd></div>", what, number);
    };
    tile(fmt::format("{} / {} / {}", levels_[2], levels_[1], levels_[0]),
         "stores in trouble / to look at / well");
    tile(Thousands(waiting_), "events waiting in stores");
    tile(Thousands(missing_), "events missing, asked for");
    tile(Thousands(confirmed_), "events confirmed");
    html_.Raw("</dl>\n");
  }

  void Table() {
    html_.Raw("<section><h2>Stores, the worst first</h2>\n");
    if (v_.stores.empty()) {
      html_.Raw("<p class=\"none\">None yet.</p></section>\n");
      return;
    }
    html_.Raw(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">Store</th><th scope=\"col\">State"
        "</th><th scope=\"col\" class=\"num\">Waiting</th><th scope=\"col\">Oldest</th>"
        "<th scope=\"col\">Last heard</th><th scope=\"col\">Version</th></tr></thead><tbody>\n");
    for (const StoreHealth& store : v_.stores) Row(store);
    html_.Raw("</tbody></table></section>\n");
  }

  void Row(const StoreHealth& s) {
    const bool heard = s.news.heard_at != WallTime();
    html_.Put(
        "<tr><th scope=\"row\">{}</th><td><span class=\"{}-text\"><span aria-hidden=\"true\">{}"
        "</span> {}</span><ul class=\"plain\">",
        s.store, LevelWord(s.level), Symbol(s.level), StateText(s.level));
    if (s.alarms.empty()) html_.Put("<li>{}</li>", s.sentence);
    for (const auto& alarm : s.alarms) html_.Put("<li>{}</li>", alarm.text);
    html_.Put(
        "</ul></td><td class=\"num\" data-k=\"Waiting\">{}</td><td data-k=\"Oldest\">{}</td>"
        "<td data-k=\"Last heard\">{}</td><td data-k=\"Version\">{}</td></tr>\n",
        s.known ? Thousands(s.news.waiting) : "–",
        s.news.oldest_waiting_at.empty() ? "–" : s.news.oldest_waiting_at,
        heard ? AgeText(v_.now - s.news.heard_at) + " ago" : "not yet",
        s.news.version.empty() ? "–" : s.news.version);
  }

  const PageView& v_;
  uint64_t levels_[3] = {}, waiting_ = 0, missing_ = 0, confirmed_ = 0;
  Level level_ = Level::kGreen;
  std::string sentence_, advice_;
  http::Html html_;
};

}  // namespace

std::string PageHtml(const PageView& view) { return Page(view).Run(); }

}  // namespace tillrelay::collector
