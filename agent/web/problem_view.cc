#include "agent/web/problem_view.h"

#include "agent/web/frame.h"
#include "agent/web/page_strings.h"
#include "common/web/problem_page.h"
#include "common/web/reader_language.h"

namespace tillrelay::web {

http::ProblemPageMaker ProblemPages(std::string language) {
  return [language = std::move(language)](const http::Request& request,
                                          const http::Response& problem) {
    const strings::Language& spoken = http::LanguageOf(request, language);
    const strings::Speaking speaking(spoken);
    http::Response page = http::ProblemPage(
        problem,
        PlainFrameHtml(strings::kProblem, "/", http::ProblemSection(problem, strings::kOverview)));
    http::AddLanguage(&page, spoken);
    return page;
  };
}

}  // namespace tillrelay::web
