// CSV by profile: rows that stand together are one receipt, a file that is cut is none.
#include "agent/formats/csv.h"

#include <gtest/gtest.h>

#include "common/event/draft.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::CsvProfile;
using formats::Item;

struct Outcome {
  std::optional<formats::SyntaxError> error;
  std::vector<Item> items;
};

CsvProfile Till() {
  CsvProfile profile;
  profile.name = "till";
  profile.delimiter = ';';
  profile.decimal_mark = ',';
  profile.time_format = "%d.%m.%Y %H:%M";
  profile.store_id = "0042";
  profile.columns = {{"register", "Kasse"},   {"number", "Bon"},        {"time", "Zeit"},
                     {"sku", "Artikel"},      {"quantity", "Menge"},    {"net_amount", "Betrag"},
                     {"description", "Text"}, {"grand_amount", "Summe"}};
  return profile;
}

constexpr const char* kHead = "Kasse;Bon;Zeit;Artikel;Text;Menge;Betrag;Summe\r\n";
const std::string kTwo = std::string(kHead) +
                         "03;4711;21.11.2026 17:42;100;\"Poncho; \"\"M\"\"\";2;25,98;27,05\r\n"
                         "03;4711;21.11.2026 17:42;700;Apples;0,42;1,07;27,05\r\n"
                         "03;4712;21.11.2026 17:50;100;Poncho;-1;-12,99;-12,99\r\n";

Outcome Decode(const CsvProfile& profile, const std::string& text) {
  Outcome outcome;
  outcome.error = formats::DecodeCsv(
      profile, text, {}, [&](Item&& item) { outcome.items.push_back(std::move(item)); });
  return outcome;
}

const event::Event& EventOf(const Outcome& outcome, size_t index) {
  return std::get<event::Event>(outcome.items.at(index).outcome);
}
const event::Rejection& RejectionOf(const Outcome& outcome, size_t index) {
  return std::get<event::Rejection>(outcome.items.at(index).outcome);
}

TEST(Csv, RowsOfOneKeyAreOneReceipt) {
  const Outcome outcome = Decode(Till(), kTwo);
  ASSERT_FALSE(outcome.error);
  ASSERT_EQ(2u, outcome.items.size());
  const event::Event& sale = EventOf(outcome, 0);
  EXPECT_EQ(event::Kind::kSale, sale.kind);
  EXPECT_EQ("2026-11-21T17:42:00", sale.transaction->end_at);
  EXPECT_EQ("", sale.transaction->business_day) << "the store's clock says it";
  ASSERT_EQ(2u, sale.lines.size());
  EXPECT_EQ("Poncho; \"M\"", sale.lines[0].item.description);
  EXPECT_EQ("0.42", sale.lines[1].quantity->Text());
  const event::Event& back = EventOf(outcome, 1);
  EXPECT_EQ(event::Kind::kReturn, back.kind);
  EXPECT_EQ("1", back.lines[0].quantity->Text());
}

TEST(Csv, ReceiptsPassTheRules) {
  Outcome outcome = Decode(Till(), kTwo);
  const event::Shop shop{"0042", {}, event::StoreZone::Load("Europe/Berlin").value()};
  auto draft = event::MakeDraft(std::get<event::Event>(outcome.items[1].outcome), shop);
  ASSERT_TRUE(std::holds_alternative<event::Draft>(draft));
  EXPECT_EQ("register/03/2026-11-21/4712", std::get<event::Draft>(draft).subject);
  EXPECT_NE(std::string::npos, std::get<event::Draft>(draft).data.find(R"("on_hand:EA":"1")"));
}

TEST(Csv, CutFilesGiveNothing) {
  for (size_t size = 1; size < kTwo.size(); ++size) {
    if (kTwo[size - 1] == '\n') continue;  // whole rows are a file
    const Outcome outcome = Decode(Till(), kTwo.substr(0, size));
    ASSERT_TRUE(outcome.error) << size;
    ASSERT_TRUE(outcome.items.empty()) << size;
    ASSERT_LE(outcome.error->offset, size);
  }
}

TEST(Csv, ATotalThatDisagreesIsRefusedWithBothSums) {
  std::string text = kTwo;
  text.replace(text.find("1,07"), 4, "1,70");
  const Outcome outcome = Decode(Till(), text);
  EXPECT_EQ("totals-disagree", RejectionOf(outcome, 0).reason);
  EXPECT_NE(std::string::npos, RejectionOf(outcome, 0).hint.find("27.68"));
  EXPECT_TRUE(outcome.items[0].excerpt.starts_with("Kasse;Bon"));
  EXPECT_EQ(event::Kind::kReturn, EventOf(outcome, 1).kind) << "the others stand alone";
}

TEST(Csv, AKeyThatComesBackIsNeverTwoReceipts) {
  const std::string again = kTwo + "03;4711;21.11.2026 17:42;800;Late;1;1,00;27,05\r\n";
  const Outcome outcome = Decode(Till(), again);
  ASSERT_EQ(3u, outcome.items.size());
  EXPECT_EQ("number", RejectionOf(outcome, 0).field);
  EXPECT_EQ("number", RejectionOf(outcome, 2).field);
  EXPECT_EQ("4712", EventOf(outcome, 1).transaction->transaction_no);
}

TEST(Csv, WrongNumbersAndTimesNameTheRow) {
  std::string text = kTwo;
  text.replace(text.find("0,42"), 4, "0.42");
  EXPECT_EQ("row 2.quantity", RejectionOf(Decode(Till(), text), 0).field);
  text = kTwo;
  text.replace(text.find("21.11.2026 17:50"), 16, "2026-11-21 17:50");
  EXPECT_EQ("time", RejectionOf(Decode(Till(), text), 1).field);
}

TEST(Csv, WhatIsNotThisTableIsASyntaxError) {
  const std::string head = kHead;
  for (const std::string& text :
       {head + "03;4711\r\n", head + "\"a\"b;2;3;4;5;6;7;8\r\n", head + "\"open\r\n",
        std::string("Kasse;Bon\r\n"), std::string("\xFF\xFE\r\n"), head + "a\"b;;;;;;;\r\n"}) {
    const Outcome outcome = Decode(Till(), text);
    ASSERT_TRUE(outcome.error) << text;
    EXPECT_TRUE(outcome.items.empty());
    EXPECT_FALSE(outcome.error->hint.empty());
  }
}

TEST(Csv, Latin1AndNumberedColumns) {
  CsvProfile profile = Till();
  profile.header = false;
  profile.encoding = formats::Encoding::kLatin1;
  profile.register_id = "7";
  profile.columns = {
      {"number", "1"}, {"time", "2"}, {"sku", "3"}, {"quantity", "4"}, {"description", "5"}};
  const Outcome outcome = Decode(profile, "1;21.11.2026 17:42;100;1;K\xE4se\n");
  ASSERT_FALSE(outcome.error);
  EXPECT_EQ("K\xC3\xA4se", EventOf(outcome, 0).lines[0].item.description);
  EXPECT_EQ("7", EventOf(outcome, 0).transaction->register_id);
}

TEST(Csv, PublicLineSampleIsReadCompletely) {
  CsvProfile profile;
  profile.name = "journey";
  profile.register_id = "1";
  profile.columns = {
      {"store", "store_id"}, {"number", "basket_id"},  {"time", "transaction_timestamp"},
      {"sku", "product_id"}, {"quantity", "quantity"}, {"net_amount", "sales_value"}};
  const Outcome outcome =
      Decode(profile, testing::ReadGolden("csv/completejourney/transactions_sample.csv"));
  ASSERT_FALSE(outcome.error) << outcome.error->what;
  size_t lines = 0;
  for (const Item& item : outcome.items) {
    const auto* event = std::get_if<event::Event>(&item.outcome);
    ASSERT_NE(nullptr, event);
    lines += event->lines.size();
  }
  EXPECT_EQ(300u, lines);
}

TEST(Csv, ProfilesAreFoundByNameAndByFile) {
  std::vector<CsvProfile> profiles{Till()};
  EXPECT_EQ(&profiles[0], formats::CsvByName(profiles, ""));
  EXPECT_EQ(nullptr, formats::CsvByName(profiles, "other"));
  profiles[0].files = "till_*.csv";
  EXPECT_EQ(&profiles[0], formats::CsvByFile(profiles, "till_7.csv"));
  EXPECT_EQ(nullptr, formats::CsvByFile(profiles, "stock.csv"));
}

}  // namespace
}  // namespace tillrelay
