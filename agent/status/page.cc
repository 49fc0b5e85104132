#include "agent/status/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "agent/status/status_json.h"
#include "agent/status/words.h"

namespace tillrelay::status {
namespace {

using std::chrono::seconds;
constexpr uint64_t kBarWidth = 1000;    // units of the bar's view box
constexpr uint64_t kLeastWindow = 100;  // events that the bar shows at least
constexpr size_t kMaxRows = 100;        // registers on the page

std::string_view Symbol(Level level) {
  static constexpr std::string_view kSymbols[] = {"●", "▲", "■"};
  return kSymbols[static_cast<size_t>(level)];
}

class Page {
 public:
  Page(const Snapshot& snapshot, const TimeText& time_text)
      : s_(snapshot), v_(Diagnose(snapshot, time_text)), time_text_(time_text) {}

  std::string Run() {
    out_.reserve(8192);
    Head();
    Header();
    Raw("<main id=\"content\">\n");
    VerdictSection();
    Tiles();
    Delivery();
    NeedsPerson();
    Registers();
    System();
    Raw("</main>\n</body>\n</html>\n");
    return std::move(out_);
  }

 private:
  void Raw(std::string_view html) { out_ += html; }
  void Text(std::string_view text) { out_ += EscapeHtml(text); }
  // `html` has one pair of braces per text; the texts are escaped.
  template <typename... Texts>
  void Put(fmt::string_view html, const Texts&... texts) {
    fmt::format_to(std::back_inserter(out_), fmt::runtime(html), EscapeHtml(texts)...);
  }

  std::string Store() const {
    return s_.journal.store_id.empty() ? std::string(words::kNoStore)
                                       : fmt::format(words::kStore, s_.journal.store_id);
  }
  std::string Ago(WallTime time) const {
    const auto age = std::chrono::floor<seconds>(s_.now - time);
    return AgeText(std::max(seconds(0), age)) + " ago";
  }

  void Head() {
    const std::string count =
        s_.journal.waiting > 0 ? Thousands(s_.journal.waiting) + " waiting" : v_.state;
    Raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"refresh\" content=\"5\">\n");
    Put("<title>{} {} · {} · {}</title>\n", Symbol(v_.level), count, Store(), words::kTitle);
    Put("<link rel=\"icon\" type=\"image/svg+xml\" href=\"/assets/state-{}.svg\">\n",
        Word(v_.level));
    Raw("<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n");
  }

  void Header() {
    Put("<a class=\"skip\" href=\"#content\">{}</a>\n<header><strong>{}</strong>", words::kSkip,
        words::kTitle);
    Put("<span>{}</span><span class=\"soft\">{}</span>", Store(),
        fmt::format(words::kRenews, time_text_(s_.now)));
    Raw("<nav aria-label=\"Data\"><a href=\"/v1/status\">JSON</a><a href=\"/metrics\">Metrics</a>"
        "</nav></header>\n");
  }

  void VerdictSection() {
    Put("<section class=\"verdict {}\" role=\"status\" aria-label=\"{}\">\n", Word(v_.level),
        "State: " + std::string(Word(v_.level)));
    Put("<img src=\"/assets/state-{}.svg\" alt=\"{}\" width=\"30\" height=\"30\">", Word(v_.level),
        Word(v_.level));
    Put("<h1>{}</h1>\n", v_.headline);
    if (!v_.reason.empty()) Put("<p>{}</p>\n", v_.reason);
    Put("<p class=\"soft\">{}</p>\n", v_.safe);
    if (!v_.steps.empty()) {
      Put("<div class=\"steps\"><b>{}</b><ol>", words::kWhatToDo);
      for (const std::string& step : v_.steps) Put("<li>{}</li>", step);
      Raw("</ol></div>\n");
    }
    Raw("</section>\n");
  }

  void Tile(std::string_view value, std::string_view label) {
    Put("<div><dt>{}</dt><dd>{}</dd></div>", label, value);
  }

  void Tiles() {
    const journal::JournalStats& j = s_.journal;
    Raw("<dl class=\"tiles\">\n");
    const bool waits = j.waiting > 0;
    Tile(Thousands(j.waiting),
         std::string(words::kTileWaiting) +
             (waits ? " · oldest " + Ago(j.oldest_waiting_at) : std::string()));
    const uint64_t captured = s_.capture.http_stored + s_.capture.file_stored;
    Tile(Thousands(captured), fmt::format(words::kTileCaptured, Since(s_.started_at)));
    Tile(Thousands(j.quarantined), words::kTileQuarantine);
    if (j.disk_days_left >= 0) {
      const auto days = static_cast<uint64_t>(j.disk_days_left);
      Tile(Thousands(days) + (days == 1 ? " day" : " days"),
           std::string(words::kTileDisk) + " · " + BytesText(j.disk_free_bytes) + " free");
    } else {
      Tile(BytesText(j.disk_free_bytes), words::kTileDiskUnknown);
    }
    Raw("</dl>\n");
  }

  std::string Since(WallTime time) const {
    return s_.now - time < std::chrono::hours(20) ? time_text_(time) : Ago(time);
  }

  // How far `number` reaches in a bar that ends at the head and begins a window before it.
  uint64_t Reach(uint64_t number) const {
    const uint64_t head = s_.journal.head;
    const uint64_t window = std::min(head, std::max(kLeastWindow, s_.journal.waiting * 4));
    if (window == 0) return 0;
    const uint64_t below = head - std::min(head, number);
    return below >= window ? 0 : (window - below) * kBarWidth / window;
  }

  void Rect(uint64_t width, std::string_view fill) {
    Put("<rect width=\"{}\" height=\"26\" class=\"fill-{}\"/>", std::to_string(width), fill);
  }

  void Key(std::string_view fill, std::string_view label, uint64_t number) {
    Put("<li><svg viewBox=\"0 0 11 11\" aria-hidden=\"true\"><rect width=\"11\" height=\"11\" "
        "rx=\"3\" class=\"fill-{}\"/></svg>{} <b>{}</b></li>",
        fill, label, Thousands(number));
  }

  void Delivery() {
    const journal::JournalStats& j = s_.journal;
    Put("<section class=\"seven\"><h2>{}</h2>\n", words::kDelivery);
    std::string label = fmt::format("{} {}", words::kAcked, Thousands(s_.acked_through()));
    if (!s_.by_broker()) {
      label = fmt::format("{} {}, {}", words::kConfirmed, Thousands(j.confirmed_through), label);
    }
    label += fmt::format(", {} {}", words::kStored, Thousands(j.head));
    Put("<svg class=\"bar\" viewBox=\"0 0 1000 26\" preserveAspectRatio=\"none\" role=\"img\" "
        "aria-label=\"{}\">",
        label);
    Rect(j.head > 0 ? kBarWidth : 0, "pending");
    Rect(Reach(s_.acked_through()), "acked");
    if (!s_.by_broker()) Rect(Reach(j.confirmed_through), "confirmed");
    Raw("</svg>\n<ul class=\"keys\">");
    if (!s_.by_broker()) Key("confirmed", words::kConfirmed, j.confirmed_through);
    Key("acked", words::kAcked, s_.acked_through());
    Key("pending", words::kStored, j.head);
    Raw("</ul>\n");
    if (!s_.uplink.broker.empty()) {
      Put("<p class=\"note\">Broker <code>{}</code>{}</p>\n", s_.uplink.broker,
          s_.by_broker() ? " · its acknowledgement counts as delivered" : "");
    }
    Raw("</section>\n");
  }

  void NeedsPerson() {
    Put("<section class=\"five\"><h2>{}</h2>\n", words::kNeedsPerson);
    if (v_.issues.empty()) {
      Put("<p class=\"none soft\">{}</p>", words::kNobody);
    } else {
      Raw("<ul class=\"issues\">");
      for (const Issue& issue : v_.issues) {
        Put("<li><span class=\"{}-text\" aria-hidden=\"true\">{}</span><strong>{}</strong>"
            "<small>{}</small></li>",
            Word(issue.level), Symbol(issue.level), issue.title, issue.detail);
      }
      Raw("</ul>");
    }
    Raw("</section>\n");
  }

  void Registers() {
    Put("<section class=\"seven\"><h2>{}</h2>\n", words::kRegisters);
    if (s_.registers.empty()) {
      Put("<p class=\"none soft\">{}</p></section>\n",
          fmt::format(words::kNoRegisters, s_.intake_address));
      return;
    }
    Raw("<table><thead><tr><th scope=\"col\">Register</th><th scope=\"col\" class=\"num\">Sales"
        "</th><th scope=\"col\" class=\"num\">Returns</th><th scope=\"col\" class=\"num\">Others"
        "</th><th scope=\"col\">Numbers</th><th scope=\"col\">Day</th>"
        "<th scope=\"col\">Last heard</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < s_.registers.size() && i < kMaxRows; ++i) Register(s_.registers[i]);
    Raw("</tbody></table></section>\n");
  }

  void Register(const books::RegisterRow& row) {
    Put("<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td>{}</td><td>{}</td><td{}>{}</td></tr>\n",
        row.register_id, Count(row.sales), Count(row.returns), Count(row.others),
        row.missing == 0 ? std::string(words::kNumbersWhole)
                         : fmt::format(words::kNumbersMissing, row.gaps),
        words::DayClose(row.result, row.reopened), row.silent ? " class=\"amber-text\"" : "",
        row.heard_at == WallTime{} ? std::string(words::kNeverHeard) : Ago(row.heard_at));
  }
  static std::string Count(int64_t number) { return Thousands(static_cast<uint64_t>(number)); }

  void Fact(std::string_view name, std::string_view value) {
    if (!value.empty()) Put("<dt>{}</dt><dd>{}</dd>", name, value);
  }

  void System() {
    const capture::CaptureStats& c = s_.capture;
    Put("<section class=\"five\"><h2>{}</h2>\n<dl class=\"facts\">", words::kSystem);
    Fact("Version", s_.version);
    Fact("Host", s_.host);
    Fact("Running since", Since(s_.started_at));
    Fact("Intake", s_.intake_address);
    Fact("Journal", BytesText(s_.journal.journal_bytes));
    Fact("Stream", s_.journal.stream);
    Fact("Files", fmt::format("{} done, {} rejected, {} waiting", Thousands(c.files_done),
                              Thousands(c.files_rejected), Thousands(c.files_waiting)));
    Fact("Duplicates", Thousands(c.http_duplicate + c.file_duplicate));
    Fact("Card numbers masked", Thousands(c.redactions));
    Raw("</dl></section>\n");
  }

  const Snapshot& s_;
  const Verdict v_;
  const TimeText& time_text_;
  std::string out_;
};

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
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

std::string OverviewPage(const Snapshot& snapshot, const TimeText& time_text) {
  return Page(snapshot, time_text).Run();
}

}  // namespace tillrelay::status
