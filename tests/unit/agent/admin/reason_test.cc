#include "agent/admin/reason.h"

#include <gtest/gtest.h>

namespace tillrelay::admin {
namespace {

std::string Times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(Reason, ADiscardNeedsOneOfAtMost500Characters) {
  const std::pair<std::string, bool> cases[] = {{"", false},
                                                {" \t\r\n", false},
                                                {"x", true},
                                                {Times(500, "x"), true},
                                                {" " + Times(500, "ü") + " ", true},
                                                {Times(501, "x"), false},
                                                {Times(501, "ü"), false},
                                                {Times(1'000'000, "x"), false},
                                                {"\xff\xfe", false}};
  for (auto [text, taken] : cases) {
    EXPECT_EQ(CheckReason(Resolution::Way::kDiscard, &text).ok(), taken) << text.substr(0, 20);
    std::string note = text;
    EXPECT_EQ(CheckNote(&note).ok(), taken) << text.substr(0, 20);
  }
}

TEST(Reason, ARetryNeedsNoneButKeepsTheBounds) {
  std::string none, long_one = Times(501, "x");
  EXPECT_TRUE(CheckReason(Resolution::Way::kRetry, &none).ok());
  EXPECT_FALSE(CheckReason(Resolution::Way::kRetry, &long_one).ok());
}

}  // namespace
}  // namespace tillrelay::admin
