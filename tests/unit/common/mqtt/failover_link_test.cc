// Several brokers as one link: which one is tried, what is passed on, how the first is returned to.
#include "common/mqtt/failover_link.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>

#include "tests/support/manual_clock.h"

namespace tillrelay::mqtt {
namespace {

using std::chrono::seconds;

class FailoverLinkTest : public ::testing::Test {
 protected:
  struct Broker {
    Deliver deliver;
    Status connects;  // what an order to connect returns
    int ordered = 0, published = 0, left = 0;
  };
  class FakeLink final : public Link {
   public:
    explicit FakeLink(Broker* broker) : broker_(*broker) {}
    Status Connect() override {
      ++broker_.ordered;
      return broker_.connects;
    }
    Status Subscribe(const std::vector<std::string>&) override { return Status::Ok(); }
    Status Publish(const PublishOrder&) override {
      ++broker_.published;
      return Status::Ok();
    }
    void Disconnect(int) override { ++broker_.left; }

   private:
    Broker& broker_;
  };

  void Start(size_t brokers) {
    brokers_.resize(brokers);
    FailoverLink::Options options;
    options.clock = &clock_;
    options.first_look = std::chrono::milliseconds(1);
    options.well = [this] {
      ++looks_;
      return well_.load();
    };
    for (size_t i = 0; i < brokers; ++i) {
      options.brokers.push_back({"broker-" + std::to_string(i), [this, i](Deliver deliver) {
                                   brokers_[i].deliver = std::move(deliver);
                                   return Result<std::unique_ptr<Link>>(
                                       std::make_unique<FakeLink>(&brokers_[i]));
                                 }});
    }
    auto link = FailoverLink::Make(std::move(options), [this](LinkEvent&& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
      arrived_.notify_all();
    });
    ASSERT_TRUE(link.ok());
    link_ = *std::move(link);
  }
  LinkEvent Next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, seconds(10), [this] { return !events_.empty(); })) {
      ADD_FAILURE() << "nothing came";
      return {};
    }
    LinkEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  bool quiet() {
    const std::lock_guard lock(mutex_);
    return events_.empty();
  }
  void Tell(size_t broker, LinkEventType what) {
    LinkEvent event;
    event.what = what;
    brokers_[broker].deliver(std::move(event));
  }
  // The broker that the last order to connect went to.
  size_t Ordered() {
    std::vector<int> before;
    for (const Broker& broker : brokers_) before.push_back(broker.ordered);
    EXPECT_TRUE(link_->Connect().ok());
    for (size_t i = 0; i < brokers_.size(); ++i) {
      if (brokers_[i].ordered > before[i] && brokers_[i].connects.ok()) return i;
    }
    return brokers_.size();
  }
  // Connects to that broker, the ones before it failing.
  void ConnectTo(size_t broker) {
    while (Ordered() != broker) {
      Tell(broker - 1, LinkEventType::kConnectFailed);
      Next();
    }
    Tell(broker, LinkEventType::kConnected);
    EXPECT_EQ(Next().broker, "broker-" + std::to_string(broker));
  }

  tillrelay::testing::ManualClock clock_;
  std::atomic<bool> well_{false};
  std::atomic<int> looks_{0};
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<LinkEvent> events_;
  std::vector<Broker> brokers_;
  std::unique_ptr<Link> link_;
};

TEST_F(FailoverLinkTest, TheyAreTriedInTurnAndAtOnceUntilAllHaveFailed) {
  Start(3);
  for (int round = 0; round < 3; ++round) {
    for (const size_t broker : {0u, 1u, 2u}) {
      ASSERT_EQ(Ordered(), broker);
      Tell(broker, LinkEventType::kConnectFailed);
      const LinkEvent failed = Next();
      EXPECT_EQ(failed.more, broker < 2);
      EXPECT_NE(failed.text.find("broker-" + std::to_string(broker)), std::string::npos);
    }
  }
}

TEST_F(FailoverLinkTest, OneWhoseSettingsAreBrokenIsPassedOver) {
  Start(2);
  brokers_[0].connects = Invalid("broker.password_file: no such file");
  EXPECT_EQ(Ordered(), 1u);
  brokers_[1].connects = Invalid("broker.2.password_file: no such file");
  const Status failed = link_->Connect();
  EXPECT_FALSE(failed.ok());
  EXPECT_NE(failed.message().find("broker.2.password_file"), std::string::npos)
      << failed.message() << ": the last one that was tried";
}

TEST_F(FailoverLinkTest, AConnectionThatDoesNotLastLeadsToTheNext) {
  Start(2);
  ConnectTo(0);
  clock_.Advance(FailoverLink::kStable - seconds(1));
  Tell(0, LinkEventType::kLost);
  EXPECT_EQ(Next().what, LinkEventType::kLost);
  EXPECT_EQ(Ordered(), 1u);
}

TEST_F(FailoverLinkTest, ALastingOneBeginsWithTheFirstAgain) {
  Start(3);
  ConnectTo(1);
  clock_.Advance(FailoverLink::kStable);
  Tell(1, LinkEventType::kLost);
  Next();
  EXPECT_EQ(Ordered(), 0u);
}

TEST_F(FailoverLinkTest, WhatAnotherThanTheCurrentOneTellsIsDropped) {
  Start(2);
  ConnectTo(1);
  Tell(0, LinkEventType::kConnected);
  Tell(0, LinkEventType::kMessage);
  Tell(0, LinkEventType::kLost);
  EXPECT_TRUE(quiet());
  EXPECT_TRUE(link_->Publish({}).ok());
  EXPECT_EQ(brokers_[1].published, 1);
  EXPECT_EQ(brokers_[0].published, 0);
}

TEST_F(FailoverLinkTest, TheFirstIsReturnedToWhenItIsWell) {
  Start(2);
  ConnectTo(1);
  while (looks_ < 3) std::this_thread::yield();
  EXPECT_TRUE(quiet()) << "it is not well";
  well_ = true;
  const LinkEvent lost = Next();
  EXPECT_EQ(lost.what, LinkEventType::kLost);
  EXPECT_TRUE(lost.more);
  EXPECT_NE(lost.text.find("broker-0"), std::string::npos);
  Tell(1, LinkEventType::kPublished);
  EXPECT_TRUE(quiet()) << "every order in flight is void";
  const int left = brokers_[1].left;
  EXPECT_EQ(Ordered(), 0u);
  EXPECT_GT(brokers_[1].left, left) << "the second one's session is ended";
  Tell(0, LinkEventType::kConnected);
  EXPECT_EQ(Next().broker, "broker-0");
}

TEST_F(FailoverLinkTest, AFirstOneThatOnlySeemsWellDoesNotCostTheLinkForGood) {
  Start(2);
  well_ = true;
  ConnectTo(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Next().what, LinkEventType::kLost);
    EXPECT_EQ(Ordered(), 0u);
    Tell(0, LinkEventType::kConnectFailed);
    EXPECT_TRUE(Next().more);
    EXPECT_EQ(Ordered(), 1u);
    Tell(1, LinkEventType::kConnected);
    Next();
  }
}

TEST_F(FailoverLinkTest, WhileTheFirstCarriesTheLinkNobodyLooks) {
  Start(2);
  well_ = true;
  ConnectTo(0);
  EXPECT_TRUE(quiet());
  link_.reset();
  EXPECT_EQ(looks_, 0);
}

}  // namespace
}  // namespace tillrelay::mqtt
