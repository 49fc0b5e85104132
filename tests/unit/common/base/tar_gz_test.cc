// The archive is what tar and gzip say it is.
#include "common/base/tar_gz.h"

#include <gtest/gtest.h>

namespace tillrelay {
namespace {

const WallTime kAt{std::chrono::seconds(1'795'000'000)};

TEST(TarGz, AnEmptyArchiveIsTwoEmptyBlocks) {
  const std::string bytes = TarGz({}, kAt);
  ASSERT_GT(bytes.size(), 18u);
  EXPECT_EQ(bytes.substr(0, 3), "\x1f\x8b\x08");
  // CRC-32 of 1,024 zero bytes, as gzip(1) has it.
  EXPECT_EQ(bytes.substr(bytes.size() - 8), std::string("\x2e\xaf\xb5\xef\x00\x04\x00\x00", 8));
}

TEST(TarGz, TheSameTextsAreTheSameBytes) {
  const NamedTexts files = {{"a.txt", "hello"}, {"b.txt", std::string(200'000, 'x')}};
  EXPECT_EQ(TarGz(files, kAt), TarGz(files, kAt));
  EXPECT_NE(TarGz(files, kAt), TarGz(files, kAt + std::chrono::seconds(1)));
}

TEST(TarGz, WhatRepeatsIsSmall) {
  EXPECT_LT(TarGz({{"log.txt", std::string(200'000, 'x')}}, kAt).size(), 2'000u);
}

}  // namespace
}  // namespace tillrelay
