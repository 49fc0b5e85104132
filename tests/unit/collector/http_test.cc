// Claims about what the collector serves: changes without holes, every store judged, a page that is
// complete and escaped, metrics as docs/collector.md lists them, nothing without the token.
#include <algorithm>
#include <fstream>
#include <future>
#include <regex>

#include "collector/web/exceptions_view.h"
#include "collector/web/page.h"
#include "collector/web/views.h"
#include "common/event/time_text.h"
#include "common/web/security_headers.h"
#include "tests/unit/collector/http_fixture.h"

namespace tillrelay::collector {
namespace {

TEST_F(HttpTest, ChangesComeInCommitOrderWithoutHolesAndSayWhatTheyDid) {
  const Sent first = source_.Sale("apple", "2", 0), second = source_.Sale("pear", "0.5", 1);
  Deliver({second});
  const std::string none = Get("/v1/changes").body;
  EXPECT_TRUE(none.starts_with(R"({"changes":[],"next":"0-)")) << none;
  EXPECT_TRUE(none.ends_with(R"(","last":0,"more":false})")) << none;
  Deliver({first});
  const std::string one = Get("/v1/changes", "limit=1").body;
  EXPECT_NE(one.find(R"("position":1,"store":"0042")"), std::string::npos) << one;
  EXPECT_NE(one.find(R"({"store":"0042","item":"apple","uom":"EA","bucket":"on_hand",)"
                     R"("change":"-2","quantity":"-2","applied":"added","delta":"-2"})"),
            std::string::npos);
  EXPECT_NE(one.find("\"data\":" + first.data), std::string::npos);
  EXPECT_TRUE(one.ends_with(R"(,"last":2,"more":true})")) << one;
  const std::string two = Get("/v1/changes", "cursor=" + Next(one)).body;
  EXPECT_EQ(Member(two, R"re("position":(\d+))re"), "2");
  EXPECT_TRUE(two.ends_with(R"("last":2,"more":false})"));
}

TEST_F(HttpTest, QuestionsThatMakeNoSenseAreRefused) {
  const http::Response numeric = Get("/v1/changes", "after=1");
  EXPECT_EQ(numeric.status, 400);
  EXPECT_NE(numeric.body.find("/v1/stock"), std::string::npos);
  for (const char* query : {"cursor=-1", "cursor=7", "cursor=1;DROP", "limit=0", "limit=1001",
                            "wait=51", "wait=x", "from=1", "limit=1&limit=2", "limit=%zz"}) {
    EXPECT_EQ(Get("/v1/changes", query).status, 400) << query;
  }
  EXPECT_EQ(Get("/v1/stores", "sort=name").status, 400);
  EXPECT_EQ(Get("/v1/stock", "sku=1").status, 400);
  EXPECT_EQ(Get("/v1/stock", "page=zz").status, 400);
  EXPECT_EQ(Get("/v1/reconciliation", "store=0042").status, 400);
  EXPECT_EQ(Get("/v1/reconciliation", "store=a%20b&business_day=2026-11-21").status, 400);
  EXPECT_EQ(Get("/elsewhere").status, 404);
}

// The stores send again in another order.
TEST_F(HttpTest, ACursorOfAnotherHistoryIsRefusedAndNamesTheWayBack) {
  const Sent apple = source_.Sale("apple", "1", 0);
  Deliver({apple});
  const std::string before = Next(Get("/v1/changes").body);
  const Sent pear = source_.Sale("pear", "1", 1);
  Deliver({pear});
  const std::string reported = Next(Get("/v1/changes").body);
  EXPECT_EQ(Get("/v1/changes", "cursor=" + reported).status, 200);
  // The same positions again, with something else in the second.
  EventSource other("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  SetBackToTheFirst();
  const http::Response ahead = Get("/v1/changes", "cursor=" + reported);
  EXPECT_EQ(ahead.status, 409);
  EXPECT_NE(ahead.body.find(R"("snapshot":"/v1/stock")"), std::string::npos) << ahead.body;
  Deliver({other.Sale("plum", "1", 2), pear});
  EXPECT_EQ(Get("/v1/changes", "cursor=" + reported).status, 409);
  EXPECT_EQ(Get("/v1/changes", "cursor=" + before).status, 200);
}

// Between its pages changes come, and then the centre is set back between those and the first page:
// a cell of the second page holds what never was.
TEST_F(HttpTest, ASnapshotOfSeveralPagesIsOfOneHistory) {
  Deliver({source_.Sale("apple", "1", 0)});
  const std::string first = Get("/v1/stock", "limit=1").body;
  EXPECT_EQ(Member(first, R"re("next_page":(null))re"), "null");  // there is one cell
  const Sent pear = source_.Sale("pear", "1", 1), plum = source_.Sale("plum", "1", 2);
  Deliver({pear});
  const auto page_of = [this](const std::string& body) {
    return "limit=1&page=" + Member(body, R"re("next_page":"([^"]+)")re");
  };
  const auto follow = [this](const std::string& stock) {
    return Get("/v1/changes", "cursor=" + Member(stock, R"re("cursor":"([^"]+)")re"));
  };
  const std::string one = Get("/v1/stock", "limit=1").body;
  Deliver({plum});
  const std::string two = Get("/v1/stock", page_of(one)).body;
  EXPECT_EQ(Member(two, R"re("cursor":"(\d+)-)re"), "2");  // followed from the first page on
  EXPECT_EQ(Member(follow(two).body, R"re("position":(\d+))re"), "3");
  EXPECT_EQ(Get("/v1/changes", "cursor=" + Next(follow(two).body)).status, 200);
  EXPECT_EQ(Get("/v1/stock", page_of(two)).status, 200);

  SetBackToTheFirst();
  Deliver({pear});  // as before: the first page is of this history, the second one is not
  EXPECT_EQ(follow(one).status, 200);
  EXPECT_EQ(follow(two).status, 409);
  EXPECT_EQ(Get("/v1/stock", page_of(one)).status, 200);
  EXPECT_EQ(Get("/v1/stock", page_of(two)).status, 409);
  EventSource other("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Deliver({other.Sale("fig", "1", 2), plum});
  EXPECT_EQ(follow(one).status, 200);
  EXPECT_EQ(follow(two).status, 409);
  EXPECT_EQ(Get("/v1/stock", page_of(two)).status, 409);
  for (const char* page : {"5b22225d", "5b22222c22222c22225d", "5b22222c22222c22225d-7", "-"}) {
    EXPECT_EQ(Get("/v1/stock", std::string("page=") + page).status, 400) << page;
  }
}

TEST_F(HttpTest, WhatIsNoLongerKeptIsRefusedAndNamesTheWayBack) {
  Deliver({source_.Sale("apple", "1", 0)});
  const std::string first = Next(Get("/v1/changes").body);
  Deliver({source_.Sale("apple", "1", 1), source_.Sale("apple", "1", 2)});
  const std::string third = Next(Get("/v1/changes").body);
  ASSERT_EQ(store_->tables().Purge(2, 10).value(), 2u);
  EXPECT_EQ(Get("/v1/changes").status, 410);
  EXPECT_NE(Get("/v1/changes", "cursor=" + first).body.find("\"snapshot\""), std::string::npos);
  EXPECT_EQ(Get("/v1/changes", "cursor=" + first).status, 410);
  EXPECT_EQ(Get("/v1/changes", "cursor=" + third).status, 200);
  EXPECT_EQ(Count("movement"), 1);
  ASSERT_EQ(store_->tables().Purge(3, 10).value(), 1u);
  EXPECT_EQ(Get("/v1/changes", "cursor=" + third).status, 200);
  Deliver({source_.Sale("apple", "1", 3)});
  EXPECT_EQ(Get("/v1/changes", "cursor=" + third).status, 200);
}

TEST_F(HttpTest, ASnapshotAndWhatFollowsItsCursorGiveTheLedger) {
  Deliver({source_.Sale("apple", "2", 0), source_.Sale("pear", "0.5", 1)});
  const std::string snapshot = Get("/v1/stock").body;
  EXPECT_NE(snapshot.find(R"({"store":"0042","item":"apple","uom":"EA","on_hand":"-2",)"
                          R"("reserved":"0","damaged":"0","in_transit":"0","position":1,)"
                          R"("counted_at":{},"exceptions":["negative_stock"]})"),
            std::string::npos)
      << snapshot;
  const std::string cursor = Member(snapshot, R"re("cursor":"([^"]+)")re");
  Deliver({source_.Count("apple", "17", 5), source_.Sale("apple", "1", 3)});
  const std::string changes = Get("/v1/changes", "cursor=" + cursor).body;
  EXPECT_NE(changes.find(R"("change":"19","quantity":"17","applied":"set"})"), std::string::npos)
      << changes;
  EXPECT_NE(changes.find(R"("change":"0","quantity":"17","applied":"late","delta":"-1"})"),
            std::string::npos);
}

// What is left out of a question, or added to it, would be skipped or told again.
TEST_F(HttpTest, APageBelongsToItsQuestion) {
  Deliver(
      {source_.Sale("apple", "1", 0), source_.Sale("pear", "2", 1), source_.Sale("fig", "3", 2)});
  for (const char* path : {"/v1/stock", "/v1/receipts"}) {
    const std::string first = Get(path, "limit=1&store=0042").body;
    const std::string page = "page=" + Member(first, R"re("next_page":"([^"]+)")re");
    for (const char* same : {"store=0042&", "limit=7&store=0042&"}) {
      EXPECT_EQ(Get(path, same + page).status, 200) << path << same;
    }
    for (const char* other : {"", "store=0017&", "store=0042&item=apple&"}) {
      EXPECT_EQ(Get(path, other + page).status, 400) << path << other;
    }
  }
}

TEST_F(HttpTest, StockIsGivenByStoreAndItemInPages) {
  EventSource there("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Deliver({source_.Sale("apple", "1", 0), source_.Sale("pear", "2", 1), source_.Sale("fig", "3", 2),
           there.Sale("apple", "4", 3), there.Sale("pear", "5", 4)});
  const auto all = [this](const std::string& query) {
    std::string text, page;
    do {
      const std::string body = Get("/v1/stock", query + (page.empty() ? "" : "&page=" + page)).body;
      const std::regex cell(R"re("store":"(\w+)","item":"(\w+)","uom":"EA","on_hand":"-(\d))re");
      for (std::sregex_iterator it(body.begin(), body.end(), cell), end; it != end; ++it) {
        text += (*it)[1].str() + (*it)[2].str() + (*it)[3].str() + " ";
      }
      page = Member(body, R"re("next_page":"([^"]+)")re");
    } while (page != "none");
    return text;
  };
  for (const char* limit : {"limit=1", "limit=2", "limit=1000"}) {
    const std::string l = limit;
    EXPECT_EQ(all(l), "0017apple4 0017pear5 0042apple1 0042fig3 0042pear2 ") << l;
    EXPECT_EQ(all(l + "&store=0042"), "0042apple1 0042fig3 0042pear2 ") << l;
    EXPECT_EQ(all(l + "&item=pear&item=apple"), "0017apple4 0042apple1 0017pear5 0042pear2 ") << l;
    EXPECT_EQ(all(l + "&store=0042&store=0017&item=pear"), "0017pear5 0042pear2 ") << l;
    EXPECT_EQ(all(l + "&store=0099"), "") << l;
  }
}

TEST_F(HttpTest, ChangesOfAStoreAndAnItemAlone) {
  EventSource there("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Deliver({source_.Sale("apple", "1", 0), there.Sale("apple", "2", 1), source_.Sale("pear", "3", 2),
           there.Receive("TR-1", "0042", "4"), source_.Ship("TR-1", "0017", "4")});
  const auto positions = [this](const std::string& query) {
    const std::string body = Get("/v1/changes", query).body;
    std::string text;
    const std::regex position(R"re("position":(\d+),"store")re");
    for (std::sregex_iterator it(body.begin(), body.end(), position), end; it != end; ++it) {
      text += (*it)[1].str() + " ";
    }
    EXPECT_EQ(Member(body, R"re("next":"(\d+)-)re"), "5") << body;
    return text;
  };
  EXPECT_EQ(positions("store=0042"), "1 3 5 ");
  EXPECT_EQ(positions("store=0017"), "2 4 5 ");  // the shipment is on its way to it
  EXPECT_EQ(positions("item=pear"), "3 ");
  EXPECT_EQ(positions("item=pear&store=0017"), "");
}

TEST_F(HttpTest, AQuestionThatWaitsIsAnsweredByTheNextChange) {
  const std::string cursor = Next(Get("/v1/changes").body);
  auto waiting = std::async(std::launch::async,
                            [&] { return Get("/v1/changes", "wait=50&cursor=" + cursor).body; });
  Deliver({source_.Sale("apple", "1", 0)});
  EXPECT_NE(waiting.get().find("\"position\":1,"), std::string::npos);
  waiting = std::async(std::launch::async, [&] {
    return Get("/v1/changes", "wait=50&cursor=" + Next(Get("/v1/changes").body)).body;
  });
  while (waiting.wait_for(milliseconds(0)) != std::future_status::ready) Advance(seconds(10));
  EXPECT_NE(waiting.get().find("\"changes\":[]"), std::string::npos);
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
  EXPECT_NE(json.find("412 events waiting since 2020-01-01T00:00:00Z"), std::string::npos);
  const auto sales = std::vector<Sent>{source_.Sale("apple", "1", 0), source_.Sale("a", "1", 1)};
  Deliver({sales[1]});
  Advance(seconds(3));
  Advance(seconds(1));
  json = Get("/v1/stores").body;
  EXPECT_NE(json.find("1 event missing since"), std::string::npos) << json;
  Advance(seconds(600));
  json = Get("/v1/stores").body;
  EXPECT_NE(json.find("not heard for 10 min"), std::string::npos) << json;
}

TEST_F(HttpTest, ACountThatWaitsIsSaid) {
  clock_.SetWall(event::ParseUtc("2026-11-21T11:00:00Z").value());
  Status("0042", R"("waiting":0,"streams":[])");
  Deliver({source_.Count("apple", "5", 60)});
  EXPECT_NE(Get("/v1/stores").body.find("the count of 1 cell waits since"), std::string::npos);
  EXPECT_NE(Get("/v1/stock").body.find("count_ahead"), std::string::npos);
  EXPECT_NE(Get("/metrics").body.find("tillrelay_collector_held_counts 1\n"), std::string::npos);
  Advance(seconds(3601));
  EXPECT_EQ(Get("/v1/stores").body.find("the count of"), std::string::npos);
  EXPECT_EQ(Get("/v1/stock").body.find("count_ahead"), std::string::npos);
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

// What the register told, what came, and what the agent found.
TEST_F(HttpTest, ADayIsBalancedOnlyIfCountAmountCurrencyAndTheAgentSaySo) {
  struct Receipt {
    int number;
    std::string net, currency;
  };
  struct Close {
    int first, last, count;
    std::string net, result;
  };
  struct Case {
    std::string what;
    std::vector<Receipt> receipts;
    std::vector<Close> closes;
    std::string result;
    bool agrees = true;
  };
  const Case cases[] = {
      {"all well",
       {{1, "3.00", "EUR"}, {2, "4.00", "EUR"}},
       {{1, 2, 2, "7.00", "balanced"}},
       "balanced"},
      {"another amount",
       {{1, "3.00", "EUR"}, {2, "4.00", "EUR"}},
       {{1, 2, 2, "8.00", "mismatch"}},
       "mismatch"},
      {"only here",
       {{1, "3.00", "EUR"}, {2, "4.00", "EUR"}},
       {{1, 2, 2, "8.00", "balanced"}},
       "mismatch"},
      {"two currencies",
       {{1, "3.00", "EUR"}, {2, "4.00", "CHF"}},
       {{1, 2, 2, "7.00", "mismatch"}},
       "mismatch"},
      {"a gap that only the agent saw",
       {{1, "3.00", "EUR"}, {2, "4.00", "EUR"}},
       {{1, 2, 2, "7.00", "gaps"}},
       "balanced",
       false},
      {"a gap", {{1, "3.00", "EUR"}, {3, "4.00", "EUR"}}, {{1, 3, 2, "7.00", "balanced"}}, "gaps"},
      {"two shifts",
       {{1, "3.00", "EUR"}, {2, "4.00", "EUR"}},
       {{1, 1, 1, "3.00", "mismatch"}, {2, 2, 1, "4.00", "balanced"}},
       "balanced"},
      {"nothing from the agent", {{1, "3.00", "EUR"}}, {{1, 1, 1, "3.00", ""}}, "balanced"},
      {"still open", {{1, "3.00", "EUR"}}, {}, ""},
  };
  int store = 100;
  for (const Case& c : cases) {
    // Ids are made of the stream's name here.
    const char last = "ABCDEFGHJ"[store - 100];
    EventSource source("0" + std::to_string(++store),
                       std::string("01JD3V7Q8Z5W6K2M9T4RHXCDE") + last);
    std::vector<Sent> sent;
    for (const Receipt& r : c.receipts) {
      sent.push_back(source.SendOdd(
          {.kind = "sale",
           .data = R"({"transaction":{"register_id":"03","business_day":"2026-11-21",)"
                   R"("transaction_no":")" +
                   std::to_string(r.number) + R"(","status":"completed"},"currency":")" +
                   r.currency + R"(","totals":{"net_amount":")" + r.net + R"("}})"}));
    }
    for (const Close& close : c.closes) {
      sent.push_back(source.SendOdd(
          {.kind = "day_closed",
           .data = R"({"close":{"register_id":"03","business_day":"2026-11-21","z_no":"7"},)"
                   R"("pos_control":{"first_transaction_no":")" +
                   std::to_string(close.first) + R"(","last_transaction_no":")" +
                   std::to_string(close.last) + R"(","transaction_count":)" +
                   std::to_string(close.count) + R"(,"net_amount":")" + close.net +
                   R"("},"result":")" + close.result + R"("})"}));
    }
    Deliver(sent);
    const std::string json =
        Get("/v1/reconciliation", "store=" + source.store() + "&business_day=2026-11-21").body;
    EXPECT_EQ(Member(json, R"re("result":"(\w*)")re"), c.result) << c.what << ": " << json;
    const bool balanced = c.result == "balanced" && c.agrees;
    EXPECT_EQ(Member(json, R"re("balanced":(\w+))re"), balanced ? "true" : "false") << c.what;
  }
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

TEST_F(HttpTest, TheTableOfADayHasAllStores) {
  database_.Execute(
      "INSERT INTO stream (store_id, stream, confirmed_through, chain, highest_seen, opened_at)"
      " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)"
      " SELECT 'S' || i, 'stream', 0, '', 0, '' FROM n");
  const auto rows = [this](const std::string& query) {
    const std::string body = Get("/v1/days.csv", query).body;
    return std::count(body.begin(), body.end(), '\n') - 1;
  };
  EXPECT_EQ(rows("business_day=2026-11-21"), 1100);
  EXPECT_EQ(rows("business_day=2026-11-21&limit=7"), 7);
}

TEST_F(HttpTest, AParameterThatNoRouteKnowsIsRefused) {
  for (const char* path :
       {"/", "/exceptions", "/days", "/v1/stock", "/v1/changes", "/v1/receipts", "/v1/exceptions",
        "/v1/days", "/v1/days.csv", "/v1/stores", "/v1/reconciliation", "/v1/openapi.json"}) {
    const http::Response answer = Get(path, "stroe=0042");
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_NE(answer.body.find("stroe"), std::string::npos) << path;
  }
  // Load balancers, scrapers and caches add some of their own.
  for (const char* path : {"/healthz", "/metrics", "/style.css", "/decide.js"})
    EXPECT_EQ(Get(path, "cache=7").status, 200);
}

// A page that says why something is not possible is what it is; a page of facts renews itself.
TEST_F(HttpTest, OnlyAPageOfFactsIsRenewed) {
  http::Request request;
  request.method = "GET";
  request.path = request.target = "/nowhere";
  request.headers.Add("Accept", "text/html");
  http::Response answer = router_->Find(request).problem;
  const auto reader = router_->PageReader(request);
  ASSERT_TRUE(reader);
  router_->MakePage(*reader, &answer);
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("<main>"), std::string::npos);
  EXPECT_EQ(answer.body.find("/renew.js"), std::string::npos);
  EXPECT_NE(Get("/").body.find("/renew.js"), std::string::npos);
}

TEST_F(HttpTest, WithATokenOnlyHealthIsOpen) {
  Serve("secret");
  EXPECT_EQ(Get("/healthz").status, 200);
  for (const char* path : {"/", "/metrics", "/v1/changes", "/v1/stores", "/style.css"}) {
    EXPECT_EQ(Get(path).status, 401) << path;
    clock_.Advance(seconds(6));
    EXPECT_EQ(Get(path, "", "Bearer wrong").status, 401) << path;
    clock_.Advance(seconds(6));
    EXPECT_EQ(Get(path, "", "Bearer secret").status, 200) << path;
  }
}

TEST_F(HttpTest, ATokenOpensWhatItsScopesNameAndNothingElse) {
  Deliver({source_.Sale("apple", "1")});
  Serve("secret");
  for (const char* path : {"/v1/stock", "/v1/changes"}) {
    EXPECT_EQ(Get(path, "", "Bearer erp-secret").status, 200) << path;
    EXPECT_EQ(Get(path, "", "Bearer audit-secret").status, 403) << path;
  }
  const std::string day = "store=0042&business_day=2026-11-21";
  EXPECT_EQ(Get("/v1/reconciliation", day, "Bearer audit-secret").status, 200);
  EXPECT_EQ(Get("/v1/days", "", "Bearer audit-secret").status, 200);
  EXPECT_EQ(Get("/v1/days.csv", "", "Bearer audit-secret").status, 200);
  for (const char* path :
       {"/", "/metrics", "/v1/stores", "/v1/exceptions", "/exceptions", "/days"}) {
    EXPECT_EQ(Get(path, "", "Bearer erp-secret").status, 403) << path;
    EXPECT_EQ(Get(path, "", "Bearer secret").status, 200) << path;
  }
  // What was sold is not stock.
  EXPECT_EQ(Get("/v1/changes", "", "Bearer erp-secret").body.find("\"data\""), std::string::npos);
  EXPECT_NE(Get("/v1/changes", "", "Bearer secret").body.find("\"data\""), std::string::npos);
}

TEST_F(HttpTest, WhoGuessesATokenIsSlowedDownAndNobodyElse) {
  Serve("secret");
  EXPECT_EQ(Get("/v1/stock", "", "Bearer wrong").status, 401);
  const http::Response second = Get("/v1/stock", "", "Bearer wrong");
  EXPECT_EQ(second.status, 429);
  EXPECT_FALSE(second.headers.Find("Retry-After").empty());
  EXPECT_EQ(Get("/v1/stock", "", "Bearer secret").status, 200);
  clock_.Advance(seconds(6));
  EXPECT_EQ(Get("/v1/stock", "", "Bearer wrong").status, 401);
}

TEST_F(HttpTest, AnOrderThatAPageOfAnotherSiteCouldSendIsRefused) {
  http::Request request;
  request.method = "POST";
  request.path = "/v1/exceptions/" + ExceptionId({"0042", "silent_store", ""});
  request.content_type = "text/plain";
  request.body = R"({"state":"retired","note":"n","actor":"x"})";
  auto answer = std::make_shared<std::promise<http::Response>>();
  const auto match = router_->Find(request);
  ASSERT_NE(match.route, nullptr);
  match.route->handler(std::move(request), http::Responder([answer](http::Response&& response) {
                         answer->set_value(std::move(response));
                       }));
  EXPECT_EQ(answer->get_future().get().status, 415);
  EXPECT_TRUE(orders_.Take().empty());
}

TEST_F(HttpTest, ExceptionsAreListedShownAndDecided) {
  Deliver({source_.Sale("apple", "3", 1), source_.Sale("<b>pear</b>", "3", 1)});
  Advance(seconds(21));
  const std::string list = Get("/v1/exceptions", "kind=negative_stock&store=0042").body;
  EXPECT_NE(list.find(R"("item":"apple","detail":"-3 EA on_hand","level":"warn")"),
            std::string::npos)
      << list;
  const std::string page = Get("/exceptions").body;
  EXPECT_NE(page.find("2 open exceptions."), std::string::npos) << page;
  EXPECT_NE(page.find("Stock below zero"), std::string::npos);
  EXPECT_EQ(page.find("<b>pear"), std::string::npos);
  const std::string id = Member(list, R"re("id":"([0-9a-f]+)")re");
  EXPECT_EQ(Get("/v1/exceptions/" + id).status, 200);
  EXPECT_EQ(Get("/v1/exceptions/00").status, 404);
  EXPECT_EQ(Get("/v1/exceptions/" + ExceptionId({"0042", "loss", "x"})).status, 404);
  for (const char* query : {"kind=odd", "state=odd", "store=a%20b", "page=zz", "limit=0"}) {
    EXPECT_EQ(Get("/v1/exceptions", query).status, 400) << query;
    EXPECT_EQ(Get("/exceptions", query).status, 400) << query;
  }
  const std::pair<const char*, int> orders[] = {
      {R"({"state":"resolved","note":"n","actor":"x"})", 409},
      {R"({"state":"acknowledged","actor":""})", 400},
      {R"({"state":"acknowledged","actor":"x","reason":"y"})", 400},
      {"[]", 400},
      {R"({"state":"acknowledged","note":"seen","actor":"x"})", 200}};
  for (const auto& [body, status] : orders) EXPECT_EQ(Post("/v1/exceptions/" + id, body), status);
  EXPECT_EQ(Post("/v1/exceptions/" + ExceptionId({"0042", "loss", "x"}),
                 R"({"state":"open","actor":"x"})"),
            404);
  const std::string one = Get("/v1/exceptions/" + id).body;
  EXPECT_NE(one.find(R"("history":[{"at":")"), std::string::npos) << one;
  EXPECT_NE(
      one.find(R"("actor":"x","token":"","state":"acknowledged","assignee":"","note":"seen")"),
      std::string::npos)
      << one;
  EXPECT_EQ(Get("/v1/exceptions", "state=open").body.find(id), std::string::npos);
  EXPECT_NE(Get("/metrics").body.find("exceptions_known{kind=\"negative_stock\"} 1"),
            std::string::npos);
}

TEST_F(HttpTest, SinksAreShownAndDecided) {
  EXPECT_NE(Get("/sinks").body.find("No sinks are configured."), std::string::npos);
  EXPECT_EQ(Get("/v1/sinks").body, R"({"sinks":[]})");
  Deliver({source_.Sale("apple", "3", 1), source_.Sale("pear", "3", 1)});
  database_.Execute(
      "INSERT INTO sink SELECT 'erp', 1, hash, 2, 1, 'centre-1', 9000000000000000, 0, 'refused',"
      " '<b>it answers 400', 1, stored_at, '', 0, 0 FROM event WHERE position = 1");
  Advance(seconds(21));
  const std::string page = Get("/sinks").body;
  EXPECT_NE(page.find("1 of 1 sinks halted."), std::string::npos) << page;
  EXPECT_NE(page.find("The receiver refused position 2 (sale of store 0042)."), std::string::npos);
  EXPECT_EQ(page.find("<b>it"), std::string::npos);
  const std::string list = Get("/v1/sinks").body;
  EXPECT_NE(list.find(R"("state":"halted","halted":"refused","position":1)"), std::string::npos);
  EXPECT_NE(list.find(R"("behind":1)"), std::string::npos) << list;
  const std::string refused = Member(list, R"re("refused":\{"cursor":"([^"]+)")re");
  EXPECT_NE(Get("/v1/exceptions", "kind=sink_halted").body.find("\"subject\":\"erp\""),
            std::string::npos);
  EXPECT_NE(Get("/exceptions").body.find("Sink halted"), std::string::npos);
  std::string metrics = Get("/metrics").body;
  EXPECT_NE(metrics.find("sink_behind_positions{sink=\"erp\"} 1"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("sink_halted{sink=\"erp\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find("exceptions_open{kind=\"sink_halted\"} 1"), std::string::npos);
  EXPECT_EQ(Get("/v1/stores").body.find("\"store\":\"\""), std::string::npos);
  const std::pair<std::string, int> orders[] = {
      {R"({"action":"skip","note":"n","actor":"x","cursor":"1-00"})", 409},
      {R"({"action":"skip","actor":"x","cursor":")" + refused + "\"}", 400},
      {R"({"action":"pause","actor":"x","cursor":")" + refused + "\"}", 400},
      {R"({"action":"pause","actor":""})", 400},
      {R"({"action":"halt","actor":"x"})", 400},
      {"[]", 400},
      {R"({"action":"skip","note":"n","actor":"x","cursor":")" + refused + "\"}", 200}};
  for (const auto& [body, status] : orders) EXPECT_EQ(Post("/v1/sinks/erp", body), status) << body;
  EXPECT_EQ(Post("/v1/sinks/other", R"({"action":"pause","actor":"x"})"), 404);
  EXPECT_EQ(Get("/v1/sinks/other").status, 404);
  const std::string one = Get("/v1/sinks/erp").body;
  EXPECT_NE(one.find(R"("state":"idle","halted":null,"position":2)"), std::string::npos) << one;
  EXPECT_NE(one.find(R"("actor":"x","token":"","action":"skip","note":"n ()"), std::string::npos);
}

TEST_F(HttpTest, AllStoresOfADayStandOnOnePage) {
  EventSource there("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  EventSource::Odd close;
  close.kind = "day_closed";
  close.data = R"({"close":{"register_id":"03","business_day":"2026-11-21","z_no":"1"},)"
               R"("pos_control":{"transaction_count":7}})";
  Deliver({source_.Sale("apple", "1", 1), there.Sale("apple", "1", 1), source_.SendOdd(close)});
  Advance(seconds(21));
  const std::string json = Get("/v1/days").body;
  EXPECT_NE(json.find(R"("business_day":"2026-11-21","stores":[{"store":"0017","state":"open")"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"({"store":"0042","state":"blocked","received":1)"), std::string::npos);
  EXPECT_NE(json.find(R"("blocks":"register 3: mismatch")"), std::string::npos);
  const std::string page = Get("/days").body;
  EXPECT_NE(page.find("1 of 2 stores cannot be signed."), std::string::npos) << page;
  EXPECT_LT(page.find("0042"), page.find("0017"));  // what blocks comes first
  EXPECT_NE(Get("/v1/days", "business_day=2026-11-22").body.find(R"("state":"nothing")"),
            std::string::npos);
  EXPECT_NE(Get("/v1/days", "limit=1").body.find(R"("next_page":"0017")"), std::string::npos);
  EXPECT_NE(Get("/v1/days", "page=0017").body.find(R"("stores":[{"store":"0042")"),
            std::string::npos);
  for (const char* query : {"business_day=today", "page=a%20b", "limit=0", "store=0042"}) {
    EXPECT_EQ(Get("/v1/days", query).status, 400) << query;
  }
  const std::string path = "/v1/days/0042/2026-11-21";
  EXPECT_EQ(Post(path, R"({"state":"signed","actor":"x"})"), 400);
  EXPECT_EQ(Post(path, R"({"state":"well","actor":"x"})"), 400);
  EXPECT_EQ(Post(path, R"({"state":"signed","note":"=1+1, \"seen\"","actor":"x"})"), 200);
  EXPECT_EQ(Post("/v1/days/0017/2026-11-21", R"({"state":"signed","note":"n","actor":"x"})"), 409);
  EXPECT_EQ(Post("/v1/days/0099/2026-11-21", R"({"state":"signed","note":"n","actor":"x"})"), 404);
  const std::string csv = Get("/v1/days.csv").body;
  EXPECT_NE(csv.find(R"("0042","2026-11-21","signed","1","0","0","mismatch")"), std::string::npos)
      << csv;
  EXPECT_NE(csv.find(R"("'=1+1, ""seen""")"), std::string::npos) << csv;
}

TEST_F(HttpTest, ATokenHasItsRate) {
  Serve("secret");
  int granted = 0;
  while (Get("/v1/stock", "", "Bearer erp-secret").status == 200) ++granted;
  EXPECT_EQ(granted, 60);  // a tenth of its minute at once
  EXPECT_EQ(Get("/v1/stock", "", "Bearer secret").status, 200);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Get("/v1/stock", "", "Bearer erp-secret").status, 200);
}

TEST_F(HttpTest, AFailingDatabaseIsSaidInHealthAndOnThePage) {
  database_.Execute("ALTER TABLE event RENAME TO gone");
  Deliver({source_.Sale("apple", "1")});
  EXPECT_EQ(Get("/healthz").status, 503);
  EXPECT_NE(Get("/").body.find("The database fails."), std::string::npos);
  Advance(seconds(1));
  // It opens again, and still cannot be written: that is no health.
  EXPECT_EQ(Get("/healthz").status, 503);
  database_.Execute("ALTER TABLE gone RENAME TO event");
  Advance(seconds(4));
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
