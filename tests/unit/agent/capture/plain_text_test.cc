// UTF-16 as UTF-8, whatever the bytes are.
#include "agent/capture/plain_text.h"

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::capture {
namespace {

using std::string_literals::operator""s;

TEST(PlainTextTest, EightBitTextStaysAsItIs) {
  for (const std::string& text : {""s, "a"s, "{}"s, "\xEF\xBB\xBF{}"s, "\xFF\x00"s.substr(0, 1)}) {
    EXPECT_EQ(PlainText(text), text);
  }
}

TEST(PlainTextTest, BothByteOrdersAreReadWithAndWithoutAMark) {
  EXPECT_EQ(PlainText("\xFF\xFE<\0a\0"s), "\xEF\xBB\xBF<a");
  EXPECT_EQ(PlainText("\xFE\xFF\0<\0a"s), "\xEF\xBB\xBF<a");
  EXPECT_EQ(PlainText("<\0a\0"s), "<a");
  EXPECT_EQ(PlainText("\0<\0a"s), "<a");
}

TEST(PlainTextTest, EveryLengthOfACodeIsWritten) {
  EXPECT_EQ(PlainText("a\0\xE4\x00\xAC\x20\x3D\xD8\x00\xDE"s),
            "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(PlainTextTest, WhatCannotBeDecodedIsMarkedAndNeverHidesTheNext) {
  EXPECT_EQ(PlainText("a\0\x3D\xD8"s
                      "b\0"s),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(PlainText("a\0\x00\xDE"s
                      "b\0"s),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(PlainText("a\0b"s), "a");  // half a unit
}

TEST(PlainTextTest, AnyBytesBehindAMarkBecomeUtf8) {
  testing::SeededRandom random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = random.Below(2) == 0 ? "\xFF\xFE" : "\xFE\xFF";
    const size_t size = random.Below(40);
    for (size_t n = 0; n < size; ++n) bytes += static_cast<char>(random.Below(256));
    EXPECT_EQ(FirstInvalidUtf8(PlainText(bytes)), std::string_view::npos) << i;
  }
}

}  // namespace
}  // namespace tillrelay::capture
