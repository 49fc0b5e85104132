// POSLog documents that are nearly right: the guard that refuses each is the only one that does.
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;

constexpr const char* kPlain = "";
constexpr const char* kWincor = " xmlns:WN='http://www.wincor-nixdorf.com'";

std::string Document(const std::string& body, const char* maker = kPlain) {
  return "<POSLog xmlns='http://www.nrf-arts.org/IXRetail/namespace/'" + std::string(maker) +
         "><Transaction><RetailStoreID>0042</RetailStoreID><WorkstationID>3</WorkstationID>"
         "<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>"
         "<EndDateTime>2026-11-21T10:00:00</EndDateTime><RetailTransaction>" +
         body + "</RetailTransaction></Transaction></POSLog>";
}

std::string Sale(const std::string& more, const std::string& quantity = "1",
                 const std::string& amount = "1.00") {
  return "<Sale><ItemID>A</ItemID><ExtendedAmount>" + amount + "</ExtendedAmount><Quantity>" +
         quantity + "</Quantity>" + more + "</Sale>";
}

std::string Grand(const std::string& amount) {
  return "<Total TotalType='TransactionGrandAmount'>" + amount + "</Total>";
}

// "sale: on_hand A -1" or "refused REASON".
std::string Told(const std::string& document) {
  auto decoded = testing::Decode(Format::kPosLog, document);
  if (decoded.error) return decoded.error->what;
  auto& outcome = decoded.items.at(0).outcome;
  if (const auto* why = std::get_if<event::Rejection>(&outcome)) return "refused " + why->reason;
  auto event = std::get<event::Event>(outcome);
  const auto draft = event::DraftFrom(&event, testing::GoldenShop());
  if (const auto* why = std::get_if<event::Rejection>(&draft)) return "refused " + why->reason;
  std::string text(event::KindWord(event.kind));
  for (const auto& line : event.lines) {
    for (const auto& effect : line.stock_effect) {
      text += " " + effect.bucket + " " + line.item.sku + " " + effect.delta->Text();
    }
  }
  return text;
}

std::string Pointed(const std::string& reference, const std::string& quantity) {
  return Document("<LineItem><SequenceNumber>1</SequenceNumber><CreateNumber>5</CreateNumber>" +
                      Sale("", "2", "2.00") +
                      "</LineItem><LineItem VoidFlag='true'><SequenceNumber>2</SequenceNumber>" +
                      reference + Sale("", quantity, "2.00") + "</LineItem>" + Grand("0.00"),
                  kWincor);
}

TEST(PosLogNearMiss, APointerVoidNamesALineOfItsQuantity) {
  const std::string right = "<CreateRefNumber>5</CreateRefNumber>";
  EXPECT_EQ("register_control", Told(Pointed(right, "2")));
  EXPECT_EQ("refused bad-value", Told(Pointed("", "2")));
  EXPECT_EQ("refused bad-value", Told(Pointed("<CreateRefNumber/>", "2")));
  EXPECT_EQ("refused bad-value", Told(Pointed("<CreateRefNumber>6</CreateRefNumber>", "2")));
  EXPECT_EQ("refused bad-value", Told(Pointed(right, "1")));
  EXPECT_EQ("refused bad-value", Told(Pointed(right, "3")));
}

std::string Taxed(const std::string& flag, const std::string& grand) {
  return Document(
      "<LineItem>" +
      Sale("<Tax><TaxableAmount" + flag + ">1.00</TaxableAmount><Amount>0.19</Amount></Tax>") +
      "</LineItem>" + Grand(grand));
}

TEST(PosLogNearMiss, TheTaxIncludedFlagDecidesTheFormula) {
  EXPECT_EQ("sale on_hand A -1", Told(Taxed("", "1.00")));
  EXPECT_EQ("sale on_hand A -1", Told(Taxed("", "1.19")));
  for (const char* yes : {"true", "1", "True", "Y"}) {
    const std::string flag = std::string(" TaxIncludedInTaxableAmountFlag='") + yes + "'";
    EXPECT_EQ("sale on_hand A -1", Told(Taxed(flag, "1.00"))) << yes;
    EXPECT_EQ("refused totals-disagree", Told(Taxed(flag, "1.19"))) << yes;
  }
  EXPECT_EQ("sale on_hand A -1", Told(Taxed(" TaxIncludedInTaxableAmountFlag='false'", "1.19")));
}

TEST(PosLogNearMiss, TheToleranceOfTheSelfCheckEndsAtFiveCents) {
  for (const auto& [lines, cents, agrees] : {std::tuple{1, 1, true},
                                             {1, 2, false},
                                             {4, 4, true},
                                             {4, 5, false},
                                             {5, 5, true},
                                             {5, 6, false},
                                             {40, 5, true},
                                             {40, 6, false},
                                             {40, -5, true},
                                             {40, -6, false}}) {
    std::string body;
    for (int i = 0; i < lines; ++i) body += "<LineItem>" + Sale("") + "</LineItem>";
    const auto total =
        Decimal::FromMicros(lines * Decimal::kUnit + cents * Decimal::kUnit / 100, 2);
    const std::string reported = Told(Document(body + Grand(total.Text())));
    EXPECT_EQ(agrees, reported.starts_with("sale"))
        << lines << " lines, " << cents << ": " << reported;
  }
}

TEST(PosLogNearMiss, AGrandTotalIsCheckedUnderEveryName) {
  const std::string line = "<LineItem>" + Sale("") + "</LineItem>";
  for (const char* total : {"<Total TotalType='TransactionGrandAmount'>",
                            "<Total TotalType='TransactionGrandAmount' TypeCode='Sale'>",
                            "<Total TypeCode='Own' TotalType='own:TransactionGrandAmount'>",
                            "<Total TotalType='transactiongrandamount'>"}) {
    EXPECT_EQ("sale on_hand A -1", Told(Document(line + total + "1.00</Total>"))) << total;
    EXPECT_EQ("refused totals-disagree", Told(Document(line + total + "9.00</Total>"))) << total;
  }
  EXPECT_EQ("refused bad-value", Told(Document(line + Grand("1.00") + Grand("9.00"))));
}

TEST(PosLogNearMiss, ADiscountThatThePricesContainIsNotTakenOffTwice) {
  const auto priced = [](const std::string& off, const std::string& grand) {
    return Told(Document("<LineItem>" +
                         Sale("<RegularSalesUnitPrice>0.60</RegularSalesUnitPrice>"
                              "<ActualSalesUnitPrice>0.50</ActualSalesUnitPrice>",
                              "2", "1.00") +
                         "</LineItem><LineItem><Discount><Amount>" + off +
                         "</Amount></Discount></LineItem>" + Grand(grand)));
  };
  EXPECT_EQ("sale on_hand A -2", priced("0.20", "1.00"));
  EXPECT_EQ("sale on_hand A -2", priced("0.20", "0.80"));        // a discount of its own
  EXPECT_EQ("refused totals-disagree", priced("0.50", "1.00"));  // the prices do not show it
  EXPECT_EQ("refused totals-disagree", priced("0.20", "0.90"));
  const auto lowered = [](const std::string& extended, const std::string& grand) {
    return Told(Document("<LineItem>" +
                         Sale("<RegularSalesUnitPrice>10.00</RegularSalesUnitPrice>"
                              "<ExtendedDiscountAmount>1.00</ExtendedDiscountAmount>",
                              "1", extended) +
                         "</LineItem>" + Grand(grand)));
  };
  EXPECT_EQ("sale on_hand A -1", lowered("10.00", "9.00"));
  EXPECT_EQ("sale on_hand A -1", lowered("9.00", "9.00"));
  EXPECT_EQ("refused totals-disagree", lowered("10.00", "10.00"));
  EXPECT_EQ("refused totals-disagree", lowered("8.00", "8.00"));
}

TEST(PosLogNearMiss, LinesOfTwoCurrenciesAreNotAdded) {
  const auto line = [](const std::string& currency) {
    return "<LineItem><Sale><ItemID>A</ItemID><ExtendedAmount" + currency +
           ">1.00</ExtendedAmount><Quantity>1</Quantity></Sale></LineItem>";
  };
  const std::string euro = " Currency='EUR'", dollar = " Currency='USD'";
  EXPECT_EQ("sale on_hand A -1 on_hand A -1",
            Told(Document(line(euro) + line(euro) + Grand("2.00"))));
  EXPECT_EQ("sale on_hand A -1 on_hand A -1",
            Told(Document(line(euro) + line("") + Grand("2.00"))));
  EXPECT_EQ("refused unsupported", Told(Document(line(euro) + line(dollar) + Grand("2.00"))));
  const std::string tender =
      "<LineItem><Tender TenderType='Cash'><Amount "
      "Currency='USD'>3.00</Amount></Tender></LineItem>";
  EXPECT_EQ("sale on_hand A -1", Told(Document(line(euro) + tender + Grand("1.00"))));
}

TEST(PosLogNearMiss, ATypeThatItsLinesContradictIsRefused) {
  std::string document = Document("<LineItem>" + Sale("") + "</LineItem>");
  const std::string root = "<Transaction>";
  const auto typed = [&](const std::string& type) {
    std::string text = document;
    return Told(text.replace(text.find(root), root.size(),
                             "<Transaction own='' TransactionType='" + type + "'>"));
  };
  EXPECT_EQ("sale on_hand A -1", typed("RETAIL_SALE"));
  EXPECT_EQ("refused unsupported", typed("RETURN"));
  EXPECT_EQ("refused missing-field", typed("POST_VOID"));
  EXPECT_EQ("refused unsupported", typed("NO_SALE"));
  EXPECT_EQ("register_control", typed("Training"));
}

TEST(PosLogNearMiss, AReceiptIsNotParkedAndTakenUpAgain) {
  const auto said = [](const std::string& words) {
    std::string text = Document("<LineItem>" + Sale("") + "</LineItem>");
    const std::string body = "<RetailTransaction>";
    return Told(text.replace(text.find(body), body.size(), "<RetailTransaction " + words + ">"));
  };
  EXPECT_EQ("register_control", said("SuspendFlag='true'"));
  EXPECT_EQ("register_control", said("TransactionStatus='SuspendedRetrieved'"));
  EXPECT_EQ("refused unsupported", said("SuspendFlag='true' TransactionStatus='Retrieved'"));
}

TEST(PosLogNearMiss, ADocumentWithoutABusinessDayIsOfTheDayOfItsEnd) {
  const auto ended = [](const std::string& times) {
    auto decoded = testing::Decode(
        Format::kPosLog,
        "<POSLog><Transaction><RetailStoreID>0042</RetailStoreID><WorkstationID>3</WorkstationID>"
        "<SequenceNumber>1</SequenceNumber>" +
            times + "<RetailTransaction><LineItem>" + Sale("") +
            "</LineItem></RetailTransaction></Transaction></POSLog>");
    const auto draft = event::MakeDraft(std::get<event::Event>(decoded.items.at(0).outcome),
                                        testing::GoldenShop());
    const auto* made = std::get_if<event::Draft>(&draft);
    return made == nullptr ? "refused" : made->business_day + " " + made->time;
  };
  EXPECT_EQ("2026-11-21 2026-11-21T10:00:00+01:00",
            ended("<EndDateTime>2026-11-21T10:00:00</EndDateTime>"));
  EXPECT_EQ("2026-11-22 2026-11-22T00:30:00+01:00",
            ended("<EndDateTime>2026-11-21T23:30:00Z</EndDateTime>"));
  EXPECT_EQ("2026-11-21 2026-11-21T10:00:00+01:00",
            ended("<POSLogDateTime TypeCode='Transaction'>2026-11-21T10:00:00</POSLogDateTime>"));
  EXPECT_EQ("refused", ended(""));
}

}  // namespace
}  // namespace tillrelay
