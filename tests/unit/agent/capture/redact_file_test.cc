// Files larger than memory should hold: wherever a piece ends, no card number is kept for it.
#include "agent/capture/redact_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/capture/plain_text.h"
#include "common/base/files.h"

namespace tillrelay::capture {
namespace {

constexpr size_t kPiece = 4096;

std::string Scrubbed(const std::string& bytes) {
  const Fd from(memfd_create("from", MFD_CLOEXEC)), to(memfd_create("to", MFD_CLOEXEC));
  EXPECT_TRUE(WriteAll(from.get(), bytes).ok());
  lseek(from.get(), 0, SEEK_SET);
  int beats = 0;
  EXPECT_TRUE(RedactInto(
                  from.get(), to.get(), [&beats] { ++beats; }, kPiece)
                  .ok());
  EXPECT_GT(beats, static_cast<int>(bytes.size() / kPiece));
  lseek(to.get(), 0, SEEK_SET);
  return ReadAll(to.get(), size_t{64} << 20).value();
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

std::string Repeated(const std::string& row, size_t bytes, size_t* rows) {
  std::string text;
  for (*rows = 0; text.size() < bytes; ++*rows) text += row;
  return text;
}

TEST(RedactFile, NoNumberHidesWhereAPieceEnds) {
  constexpr size_t kBytes = 25 * kPiece + 345;
  for (const char* row : {"{\"pan\": \"4111 1111 1111 1111\", \"x\": 1}\n",
                          "1;2;4111111111111111;3\n", "<Note>4111-1111-1111-1111</Note>",
                          "\xD9\xA4"
                          "111111111111111 gh "}) {
    size_t rows = 0;
    const std::string scrubbed = Scrubbed(Repeated(row, kBytes, &rows));
    EXPECT_EQ(rows, Count(scrubbed, "[REDACTED-PAN]")) << row;
    EXPECT_EQ(0u, Count(scrubbed, "1111")) << row;
  }
}

TEST(RedactFile, WhatHoldsNoCardStaysAsItIs) {
  size_t rows = 0;
  const std::string plain = Repeated("4711;21.11.2026;Rain poncho M;2;25.98\n", 5 * kPiece, &rows);
  EXPECT_EQ(plain, Scrubbed(plain));
  EXPECT_EQ("", Scrubbed(""));
  EXPECT_EQ(std::string(10 * kPiece, '\0'), Scrubbed(std::string(10 * kPiece, '\0')));
}

TEST(RedactFile, WideCharactersAreReadAsSuch) {
  size_t rows = 0;
  const std::string text = Repeated("{\"pan\": \"4111 1111 1111 1111\"}\n", 5 * kPiece, &rows);
  std::string wide = "\xFF\xFE";
  for (const char c : text) wide += {c, '\0'};
  EXPECT_EQ(rows, Count(Scrubbed(wide), "[REDACTED-PAN]"));
}

TEST(RedactFile, CardsAreFoundWhereverTheyStand) {
  size_t rows = 0;
  const std::string plain = Repeated("4711;21.11.2026;Rain poncho M;2;25.98\n", 5 * kPiece, &rows);
  EXPECT_FALSE(HoldsCards(plain, nullptr, kPiece));
  for (size_t at = 0; at < plain.size(); at += 511) {
    std::string text = plain;
    text.insert(text.find('\n', at) + 1, "4111 1111 1111 1111\n");
    EXPECT_TRUE(HoldsCards(text, nullptr, kPiece)) << at;
    std::string wide = "\xFF\xFE";
    for (const char c : text) wide += {c, '\0'};
    EXPECT_TRUE(HoldsCards(wide, nullptr, kPiece)) << at;
  }
  EXPECT_FALSE(HoldsCards("", nullptr));
}

}  // namespace
}  // namespace tillrelay::capture
