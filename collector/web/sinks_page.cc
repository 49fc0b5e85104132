// The page of the sinks: sinks_view.h.
#include <fmt/format.h>

#include "collector/web/frame.h"
#include "collector/web/sinks_view.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

Level LevelOf(const SinkState& s) {
  const std::string_view word = StateWord(s);
  if (word == "halted") return Level::kRed;
  return word == "idle" || word == "delivering" ? Level::kGreen : Level::kAmber;
}

std::string HaltedText(const SinkState& s) {
  if (s.row.halted == kHaltedRefused) {
    return fmt::format(
        "The receiver refused position {} ({} of store {}). Correct the receiver and "
        "retry, or skip this change.",
        s.row.sending, s.refused.kind, s.refused.store);
  }
  if (s.row.halted == kHaltedGone) return "The receiver wants no more. Retry once it does.";
  if (s.row.halted == kHaltedPurged) {
    return "What it lacks was deleted by age. Load the stock anew and restart from its cursor.";
  }
  return "The database was restored from a backup. Load the stock anew and restart from its "
         "cursor.";
}

class Page {
 public:
  Page(const std::vector<SinkState>& sinks, WallTime now) : sinks_(sinks), now_(now) {
    for (const SinkState& s : sinks_) ++levels_[static_cast<size_t>(LevelOf(s))];
  }

  std::string Run() {
    PageFrame frame;
    frame.level = levels_[2] > 0 ? Level::kRed : levels_[1] > 0 ? Level::kAmber : Level::kGreen;
    frame.sentence = Sentence();
    frame.path = "/sinks";
    frame.json = "/v1/sinks";
    frame.script = "/decide.js";
    frame.now = now_;
    BeginPage(frame, &html_);
    html_.Put(
        "<div class=\"verdict whole {}\" role=\"status\"><span class=\"mark {}-text\" "
        "aria-hidden=\"true\">{}</span><h1>{}</h1><p>{}</p></div>\n",
        LevelWord(frame.level), LevelWord(frame.level), Symbol(frame.level), frame.sentence,
        frame.level == Level::kGreen
            ? ""
            : "Nothing is left out: what was not delivered waits, in order.");
    Table();
    Template();
    EndPage(frame, &html_);
    return html_.Take();
  }

 private:
  std::string Sentence() const {
    if (sinks_.empty()) return "No sinks are configured.";
    if (levels_[2] > 0) return fmt::format("{} of {} sinks halted.", levels_[2], sinks_.size());
    if (levels_[1] > 0) {
      return fmt::format("{} of {} sinks need attention.", levels_[1], sinks_.size());
    }
    return "All sinks are delivering.";
  }

  void Table() {
    html_.Raw("<section><h2>Sinks</h2>\n");
    if (sinks_.empty()) {
      html_.Raw("<p class=\"none\">None.</p></section>\n");
      return;
    }
    html_.Raw(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">Sink</th><th scope=\"col\">State"
        "</th><th scope=\"col\" class=\"num\">Behind</th><th scope=\"col\">Oldest waiting</th>"
        "<th scope=\"col\">Last delivery</th><th scope=\"col\">Decide</th></tr></thead><tbody>\n");
    for (const SinkState& s : sinks_) Row(s);
    html_.Raw("</tbody></table></section>\n");
  }

  std::string AgeOf(const std::string& utc) const {
    const auto at = event::ParseUtc(utc);
    return at.ok() ? AgeText(now_ - *at) : "–";
  }

  void Row(const SinkState& s) {
    const Level level = LevelOf(s);
    html_.Put(
        "<tr><th scope=\"row\">{}</th><td><span class=\"{}-text\"><span aria-hidden=\"true\">{}"
        "</span> {}</span><ul class=\"plain\">",
        s.row.name, LevelWord(level), Symbol(level), StateWord(s));
    if (!s.row.halted.empty()) html_.Put("<li>{}</li>", HaltedText(s));
    if (!s.row.failure.empty()) {
      html_.Put("<li>{} ({}, {} times)</li>", s.row.failure, ClockText(s.row.failed_at),
                Thousands(s.row.failures));
    }
    if (!s.served) html_.Raw("<li>No collector that runs has it in its configuration.</li>");
    html_.Put(
        "</ul></td><td class=\"num\" data-k=\"Behind\">{}</td><td data-k=\"Oldest waiting\">{}</td>"
        "<td data-k=\"Last delivery\">{}</td><td data-k=\"Decide\"><div class=\"decide\">"
        "<button class=\"plain\" data-id=\"{}\" data-cursor=\"{}\">Decide</button></div></td>"
        "</tr>\n",
        Thousands(s.behind), AgeOf(s.oldest_waiting_at),
        s.row.delivered_at.empty() ? "never" : ClockText(s.row.delivered_at), s.row.name,
        s.refused.cursor);
  }

  // What a button becomes when it is pressed.
  void Template() {
    html_.Raw(
        "<template data-path=\"/v1/sinks/\"><form class=\"fields\">"
        "<label>Do <select name=\"action\"><option value=\"retry\">retry now</option>"
        "<option value=\"pause\">pause</option><option value=\"resume\">resume</option>"
        "<option value=\"skip\">skip the refused change</option>"
        "<option value=\"restart\">restart from a cursor</option>"
        "<option value=\"remove\">remove</option></select></label>"
        "<label>Cursor <input name=\"cursor\" maxlength=\"64\"></label>"
        "<label>Note <input name=\"note\" maxlength=\"500\"></label>"
        "<label>Your name <input name=\"actor\" required maxlength=\"64\"></label>"
        "<button class=\"primary\">Save</button><button type=\"button\">Cancel</button>"
        "<p class=\"red-text\" role=\"alert\"></p></form></template>\n");
  }

  const std::vector<SinkState>& sinks_;
  const WallTime now_;
  size_t levels_[3] = {};
  http::Html html_;
};

}  // namespace

std::string SinksPageHtml(const std::vector<SinkState>& sinks, WallTime now) {
  return Page(sinks, now).Run();
}

}  // namespace tillrelay::collector
