// Taxes: rate, base and amount, from every format that tells them into what travels.
#include <gtest/gtest.h>

#include "agent/formats/csv.h"
#include "common/event/draft.h"
#include "tests/support/golden.h"
#include "tests/unit/agent/formats/csv_till.h"

namespace tillrelay {
namespace {

using formats::Format;

std::string Text(const std::vector<event::Tax>& taxes) {
  const auto number = [](const std::optional<Decimal>& x) { return x ? x->Shortest() : "-"; };
  std::string text;
  for (const event::Tax& tax : taxes) {
    text += " [" + tax.code + " " + number(tax.rate) + "% of " + number(tax.base) + " = " +
            number(tax.amount) + "]";
  }
  return text;
}

// The taxes of the whole, then those of each line; or why it was refused.
std::string Told(formats::Item&& item, std::string* data = nullptr) {
  const auto* why = std::get_if<event::Rejection>(&item.outcome);
  if (why != nullptr) return "refused " + why->reason + " at " + why->field;
  auto event = std::get<event::Event>(item.outcome);
  const auto draft = event::DraftFrom(&event, testing::GoldenShop());
  why = std::get_if<event::Rejection>(&draft);
  if (why != nullptr) return "refused " + why->reason + " at " + why->field;
  if (data != nullptr) *data = std::get<event::Draft>(draft).data;
  std::string text = "whole" + Text(event.taxes);
  for (const event::Line& line : event.lines) text += "; line" + Text(line.taxes);
  return text;
}

std::string OfJson(const std::string& taxes, const std::string& of_line = "",
                   const std::string& totals = "", std::string* data = nullptr) {
  auto decoded = testing::Decode(
      Format::kJson,
      R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
      R"("business_day":"2026-11-21","transaction_no":"1","end_at":"2026-11-21T10:00:00+01:00"},)"
      R"("lines":[{"item":{"sku":"A"},"quantity":"1","uom":"EA","net_amount":"11.90")" +
          of_line + R"(}],"totals":{"grand_amount":"11.90")" + totals + "}" + taxes + "}");
  return Told(std::move(decoded.items.at(0)), data);
}

TEST(Taxes, OfACanonicalDocumentTravelAsTheyCame) {
  std::string data;
  EXPECT_EQ("whole [A 19% of 10 = 1.9]; line [ 19% of 10 = 1.9]",
            OfJson(R"(,"taxes":[{"code":"A","rate":"19","base":"10.00","amount":"1.90"}])",
                   R"(,"taxes":[{"rate":"19.0","base":"10.00","amount":"1.90"}])",
                   R"(,"tax_amount":"1.90")", &data));
  EXPECT_NE(std::string::npos,
            data.find(R"("taxes":[{"code":"A","rate":"19","base":"10.00","amount":"1.90"}])"));
  EXPECT_EQ("whole; line", OfJson("")) << "documents without them stay as they were";
}

TEST(Taxes, OutOfBoundsAreRefusedByName) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"(,"taxes":[{"rate":"-1"}])", "refused bad-value at taxes[0].rate"},
      {R"(,"taxes":[{"rate":"1001"}])", "refused bad-value at taxes[0].rate"},
      {R"(,"taxes":[{"rate":"19 %"}])", "refused bad-value at taxes[0].rate"},
      {R"(,"taxes":[{"base":"5000000000000"}])", "refused bad-value at taxes[0].base"},
      {R"(,"taxes":[{"amount":"x"}])", "refused bad-value at taxes[0].amount"},
      {R"(,"taxes":[{"percent":"19"}])", "refused unknown-field at taxes[0].percent"},
      {R"(,"taxes":{"rate":"19"})", "refused bad-value at taxes"}};
  for (const auto& [taxes, refused] : wrong) EXPECT_EQ(refused, OfJson(taxes)) << taxes;
  EXPECT_EQ("whole [ 1000% of - = -]; line", OfJson(R"(,"taxes":[{"rate":"1000"}])"));
}

TEST(Taxes, OfTheWholeMustBeItsTax) {
  const std::string two =
      R"(,"taxes":[{"rate":"19","amount":"1.00"},{"rate":"7","amount":"0.90"}])";
  EXPECT_EQ("whole [ 19% of - = 1] [ 7% of - = 0.9]; line",
            OfJson(two, "", R"(,"tax_amount":"1.90")"));
  EXPECT_EQ("refused totals-disagree at taxes", OfJson(two, "", R"(,"tax_amount":"1.96")"));
  EXPECT_EQ("refused totals-disagree at taxes", OfJson(two, "", R"(,"tax_amount":"-1.90")"));
  EXPECT_EQ("whole [ 19% of - = -]; line",
            OfJson(R"(,"taxes":[{"rate":"19"}])", "", R"(,"tax_amount":"1.96")"));
}

TEST(Taxes, ChangeNeitherIdentityNorDigest) {
  const auto identity = [](bool taxed) {
    event::Event event;
    auto decoded = testing::Decode(
        Format::kJson,
        R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
        R"("business_day":"2026-11-21","transaction_no":"1","end_at":"2026-11-21T10:00:00+01:00"},)"
        R"("lines":[{"item":{"sku":"A"},"quantity":"1","uom":"EA"}])" +
            std::string(taxed ? R"(,"taxes":[{"rate":"19","amount":"1"}]})" : "}"));
    event = std::get<event::Event>(decoded.items.at(0).outcome);
    return std::get<event::Draft>(event::DraftFrom(&event, testing::GoldenShop())).identity;
  };
  EXPECT_EQ(identity(false).id, identity(true).id);
  EXPECT_EQ(identity(false).digest, identity(true).digest);
  EXPECT_EQ(identity(false).money, identity(true).money);
}

std::string OfPosLog(const std::string& of_line, const std::string& of_whole,
                     const std::string& element = "Sale") {
  auto decoded = testing::Decode(
      Format::kPosLog,
      "<POSLog xmlns='http://www.nrf-arts.org/IXRetail/namespace/'><Transaction>"
      "<RetailStoreID>0042</RetailStoreID><WorkstationID>3</WorkstationID>"
      "<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>"
      "<EndDateTime>2026-11-21T10:00:00</EndDateTime><RetailTransaction><LineItem><" +
          element +
          "><ItemID>A</ItemID><ExtendedAmount>11.90</ExtendedAmount><Quantity>1</Quantity>" +
          of_line + "</" + element + "></LineItem>" + of_whole +
          "</RetailTransaction></Transaction></POSLog>");
  return Told(std::move(decoded.items.at(0)));
}

std::string Tax(const std::string& base, const std::string& amount, const std::string& percent) {
  return "<Tax TaxType='VAT'><TaxableAmount TaxIncludedInTaxableAmountFlag='true'>" + base +
         "</TaxableAmount><Amount>" + amount + "</Amount><Percent>" + percent +
         "</Percent><TaxGroupID>1</TaxGroupID></Tax>";
}

TEST(Taxes, OfPosLogAreReadAtTheLineAndAtTheWhole) {
  EXPECT_EQ("whole; line [1 19% of 11.9 = 1.9]", OfPosLog(Tax("11.90", "1.90", "19.0000"), ""));
  EXPECT_EQ("whole [1 19% of 11.9 = 1.9]; line",
            OfPosLog("", "<LineItem>" + Tax("11.90", "1.90", "19 %") + "</LineItem>"));
  EXPECT_EQ("whole; line [1 19% of 11.9 = 1.9]",
            OfPosLog(Tax("-11.90", "-1.90", "19"), "", "Return"))
      << "without sign: the action gives the direction";
  EXPECT_EQ("whole; line [1 -% of 11.9 = 1.9]", OfPosLog(Tax("11.90", "1.90", "n/a"), ""))
      << "a rate that cannot be read refuses nothing";
  EXPECT_EQ("whole; line", OfPosLog("<Tax><Amount>1.90</Amount></Tax>", ""))
      << "an amount alone is in the totals";
}

std::string OfCsv(const std::string& rate, const std::string& base, const std::string& amount) {
  auto profile = testing::Till();
  profile.decimal_mark = ',';
  profile.delimiter = ';';
  profile.columns["tax_rate"] = "rate";
  profile.columns["tax_base"] = "base";
  profile.columns["tax_amount"] = "amount";
  std::string text;
  const auto error =
      formats::DecodeCsv(profile,
                         "no;t;sku;q;rate;base;amount\n1;2026-11-21T10:00:00;A;1;" + rate + ";" +
                             base + ";" + amount + "\n",
                         {}, [&](formats::Item&& item) { text += Told(std::move(item)); });
  EXPECT_FALSE(error);
  return text;
}

TEST(Taxes, OfCsvAreReadWhereTheProfileNamesColumns) {
  EXPECT_EQ("whole; line [ 19% of 10 = 1.9]", OfCsv("19", "10,00", "1,90"));
  EXPECT_EQ("whole; line [ 7.7% of - = 1.9]", OfCsv("7,7 %", "", "1,90"));
  EXPECT_EQ("whole; line", OfCsv("", "", "1,90"));
  EXPECT_EQ("refused bad-value at row 1.tax_rate", OfCsv("voll", "", "1,90"));
  EXPECT_EQ("refused bad-value at lines[0].taxes[0].rate", OfCsv("-19", "", "1,90"));
}

}  // namespace
}  // namespace tillrelay
