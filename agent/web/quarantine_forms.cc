#include "agent/web/quarantine_forms.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/access/admin_auth.h"
#include "agent/admin/reason.h"
#include "agent/admin/resolve_many.h"
#include "agent/admin/ticket_list.h"
#include "agent/web/page_forms.h"
#include "agent/web/pages/document_fields.h"
#include "agent/web/pages/field_mark.h"
#include "agent/web/pages/quarantine_list.h"
#include "agent/web/pages/quarantine_view.h"
#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"

namespace tillrelay::web {
namespace {

using Way = admin::Resolution::Way;

constexpr FrameParts kQuarantineParts{"/quarantine", strings::kQuarantine};
constexpr size_t kTicketsShown = 50;

uint64_t NumberIn(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

// Why the first of the results was not taken, in words.
std::string ProblemIn(std::string results) {
  JsonParser parser;
  const auto root = parser.Parse(results);
  if (root.ok() && root->is_array()) {
    for (const JsonValue result : *root) {
      if (result.String("outcome") != "quarantined" && result.String("reason").empty()) continue;
      return strings::Say(strings::kStillWrong, result.String("reason"), result.String("field"),
                          result.String("hint"));
    }
  }
  return strings::Say(strings::kStillWrong, "", "", "");
}

void ShowAgain(const PageRequest& asked, uint64_t ticket, const Attempt& attempt) {
  asked.admin().Ticket(ticket, [asked, attempt](Result<admin::QuarantineRow> row) {
    if (!row.ok()) return asked.ShowFailure(kQuarantineParts, row.status());
    asked.Show(
        kQuarantineParts,
        [&](const PageContext& context) {
          return TicketContent(context, asked.viewer, *row, attempt);
        },
        422);
  });
}

// Browsers send every line end as two characters.
std::string WithPlainLineEnds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i];
  }
  return out;
}

// The corrected document: its source, or the one that was shown with the fields as they are now.
std::string DocumentIn(const http::QueryParameters& fields) {
  std::string source = WithPlainLineEnds(http::Field(fields, "document"));
  std::map<std::string, std::string, std::less<>> texts;
  for (const auto& [name, text] : fields) {
    if (name.starts_with("f.")) texts.emplace(name.substr(2), text);
  }
  if (texts.empty()) return source;
  const std::string corrected = WithFields(source, texts);
  return corrected.empty() ? source : LaidOut(corrected);
}

void Resolve(const PageRequest& asked, admin::Resolution::Way way) {
  const auto fields = http::ParseForm(asked.request->body);
  admin::Resolution resolution;
  const std::string ticket(asked.request->Param("ticket"));
  std::from_chars(ticket.data(), ticket.data() + ticket.size(), resolution.ticket);
  if (!fields) return asked.ShowFailure(kQuarantineParts, Refused(strings::kWrongForm));
  resolution.way = way;
  resolution.actor = access::ActorOf(*asked.request);
  resolution.reason = http::Field(*fields, "reason");
  resolution.document = DocumentIn(*fields);
  resolution.content_type = http::Field(*fields, "content_type");
  if (Status s = admin::CheckReason(way, &resolution.reason); !s.ok()) {
    return ShowAgain(asked, resolution.ticket,
                     {resolution.document, asked.InLanguage([&s] { return FailureText(s); })});
  }
  const Attempt attempt{resolution.document, ""};
  const uint64_t number = resolution.ticket;
  asked.admin().Resolve(std::move(resolution), [=](Result<admin::Resolved> done) {
    if (done.ok() && done->gone) {
      return asked.GoTo(way == admin::Resolution::Way::kDiscard ? "/quarantine?done=discarded"
                                                                : "/quarantine?done=resolved");
    }
    if (!done.ok() && done.status().code() != Code::kInvalid) {
      return asked.ShowFailure(kQuarantineParts, done.status());
    }
    ShowAgain(asked, number, {attempt.edited, asked.InLanguage([&done] {
                                return done.ok() ? ProblemIn(done->results)
                                                 : FailureText(done.status());
                              })});
  });
}

// The list of what `filter` asks for, with what a person has just chosen or done.
void ShowList(const PageRequest& asked, const admin::TicketFilter& filter,
              const TicketChoice& choice, int status) {
  asked.admin().Tickets(filter, [asked, filter, choice, status](Result<admin::TicketPage> page) {
    if (!page.ok()) return asked.ShowFailure(kQuarantineParts, page.status());
    asked.Show(
        kQuarantineParts,
        [&](const PageContext& context) {
          return QuarantineContent(context, asked.viewer, {filter, *page, choice});
        },
        status);
  });
}

admin::TicketFilter FilterOf(const std::function<std::string(const char*)>& field) {
  admin::TicketFilter filter;
  filter.reason = field("reason");
  filter.register_id = field("register");
  filter.text = field("text");
  filter.order = admin::ParseTicketOrder(field("order")).value_or(admin::TicketOrder::kNewest);
  filter.skip = NumberIn(field("skip"));
  filter.limit = kTicketsShown;
  return filter;
}

// What the form of many asks for.
struct Bulk {
  admin::TicketFilter filter;
  TicketChoice choice;
  uint64_t newest = 0;  // the highest ticket that the person has seen
};

Bulk ReadBulk(const http::QueryParameters& fields) {
  Bulk bulk;
  const auto field = [&fields](const std::string& name) {
    return std::string(http::Field(fields, name));
  };
  bulk.filter =
      FilterOf([&field](const char* name) { return field(std::string("filter-") + name); });
  bulk.choice.all = !field("all").empty();
  bulk.choice.reason = field("reason");
  bulk.newest = NumberIn(field("newest"));
  for (const auto& [name, value] : fields) {
    if (name == "ticket" && NumberIn(value) > 0) bulk.choice.tickets.insert(NumberIn(value));
  }
  return bulk;
}

void Refuse(const PageRequest& asked, Bulk bulk, const Status& why) {
  bulk.choice.problem = asked.InLanguage([&why] { return FailureText(why); });
  ShowList(asked, bulk.filter, bulk.choice, Meaning(why.code()).http_status);
}

void Finish(const PageRequest& asked, Way way, const Bulk& bulk, const admin::BulkOutcome& done) {
  TicketChoice choice;
  choice.done = asked.InLanguage([&] { return BulkDoneText(way, done); });
  admin::TicketFilter filter = bulk.filter;
  filter.skip = 0;
  if (done.resolved > 0 && done.left.empty() && bulk.choice.all)
    filter = FilterOf([](const char*) { return std::string(); });
  ShowList(asked, filter, choice, done.left.empty() ? 200 : 409);
}

void Order(const PageRequest& asked, Way way, const Bulk& bulk, std::vector<uint64_t> tickets) {
  if (tickets.empty()) return Refuse(asked, bulk, Refused(strings::kChooseTickets));
  admin::ResolveMany(asked.queries->admin,
                     {std::move(tickets), way, bulk.choice.reason, access::ActorOf(*asked.request)},
                     [asked, way, bulk](Result<admin::BulkOutcome> done) {
                       if (!done.ok()) return Refuse(asked, bulk, done.status());
                       Finish(asked, way, bulk, *done);
                     });
}

// "All" means those that match and were there when the person looked, the oldest first.
void OrderAll(const PageRequest& asked, Way way, const Bulk& bulk) {
  admin::TicketFilter all = bulk.filter;
  all.before = bulk.newest + 1;
  all.skip = 0;
  all.limit = admin::kMaxBulk;
  all.order = admin::TicketOrder::kOldest;
  asked.admin().Tickets(all, [asked, way, bulk](Result<admin::TicketPage> page) {
    if (!page.ok()) return Refuse(asked, bulk, page.status());
    std::vector<uint64_t> tickets;
    for (const admin::QuarantineRow& row : page->tickets) tickets.push_back(row.ticket);
    Order(asked, way, bulk, std::move(tickets));
  });
}

void ResolveChosen(const PageRequest& asked, Way way) {
  const auto fields = http::ParseForm(asked.request->body);
  if (!fields) return asked.ShowFailure(kQuarantineParts, Refused(strings::kWrongForm));
  Bulk bulk = ReadBulk(*fields);
  std::string reason = bulk.choice.reason;
  if (Status s = admin::CheckReason(way, &reason); !s.ok()) {
    const bool shown_again = reason.size() <= admin::kMaxReasonCharacters &&
                             FirstInvalidUtf8(reason) == std::string_view::npos;
    if (!shown_again) bulk.choice.reason.clear();
    return Refuse(asked, bulk, s);
  }
  bulk.choice.reason = std::move(reason);
  if (bulk.choice.all) return OrderAll(asked, way, bulk);
  Order(asked, way, bulk, {bulk.choice.tickets.begin(), bulk.choice.tickets.end()});
}

}  // namespace

void ShowQuarantine(const PageRequest& asked) {
  const std::string order = asked.Query("order"), skip = asked.Query("skip");
  if (!order.empty() && !admin::ParseTicketOrder(order)) {
    return asked.ShowFailure(kQuarantineParts, Refused(strings::kWrongOrder));
  }
  if (!skip.empty() && !AllDigits(skip)) {
    return asked.ShowFailure(kQuarantineParts, NotANumber("skip"));
  }
  ShowList(asked, FilterOf([&asked](const char* name) { return asked.Query(name); }), {}, 200);
}

void AddQuarantineForms(http::Router& router, const std::shared_ptr<const StatusSources>& queries) {
  const std::pair<std::string, Way> ways[] = {
      {"retry", Way::kRetry}, {"resubmit", Way::kResubmit}, {"discard", Way::kDiscard}};
  for (const auto& [word, way] : ways) {
    router.Add("POST", "/quarantine/{ticket}/" + word,
               ClosedPage(queries, [way = way](const PageRequest& asked) { Resolve(asked, way); }),
               kMaxFormBytes);
    if (way == Way::kResubmit) continue;
    router.Add(
        "POST", "/quarantine/" + word,
        ClosedPage(queries, [way = way](const PageRequest& asked) { ResolveChosen(asked, way); }));
  }
}

}  // namespace tillrelay::web
