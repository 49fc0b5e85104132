// The routers serve exactly what the OpenAPI documents say, on the listeners that they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "agent/access/access_routes.h"
#include "agent/api/admin_routes.h"
#include "agent/api/status_routes.h"
#include "agent/capture/http_intake.h"
#include "agent/capture/token_routes.h"
#include "agent/web/page_routes.h"
#include "common/base/json_reader.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay {
namespace {

using ::testing::ElementsAreArray;

std::string Served(const http::Router& router) {
  http::Request request;
  request.method = "GET";
  request.path = "/openapi.json";
  http::Response answer;
  router.Find(request).route->handler(
      std::move(request),
      http::Responder([&answer](http::Response&& response) { answer = std::move(response); }));
  EXPECT_EQ(answer.content_type, "application/json");
  return answer.body;
}

bool IsOn(JsonValue operation, std::string_view listener) {
  const JsonValue listeners = operation.Find("x-listeners");
  if (listener.empty()) return true;
  for (const JsonValue name : listeners) {
    if (name.text() == listener) return true;
  }
  return false;
}

// "GET /v1/status" of every operation that the document has for this listener.
std::vector<std::string> Documented(std::string document, std::string_view listener) {
  JsonParser parser;
  const auto root = parser.Parse(document);
  EXPECT_TRUE(root.ok()) << root.status().message();
  EXPECT_EQ(root->String("openapi"), "3.1.0");
  std::vector<std::string> routes;
  for (const JsonValue path : root->Find("paths")) {
    for (const JsonValue operation : path) {
      std::string method(operation.name());
      for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
      if (IsOn(operation, listener)) routes.push_back(method + " " + std::string(path.name()));
    }
  }
  std::sort(routes.begin(), routes.end());
  return routes;
}

TEST(OpenApi, TheIntakeServesWhatIsDocumented) {
  capture::Counters counters;
  capture::HttpIntake door(nullptr, nullptr, &counters);
  http::Router router;
  door.AddRoutes(&router);
  EXPECT_THAT(router.Listing(), ElementsAreArray(Documented(Served(router), "")));
}

// The routes that both listeners have.
void AddCommonRoutes(http::Router* router) {
  api::AddStatusRoutes(*router, {});
  web::AddPageRoutes(*router, {});
  api::AddReadingRoutes(*router, nullptr);
  api::AddChangingRoutes(*router, nullptr);
  api::AddReloadRoute(*router, nullptr);
}

class AccessParts {
 public:
  AccessParts() {
    auto book = access::UserStore::Open(dir_ / "access.json", &clock_, &random_);
    EXPECT_TRUE(book.ok());
    book_ = *std::move(book);
    gate_.emplace(access::AdminAuthOptions{}, book_.get(), &sessions_);
    desk_.emplace(access::LoginRoutes::Parts{*book_, sessions_, *gate_, clock_},
                  access::LoginRoutes::Outside{}, &random_);
  }
  access::LoginRoutes& desk() { return *desk_; }

 private:
  testing::TempDir dir_;
  testing::ManualClock clock_;
  testing::SeededRandom random_;
  std::unique_ptr<access::UserStore> book_;
  access::Sessions sessions_{&clock_, &random_};
  std::optional<access::AdminAuth> gate_;
  std::optional<access::LoginRoutes> desk_;
};

TEST(OpenApi, ThePageServesWhatIsDocumented) {
  http::Router router;
  AccessParts access;
  AddCommonRoutes(&router);
  access.desk().AddRoutes(&router);
  EXPECT_THAT(router.Listing(), ElementsAreArray(Documented(Served(router), "status")));
}

TEST(OpenApi, TheControlSocketServesWhatIsDocumented) {
  http::Router router;
  AddCommonRoutes(&router);
  capture::AddTokenRoutes(&router, nullptr, nullptr);
  access::AddAccessRoutes(&router, {});
  EXPECT_THAT(router.Listing(), ElementsAreArray(Documented(Served(router), "control")));
}

TEST(OpenApi, TheRolesAreThoseThatTheGateAsksFor) {
  using access::Need;
  const std::map<std::string_view, Need> needs = {
      {"anybody", Need::kNobody},  {"here", Need::kHere}, {"open_read", Need::kOpenRead},
      {"metrics", Need::kMetrics}, {"view", Need::kView}, {"operate", Need::kOperate}};
  http::Router router;
  AddCommonRoutes(&router);
  JsonParser parser;
  std::string document = Served(router);
  const auto root = parser.Parse(document);
  ASSERT_TRUE(root.ok());
  for (const JsonValue path : root->Find("paths")) {
    for (const JsonValue operation : path) {
      if (!IsOn(operation, "status")) continue;
      const bool reads = operation.name() == "get";
      const auto need = needs.find(operation.String("x-role"));
      ASSERT_NE(need, needs.end()) << path.name();
      EXPECT_EQ(access::NeedOf(reads ? "GET" : "POST", path.name()), need->second) << path.name();
    }
  }
}

}  // namespace
}  // namespace tillrelay
