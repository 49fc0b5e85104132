#include "agent/status/page_door.h"

#include <fmt/format.h>

#include "agent/status/view_words.h"
#include "common/http/html.h"

namespace tillrelay::status {
namespace {

using http::Html;
using http::Request;
using http::Responder;
using http::Response;

Asked Ask(const std::shared_ptr<const Queries>& queries, Request&& request, Responder responder) {
  Viewer viewer;
  if (queries->viewer) viewer = queries->viewer(request);
  return {queries, std::make_shared<const Request>(std::move(request)), std::move(responder),
          std::move(viewer)};
}

// The word of ?done=, as a sentence; nothing for another word.
std::string_view DoneText(std::string_view word) {
  static constexpr std::pair<std::string_view, std::string_view> kDone[] = {
      {"pause", words::kDonePause},         {"resume", words::kDoneResume},
      {"retry", words::kDoneRetry},         {"resolved", words::kDoneResolved},
      {"discarded", words::kDoneDiscarded}, {"replay", words::kDoneReplay}};
  for (const auto& [known, text] : kDone) {
    if (known == word) return text;
  }
  return {};
}

}  // namespace

void Asked::Show(const FrameParts& parts, const Content& content, int status) const {
  const Snapshot snapshot = queries->snapshot();
  const Look look(snapshot, queries->faces);
  Html html;
  const std::string_view done = DoneText(Query("done"));
  if (!done.empty()) html.Put("<p class=\"done\" role=\"status\">✓ {}</p>\n", done);
  html.Raw(content(look));
  Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = FrameHtml(look, viewer, parts, html.Take());
  responder.Send(Secured(std::move(response)));
}

void Asked::ShowFailure(const FrameParts& parts, const Status& failure) const {
  const auto content = [&](const Look&) {
    Html html;
    html.Put("<section><h1>{}</h1><p class=\"red-text\" role=\"alert\">■ {}</p></section>\n",
             parts.title, fmt::format(words::kFailed, failure.message()));
    return html.Take();
  };
  Show(parts, content, Meaning(failure.code()).http_status);
}

void Asked::GoTo(std::string_view path) const {
  Response response;
  response.status = 303;
  response.headers.Add("Location", path);
  responder.Send(Secured(std::move(response)));
}

http::Handler OpenPage(std::shared_ptr<const Queries> queries, PageHandler handler) {
  return [queries = std::move(queries), handler = std::move(handler)](Request&& request,
                                                                      Responder responder) {
    handler(Ask(queries, std::move(request), std::move(responder)));
  };
}

http::Handler ClosedPage(std::shared_ptr<const Queries> queries, PageHandler handler) {
  return OpenPage(std::move(queries), [handler = std::move(handler)](const Asked& asked) {
    if (!asked.viewer.signed_in) {
      return asked.GoTo("/login?next=" + http::PercentEncode(asked.request->target));
    }
    if (asked.queries->admin == nullptr) {
      return asked.Show({"", words::kOverview}, [](const Look&) {
        Html html;
        html.Put("<section><h1>{}</h1></section>\n", words::kNoStoreYet);
        return html.Take();
      });
    }
    handler(asked);
  });
}

}  // namespace tillrelay::status
