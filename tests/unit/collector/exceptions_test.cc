// Claims about exceptions: found and ended by what the tables say, silenced by a person alone.
#include "collector/ledger/exceptions.h"

#include "collector/web/views.h"
#include "common/event/time_text.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

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
        config_, store_.get(), Deps{&clock_, &random_, link_.get(), &fleet_, &orders_});
    ASSERT_TRUE(collector_->Start().ok());
    Turn();
  }
  std::string All() {
    return Query("SELECT store_id, kind, subject, state FROM exception ORDER BY 1, 2, 3");
  }
  Code Decide(const ExceptionOrder& order) {
    Code code = Code::kInternal;
    EXPECT_TRUE(orders_.Push(order, [&code](const Status& done) { code = done.code(); }));
    Turn();
    return code;
  }
  StoreHealth Judged(const std::string& store) {
    const std::set<std::string> expected;
    const HealthRules judge{expected, seconds(180), clock_.Wall(), clock_.Wall()};
    for (StoreHealth& judged :
         AssessStores(judge, fleet_.Stores(), ReadFacts(store_->sql()).value())) {
      if (judged.store == store) return judged;
    }
    return {};
  }

  Orders orders_;
  EventSource here_;
  EventSource there_{"0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ"};
};

TEST_F(ExceptionsTest, StockBelowZeroIsOneUntilItIsNot) {
  Deliver({here_.Count("apple", "5", 0), here_.Sale("apple", "3", 1)});
  EXPECT_EQ(All(), "");
  Deliver({here_.Sale("apple", "4", 2)});
  EXPECT_EQ(All(), "0042|negative_stock|apple EA on_hand|open");
  EXPECT_EQ(Judged("0042").level, Level::kAmber);
  EXPECT_NE(Judged("0042").sentence.find("below zero"), std::string::npos);
  Restart();
  EXPECT_EQ(All(), "0042|negative_stock|apple EA on_hand|open");
  Deliver({here_.Count("apple", "9", 30)});
  EXPECT_EQ(All(), "");
}

TEST_F(ExceptionsTest, BelowAndAboveInOneTransactionIsNone) {
  Deliver({here_.Sale("apple", "3", 1), here_.Count("apple", "9", 30)});
  EXPECT_EQ(All(), "");
}

TEST_F(ExceptionsTest, ATransferThatNobodyReceivesIsOverdueAfterTwoWeeks) {
  Deliver({here_.Count("apple", "50", 0), here_.Ship("TR-1", "0017", "6")});
  Advance(hours(13 * 24));
  EXPECT_EQ(All(), "");
  Advance(hours(2 * 24));
  EXPECT_NE(All().find("0017|transit_overdue|TR-1 apple EA|open"), std::string::npos) << All();
  EXPECT_NE(Judged("0017").sentence.find("were not received within 14 days"), std::string::npos);
  Deliver({there_.Receive("TR-1", "0042", "6")});
  Advance(minutes(2));
  EXPECT_EQ(All().find("transit_overdue"), std::string::npos) << All();
}

TEST_F(ExceptionsTest, ALossIsAcknowledgedByAPersonAndComesBackWhenReopened) {
  Deliver({here_.Sale("apple", "1", 0)});
  wire::Lost lost;
  lost.stream = here_.stream();
  lost.range = {2, 3};
  lost.reason = "damaged";
  EventSource younger("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG");
  Deliver({younger.Declare(lost)});
  Advance(minutes(2));
  ASSERT_NE(All().find("0042|loss|" + here_.stream() + " 2|open"), std::string::npos) << All();
  Advance(hours(24 * 400));
  const auto reported = [this] {
    for (const auto& alarm : Judged("0042").alarms) {
      if (alarm.text.find("declared lost") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(reported());
  ExceptionOrder order{"0042", "loss", here_.stream() + " 2", "acknowledged", "counted", "Ms Berg"};
  EXPECT_EQ(Decide(order), Code::kOk);
  EXPECT_FALSE(reported());
  EXPECT_EQ(Query("SELECT note, actor FROM exception WHERE kind = 'loss'"), "counted|Ms Berg");
  Advance(minutes(2));
  EXPECT_FALSE(reported());
  order.state = "open";
  EXPECT_EQ(Decide(order), Code::kOk);
  EXPECT_TRUE(reported());
}

TEST_F(ExceptionsTest, AStoreThatWasClosedIsRetiredAndCanComeBack) {
  Deliver({here_.Sale("apple", "1", 0)});
  EXPECT_NE(Judged("0042").level, Level::kGreen);
  ExceptionOrder order{"0042", "retired", "", "acknowledged", "closed for good", "Ms Berg"};
  EXPECT_EQ(Decide(order), Code::kOk);
  EXPECT_EQ(Judged("0042").level, Level::kGreen);
  EXPECT_TRUE(Judged("0042").sentence.starts_with("retired 2026-11-21")) << Judged("0042").sentence;
  order.state = "resolved";
  EXPECT_EQ(Decide(order), Code::kOk);
  EXPECT_NE(Judged("0042").level, Level::kGreen);
}

TEST_F(ExceptionsTest, OrdersThatMakeNoSenseAreRefused) {
  EXPECT_EQ(Decide({"0042", "loss", "x", "acknowledged", "", "Ms Berg"}), Code::kNotFound);
  EXPECT_EQ(Decide({"0042", "loss", "x", "acknowledged", "", ""}), Code::kInvalid);
  EXPECT_EQ(Decide({"0042", "loss", "x", "gone", "", "Ms Berg"}), Code::kInvalid);
  EXPECT_EQ(Decide({"0042", "loss", "x", "resolved", "", "Ms Berg"}), Code::kInvalid);
  EXPECT_EQ(Decide({"a b", "retired", "", "acknowledged", "", "Ms Berg"}), Code::kInvalid);
  Deliver({here_.Sale("apple", "1", 0)});  // and everything goes on
  EXPECT_EQ(Count("event WHERE counted = 1"), 1);
}

}  // namespace
}  // namespace tillrelay::collector
