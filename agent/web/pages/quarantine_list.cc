#include "agent/web/pages/quarantine_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/admin/ticket_list.h"
#include "agent/web/pages/quarantine_view.h"
#include "agent/web/view_strings.h"
#include "common/http/message.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

std::string Documents(uint64_t count) { return strings::Count(strings::kDocumentCount, count); }

void Option(Html& html, std::string_view value, std::string_view text, bool chosen) {
  html.Put("<option value=\"{}\"{}>{}</option>", value, chosen ? " selected" : "", text);
}

void ReasonField(Html& html, const TicketList& list) {
  html.Put("<label for=\"filter-reason\">{}</label><select id=\"filter-reason\" name=\"reason\">",
           strings::kReason);
  Option(html, "", strings::kAnyReason, list.filter.reason.empty());
  for (const auto& [reason, count] : list.page.reasons) {
    Option(html, reason, fmt::format("{} ({})", strings::ReasonText(reason), Thousands(count)),
           reason == list.filter.reason);
  }
  if (!list.filter.reason.empty() && !list.page.reasons.contains(list.filter.reason)) {
    Option(html, list.filter.reason, strings::ReasonText(list.filter.reason), true);
  }
  html.Raw("</select>");
}

void OrderField(Html& html, admin::TicketOrder order) {
  constexpr strings::Text kWords[] = {strings::kNewestFirst, strings::kOldestFirst,
                                      strings::kByReason, strings::kByRegister};
  html.Put("<label for=\"order\">{}</label><select id=\"order\" name=\"order\">", strings::kOrder);
  size_t word = 0;
  for (const admin::NamedOrder& named : admin::kTicketOrders) {
    Option(html, named.word, kWords[word++], named.order == order);
  }
  html.Raw("</select>");
}

void FilterForm(Html& html, const TicketList& list) {
  html.Raw("<form class=\"fields\" action=\"/quarantine\" role=\"search\">");
  ReasonField(html, list);
  html.Put(
      "<label for=\"filter-register\">{}</label><input id=\"filter-register\" name=\"register\" "
      "size=\"6\" value=\"{}\"><label for=\"filter-text\">{}</label><input type=\"search\" "
      "id=\"filter-text\" name=\"text\" value=\"{}\">",
      strings::kRegister, list.filter.register_id, strings::kText, list.filter.text);
  OrderField(html, list.filter.order);
  html.Put("<button>{}</button></form>\n", strings::kShow);
}

// The filter as a query, without where the page begins.
std::string QueryOf(const admin::TicketFilter& filter) {
  std::string query = fmt::format("order={}", admin::WordOf(filter.order));
  const std::pair<const char*, const std::string&> parts[] = {
      {"reason", filter.reason}, {"register", filter.register_id}, {"text", filter.text}};
  for (const auto& [name, value] : parts) {
    if (!value.empty()) query += fmt::format("&{}={}", name, http::PercentEncode(value));
  }
  return query;
}

void CheckBox(Html& html, const admin::QuarantineRow& row, const TicketChoice& choice) {
  const std::string ticket = std::to_string(row.ticket);
  html.Put(
      "<td class=\"pick\"><input type=\"checkbox\" form=\"chosen\" name=\"ticket\" value=\"{}\" "
      "aria-label=\"{}\"{}></td>",
      ticket, strings::Say(strings::kSelectTicket, ticket),
      choice.tickets.contains(row.ticket) ? " checked" : "");
}

void Cell(Html& html, std::string_view label, std::string_view text) {
  html.Put("<td class=\"short\" data-k=\"{}\">{}</td>", label, text.empty() ? "–" : text);
}

void Row(Html& html, const PageContext& context, const Principal& viewer,
         const admin::QuarantineRow& row, const TicketChoice& choice) {
  const std::string ticket = std::to_string(row.ticket);
  html.Raw("<tr>");
  if (viewer.may_operate) CheckBox(html, row, choice);
  html.Put("<th scope=\"row\"><a href=\"/quarantine/{}\">{}</a></th>", ticket,
           strings::Say(strings::kTicketNo, ticket));
  Cell(html, strings::kRegister, row.names.register_id);
  Cell(html, strings::kReceipt, row.names.number);
  html.Put("<td><b>{}</b>", strings::ReasonText(row.reason));
  if (!row.field.empty()) html.Put(" <code>{}</code>", row.field);
  html.Put("<br><small>{}</small></td>", row.hint);
  html.Put("<td class=\"short\" data-k=\"{}\"><time title=\"{}\">{}</time></td>", strings::kAge,
           context.Stamp(row.created_at), AgeText(context.s.now - row.created_at));
  Cell(html, strings::kSeen, SeenText(row));
  html.Raw("</tr>\n");
}

void Table(Html& html, const PageContext& context, const Principal& viewer,
           const TicketList& list) {
  html.Raw("<table class=\"cards\"><thead><tr>");
  if (viewer.may_operate) {
    html.Put("<th scope=\"col\"><span class=\"unseen\">{}</span></th>", strings::kSelect);
  }
  for (const strings::Text word : {strings::kTicket, strings::kRegister, strings::kReceipt,
                                   strings::kReason, strings::kAge, strings::kSeen}) {
    html.Put("<th scope=\"col\">{}</th>", word);
  }
  html.Raw("</tr></thead><tbody>\n");
  for (const admin::QuarantineRow& row : list.page.tickets) {
    Row(html, context, viewer, row, list.choice);
  }
  html.Raw("</tbody></table>\n");
}

void Hidden(Html& html, std::string_view name, std::string_view value) {
  html.Put("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
}

// What to do with those that are chosen. The boxes stand in the table above.
void Actions(Html& html, const Principal& viewer, const TicketList& list) {
  Html fields;
  Hidden(fields, "filter-reason", list.filter.reason);
  Hidden(fields, "filter-register", list.filter.register_id);
  Hidden(fields, "filter-text", list.filter.text);
  Hidden(fields, "filter-order", admin::WordOf(list.filter.order));
  Hidden(fields, "filter-skip", std::to_string(list.filter.skip));
  Hidden(fields, "newest", std::to_string(list.page.newest));
  fields.Put(
      "<p class=\"row\"><label><input type=\"checkbox\" name=\"all\" value=\"1\"{}> {}</label>"
      "<button class=\"primary\" formaction=\"/quarantine/retry\">{}</button></p>",
      list.choice.all ? " checked" : "",
      strings::Say(strings::kSelectAll, Documents(list.page.matching)), strings::kTryChosenAgain);
  fields.Put(
      "<p class=\"row\"><label for=\"bulk-reason\">{}</label><input type=\"text\" "
      "id=\"bulk-reason\" name=\"reason\" maxlength=\"500\" value=\"{}\"><button class=\"danger\" "
      "formaction=\"/quarantine/discard\">{}</button></p>",
      strings::kDiscardReason, list.choice.reason, strings::kDiscardChosen);
  html.Raw(ActionForm(viewer, {"/quarantine/retry", "chosen", "chosen"}, fields.Take()));
}

void Links(Html& html, const TicketList& list) {
  const std::string query = QueryOf(list.filter);
  const size_t end = list.filter.skip + list.page.tickets.size();
  html.Raw("<p class=\"row\">");
  if (list.filter.skip > 0) {
    const size_t back = list.filter.skip - std::min(list.filter.skip, list.filter.limit);
    html.Put("<a href=\"/quarantine?{}&amp;skip={}\">{}</a>", query, std::to_string(back),
             strings::kPrevious);
  }
  if (end < list.page.matching) {
    html.Put("<a href=\"/quarantine?{}&amp;skip={}\">{}</a>", query, std::to_string(end),
             strings::kNext);
  }
  html.Put(
      "<a href=\"/v1/quarantine?format=csv&amp;{}\" "
      "download=\"quarantine.csv\">{}</a>",
      query, strings::kExportCsv);
  html.Put("<a href=\"/v1/quarantine?limit=1000&amp;{}\" download=\"quarantine.json\">{}</a></p>\n",
           query, strings::kExport);
}

bool IsFiltered(const admin::TicketFilter& filter) {
  return !(filter.reason + filter.register_id + filter.text).empty();
}

void Notes(Html& html, const TicketChoice& choice) {
  if (!choice.done.empty()) html.Put("<p class=\"note\" role=\"status\">{}</p>\n", choice.done);
  if (choice.problem.empty()) return;
  html.Put("<p class=\"note red-text\" role=\"alert\">■ {}</p>\n", choice.problem);
}

}  // namespace

std::string QuarantineContent(const PageContext& context, const Principal& viewer,
                              const TicketList& list) {
  Html html;
  html.Put("<section><h1>{}</h1>\n<p class=\"soft\">{}</p>\n", strings::kQuarantine,
           strings::kQuarantineHint);
  Notes(html, list.choice);
  if (list.page.tickets.empty() && !IsFiltered(list.filter)) {
    html.Put("<p class=\"none\">{}</p></section>\n", strings::kQuarantineEmpty);
    return html.Take();
  }
  FilterForm(html, list);
  html.Raw("</section>\n<section>");
  if (list.page.tickets.empty()) {
    html.Put("<p class=\"none\">{} <a href=\"/quarantine\">{}</a></p></section>\n",
             strings::kNoTicketMatches, strings::kShowAll);
    return html.Take();
  }
  Table(html, context, viewer, list);
  Actions(html, viewer, list);
  Links(html, list);
  html.Raw("</section>\n");
  return html.Take();
}

std::string BulkDoneText(admin::Resolution::Way way, const admin::BulkOutcome& outcome) {
  const bool discard = way == admin::Resolution::Way::kDiscard;
  std::string text = discard ? strings::Say(strings::kBulkDiscarded, Documents(outcome.resolved))
                             : strings::Say(strings::kBulkStored, Documents(outcome.resolved));
  if (outcome.gone > 0) text += strings::Say(strings::kBulkGone, Documents(outcome.gone));
  if (!outcome.left.empty()) {
    text += strings::Say(strings::kBulkLeft, Documents(outcome.left.size()));
  }
  if (!outcome.stopped.empty()) text += strings::Say(strings::kBulkStopped, outcome.stopped);
  return text;
}

}  // namespace tillrelay::web
