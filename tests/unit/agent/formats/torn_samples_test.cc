// Every sample cut short: no event from a document that is not whole, no crash, errors within it.
// Small documents are cut at every length. Of larger ones, every length beside a character of
// structure; where that would read more than a budget, every n-th of those.
// TILLRELAY_TORN_MB=0 lifts the budget.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/golden.h"
#include "tests/support/sweep.h"

namespace tillrelay {
namespace {

namespace fs = std::filesystem;
using formats::Format;

constexpr size_t kSmallBytes = 2000;
constexpr size_t kBudgetMb = 2;  // of prefixes, a document; a debug build reads some 30 MB a second

size_t Budget() {
  const char* reported = std::getenv("TILLRELAY_TORN_MB");
  const size_t mb = reported == nullptr ? kBudgetMb : std::strtoul(reported, nullptr, 10);
  return mb == 0 ? SIZE_MAX : mb * 1024 * 1024;
}

bool Structure(char c) { return std::string_view("<>{}[],:\"").find(c) != std::string_view::npos; }

std::vector<size_t> Lengths(const std::string& document) {
  // What follows the last of the document proper may be missing.
  const size_t end = document.find_last_not_of(" \t\r\n");
  std::vector<size_t> lengths;
  size_t bytes = 0;
  for (size_t size = 0; end != std::string::npos && size <= end; ++size) {
    const bool near = size < 2 || Structure(document[size - 1]) || Structure(document[size]);
    if (document.size() > kSmallBytes && !near) continue;
    lengths.push_back(size);
    bytes += size;
  }
  const size_t step = bytes / Budget() + 1;
  std::vector<size_t> some;
  for (size_t i = 0; i < lengths.size(); i += step * testing::kSweepStep)
    some.push_back(lengths[i]);
  if (!lengths.empty()) some.push_back(lengths.back());
  return some;
}

TEST(TornSamples, NoPrefixOfAnySampleGivesAnEvent) {
  const fs::path root(testing::GoldenPath(""));
  size_t documents = 0, prefixes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().lexically_relative(root).string();
    const std::string kind = entry.path().extension().string();
    if (kind != ".json" && kind != ".xml" &&
        (kind != ".in" || name.starts_with("ndjson") || name.starts_with("guard"))) {
      continue;
    }
    const std::string document = testing::ReadGolden(name);
    const auto format = formats::Sniff(document, name);
    ASSERT_TRUE(format) << name;
    ++documents;
    for (const size_t size : Lengths(document)) {
      ++prefixes;
      const auto decoded = testing::Decode(*format, document.substr(0, size));
      ASSERT_TRUE(decoded.error) << name << " cut at " << size;
      ASSERT_TRUE(decoded.items.empty()) << name << " cut at " << size;
      ASSERT_LE(decoded.error->offset, size) << name;
    }
  }
  EXPECT_GT(documents, 100u);
  EXPECT_GT(prefixes, 10'000u / testing::kSweepStep);
}

TEST(TornSamples, WideDocumentsAreAsTornAsNarrowOnes) {
  for (const auto& [name, format] :
       {std::pair<const char*, Format>{"canonical/return.json", Format::kJson},
        {"epcis/shop.json", Format::kEpcis}}) {
    const std::string narrow = testing::ReadGolden(name);
    std::string wide = "\xFF\xFE";
    for (const char c : narrow.substr(0, 2000)) wide += std::string{c, '\0'};
    for (size_t size = 0; size < wide.size(); ++size) {
      const auto decoded = testing::Decode(format, wide.substr(0, size));
      ASSERT_TRUE(decoded.error) << size;
      ASSERT_TRUE(decoded.items.empty()) << size;
      ASSERT_LE(decoded.error->offset, size);
    }
  }
}

}  // namespace
}  // namespace tillrelay
