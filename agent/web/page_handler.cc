#include "agent/web/page_handler.h"

#include <fmt/format.h>

#include "agent/access/rules.h"
#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/language/retell.h"
#include "common/web/html.h"
#include "common/web/reader_language.h"

namespace tillrelay::web {
namespace {

using http::Html;
using http::Request;
using http::Responder;
using http::Response;

PageRequest Ask(const std::shared_ptr<const StatusSources>& queries, Request&& request,
                Responder responder) {
  Principal viewer;
  if (queries->viewer) viewer = queries->viewer(request);
  const strings::Language& language = http::LanguageOf(request, queries->language);
  return {queries, std::make_shared<const Request>(std::move(request)), std::move(responder),
          std::move(viewer), &language};
}

// The word of ?done=, as a sentence; nothing for another word.
std::string_view DoneText(std::string_view word) {
  static constexpr std::pair<std::string_view, strings::Text> kDone[] = {
      {"pause", strings::kDonePause},
      {"resume", strings::kDoneResume},
      {"retry", strings::kDoneRetry},
      {"resolved", strings::kDoneResolved},
      {"acknowledged", strings::kDoneAcknowledged},
      {"discarded", strings::kDoneDiscarded},
      {"replay", strings::kDoneReplay}};
  for (const auto& [known, text] : kDone) {
    if (known == word) return text;
  }
  return {};
}

}  // namespace

void PageRequest::Show(const FrameParts& parts, const Content& content, int status) const {
  const monitor::Snapshot snapshot = queries->snapshot();
  const strings::Speaking speaking(language());
  const PageContext context(snapshot, queries->faces);
  Html html;
  const std::string_view done = DoneText(Query("done"));
  if (!done.empty()) html.Put("<p class=\"done\" role=\"status\">✓ {}</p>\n", done);
  html.Raw(content(context));
  Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  FrameParts framed = parts;
  if (access::OnlyReads(request->method)) framed.target = request->target;
  response.body = FrameHtml(context, viewer, framed, html.Take());
  http::AddLanguage(&response, language());
  responder.Send(Secured(std::move(response)));
}

Status NotANumber(std::string_view parameter) {
  return Invalid(strings::Say(strings::kWrongNumber, parameter));
}

std::string FailureText(const Status& failure) {
  return strings::Say(strings::kFailed, strings::Retold(failure.message()));
}

void PageRequest::ShowFailure(const FrameParts& parts, const Status& failure) const {
  const auto content = [&](const PageContext&) {
    Html html;
    html.Put("<section><h1>{}</h1><p class=\"red-text\" role=\"alert\">■ {}</p></section>\n",
             parts.title, FailureText(failure));
    return html.Take();
  };
  Show(parts, content, Meaning(failure.code()).http_status);
}

void PageRequest::GoTo(std::string_view path) const {
  Response response;
  response.status = 303;
  response.headers.Add("Location", path);
  responder.Send(Secured(std::move(response)));
}

http::Handler OpenPage(std::shared_ptr<const StatusSources> queries, PageHandler handler) {
  return [queries = std::move(queries), handler = std::move(handler)](Request&& request,
                                                                      Responder responder) {
    handler(Ask(queries, std::move(request), std::move(responder)));
  };
}

http::Handler ClosedPage(std::shared_ptr<const StatusSources> queries, PageHandler handler) {
  return OpenPage(std::move(queries), [handler = std::move(handler)](const PageRequest& asked) {
    if (!asked.viewer.signed_in) {
      return asked.GoTo("/login?next=" + http::PercentEncode(asked.request->target));
    }
    if (asked.queries->admin == nullptr) {
      return asked.Show({"", strings::kOverview}, [](const PageContext&) {
        Html html;
        html.Put("<section><h1>{}</h1></section>\n", strings::kNoStoreYet);
        return html.Take();
      });
    }
    handler(asked);
  });
}

}  // namespace tillrelay::web
