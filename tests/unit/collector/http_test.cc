// Claims about what the collector serves: changes without holes, every store judged, a page that is
// complete and escaped, metrics as docs/collector.md lists them, nothing without the token.
#include <fstream>
#include <future>
#include <regex>

#include "collector/web/page.h"
#include "collector/web/routes.h"
#include "collector/web/views.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

class HttpTest : public CollectorTest {
 protected:
  HttpTest() : reader_(url(), [] {}) { Serve(""); }

  void Serve(const std::string& token) {
    RoutesOptions options;
    options.clock = &clock_;
    options.fleet = &fleet_;
    options.reader = &reader_;
    options.expected = {"0042", "0099"};
    options.token = token;
    router_ = std::make_unique<http::Router>();
    AddRoutes(*router_, std::move(options));
  }
  http::Response Get(const std::string& path, const std::string& query = "",
                     const std::string& authorization = "") {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    if (!authorization.empty()) request.headers.Add("Authorization", authorization);
    if (auto refused = router_->gate()(request)) return *std::move(refused);
    auto answer = std::make_shared<std::promise<http::Response>>();
    auto future = answer->get_future();
    const auto match = router_->Find(request);
    if (match.route == nullptr) return match.problem;
    match.route->handler(std::move(request), http::Responder([answer](http::Response&& response) {
                           answer->set_value(std::move(response));
                         }));
    return future.get();
  }
  std::string Member(const std::string& json, const std::string& pattern) {
    std::smatch match;
    return std::regex_search(json, match, std::regex(pattern)) ? match[1].str() : "none";
  }
  void Status(const std::string& store, const std::string& members) {
    DeliverText("tillrelay/v1/" + store + "/status",
                R"({"v":1,"state":"online","session":"S","host":"h1",)" + members + "}");
  }

  Reader reader_;
  std::unique_ptr<http::Router> router_;
  EventSource source_;
};

TEST_F(HttpTest, ChangesComeInCommitOrderWithoutHolesAndWithTheirEffects) {
  const Sent first = source_.Sale("apple", "2", 0), second = source_.Sale("pear", "0.5", 1);
  Deliver({second});
  EXPECT_EQ(Get("/v1/changes").body, R"({"changes":[],"next":0,"last":0})");
  Deliver({first});
  const std::string one = Get("/v1/changes", "after=0&limit=1").body;
  EXPECT_NE(one.find(R"("position":1,"store":"0042")"), std::string::npos) << one;
  EXPECT_NE(one.find(R"({"item":"apple","uom":"EA","bucket":"on_hand","location":"0042",)"
                     R"("delta":"-2"})"),
            std::string::npos);
  EXPECT_NE(one.find("\"data\":" + first.data), std::string::npos);
  EXPECT_TRUE(one.ends_with(R"("next":1,"last":2})")) << one;
  const std::string two = Get("/v1/changes", "after=1").body;
  EXPECT_EQ(Member(two, R"re("position":(\d+))re"), "2");
  EXPECT_TRUE(two.ends_with(R"("next":2,"last":2})"));
}

TEST_F(HttpTest, QuestionsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(Get("/v1/changes", "after=-1").status, 400);
  EXPECT_EQ(Get("/v1/changes", "after=1;DROP").status, 400);
  EXPECT_EQ(Get("/v1/changes", "limit=0").status, 400);
  EXPECT_EQ(Get("/v1/changes", "after=7").status, 409);
  EXPECT_EQ(Get("/v1/reconciliation", "store=0042").status, 400);
  EXPECT_EQ(Get("/v1/reconciliation", "store=a%20b&business_day=2026-11-21").status, 400);
  EXPECT_EQ(Get("/elsewhere").status, 404);
}

TEST_F(HttpTest, AnExpectedStoreThatNeverSpokeIsRedAndFirst) {
  Status("0042", R"("version":"0.1.0","waiting":0,"streams":[])");
  const std::string json = Get("/v1/stores").body;
  EXPECT_LT(json.find("\"0099\""), json.find("\"0042\""));
  EXPECT_EQ(Member(json, R"re("store":"0099","level":"(\w+)")re"), "bad");
  EXPECT_EQ(Member(json, R"re("store":"0042","level":"(\w+)")re"), "good");
  EXPECT_NE(json.find("expected, but never heard from"), std::string::npos);
}

TEST_F(HttpTest, SilenceAndBacklogAndGapsAreSaid) {
  Status("0042", R"("waiting":412,"oldest_waiting_at":"2020-01-01T00:00:00Z","streams":[])");
  std::string json = Get("/v1/stores").body;
  EXPECT_NE(json.find("412 events wait since 2020-01-01T00:00:00Z"), std::string::npos);
  const auto sales = std::vector<Sent>{source_.Sale("apple", "1", 0), source_.Sale("a", "1", 1)};
  Deliver({sales[1]});
  Advance(seconds(3));
  Advance(seconds(1));
  json = Get("/v1/stores").body;
  EXPECT_NE(json.find("1 events missing since"), std::string::npos) << json;
  Advance(seconds(600));
  json = Get("/v1/stores").body;
  EXPECT_NE(json.find("not heard for 10 min"), std::string::npos) << json;
}

TEST_F(HttpTest, TwoAgentsThatSpeakInTurnAreNamed) {
  const auto speak = [this](const std::string& session, const std::string& host) {
    DeliverText("tillrelay/v1/0042/status", R"({"v":1,"state":"online","session":")" + session +
                                                R"(","host":")" + host + R"(","streams":[]})");
  };
  speak("A", "till-1");
  speak("B", "till-2");
  EXPECT_EQ(Get("/v1/stores").body.find("two agents"), std::string::npos);
  speak("A", "till-1");
  EXPECT_NE(Get("/v1/stores").body.find("two agents speak for it: till-1 and till-2"),
            std::string::npos);
}

TEST_F(HttpTest, TheDayIsPutSideBySideWithWhatTheRegisterCounted) {
  Deliver({source_.Sale("apple", "1", 0), source_.Sale("apple", "2", 1)});
  const Sent missing = source_.Sale("apple", "3", 2);
  Deliver({source_.Sale("apple", "4", 3)});  // held above the hole
  const std::string json = Get("/v1/reconciliation", "store=0042&business_day=2026-11-21").body;
  EXPECT_NE(json.find(R"("received":3,"applied":2)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("told":4,"applied":2)"), std::string::npos) << json;
  EXPECT_EQ(Get("/v1/reconciliation", "store=0042&business_day=2026-11-22").body.find("sale"),
            std::string::npos);
}

TEST_F(HttpTest, ThePageEscapesWhatStoresSayAndNamesTheState) {
  Status("0042", R"("version":"<script>alert(1)</script>","streams":[])");
  Turn();
  const http::Response page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.find("<script>"), std::string::npos);
  EXPECT_EQ(page.body.find("<script", page.body.find("<script") + 1), std::string::npos);
  EXPECT_NE(page.body.find("src=\"/renew.js\""), std::string::npos);
  EXPECT_EQ(Get("/renew.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(page.body.find("http-equiv"), std::string::npos) << "WCAG 2.2.1";
  EXPECT_NE(page.body.find("&lt;script&gt;"), std::string::npos);
  EXPECT_NE(page.body.find("<title>■ 1 store is in trouble."), std::string::npos);
  EXPECT_EQ(page.body.find("style=\""), std::string::npos);
  EXPECT_EQ(page.headers.Find("Content-Security-Policy"), http::kContentSecurityPolicy);
  EXPECT_EQ(Get("/style.css").content_type, "text/css; charset=utf-8");
}

TEST_F(HttpTest, WithATokenOnlyHealthIsOpen) {
  Serve("secret");
  EXPECT_EQ(Get("/healthz").status, 200);
  for (const char* path : {"/", "/metrics", "/v1/changes", "/v1/stores", "/style.css"}) {
    EXPECT_EQ(Get(path).status, 401) << path;
    EXPECT_EQ(Get(path, "", "Bearer wrong").status, 401) << path;
    EXPECT_EQ(Get(path, "", "Bearer secret").status, 200) << path;
  }
}

TEST_F(HttpTest, AFailingDatabaseIsSaidInHealthAndOnThePage) {
  database_.Execute("ALTER TABLE event RENAME TO gone");
  Deliver({source_.Sale("apple", "1")});
  EXPECT_EQ(Get("/healthz").status, 503);
  EXPECT_NE(Get("/").body.find("The database fails."), std::string::npos);
  database_.Execute("ALTER TABLE gone RENAME TO event");
  Advance(seconds(2));
  EXPECT_EQ(Get("/healthz").status, 200);
}

TEST_F(HttpTest, TheMetricsAreThoseOfTheDocument) {
  Deliver({source_.Sale("apple", "1")});
  const std::string text = Get("/metrics").body;
  std::set<std::string> served, documented;
  const std::regex type_line(R"(# TYPE (\S+) (counter|gauge))");
  for (std::sregex_iterator it(text.begin(), text.end(), type_line), end; it != end; ++it) {
    served.insert((*it)[1].str() + " " + (*it)[2].str());
  }
  std::ifstream file(std::string(TILLRELAY_TEST_DATA) + "/../../docs/collector.md");
  const std::regex row(R"(^\| `(tillrelay_collector_\w+)` \| (counter|gauge) \|.*)");
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_match(line, match, row))
      documented.insert(match[1].str() + " " + match[2].str());
  }
  EXPECT_EQ(served, documented);
  EXPECT_NE(text.find("tillrelay_collector_events_total{outcome=\"counted\"} 1\n"),
            std::string::npos);
}

}  // namespace
}  // namespace tillrelay::collector
