// Claims of the docs that had no test of their own: what counts once, in every order.
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

class ClaimsTest : public CollectorTest {
 protected:
  void Declare(const EventSource& source, uint64_t from, uint64_t through,
               const wire::Chain& chain) {
    DeliverText("tillrelay/v1/" + source.store() + "/status",
                R"({"v":1,"state":"online","store_id":"0042","session":")" + std::string(kSession) +
                    R"(","streams":[],"lost":[{"stream":")" + source.stream() + R"(","from":)" +
                    std::to_string(from) + R"(,"through":)" + std::to_string(through) +
                    R"(,"chain":")" + ToHex(BytesOf(chain)) + R"(","reason":"disk"}]})");
  }
  EventSource source_;
  EventSource other_{"0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG"};
};

TEST_F(ClaimsTest, ALostNumberWhoseIdHasCountedElsewhereMovesNoStockAgain) {
  const Sent first = source_.Sale("apple", "1", 0), lost = source_.Sale("apple", "1", 1);
  Deliver({first});
  Declare(source_, 2, 2, lost.chain);
  Deliver({other_.Again(lost)});  // the same document under another number
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  Deliver({lost});  // and now the lost number itself
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Query("SELECT filled FROM loss"), "1");
  EXPECT_EQ(Count("event WHERE counted = 1"), 2);
}

TEST_F(ClaimsTest, TwoRowsOfOneIdInOneRescueCountOnce) {
  Deliver({source_.Sale("apple", "1", 0), other_.Sale("apple", "1", 1)});
  // Two copied disks hold the same document at the same number of two streams.
  EventSource copy, other_copy{"0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEG"};
  const Sent pear = copy.Sale("pear", "2", 5);
  Deliver({pear, other_copy.Again(pear)});
  EXPECT_EQ(Count("diverged"), 2);
  Advance(std::chrono::minutes(70));
  EXPECT_EQ(OnHand(), "0042|apple|-2; 0042|pear|-2");
  EXPECT_EQ(Count("event WHERE counted = 1"), 3);
}

TEST_F(ClaimsTest, TheConfirmationNamesWhoWasHeardLiveTheNewestFirst) {
  const auto confirmed = [this] {
    std::string payload = link_->published.back().payload;
    return wire::ReadConfirm(parser_.Parse(payload).value()).value();
  };
  const auto status = [this](const std::string& session, const std::string& host, bool retained) {
    mqtt::LinkEvent message;
    message.what = mqtt::LinkEventType::kMessage;
    message.topic = "tillrelay/v1/0042/status";
    message.retained = retained;
    message.payload = R"({"v":1,"state":"online","store_id":"0042","session":")" + session +
                      R"(","host":")" + host + R"(","streams":[]})";
    std::vector<mqtt::LinkEvent> messages;
    messages.push_back(std::move(message));
    collector_->Handle(std::move(messages));
    Turn();
  };
  const std::string a = "01JD3V7Q8Z5W6K2M9T4RHXAAAA", b = "01JD3V7Q8Z5W6K2M9T4RHXBBBB";
  status(b, "till", true);  // only what the broker kept
  Deliver({source_.Sale("apple", "1")});
  EXPECT_TRUE(confirmed().sessions.empty());
  EXPECT_TRUE(confirmed().accepts_batches);
  EXPECT_TRUE(confirmed().accepts_zstd);
  status(a, "till", false);
  status(b, "copy", false);
  status(a, "till", false);
  status(b, "copy", false);
  Advance(seconds(1));
  Deliver({source_.Sale("apple", "1")});
  ASSERT_EQ(confirmed().sessions.size(), 2u);
  EXPECT_EQ(confirmed().sessions[0].session, b);
  EXPECT_EQ(confirmed().sessions[0].host, "copy");
  EXPECT_EQ(confirmed().sessions[1].session, a);
}

}  // namespace
}  // namespace tillrelay::collector
