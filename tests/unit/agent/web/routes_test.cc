#include "agent/api/status_routes.h"

#include <gtest/gtest.h>

#include "agent/web/assets.h"
#include "agent/web/page_routes.h"
#include "agent/web/problem_view.h"
#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::web {
namespace {

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    StatusSources queries;
    queries.snapshot = [this] { return monitor::SampleNamed(sample_); };
    queries.viewer = [this](const http::Request&) {
      return access::Principal{signed_in_, "anna", "token", true};
    };
    api::AddStatusRoutes(router_, queries.snapshot);
    AddPageRoutes(router_, queries);
  }
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  http::Response Get(const std::string& path, const std::string& if_none_match = "") {
    return Ask("GET", path,
               if_none_match.empty() ? Pairs{} : Pairs{{"If-None-Match", if_none_match}});
  }
  http::Response Ask(const std::string& method, const std::string& path, const Pairs& headers,
                     const std::string& body = "") {
    http::Request request;
    request.method = method;
    request.body = body;
    request.target = path;
    request.path = path.substr(0, path.find('?'));
    request.query = request.path == path ? "" : path.substr(request.path.size() + 1);
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    http::Router::Match match = router_.Find(request);
    if (match.route == nullptr) return match.problem;
    http::Response answer;
    match.route->handler(std::move(request), http::Responder([&answer](http::Response&& response) {
                           answer = std::move(response);
                         }));
    return answer;
  }
  http::Router router_;
  std::string sample_ = "delivered";
  bool signed_in_ = false;
};

TEST_F(RoutesTest, EveryAnswerCarriesTheStrictHeaders) {
  for (const char* path : {"/", "/v1/status", "/metrics", "/healthz", "/assets/style.css",
                           "/assets/none", "/events", "/v1/live?once"}) {
    const http::Response answer = Get(path);
    EXPECT_EQ(answer.headers.Find("Content-Security-Policy"), http::kContentSecurityPolicy) << path;
    EXPECT_EQ(answer.headers.Find("Referrer-Policy"), "same-origin") << path;
    EXPECT_EQ(answer.headers.Find("Cross-Origin-Opener-Policy"), "same-origin") << path;
    EXPECT_EQ(answer.headers.Find("Cross-Origin-Resource-Policy"), "same-origin") << path;
  }
}

TEST_F(RoutesTest, ReadyMeansThatTheIntakeWouldAccept) {
  EXPECT_EQ(Get("/readyz").status, 200);
  for (const auto& [sample, word] : {std::pair{"refusing", "disk\n"},
                                     {"poisoned", "journal\n"},
                                     {"unconfigured", "not-configured\n"}}) {
    sample_ = sample;
    EXPECT_EQ(Get("/readyz").status, 503);
    EXPECT_EQ(Get("/readyz").body, word);
    EXPECT_EQ(Get("/healthz").status, 200);
  }
  sample_ = "name";  // off line is no reason to turn registers away
  EXPECT_EQ(Get("/readyz").status, 200);
}

TEST_F(RoutesTest, AProblemIsAPageInTheReadersLanguage) {
  const auto page = [](const http::Response& problem, const char* language) {
    http::Request request;
    request.target = "/<script>";
    request.headers.Add("Accept-Language", language);
    return ProblemPages("auto")(request, problem);
  };
  http::Response wrong_method = http::Problem(405, "method-not-allowed", "No", "Allowed here: GET");
  wrong_method.headers.Add("Allow", "GET");
  const struct {
    http::Response problem;
    const char *english, *german;
  } rows[] = {
      {http::Problem(404, "not-found", "There is nothing at this path"),
       "There is no page at this address.", "Unter dieser Adresse gibt es keine Seite."},
      {wrong_method, "This address does not take", "Diese Adresse nimmt nicht an"},
      {http::Problem(400, "bad-parameter", "x", "there is no parameter <b>"),
       "there is no parameter &lt;b&gt;", "Die Adresse fragt nach etwas"},
      {http::Problem(403, "not-allowed", "x"), "may not do that", "Berechtigung"},
      {http::Problem(413, "body-too-large", "x"), "larger than this server takes", "annimmt"},
      {http::Problem(503, "busy", "x"), "is busy", "ausgelastet"},
      {http::Problem(418, "new-one", "x"), "cannot be answered", "kann nicht beantwortet werden"},
  };
  for (const auto& row : rows) {
    const http::Response english = page(row.problem, "en"), german = page(row.problem, "de");
    EXPECT_EQ(english.status, row.problem.status);
    EXPECT_EQ(english.content_type, "text/html; charset=utf-8");
    EXPECT_NE(english.body.find(row.english), std::string::npos) << english.body;
    EXPECT_NE(german.body.find(row.german), std::string::npos) << german.body;
    EXPECT_NE(german.body.find("<html lang=\"de\">"), std::string::npos);
    EXPECT_NE(german.body.find("/assets/style.css"), std::string::npos) << "the house's look";
    EXPECT_EQ(english.body.find("<script"), std::string::npos) << "nothing of the request";
    EXPECT_EQ(english.body.find("0042"), std::string::npos) << "nothing of the store";
    EXPECT_EQ(english.headers.Find("Content-Security-Policy"), http::kContentSecurityPolicy);
    EXPECT_EQ(english.headers.Find("Allow"), row.problem.headers.Find("Allow"));
  }
}

TEST_F(RoutesTest, AssetsAreAskedAboutByTheirTag) {
  const http::Response first = Get("/assets/style.css");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.content_type, "text/css; charset=utf-8");
  EXPECT_NE(first.body.find(":root"), std::string::npos);
  const http::Response again = Get("/assets/style.css", std::string(first.headers.Find("ETag")));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Get("/assets/other.css").status, 404);
}

TEST_F(RoutesTest, ViewsBehindTheSignInSendStrangersThereAndRememberWhereTheyWereGoing) {
  for (const char* path :
       {"/issues", "/delivery", "/charts", "/registers", "/quarantine", "/quarantine/7", "/events",
        "/events/1", "/days", "/days/2026-11-21/3", "/system", "/audit"}) {
    const http::Response answer = Get(path);
    EXPECT_EQ(answer.status, 303) << path;
    EXPECT_EQ(answer.headers.Find("Location"), "/login?next=" + http::PercentEncode(path));
    EXPECT_EQ(answer.body, "") << path;
  }
}

TEST_F(RoutesTest, AServerWithoutAStoreSaysSoInEveryView) {
  signed_in_ = true;
  const http::Response answer = Get("/events");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("does not know which store it is"), std::string::npos);
}

TEST_F(RoutesTest, LiveOnceIsTheWholeAsJson) {
  const http::Response answer = Get("/v1/live?once");
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_NE(answer.body.find("\"level\":\"green\""), std::string::npos);
  EXPECT_NE(answer.body.find("\"verdict\":\""), std::string::npos);
}

TEST_F(RoutesTest, AllAssetsTogetherAreSmall) {
  size_t bytes = 0;
  for (const char* name : {"style.css", "live.js", "state-green.svg", "state-amber.svg",
                           "state-red.svg", "state-unknown.svg"}) {
    ASSERT_NE(FindAsset(name), nullptr) << name;
    bytes += FindAsset(name)->bytes.size();
  }
  EXPECT_LT(bytes, 60'000u);
}

TEST_F(RoutesTest, APageIsInTheLanguageOfItsReader) {
  sample_ = "name";
  const http::Response english = Get("/"), german = Ask("GET", "/", {{"Accept-Language", "de-CH"}});
  EXPECT_NE(english.body.find("What to do"), std::string::npos);
  EXPECT_EQ(english.headers.Find("Content-Language"), "en");
  EXPECT_NE(german.body.find("Was zu tun ist"), std::string::npos);
  EXPECT_EQ(german.headers.Find("Content-Language"), "de");
  EXPECT_EQ(german.headers.Find("Vary"), "Accept-Language, Cookie");
  const http::Response own =
      Ask("GET", "/", {{"Accept-Language", "de"}, {"Cookie", "sid=1; language=en"}});
  EXPECT_EQ(own.body, english.body);
}

TEST_F(RoutesTest, MachinesAreToldEnglishWhoeverAsks) {
  for (const char* sample : {"name", "refusing", "quarantine"}) {
    sample_ = sample;
    for (const char* path : {"/v1/status", "/metrics", "/healthz", "/readyz", "/assets/live.js",
                             "/nothing", "/v1/live?language=xx"}) {
      const http::Response plain = Get(path);
      const http::Response asked =
          Ask("GET", path, {{"Accept-Language", "de"}, {"Cookie", "language=de"}});
      EXPECT_EQ(asked.status, plain.status) << path;
      EXPECT_EQ(asked.body, plain.body) << path;
      EXPECT_EQ(asked.headers.Find("Content-Language"), "") << path;
    }
  }
}

TEST_F(RoutesTest, ALanguageIsChosenByAFormForEverybody) {
  const Pairs form = {{"Content-Type", "application/x-www-form-urlencoded"}};
  const http::Response chosen =
      Ask("POST", "/language", form, "language=de&next=%2Fevents%3Fq%3D4711");
  EXPECT_EQ(chosen.status, 303);
  EXPECT_EQ(chosen.headers.Find("Location"), "/events?q=4711");
  EXPECT_TRUE(chosen.headers.Find("Set-Cookie").starts_with("language=de; Path=/; "));
  for (const char* next : {"%2F%2Fevil.example", "https%3A%2F%2Fevil.example", "", "%2F%0A"}) {
    const auto answer = Ask("POST", "/language", form, std::string("language=de&next=") + next);
    EXPECT_EQ(answer.headers.Find("Location"), "/") << next;
  }
  for (const char* body : {"language=xx", "", "language=", "language=%zz", "language=de%0d%0ax"}) {
    const http::Response refused = Ask("POST", "/language", form, body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.headers.Find("Set-Cookie"), "") << body;
  }
}

TEST_F(RoutesTest, TheLiveChannelSpeaksThePagesLanguage) {
  sample_ = "name";
  EXPECT_NE(Get("/v1/live?once&language=de").body.find("Was zu tun ist"), std::string::npos);
  EXPECT_NE(Get("/v1/live?once").body.find("What to do"), std::string::npos);
  const auto wished = Ask("GET", "/v1/live?once", {{"Accept-Language", "de"}});
  EXPECT_NE(wished.body.find("Was zu tun ist"), std::string::npos);
  EXPECT_EQ(wished.headers.Find("Content-Language"), "de");
  EXPECT_EQ(Get("/v1/live?once&language=xx").status, 400);
  const auto english = Get("/v1/live?language=en"), german = Get("/v1/live?language=de");
  EXPECT_NE(english.live, german.live);  // rendered once for each
  EXPECT_EQ(german.live, Ask("GET", "/v1/live", {{"Cookie", "language=de"}}).live);
}

TEST_F(RoutesTest, TheTypesAreWhatToolsExpect) {
  EXPECT_EQ(Get("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Get("/v1/status").content_type, "application/json");
  EXPECT_EQ(Get("/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace tillrelay::web
