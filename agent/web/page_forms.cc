#include "agent/web/page_forms.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/access/admin_auth.h"
#include "agent/admin/reason.h"
#include "agent/web/delivery_facts.h"
#include "agent/web/page_handler.h"
#include "agent/web/pages/issues_view.h"
#include "agent/web/pages/quarantine_view.h"
#include "agent/web/view_strings.h"
#include "common/base/json_reader.h"
#include "common/event/time_text.h"

namespace tillrelay::web {
namespace {

constexpr FrameParts kQuarantineParts{"/quarantine", strings::kQuarantine};
constexpr FrameParts kIssuesParts{"/issues", strings::kIssues};
constexpr FrameParts kDeliveryParts{"/delivery", strings::kDelivery};

// Why the first of the results was not taken, in words.
std::string ProblemIn(std::string results) {
  JsonParser parser;
  const auto root = parser.Parse(results);
  if (root.ok() && root->is_array()) {
    for (const JsonValue result : *root) {
      if (result.String("outcome") != "quarantined" && result.String("reason").empty()) continue;
      return fmt::format(strings::kStillWrong, result.String("reason"), result.String("field"),
                         result.String("hint"));
    }
  }
  return fmt::format(strings::kStillWrong, "", "", "");
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

void Resolve(const PageRequest& asked, admin::Resolution::Way way) {
  const auto fields = http::ParseForm(asked.request->body);
  admin::Resolution resolution;
  const std::string ticket(asked.request->Param("ticket"));
  std::from_chars(ticket.data(), ticket.data() + ticket.size(), resolution.ticket);
  if (!fields) return asked.ShowFailure(kQuarantineParts, Invalid("the form is not well-formed"));
  resolution.way = way;
  resolution.actor = access::ActorOf(*asked.request);
  resolution.reason = http::Field(*fields, "reason");
  resolution.document = WithPlainLineEnds(http::Field(*fields, "document"));
  resolution.content_type = http::Field(*fields, "content_type");
  if (Status s = admin::CheckReason(way, &resolution.reason); !s.ok()) {
    return ShowAgain(asked, resolution.ticket,
                     {resolution.document, fmt::format(strings::kFailed, s.message())});
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
    ShowAgain(asked, number,
              {attempt.edited, done.ok() ? ProblemIn(done->results)
                                         : fmt::format(strings::kFailed, done.status().message())});
  });
}

void Deliver(const PageRequest& asked, admin::Admin::Delivery what, std::string_view word) {
  const Status done = asked.admin().Deliver(what, access::ActorOf(*asked.request));
  if (!done.ok()) return asked.ShowFailure(kDeliveryParts, done);
  asked.GoTo(fmt::format("/delivery?done={}", word));
}

void Acknowledge(const PageRequest& asked) {
  const auto fields = http::ParseForm(asked.request->body);
  if (!fields) return asked.ShowFailure(kIssuesParts, Invalid("the form is not well-formed"));
  admin::Acknowledgement acknowledgement{std::string(http::Field(*fields, "issue")),
                                         std::string(http::Field(*fields, "note")),
                                         access::ActorOf(*asked.request)};
  Status done = admin::CheckNote(&acknowledgement.note);
  if (done.ok()) done = asked.admin().Acknowledge(std::move(acknowledgement));
  if (done.ok()) return asked.GoTo("/issues?done=acknowledged");
  const auto rows = asked.admin().Issues(true);
  asked.Show(
      kIssuesParts,
      [&](const PageContext& context) {
        return IssuesContent(context, asked.viewer, rows,
                             fmt::format(strings::kFailed, done.message()));
      },
      Meaning(done.code()).http_status);
}

bool ReadNumber(const std::string& text, uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

ReplayQuestion QuestionOf(const http::QueryParameters& fields) {
  const auto field = [&fields](const char* name) { return std::string(http::Field(fields, name)); };
  return {field("day"), field("first"), field("last"), field("from"), field("through"), {}, {}};
}

// What the fields ask for; Invalid if they name nothing whole.
Result<admin::ReplayWish> WishOf(const ReplayQuestion& q, const std::string& actor) {
  admin::ReplayWish wish;
  wish.actor = actor;
  wish.business_day = q.day;
  if (!q.day.empty()) return wish;
  if (!q.from.empty()) {  // minutes, as the browser's field gives them
    const auto from = event::ParseUtc(q.from + ":00Z");
    const auto through = event::ParseUtc(q.through + ":59Z");
    if (!from.ok() || !through.ok()) return Invalid("the times are not understood");
    wish.recorded_from = *from;
    wish.recorded_through = *through;
    return wish;
  }
  if (!ReadNumber(q.first, &wish.first) || !ReadNumber(q.last, &wish.last) || wish.first == 0) {
    return Invalid("the first and the last number are needed");
  }
  return wish;
}

void ShowDelivery(const PageRequest& asked, const ReplayQuestion& question, int status) {
  asked.Show(
      kDeliveryParts,
      [&](const PageContext& context) {
        return DeliveryContent(context, asked.viewer, "", question);
      },
      status);
}

void ShowReplayFailure(const PageRequest& asked, ReplayQuestion question, const Status& failure) {
  question.problem = fmt::format(strings::kFailed, failure.message());
  ShowDelivery(asked, question, Meaning(failure.code()).http_status);
}

void Replay(const PageRequest& asked) {
  const auto fields = http::ParseForm(asked.request->body);
  if (!fields) return asked.ShowFailure(kDeliveryParts, Invalid("the form is not well-formed"));
  const ReplayQuestion question = QuestionOf(*fields);
  auto wish = WishOf(question, access::ActorOf(*asked.request));
  if (!wish.ok()) return ShowReplayFailure(asked, question, wish.status());
  if (!http::Field(*fields, "preview").empty()) {
    return asked.admin().Preview(*std::move(wish), [=](Result<admin::ReplayPreview> preview) {
      if (!preview.ok()) return ShowReplayFailure(asked, question, preview.status());
      ReplayQuestion answered = question;
      answered.count = preview->events;
      ShowDelivery(asked, answered, 200);
    });
  }
  asked.admin().Replay(*std::move(wish), [=](Result<admin::ReplayState> state) {
    if (!state.ok()) return ShowReplayFailure(asked, question, state.status());
    asked.GoTo("/delivery?done=replay#replay");
  });
}

}  // namespace

void AddPageForms(http::Router& router, const std::shared_ptr<const StatusSources>& queries) {
  const std::pair<std::string_view, admin::Resolution::Way> ways[] = {
      {"retry", admin::Resolution::Way::kRetry},
      {"resubmit", admin::Resolution::Way::kResubmit},
      {"discard", admin::Resolution::Way::kDiscard}};
  for (const auto& [word, way] : ways) {
    router.Add("POST", fmt::format("/quarantine/{{ticket}}/{}", word),
               ClosedPage(queries, [way = way](const PageRequest& asked) { Resolve(asked, way); }),
               kMaxFormBytes);
  }
  router.Add("POST", "/replays", ClosedPage(queries, Replay));
  router.Add("POST", "/issues/acknowledge", ClosedPage(queries, Acknowledge));
  const std::pair<std::string_view, admin::Admin::Delivery> deliveries[] = {
      {"pause", admin::Admin::Delivery::kPause},
      {"resume", admin::Admin::Delivery::kResume},
      {"retry", admin::Admin::Delivery::kRetry}};
  for (const auto& [word, what] : deliveries) {
    router.Add("POST", fmt::format("/delivery/{}", word),
               ClosedPage(queries, [what = what, word = word](const PageRequest& asked) {
                 Deliver(asked, what, word);
               }));
  }
}

}  // namespace tillrelay::web
