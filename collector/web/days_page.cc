#include "collector/web/days_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "collector/web/frame.h"
#include "common/reconcile/day_summary.h"

namespace tillrelay::collector {
namespace {

// In the order of what has to be looked at first.
struct StateRule {
  std::string_view word, title;
  Level level;
};
constexpr StateRule kStates[] = {
    {"blocked", "Blocked", Level::kRed},   {"judging", "Being judged", Level::kAmber},
    {"open", "Not closed", Level::kAmber}, {"ready", "Ready to sign", Level::kGreen},
    {"signed", "Signed", Level::kGreen},   {"nothing", "Nothing came", Level::kAmber}};

size_t RankOf(std::string_view state) {
  return static_cast<size_t>(
      std::find_if(std::begin(kStates), std::end(kStates) - 1,
                   [state](const StateRule& rule) { return rule.word == state; }) -
      std::begin(kStates));
}

class Page {
 public:
  Page(const DaysAnswer& answer, WallTime now) : v_(answer) {
    for (const DayRow& row : v_.stores) {
      rows_.push_back(&row);
      ++counts_[RankOf(row.state)];
    }
    std::stable_sort(rows_.begin(), rows_.end(), [](const DayRow* a, const DayRow* b) {
      if (a->state != b->state) return RankOf(a->state) < RankOf(b->state);
      return a->rank > b->rank;
    });
    frame_.now = now;
    frame_.path = "/days";
    frame_.json = "/v1/days";
    frame_.script = "/decide.js";
    Assess();
  }

  std::string Run() {
    BeginPage(frame_, &html_);
    Verdict();
    Filter();
    Table();
    Template();
    EndPage(frame_, &html_);
    return html_.Take();
  }

 private:
  uint64_t Of(std::string_view state) const { return counts_[RankOf(state)]; }

  void Assess() {
    const uint64_t blocked = Of("blocked"), ready = Of("ready");
    const uint64_t open = Of("open") + Of("judging");
    frame_.level = blocked > 0 ? Level::kRed : ready + open > 0 ? Level::kAmber : Level::kGreen;
    if (v_.business_day.empty()) {
      frame_.sentence = "Nothing of any day has come yet.";
    } else if (blocked > 0) {
      frame_.sentence = fmt::format("{} of {} stores cannot be signed.", blocked, rows_.size());
    } else if (ready + open > 0) {
      frame_.sentence = fmt::format("Nothing blocks the {} stores that closed.", ready);
    } else {
      frame_.sentence = "Everything that came is signed.";
    }
  }

  void Verdict() {
    std::string counts;
    for (const StateRule& rule : kStates) {
      const uint64_t count = Of(rule.word);
      if (count == 0) continue;
      counts += fmt::format("{}{}: {}", counts.empty() ? "" : " · ", rule.title, count);
    }
    html_.Put(
        "<div class=\"verdict whole {}\" role=\"status\"><span class=\"mark {}-text\" "
        "aria-hidden=\"true\">{}</span><h1>{}</h1><p>{}</p></div>\n",
        LevelWord(frame_.level), LevelWord(frame_.level), Symbol(frame_.level), frame_.sentence,
        counts);
  }

  void Filter() {
    html_.Put(
        "<section><h2>Business day</h2><form class=\"row\" method=\"get\" action=\"/days\">"
        "<label>Day <input type=\"date\" name=\"business_day\" value=\"{}\"></label>"
        "<button>Show</button><a href=\"/v1/days.csv{}\">CSV</a></form></section>\n",
        v_.business_day, v_.business_day.empty() ? "" : "?business_day=" + v_.business_day);
  }

  void Table() {
    html_.Raw("<section><h2>Stores, what blocks signing first</h2>\n");
    if (rows_.empty()) {
      html_.Raw("<p class=\"none\">None.</p></section>\n");
      return;
    }
    html_.Raw(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">Store</th><th scope=\"col\">Day</th>"
        "<th scope=\"col\" class=\"num\">Receipts</th><th scope=\"col\" class=\"num\">Late</th>"
        "<th scope=\"col\" class=\"num\">Over or short</th><th scope=\"col\">Signed</th></tr>"
        "</thead><tbody>\n");
    for (const DayRow* row : rows_) Row(*row);
    html_.Raw("</tbody></table>");
    if (v_.more) {
      html_.Put(
          "<p class=\"note\"><a href=\"/days?business_day={}&amp;page={}\">Further stores</a></p>",
          v_.business_day, v_.stores.back().store);
    }
    html_.Raw("</section>\n");
  }

  void Row(const DayRow& row) {
    const StateRule& rule = kStates[RankOf(row.state)];
    html_.Put(
        "<tr><th scope=\"row\">{}</th><td><span class=\"{}-text\"><span aria-hidden=\"true\">{}"
        "</span> {}</span><ul class=\"plain\">",
        row.store, LevelWord(rule.level), Symbol(rule.level), rule.title);
    if (!row.blocks.empty()) html_.Put("<li>{}</li>", row.blocks);
    if (!row.reopened_at.empty()) {
      html_.Put("<li>opened again by what came {}</li>", ClockText(row.reopened_at));
    }
    const std::string difference =
        row.differences.empty() ? "–" : reconcile::AmountsText(row.differences);
    html_.Put(
        "</ul></td><td class=\"num\" data-k=\"Receipts\">{}</td>"
        "<td class=\"num\" data-k=\"Late\">{}</td>"
        "<td class=\"num\" data-k=\"Over or short\">{}</td><td data-k=\"Signed\">",
        Thousands(row.received), Thousands(row.late), difference);
    Signature(row);
    html_.Raw("</td></tr>\n");
  }

  void Signature(const DayRow& row) {
    if (!row.signed_at.empty()) {
      html_.Put("{}<br><small>{} {}</small>", row.signed_by, ClockText(row.signed_at),
                row.signed_note);
    } else if (row.state == "blocked" || row.state == "ready") {
      html_.Put(
          "<div class=\"decide\"><button class=\"plain\" data-id=\"{}/{}\">Sign</button></div>",
          row.store, v_.business_day);
    }
  }

  // What a button becomes when it is pressed.
  void Template() {
    html_.Raw(
        "<template data-path=\"/v1/days/\"><form class=\"fields\">"
        "<input type=\"hidden\" name=\"state\" value=\"signed\">"
        "<label>Note <input name=\"note\" maxlength=\"500\"></label>"
        "<label>Your name <input name=\"actor\" required maxlength=\"64\"></label>"
        "<button class=\"primary\">Sign</button><button type=\"button\">Cancel</button>"
        "<p class=\"red-text\" role=\"alert\"></p></form></template>\n");
  }

  const DaysAnswer& v_;
  std::vector<const DayRow*> rows_;
  uint64_t counts_[std::size(kStates)] = {};
  PageFrame frame_;
  http::Html html_;
};

}  // namespace

std::string DaysPageHtml(const DaysAnswer& answer, WallTime now) { return Page(answer, now).Run(); }

}  // namespace tillrelay::collector
