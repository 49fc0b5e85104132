#include "agent/redact/redact.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "common/event/draft.h"
#include "common/event/gtin.h"

namespace tillrelay {
namespace {

constexpr char kCard[] = "4111111111111111";

event::Event Sale() {
  event::Event sale;
  auto& t = sale.transaction.emplace();
  t.store_id = "0042";
  t.register_id = "03";
  t.transaction_no = "004711";
  t.business_day = "2026-11-21";
  t.end_at = "2026-11-21T17:42:08+01:00";
  auto& line = sale.lines.emplace_back();
  line.item.sku = "100234";
  line.item.gtin = "04006381333931";
  line.item.description = "Rain poncho";
  line.quantity = Decimal::FromInt(2);
  line.uom = "EA";
  sale.origin.emplace();
  return sale;
}

TEST(Guard, CleanEventPassesUntouched) {
  event::Event sale = Sale();
  const auto outcome = redact::Check(&sale, {});
  EXPECT_FALSE(outcome.rejection);
  EXPECT_EQ(0u, outcome.redactions);
  EXPECT_TRUE(sale.origin->flags.empty());
}

TEST(Guard, FreeTextIsCleanedAndFlagged) {
  event::Event sale = Sale();
  sale.lines[0].item.description = "Poncho, paid with 4111 1111 1111 1111";
  sale.ext.emplace_back("note", kCard);
  sale.origin->file = std::string("sale-") + kCard + ".xml";
  const auto outcome = redact::Check(&sale, {});
  EXPECT_FALSE(outcome.rejection);
  EXPECT_EQ(3u, outcome.redactions);
  EXPECT_EQ("Poncho, paid with [REDACTED-PAN]", sale.lines[0].item.description);
  EXPECT_EQ("[REDACTED-PAN]", sale.ext[0].second);
  EXPECT_EQ("sale-[REDACTED-PAN].xml", sale.origin->file);
  EXPECT_EQ(std::vector<std::string>{"redacted"}, sale.origin->flags);
}

struct Place {
  const char* field;
  std::function<void(event::Event*)> put;
};

TEST(Guard, CardInAnIdentifierRefusesTheEventByFieldNotByContent) {
  const std::vector<Place> places = {
      {"transaction.transaction_no", [](auto* e) { e->transaction->transaction_no = kCard; }},
      {"transaction.receipt_no", [](auto* e) { e->transaction->receipt_no = kCard; }},
      {"transaction.operator_ref", [](auto* e) { e->transaction->operator_ref = kCard; }},
      {"transaction.register_epoch",
       [](auto* e) { e->transaction->register_epoch = 4111111111111111; }},
      {"lines[0].item.sku", [](auto* e) { e->lines[0].item.sku = "4111-1111-1111-1111"; }},
      {"lines[0].item.scan_data", [](auto* e) { e->lines[0].item.scan_data = kCard; }},
      {"lines[0].serials",
       [](auto* e) {
         e->lines[0].serials = {"a", kCard};
       }},
      {"lines[0].reason", [](auto* e) { e->lines[0].reason = std::string("x") + kCard; }},
      {"lines[0].original.transaction_no",
       [](auto* e) { e->lines[0].original.emplace().transaction_no = kCard; }},
      {"currency", [](auto* e) { e->currency = kCard; }},
      {"ext", [](auto* e) { e->ext.emplace_back(kCard, "x"); }},
      {"pos_control.by_status",
       [](auto* e) { e->pos_control.emplace().by_status.emplace_back(kCard, 1); }},
  };
  for (const Place& place : places) {
    event::Event sale = Sale();
    place.put(&sale);
    const auto outcome = redact::Check(&sale, {});
    ASSERT_TRUE(outcome.rejection) << place.field;
    EXPECT_EQ("card-number", outcome.rejection->reason);
    EXPECT_EQ(place.field, outcome.rejection->field);
    EXPECT_EQ(std::string::npos, outcome.rejection->hint.find("4111"));
  }
}

TEST(Guard, NoSeparatorOfFreeTextHidesACard) {
  for (const std::string& apart :
       {std::string("\\"), std::string("\""), std::string("="), std::string("#"), std::string(")("),
        std::string("\xE2\x81\xA0"), std::string("&nbsp;"), std::string("&thinsp;"),
        std::string("&#32;"), std::string("&#x2D;"), std::string("\\u0020"),
        std::string("\xE2\x80\xA2"), std::string("|"), std::string(" / ")}) {
    for (const size_t every : {1u, 2u, 4u, 8u}) {
      std::string spread;
      for (size_t i = 0; i < sizeof kCard - 1; ++i) {
        if (i > 0 && i % every == 0) spread += apart;
        spread += kCard[i];
      }
      event::Event sale = Sale();
      sale.lines[0].item.description = "Poncho " + spread + " thanks";
      EXPECT_EQ(1u, redact::Check(&sale, {}).redactions) << spread;
    }
  }
  event::Event sale = Sale();
  sale.lines[0].item.description = "5A08" + std::string(kCard) + "5F24032812319F34";
  EXPECT_EQ(1u, redact::Check(&sale, {}).redactions) << "the next tag stands behind it";
  for (const char* harmless : {"1,2,3,4,5,6", "10x20x30", "Size 3=4 #12 (7)", "07:30-18:00"}) {
    sale.lines[0].item.description = harmless;
    EXPECT_EQ(0u, redact::Check(&sale, {}).redactions) << harmless;
  }
}

// What is scanned from goods is judged by its parts: an article's digits behind its identifier
// would be taken for a card, one in ten; a card's number in a lot is one.
TEST(Guard, ScannedCodesAreJudgedByTheirParts) {
  size_t articles = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string body = "0952" + std::to_string(100'000'000 + 37 * i);
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (!event::HasGs1CheckDigit(body + digit)) continue;
      event::Event sale = Sale();
      sale.lines[0].item.scan_data = "01" + body + digit;
      EXPECT_FALSE(redact::Check(&sale, {}).rejection) << sale.lines[0].item.scan_data;
      ++articles;
    }
  }
  EXPECT_EQ(2000u, articles);
  for (const std::string& bad :
       {"(01)09521234000013(10)" + std::string(kCard), "(21)" + std::string(kCard),
        std::string(kCard), "https://id.gs1.org/01/09521234000013/10/" + std::string(kCard)}) {
    event::Event sale = Sale();
    sale.lines[0].item.scan_data = bad;
    const auto outcome = redact::Check(&sale, {});
    ASSERT_TRUE(outcome.rejection) << bad;
    EXPECT_EQ("lines[0].item.scan_data", outcome.rejection->field);
  }
}

TEST(Guard, TheShopsOwnNumbersMayBeExempt) {
  event::Event sale = Sale();
  sale.transaction->receipt_no = kCard;
  const auto options = redact::MakeRedactOptions("4111[0-9]{12}");
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(redact::Check(&sale, *options).rejection);
  sale.ext.emplace_back("note", kCard);
  EXPECT_EQ(1u, redact::Check(&sale, *options).redactions) << "the pattern is for identifiers only";
  EXPECT_FALSE(redact::MakeRedactOptions("(").ok());
}

TEST(Guard, AnOperatorLeavesAsAPseudonymOrNotAtAll) {
  event::Event sale = Sale();
  sale.transaction->operator_ref = "Jane Roe";
  event::Event nobody = sale;
  EXPECT_FALSE(redact::Check(&nobody, {}).rejection);
  EXPECT_EQ("", nobody.transaction->operator_ref);

  const auto options = redact::MakeRedactOptions("", "what do ya want for nothing?");
  ASSERT_TRUE(options.ok());
  redact::Check(&sale, *options);
  // printf 'Jane Roe' | openssl dgst -sha256 -hmac 'what do ya want for nothing?'
  EXPECT_EQ("36e68a3716f2", sale.transaction->operator_ref);
}

TEST(Guard, ScrubFindsDigitsThatAreWrittenAsEscapes) {
  EXPECT_EQ(R"({"note":"[REDACTED-PAN]"})",
            redact::RedactDocument(R"({"note":"\u0034111 1111 1111 111\u0031"})"));
  EXPECT_EQ("<a>[REDACTED-PAN]</a>",
            redact::RedactDocument("<a>&#52;11111111111&#x31;11&#0049;</a>"));
  EXPECT_EQ(R"("[REDACTED-PAN]\u0030")", redact::RedactDocument(R"("4111111111111111\u0030")"));
  EXPECT_EQ("<a>&#65;111111111111111</a>", redact::RedactDocument("<a>&#65;111111111111111</a>"));
}

constexpr std::string_view kCardLikeInvoice = "sale-receipt-tender-type-other-with-barcode.json";

// Every file of the samples, as it is: article numbers, pallets, receipt numbers, digests.
TEST(Guard, ScrubFindsFullWidthDigitsAndSeparatorsThatAreWrittenAsEscapes) {
  std::string json, upper, decimal, hex;
  for (const char digit : std::string_view(kCard)) {
    json += std::string("\\uff1") + digit;
    upper += std::string("\\uFF1") + digit;
    decimal += "&#" + std::to_string(0xFF10 + digit - '0') + ";";
    hex += std::string("&#xff1") + digit + ";";
  }
  for (const std::string& text :
       {json, upper, decimal, hex, std::string("4111\\u00a01111\\u00A01111\\u00a01111"),
        std::string("4111\\/1111\\/1111\\/1111"), std::string("4111&#160;1111&#xA0;1111&#xa0;1111"),
        std::string("4111\\u002d1111\\u0020-1111&#46;1111")}) {
    EXPECT_EQ("\"[REDACTED-PAN]\"", redact::RedactDocument("\"" + text + "\""));
  }
  for (const std::string text :
       {"\\u4111", "\\uff1", "&#x;", "&#;", "&#99999999999;", "&#x34", "\\"}) {
    EXPECT_EQ(text + "411111111111111", redact::RedactDocument(text + "411111111111111"));
  }
}

// As JSON writes them, and as a hint shows what cannot be printed.
TEST(Guard, ScrubFindsCardsBehindEverySeparatorThatIsWrittenAsAnEscape) {
  for (const char* apart : {R"(\t)", R"(\n)", R"(\r\n)", R"(\f)", R"(\b)", R"(\/)", R"(\\)",
                            R"(\u000B)", R"(\u001F)", R"(\u2060)", R"(\x09)", R"(\x1f)", "#"}) {
    std::string number = "4111";
    for (int group = 0; group < 3; ++group) (number += apart) += "1111";
    EXPECT_EQ(R"({"foo":"[REDACTED-PAN]"})",
              redact::RedactDocument(R"({"foo":")" + number + R"("})"))
        << apart;
  }
  const std::string far = R"({"a":"4111","b":"1111","c":"1111","d":"1111"})";
  EXPECT_EQ(far, redact::RedactDocument(far)) << "members are no groups of one number";
}

TEST(Guard, ScrubLeavesEverySampleAlone) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TILLRELAY_TEST_DATA)) {
    // The guard's own samples are cards.
    if (!entry.is_regular_file() || entry.path().parent_path().filename() == "guard") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    // An invoice number that has all the marks of a Mastercard: the price of finding those.
    const bool invoice = entry.path().filename() == kCardLikeInvoice;
    EXPECT_EQ(invoice, document != redact::RedactDocument(document)) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 50u);
}

}  // namespace
}  // namespace tillrelay
