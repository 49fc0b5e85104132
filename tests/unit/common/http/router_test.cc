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
