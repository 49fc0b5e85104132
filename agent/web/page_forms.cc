#include "agent/web/page_forms.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/access/admin_auth.h"
#include "agent/access/rules.h"
#include "agent/admin/reason.h"
#include "agent/web/delivery_facts.h"
#include "agent/web/page_handler.h"
#include "agent/web/pages/issues_view.h"
#include "agent/web/quarantine_forms.h"
#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/event/time_text.h"
#include "common/web/reader_language.h"

namespace tillrelay::web {
namespace {

constexpr FrameParts kIssuesParts{"/issues", strings::kIssues};
constexpr FrameParts kDeliveryParts{"/delivery", strings::kDelivery};

void Deliver(const PageRequest& asked, admin::Admin::Delivery what, std::string_view word) {
  const Status done = asked.admin().Deliver(what, access::ActorOf(*asked.request));
  if (!done.ok()) return asked.ShowFailure(kDeliveryParts, done);
  asked.GoTo(fmt::format("/delivery?done={}", word));
}

void Acknowledge(const PageRequest& asked) {
  const auto fields = http::ParseForm(asked.request->body);
  if (!fields) return asked.ShowFailure(kIssuesParts, Refused(strings::kWrongForm));
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
        return IssuesContent(context, asked.viewer, rows, FailureText(done));
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
    if (!from.ok() || !through.ok()) return Refused(strings::kWrongTimes);
    wish.recorded_from = *from;
    wish.recorded_through = *through;
    return wish;
  }
  if (!ReadNumber(q.first, &wish.first) || !ReadNumber(q.last, &wish.last) || wish.first == 0) {
    return Refused(strings::kWrongNumbers);
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
  question.problem = asked.InLanguage([&failure] { return FailureText(failure); });
  ShowDelivery(asked, question, Meaning(failure.code()).http_status);
}

void Replay(const PageRequest& asked) {
  const auto fields = http::ParseForm(asked.request->body);
  if (!fields) return asked.ShowFailure(kDeliveryParts, Refused(strings::kWrongForm));
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

// For everybody: it changes nothing but what this browser is shown.
void ChooseLanguage(const PageRequest& asked) {
  const auto fields = http::ParseForm(asked.request->body);
  const strings::Language* language =
      fields ? strings::FindLanguage(http::Field(*fields, "language")) : nullptr;
  if (language == nullptr) {
    return asked.ShowFailure({"", strings::kLanguage}, Refused(strings::kWrongLanguage));
  }
  const std::string next(http::Field(*fields, "next"));
  http::Response response;
  response.status = 303;
  response.headers.Add("Location", access::IsLocalPath(next) ? next : "/");
  response.headers.Add("Set-Cookie", http::LanguageCookie(*language));
  asked.responder.Send(Secured(std::move(response)));
}

}  // namespace

void AddPageForms(http::Router& router, const std::shared_ptr<const StatusSources>& queries) {
  router.Add("POST", "/language", OpenPage(queries, ChooseLanguage));
  AddQuarantineForms(router, queries);
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
