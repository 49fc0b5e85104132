#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>

#include "agent/admin/document_names.h"
#include "agent/admin/ticket_json.h"
#include "agent/cli/ask_daemon.h"
#include "agent/cli/list_commands.h"
#include "agent/config/config.h"
#include "agent/journal/query/search.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"
#include "common/http/message.h"

namespace tillrelay::cli {
namespace {

constexpr uint64_t kPageRows = 200;

// A ticket and its JSON: as the daemon has told it, else made here.
struct Ticket {
  admin::QuarantineRow row;
  std::string json;
};

void PrintLine(const admin::QuarantineRow& row) {
  const auto shown = [](const std::string& text) { return text.empty() ? "-" : Printable(text); };
  fmt::print("{:>6}  {}  {:<8}  {:<12}  {:<22} {}{}{}\n", row.ticket,
             event::UtcText(row.created_at), shown(row.names.register_id), shown(row.names.number),
             row.reason, row.field, row.origin.empty() ? "" : "  from ", Printable(row.origin));
}

void PrintWhole(const admin::QuarantineRow& row) {
  fmt::print(
      "ticket   {}\nsince    {}\nseen     {} times\nreason   {}\nfield    {}\nhint     {}\n"
      "from     {} {}\n\n{}\n",
      row.ticket, event::UtcText(row.created_at), row.seen, row.reason, row.field, row.hint,
      row.channel, Printable(row.origin), row.document);
}

void PrintJson(const std::vector<Ticket>& tickets) {
  std::string list;
  for (const Ticket& ticket : tickets) list += (list.empty() ? "" : ",") + ticket.json;
  fmt::print("[{}]\n", list);
}

// The quarantine as the daemon tells it; where none answers, as the journal's file holds it.
class Source {
 public:
  explicit Source(const Common& common) : common_(common) {}

  // The newest first, tickets below `before` (0: all).
  int List(uint64_t before, const QuarantineOptions& options,
           std::vector<admin::QuarantineRow>* rows) {
    const bool filtered = !(options.reason + options.register_id + options.text).empty();
    if (search_ == nullptr) {
      std::string body;
      const int code = Ask(TargetOf(before, options), &body);
      if (code == kOk) return ReadList(std::move(body), rows);
      if (code != kUnreachable || filtered || !OpenJournal()) return Complain(code);
    }
    auto found = search_->Quarantined(before, options.most, false);
    if (!found.ok()) return Complain(found.status());
    for (const journal::QuarantineRow& row : *found) rows->emplace_back(row);
    return kOk;
  }

  // With its document.
  int One(uint64_t number, Ticket* ticket) {
    if (search_ == nullptr) {
      std::string body;
      const int code = Ask(fmt::format("/v1/quarantine/{}", number), &body);
      if (code == kOk) {
        JsonParser parser;
        auto root = parser.Parse(body);
        if (!root.ok()) return Complain(root.status());
        *ticket = {RowOf(*root), std::move(body)};
        return kOk;
      }
      if (code != kUnreachable || !OpenJournal()) return Complain(code);
    }
    auto found = search_->Ticket(number);
    if (!found.ok()) return Complain(found.status());
    ticket->row = admin::QuarantineRow(*found);
    ticket->row.names = admin::NamesIn(found->document);
    ticket->json = admin::TicketJson(ticket->row);
    return kOk;
  }

 private:
  int Ask(const std::string& target, std::string* body) {
    int code = kFault;
    auto answer = CallDaemon(common_, {"GET", target, {}, ""}, &code);
    if (!answer.ok()) {
      fault_ = answer.status();
      return code;
    }
    *body = std::move(answer->body);
    if (answer->status == 200) return kOk;
    JsonParser parser;
    std::string text = *body;
    const auto root = parser.Parse(text);
    fault_ = Unavailable(root.ok() ? std::string(root->String("title")) + ": " +
                                         std::string(root->String("detail"))
                                   : fmt::format("HTTP {}", answer->status));
    return answer->status == 400 ? kUsage : kFault;
  }

  bool OpenJournal() {
    auto config = config::Load(common_.config);
    if (!config.ok()) return false;
    auto opened = journal::Search::Open(config->journal.path);
    if (!opened.ok()) return false;
    search_ = *std::move(opened);
    return true;
  }

  static std::string TargetOf(uint64_t before, const QuarantineOptions& options) {
    std::string target = fmt::format("/v1/quarantine?limit={}", options.most);
    if (before > 0) target += fmt::format("&before={}", before);
    const auto add = [&target](const char* name, const std::string& value) {
      if (!value.empty()) target += fmt::format("&{}={}", name, http::PercentEncode(value));
    };
    add("reason", options.reason);
    add("register", options.register_id);
    add("text", options.text);
    return target;
  }

  static admin::QuarantineRow RowOf(JsonValue value) {
    admin::QuarantineRow row;
    row.names.register_id = value.String("register_id");
    row.names.number = value.String("number");
    value.Unsigned("ticket", &row.ticket);
    value.Unsigned("seen", &row.seen);
    row.reason = value.String("reason");
    row.field = value.String("field");
    row.hint = value.String("hint");
    row.channel = value.String("channel");
    row.origin = value.String("origin");
    row.format = value.String("content_type");
    row.document = value.String("document");
    const auto at = event::ParseUtc(value.String("created_at"));
    if (at.ok()) row.created_at = *at;
    return row;
  }

  int ReadList(std::string body, std::vector<admin::QuarantineRow>* rows) {
    JsonParser parser;
    auto root = parser.Parse(body);
    if (!root.ok()) return Complain(root.status());
    for (const JsonValue document : root->Find("documents")) rows->push_back(RowOf(document));
    return kOk;
  }

  int Complain(int code) const {
    fmt::print(stderr, "{}\n", fault_.message());
    return code;
  }
  static int Complain(const Status& status) {
    fmt::print(stderr, "{}\n", status.message());
    return kFault;
  }

  const Common& common_;
  Status fault_;
  std::unique_ptr<journal::Search> search_;  // once no daemon has answered
};

// Every ticket, the newest first, a page at a time.
int ForEach(Source* source, const std::function<int(const admin::QuarantineRow&)>& visit) {
  QuarantineOptions page;
  page.most = kPageRows;
  for (uint64_t before = 0;;) {
    std::vector<admin::QuarantineRow> rows;
    if (const int code = source->List(before, page, &rows); code != kOk) return code;
    for (const admin::QuarantineRow& row : rows) {
      if (const int code = visit(row); code != kOk) return code;
    }
    if (rows.size() < kPageRows) return kOk;
    before = rows.back().ticket;
  }
}

// With their documents.
int PrintAll(Source* source, const std::vector<admin::QuarantineRow>& listed) {
  std::vector<Ticket> tickets(listed.size());
  for (size_t i = 0; i < tickets.size(); ++i) {
    if (const int code = source->One(listed[i].ticket, &tickets[i]); code != kOk) return code;
  }
  PrintJson(tickets);
  return kOk;
}

}  // namespace

int RunQuarantine(const Common& common, const QuarantineOptions& options) {
  Source source(common);
  if (options.ticket != 0) {
    Ticket ticket;
    if (const int code = source.One(options.ticket, &ticket); code != kOk) return code;
    if (common.json) {
      PrintJson({ticket});
    } else {
      PrintWhole(ticket.row);
    }
    return kOk;
  }
  std::vector<admin::QuarantineRow> rows;
  if (const int code = source.List(0, options, &rows); code != kOk) return code;
  if (common.json) return PrintAll(&source, rows);
  for (const admin::QuarantineRow& row : rows) PrintLine(row);
  fmt::print("{}\n", rows.size() == 1 ? "1 document waits for a person"
                                      : fmt::format("{} documents wait for a person", rows.size()));
  return kOk;
}

namespace {

// The document's name is "register/03/2026-11-21/4711".
bool IsOf(std::string_view origin, const RestartedOptions& options) {
  constexpr std::string_view kRegister = "register/";
  if (!origin.starts_with(kRegister)) return false;
  origin.remove_prefix(kRegister.size());
  const std::string_view id = origin.substr(0, origin.find('/'));
  origin.remove_prefix(id.size());
  return event::WithoutLeadingZeros(id) == event::WithoutLeadingZeros(options.register_id) &&
         origin.starts_with("/" + options.business_day + "/");
}

// The tickets of one reason, the oldest first.
int Matching(const Common& common, const std::string& reason, std::vector<uint64_t>* tickets) {
  Source source(common);
  const int found = ForEach(&source, [&](const admin::QuarantineRow& row) {
    if (row.reason == reason) tickets->push_back(row.ticket);
    return kOk;
  });
  std::sort(tickets->begin(), tickets->end());
  return found;
}

// What cannot be taken back is asked once, for all of them.
bool MayDiscard(size_t number, const DiscardMatchingOptions& options) {
  if (options.yes || number == 0) return true;
  if (isatty(STDIN_FILENO) == 0) {
    fmt::print(stderr, "discarding cannot be taken back: say --yes\n");
    return false;
  }
  fmt::print("Discard {} documents for good? They will not be counted in stock. [y/N] ", number);
  std::fflush(stdout);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

}  // namespace

int RunDiscardMatching(const Common& common, const DiscardMatchingOptions& options) {
  std::vector<uint64_t> tickets;
  if (const int code = Matching(common, options.reason, &tickets); code != kOk) return code;
  if (!MayDiscard(tickets.size(), options)) return kUsage;
  size_t discarded = 0;
  for (const uint64_t ticket : tickets) {
    ResolveOptions one;
    one.way = ResolveOptions::Way::kDiscard;
    one.ticket = ticket;
    one.reason = options.why;
    one.yes = true;
    const int code = RunResolve(common, one);
    if (code == kUnreachable || code == kUsage) return code;
    discarded += code == kOk ? 1 : 0;
  }
  if (!common.json) fmt::print("{} of {} were discarded\n", discarded, tickets.size());
  return discarded == tickets.size() ? kOk : kFault;
}

int RunRetryMatching(const Common& common, const RetryMatchingOptions& options) {
  std::vector<uint64_t> tickets;
  if (const int code = Matching(common, options.reason, &tickets); code != kOk) return code;
  size_t stored = 0;
  for (const uint64_t ticket : tickets) {
    ResolveOptions retry;
    retry.ticket = ticket;
    retry.reason = "retried with all of " + options.reason;
    const int code = RunResolve(common, retry);
    if (code == kUnreachable) return code;
    stored += code == kOk ? 1 : 0;
  }
  if (!common.json) fmt::print("{} of {} were stored\n", stored, tickets.size());
  return stored == tickets.size() ? kOk : kFault;
}

int RunRestarted(const Common& common, const RestartedOptions& options) {
  if (!event::IsDay(options.business_day)) {
    fmt::print(stderr, "a business day looks like 2026-11-21\n");
    return kUsage;
  }
  std::vector<uint64_t> tickets;
  Source source(common);
  const int found = ForEach(&source, [&](const admin::QuarantineRow& row) {
    const bool known = row.reason == "changed" || row.reason == "time_changed";
    if (known && IsOf(row.origin, options)) tickets.push_back(row.ticket);
    return kOk;
  });
  if (found != kOk) return found;
  std::sort(tickets.begin(), tickets.end());
  size_t stored = 0;
  for (const uint64_t ticket : tickets) {
    ResolveOptions retry;
    retry.ticket = ticket;
    retry.reason = options.why;
    retry.restarts = options.times;
    const int code = RunResolve(common, retry);
    if (code == kUnreachable) return code;
    stored += code == kOk ? 1 : 0;
  }
  if (!common.json) fmt::print("{} of {} were stored\n", stored, tickets.size());
  return stored == tickets.size() ? kOk : kFault;
}

int RunQuarantineExport(const Common& common) {
  Source source(common);
  return ForEach(&source, [&](const admin::QuarantineRow& listed) {
    Ticket ticket;
    if (const int code = source.One(listed.ticket, &ticket); code != kOk) return code;
    fmt::print("{}\n", ticket.json);
    return kOk;
  });
}

}  // namespace tillrelay::cli
