// The routers serve exactly what the OpenAPI documents say, on the listeners that they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/capture/http_door.h"
#include "agent/capture/token_routes.h"
#include "agent/status/admin_routes.h"
#include "agent/status/routes.h"
#include "common/base/json_reader.h"

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
  capture::HttpDoor door(nullptr, nullptr, &counters);
  http::Router router;
  door.AddRoutes(&router);
  EXPECT_THAT(router.Listing(), ElementsAreArray(Documented(Served(router), "")));
}

TEST(OpenApi, ThePageServesWhatIsDocumented) {
  http::Router router;
  status::AddRoutes(router, {});
  EXPECT_THAT(router.Listing(), ElementsAreArray(Documented(Served(router), "status")));
}

TEST(OpenApi, TheControlSocketServesWhatIsDocumented) {
  http::Router router;
  status::AddRoutes(router, {});
  status::AddReadingRoutes(router, nullptr);
  status::AddChangingRoutes(router, nullptr);
  status::AddReloadRoute(router, nullptr);
  capture::AddTokenRoutes(&router, nullptr, nullptr);
  EXPECT_THAT(router.Listing(), ElementsAreArray(Documented(Served(router), "control")));
}

}  // namespace
}  // namespace tillrelay
