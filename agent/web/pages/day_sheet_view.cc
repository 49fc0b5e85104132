#include "agent/web/pages/day_sheet_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/http/message.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

constexpr size_t kShownLate = 100;  // the exports name all

std::string Known(const std::string& text) { return text.empty() ? "–" : strings::Amount(text); }

template <typename... Names>
void Columns(Html& html, std::string_view first, const Names&... names) {
  html.Put("<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th>", first);
  (html.Put("<th scope=\"col\" class=\"num\">{}</th>", names), ...);
  html.Raw("</tr></thead><tbody>\n");
}

void Cell(Html& html, std::string_view label, std::string_view text) {
  html.Put("<td class=\"num short\" data-k=\"{}\">{}</td>", label, text);
}

// A difference of nothing is none.
void Difference(Html& html, const std::string& difference) {
  const bool differs = difference.find_first_of("123456789") != std::string::npos;
  html.Put("<td class=\"num short\" data-k=\"{}\"><span class=\"{}-text\">{}</span></td>",
           strings::kDifference, differs ? "red" : "soft", Known(difference));
}

// A receipt's number is a name: nothing is grouped in it.
bool IsNumberOfReceipt(std::string_view figure) { return figure.ends_with("_number"); }

void Figures(Html& html, const admin::DaySheet& sheet) {
  html.Put("<section class=\"six\"><h2>{}</h2>\n", strings::kSheetFigures);
  Columns(html, strings::kSheetFigures, strings::kHere, strings::kReportedByRegister,
          strings::kDifference);
  for (const admin::DayFigure& figure : sheet.figures) {
    html.Put("<tr><th scope=\"row\">{}</th>", strings::FigureName(figure.name));
    const auto shown = [&figure](const std::string& text) {
      return IsNumberOfReceipt(figure.name) && !text.empty() ? text : Known(text);
    };
    Cell(html, strings::kHere, shown(figure.here));
    Cell(html, strings::kReportedByRegister, shown(figure.reported));
    Difference(html, figure.difference);
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table></section>\n");
}

void Fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.Put("<dt>{}</dt><dd>{}</dd>\n", name, value);
}

std::string ConfirmedText(const PageContext& context, const admin::DaySheet& sheet) {
  if (!sheet.confirmed) return std::string(strings::kSheetNotConfirmed);
  if (sheet.confirmed_at == WallTime{}) return std::string(strings::kSheetConfirmed);
  return context.Stamp(sheet.confirmed_at);
}

void Facts(Html& html, const PageContext& context, const admin::DaySheet& sheet) {
  const reconcile::RegisterRow& row = sheet.day.row;
  html.Put("<dl class=\"facts\">");
  Fact(html, strings::kStoreWord, context.Store());
  Fact(html, strings::kDayClosed, strings::DayClose(row.result, row.reopened));
  Fact(html, strings::kNumbers,
       row.missing == 0 ? std::string(strings::kNumbersWhole)
                        : strings::Say(strings::kNumbersMissing, row.gaps));
  Fact(html, strings::kZ, fmt::format("{}", fmt::join(sheet.day.z_numbers, ", ")));
  Fact(html, strings::kSheetSequences,
       sheet.last_sequence == 0 ? std::string()
                                : fmt::format("{} – {}", Thousands(sheet.first_sequence),
                                              Thousands(sheet.last_sequence)));
  if (!context.s.by_broker()) {
    Fact(html, strings::kSheetConfirmedAt, ConfirmedText(context, sheet));
  }
  html.Put("<dt>{}</dt><dd><code>{}</code></dd>\n", strings::kSheetHash, sheet.stream_hash);
  Fact(html, strings::kSheetPrinted, context.Stamp(context.s.now));
  html.Raw("</dl>");
}

void Kinds(Html& html, const admin::DaySheet& sheet) {
  if (sheet.kinds.empty()) return;
  html.Put("<h2>{}</h2>\n", strings::kSheetKinds);
  Columns(html, strings::kKind, strings::kDocumentsColumn, strings::kNet);
  for (const admin::KindTotal& total : sheet.kinds) {
    html.Put("<tr><th scope=\"row\">{} {}</th>", strings::WordText(total.kind), total.currency);
    Cell(html, strings::kDocumentsColumn, Thousands(static_cast<uint64_t>(total.documents)));
    Cell(html, strings::kNet, Known(total.net_amount));
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table>\n");
}

void Tenders(Html& html, const admin::DaySheet& sheet) {
  if (sheet.tenders.empty()) return;
  html.Put("<h2>{}</h2>\n", strings::kReceiptTenders);
  Columns(html, strings::kSheetTender, strings::kSheetPayments, strings::kReceiptAmount);
  for (const admin::TenderTotal& total : sheet.tenders) {
    html.Put("<tr><th scope=\"row\">{} {}</th>", strings::WordText(total.type), total.currency);
    Cell(html, strings::kSheetPayments, Thousands(static_cast<uint64_t>(total.payments)));
    Cell(html, strings::kReceiptAmount, Known(total.amount));
    html.Raw("</tr>\n");
  }
  html.Raw("</tbody></table>\n");
}

void Late(Html& html, const PageContext& context, const admin::DaySheet& sheet) {
  if (sheet.late.empty()) return;
  html.Put("<section><h2>{}</h2>\n<ul class=\"tickets\">",
           strings::Say(strings::kSheetLate, Thousands(sheet.late.size())));
  const size_t shown = std::min(sheet.late.size(), kShownLate);
  for (const admin::LateDocument& late : std::span(sheet.late).first(shown)) {
    html.Put("<li><a href=\"/events/{}\">{}</a> {} <small>{}</small></li>\n", late.id, late.subject,
             strings::WordText(late.kind), context.Stamp(late.recorded_at));
  }
  html.Raw("</ul>\n");
  if (shown < sheet.late.size()) {
    html.Put("<p>{}</p>\n",
             strings::Say(strings::kSheetMoreLate, Thousands(sheet.late.size() - shown)));
  }
  html.Raw("</section>\n");
}

}  // namespace

std::string DaySheetPath(const reconcile::RegisterRow& row) {
  return fmt::format("/days/{}/{}", row.business_day, http::PercentEncode(row.register_id));
}

std::string DaySheetContent(const PageContext& context, const admin::DaySheet& sheet) {
  const reconcile::RegisterRow& row = sheet.day.row;
  const std::string path = DaySheetPath(row);
  Html html;
  html.Put("<section><p class=\"back\"><a href=\"/days\">{}</a></p><h1>{}</h1>\n", strings::kDays,
           strings::Say(strings::kSheetTitle, row.register_id, strings::Dated(row.business_day)));
  Facts(html, context, sheet);
  html.Put(
      "<p class=\"row screen\"><a href=\"/v1{}?format=csv\" download>{}</a><a href=\"/v1{}\" "
      "download=\"day.json\">{}</a><small>{}</small></p></section>\n",
      path, strings::kExportCsv, path, strings::kExport, strings::kSheetPrint);
  Figures(html, sheet);
  html.Raw("<section class=\"six\">");
  Kinds(html, sheet);
  Tenders(html, sheet);
  if (sheet.counted < sheet.day.events) {
    html.Put("<p class=\"note amber-text\">▲ {}</p>",
             strings::Count(strings::kSheetPart, static_cast<uint64_t>(sheet.day.events),
                            Thousands(static_cast<uint64_t>(sheet.counted))));
  }
  html.Raw("</section>\n");
  Late(html, context, sheet);
  return html.Take();
}

}  // namespace tillrelay::web
