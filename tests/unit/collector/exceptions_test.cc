// Claims about exceptions: found and ended by what tables and statuses say, silenced by a person
// alone, and open again when they get worse.
#include <gmock/gmock.h>

#include "collector/exceptions/exception_table.h"
#include "collector/web/exceptions_view.h"
#include "collector/web/views.h"
#include "common/event/time_text.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::Not;

class ExceptionsTest : public CollectorTest {
 protected:
  ExceptionsTest() {
    Stop();
    clock_.SetWall(event::ParseUtc("2026-11-21T12:00:00Z").value());
    Start();
  }
  void Start() {
    CollectorTest::Start();
    collector_ = std::make_unique<Collector>(
        config_, store_.get(), Deps{&clock_, &random_, link_.get(), heard_, &orders_});
    ASSERT_TRUE(collector_->Start().ok());
    Turn();
  }
  void Restart() {
    Stop();
    Start();
  }
  // The next round of the detectors.
  void Round() { Advance(seconds(21)); }
  // Stores are called silent only by a collector that could hear them for long enough.
  void Hear(const std::string& store, const std::string& members = "") {
    DeliverText("tillrelay/v1/" + store + "/status",
                R"({"v":1,"state":"online","session":"S","host":"h","at":")" +
                    event::UtcText(clock_.Wall()) + R"(","streams":[])" + members + "}");
  }
  std::string All() {
    return Query(
        "SELECT store_id, kind, subject, state FROM exception WHERE state <> 'resolved'"
        " ORDER BY 1, 2, 3");
  }
  std::string Of(const std::string& kind, const std::string& columns) {
    return Query("SELECT " + columns + " FROM exception WHERE kind = '" + kind + "' ORDER BY 1");
  }
  Code Decide(const ExceptionKey& key, const std::string& state, const std::string& note = "why",
              const std::string& actor = "Ms Berg") {
    ExceptionOrder order;
    order.key = key;
    order.state = state;
    order.note = note;
    order.actor = actor;
    if (state == "assigned") order.assignee = "Mr Klee";
    return Give(order);
  }
  Code Give(const ExceptionOrder& order) {
    Code code = Code::kInternal;
    EXPECT_TRUE(orders_.Push(order, [&code](const Status& done) { code = done.code(); }));
    Turn();
    return code;
  }
  StoreHealth Judged(const std::string& store) {
    const std::set<std::string> expected;
    const HealthRules judge{expected, seconds(180), clock_.Wall(), clock_.Wall(), {}};
    for (StoreHealth& judged :
         AssessStores(judge, heard_->Stores(), ReadFacts(store_->sql()).value())) {
      if (judged.store == store) return judged;
    }
    return {};
  }
  bool Reports(const std::string& text) {
    for (const auto& alarm : Judged("0042").alarms) {
      if (alarm.text.find(text) != std::string::npos) return true;
    }
    return false;
  }
  // A sale with a price, so that it is known what an item costs.
  Sent Priced(const std::string& sku, const std::string& quantity, const std::string& price) {
    EventSource::Odd sale;
    sale.data =
        R"({"transaction":{"register_id":"03","business_day":"2026-11-21","transaction_no":"900"},
"currency":"EUR","lines":[{"item":{"sku":")" +
        sku + R"("},"uom":"EA","quantity":")" + quantity + R"(","unit_price":")" + price +
        R"(","stock_effect":[{"bucket":"on_hand","delta":"-)" + quantity + R"("}]}]})";
    return here_.SendOdd(sale);
  }

  Fleet later_;
  Fleet* heard_ = &fleet_;
  EventSource here_;
  EventSource there_{"0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ"};
  const ExceptionKey negative_{"0042", "negative_stock", "apple EA on_hand"};
};

TEST_F(ExceptionsTest, StockBelowZeroIsOneUntilItIsNot) {
  Deliver({here_.Count("apple", "5", 0), here_.Sale("apple", "3", 1)});
  Round();
  EXPECT_EQ(All(), "");
  Deliver({here_.Sale("apple", "4", 2)});
  Round();
  EXPECT_EQ(All(), "0042|negative_stock|apple EA on_hand|open");
  EXPECT_EQ(Of("negative_stock", "detail, weight"), "-2 EA on_hand|2000000");
  EXPECT_EQ(Judged("0042").level, Level::kAmber);
  EXPECT_THAT(Judged("0042").sentence, HasSubstr("below zero"));
  Restart();
  EXPECT_EQ(All(), "0042|negative_stock|apple EA on_hand|open");
  Deliver({here_.Count("apple", "9", 30)});
  Round();
  EXPECT_EQ(All(), "");
  EXPECT_EQ(Of("negative_stock", "state, ended, actor"), "resolved|1|");
  // It comes back as the same one.
  Deliver({here_.Sale("apple", "10", 31)});
  Round();
  EXPECT_EQ(Of("negative_stock", "state, ended, times"), "open|0|2");
}

TEST_F(ExceptionsTest, BelowAndAboveInOneTransactionIsNone) {
  Deliver({here_.Sale("apple", "3", 1), here_.Count("apple", "9", 30)});
  Round();
  EXPECT_EQ(All(), "");
}

TEST_F(ExceptionsTest, MoneyIsWhatARegisterToldOfThePrice) {
  Deliver({Priced("apple", "3", "2.50"), here_.Sale("pear", "1", 1)});
  Round();
  EXPECT_EQ(Of("negative_stock", "subject, money, currency"),
            "apple EA on_hand|7500000|EUR; pear EA on_hand||");
}

TEST_F(ExceptionsTest, ATransferThatNobodyReceivesIsOverdueAfterTwoWeeks) {
  Deliver({here_.Count("apple", "50", 0), here_.Ship("TR-1", "0017", "6")});
  Advance(hours(13 * 24));
  EXPECT_EQ(All().find("transit"), std::string::npos);
  Advance(hours(2 * 24));
  EXPECT_THAT(All(), HasSubstr("0017|transit_overdue|TR-1 apple EA|open"));
  EXPECT_EQ(Of("transit_overdue", "detail, since"),
            "6 EA of transfer TR-1|2026-11-21T11:00:00.000Z");
  bool reported = false;
  for (const auto& alarm : Judged("0017").alarms) {
    reported |= alarm.text.find("not received within 14 days") != std::string::npos;
  }
  EXPECT_TRUE(reported);
  Deliver({there_.Receive("TR-1", "0042", "6")});
  Round();
  EXPECT_THAT(All(), Not(HasSubstr("transit_overdue")));
}

// Stock below zero, in transit below zero, a transfer of four weeks ago: none of it is good.
TEST_F(ExceptionsTest, WhatNobodyWouldLookAtIsSaid) {
  Deliver({here_.Sale("apple", "50", 0), there_.Receive("TR-9", "0042", "4"),
           here_.Ship("TR-1", "0017", "6")});
  Advance(hours(28 * 24));
  EXPECT_THAT(All(), HasSubstr("0042|negative_stock|apple EA on_hand|open"));
  EXPECT_THAT(All(), HasSubstr("0017|transit_overdue|TR-1 apple EA|open"));
  EXPECT_NE(Judged("0042").level, Level::kGreen);
  EXPECT_NE(Judged("0017").level, Level::kGreen);
}

TEST_F(ExceptionsTest, ALossIsAcknowledgedAndComesBackWhenItIsReopenedOrGrows) {
  Deliver({here_.Sale("apple", "1", 0)});
  wire::Lost lost;
  lost.stream = here_.stream();
  lost.range = {2, 3};
  lost.reason = "damaged";
  EventSource younger("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver({younger.Declare(lost)});
  Round();
  const ExceptionKey key{"0042", "loss", here_.stream() + " 2"};
  ASSERT_THAT(All(), HasSubstr("0042|loss|" + here_.stream() + " 2|open"));
  Advance(hours(24 * 400));
  EXPECT_TRUE(Reports("declared lost"));
  EXPECT_EQ(Decide(key, "acknowledged", "counted"), Code::kOk);
  EXPECT_FALSE(Reports("declared lost"));
  EXPECT_EQ(Of("loss", "note, actor"), "counted|Ms Berg");
  Round();
  EXPECT_FALSE(Reports("declared lost"));
  EXPECT_EQ(Decide(key, "open", ""), Code::kOk);
  EXPECT_TRUE(Reports("declared lost"));
  // What has happened is resolved by a word, and stays so ...
  EXPECT_EQ(Decide(key, "resolved", "counted"), Code::kOk);
  Round();
  EXPECT_EQ(Of("loss", "state"), "resolved");
  // ... until there is more of it.
  database_.Execute("UPDATE loss SET last = 9");
  Round();
  EXPECT_EQ(Of("loss", "state, weight"), "open|8");
}

TEST_F(ExceptionsTest, WhatIsAcknowledgedAndGetsWorseIsOpenAgain) {
  Deliver({here_.Sale("apple", "10", 0)});
  Round();
  EXPECT_EQ(Decide(negative_, "acknowledged"), Code::kOk);
  EXPECT_FALSE(Reports("below zero"));
  Deliver({here_.Sale("apple", "4", 1)});
  Round();
  EXPECT_EQ(Of("negative_stock", "state, detail"), "acknowledged|-14 EA on_hand");
  Deliver({here_.Sale("apple", "2", 2)});  // half as much again, and more
  Round();
  EXPECT_EQ(Of("negative_stock", "state"), "open");
  EXPECT_TRUE(Reports("below zero"));
  EXPECT_EQ(Decide(negative_, "assigned"), Code::kOk);
  EXPECT_EQ(Of("negative_stock", "state, assignee"), "assigned|Mr Klee");
  EXPECT_EQ(Decide(negative_, "retired"), Code::kOk);
  Deliver({here_.Sale("apple", "100", 3)});
  Round();
  EXPECT_EQ(Of("negative_stock", "state"), "retired");
  EXPECT_EQ(Query("SELECT actor, state, note FROM exception_audit ORDER BY number"),
            "|open|found; Ms Berg|acknowledged|why; |open|got worse; Ms Berg|assigned|why;"
            " Ms Berg|retired|why");
}

// Whoever it was assigned to is named only as long as it is.
TEST_F(ExceptionsTest, NobodyStaysAssignedToWhatIsNot) {
  const auto assigned = [this] {
    EXPECT_EQ(Decide(negative_, "assigned"), Code::kOk);
    EXPECT_EQ(Of("negative_stock", "state, assignee"), "assigned|Mr Klee");
  };
  Deliver({here_.Sale("apple", "10", 0)});
  Round();
  for (const char* state : {"open", "acknowledged", "retired"}) {
    assigned();
    EXPECT_EQ(Decide(negative_, state), Code::kOk);
    EXPECT_EQ(Of("negative_stock", "state, assignee"), std::string(state) + "|");
  }
  assigned();
  Deliver({here_.Sale("apple", "90", 1)});  // it gets worse
  Round();
  EXPECT_EQ(Of("negative_stock", "state, assignee"), "open|");
  assigned();
  Deliver({here_.Count("apple", "1", 30)});  // it is over
  Round();
  EXPECT_EQ(Of("negative_stock", "state, assignee"), "resolved|");
}

TEST_F(ExceptionsTest, NoCardNumberIsKeptOfADecision) {
  Deliver({here_.Sale("apple", "10", 0)});
  Round();
  ExceptionOrder order;
  order.key = negative_;
  order.state = "assigned";
  order.note = "4111111111111111 was told";
  order.actor = "4111-1111-1111-1111";
  order.assignee = "4111 1111 1111 1111";
  EXPECT_EQ(Give(order), Code::kOk);
  const std::string kept = Query("SELECT note, actor, assignee FROM exception") +
                           Query("SELECT note, actor, assignee FROM exception_audit");
  EXPECT_NE(kept.find("[REDACTED-PAN] was told"), std::string::npos);
  EXPECT_EQ(kept.find("1111"), std::string::npos) << kept;
}

TEST_F(ExceptionsTest, WhatStillHoldsIsNotResolvedByAWord) {
  Deliver({here_.Sale("apple", "10", 0)});
  Round();
  EXPECT_EQ(Decide(negative_, "resolved"), Code::kConflict);
  Deliver({here_.Count("apple", "1", 30)});
  Round();
  EXPECT_EQ(Decide(negative_, "acknowledged"), Code::kConflict);  // it is over
}

TEST_F(ExceptionsTest, AStoreThatWasClosedIsRetiredUntilItIsHeardAgain) {
  Deliver({here_.Sale("apple", "1", 0), here_.Count("apple", "5", 30)});
  Hear("0042");
  Round();
  Advance(minutes(10));
  Round();
  const ExceptionKey silent{"0042", "silent_store", ""};
  EXPECT_THAT(All(), HasSubstr("0042|silent_store||open"));
  EXPECT_EQ(Judged("0042").level, Level::kRed);
  EXPECT_EQ(Decide(silent, "retired", "closed for good"), Code::kOk);
  EXPECT_EQ(Judged("0042").level, Level::kGreen);
  EXPECT_TRUE(Judged("0042").sentence.starts_with("retired 2026-11-21")) << Judged("0042").sentence;
  // A new start of the collector knows nothing of the store but this.
  heard_ = &later_;
  Restart();
  Advance(hours(24 * 100));
  EXPECT_EQ(Judged("0042").level, Level::kGreen);
  EXPECT_EQ(Of("silent_store", "state"), "retired");
  Hear("0042");
  Round();
  EXPECT_EQ(Of("silent_store", "state"), "resolved");
  Advance(minutes(10));
  EXPECT_EQ(Of("silent_store", "state"), "open");
}

TEST_F(ExceptionsTest, WhoeverCannotHearCallsNobodySilent) {
  Hear("0042");
  Advance(minutes(2));
  link_->Happen(mqtt::LinkEventType::kLost);
  link_->reachable = false;
  Turn();
  Advance(hours(3));
  EXPECT_EQ(All(), "");
  link_->reachable = true;
  Advance(minutes(2));
  Round();
  EXPECT_EQ(All(), "");
  Hear("0042");
  Advance(minutes(2));
  EXPECT_EQ(All(), "");
}

TEST_F(ExceptionsTest, WhatStoresSayOfThemselvesIsFoundAndEnds) {
  Advance(minutes(4));
  const auto hear = [this](const std::string& members) {
    Hear("0042", members);
    Hear("0042", members);
    Round();
  };
  const std::pair<std::string, std::string> cases[] = {
      {R"(,"disk_days_left":2)", "0042|store_disk||open"},
      {R"(,"level":"red","sentence":"The journal is damaged.")", "0042|store_critical||open"},
      {R"(,"version":"0.0.9")", "0042|version_behind||open"},
      {R"(,"quarantined":3)", "0042|quarantine||open"},
      {R"(,"at":"2026-11-21T03:00:00Z")", "0042|clock_off||open"},
      {R"(,"issues":[{"kind":"silent","issue":"silent/03","state":"open"}])",
       "0042|silent_register|03|open"},
      {R"(,"registers":{"01":{"last_heard_at":"2026-11-21T10:00:00Z"},)"
       R"("02":{"last_heard_at":"2026-11-18T10:00:00Z"}})",
       "0042|silent_register|02|open"},
  };
  for (const auto& [members, expected] : cases) {
    SCOPED_TRACE(members);
    if (members.starts_with(R"(,"at")")) {
      for (int i = 0; i < 2; ++i) {
        DeliverText(
            "tillrelay/v1/0042/status",
            R"({"v":1,"state":"online","session":"S","host":"h","streams":[])" + members + "}");
      }
      Round();
    } else {
      hear(members);
    }
    EXPECT_EQ(All(), expected);
    hear("");
    EXPECT_EQ(All(), "");
  }
}

TEST_F(ExceptionsTest, AStatusThatHasWaitedOnItsWayIsNoWrongClock) {
  Advance(minutes(4));
  Hear("0042");
  DeliverText("tillrelay/v1/0042/status",
              R"({"v":1,"state":"online","session":"S","at":"2026-11-21T03:00:00Z","streams":[]})");
  Round();
  EXPECT_EQ(All(), "");
}

TEST_F(ExceptionsTest, ACountFarFromWhatWasExpectedIsOneEachTime) {
  Deliver({here_.Count("apple", "100", 0), here_.Count("pear", "3", 0)});
  Round();
  EXPECT_EQ(All(), "");  // nothing was expected
  Deliver({here_.Count("apple", "60", 1), here_.Count("pear", "1", 1)});
  Round();
  EXPECT_EQ(All(), "");  // 40 %, and few units
  Deliver({here_.Count("apple", "20", 2)});
  Round();
  EXPECT_EQ(All(), "0042|count_far_off|apple EA on_hand|open");
  EXPECT_EQ(Of("count_far_off", "detail, weight"), "counted 20, expected 60|40000000");
  const ExceptionKey key{"0042", "count_far_off", "apple EA on_hand"};
  EXPECT_EQ(Decide(key, "resolved", "stolen"), Code::kOk);
  Restart();
  Round();
  EXPECT_EQ(All(), "");
  Deliver({here_.Count("apple", "5", 3)});
  Round();
  EXPECT_EQ(Of("count_far_off", "state, times, detail"), "open|2|counted 5, expected 20");
}

TEST_F(ExceptionsTest, ACountFromTheFutureIsOneUntilItsTime) {
  Deliver({here_.Count("apple", "5", 600)});
  Round();
  EXPECT_THAT(All(), HasSubstr("0042|count_ahead|apple EA on_hand|open"));
  Advance(hours(12));
  Round();
  EXPECT_THAT(All(), Not(HasSubstr("count_ahead")));
}

TEST_F(ExceptionsTest, AHoleIsOneAfterTenMinutes) {
  const Sent first = here_.Sale("apple", "1", 0);
  Deliver({here_.Count("apple", "5", 1)});
  Advance(minutes(5));
  Round();
  EXPECT_EQ(All().find("missing"), std::string::npos);
  Advance(minutes(6));
  Round();
  EXPECT_THAT(All(), HasSubstr("0042|missing_numbers|" + here_.stream() + "|open"));
  Deliver({first});
  Round();
  EXPECT_THAT(All(), Not(HasSubstr("missing")));
}

TEST_F(ExceptionsTest, WhatCannotBeAppliedOrContradictsIsOne) {
  EventSource::Odd odd;
  odd.kind = "from_the_future";
  const Sent unknown = here_.SendOdd(odd);
  EventSource clone;
  const Sent other = clone.Sale("pear", "7", 9);
  Deliver({unknown, here_.Count("apple", "5", 1)});
  Deliver({other});
  Round();
  EXPECT_THAT(All(), HasSubstr("0042|unapplied_event|" + here_.stream() + " 1"));
  EXPECT_THAT(All(), HasSubstr("0042|conflict|" + here_.stream() + "|open"));
  EXPECT_TRUE(Reports("two histories"));
  EXPECT_EQ(Decide({"0042", "conflict", here_.stream()}, "resolved"), Code::kOk);
  EXPECT_FALSE(Reports("two histories"));
  Restart();
  Round();
  EXPECT_EQ(Of("conflict", "state"), "resolved");
}

TEST_F(ExceptionsTest, NothingIsWrittenWhileNothingChanges) {
  Deliver({here_.Sale("apple", "3", 1)});
  Round();
  const std::string before = Query("SELECT * FROM exception");
  Round();
  Round();
  EXPECT_EQ(Query("SELECT * FROM exception"), before);
  EXPECT_EQ(Count("exception_audit"), 1);
}

TEST_F(ExceptionsTest, ManyAreFoundInStepsAndListedInPages) {
  std::vector<Sent> sales;
  for (int i = 0; i < 623; ++i) sales.push_back(here_.Sale("item" + std::to_string(i), "1", 1));
  Deliver(sales);
  Deliver({Priced("cheap", "1", "1"), Priced("dear", "1", "900")});
  Round();
  EXPECT_EQ(Count("exception WHERE state = 'open'"), 625);
  EXPECT_EQ(Decide({"0042", "negative_stock", "dear EA on_hand"}, "acknowledged"), Code::kOk);
  std::set<std::string> seen;
  std::vector<std::string> items;
  ExceptionsQuestion question;
  question.limit = 500;
  for (int page = 0; page < 2; ++page) {
    auto found = ListExceptions(store_->sql(), question).value();
    if (found.size() > question.limit) found.resize(question.limit);
    ASSERT_FALSE(found.empty()) << page;
    for (const Exception& x : found) {
      EXPECT_TRUE(seen.insert(x.key.subject).second) << x.key.subject;
      items.push_back(x.item);
    }
    question.after = ReadExceptionsPage(ExceptionsPage(found.back()));
    ASSERT_TRUE(question.after.has_value());
  }
  ASSERT_EQ(seen.size(), 625u);
  EXPECT_EQ(items.front(), "cheap");
  EXPECT_EQ(items.back(), "dear");  // somebody knows of it
  Deliver({here_.Count("item7", "9", 30)});
  Round();
  EXPECT_EQ(Count("exception WHERE ended = 0"), 624);
}

TEST_F(ExceptionsTest, WhatIsOverIsForgottenAfterALongTime) {
  Deliver({here_.Sale("apple", "3", 1), here_.Sale("pear", "3", 1)});
  Round();
  Deliver({here_.Count("apple", "9", 30)});
  Round();
  Advance(hours(24 * 401));
  Round();
  EXPECT_EQ(Of("negative_stock", "subject"), "pear EA on_hand");
  EXPECT_EQ(Query("SELECT subject FROM exception_audit WHERE kind = 'negative_stock'"),
            "pear EA on_hand");
}

TEST_F(ExceptionsTest, OrdersThatMakeNoSenseAreRefused) {
  const ExceptionKey unknown{"0042", "loss", "x"};
  EXPECT_EQ(Decide(unknown, "acknowledged"), Code::kNotFound);
  EXPECT_EQ(Decide(unknown, "acknowledged", "", ""), Code::kInvalid);
  EXPECT_EQ(Decide(unknown, "gone"), Code::kInvalid);
  EXPECT_EQ(Decide(unknown, "resolved", ""), Code::kInvalid);
  EXPECT_EQ(Decide(unknown, "retired", ""), Code::kInvalid);
  ExceptionOrder nobody;
  nobody.key = unknown;
  nobody.state = "assigned";
  nobody.actor = "Ms Berg";
  EXPECT_EQ(Give(nobody), Code::kInvalid);
  Deliver({here_.Sale("apple", "1", 0)});  // and everything goes on
  EXPECT_EQ(Count("event WHERE counted = 1"), 1);
}

// An older program's losses that were acknowledged, and its retired stores, stay so.
TEST_F(ExceptionsTest, WhatAnOlderProgramKnewStays) {
  Deliver({here_.Sale("apple", "2", 0)});
  wire::Lost lost;
  lost.stream = here_.stream();
  lost.range = {2, 3};
  lost.reason = "damaged";
  EventSource younger("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver({younger.Declare(lost)});
  Stop();
  database_.AsVersion7();
  const auto old = [this](const std::string& values) {
    database_.Execute(
        "INSERT INTO exception (store_id, kind, subject, item, since, state, note, actor,"
        " changed_at) VALUES (" +
        values + ")");
  };
  const std::string at = "'2026-11-01T00:00:00.000Z'";
  database_.Execute("DELETE FROM exception");
  old("'0042','negative_stock','apple EA on_hand','apple'," + at + ",'open','',''," + at);
  old("'0042','loss','" + here_.stream() + " 2',''," + at + ",'acknowledged','n','a'," + at);
  old("'0017','retired','',''," + at + ",'acknowledged','closed','a'," + at);
  Start();
  Round();
  EXPECT_EQ(Of("negative_stock", "state, since, detail"),
            "open|2026-11-01T00:00:00.000Z|-2 EA on_hand");
  EXPECT_EQ(Of("loss", "state, weight, decided_weight"), "acknowledged|2|2");
  EXPECT_EQ(Of("silent_store", "store_id, state, note"), "0017|retired|closed");
}

}  // namespace
}  // namespace tillrelay::collector
