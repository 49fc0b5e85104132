// Several servers of one name at one broker, in every order of what happens: one of them always
// goes on, and each of two has its turn. It is the watch and the rule of the product that decide.
#include "agent/uplink/twin_rule.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/uplink/twin_watch.h"
#include "common/base/backoff.h"
#include "tests/support/sweep.h"

namespace tillrelay::uplink {
namespace {

struct Site {
  const char* name = "";
  int servers = 2;
  bool says_why = true;      // 0x8E
  bool status_seen = true;   // the own status may be read
  bool centre = true;        // confirmations name sessions
  bool wills = true;         // a connection that another one ends leaves its will
  bool copied = false;       // each later server has the sessions of the earlier ones on its disk
  bool acks_first = true;    // before the own status comes back
  bool restarted = false;    // each has run before
  bool one_session = false;  // a copy of the running machine
};

struct Message {
  enum class What { kStatus, kAck, kHeard } what = What::kStatus;
  wire::StoreStatus status;
  bool retained = false;
  std::vector<wire::HeardSession> sessions;
};

struct Server {
  std::string session;
  TwinWatch watch;
  TwinRule rule;
  std::deque<Message> inbox;
  bool up = false;
  Instant next_try{}, since{};
  bool away = false;      // gives way until next_try
  Duration delivering{};  // in all
  int failures = 0;       // in a row
};

class World {
 public:
  explicit World(const Site& site) : site_(site) {
    std::vector<std::string> former;
    for (int i = 0; i < site.servers; ++i) {
      const std::string session = site.one_session ? "S" : "S" + std::to_string(i);
      std::vector<std::string> own_former = site.copied ? former : std::vector<std::string>();
      if (site.restarted) own_former.push_back("R" + std::to_string(i));
      servers_.push_back(std::make_unique<Server>(Server{session,
                                                         TwinWatch(session, own_former),
                                                         TwinRule(session),
                                                         {},
                                                         false,
                                                         {},
                                                         {},
                                                         false,
                                                         {}}));
      former.push_back(session);
    }
    if (site.restarted) retained_ = Will("R0");
  }

  // What can happen now, in a fixed order.
  std::vector<std::function<void()>> Choices() {
    std::vector<std::function<void()>> choices;
    for (size_t i = 0; i < servers_.size(); ++i) {
      Server& server = *servers_[i];
      if (!server.up && now_ >= server.next_try) choices.emplace_back([this, i] { Connect(i); });
      if (!server.up) continue;
      if (!server.inbox.empty()) choices.emplace_back([this, i] { Deliver(i); });
      choices.emplace_back([this, i] { Speak(i); });
    }
    if (site_.centre && heard_dirty_) choices.emplace_back([this] { Confirm(); });
    return choices;
  }

  // Everybody does what he has to in time.
  void RunOn(Duration how_long) {
    const Instant end = now_ + how_long;
    while (now_ < end) {
      for (size_t i = 0; i < servers_.size(); ++i) {
        Server& server = *servers_[i];
        if (!server.up && now_ >= server.next_try) Connect(i);
        Drain(i);
        if (server.up && server.since == now_) Speak(i);
        if (heard_dirty_) Confirm();
        Drain(i);
      }
      now_ += kStep;
      Account();
    }
  }
  void Pass() { now_ += kStep; }
  Duration longest_silence() const { return longest_silence_; }
  Duration delivering(size_t i) const { return servers_[i]->delivering; }
  size_t servers() const { return servers_.size(); }

 private:
  static constexpr std::chrono::milliseconds kStep{500};
  static constexpr seconds kSteady{3};  // of a connection, until events are confirmed

  static wire::StoreStatus Will(const std::string& session) {
    wire::StoreStatus will;
    will.state = "offline";
    will.session = session;
    return will;
  }
  static wire::StoreStatus StatusOf(const Server& server) {
    wire::StoreStatus status;
    status.state = "online";
    status.session = server.session;
    status.host = "host";
    status.streams.emplace_back();
    return status;
  }

  void Connect(size_t i) {
    for (size_t other = 0; other < servers_.size(); ++other) {
      if (other != i && servers_[other]->up) Push(other);
    }
    Server& server = *servers_[i];
    server.up = true;
    server.away = false;
    server.since = now_;
    server.watch.Connected();
    server.rule.Connected(now_);
    if (site_.status_seen && retained_) server.inbox.push_back({{}, *retained_, true, {}});
    if (site_.centre && !confirmed_.empty()) {
      server.inbox.push_back({Message::What::kHeard, {}, true, confirmed_});
    }
  }
  // The broker ends its connection for another one.
  void Push(size_t i) {
    Server& server = *servers_[i];
    if (site_.wills) retained_ = Will(server.session);
    server.inbox.clear();
    const bool gives_way = site_.says_why && server.rule.OnTakenOver(server.watch.knows_nobody(),
                                                                     now_) == TwinStep::kGiveWay;
    Leave(i, gives_way ? TwinStep::kGiveWay : TwinStep::kGoOn);
  }
  void Leave(size_t i, TwinStep step) {
    Server& server = *servers_[i];
    server.up = false;
    server.inbox.clear();
    server.away = step == TwinStep::kGiveWay;
    if (now_ - server.since >= kStableAfter || step != TwinStep::kGoOn) server.failures = 0;
    const Duration back_off =
        Backoff(kRetryMin, kRetryMax, server.failures++) * static_cast<int>(i + 2) / 4;
    const Duration spread = seconds(61 * ++leaves_ * (2 * static_cast<int>(i) + 3) % 601);
    server.next_try = now_ + (step == TwinStep::kGiveWay    ? kTakeOverMin + spread
                              : step == TwinStep::kStepBack ? Duration(kTakeOverTurn)
                                                            : back_off);
  }
  void Speak(size_t i) {
    Server& server = *servers_[i];
    retained_ = StatusOf(server);
    const Message ack{Message::What::kAck, {}, false, {}}, echo{{}, *retained_, false, {}};
    if (site_.acks_first) server.inbox.push_back(ack);
    if (site_.status_seen) server.inbox.push_back(echo);
    if (!site_.acks_first) server.inbox.push_back(ack);
    std::erase_if(heard_, [&](const auto& heard) { return heard.session == server.session; });
    heard_.insert(heard_.begin(), {server.session, "host"});
    heard_dirty_ = true;
  }
  void Confirm() {
    heard_dirty_ = false;
    confirmed_ = heard_;
    for (auto& server : servers_) {
      if (server->up) server->inbox.push_back({Message::What::kHeard, {}, false, confirmed_});
    }
  }
  void Deliver(size_t i) {
    Server& server = *servers_[i];
    const Message message = server.inbox.front();
    server.inbox.pop_front();
    if (message.what == Message::What::kAck) return server.watch.StatusAcked();
    const TwinWatch::Twin twin = message.what == Message::What::kHeard
                                     ? server.watch.OnHeard(message.sessions)
                                     : server.watch.OnStatus(message.status, message.retained);
    if (!twin) return;
    const TwinStep step = server.rule.OnEvidence(twin->session, now_);
    if (step == TwinStep::kStay) server.failures = 0;
    if (step == TwinStep::kStepBack || step == TwinStep::kGiveWay) Leave(i, step);
  }
  void Drain(size_t i) {
    while (servers_[i]->up && !servers_[i]->inbox.empty()) Deliver(i);
  }
  void Account() {
    bool any = false;
    for (auto& server : servers_) {
      if (!server->up || now_ - server->since < kSteady) continue;
      any = true;
      server->delivering += kStep;
    }
    silence_ = any ? Duration::zero() : silence_ + kStep;
    longest_silence_ = std::max(longest_silence_, silence_);
  }

  const Site site_;
  Instant now_{std::chrono::hours(1)};
  std::vector<std::unique_ptr<Server>> servers_;
  std::optional<wire::StoreStatus> retained_;
  std::vector<wire::HeardSession> heard_, confirmed_;
  bool heard_dirty_ = false;
  int leaves_ = 0;
  Duration silence_{}, longest_silence_{};
};

const Site kSites[] = {
    {.name = "plain"},
    {.name = "without 0x8E", .says_why = false},
    {.name = "without 0x8E, echo first", .says_why = false, .acks_first = false},
    {.name = "echo first", .acks_first = false},
    {.name = "status only", .centre = false},
    {.name = "status only, without 0x8E", .says_why = false, .centre = false},
    {.name = "status only, without wills", .centre = false, .wills = false},
    {.name = "confirmations only", .status_seen = false},
    {.name = "confirmations only, without 0x8E", .says_why = false, .status_seen = false},
    {.name = "nothing can be read", .status_seen = false, .centre = false},
    {.name = "restarted", .restarted = true},
    {.name = "restarted, without 0x8E", .says_why = false, .restarted = true},
    {.name = "a copied disk", .copied = true},
    {.name = "a copied disk, without 0x8E", .says_why = false, .copied = true},
    {.name = "a copied disk, status only", .centre = false, .copied = true},
    {.name = "a copied machine", .one_session = true},
};

// One order: choice after choice by the digits, then everything in time.
std::string Check(const Site& site, const std::vector<size_t>& digits,
                  std::vector<size_t>* options) {
  World world(site);
  options->clear();
  for (const size_t digit : digits) {
    auto choices = world.Choices();
    options->push_back(std::max<size_t>(1, choices.size()));
    if (!choices.empty()) choices[std::min(digit, choices.size() - 1)]();
    world.Pass();
  }
  world.RunOn(std::chrono::minutes(40));
  std::string wrong;
  // A turn, the way back, and what it takes until something is confirmed.
  if (world.longest_silence() > kTakeOverTurn + (site.servers == 2 ? seconds(20) : kRetryMax)) {
    wrong = "all of them were silent for " +
            std::to_string(std::chrono::duration_cast<seconds>(world.longest_silence()).count());
  }
  for (size_t i = 0; i < world.servers() && site.servers == 2; ++i) {
    if (world.delivering(i) < seconds(30)) wrong += " server " + std::to_string(i) + " had no turn";
  }
  return wrong;
}

// All orders of the first `depth` things that happen, as an odometer over what can happen.
int CheckAllOrders(const Site& site, size_t depth) {
  std::vector<size_t> digits(depth, 0), options;
  int orders = 0;
  for (;;) {
    const std::string wrong = Check(site, digits, &options);
    ++orders;
    if (!wrong.empty()) {
      std::string order;
      for (const size_t digit : digits) order += std::to_string(digit);
      ADD_FAILURE() << site.name << ", " << site.servers << " servers, order " << order << ": "
                    << wrong;
      return orders;
    }
    size_t at = depth;
    while (at > 0 && digits[at - 1] + 1 >= options[at - 1]) digits[--at] = 0;
    if (at == 0) return orders;
    ++digits[at - 1];
  }
}

TEST(TwinRuleTest, OfTwoServersOneAlwaysGoesOnWhateverTheOrder) {
  for (const Site& site : kSites) EXPECT_GT(CheckAllOrders(site, 5), 10) << site.name;
}

TEST(TwinRuleTest, OfThreeServersOneAlwaysGoesOnWhateverTheOrder) {
  for (Site site : kSites) {
    site.servers = 3;
    EXPECT_GT(CheckAllOrders(site, testing::kSweepStep > 1 ? 4 : 5), 10) << site.name;
  }
}

TEST(TwinRuleTest, EvidenceOfAFormerSessionOfTheOtherServerLeavesOneOfThemDelivering) {
  TwinRule middle("S1"), restarted("S2");
  // The other server's session before it was started again.
  EXPECT_EQ(middle.OnEvidence("S0", {}), TwinStep::kStay);
  EXPECT_EQ(restarted.OnEvidence("S1", {}), TwinStep::kStay);
  EXPECT_EQ(middle.OnEvidence("S2", {}), TwinStep::kGiveWay);
}

// Retained messages may come before the SUBACK. The other server may be gone for good: who tries
// again must get through.
TEST(TwinRuleTest, WhatIsHeardBeforeATurnDoesNotTakeItAway) {
  TwinRule rule("S1");
  Instant now{std::chrono::hours(1)};
  EXPECT_EQ(rule.OnEvidence("S2", now), TwinStep::kGiveWay);
  EXPECT_EQ(rule.OnEvidence("S2", now), TwinStep::kGoOn);
  rule.Connected(now);
  EXPECT_EQ(rule.OnEvidence("S2", now + kTakeOverTurn / 2), TwinStep::kGoOn);
  EXPECT_EQ(rule.OnEvidence("S2", now + kTakeOverTurn), TwinStep::kGiveWay);
}

TEST(TwinRuleTest, AConnectionThatLastedStartsTheCountOfTakeOversAnew) {
  TwinRule rule("S");
  Instant now{std::chrono::hours(1)};
  for (int i = 0; i < 3 * kMostTakenOver; ++i) {
    rule.Connected(now);
    now += kStableAfter;
    ASSERT_EQ(rule.OnTakenOver(false, now), TwinStep::kGoOn);
  }
}

}  // namespace
}  // namespace tillrelay::uplink
