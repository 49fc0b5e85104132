#include "agent/web/pages/quarantine_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/web/pages/field_mark.h"
#include "agent/web/pages/receipt_view.h"
#include "agent/web/view_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

void Fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.Put("<dt>{}</dt><dd>{}</dd>\n", name, value);
}

std::string Origin(const admin::QuarantineRow& row) {
  return row.origin.empty() ? row.channel : fmt::format("{} · {}", row.channel, row.origin);
}

std::string SeenText(const admin::QuarantineRow& row) {
  return row.seen == 1 ? std::string(strings::kSeenOnce)
                       : fmt::format(strings::kSeenTimes, row.seen);
}

// The document with the place that was not accepted.
void Document(Html& html, const std::string& document, const std::string& field) {
  const auto mark = FindField(document, field);
  html.Put("<h2>{}</h2>\n<p class=\"note\">{}{}</p>\n", strings::kDocument, strings::kDocumentHint,
           mark ? fmt::format(" {}", strings::kFieldMarked) : std::string());
  html.Put("<pre class=\"document\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">",
           strings::kDocument);
  const std::string_view text = document;
  if (mark) {
    html.Put("{}<mark>{}</mark>{}", text.substr(0, mark->begin),
             text.substr(mark->begin, mark->end - mark->begin), text.substr(mark->end));
  } else {
    html.Put("{}", text);
  }
  html.Raw("</pre>\n");
}

void Form(Html& html, const Principal& viewer, std::string_view path, Html fields) {
  html.Raw(ActionForm(viewer, {path, ""}, fields.Take()));
}

void Editor(Html& html, const Principal& viewer, const admin::QuarantineRow& row,
            const std::string& text) {
  const auto lines = std::count(text.begin(), text.end(), '\n');
  Html fields;
  fields.Put(
      "<input type=\"hidden\" name=\"content_type\" value=\"{}\"><label for=\"document\">{}"
      "</label>",
      row.format, strings::kEditHint);
  // The first line end inside a textarea is not part of its text.
  fields.Put(
      "<textarea id=\"document\" name=\"document\" rows=\"{}\" spellcheck=\"false\" required>\n"
      "{}</textarea>",
      std::to_string(std::clamp<ptrdiff_t>(lines + 2, 6, 30)), text);
  fields.Put("<button class=\"primary\">{}</button>", strings::kResubmit);
  Form(html, viewer, fmt::format("/quarantine/{}/resubmit", row.ticket), std::move(fields));
}

// What a person can do with it.
void Ways(Html& html, const Principal& viewer, const admin::QuarantineRow& row,
          const std::string& text) {
  html.Put("<section class=\"six\"><h2 id=\"edit\">{}</h2>\n", strings::kEdit);
  if (!viewer.may_operate) {
    html.Put("<p class=\"none\">{}</p></section>\n", strings::kMayOnlyLook);
    return;
  }
  Editor(html, viewer, row, text);
  html.Put("<hr><p>{}</p>", strings::kTryAgainHint);
  Html retry, discard;
  retry.Put("<button>{}</button>", strings::kTryAgain);
  Form(html, viewer, fmt::format("/quarantine/{}/retry", row.ticket), std::move(retry));
  html.Raw("<hr>");
  discard.Put(
      "<p>{}</p><label for=\"reason\">{}</label><div class=\"row\"><input type=\"text\" "
      "id=\"reason\" name=\"reason\" required maxlength=\"500\"><button class=\"danger\">{}"
      "</button></div>",
      strings::kDiscardHint, strings::kDiscardReason, strings::kDiscard);
  Form(html, viewer, fmt::format("/quarantine/{}/discard", row.ticket), std::move(discard));
  html.Raw("</section>\n");
}

}  // namespace

std::string QuarantineContent(const PageContext& context,
                              const std::vector<admin::QuarantineRow>& rows, size_t limit) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", strings::kQuarantine,
           strings::kQuarantineHint);
  if (rows.empty()) {
    html.Put("<p class=\"none\">{}</p></section>\n", strings::kQuarantineEmpty);
    return html.Take();
  }
  html.Put(
      "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>"
      "<th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr>"
      "</thead><tbody>\n",
      strings::kTicket, strings::kReason, strings::kFrom, strings::kWhen, strings::kSeen);
  for (const admin::QuarantineRow& row : rows) {
    const std::string ticket = std::to_string(row.ticket);
    html.Put(
        "<tr><th scope=\"row\"><a href=\"/quarantine/{}\">{}</a></th><td><b>{}</b> "
        "<code>{}</code><br><small>{}</small></td>",
        ticket, fmt::format(strings::kTicketNo, ticket), row.reason, row.field, row.hint);
    html.Put("<td data-k=\"{}\">{}</td><td data-k=\"{}\">{}</td><td data-k=\"{}\">{}</td></tr>\n",
             strings::kFrom, Origin(row), strings::kWhen, context.faces.stamp(row.created_at),
             strings::kSeen, SeenText(row));
  }
  html.Raw("</tbody></table>\n<p class=\"row\">");
  if (rows.size() >= limit) {
    html.Put("<a href=\"/quarantine?before={}\">{}</a> ", std::to_string(rows.back().ticket),
             strings::kOlder);
  }
  html.Put(
      "<a href=\"/v1/quarantine?limit=1000\" download=\"quarantine.json\">{}</a></p>"
      "</section>\n",
      strings::kExport);
  return html.Take();
}

std::string TicketContent(const PageContext& context, const Principal& viewer,
                          const admin::QuarantineRow& row, const Attempt& attempt) {
  const std::string document = LaidOut(row.document);
  const std::string ticket = std::to_string(row.ticket);
  Html html;
  html.Put("<section><p class=\"back\"><a href=\"/quarantine\">{}</a></p><h1>{}</h1>\n",
           strings::kQuarantine, fmt::format(strings::kTicketNo, ticket));
  if (!attempt.problem.empty()) {
    html.Put("<p class=\"note red-text\" role=\"alert\">■ {}</p>\n", attempt.problem);
  }
  html.Raw("<dl class=\"facts\">");
  Fact(html, strings::kReason, row.reason);
  Fact(html, strings::kField, row.field);
  Fact(html, strings::kHint, row.hint);
  Fact(html, strings::kFrom, Origin(row));
  Fact(html, strings::kFormat, row.format);
  Fact(html, strings::kWhen, context.faces.stamp(row.created_at));
  Fact(html, strings::kSeen, SeenText(row));
  html.Raw("</dl></section>\n<section class=\"six\">");
  html.Raw(ReceiptHtml("", row.document));
  Document(html, document, row.field);
  html.Put(
      "<p class=\"row\"><a href=\"/v1/quarantine/{}\" download=\"ticket-{}.json\">{}</a></p>"
      "</section>\n",
      ticket, ticket, strings::kExport);
  Ways(html, viewer, row, attempt.edited.empty() ? document : attempt.edited);
  return html.Take();
}

}  // namespace tillrelay::web
