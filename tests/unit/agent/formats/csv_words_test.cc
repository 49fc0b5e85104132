// CSV files as shops write them: words that say what did not happen, amounts with their signs,
// times in two columns, lines before the header.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "agent/formats/csv.h"
#include "agent/formats/csv_values.h"
#include "common/event/draft.h"
#include "tests/support/golden.h"
#include "tests/unit/agent/formats/csv_till.h"

namespace tillrelay {
namespace {

using formats::CsvProfile;
using testing::Till;

// "sale 1: A -1; refused unknown-word at status" and the like.
std::string Told(const CsvProfile& profile, const std::string& text) {
  std::string reported;
  const auto error = formats::DecodeCsv(profile, text, {}, [&](formats::Item&& item) {
    if (!reported.empty()) reported += "; ";
    const auto* refused = std::get_if<event::Rejection>(&item.outcome);
    if (refused != nullptr) {
      reported += "refused " + refused->reason + " at " + refused->field;
      return;
    }
    auto event = std::get<event::Event>(item.outcome);
    const auto draft = event::DraftFrom(&event, testing::GoldenShop());
    if (const auto* why = std::get_if<event::Rejection>(&draft)) {
      reported += "refused " + why->reason + " at " + why->field;
      return;
    }
    reported += std::string(event::KindWord(event.kind));
    if (event.transaction->status != "completed") reported += "/" + event.transaction->status;
    reported += " " + event.transaction->transaction_no + ":";
    for (const auto& line : event.lines) {
      for (const auto& effect : line.stock_effect) {
        reported += " " + line.item.sku + " " + effect.delta->Shortest();
      }
    }
  });
  return error ? "not syntax: " + error->what : reported;
}

std::string Rows(const std::string& heading, const std::vector<std::string>& rows) {
  std::string text = "no,t,sku,q," + heading + "\n";
  int number = 0;
  for (const auto& row : rows) {
    text += std::to_string(++number) + ",2026-11-21T10:00:00,A,1," + row + "\n";
  }
  return text;
}

TEST(CsvWords, AColumnThatIsNamedTellsWhatHappened) {
  CsvProfile profile = Till();
  profile.columns["status"] = "s";
  profile.words["status"]["Geht so"] = "suspended";
  EXPECT_EQ(
      "sale 1: A -1; register_control/cancelled 2:; register_control/training 3:; "
      "register_control/suspended 4:; register_control/suspended 5:; "
      "refused missing-field at row 1.status; refused unknown-word at row 1.status",
      Told(profile, Rows("s", {"Closed", "VOIDED", "Training", "on-hold", "geht so", "", "x"})));
  profile = Till();
  profile.columns["kind"] = "k";
  EXPECT_EQ(
      "sale 1: A -1; return 2: A 1; register_control/cancelled 3:; sale 4:; "
      "refused unknown-word at row 1.kind",
      Told(profile, Rows("k", {"Sale", "Refund", "Storno", "Gift card", "Zork"})));
}

TEST(CsvWords, AnEmptyCellIsNoWordUnlessTheProfileSaysSo) {
  for (const auto& [column, word, ordinary] :
       {std::tuple("status", "paid", "completed"), std::tuple("kind", "Sale", "sale")}) {
    for (const bool head : {false, true}) {
      SCOPED_TRACE(std::string(column) + (head ? " of the head" : ""));
      CsvProfile profile = Till();
      profile.head_in_first_row = head;
      profile.columns[column] = "s";
      const std::string refused = std::string("refused missing-field at row 1.") + column;
      EXPECT_EQ("sale 1: A -1; " + refused, Told(profile, Rows("s", {word, " "})));
      for (const std::string meaning : {ordinary, "cancelled", "training", "passed_over"}) {
        CsvProfile taught = profile;
        taught.words[column][""] = meaning;
        const std::string second = meaning == ordinary      ? "; sale 2: A -1"
                                   : meaning == "cancelled" ? "; register_control/cancelled 2:"
                                   : meaning == "training"  ? "; register_control/training 2:"
                                                            : "";
        EXPECT_EQ("sale 1: A -1" + second, Told(taught, Rows("s", {word, ""}))) << meaning;
        taught.words[column].erase("");
        taught.words[column]["None"] = meaning;
        taught.when_empty[column] = "None";
        EXPECT_EQ("sale 1: A -1" + second, Told(taught, Rows("s", {word, ""}))) << meaning;
      }
    }
  }
}

TEST(CsvWords, AKindThatOneRowDoesNotSayIsThatOfTheOthersOnlyIfAllAreSold) {
  CsvProfile profile = Till();
  profile.columns["kind"] = "k";
  const std::string head = "no,t,sku,q,k\n", a = "1,2026-11-21T10:00:00,A,1,", b = a + "\n";
  EXPECT_EQ("sale 1: A -1 A -1", Told(profile, head + a + "Sale\n" + b));
  for (const std::string word : {"Refund", "Void", "Training", "Tip"}) {
    SCOPED_TRACE(word);
    const std::string row = a + word + "\n";
    for (const std::string& rows : {row + b, b + row, row + b + row}) {
      EXPECT_NE(std::string::npos, Told(profile, head + rows).find("refused missing-field"));
    }
  }
}

TEST(CsvWords, WhatAnyRowSaysOfTheReceiptCountsInEveryOrder) {
  CsvProfile profile = Till();
  profile.head_in_first_row = true;
  profile.columns["status"] = "s";
  profile.columns["currency"] = "c";
  profile.columns["grand_amount"] = "g";
  profile.words["status"]["open"] = "passed_over";
  const auto outcome = [&](std::vector<std::string> cells) {
    std::set<std::string> all;
    std::sort(cells.begin(), cells.end());
    do {
      std::string text = "no,t,sku,q,s,c,g\n";
      for (const auto& cell : cells) text += "1,2026-11-21T10:00:00,A,1," + cell + "\n";
      all.insert(Told(profile, text));
    } while (std::next_permutation(cells.begin(), cells.end()));
    EXPECT_EQ(1u, all.size());
    return all.empty() ? "" : *all.begin();
  };
  EXPECT_EQ("sale 1: A -1 A -1 A -1", outcome({"paid,EUR,3", ",,", ",EUR,"}));
  EXPECT_EQ("register_control/cancelled 1:", outcome({"void,EUR,3", ",,", ",,"}));
  EXPECT_EQ("register_control/training 1:", outcome({"test,EUR,3", ",,", ",,"}));
  EXPECT_EQ("", outcome({"open,EUR,3", ",,", ",,"}));
  EXPECT_EQ("refused missing-field at row 1.status", outcome({",EUR,3", ",,", ",,"}));
  EXPECT_EQ("refused bad-value at status", outcome({"paid,EUR,3", "void,,", ",,"}));
  EXPECT_EQ("refused bad-value at status", outcome({"paid,EUR,3", "open,,", ",,"}));
}

TEST(CsvWords, AnOrderThatIsNotFinalInOneRowIsNotFinalInAnother) {
  CsvProfile profile = Till();
  profile.columns["status"] = "s";
  profile.words["status"]["open"] = "passed_over";
  const std::string head = "no,t,sku,q,s\n", row = "1,2026-11-21T10:00:00,A,1,";
  const std::string open = row + "open\n", paid = row + "paid\n", none = row + "\n";
  EXPECT_EQ("", Told(profile, head + open + open));
  for (const std::string& rows : {open + paid, paid + open, open + none, none + open}) {
    EXPECT_EQ("refused bad-value at status", Told(profile, head + rows)) << rows;
  }
}

TEST(CsvWords, AnOrderThatIsNotFinalMayStandBetweenTheRowsOfAnother) {
  const std::string head = "no,t,sku,q,s\n", a = "1,2026-11-21T10:00:00,A,1,",
                    b = "2,2026-11-21T10:00:00,B,1,", c = "3,2026-11-21T10:00:00,C,1,";
  for (const bool first : {false, true}) {
    CsvProfile profile = Till();
    profile.head_in_first_row = first;
    profile.columns["status"] = "s";
    profile.words["status"]["open"] = "passed_over";
    EXPECT_EQ("sale 1: A -1 A -1; sale 3: C -1",
              Told(profile, head + a + "paid\n" + b + "open\n" + a + "paid\n" + c + "paid\n"));
    // What follows it is of the same order.
    const std::string refused = "refused bad-value at status";
    EXPECT_EQ("sale 1: A -1; " + refused,
              Told(profile, head + a + "paid\n" + b + "open\n" + b + "paid\n"));
    EXPECT_EQ("sale 1: A -1" + (first ? "" : "; " + refused),
              Told(profile, head + a + "paid\n" + b + "open\n" + b + "\n"));
    EXPECT_EQ("sale 1: A -1; sale 3: C -1",
              Told(profile, head + a + "paid\n" + b + "open\n" + b + "open\n" + c + "paid\n"));
  }
}

TEST(CsvWords, WhatWasSoldAndPaidForHasNoNegativeQuantity) {
  CsvProfile profile = Till();
  profile.columns["kind"] = "k";
  profile.columns["net_amount"] = "net";
  const std::string head = "no,t,sku,q,k,net\n", row = "1,2026-11-21T10:00:00,A,-2,";
  EXPECT_EQ("refused bad-value at row 1.quantity", Told(profile, head + row + "Verkauf,25.98\n"));
  EXPECT_EQ("return 1: A 2", Told(profile, head + row + "Verkauf,-25.98\n"));
  EXPECT_EQ("return 1: A 2", Told(profile, head + row + "Refund,25.98\n"));
}

TEST(CsvWords, FlagsAreReadInEverySpellingOrRefused) {
  for (const auto& [column, outcome] :
       {std::pair<const char*, const char*>{"void", "register_control/cancelled 1:"},
        {"training", "register_control/training 1:"},
        {"return", "return 1: A 1"}}) {
    CsvProfile profile = Till();
    profile.columns[column] = "f";
    profile.words[column]["J"] = "yes";
    for (const char* yes : {"true", "TRUE", "1", "Y", "yes", "x"}) {
      const std::string reported = Told(profile, Rows("f", {yes}));
      const std::string unknown = std::string("refused unknown-word at row 1.") + column;
      EXPECT_EQ(yes == std::string("x") ? unknown : outcome, reported) << column << " " << yes;
    }
    EXPECT_EQ(outcome, Told(profile, Rows("f", {"j"})));
    for (const char* no : {"false", "0", "N", "no", ""}) {
      EXPECT_EQ("sale 1: A -1", Told(profile, Rows("f", {no}))) << column << " " << no;
    }
  }
}

TEST(CsvWords, AColumnThatPlainlyDecidesIsReadAlthoughNobodyNamedIt) {
  const CsvProfile profile = Till();
  EXPECT_EQ("sale 1: A -1; register_control/cancelled 2:",
            Told(profile, Rows("Status", {"Closed", "Cancelled"})));
  EXPECT_EQ("sale 1: A -1; return 2: A 1", Told(profile, Rows("Type", {"Sale", "Refund"})));
  EXPECT_EQ("sale 1: A -1; register_control/cancelled 2:",
            Told(profile, Rows("is void", {"0", "1"})));
  // One word that decides makes all of its column decide.
  EXPECT_EQ("refused unknown-word at row 1.kind; return 2: A 1",
            Told(profile, Rows("type", {"Zork", "Refund"})));
  // A column of other words tells something else.
  EXPECT_EQ("sale 1: A -1; sale 2: A -1", Told(profile, Rows("type", {"Grocery", "Sale"})));
  EXPECT_EQ("sale 1: A -1; sale 2: A -1", Told(profile, Rows("void", {"", "false"})));
  CsvProfile ignoring = Till();
  ignoring.ignored = {"TYPE"};
  EXPECT_EQ("sale 1: A -1", Told(ignoring, Rows("type", {"Refund"})));
  // A part of a file keeps the meaning that the whole had.
  CsvProfile part = Till();
  part.is_part = true;
  EXPECT_EQ("refused unknown-word at row 1.kind", Told(part, Rows("type", {"Zork"})));
}

TEST(CsvWords, RowsThatContradictRefuseTheirReceipt) {
  CsvProfile profile = Till();
  profile.columns["status"] = "s";
  const std::string head = "no,t,sku,q,s\n", row = "1,2026-11-21T10:00:00,";
  EXPECT_EQ("sale 1: A -1", Told(profile, head + row + "A,1,paid\n" + row + "B,1,void\n"));
  EXPECT_EQ("refused bad-value at row 2.status",
            Told(profile, head + row + "A,1,paid\n" + row + "B,1,training\n"));
  EXPECT_EQ("refused unsupported at row 1.quantity", Told(profile, head + row + "A,-1,void\n"));
  profile.columns["kind"] = "k";
  profile.columns["return"] = "r";
  EXPECT_EQ("refused bad-value at row 1.return",
            Told(profile, "no,t,sku,q,s,k,r\n" + row + "A,1,,Sale,yes\n"));
}

TEST(CsvWords, MoneyAndGoodsGoOppositeWays) {
  CsvProfile profile = Till();
  profile.columns["net_amount"] = "net";
  EXPECT_EQ("sale 1: A -1", Told(profile, Rows("net", {"3.00"})));
  EXPECT_EQ("refused bad-value at lines[0].net_amount", Told(profile, Rows("net", {"-3.00"})));
  const std::string head = "no,t,sku,q,net\n", row = "1,2026-11-21T10:00:00,A,-1,";
  EXPECT_EQ("return 1: A 1", Told(profile, head + row + "-3.00\n"));
  EXPECT_EQ("return 1: A 1", Told(profile, head + row + "3.00\n"));
  EXPECT_EQ("refused unsupported at row 1.quantity", Told(profile, head + row + "0.00\n"));
  profile.non_stock = {"A"};
  EXPECT_EQ("sale 1:", Told(profile, Rows("net", {"-3.00"})));
}

TEST(CsvWords, RowsOfOneReceiptShareTheirTotalAndCurrency) {
  CsvProfile profile = Till();
  profile.columns["grand_amount"] = "g";
  profile.columns["currency"] = "c";
  const std::string head = "no,t,sku,q,g,c\n", row = "1,2026-11-21T10:00:00,A,1,";
  EXPECT_EQ("sale 1: A -1 A -1", Told(profile, head + row + "2,EUR\n" + row + "2.00,EUR\n"));
  EXPECT_EQ("refused bad-value at row 2.grand_amount",
            Told(profile, head + row + "2,EUR\n" + row + "3,EUR\n"));
  EXPECT_EQ("refused unsupported at row 2.currency",
            Told(profile, head + row + "2,EUR\n" + row + "2,USD\n"));
}

TEST(CsvWords, NumbersMayStartAgainEachDay) {
  const std::string head = "no,t,sku,q\n";
  EXPECT_EQ("sale 1: A -1; sale 1: B -1",
            Told(Till(), head + "1,2026-11-21T10:00:00,A,1\n1,2026-11-22T09:00:00,B,1\n"));
  EXPECT_EQ("sale 1: A -1; sale 2: A -1; sale 1: B -1",
            Told(Till(), head + "1,2026-11-21T10:00:00,A,1\n2,2026-11-21T11:00:00,A,1\n"
                                "1,2026-11-22T09:00:00,B,1\n"));
  // One receipt over midnight.
  EXPECT_EQ("sale 1: A -1 B -1",
            Told(Till(), head + "1,2026-11-21T23:59:50,A,1\n1,2026-11-22T00:00:10,B,1\n"));
  EXPECT_EQ("refused bad-value at number; sale 2: A -1; refused bad-value at number",
            Told(Till(), head + "1,2026-11-21T10:00:00,A,1\n2,2026-11-21T11:00:00,A,1\n"
                                "1,2026-11-21T12:00:00,B,1\n"));
}

TEST(CsvWords, LinesOfAReportMayStandBeforeTheHeader) {
  const std::string table = "no,t,sku,q\n1,2026-11-21T10:00:00,A,1\n";
  EXPECT_EQ("sale 1: A -1", Told(Till(), "Report of sales\nfrom,2026-11-21\n\n" + table));
  CsvProfile skipping = Till();
  skipping.skip_lines = 2;
  EXPECT_EQ("sale 1: A -1", Told(skipping, "a \"report\" with marks\nmore\n" + table));
  EXPECT_TRUE(Told(Till(), "Report\nnothing,else\n").starts_with("not syntax: there is no column"));
}

TEST(CsvWords, HeadingsAreFoundInAnySpelling) {
  EXPECT_EQ("sale 1: A -1", Told(Till(), "Q., SKU ,T,NO\n1,A,2026-11-21T10:00:00,1\n"));
  EXPECT_TRUE(Told(Till(), "no,NO ,t,sku,q\n1,1,2026-11-21T10:00:00,A,1\n").starts_with("sale"));
  EXPECT_TRUE(Told(Till(), "no,no,t,sku,q\n1,1,2026-11-21T10:00:00,A,1\n")
                  .starts_with("not syntax: there are two columns no"));
  EXPECT_TRUE(Told(Till(), "NO,No,t,sku,q\n1,1,2026-11-21T10:00:00,A,1\n")
                  .starts_with("not syntax: there are two columns no"));
}

TEST(CsvWords, TheLastLineEndMayBeMissingWhereTheProfileSaysSo) {
  const std::string text = "no,t,sku,q\n1,2026-11-21T10:00:00,A,1";
  EXPECT_TRUE(Told(Till(), text).starts_with("not syntax"));
  CsvProfile profile = Till();
  profile.final_line_end = false;
  EXPECT_EQ("sale 1: A -1", Told(profile, text));
}

std::string Read(std::string_view text, const formats::NumberStyle& style) {
  bool rounded = false;
  const auto value = formats::ReadCsvNumber(text, style, &rounded);
  return value ? value->Shortest() : "none";
}

TEST(CsvNumbers, AreReadInOneWayOnly) {
  const formats::NumberStyle plain{'.', '\0', false, ""}, money{'.', ',', true, "USD"},
      german{',', '.', true, "EUR"}, swiss{'.', '\'', true, "CHF"}, french{',', ' ', true, ""};
  const struct {
    const char* text;
    const formats::NumberStyle& style;
    const char* value;
  } cases[] = {{"1.5", plain, "1.5"},
               {"-1", plain, "-1"},
               {"+2", plain, "2"},
               {"1,5", plain, "none"},
               {"1,234", plain, "none"},
               {"$1", plain, "none"},
               {"", plain, "none"},
               {"-", plain, "none"},
               {"--1", plain, "none"},
               {"(1)", plain, "-1"},
               {"(-1)", plain, "none"},
               {"1-", plain, "-1"},
               {"-1-", plain, "none"},
               {"1 2", plain, "none"},
               {"0x10", plain, "none"},
               {"$8.00", money, "8"},
               {"-$8.00", money, "-8"},
               {"$-8.00", money, "-8"},
               {"($8.00)", money, "-8"},
               {"$(8.00)", money, "-8"},
               {"8.00 USD", money, "8"},
               {"USD 8.00", money, "8"},
               {"EUR 8.00", money, "none"},
               {"1,234.56", money, "1234.56"},
               {"1,234,567.8", money, "1234567.8"},
               {"12,34.56", money, "none"},
               {"1,23", money, "none"},
               {",123", money, "none"},
               {"1,,234", money, "none"},
               {"1234,567", money, "none"},
               {"1.234,56", money, "none"},
               {"1.234,56 \xE2\x82\xAC", german, "1234.56"},
               {"-0,50", german, "-0.5"},
               {"0,50-", german, "-0.5"},
               {"1.23", german, "none"},
               {"1.234", german, "1234"},
               {"\xE2\x88\x92"
                "3,00",
                german, "-3"},
               {"1'234.50", swiss, "1234.5"},
               {"1 234,50", french, "1234.5"},
               {"1\xC2\xA0"
                "234,50",
                french, "1234.5"},
               {"1\xE2\x80\xAF"
                "234,50 \xE2\x82\xAC",
                french, "1234.5"},
               {".5", plain, "0.5"}};
  for (const auto& c : cases) EXPECT_EQ(c.value, Read(c.text, c.style)) << c.text;
}

TEST(CsvTimes, AreReadInOneWayOnly) {
  const auto at = [](const char* text, const char* pattern) {
    return formats::Reformatted(text, pattern, "%Y-%m-%dT%H:%M:%S");
  };
  EXPECT_EQ("2026-11-21T17:42:00", at("21.11.2026 17:42", "%d.%m.%Y %H:%M"));
  EXPECT_EQ("2026-11-21T17:42:00", at("11/21/26 5:42 PM", "%m/%d/%y %I:%M %p"));
  EXPECT_EQ("2026-11-21T23:30:00-05:00", at("2026-11-21 23:30:00 -0500", "%Y-%m-%d %H:%M:%S %z"));
  EXPECT_EQ("2026-11-21T23:30:00+05:30", at("2026-11-21 23:30:00+05:30", "%Y-%m-%d %H:%M:%S%z"));
  EXPECT_EQ("2026-11-21T23:30:00Z", at("2026-11-21T23:30:00Z", "%Y-%m-%dT%H:%M:%SZ"));
  EXPECT_EQ("2026-11-21T23:30:00Z", at("2026-11-21 23:30:00 UTC", "%F %T UTC"));
  EXPECT_EQ("", at("21.11.26 17:42", "%d.%m.%Y %H:%M"));  // the year 26
  EXPECT_EQ("", at("21.11.2026 17:42:08", "%d.%m.%Y %H:%M"));
  EXPECT_EQ("", at("", "%d.%m.%Y %H:%M"));
}

TEST(CsvTimes, TheDayMayStandInAColumnOfItsOwn) {
  CsvProfile profile = Till();
  profile.columns["date"] = "d";
  profile.day_format = "%d.%m.%Y";
  profile.time_format = "%H:%M";
  std::string end;
  const auto take = [&](formats::Item&& item) {
    const auto* event = std::get_if<event::Event>(&item.outcome);
    end = event == nullptr ? "refused" : event->transaction->end_at;
  };
  formats::DecodeCsv(profile, "no,d,t,sku,q\n1,21.11.2026,17:42,A,1\n", {}, take);
  EXPECT_EQ("2026-11-21T17:42:00", end);
  formats::DecodeCsv(profile, "no,d,t,sku,q\n1,,17:42,A,1\n", {}, take);
  EXPECT_EQ("refused", end);
  formats::DecodeCsv(profile, "no,d,t,sku,q\n1,21.11.26,17:42,A,1\n", {}, take);
  EXPECT_EQ("refused", end);
}

}  // namespace
}  // namespace tillrelay
