// Who may send: tokens and certificates, and the routes that make and end tokens.
#include "agent/capture/intake_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/capture/token_routes.h"
#include "common/base/json_reader.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::capture {
namespace {

using ::testing::HasSubstr;

class DoorGuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    book_ = *TokenStore::Open(dir_ / "tokens.json", &clock_, &random_);
    Ask({});
    AddTokenRoutes(&router_, book_.get(), [this](const std::function<void()>& work) {
      if (busy_) return false;
      work();
      return true;
    });
  }
  void Ask(const IntakeAuthOptions& options) {
    guard_ = std::make_unique<IntakeAuth>(options, book_.get(), &clock_);
  }
  // "200 <subject>", or the status and the type of the refusal.
  std::string Admit(const std::string& authorization, const std::string& certificate = "") {
    http::Request request;
    request.certificate = certificate;
    if (!authorization.empty()) request.headers.Add("Authorization", authorization);
    refusal_ = guard_->Admit(request);
    if (!refusal_) return "200 " + request.subject;
    return std::to_string(refusal_->status) + " " + TypeOf(*refusal_);
  }
  static std::string TypeOf(const http::Response& response) {
    constexpr std::string_view kBase = "https://tillrelay.org/problems/";
    JsonParser parser;
    std::string body = response.body;
    return std::string(parser.Parse(body)->String("type").substr(kBase.size()));
  }
  std::string Token(const std::string& register_id) { return book_->Add(register_id)->secret; }
  std::string Bearer(const std::string& register_id) { return "Bearer " + Token(register_id); }

  http::Response Call(const std::string& method, const std::string& path,
                      const std::string& body = "", const std::string& type = "application/json") {
    http::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.content_type = type;
    const auto match = router_.Find(request);
    if (match.route == nullptr) return match.problem;
    http::Response answer;
    match.route->handler(std::move(request), http::Responder([&answer](http::Response&& response) {
                           answer = std::move(response);
                         }));
    return answer;
  }

  tillrelay::testing::TempDir dir_;
  tillrelay::testing::ManualClock clock_;
  tillrelay::testing::SeededRandom random_{3};
  std::unique_ptr<TokenStore> book_;
  std::unique_ptr<IntakeAuth> guard_;
  std::optional<http::Response> refusal_;
  http::Router router_;
  bool busy_ = false;
};

TEST_F(DoorGuardTest, LoopbackNeedsNoTokenButAWrongOneIsRefused) {
  EXPECT_EQ(Admit(""), "200 ");
  EXPECT_EQ(Admit(Bearer("03")), "200 03");
  EXPECT_EQ(Admit(Bearer("")), "200 ");
  for (const char* wrong : {"Bearer", "Bearer ", "Bearer trt_aaaa", "Basic MDM6eA==", "trt_x"}) {
    EXPECT_EQ(Admit(wrong), "401 unknown-token") << wrong;
    EXPECT_THAT(std::string(refusal_->headers.Find("WWW-Authenticate")),
                HasSubstr("invalid_token"));
  }
}

TEST_F(DoorGuardTest, WhereATokenIsNeededItIsAskedFor) {
  Ask({.require_token = true});
  EXPECT_EQ(Admit(""), "401 no-token");
  EXPECT_EQ(refusal_->headers.Find("WWW-Authenticate"), "Bearer realm=\"tillrelay\"");
  EXPECT_EQ(Admit("bearer " + Token("03")), "200 03");  // RFC 9110, 11.1: any case
}

TEST_F(DoorGuardTest, APageOfAnotherSiteAlwaysNeedsAToken) {
  const std::vector<std::pair<std::string, std::string>> marks = {
      {"Origin", "https://till.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}};
  for (const auto& [name, value] : marks) {
    http::Request request;
    request.headers.Add("Host", "localhost:8470");
    request.headers.Add(name, value);
    request.headers.Add("Cookie", "__Host-sid=abc");
    request.certificate = "03";  // a browser may show one that the page knows nothing of
    ASSERT_TRUE(guard_->Admit(request)) << value;
    request.headers.Add("Authorization", Bearer("03"));
    EXPECT_FALSE(guard_->Admit(request)) << value;
    EXPECT_EQ(request.subject, "03");
  }
  http::Request own;
  own.headers.Add("Host", "localhost:8470");
  own.headers.Add("Origin", "http://localhost:8470");
  EXPECT_FALSE(guard_->Admit(own));
}

TEST_F(DoorGuardTest, ACertificateSpeaksForTheRegisterItNames) {
  EXPECT_EQ(Admit("", "03"), "200 03");
  for (const char* name : {"till 3", "a/b", "../x", "\xc3\xa4"}) {
    EXPECT_EQ(Admit("", name), "403 certificate-name") << name;
  }
  Ask({.require_token = true});
  EXPECT_EQ(Admit("", "03"), "401 no-token");
  EXPECT_EQ(Admit(Bearer("3"), "03"), "200 3");
  EXPECT_EQ(Admit(Bearer(""), "03"), "200 03");  // the certificate binds
  EXPECT_EQ(Admit(Bearer("04"), "03"), "403 not-this-register");
}

TEST_F(DoorGuardTest, TooManyRequestsAreToldWhenToComeAgain) {
  Ask({.require_token = false, .rate = RateLimit::PerSecond(1, 2)});
  const std::string token = Bearer("03");
  EXPECT_EQ(Admit(token), "200 03");
  EXPECT_EQ(Admit(token), "200 03");
  EXPECT_EQ(Admit(token), "429 too-many-requests");
  EXPECT_EQ(refusal_->headers.Find("Retry-After"), "1");
  EXPECT_EQ(Admit(""), "200 ");  // without a token nothing is counted
  EXPECT_EQ(Admit("", "05"), "200 05");
  EXPECT_EQ(Admit("", "05"), "200 05");
  EXPECT_EQ(Admit("", "05"), "429 too-many-requests");
  EXPECT_EQ(Admit("", "06"), "200 06");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Admit(token), "200 03");
}

TEST_F(DoorGuardTest, RegistersCompareAsTheStoresBooksDo) {
  EXPECT_TRUE(SpeaksFor("03", "3"));
  EXPECT_TRUE(SpeaksFor("", "04"));
  EXPECT_TRUE(SpeaksFor("03", ""));  // a transfer is of no register
  EXPECT_FALSE(SpeaksFor("03", "30"));
  EXPECT_FALSE(SpeaksFor("a3", "3"));
}

TEST_F(DoorGuardTest, TheRoutesMakeListAndEndTokens) {
  const http::Response added = Call("POST", "/v1/registers/tokens", R"({"register":"03"})");
  EXPECT_EQ(added.status, 201);
  JsonParser parser;
  std::string body = added.body;
  const auto root = parser.Parse(body);
  const std::string secret(root->String("token")), id(root->String("id"));
  EXPECT_EQ(Admit("Bearer " + secret), "200 03");
  const http::Response list = Call("GET", "/v1/registers/tokens");
  EXPECT_THAT(list.body, HasSubstr(R"("register":"03")"));
  EXPECT_THAT(list.body, ::testing::Not(HasSubstr(secret)));
  EXPECT_EQ(Call("DELETE", "/v1/registers/tokens/" + id).status, 204);
  EXPECT_EQ(Admit("Bearer " + secret), "401 unknown-token");
  EXPECT_EQ(Call("DELETE", "/v1/registers/tokens/" + id).status, 404);
  EXPECT_THAT(Call("POST", "/v1/registers/tokens", R"({"any":true})").body,
              HasSubstr(R"("register":null)"));
}

TEST_F(DoorGuardTest, AWishThatIsNotClearMakesNoToken) {
  const char* kPath = "/v1/registers/tokens";
  for (const char* body :
       {"", "{", "{}", "[]", R"({"any":false})", R"({"any":true,"register":"03"})",
        R"({"register":""})", R"({"register":"a b"})", R"({"register":3})",
        R"({"register":"4111111111111111"})", R"({"register":"03","x":1})", R"(["03"])",
        R"({"register":"03","register":"04"})"}) {
    EXPECT_EQ(Call("POST", kPath, body).status, 400) << body;
  }
  EXPECT_EQ(Call("POST", kPath, R"({"register":"03"})", "text/plain").status, 415);
  busy_ = true;
  EXPECT_EQ(Call("POST", kPath, R"({"register":"03"})").status, 503);
  EXPECT_TRUE(book_->List().empty());
}

}  // namespace
}  // namespace tillrelay::capture
