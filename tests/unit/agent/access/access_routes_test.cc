// Passwords, tokens and links are made over the control socket, and are in force at once.
#include "common/base/json_reader.h"
#include "common/redact/card_redaction.h"
#include "tests/unit/agent/access/access_fixture.h"

namespace tillrelay::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AccessRoutesTest : public AccessTest {
 protected:
  http::Response Control(const std::string& method, const std::string& path,
                         const std::string& body = "") {
    return Call({method, path, "", body, "application/json", "uid:0", {}});
  }
  static std::string Member(http::Response response, const char* name) {
    JsonParser parser;
    auto root = parser.Parse(response.body);
    return root.ok() ? std::string(root->String(name)) : "";
  }
};

TEST_F(AccessRoutesTest, APasswordWorksFromTheAnswerOnAndIsNowhere) {
  const std::string wish = R"({"password":"correct horse battery","role":"view"})";
  EXPECT_EQ(Control("PUT", "/v1/users/anna", wish).status, 204);
  EXPECT_FALSE(SignedIn("anna").empty());
  EXPECT_EQ(audit_[0].actor, "uid:0");
  EXPECT_EQ(audit_[0].action, "password-set");
  const std::string users = Control("GET", "/v1/users").body;
  EXPECT_THAT(users, HasSubstr(R"("name":"anna","role":"view")"));
  EXPECT_THAT(users, Not(HasSubstr("argon2")));
}

TEST_F(AccessRoutesTest, AnotherPasswordEndsTheSessions) {
  AddUser("anna");
  const std::string cookie = SignedIn("anna");
  EXPECT_EQ(
      Control("PUT", "/v1/users/anna", R"({"password":"another password","role":"view"})").status,
      204);
  EXPECT_FALSE(sessions_->Find(cookie));
  EXPECT_EQ(Login("anna", "correct+horse+battery").status, 401);
}

TEST_F(AccessRoutesTest, ARemovedUserIsOut) {
  AddUser("anna");
  const std::string cookie = SignedIn("anna");
  EXPECT_EQ(Control("DELETE", "/v1/users/anna").status, 204);
  EXPECT_FALSE(sessions_->Find(cookie));
  EXPECT_EQ(Control("DELETE", "/v1/users/anna").status, 404);
}

TEST_F(AccessRoutesTest, WhatIsNoUserIsRefused) {
  EXPECT_EQ(Control("PUT", "/v1/users/anna", R"({"password":"short","role":"view"})").status, 400);
  EXPECT_EQ(Control("PUT", "/v1/users/anna", R"({"password":"long enough now"})").status, 400);
  EXPECT_EQ(
      Control("PUT", "/v1/users/anna", R"({"password":"long enough now","role":"metrics"})").status,
      400);
  EXPECT_EQ(
      Control("PUT", "/v1/users/an%20na", R"({"password":"long enough now","role":"view"})").status,
      400);
  EXPECT_EQ(Control("PUT", "/v1/users/anna", "[").status, 400);
  EXPECT_TRUE(book_->empty());
}

// Names are stored, shown, logged and written into the audit.
TEST_F(AccessRoutesTest, ANameThatHoldsACardNumberIsRefusedAndWrittenNowhere) {
  const std::string user = R"({"password":"long enough now","role":"view"})";
  for (const std::string card : {"4111111111111111", "anna-4111-1111-1111-1111",
                                 "5555_5555_5555_4444", "t.378282246310005", "6759649826438453"}) {
    EXPECT_EQ(Control("PUT", "/v1/users/" + card, user).status, 400) << card;
    EXPECT_EQ(Control("POST", "/v1/tokens", R"({"name":")" + card + R"(","role":"view"})").status,
              400)
        << card;
    EXPECT_EQ(Control("DELETE", "/v1/users/" + card).status, 404) << card;
    EXPECT_EQ(Control("DELETE", "/v1/tokens/" + card).status, 404) << card;
  }
  EXPECT_TRUE(book_->empty());
  ASSERT_FALSE(audit_.empty());
  for (const AuditNote& note : audit_) {
    EXPECT_EQ(redact::RedactNote(note.subject), note.subject);
  }
}

TEST_F(AccessRoutesTest, ATokenIsToldOnceAndEndsAtOnce) {
  const auto made = Control("POST", "/v1/tokens", R"({"name":"backup","role":"view"})");
  EXPECT_EQ(made.status, 201);
  const std::string secret = Member(made, "token");
  EXPECT_TRUE(book_->FindToken(secret));
  EXPECT_THAT(Control("GET", "/v1/tokens").body, Not(HasSubstr(secret)));
  EXPECT_EQ(Control("DELETE", "/v1/tokens/" + Member(made, "id")).status, 204);
  EXPECT_FALSE(book_->FindToken(secret));
  EXPECT_EQ(Word(Control("DELETE", "/v1/tokens/" + Member(made, "id"))), "no-such-token");
}

TEST_F(AccessRoutesTest, ALinkNamesThePageAndItsCertificate) {
  const auto made = Control("POST", "/v1/login-links");
  EXPECT_EQ(made.status, 201);
  const std::string url = Member(made, "url");
  EXPECT_THAT(url, HasSubstr("https://till:8471/login/link?token="));
  EXPECT_EQ(Member(made, "fingerprint"), "AB:CD");
  EXPECT_TRUE(sessions_->HasLink(url.substr(url.find('=') + 1)));
  EXPECT_THAT(audit_[0].subject, Not(HasSubstr(url.substr(url.find('=') + 1))));
}

}  // namespace
}  // namespace tillrelay::access
