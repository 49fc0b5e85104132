// The OpenAPI document and what is served say the same, both ways: paths, parameters, scopes, and
// every member of every answer.
#include "collector/web/openapi.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <regex>

#include "collector/web/exceptions_view.h"
#include "collector/web/routes.h"
#include "common/event/time_text.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using ::testing::ElementsAreArray;
using ::testing::UnorderedElementsAreArray;

// Checks answers against schemas and notes which of their members it has met.
class SchemaCheck {
 public:
  explicit SchemaCheck(JsonValue document)
      : schemas_(document.Find("components").Find("schemas")) {}

  void Check(JsonValue schema, JsonValue value, const std::string& at) {
    const JsonValue reference = schema.Find("$ref");
    if (reference) {
      const std::string_view name = reference.text().substr(sizeof("#/components/schemas/") - 1);
      return Check(schemas_.Find(name), value, std::string(name));
    }
    ASSERT_TRUE(schema.is_object()) << at;
    if (const JsonValue either = schema.Find("oneOf")) return CheckOneOf(either, value, at);
    EXPECT_TRUE(HasType(schema.Find("type"), value)) << at << ": " << value.text();
    CheckWord(schema.Find("enum"), value, at);
    if (value.is_array()) {
      for (const JsonValue element : value) Check(schema.Find("items"), element, at + "[]");
    }
    if (value.is_object()) CheckMembers(schema, value, at);
  }
  // Members of the named schema, and of what stands inside it, that no answer had.
  std::vector<std::string> NeverMet(std::string_view name) const {
    std::vector<std::string> missing;
    Walk(schemas_.Find(name), std::string(name), &missing);
    return missing;
  }

 private:
  static bool HasType(JsonValue type, JsonValue value) {
    if (!type.is_array()) return Is(type.text(), value);
    for (const JsonValue one : type) {
      if (Is(one.text(), value)) return true;
    }
    return false;
  }
  static bool Is(std::string_view type, JsonValue value) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "boolean" && value.is_bool()) ||
           (type == "null" && value.is_null()) ||
           (type == "integer" && value.is_number() && AllDigits(value.text()));
  }
  static bool AllDigits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
  }
  static void CheckWord(JsonValue words, JsonValue value, const std::string& at) {
    bool known = !words;
    for (const JsonValue word : words) known = known || word.text() == value.text();
    EXPECT_TRUE(known) << at << ": " << value.text();
  }
  void CheckOneOf(JsonValue either, JsonValue value, const std::string& at) {
    for (const JsonValue one : either) {
      if (HasType(one.Find("type"), value)) return Check(one, value, at);
    }
    ADD_FAILURE() << at << ": " << value.text();
  }
  void CheckMembers(JsonValue schema, JsonValue value, const std::string& at) {
    const JsonValue properties = schema.Find("properties");
    if (!properties) return;  // any object
    EXPECT_FALSE(schema.Find("additionalProperties").is_true());
    for (const JsonValue member : value) {
      const std::string path = at + "." + std::string(member.name());
      const JsonValue known = properties.Find(member.name());
      EXPECT_TRUE(static_cast<bool>(known)) << path << " is not documented";
      if (!known) continue;
      met_.insert(path);
      Check(known, member, path);
    }
    for (const JsonValue required : schema.Find("required")) {
      EXPECT_TRUE(static_cast<bool>(value.Find(required.text())))
          << at << "." << required.text() << " is missing";
    }
  }
  void Walk(JsonValue schema, const std::string& at, std::vector<std::string>* missing) const {
    if (schema.Find("$ref")) return;
    if (const JsonValue items = schema.Find("items")) return Walk(items, at + "[]", missing);
    for (const JsonValue one : schema.Find("oneOf")) Walk(one, at, missing);
    for (const JsonValue member : schema.Find("properties")) {
      const std::string path = at + "." + std::string(member.name());
      if (!met_.contains(path)) missing->push_back(path);
      Walk(member, path, missing);
    }
  }

  JsonValue schemas_;
  std::set<std::string> met_;
};

class OpenApiTest : public CollectorTest {
 protected:
  OpenApiTest() : text_(OpenApiJson()), reader_(url(), [] {}) {
    document_ = document_parser_.Parse(text_).value();
    RoutesOptions options;
    options.clock = &clock_;
    options.fleet = &fleet_;
    options.reader = &reader_;
    options.expected = {"0042", "0099"};
    options.orders = &orders_;
    for (const char* scope : {"stock", "receipts", "operate"}) {
      options.tokens.push_back({scope, std::string(scope) + "-secret", {scope}, 60000});
    }
    options.tokens.push_back({"all", "all-secret", {"stock", "receipts", "operate"}, 60000});
    AddRoutes(router_, std::move(options));
  }

  http::Request Question(const std::string& method, const std::string& path,
                         const std::string& query, const std::string& token) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    if (!token.empty()) request.headers.Add("Authorization", "Bearer " + token);
    return request;
  }
  http::Response Ask(const std::string& path, const std::string& query = "") {
    return Answered(Question("GET", path, query, "all-secret"));
  }
  http::Response Answered(http::Request request) {
    if (auto refused = router_.gate()(request)) return *std::move(refused);
    auto answer = std::make_shared<std::promise<http::Response>>();
    auto future = answer->get_future();
    router_.Find(request).route->handler(std::move(request),
                                         http::Responder([answer](http::Response&& response) {
                                           answer->set_value(std::move(response));
                                         }));
    return future.get();
  }
  JsonValue Operation(const std::string& path, const char* method = "get") {
    return document_.Find("paths").Find(path).Find(method);
  }
  static JsonValue SchemaOf(JsonValue operation) {
    return operation.Find("responses")
        .Find("200")
        .Find("content")
        .Find("application/json")
        .Find("schema");
  }
  // `pattern`: the path as it is documented, where it has a part in braces.
  void CheckAnswer(const std::string& path, const std::string& query, SchemaCheck* check,
                   const std::string& pattern = "") {
    SCOPED_TRACE(path + "?" + query);
    http::Response answer = Ask(path, query);
    ASSERT_EQ(answer.status, 200) << answer.body;
    JsonParser parser;
    auto value = parser.Parse(answer.body);
    ASSERT_TRUE(value.ok()) << answer.body;
    check->Check(SchemaOf(Operation(pattern.empty() ? path : pattern)), *value, path);
  }

  std::string text_;
  JsonParser document_parser_;
  JsonValue document_;
  Reader reader_;
  http::Router router_;
  EventSource source_;
};

TEST_F(OpenApiTest, ItIsServedToEverybody) {
  http::Request request = Question("GET", "/v1/openapi.json", "", "");
  EXPECT_FALSE(router_.gate()(request).has_value());
  EXPECT_EQ(Ask("/v1/openapi.json").body, text_);
  EXPECT_EQ(document_.String("openapi"), "3.1.0");
}

TEST_F(OpenApiTest, ThePathsAreThoseThatAreServed) {
  std::vector<std::string> documented;
  for (const JsonValue path : document_.Find("paths")) {
    for (const JsonValue operation : path) {
      std::string method(operation.name());
      for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
      documented.push_back(method + " " + std::string(path.name()));
    }
  }
  std::sort(documented.begin(), documented.end());
  EXPECT_THAT(router_.Listing(), ElementsAreArray(documented));
}

// The refusal of an unknown parameter names those that are known.
TEST_F(OpenApiTest, TheParametersAreThoseThatAreTaken) {
  int asked = 0;
  for (const JsonValue path : document_.Find("paths")) {
    const std::string name(path.name());
    const JsonValue operation = path.Find("get");
    if (!name.starts_with("/v1/") || !operation.Find("responses").Find("400")) continue;
    SCOPED_TRACE(name);
    const std::string refusal = Ask(name, "no_such_parameter=1").body;
    std::smatch known;
    ASSERT_TRUE(std::regex_search(refusal, known, std::regex("known: ([^\"]+)"))) << refusal;
    std::vector<std::string> taken, documented;
    const std::string list = known[1];
    const std::regex word("[a-z_]+");
    for (std::sregex_iterator it(list.begin(), list.end(), word), end; it != end; ++it) {
      if (it->str() != "none") taken.push_back(it->str());
    }
    for (const JsonValue parameter : operation.Find("parameters")) {
      if (parameter.String("in") == "query") documented.emplace_back(parameter.String("name"));
    }
    EXPECT_THAT(taken, UnorderedElementsAreArray(documented));
    ++asked;
  }
  EXPECT_EQ(asked, 11);
}

TEST_F(OpenApiTest, TheScopesAreThoseThatTheGateAsksFor) {
  for (const JsonValue path : document_.Find("paths")) {
    for (const JsonValue operation : path) {
      clock_.Advance(std::chrono::minutes(2));  // whoever shows no token too often has to wait
      const std::string needed(operation.String("x-scope"));
      const std::string method = operation.name() == "post" ? "POST" : "GET";
      for (const std::string scope : {"", "stock", "receipts", "operate"}) {
        SCOPED_TRACE(std::string(path.name()) + " with " + scope);
        http::Request request =
            Question(method, std::string(path.name()), "", scope.empty() ? "" : scope + "-secret");
        const auto refused = router_.gate()(request);
        const int expected = needed.empty() || needed == scope ? 0 : scope.empty() ? 401 : 403;
        EXPECT_EQ(refused ? refused->status : 0, expected);
      }
    }
  }
}

TEST_F(OpenApiTest, TheAnswersAreThoseThatAreDocumented) {
  clock_.SetWall(event::ParseUtc("2026-11-21T20:00:00Z").value());
  DeliverText("tillrelay/v1/0042/status",
              R"({"v":1,"state":"online","session":"S","host":"h1","version":"0.1.0",)"
              R"("streams":[],"waiting":3,"oldest_waiting_at":"2026-11-21T10:00:00Z"})");
  std::vector<Sent> sent{source_.Sale("apple", "1", 5), source_.Count("apple", "9", 30),
                         source_.Sale("apple", "1", 6), source_.Ship("TR-1", "0017", "6"),
                         source_.Sale("pear", "1", 7)};
  EventSource::Odd odd;
  odd.data =
      R"({"transaction":{"register_id":"03","business_day":"2026-11-21","transaction_no":"9"},
"lines":[{"item":{"sku":"pear"},"uom":"EA","unit_price":"2",
"stock_effect":[{"bucket":"on_hand","delta":"-1"}]}],"tenders":[{"type":"cash","amount":"2"}],
"taxes":[{"rate":"7","base":"1","amount":"1"}],"voids":{"transaction_no":"8"},"currency":"EUR",
"totals":{"net_amount":"2"}})";
  sent.push_back(source_.SendOdd(odd));
  odd.kind = "day_closed";
  odd.data = R"({"close":{"register_id":"03","business_day":"2026-11-21","z_no":"1"},
"pos_control":{"transaction_count":9,"net_amount":"3","first_transaction_no":"1",
"last_transaction_no":"9"}})";
  sent.push_back(source_.SendOdd(odd));
  Deliver(sent);
  const Sent hole = source_.Sale("apple", "1", 40), above = source_.Sale("apple", "1", 41);
  Deliver({above});
  Advance(std::chrono::minutes(2));
  orders_.Push(DaySigning{"0042", "2026-11-21", true, "x", "n", ""},
               [](const Status& done) { EXPECT_TRUE(done.ok()) << done.message(); });
  Turn();
  SchemaCheck check(document_);
  CheckAnswer("/v1/stores", "", &check);
  CheckAnswer("/v1/stock", "", &check);
  CheckAnswer("/v1/stock", "limit=1", &check);
  CheckAnswer("/v1/changes", "", &check);
  CheckAnswer("/v1/receipts", "store=0042", &check);
  CheckAnswer("/v1/receipts", "store=0042&limit=1", &check);
  CheckAnswer("/v1/exceptions", "", &check);
  CheckAnswer("/v1/exceptions", "limit=1", &check);
  CheckAnswer("/v1/exceptions/" + ExceptionId({"0042", "negative_stock", "pear EA on_hand"}), "",
              &check, "/v1/exceptions/{id}");
  CheckAnswer("/v1/days", "", &check);
  CheckAnswer("/v1/days", "limit=1", &check);
  database_.Execute(
      "INSERT INTO sink SELECT 'erp', 1, hash, 2, 1, 'centre-1', 9000000000000000, 0, 'refused',"
      " 'it answers 400', 1, stored_at, stored_at, 0, 0 FROM event WHERE position = 1");
  orders_.Push(SinkOrder{"erp", "resume", "", "Ms Berg", "", ""},
               [](const Status& done) { EXPECT_TRUE(done.ok()) << done.message(); });
  Turn();
  CheckAnswer("/v1/sinks", "", &check);
  CheckAnswer("/v1/sinks/erp", "", &check, "/v1/sinks/{name}");
  CheckAnswer("/v1/reconciliation", "store=0042&business_day=2026-11-21", &check);
  std::vector<std::string> missing;
  for (const JsonValue schema : document_.Find("components").Find("schemas")) {
    if (schema.name() == "Problem" || schema.name() == "Decision" || schema.name() == "SinkOrder" ||
        schema.name() == "Signing")
      continue;
    for (std::string& member : check.NeverMet(schema.name())) missing.push_back(std::move(member));
  }
  // Of the three buckets that can be counted one was.
  EXPECT_THAT(missing, UnorderedElementsAreArray(
                           {"StockCell.counted_at.reserved", "StockCell.counted_at.damaged"}));
}

TEST_F(OpenApiTest, RefusalsAreProblemsAsDocumented) {
  SchemaCheck check(document_);
  const JsonValue schema = document_.Find("components").Find("schemas").Find("Problem");
  const std::pair<const char*, const char*> questions[] = {
      {"/v1/stock", "limit=0"},
      {"/v1/changes", "cursor=9-00000000000000000000000000000000"},
      {"/v1/receipts", ""},
      {"/v1/reconciliation", ""}};
  for (const auto& [path, query] : questions) {
    SCOPED_TRACE(path);
    http::Response answer = Ask(path, query);
    EXPECT_EQ(answer.content_type, "application/problem+json");
    EXPECT_TRUE(
        static_cast<bool>(Operation(path).Find("responses").Find(std::to_string(answer.status))))
        << answer.status;
    JsonParser parser;
    check.Check(schema, parser.Parse(answer.body).value(), "Problem");
  }
  EXPECT_THAT(check.NeverMet("Problem"), ::testing::IsEmpty());
}

}  // namespace
}  // namespace tillrelay::collector
