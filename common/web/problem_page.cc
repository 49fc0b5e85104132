#include "common/web/problem_page.h"

#include "common/base/json_reader.h"
#include "common/web/html.h"
#include "common/web/problem_strings.h"
#include "common/web/security_headers.h"

namespace tillrelay::http {
namespace {

strings::Text SentenceOf(std::string_view word, int status) {
  using strings::Text;
  static constexpr std::pair<std::string_view, Text> kSentences[] = {
      {"not-found", strings::kProblemNotFound},
      {"unknown", strings::kProblemNotFound},
      {"method-not-allowed", strings::kProblemMethod},
      {"bad-parameter", strings::kProblemParameter},
      {"bad-question", strings::kProblemParameter},
      {"not-allowed", strings::kProblemNotAllowed},
      {"csrf", strings::kProblemOldForm},
      {"no-password", strings::kProblemNobody},
      {"body-too-large", strings::kProblemTooLarge},
      {"foreign-host", strings::kProblemHost},
      {"cross-site", strings::kProblemOtherSite},
      {"token", strings::kProblemToken}};
  for (const auto& [known, sentence] : kSentences) {
    if (known == word) return sentence;
  }
  return status == 503 || status == 429 ? strings::kProblemBusy : strings::kProblemOther;
}

}  // namespace

std::string ProblemSection(const Response& problem, std::string_view home) {
  JsonParser parser;
  std::string body = problem.body;
  const auto document = parser.Parse(body);
  const std::string type(document.ok() ? document->String("type") : "");
  const std::string word = type.substr(type.rfind('/') + 1);
  std::string detail(document.ok() ? document->String("detail") : "");
  while (detail.ends_with('.')) detail.pop_back();
  Html html;
  html.Put("<section class=\"narrow\"><h1>{}</h1>\n", SentenceOf(word, problem.status));
  if (!detail.empty()) html.Put("<p>{}</p>\n", strings::Say(strings::kProblemDetail, detail));
  html.Put("<p class=\"note\">{}</p>\n<p><a href=\"/\">{}</a></p></section>\n",
           strings::Say(strings::kProblemCode, problem.status, word), home);
  return html.Take();
}

Response ProblemPage(const Response& problem, std::string html) {
  Response page;
  page.status = problem.status;
  page.close = problem.close;
  page.content_type = "text/html; charset=utf-8";
  page.body = std::move(html);
  for (const char* name : {"Allow", "Retry-After", "WWW-Authenticate"}) {
    if (const auto value = problem.headers.Find(name); !value.empty())
      page.headers.Add(name, value);
  }
  return Secured(std::move(page));
}

}  // namespace tillrelay::http
