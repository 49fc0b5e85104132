// Claims about who else speaks for a store: what is evidence, and what looks like it.
#include "agent/uplink/twin_watch.h"

#include <gtest/gtest.h>

#include "agent/uplink/status_right.h"

namespace tillrelay::uplink {
namespace {

constexpr const char* kOwn = "01JD3V7Q8Z5W6K2M9T4RHXAAAA";
constexpr const char* kFormer = "01JD3V7Q8Z5W6K2M9T4RHXBBBB";
constexpr const char* kOther = "01JD3V7Q8Z5W6K2M9T4RHXCCCC";

wire::StoreStatus StatusOf(const std::string& session, bool will = false) {
  wire::StoreStatus status;
  status.session = session;
  status.state = will ? "offline" : "online";
  if (!will) status.streams.emplace_back();
  status.host = "b";
  return status;
}

class TwinWatchTest : public ::testing::Test {
 protected:
  TwinWatch watch_{kOwn, {kFormer}};
};

TEST_F(TwinWatchTest, ALiveStatusOfAnotherSessionBehindOurOwnIsEvidence) {
  watch_.Connected();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther), false));  // it may be the server before us
  watch_.StatusAcked();
  EXPECT_TRUE(watch_.OnStatus(StatusOf(kOther), false));
}

TEST_F(TwinWatchTest, ARetainedStatusIsEvidenceOnlyOnALaterConnection) {
  watch_.Connected();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther), true));
  watch_.StatusAcked();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther), true));  // the broker may hand it out late
  watch_.Connected();
  EXPECT_TRUE(watch_.OnStatus(StatusOf(kOther), true));
}

TEST_F(TwinWatchTest, AConnectionWithoutAnAcknowledgedStatusProvesNothing) {
  for (int i = 0; i < 20; ++i) {
    watch_.Connected();
    EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther), true));
  }
}

TEST_F(TwinWatchTest, AWillOurOwnAndAFormerSessionAreNone) {
  watch_.Connected();
  watch_.StatusAcked();
  watch_.Connected();
  watch_.StatusAcked();
  for (const bool retained : {true, false}) {
    EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther, true), retained));
    EXPECT_FALSE(watch_.OnStatus(StatusOf(kOwn), retained));
    EXPECT_FALSE(watch_.OnStatus(StatusOf(kFormer), retained));  // a broker set back by a crash
    EXPECT_FALSE(watch_.OnStatus(StatusOf(""), retained));
  }
}

// Two servers push each other off: each finds the other's will, and never a status of it.
TEST_F(TwinWatchTest, ASecondWillOfOneSessionBehindOurStatusIsEvidence) {
  watch_.Connected();
  watch_.StatusAcked();
  watch_.Connected();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther, true), true));  // of a server that is gone
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther, true), true));  // the same message once more
  watch_.Connected();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther, true), true));  // nothing of ours has replaced it
  watch_.StatusAcked();
  watch_.Connected();
  watch_.StatusAcked();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kFormer, true), false));
  watch_.Connected();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kFormer, true), true));
}

TEST_F(TwinWatchTest, ASecondWillIsEvidenceOnceAStatusOfOursHasReplacedTheFirst) {
  watch_.Connected();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther, true), true));
  watch_.StatusAcked();
  EXPECT_FALSE(watch_.OnStatus(StatusOf(kOther, true), false));
  watch_.Connected();
  EXPECT_TRUE(watch_.OnStatus(StatusOf(kOther, true), true));
}

TEST_F(TwinWatchTest, WhatTheCentreHeardCountsOnceItHasHeardUs) {
  EXPECT_FALSE(watch_.OnHeard({{kOther, "b"}}));  // of the server before us
  EXPECT_FALSE(watch_.OnHeard({{kOwn, "a"}, {kOther, "b"}}));
  EXPECT_FALSE(watch_.OnHeard({{kFormer, "a"}, {kOwn, "a"}}));
  EXPECT_TRUE(watch_.OnHeard({{kOther, "b"}, {kOwn, "a"}}));
  EXPECT_FALSE(watch_.OnHeard({}));
}

TEST_F(TwinWatchTest, WhetherItWouldNoticeIsKnown) {
  EXPECT_FALSE(watch_.sees());
  watch_.OnStatus(StatusOf(kOther), true);
  EXPECT_FALSE(watch_.sees());
  watch_.OnStatus(StatusOf(kOwn), false);
  EXPECT_TRUE(watch_.sees());
}

TEST_F(TwinWatchTest, NobodyIsKnownOnlyOnceThereWasTimeToReadWhoElseThereIs) {
  watch_.Connected();
  EXPECT_FALSE(watch_.knows_nobody());
  watch_.StatusAcked();
  EXPECT_TRUE(watch_.knows_nobody());
  watch_.OnStatus(StatusOf(kOwn), false);
  EXPECT_TRUE(watch_.knows_nobody());
  watch_.OnStatus(StatusOf(kFormer, true), true);  // no evidence, but others can be read here
  EXPECT_FALSE(watch_.knows_nobody());
}

TEST(StatusRightTest, AConnectionThatEndsWhileItAsksIsADenialUntilOneThatDoesNotAskEndsTooSoon) {
  StatusRight right;
  EXPECT_TRUE(right.may_ask());
  right.MarkAsked();
  right.Lost(milliseconds(5));
  EXPECT_FALSE(right.may_ask());
  right.Lost(kStableAfter);  // without asking it lasts
  EXPECT_FALSE(right.may_ask());
  right.Lost(milliseconds(5));  // the asking did not end it
  EXPECT_TRUE(right.may_ask());
  right.MarkAsked();
  right.Answered();
  right.Lost(milliseconds(5));
  EXPECT_TRUE(right.may_ask());
}

}  // namespace
}  // namespace tillrelay::uplink
