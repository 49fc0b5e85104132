// Signing in: only with the right password or a fresh link, and never told more than that.
#include "tests/unit/agent/access/access_fixture.h"

namespace tillrelay::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LoginDeskTest : public AccessTest {
 protected:
  void SetUp() override {
    AccessTest::SetUp();
    AddUser("anna");
  }
  bool IsIn(const std::string& cookie) { return sessions_->Find(cookie).has_value(); }
};

TEST_F(LoginDeskTest, TheRightPasswordOpensASessionAndIsWrittenDown) {
  const http::Response response = Login("anna", "correct+horse+battery", "192.0.2.7");
  EXPECT_EQ(response.status, 303);
  EXPECT_TRUE(IsIn(CookieIn(response)));
  EXPECT_EQ(response.headers.Find("Location"),
            "/#csrf=" + sessions_->Find(CookieIn(response))->csrf);
  ASSERT_EQ(audit_.size(), 1u);
  EXPECT_EQ(audit_[0].actor, "anna@192.0.2.7");
  EXPECT_EQ(audit_[0].action, "login");
  EXPECT_EQ(audit_[0].outcome, "done");
}

TEST_F(LoginDeskTest, AWrongUserAndAWrongPasswordAreToldAlike) {
  const http::Response wrong = Login("anna", "wrong"), unknown = Login("bert", "wrong");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(Word(wrong), "wrong-login");
  EXPECT_EQ(wrong.body, unknown.body);
  EXPECT_EQ(wrong.headers.Find("Set-Cookie"), "");
  EXPECT_EQ(StatusOf({.method = "POST", .path = "/login"}), 401);
}

TEST_F(LoginDeskTest, AnUnknownNameIsNotWrittenDownBecauseItMayBeAPassword) {
  Login("my-secret-password", "");
  ASSERT_EQ(audit_.size(), 1u);
  EXPECT_EQ(audit_[0].actor, "unknown user@127.0.0.1");
  EXPECT_EQ(audit_[0].outcome, "wrong-login");
}

TEST_F(LoginDeskTest, ALockoutLooksLikeOneAndEndsByItself) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Login("anna", "wrong").status, 401);
  const http::Response locked = Login("anna", "correct+horse+battery");
  EXPECT_EQ(locked.status, 429);
  EXPECT_EQ(Word(locked), "locked-out");
  EXPECT_EQ(locked.headers.Find("Retry-After"), "1");
  EXPECT_EQ(audit_.size(), 6u) << "what was not looked at would only fill the audit";
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Login("anna", "correct+horse+battery").status, 303);
}

TEST_F(LoginDeskTest, ALinkWorksDuringALockout) {
  for (int i = 0; i < 7; ++i) Login("anna", "wrong");
  EXPECT_EQ(PostForm("/login", "token=" + sessions_->OpenLink("uid:0")).status, 303);
}

TEST_F(LoginDeskTest, TheFormSaysWhatIsWrongToAPerson) {
  const std::map<std::string, std::string> browser = {{"Accept", "text/html"}};
  const http::Response wrong = PostForm("/login", "user=anna&password=x&next=/days", browser);
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.content_type, HasSubstr("text/html"));
  EXPECT_THAT(wrong.body, HasSubstr("trouble 1 wait 0 next /days"));
  for (int i = 0; i < 6; ++i) Login("anna", "wrong");
  const http::Response locked = PostForm("/login", "user=anna&password=x", browser);
  EXPECT_EQ(locked.status, 429);
  EXPECT_THAT(locked.body, HasSubstr("trouble 2 wait 1"));
}

TEST_F(LoginDeskTest, ALoginMakesANewIdAndEndsTheOldOne) {
  const std::string planted = SignedIn("anna");
  const http::Response response = PostForm("/login", "user=anna&password=correct+horse+battery",
                                           {{"Cookie", "sid=" + planted}});
  EXPECT_NE(CookieIn(response), planted);
  EXPECT_FALSE(IsIn(planted));
  EXPECT_TRUE(IsIn(CookieIn(response)));
}

TEST_F(LoginDeskTest, LoggingOutNeedsTheSessionsFormAndEndsIt) {
  const std::string cookie = SignedIn("anna");
  const std::map<std::string, std::string> mine = {{"Cookie", "sid=" + cookie}};
  EXPECT_EQ(PostForm("/logout", "", mine).status, 403);
  EXPECT_TRUE(IsIn(cookie));
  EXPECT_EQ(StatusOf({.method = "GET", .path = "/logout"}), 405);
  const http::Response out = PostForm("/logout", "csrf=" + sessions_->Find(cookie)->csrf, mine);
  EXPECT_EQ(out.status, 303);
  EXPECT_THAT(std::string(out.headers.Find("Set-Cookie")), HasSubstr("Max-Age=0"));
  EXPECT_FALSE(IsIn(cookie));
  EXPECT_EQ(audit_.back().action, "logout");
}

TEST_F(LoginDeskTest, ALinkIsBurnedByThePostAndNotByLooking) {
  const std::string link = sessions_->OpenLink("uid:1000");
  for (int preview = 0; preview < 3; ++preview) {
    EXPECT_THAT(Call({.path = "/login/link", .query = "token=" + link}).body,
                HasSubstr("link " + link));
  }
  const http::Response in = PostForm("/login", "token=" + link);
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(sessions_->Find(CookieIn(in))->who, "link:uid:1000");
  const http::Response replayed = PostForm("/login", "token=" + link);
  EXPECT_EQ(replayed.status, 401);
  EXPECT_EQ(Word(replayed), "link-used");
  EXPECT_THAT(Call({.path = "/login/link", .query = "token=" + link}).body, HasSubstr("trouble 3"));
}

TEST_F(LoginDeskTest, ALinkIsTooOldAfterFiveMinutes) {
  const std::string link = sessions_->OpenLink("uid:0");
  clock_.Advance(Sessions::kLinkLife);
  EXPECT_EQ(Word(PostForm("/login", "token=" + link)), "link-used");
}

TEST_F(LoginDeskTest, AfterwardsOneGoesToAPathOfThisServerOnly) {
  const auto where = [this](const std::string& next) {
    const auto response =
        PostForm("/login", "user=anna&password=correct+horse+battery&next=" + next);
    const std::string whole(response.headers.Find("Location"));
    return whole.substr(0, whole.find("#csrf="));
  };
  EXPECT_EQ(where("/quarantine%3Flimit%3D5"), "/quarantine?limit=5");
  EXPECT_EQ(where("/quarantine%23csrf%3Dmine"), "/quarantine");
  for (const char* next : {"//evil.example", "https://evil.example", "/%5Cevil.example",
                           "javascript:alert(1)", "/x%0d%0aSet-Cookie:%20a=b"}) {
    EXPECT_EQ(where(next), "/") << next;
  }
  EXPECT_THAT(Call({.path = "/login", .query = "next=//evil.example"}).body,
              Not(HasSubstr("evil")));
}

TEST_F(LoginDeskTest, OnlyAFewPasswordsWaitToBeChecked) {
  run_at_once_ = false;
  for (int i = 0; i < LoginRoutes::kMaxPending; ++i) {
    Login("u" + std::to_string(i), "x", "192.0.2." + std::to_string(i));
  }
  const http::Response busy = Login("anna", "correct+horse+battery", "192.0.2.99");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers.Find("Retry-After"), "1");
  for (const auto& work : waiting_) work();
  run_at_once_ = true;
  EXPECT_EQ(Login("anna", "correct+horse+battery", "192.0.2.99").status, 303);
}

TEST_F(LoginDeskTest, AFullQueueIsToldAndTakesNoPlace) {
  refuse_to_run_ = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Login("anna", "x").status, 503);
  refuse_to_run_ = false;
  EXPECT_EQ(Login("anna", "correct+horse+battery").status, 303);
}

TEST_F(LoginDeskTest, AnEndlessPasswordIsNotHashed) {
  EXPECT_EQ(Login("anna", std::string(2000, 'a')).status, 401);
}

}  // namespace
}  // namespace tillrelay::access
