#include "agent/status/routes.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/status/samples.h"

namespace tillrelay::status {
namespace {

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    AddRoutes(router_, {[this] { return SampleNamed(sample_); }, UtcTimeText});
  }
  http::Response Get(const std::string& path, const std::string& if_none_match = "") {
    http::Request request;
    request.method = "GET";
    request.path = path;
    if (!if_none_match.empty()) request.headers.Add("If-None-Match", if_none_match);
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
};

TEST_F(RoutesTest, EveryAnswerCarriesTheStrictHeaders) {
  for (const char* path :
       {"/", "/v1/status", "/metrics", "/healthz", "/assets/style.css", "/assets/none"}) {
    const http::Response answer = Get(path);
    EXPECT_EQ(answer.headers.Find("Content-Security-Policy"), kContentSecurityPolicy) << path;
    EXPECT_EQ(answer.headers.Find("Referrer-Policy"), "no-referrer") << path;
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

TEST_F(RoutesTest, TheTypesAreWhatToolsExpect) {
  EXPECT_EQ(Get("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Get("/v1/status").content_type, "application/json");
  EXPECT_EQ(Get("/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace tillrelay::status
