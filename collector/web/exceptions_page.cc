#include "collector/web/exceptions_page.h"

#include <fmt/format.h>

#include "collector/web/exceptions_view.h"
#include "collector/web/frame.h"
#include "common/base/decimal.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr std::string_view kStates[] = {"",        kOpen,    kAcknowledged, kAssigned,
                                        kResolved, kRetired, "all"};

std::string MoneyText(const Exception& x) {
  const int64_t hundredths = (*x.money + Decimal::kUnit / 200) / (Decimal::kUnit / 100);
  return fmt::format("{}.{:02} {}", Thousands(static_cast<uint64_t>(hundredths / 100)),
                     hundredths % 100, x.currency);
}

class Page {
 public:
  explicit Page(const ExceptionsView& view) : v_(view) {
    for (const auto& [kind, states] : v_.counts) {
      for (const auto& [state, count] : states) CountIn(kind, state, count);
    }
    frame_.now = v_.now;
    frame_.path = "/exceptions";
    frame_.json = "/v1/exceptions";
    frame_.script = "/decide.js";
    frame_.level = bad_ > 0 ? Level::kRed : open_ > 0 ? Level::kAmber : Level::kGreen;
    frame_.sentence = open_ == 0   ? "No open exceptions."
                      : open_ == 1 ? "1 open exception."
                                   : Thousands(open_) + " open exceptions.";
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
  void CountIn(const std::string& kind, const std::string& state, uint64_t count) {
    const KindRule* rule = FindKind(kind);
    if (state == kOpen) open_ += count;
    if (state == kOpen && rule != nullptr && rule->level == Level::kRed) bad_ += count;
    if (state == kAcknowledged || state == kAssigned) known_ += count;
    if (state == kOpen) by_kind_[kind] += count;
  }

  void Verdict() {
    const std::string known =
        fmt::format("{} more are acknowledged or assigned. ", Thousands(known_));
    html_.Put(
        "<div class=\"verdict whole {}\" role=\"status\"><span class=\"mark {}-text\" "
        "aria-hidden=\"true\">{}</span><h1>{}</h1><p>{}{}</p></div>\n",
        LevelWord(frame_.level), LevelWord(frame_.level), Symbol(frame_.level), frame_.sentence,
        known_ > 0 ? known : "",
        v_.last_round.empty() ? "Nothing has been looked at yet."
                              : "Looked at " + ClockText(v_.last_round) + ".");
  }

  void Option(std::string_view value, std::string_view chosen, std::string_view text) {
    html_.Put(value == chosen ? "<option value=\"{}\" selected>{}</option>"
                              : "<option value=\"{}\">{}</option>",
              value, text);
  }

  void Filter() {
    const ExceptionsQuestion& q = v_.question;
    html_.Put(
        "<section><h2>Filter</h2><form class=\"row\" method=\"get\" action=\"/exceptions\">"
        "<label>Store <input name=\"store\" value=\"{}\"></label>"
        "<label>Kind <select name=\"kind\">",
        q.store);
    Option("", q.kind, "all kinds");
    for (const KindRule& kind : ExceptionKinds()) {
      const uint64_t count = by_kind_[std::string(kind.word)];
      Option(kind.word, q.kind,
             count == 0 ? std::string(kind.title) : fmt::format("{} ({})", kind.title, count));
    }
    html_.Raw("</select></label><label>State <select name=\"state\">");
    for (const std::string_view state : kStates) {
      Option(state, q.state, state.empty() ? "not over" : state);
    }
    html_.Raw("</select></label><button>Show</button></form></section>\n");
  }

  void Table() {
    html_.Raw("<section><h2>Exceptions, the worst first</h2>\n");
    if (v_.exceptions.empty()) {
      html_.Raw("<p class=\"none\">None.</p></section>\n");
      return;
    }
    html_.Raw(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">Store</th><th scope=\"col\">What</th>"
        "<th scope=\"col\" class=\"num\">Money</th><th scope=\"col\">Since</th>"
        "<th scope=\"col\">State</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < v_.exceptions.size() && i < v_.question.limit; ++i) {
      Row(v_.exceptions[i]);
    }
    html_.Raw("</tbody></table>");
    if (v_.exceptions.size() > v_.question.limit) {
      html_.Put(
          "<p class=\"note\"><a href=\"/exceptions?store={}&amp;kind={}&amp;state={}&amp;page={}\">"
          "Further ones</a></p>",
          v_.question.store, v_.question.kind, v_.question.state,
          ExceptionsPage(v_.exceptions[v_.question.limit - 1]) + v_.question.page_end);
    }
    html_.Raw("</section>\n");
  }

  void Row(const Exception& x) {
    const KindRule* rule = FindKind(x.key.kind);
    html_.Put(
        "<tr><th scope=\"row\">{}</th><td><span class=\"{}-text\"><span aria-hidden=\"true\">{}"
        "</span> {}</span><ul class=\"plain\"><li>{}</li>",
        x.key.store, LevelWord(x.level), Symbol(x.level),
        rule == nullptr ? std::string_view(x.key.kind) : rule->title,
        x.item.empty() ? x.detail : x.item + ": " + x.detail);
    if (x.times > 1) html_.Put("<li>came {} times</li>", fmt::format("{}", x.times));
    const auto since = event::ParseUtc(x.since);
    html_.Put(
        "</ul></td><td class=\"num\" data-k=\"Money\">{}</td><td data-k=\"Since\">{}<br>"
        "<small>{}</small></td><td data-k=\"State\">",
        x.money ? MoneyText(x) : "–", ClockText(x.since),
        since.ok() ? AgeText(v_.now - *since) : "");
    State(x);
    html_.Raw("</td></tr>\n");
  }

  void State(const Exception& x) {
    html_.Put("{}", x.state);
    if (!x.assignee.empty()) html_.Put(" to {}", x.assignee);
    if (!x.actor.empty()) {
      html_.Put("<br><small>{}: {} ({})</small>", x.actor, x.note.empty() ? "no note" : x.note,
                ClockText(x.changed_at));
    }
    html_.Put("<div class=\"decide\"><button class=\"plain\" data-id=\"{}\">Decide</button></div>",
              ExceptionId(x.key));
  }

  // What a button becomes when it is pressed.
  void Template() {
    html_.Raw(
        "<template data-path=\"/v1/exceptions/\"><form class=\"fields\">"
        "<label>It is <select name=\"state\"><option value=\"acknowledged\">acknowledged</option>"
        "<option value=\"assigned\">assigned</option><option value=\"resolved\">resolved</option>"
        "<option value=\"retired\">retired</option><option value=\"open\">open</option></select>"
        "</label><label>to <input name=\"assignee\" maxlength=\"64\"></label>"
        "<label>Note <input name=\"note\" maxlength=\"500\"></label>"
        "<label>Your name <input name=\"actor\" required maxlength=\"64\"></label>"
        "<button class=\"primary\">Save</button><button type=\"button\">Cancel</button>"
        "<p class=\"red-text\" role=\"alert\"></p></form></template>\n");
  }

  const ExceptionsView& v_;
  PageFrame frame_;
  uint64_t open_ = 0, bad_ = 0, known_ = 0;
  std::map<std::string, uint64_t> by_kind_;  // open ones
  http::Html html_;
};

}  // namespace

std::string ExceptionsPageHtml(const ExceptionsView& view) { return Page(view).Run(); }

}  // namespace tillrelay::collector
