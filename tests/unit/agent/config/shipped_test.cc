// The shipped configuration documents every key with its real default, and nothing else.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "agent/config/config.h"
#include "common/base/files.h"

namespace tillrelay::config {
namespace {

std::string Shipped() {
  auto text = ReadFile(TILLRELAY_SHIPPED_CONFIG, 1 << 20);
  return text.ok() ? *text : "";
}

// With every documented default switched on.
std::string Uncommented() {
  static const std::regex kDefault("^#([a-z_]+ = )");
  std::istringstream lines(Shipped());
  std::string text, line;
  while (std::getline(lines, line)) text += std::regex_replace(line, kDefault, "$1") + "\n";
  return text;
}

std::map<std::string, std::string> Texts(const Config& config) {
  std::map<std::string, std::string> texts;
  for (const auto& value : config.effective) texts[value.key] = value.text;
  return texts;
}

TEST(ShippedConfigTest, EveryKeyIsDocumentedAndEveryDocumentedKeyExists) {
  const auto shipped = Parse(Uncommented(), "tillrelay.toml");
  ASSERT_TRUE(shipped.ok()) << shipped.status().message();
  for (const auto& value : shipped->effective) {
    EXPECT_EQ(value.file, "tillrelay.toml") << value.key << " is not in the shipped file";
  }
}

TEST(ShippedConfigTest, TheDocumentedDefaultsAreTheRealOnes) {
  const auto shipped = Parse(Uncommented(), "tillrelay.toml");
  ASSERT_TRUE(shipped.ok());
  EXPECT_EQ(Texts(*shipped), Texts(Parse("", "empty").value()));
}

TEST(ShippedConfigTest, AsShippedItChangesNothing) {
  const auto shipped = Parse(Shipped(), "tillrelay.toml");
  ASSERT_TRUE(shipped.ok()) << shipped.status().message();
  EXPECT_EQ(Differences(Parse("", "empty").value(), *shipped), std::vector<std::string>{});
}

TEST(DifferencesTest, ChangedAddedAndRemovedKeysAreNamed) {
  const std::string csv =
      "[drop_folder.csv.a]\nregister = \"1\"\n[drop_folder.csv.a.columns]\nnumber = \"n\"\n"
      "time = \"t\"\nquantity = \"q\"\nsku = \"s\"\n";
  const auto with = Parse("log_level = \"warning\"\n" + csv, "with");
  const auto without = Parse("", "without");
  ASSERT_TRUE(with.ok() && without.ok());
  const auto added = Differences(*without, *with);
  const auto removed = Differences(*with, *without);
  EXPECT_EQ(std::set(added.begin(), added.end()), std::set(removed.begin(), removed.end()));
  EXPECT_TRUE(std::set(added.begin(), added.end()).contains("drop_folder.csv.a.columns.sku"));
  EXPECT_TRUE(std::set(added.begin(), added.end()).contains("log_level"));
}

}  // namespace
}  // namespace tillrelay::config
