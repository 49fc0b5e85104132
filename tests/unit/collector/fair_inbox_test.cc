// Claims about the collector's inbox: no store notices what another one sends.
#include "collector/intake/fair_inbox.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <set>

#include "common/wire/batch.h"

namespace tillrelay::collector {
namespace {

mqtt::LinkEvent Message(const std::string& store, const std::string& leaf, std::string payload,
                        bool retained = false) {
  mqtt::LinkEvent event;
  event.what = mqtt::LinkEventType::kMessage;
  event.topic = "tillrelay/v1/" + store + "/" + leaf;
  event.payload = std::move(payload);
  event.retained = retained;
  return event;
}

std::string Bomb() {
  const std::string blanks(wire::kMaxUnpackedBytes, ' ');
  std::string packed(ZSTD_compressBound(blanks.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), blanks.data(), blanks.size(), 1));
  return packed;
}

class FairInboxTest : public ::testing::Test {
 protected:
  std::vector<mqtt::LinkEvent> Pop() { return inbox_.Pop(Duration(0)); }
  std::vector<std::string> PopPayloads() {
    std::vector<std::string> payloads;
    for (const auto& event : Pop()) payloads.push_back(event.payload);
    return payloads;
  }
  FairInbox inbox_{"tillrelay/v1"};
};

TEST_F(FairInboxTest, WhatOneStoreSentComesInItsOrder) {
  for (int i = 0; i < 100; ++i) inbox_.Deliver(Message("a", "events", std::to_string(i)));
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(PopPayloads(), expected);
  EXPECT_TRUE(Pop().empty());
}

TEST_F(FairInboxTest, TheOwnerDoesNotWaitWhenItWasWoken) {
  inbox_.Wake();
  EXPECT_TRUE(inbox_.Pop(std::chrono::hours(1)).empty());
}

TEST_F(FairInboxTest, BombsOfOneStoreLeaveRoomForAllOthers) {
  const std::string bomb = Bomb();
  ASSERT_LT(bomb.size(), 4096u);
  for (int i = 0; i < 60; ++i) inbox_.Deliver(Message("hostile", "events", bomb));
  EXPECT_GE(inbox_.dropped().messages, 55u);
  EXPECT_EQ(inbox_.dropped().store, "hostile");
  for (int i = 0; i < 50; ++i) {
    inbox_.Deliver(Message("s" + std::to_string(i), "events", "[]"));
  }
  EXPECT_LE(inbox_.dropped().messages, 60u);
  std::set<std::string> served;
  size_t bombs = 0;
  for (const auto& event : Pop()) {
    served.insert(event.topic);
    if (event.payload == bomb) ++bombs;
  }
  EXPECT_EQ(served.size(), 51u);  // everybody in the first slice
  EXPECT_EQ(bombs, 1u);
}

TEST_F(FairInboxTest, AStoreHasHalfOfTheMessagesAtMost) {
  for (size_t i = 0; i < FairInbox::kMaxMessages + 10; ++i) {
    inbox_.Deliver(Message("a", "events", "[]"));
  }
  EXPECT_EQ(inbox_.dropped().messages, FairInbox::kMaxMessages / 2 + 10);
  inbox_.Deliver(Message("b", "events", "[]"));
  EXPECT_EQ(inbox_.dropped().messages, FairInbox::kMaxMessages / 2 + 10);
}

TEST_F(FairInboxTest, WhoeverSentTooMuchIsServedInSmallPieces) {
  for (size_t i = 0; i < FairInbox::kMaxMessages / 2; ++i) {
    inbox_.Deliver(Message("a", "events", "[]"));
  }
  EXPECT_EQ(Pop().size(), FairInbox::kSliceMessages) << "it has kept to its share";
  for (size_t i = 0; i < FairInbox::kMaxMessages; ++i) inbox_.Deliver(Message("a", "events", "[]"));
  EXPECT_EQ(Pop().size(), FairInbox::kGreedyMessages);
  inbox_.Deliver(Message("b", "events", "[]"));
  EXPECT_EQ(Pop().size(), FairInbox::kGreedyMessages + 1) << "no more stand before another store";
  size_t slices = 0;
  for (; !Pop().empty(); ++slices) {
  }
  EXPECT_GE(slices, FairInbox::kMaxMessages / 2 / FairInbox::kGreedyMessages - 2);
  for (size_t i = 0; i < 500; ++i) inbox_.Deliver(Message("a", "events", "[]"));
  EXPECT_EQ(Pop().size(), 500u) << "forgiven with an empty queue";
}

TEST_F(FairInboxTest, NobodyIsServedTwiceBeforeEverybodyWasServed) {
  const std::string large(5 * 1024 * 1024, ' ');
  for (int i = 0; i < 4; ++i) {
    for (const char* store : {"a", "b", "c"}) inbox_.Deliver(Message(store, "events", large));
  }
  std::map<std::string, int> served;
  for (const auto& event : Pop()) ++served[event.topic];
  EXPECT_EQ(served.size(), 3u);
  for (const auto& [topic, times] : served) EXPECT_LE(times, 3) << topic;
}

TEST_F(FairInboxTest, OfStatusesTheLatestWaits) {
  inbox_.Deliver(Message("a", "status", "1", true));
  inbox_.Deliver(Message("b", "status", "x", true));
  inbox_.Deliver(Message("a", "status", "2"));
  inbox_.Deliver(Message("a", "status", "3"));
  inbox_.Deliver(Message("a", "status", "old", true));
  EXPECT_EQ(PopPayloads(), (std::vector<std::string>{"3", "x"}));
}

TEST_F(FairInboxTest, TwentyThousandRetainedStatusesAllArrive) {
  for (int i = 0; i < 20'000; ++i) {
    inbox_.Deliver(Message("s" + std::to_string(i), "status", std::string(1000, 's'), true));
  }
  EXPECT_EQ(inbox_.dropped().messages, 0u);
  std::set<std::string> heard;
  for (auto slice = Pop(); !slice.empty(); slice = Pop()) {
    EXPECT_LE(slice.size(), FairInbox::kSliceStatuses);
    for (const auto& event : slice) heard.insert(event.topic);
  }
  EXPECT_EQ(heard.size(), 20'000u);
}

TEST_F(FairInboxTest, WhatTheConnectionSaysIsNeverDropped) {
  for (size_t i = 0; i < 3 * FairInbox::kMaxMessages; ++i) {
    inbox_.Deliver(Message("a", "events", "[]"));
    mqtt::LinkEvent event;
    event.what = mqtt::LinkEventType::kPublished;
    inbox_.Deliver(std::move(event));
  }
  size_t own = 0;
  for (const auto& event : Pop()) own += event.what == mqtt::LinkEventType::kPublished ? 1 : 0;
  EXPECT_EQ(own, 3 * FairInbox::kMaxMessages);
}

TEST_F(FairInboxTest, AClosedInboxTakesNothingAndWaitsForNothing) {
  inbox_.Deliver(Message("a", "events", "[]"));
  inbox_.Close();
  inbox_.Deliver(Message("a", "events", "[]"));
  EXPECT_EQ(inbox_.Pop(std::chrono::hours(1)).size(), 1u);
  EXPECT_TRUE(inbox_.Pop(std::chrono::hours(1)).empty());
}

}  // namespace
}  // namespace tillrelay::collector
