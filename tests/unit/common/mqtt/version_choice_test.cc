// Claims about when MQTT 3.1.1 is tried: every order of what a broker can do.
#include "common/mqtt/version_choice.h"

#include <gtest/gtest.h>

#include <string>

namespace tillrelay::mqtt {
namespace {

// r: 5 refused or hung up on; -: says nothing (refused port, wrong password); 5, 3: connected with
// it; x: an attempt with 3.1.1 failed.
bool OlderAfter(const std::string& story, Protocol protocol = Protocol::kAuto) {
  VersionChoice choice(protocol);
  for (const char c : story) {
    if (c == 'r') choice.FiveRefused();
    if (c == '5' || c == '3') choice.Connected(c == '5');
    if (c == 'x') choice.OlderFailed();
  }
  return choice.UseOlder();
}

TEST(VersionChoice, OnlyTwoRefusalsInARowBringTheOlderVersion) {
  EXPECT_FALSE(OlderAfter(""));
  EXPECT_FALSE(OlderAfter("r"));
  EXPECT_FALSE(OlderAfter("-------"));
  EXPECT_TRUE(OlderAfter("rr"));
  EXPECT_TRUE(OlderAfter("r-r"));
  EXPECT_FALSE(OlderAfter("rrx"));
  EXPECT_FALSE(OlderAfter("rrxr"));
  EXPECT_TRUE(OlderAfter("rrxrr"));
}

TEST(VersionChoice, ABrokerThatHasSpokenFiveIsNeverDowngraded) {
  EXPECT_FALSE(OlderAfter("5rr"));
  EXPECT_FALSE(OlderAfter("5rrrrrrrr"));
  EXPECT_FALSE(OlderAfter("rr35rr"));
}

TEST(VersionChoice, AfterTheOlderVersionFiveIsTriedFirst) {
  EXPECT_FALSE(OlderAfter("rr3"));
  EXPECT_TRUE(OlderAfter("rr3r"));
}

TEST(VersionChoice, WhatAPersonChoseStays) {
  for (const char* story : {"", "rrr", "5", "x", "3"}) {
    EXPECT_FALSE(OlderAfter(story, Protocol::k5));
    EXPECT_TRUE(OlderAfter(story, Protocol::k311));
  }
}

}  // namespace
}  // namespace tillrelay::mqtt
