#include "agent/api/csv_export.h"

#include <initializer_list>
#include <string_view>

#include "common/event/identity.h"
#include "common/event/time_text.h"
#include "common/web/csv_cell.h"

namespace tillrelay::api {
namespace {

using Cells = std::initializer_list<std::string_view>;

void Line(std::string* out, Cells cells) {
  bool first = true;
  for (const std::string_view cell : cells) {
    if (!first) *out += ',';
    *out += CsvCell(cell);
    first = false;
  }
  *out += "\r\n";
}

// Of "register/03/2026-11-25/004711" and "register/03/day/2026-11-25".
struct SubjectParts {
  std::string register_id, business_day, number;
};
SubjectParts PartsOf(std::string_view subject) {
  constexpr std::string_view kRegister = "register/";
  const size_t last = subject.rfind('/');
  if (!subject.starts_with(kRegister)) {
    return {"", "",
            std::string(last == std::string_view::npos ? subject : subject.substr(last + 1))};
  }
  subject.remove_prefix(kRegister.size());
  const size_t first = subject.find('/'), second = subject.rfind('/');
  if (first == second) return {std::string(subject), "", ""};
  const std::string_view middle = subject.substr(first + 1, second - first - 1);
  const bool day_closed = middle == "day";
  return {std::string(event::WithoutLeadingZeros(subject.substr(0, first))),
          std::string(day_closed ? subject.substr(second + 1) : middle),
          std::string(day_closed ? std::string_view() : subject.substr(second + 1))};
}

}  // namespace

http::Response CsvResponse(const std::string& file_name, std::string csv) {
  http::Response response;
  response.content_type = "text/csv; charset=utf-8";
  response.headers.Add("Content-Disposition", "attachment; filename=\"" + file_name + "\"");
  response.body = std::move(csv);
  return response;
}

std::string EventsCsvHead() {
  std::string out;
  Line(&out, {"register_id", "number", "business_day", "kind", "state", "time", "recorded_at",
              "stream", "sequence", "id", "subject"});
  return out;
}

void AddEventRows(const admin::EventPage& page, std::string* out) {
  for (const admin::EventRow& row : page.events) {
    const SubjectParts parts = PartsOf(row.subject);
    Line(out, {parts.register_id, parts.number, parts.business_day, row.kind, row.state, row.time,
               event::UtcStamp(row.recorded_at), row.stream, std::to_string(row.sequence), row.id,
               row.subject});
  }
}

std::string DaysCsv(const std::vector<admin::DayRow>& days) {
  std::string out;
  Line(&out, {"business_day", "register_id", "day_close", "events", "sales", "returns", "others",
              "net_amount", "reported_net_amount", "missing_numbers", "gaps", "duplicates",
              "conflicts", "reopened"});
  for (const admin::DayRow& day : days) {
    const reconcile::RegisterRow& row = day.row;
    const auto number = [](auto value) { return std::to_string(value); };
    Line(&out, {row.business_day, row.register_id, row.result.empty() ? "open" : row.result,
                number(day.events), number(row.sales), number(row.returns), number(row.others),
                day.net_amount, row.reported_net_amount, number(row.missing), row.gaps,
                number(row.duplicates), number(row.conflicts), row.reopened ? "true" : "false"});
  }
  return out;
}

std::string SheetCsv(const admin::DaySheet& sheet) {
  const reconcile::RegisterRow& row = sheet.day.row;
  std::string out;
  Line(&out, {"part", "name", "here", "reported", "difference"});
  Line(&out, {"day", "business_day", row.business_day, "", ""});
  Line(&out, {"day", "register_id", row.register_id, "", ""});
  Line(&out, {"day", "day_close", row.result.empty() ? "open" : row.result, "", ""});
  Line(&out, {"day", "gaps", row.gaps, "", ""});
  Line(&out, {"day", "stream_hash", sheet.stream_hash, "", ""});
  Line(&out, {"day", "confirmed", sheet.confirmed ? "true" : "false", "", ""});
  for (const admin::DayFigure& figure : sheet.figures) {
    Line(&out, {"figure", figure.name, figure.here, figure.reported, figure.difference});
  }
  for (const admin::KindTotal& total : sheet.kinds) {
    const std::string name = total.kind + (total.currency.empty() ? "" : " " + total.currency);
    Line(&out, {"kind", name, std::to_string(total.documents), "", ""});
    Line(&out, {"kind-net-amount", name, total.net_amount, "", ""});
  }
  for (const admin::TenderTotal& total : sheet.tenders) {
    const std::string name = total.type + (total.currency.empty() ? "" : " " + total.currency);
    Line(&out, {"tender", name, total.amount, "", ""});
  }
  Line(&out, {"late-count", "", std::to_string(sheet.late.size()), "", ""});
  for (const admin::LateDocument& late : sheet.late) {
    Line(&out, {"late", late.subject, event::UtcStamp(late.recorded_at), "", ""});
  }
  return out;
}

std::string TicketsCsv(const admin::TicketPage& page) {
  std::string out;
  Line(&out, {"ticket", "register_id", "number", "business_day", "kind", "reason", "field", "hint",
              "created_at", "seen", "channel", "origin", "content_type"});
  for (const admin::QuarantineRow& row : page.tickets) {
    Line(&out, {std::to_string(row.ticket), row.names.register_id, row.names.number,
                row.names.business_day, row.names.kind, row.reason, row.field, row.hint,
                event::UtcStamp(row.created_at), std::to_string(row.seen), row.channel, row.origin,
                row.format});
  }
  return out;
}

}  // namespace tillrelay::api
