// Who may what: the table, and that what it does not name is shut.
#include "agent/access/rules.h"

#include <gtest/gtest.h>

namespace tillrelay::access {
namespace {

TEST(Rules, WhatNobodyHasNamedIsShut) {
  EXPECT_EQ(NeedOf("GET", "/v1/anything"), Need::kView);
  EXPECT_EQ(NeedOf("GET", "/quarantine"), Need::kView);
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"}) {
    EXPECT_EQ(NeedOf(method, "/"), Need::kOperate) << method;
    EXPECT_EQ(NeedOf(method, "/v1/status"), Need::kOperate) << method;
    EXPECT_EQ(NeedOf(method, "/assets/style.css"), Need::kOperate) << method;
  }
}

TEST(Rules, ALanguageIsEverybodysChoice) {
  EXPECT_EQ(NeedOf("POST", "/language"), Need::kNobody);
  EXPECT_EQ(NeedOf("GET", "/language"), Need::kView);
  EXPECT_EQ(NeedOf("POST", "/language/"), Need::kOperate);
}

TEST(Rules, ANameThatOnlyBeginsLikeAnOpenOneIsShut) {
  EXPECT_EQ(NeedOf("GET", "/v1/status"), Need::kOpenRead);
  for (const char* path : {"/v1/status/", "/v1/statusx", "/metrics/", "/assets", "/login/",
                           "/loginx", "/v1/live/x", "//", "/%2e%2e/v1/status"}) {
    EXPECT_EQ(NeedOf("GET", path), Need::kView) << path;
  }
}

TEST(Rules, HeadIsJudgedLikeGet) {
  for (const char* path : {"/", "/metrics", "/v1/events", "/healthz"}) {
    EXPECT_EQ(NeedOf("HEAD", path), NeedOf("GET", path));
  }
}

TEST(Rules, OnlyPathsOfThisServerAreGoneTo) {
  for (const char* good : {"/", "/quarantine", "/events?text=a%20b&limit=5"}) {
    EXPECT_TRUE(IsLocalPath(good)) << good;
  }
  for (const char* bad : {"", "//evil.example", "/\\evil.example", "https://evil.example", "evil",
                          "/a\r\nSet-Cookie: x=1", "/a b", "/\x7f", "/\xc3\xa4"}) {
    EXPECT_FALSE(IsLocalPath(bad)) << bad;
  }
  EXPECT_FALSE(IsLocalPath("/" + std::string(600, 'a')));
}

TEST(Rules, LoopbackAndUnixSocketsAreHere) {
  for (const char* here : {"127.0.0.1", "127.3.2.1", "::1", "uid:0", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsHere(here)) << here;
  }
  for (const char* away : {"192.0.2.7", "1.27.0.0", "::2", "::ffff:192.0.2.7", "fe80::1", ""}) {
    EXPECT_FALSE(IsHere(away)) << away;
  }
}

}  // namespace
}  // namespace tillrelay::access
