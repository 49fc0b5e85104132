#include "common/http/router.h"

#include <gtest/gtest.h>

namespace tillrelay::http {
namespace {

Handler Nothing() {
  return [](Request&&, Responder) {};
}

Request PageRequest(std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

TEST(Router, PartsInBracesMatchOneDecodedSegment) {
  Router router;
  router.Add("POST", "/v1/quarantine/{ticket}/retry", Nothing(), 10);
  Request request = PageRequest("POST", "/v1/quarantine/a%20b/retry");
  const Router::Match match = router.Find(request);
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->max_body, 10u);
  EXPECT_EQ(request.Param("ticket"), "a b");
  for (const char* other : {"/v1/quarantine//retry", "/v1/quarantine/a/b/retry",
                            "/v1/quarantine/a/retry/", "/v1/quarantine/a", "//v1", "/"}) {
    Request asked = PageRequest("POST", other);
    EXPECT_EQ(router.Find(asked).problem.status, 404) << other;
  }
}

TEST(Router, AFixedPathWinsOverAPattern) {
  Router router;
  router.Add("GET", "/v1/events/{id}", Nothing());
  router.Add("GET", "/v1/events/last", Nothing());
  Request request = PageRequest("GET", "/v1/events/last");
  ASSERT_NE(router.Find(request).route, nullptr);
  EXPECT_EQ(request.Param("id"), "");
}

TEST(Router, AParameterThatNobodyDeclaredIsRefused) {
  Router router;
  for (const char* path : {"/a", "/a/{b}", "/plain"}) router.Add("GET", path, Nothing());
  router.TakeParameters("/a", {"limit", "kind"});
  router.TakeParameters("/a/{b}", {"format"});
  const auto problem = [&router](const std::string& path, const std::string& query) {
    Request request = PageRequest("GET", path);
    request.query = query;
    const Router::Match match = router.Find(request);
    return match.route != nullptr ? std::string("taken") : match.problem.body;
  };
  EXPECT_EQ(problem("/a", "limti=7"), "taken");  // until it is asked for
  router.RefuseUnknownParameters();
  EXPECT_EQ(problem("/a", ""), "taken");
  EXPECT_EQ(problem("/a", "limit=7&kind=sale"), "taken");
  for (const char* twice : {"limit=7&kind=sale&limit=8", "limit=7&limit=7", "limit=7&limit="}) {
    EXPECT_NE(problem("/a", twice).find("limit is given twice"), std::string::npos) << twice;
  }
  EXPECT_NE(problem("/a", "limit=7&kind").find("kind has no value"), std::string::npos);
  EXPECT_NE(problem("/a", "kind=").find("kind has no value"), std::string::npos);
  EXPECT_EQ(problem("/a/7", "format=csv"), "taken");
  EXPECT_NE(problem("/a", "kind=sale&limti=7").find("no parameter limti; known here: limit, kind"),
            std::string::npos);
  EXPECT_NE(problem("/a/7", "limit=7").find("known here: format"), std::string::npos);
  EXPECT_NE(problem("/plain", "x").find("known here: none"), std::string::npos);
  EXPECT_NE(problem("/plain", "%zz=1").find("cannot be decoded"), std::string::npos);
  router.TakeAnyParameters("/plain");
  EXPECT_EQ(problem("/plain", "cache=%zz"), "taken");
}

// A browser sends every field of a form, also the empty ones.
TEST(Router, AFieldOfAFormMayBeEmptyButNotBeThereTwice) {
  Router router;
  router.Add("GET", "/page", Nothing());
  router.TakeFields("/page", {"q", "order"});
  router.RefuseUnknownParameters();
  const auto taken = [&router](const std::string& query) {
    Request request = PageRequest("GET", "/page");
    request.query = query;
    return router.Find(request).route != nullptr;
  };
  EXPECT_TRUE(taken("q=&order="));
  EXPECT_FALSE(taken("q=&q="));
  EXPECT_FALSE(taken("other="));
}

TEST(Router, AnotherMethodIsToldWhichAreAllowed) {
  Router router;
  router.Add("GET", "/a/{b}", Nothing());
  router.Add("POST", "/a/{b}", Nothing());
  Request request = PageRequest("DELETE", "/a/1");
  const Router::Match match = router.Find(request);
  EXPECT_EQ(match.problem.status, 405);
  EXPECT_EQ(match.problem.headers.Find("Allow"), "GET, HEAD, POST");
}

TEST(Router, ItListsWhatItServes) {
  Router router;
  router.Add("POST", "/a/{b}", Nothing());
  router.Add("GET", "/a/{b}", Nothing());
  router.Add("GET", "/", Nothing());
  EXPECT_EQ(router.Listing(), (std::vector<std::string>{"GET /", "GET /a/{b}", "POST /a/{b}"}));
}

TEST(Router, HeadIsServedByGet) {
  Router router;
  router.Add("GET", "/a", Nothing());
  Request request = PageRequest("HEAD", "/a");
  EXPECT_NE(router.Find(request).route, nullptr);
}

}  // namespace
}  // namespace tillrelay::http
