#include "agent/web/pages/quarantine_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/web/pages/document_fields.h"
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

void Hidden(Html& fields, std::string_view name, std::string_view value) {
  fields.Put("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
}

void Input(Html& fields, const DocumentField& field, bool wrong) {
  fields.Put(
      "<p class=\"{}\"><label for=\"f-{}\">{}</label><input type=\"text\" id=\"f-{}\" "
      "name=\"f.{}\" value=\"{}\"{}></p>\n",
      wrong ? "field wrong" : "field", field.path, FieldLabel(field.path), field.path, field.path,
      field.value, "");
}

// The field that was not accepted first, the others behind it.
void FieldForm(Html& html, const Principal& viewer, const admin::QuarantineRow& row,
               const std::string& text) {
  const auto fields = FieldsOf(text, row.field);
  if (fields.empty()) return;
  Html form;
  Hidden(form, "content_type", row.format);
  Hidden(form, "document", text);
  bool found = false;
  for (const DocumentField& field : fields) {
    if (!field.meant) continue;
    Input(form, field, true);
    found = true;
  }
  form.Put("<details{}><summary>{}</summary>\n", found || row.stored ? "" : " open",
           found ? strings::kOtherFields : strings::kAllFields);
  for (const DocumentField& field : fields) {
    if (!field.meant) Input(form, field, false);
  }
  form.Put("</details><p class=\"note\">{}</p><button class=\"primary\">{}</button>",
           strings::kFieldsHint, strings::kResubmitFields);
  Form(html, viewer, fmt::format("/quarantine/{}/resubmit", row.ticket), std::move(form));
}

void Editor(Html& html, const Principal& viewer, const admin::QuarantineRow& row,
            const std::string& text) {
  const auto lines = std::count(text.begin(), text.end(), '\n');
  Html fields;
  Hidden(fields, "content_type", row.format);
  fields.Put("<label for=\"document\">{}</label>", strings::kEditHint);
  // The first line end inside a textarea is not part of its text.
  fields.Put(
      "<textarea id=\"document\" name=\"document\" rows=\"{}\" spellcheck=\"false\" required>\n"
      "{}</textarea>",
      std::to_string(std::clamp<ptrdiff_t>(lines + 2, 6, 30)), text);
  fields.Put("<button class=\"primary\">{}</button>", strings::kResubmit);
  Form(html, viewer, fmt::format("/quarantine/{}/resubmit", row.ticket), std::move(fields));
}

// Fields where the document has any, and its source behind them.
void Corrections(Html& html, const Principal& viewer, const admin::QuarantineRow& row,
                 const std::string& text) {
  if (FieldsOf(text, row.field).empty()) return Editor(html, viewer, row, text);
  FieldForm(html, viewer, row, text);
  html.Put("<details><summary>{}</summary>", strings::kEditSource);
  Editor(html, viewer, row, text);
  html.Raw("</details>\n");
}

// What a person can do with it.
void Ways(Html& html, const Principal& viewer, const admin::QuarantineRow& row,
          const std::string& text) {
  html.Put("<section class=\"six\"><h2 id=\"edit\">{}</h2>\n", strings::kEdit);
  if (!viewer.may_operate) {
    html.Put("<p class=\"none\">{}</p></section>\n", strings::kMayOnlyLook);
    return;
  }
  Corrections(html, viewer, row, text);
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

void DifferenceTable(Html& html, const std::vector<admin::Difference>& differences) {
  html.Put(
      "<h2>{}</h2><table class=\"cards\"><thead><tr><th scope=\"col\">{}</th>"
      "<th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
      strings::kDifferences, strings::kField, strings::kStoredOne, strings::kThisOne);
  for (const admin::Difference& one : differences) {
    html.Put(
        "<tr><th scope=\"row\">{}</th><td data-k=\"{}\">{}</td><td data-k=\"{}\">{}</td></tr>\n",
        FieldLabel(one.now_at.empty() ? one.member : one.now_at), strings::kStoredOne,
        one.before.value_or("–"), strings::kThisOne, one.after.value_or("–"));
  }
  html.Raw("</tbody></table>\n");
}

// The stored document beside the one that waits, with what differs marked.
void Beside(Html& html, const admin::QuarantineRow& row) {
  MarkedMembers here, there;
  for (const admin::Difference& one : row.stored->differences) {
    if (one.before) there.insert(one.member);
    if (one.after) here.insert(one.now_at.empty() ? one.member : one.now_at);
  }
  html.Put("<section class=\"six\"><h2>{}</h2>\n", strings::kStoredOne);
  html.Raw(ReceiptHtml(row.stored->kind, row.stored->data, there));
  html.Put("<p class=\"row\"><a href=\"/events/{}\">{}</a></p></section>\n", row.stored->id,
           strings::kShowEvent);
  html.Put("<section class=\"six\"><h2>{}</h2>\n", strings::kThisOne);
  html.Raw(ReceiptHtml("", row.document, here)).Raw("</section>\n<section>");
  if (row.stored->differences.empty()) {
    html.Put("<p class=\"none\">{}</p>", strings::kNoDifference);
  } else {
    DifferenceTable(html, row.stored->differences);
  }
  html.Raw("</section>\n");
}

}  // namespace

std::string Origin(const admin::QuarantineRow& row) {
  if (row.origin.empty() || row.channel.empty()) return row.channel + row.origin;
  return fmt::format("{} · {}", row.channel, row.origin);
}

std::string SeenText(const admin::QuarantineRow& row) {
  return row.seen == 1 ? std::string(strings::kSeenOnce)
                       : strings::Say(strings::kSeenTimes, row.seen);
}

std::string TicketContent(const PageContext& context, const Principal& viewer,
                          const admin::QuarantineRow& row, const Attempt& attempt) {
  const std::string document = LaidOut(row.document);
  const std::string ticket = std::to_string(row.ticket);
  Html html;
  html.Put("<section><p class=\"back\"><a href=\"/quarantine\">{}</a></p><h1>{}</h1>\n",
           strings::kQuarantine, strings::Say(strings::kTicketNo, ticket));
  if (!attempt.problem.empty()) {
    html.Put("<p class=\"note red-text\" role=\"alert\">■ {}</p>\n", attempt.problem);
  }
  html.Raw("<dl class=\"facts\">");
  Fact(html, strings::kRegister, row.names.register_id);
  Fact(html, strings::kReceiptNumber, row.names.number);
  Fact(html, strings::kReason, strings::ReasonText(row.reason));
  Fact(html, strings::kField, row.field);
  Fact(html, strings::kHint, row.hint);
  Fact(html, strings::kFrom, Origin(row));
  Fact(html, strings::kFormat, row.format);
  Fact(html, strings::kWhen, context.Stamp(row.created_at));
  Fact(html, strings::kSeen, SeenText(row));
  html.Raw("</dl></section>\n");
  if (row.stored) Beside(html, row);
  html.Raw("<section class=\"six\">");
  if (!row.stored) html.Raw(ReceiptHtml("", row.document));
  Document(html, document, row.field);
  html.Put(
      "<p class=\"row\"><a href=\"/v1/quarantine/{}\" download=\"ticket-{}.json\">{}</a></p>"
      "</section>\n",
      ticket, ticket, strings::kExport);
  Ways(html, viewer, row, attempt.edited.empty() ? document : attempt.edited);
  return html.Take();
}

}  // namespace tillrelay::web
