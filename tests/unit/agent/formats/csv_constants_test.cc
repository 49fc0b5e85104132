// Columns of a CSV file that no profile names, and contradict what the profile says of every row;
// and those that say how goods came to the customer.
#include <gtest/gtest.h>

#include "agent/formats/csv.h"
#include "tests/unit/agent/formats/csv_till.h"

namespace tillrelay {
namespace {

using formats::CsvProfile;

struct Cell {
  const char *heading, *value;
};

// "sold", or the reason why not, of one row with a further column.
std::string Outcome(const CsvProfile& profile, const Cell& cell) {
  std::string outcome;
  const std::string text = std::string("no,t,sku,q,\"") + cell.heading +
                           "\"\n1,2026-11-21T10:00:00,A,1,\"" + cell.value + "\"\n";
  const auto error = formats::DecodeCsv(profile, text, {}, [&](formats::Item&& item) {
    const auto* why = std::get_if<event::Rejection>(&item.outcome);
    outcome += why == nullptr ? "sold" : why->reason;
    if (why != nullptr) {
      EXPECT_EQ(why->field, std::string("row 1.") + cell.heading);
      EXPECT_NE(why->hint.find("ignored"), std::string::npos) << why->hint;
    }
  });
  EXPECT_FALSE(error) << cell.heading;
  return outcome;
}

void ExpectAll(const CsvProfile& profile, const char* outcome, std::initializer_list<Cell> cells) {
  for (const Cell& cell : cells) {
    EXPECT_EQ(Outcome(profile, cell), outcome) << cell.heading << " = " << cell.value;
  }
}

TEST(CsvConstants, AnotherUnitThanTheProfilesIsNotThatUnit) {
  ExpectAll(testing::Till(), "bad-value",
            {{"UOM", "KG"},
             {"unit", "kg"},
             {"Unit of measure", "LBR"},
             {"Unit of Measure", "Zork"},
             {"Einheit", "KGM"},
             {"ME", "KG"},
             {"Mengeneinheit", "CT"},
             {"Sales unit", "BX"}});
  ExpectAll(testing::Till(), "sold",
            {{"UOM", "EA"},
             {"UOM", ""},
             {"unit", "Stk"},
             {"unit", "Department 3"},
             {"unit", "17"},
             {"Einheit", "C62"},
             {"ME", "PCE"},
             {"Pack unit", "CT"}});
  CsvProfile kilograms = testing::Till();
  kilograms.uom = "KGM";
  ExpectAll(kilograms, "sold", {{"UOM", "kg"}, {"Einheit", "KGM"}});
  ExpectAll(kilograms, "bad-value", {{"UOM", "EA"}});
  CsvProfile reads = testing::Till();
  reads.columns["uom"] = "UOM";
  ExpectAll(reads, "sold", {{"UOM", "KG"}});
}

TEST(CsvConstants, AnotherCurrencyThanTheProfilesIsNotThatCurrency) {
  CsvProfile euros = testing::Till();
  euros.currency = "EUR";
  ExpectAll(euros, "bad-value",
            {{"Currency", "USD"}, {"currency code", "chf"}, {"W\xC3\xA4hrung", "CHF"}});
  ExpectAll(euros, "sold",
            {{"Currency", "eur"}, {"Currency", ""}, {"Devise", "\xE2\x82\xAC"}, {"Price", "USD"}});
  ExpectAll(testing::Till(), "sold", {{"Currency", "USD"}});
}

TEST(CsvConstants, WhatAnotherStoreSoldIsNotThisOnes) {
  CsvProfile till = testing::Till();
  till.store_aliases = {"1042"};
  ExpectAll(till, "foreign-store",
            {{"Store", "0077"},
             {"store_id", "0041"},
             {"Filiale", "0077"},
             {"Filial-Nr.", "0077"},
             {"Location", "0077"},
             {"Lager", "0077"},
             {"from store", "0043"}});
  ExpectAll(till, "sold",
            {{"Store", "0042"},
             {"Store", "42"},
             {"Store", "1042"},
             {"Store", ""},
             {"Filiale", "Berlin Mitte"},
             {"Location", "12"},
             {"Location", "A-12"},
             {"Store name", "0077"}});
  CsvProfile reads = testing::Till();
  reads.columns["store"] = "Store";
  ExpectAll(reads, "sold", {{"Store", "0077"}});  // the intake compares it
}

TEST(CsvConstants, WhatLeftAnotherShelfOrNoneIsNotSold) {
  ExpectAll(testing::Till(), "unknown-word",
            {{"Fulfillment", "dropship"},
             {"Delivery type", "Ship from warehouse"},
             {"Lieferart", "Streckengeschaeft"},
             {"Qty delivered", "0"},
             {"Shipped quantity", "0.00"},
             {"Gelieferte Menge", "0"},
             {"Active", "0"},
             {"Lagerbewegung", "nein"},
             {"Inventory relevant", "N"},
             {"Flag", "V"},
             {"Kennzeichen", "S"},
             {"Mode", "T"},
             {"Beleg", "Angebot"},
             {"Negative", "yes"},
             {"Gift card", "yes"},
             {"Is service", "1"},
             {"Warengruppe", "Gutschein"}});
  ExpectAll(testing::Till(), "sold",
            {{"Fulfillment", "ship from store"},
             {"Delivery type", "Carryout"},
             {"Qty delivered", "1"},
             {"Undelivered qty", "0"},
             {"Active", "1"},
             {"Flag", "N"},
             {"Mode", "normal"},
             {"Beleg", "R-17"},
             {"Negative", "no"},
             {"Gutschein", "0.00"},
             {"Service", "no"},
             {"Delivery note", "17"},
             {"Warengruppe", "Getr\xC3\xA4nke"}});
}

}  // namespace
}  // namespace tillrelay
