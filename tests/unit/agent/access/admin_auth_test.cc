// Nobody gets further than the table of docs/access.md says, by whatever they show.
#include "common/web/security_headers.h"
#include "tests/unit/agent/access/access_fixture.h"

namespace tillrelay::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kEvents = "/v1/events";
constexpr const char* kPause = "/v1/delivery/pause";

class GatekeeperTest : public AccessTest {
 protected:
  Ask WithCookie(Ask ask, const std::string& cookie) {
    ask.headers["Cookie"] = "sid=" + cookie;
    return ask;
  }
  Ask WithToken(Ask ask, Role role) {
    ask.headers["Authorization"] = "Bearer " + book_->AddToken("t", role)->secret;
    return ask;
  }
  Ask Pause() { return {.method = "POST", .path = kPause}; }
  Ask Get(const std::string& path, const std::string& remote = "127.0.0.1") {
    return {.path = path, .remote = remote};
  }
};

TEST_F(GatekeeperTest, WithoutLoginOnlyTheOverviewIsOpenAndOnlyHere) {
  AddUser("anna");
  for (const char* path : {"/", "/v1/status", "/metrics", "/healthz"}) {
    EXPECT_EQ(StatusOf(Get(path)), 200) << path;
    EXPECT_EQ(StatusOf(Get(path, "192.0.2.7")), 401) << path;
  }
  EXPECT_EQ(Word(Call(Get(kEvents))), "login-required");
  EXPECT_EQ(StatusOf(Pause()), 401);
  EXPECT_EQ(StatusOf(Get("/login", "192.0.2.7")), 200);
  EXPECT_EQ(changes_, 0);
}

TEST_F(GatekeeperTest, WithoutOpenReadEvenTheOverviewNeedsALogin) {
  Make({.open_read = false, .tls = false});
  for (const char* path : {"/", "/v1/status", "/metrics"}) {
    EXPECT_EQ(StatusOf(Get(path)), 401) << path;
  }
  EXPECT_EQ(StatusOf(Get("/healthz")), 200);
  EXPECT_EQ(StatusOf(WithToken(Get("/metrics"), Role::kMetrics)), 200);
  EXPECT_EQ(StatusOf(WithToken(Get("/"), Role::kView)), 200);
}

TEST_F(GatekeeperTest, OtherMachinesAreRefusedUntilThereIsAPasswordOrToken) {
  const http::Response refused = Call(Get("/login", "192.0.2.7"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Word(refused), "no-password");
  AddUser("anna");
  EXPECT_EQ(StatusOf(Get("/login", "192.0.2.7")), 200);
}

TEST_F(GatekeeperTest, ABrowserIsSentToTheFormAndComesBack) {
  Ask ask = Get(kEvents);
  ask.query = "text=a%20b&limit=5";
  ask.headers["Accept"] = "text/html,application/xhtml+xml";
  const http::Response response = Call(ask);
  EXPECT_EQ(response.status, 303);
  EXPECT_EQ(response.headers.Find("Location"),
            "/login?next=/v1/events%3Ftext%3Da%2520b%26limit%3D5");
}

TEST_F(GatekeeperTest, EachRoleMayWhatTheTableSaysAndNoMore) {
  EXPECT_EQ(StatusOf(WithToken(Get(kEvents), Role::kMetrics)), 403);
  EXPECT_EQ(StatusOf(WithToken(Get("/metrics", "192.0.2.7"), Role::kMetrics)), 200);
  EXPECT_EQ(StatusOf(WithToken(Get(kEvents), Role::kView)), 200);
  EXPECT_EQ(Word(Call(WithToken(Pause(), Role::kView))), "not-allowed");
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(StatusOf(WithToken(Pause(), Role::kOperate)), 200);
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(actor_, "token:t@127.0.0.1");
}

TEST_F(GatekeeperTest, AWrongTokenIsRefusedAlsoWhereNoneIsNeeded) {
  for (const char* header : {"Bearer tra_x", "Bearer ", "Basic YTpi", "tra_x", "Bearer"}) {
    Ask ask = Get("/");
    ask.headers["Authorization"] = header;
    EXPECT_EQ(Word(Call(ask)), "unknown-token") << header;
  }
}

TEST_F(GatekeeperTest, AWrongTokenIsNotMendedByAGoodSession) {
  AddUser("anna");
  const std::string cookie = SignedIn("anna");
  Ask ask = WithCookie(Pause(), cookie);
  ask.headers["Authorization"] = "Bearer tra_x";
  EXPECT_EQ(StatusOf(ask), 401);
  EXPECT_EQ(changes_, 0);
}

TEST_F(GatekeeperTest, AChangeByCookieNeedsTheSessionsOwnCsrfToken) {
  AddUser("anna");
  AddUser("bert");
  const std::string cookie = SignedIn("anna"), other = SignedIn("bert");
  const std::string csrf = sessions_->Find(cookie)->csrf, foreign = sessions_->Find(other)->csrf;
  EXPECT_EQ(Word(Call(WithCookie(Pause(), cookie))), "csrf");
  for (const std::string& wrong : {foreign, std::string(), csrf.substr(1), csrf + "0", cookie}) {
    Ask ask = WithCookie(Pause(), cookie);
    ask.headers["X-CSRF-Token"] = wrong;
    EXPECT_EQ(Word(Call(ask)), "csrf") << wrong;
  }
  EXPECT_EQ(changes_, 0);
  Ask ask = WithCookie(Pause(), cookie);
  ask.headers["X-CSRF-Token"] = csrf;
  EXPECT_EQ(StatusOf(ask), 200);
  EXPECT_EQ(PostForm(kPause, "csrf=" + csrf, {{"Cookie", "sid=" + cookie}}).status, 200);
  EXPECT_EQ(actor_, "anna@127.0.0.1");
}

TEST_F(GatekeeperTest, ABodyOfAnotherTypeIsNoForm) {
  AddUser("anna");
  const std::string cookie = SignedIn("anna");
  const std::string csrf = sessions_->Find(cookie)->csrf;
  for (const char* type : {"text/plain", "multipart/form-data; boundary=x", ""}) {
    Ask ask = WithCookie({"POST", kPause, "", "csrf=" + csrf, type, "127.0.0.1", {}}, cookie);
    EXPECT_EQ(StatusOf(ask), 415) << type;
    ask.headers["X-CSRF-Token"] = csrf;
    EXPECT_EQ(StatusOf(ask), 415) << type;
  }
  EXPECT_EQ(changes_, 0);
}

TEST_F(GatekeeperTest, AnEndedSessionIsToldAsOne) {
  AddUser("anna");
  const std::string cookie = SignedIn("anna");
  EXPECT_EQ(StatusOf(WithCookie(Get(kEvents), cookie)), 200);
  clock_.Advance(Sessions::kIdle);
  EXPECT_EQ(Word(Call(WithCookie(Get(kEvents), cookie))), "session-ended");
  EXPECT_EQ(Word(Call(WithCookie(Pause(), cookie))), "session-ended");
}

TEST_F(GatekeeperTest, AForeignOrDoubledCookieIsNone) {
  AddUser("anna");
  const std::string cookie = SignedIn("anna");
  for (const std::string& header :
       {"sid=" + cookie + "; sid=" + cookie, "sid=x; sid=" + cookie, "SID=" + cookie,
        "xsid=" + cookie, "__Host-sid=" + cookie, std::string("sid="), std::string(";;=;")}) {
    Ask ask = Get(kEvents);
    ask.headers["Cookie"] = header;
    EXPECT_EQ(StatusOf(ask), 401) << header;
  }
  Ask ask = Get(kEvents);
  ask.headers["Cookie"] = "theme=dark; sid=" + cookie + "; x=y";
  EXPECT_EQ(StatusOf(ask), 200);
}

TEST_F(GatekeeperTest, TheCookieIsAsStrictAsItCanBe) {
  AddUser("anna");
  EXPECT_THAT(std::string(Login("anna", "correct+horse+battery").headers.Find("Set-Cookie")),
              ::testing::MatchesRegex("sid=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Strict"));
  Make({.open_read = true, .tls = true});
  EXPECT_THAT(std::string(Login("anna", "correct+horse+battery").headers.Find("Set-Cookie")),
              ::testing::MatchesRegex(
                  "__Host-sid=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Strict; Secure"));
}

TEST_F(GatekeeperTest, EveryRefusalHasTheStrictHeaders) {
  for (const Ask& ask : {Get(kEvents), Pause(), Get("/", "192.0.2.7")}) {
    const http::Response response = Call(ask);
    EXPECT_EQ(response.headers.Find("Content-Security-Policy"), http::kContentSecurityPolicy);
    EXPECT_EQ(response.headers.Find("Referrer-Policy"), "same-origin");
  }
}

TEST_F(GatekeeperTest, TheViewerIsWhoSignedIn) {
  AddUser("anna", Role::kView);
  const std::string cookie = SignedIn("anna");
  http::Request request;
  EXPECT_FALSE(gate_->PrincipalOf(request).signed_in);
  request.headers.Add("Cookie", "sid=" + cookie);
  const Principal viewer = gate_->PrincipalOf(request);
  EXPECT_TRUE(viewer.signed_in);
  EXPECT_FALSE(viewer.may_operate);
  EXPECT_EQ(viewer.who, "anna");
  EXPECT_EQ(viewer.csrf, sessions_->Find(cookie)->csrf);
  EXPECT_FALSE(viewer.csrf_in_pages) << "the cookie reaches other ports as well";
}

}  // namespace
}  // namespace tillrelay::access
