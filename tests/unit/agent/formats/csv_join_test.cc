// Heads and rows of receipts in two files, joined by what both have.
#include "agent/formats/csv_join.h"

#include <gtest/gtest.h>

namespace tillrelay {
namespace {

formats::CsvProfile Pair() {
  formats::CsvProfile profile;
  profile.files = "lines*.csv";
  profile.head_files = "transactions*.csv";
  profile.joined_by = {"Z_NR", "Bon-Id"};
  profile.delimiter = ';';
  return profile;
}

std::string Joined(const std::string& heads, const std::string& rows) {
  const auto joined = formats::JoinCsv(Pair(), heads, rows, {});
  if (joined.error) return "error: " + joined.error->what;
  EXPECT_TRUE(joined.text.starts_with("\xEF\xBB\xBF"));
  return joined.text.substr(3);
}

TEST(CsvJoin, RowsGetTheColumnsOfTheirHeadAndStandTogether) {
  EXPECT_EQ(
      "\"Z_NR\";\"BON_ID\";\"no\";\"sku\"\n"
      "\"1\";\"a\";\"7\";\"A\"\n"
      "\"1\";\"a\";\"7\";\"C;\"\"x\"\"\"\n"
      "\"1\";\"b\";\"8\";\"\"\n"
      "\"2\";\"a\";\"9\";\"B\"\n",
      Joined("Z_NR;BON_ID;no\n1;a;7\n1;b;8\n2;a;9\n",
             "sku;bon_id;Z_NR\r\nA;a;1\r\nB;a;2\r\n\"C;\"\"x\"\"\";a;1\r\n"));
}

TEST(CsvJoin, WhatIsCertainOnlyIsJoined) {
  const std::string heads = "Z_NR;BON_ID;no\n1;a;7\n", rows = "Z_NR;BON_ID;sku\n1;a;A\n";
  EXPECT_EQ("error: row 3 has no head in the other file", Joined(heads, rows + "1;b;A\n"));
  EXPECT_TRUE(Joined(heads + "1;a;7\n", rows).starts_with("error: a head is told twice"));
  EXPECT_EQ("error: there is no column Bon-Id", Joined("Z_NR;no\n1;7\n", rows));
  EXPECT_EQ("error: there is no column Z_NR", Joined(heads, "BON_ID;sku\na;A\n"));
  EXPECT_EQ("error: the last row has no line end", Joined(heads, "Z_NR;BON_ID;sku\n1;a;A"));
  EXPECT_EQ("error: row 2 has 2 columns, the first one 3", Joined(heads, "Z_NR;BON_ID;sku\n1;a\n"));
  EXPECT_EQ("error: it is empty", Joined("", rows));
  // Cut anywhere, a file gives nothing, or what was whole.
  for (size_t size = 0; size < rows.size(); ++size) {
    const std::string joined = Joined(heads, rows.substr(0, size));
    EXPECT_TRUE(joined.starts_with("error") || joined.find("\"A\"") == std::string::npos) << size;
  }
}

TEST(CsvJoin, TheStarsTellWhichTwoBelongTogether) {
  const auto half = [](const std::string& name) {
    bool is_head = false;
    const std::string other = formats::OtherHalf(Pair(), name, &is_head);
    return other + (is_head && !other.empty() ? " (of a head)" : "");
  };
  EXPECT_EQ("transactions-7.csv", half("lines-7.csv"));
  EXPECT_EQ("lines-7.csv (of a head)", half("transactions-7.csv"));
  EXPECT_EQ("transactions.csv", half("lines.csv"));
  EXPECT_EQ("", half("other.csv"));
  EXPECT_EQ("", half("lines-7.txt"));
  EXPECT_EQ("", half("lines.cs"));
  formats::CsvProfile plain = Pair();
  plain.head_files.clear();
  bool is_head = false;
  EXPECT_EQ("", formats::OtherHalf(plain, "lines-7.csv", &is_head));
}

}  // namespace
}  // namespace tillrelay
