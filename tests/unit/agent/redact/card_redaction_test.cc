#include "common/redact/card_redaction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "common/event/gtin.h"
#include "tests/support/sweep.h"

namespace tillrelay {
namespace {

using redact::ContainsCard;
using redact::Issuers;
using redact::Redact;
using redact::RedactLine;
using redact::Spelling;

// Numbers that the schemes publish for tests, one per issuer range.
const std::vector<std::string> kCards = {"4111111111111111", "4012888888881881", "5555555555554444",
                                         "2223003122003222", "378282246310005",  "371449635398431",
                                         "6011111111111117", "3530111333300000", "30569309025904",
                                         "38520000023237",   "6200000000000005", "6304000000000000",
                                         "6759649826438453", "2200000000000004", "36227206271667"};

char LuhnDigit(const std::string& body) {
  int sum = 0;
  bool twice = true;
  for (size_t i = body.size(); i-- > 0; twice = !twice) {
    const int digit = (body[i] - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

char Gs1Digit(const std::string& body) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    if (event::HasGs1CheckDigit(body + digit)) return digit;
  }
  return '?';
}

std::string Spread(const std::string& digits, const std::string& separator, size_t every) {
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % every == 0) text += separator;
    text += digits[i];
  }
  return text;
}

TEST(CardGuard, FindsEveryIssuerInEverySpelling) {
  for (const std::string& card : kCards) {
    if (card.size() == 14 && event::HasGs1CheckDigit(card)) continue;  // a GTIN-14 by its digits
    EXPECT_TRUE(ContainsCard(card)) << card;
    for (const char* separator :
         {" ", "-", ".", "/", "\xC2\xA0", "  ", " -", "--", "\xC2\xA0/", "\xA0"}) {
      for (const size_t every : {1u, 2u, 3u, 4u, 5u, 6u}) {
        EXPECT_TRUE(ContainsCard(Spread(card, separator, every))) << card << separator << every;
      }
    }
    std::string wide;
    for (const char digit : card) {
      wide += "\xEF\xBC";
      wide += static_cast<char>(0x90 + digit - '0');
    }
    EXPECT_TRUE(ContainsCard(wide)) << card;
  }
}

// The ranges as docs/security.md lists them, written a second time so that a slip shows.
struct Range {
  const char* name;
  const char* first;  // prefixes, of equal length
  const char* last;
  std::vector<size_t> lengths;
};
const Range kRanges[] = {
    {"Visa", "4", "4", {16, 19}},
    {"Mastercard", "51", "55", {16}},
    {"Mastercard 2", "2221", "2720", {16}},
    {"Amex 34", "34", "34", {15}},
    {"Amex 37", "37", "37", {15}},
    {"Discover", "6011", "6011", {16, 17, 18, 19}},
    {"Discover 64", "644", "649", {16, 17, 18, 19}},
    {"Discover 65", "65", "65", {16, 17, 18, 19}},
    {"JCB", "3528", "3589", {16, 17, 18, 19}},
    {"Diners 30", "300", "305", {14, 15, 16, 17, 18, 19}},
    {"Diners 36", "36", "36", {14, 15, 16, 17, 18, 19}},
    {"Diners 38", "38", "39", {14, 15, 16, 17, 18, 19}},
    {"UnionPay 62", "62", "62", {16, 17, 18, 19}},
    {"UnionPay 81", "81", "81", {16, 17, 18, 19}},
    {"Maestro 5018", "5018", "5018", {13, 14, 15, 16, 17, 18, 19}},
    {"Maestro 5020", "5020", "5020", {13, 14, 15, 16, 17, 18, 19}},
    {"Maestro 5038", "5038", "5038", {13, 14, 15, 16, 17, 18, 19}},
    {"Maestro 5893", "5893", "5893", {13, 14, 15, 16, 17, 18, 19}},
    {"Maestro 6304", "6304", "6304", {13, 14, 15, 16, 17, 18, 19}},
    {"Maestro 6759", "6759", "6759", {13, 14, 15, 16, 17, 18, 19}},
    {"Maestro 6761", "6761", "6763", {13, 14, 15, 16, 17, 18, 19}},
    {"Mir", "2200", "2204", {16, 17, 18, 19}},
    {"RuPay 60", "60", "60", {16}},
    {"RuPay 6521", "6521", "6521", {16}},
    {"RuPay 508", "508", "508", {16}},
    {"Regional 50", "50", "50", {16, 17, 18, 19}},
    {"Regional 56", "56", "58", {16, 17, 18, 19}},
    {"Regional 6", "6", "6", {16, 17, 18, 19}},
    {"Troy", "9792", "9792", {16}},
    {"Uzcard", "8600", "8600", {16}},
    {"Humo", "9860", "9860", {16}},
    {"Belkart", "9112", "9112", {16}},
    {"UATP", "1", "1", {15}},
    {"Hipercard", "3841", "3841", {16, 17, 18, 19}},
    {"RuPay 82", "82", "82", {16}},
};

bool InRanges(const std::string& digits) {
  return std::any_of(std::begin(kRanges), std::end(kRanges), [&](const Range& range) {
    const std::string prefix = digits.substr(0, std::string_view(range.first).size());
    return prefix >= range.first && prefix <= range.last &&
           std::find(range.lengths.begin(), range.lengths.end(), digits.size()) !=
               range.lengths.end();
  });
}

bool IsTradeNumber(const std::string& digits) {
  const size_t size = digits.size();
  return (size == 13 || size == 14) && event::HasGs1CheckDigit(digits);  // of an article
}

// Something glued to a number in the ranges, as docs/security.md lists it.
bool Holds(const std::string& digits) {
  if (IsTradeNumber(digits)) return false;
  const auto issued = [](const std::string& d) {
    return d.size() >= 13 && InRanges(d) && !IsTradeNumber(d) &&
           LuhnDigit(d.substr(0, d.size() - 1)) == d.back();
  };
  // Visa's former length, where it stands alone.
  const bool former = digits.size() == 13 && digits.front() == '4';
  if (former && LuhnDigit(digits.substr(0, 12)) == digits.back()) return true;
  std::vector<std::string> bodies = {
      digits, digits.substr(std::min(digits.find_first_not_of('0'), digits.size()))};
  if (digits.starts_with("57")) bodies.push_back(digits.substr(4));
  return std::any_of(bodies.begin(), bodies.end(), [&](const std::string& body) {
    if (issued(body)) return true;
    if (body.size() < 17) return false;
    const int first = std::stoi(body.substr(body.size() - 4, 2)),
              second = std::stoi(body.substr(body.size() - 2));
    const bool expiry = (first >= 1 && first <= 12) || (second >= 1 && second <= 12);
    return expiry && issued(body.substr(0, body.size() - 4));
  });
}

TEST(CardGuard, EveryRangeIsFoundAtItsLengthsAndAtNoOther) {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<int> digit('0', '9');
  for (const Range& range : kRanges) {
    for (const std::string prefix : {range.first, range.last}) {
      for (size_t length = 12; length <= 20; ++length) {
        for (int i = 0; i < 200 / testing::kSweepStep; ++i) {
          std::string card = prefix;
          while (card.size() + 1 < length) card += static_cast<char>(digit(random));
          card += LuhnDigit(card);
          EXPECT_EQ(Holds(card), ContainsCard(card)) << range.name << " " << card;
        }
      }
    }
  }
}

TEST(CardGuard, NoPrefixOutsideTheRangesIsFound) {
  size_t found = 0;
  for (int prefix = 0; prefix < 10'000; prefix += testing::kSweepStep) {
    for (size_t length = 13; length <= 19; ++length) {
      std::string card = std::to_string(10'000 + prefix).substr(1) + std::string(length - 5, '7');
      card += LuhnDigit(card);
      const bool expected = Holds(card);
      ASSERT_EQ(expected, ContainsCard(card)) << card;
      found += expected ? 1 : 0;
    }
  }
  EXPECT_GT(found, 5'000u / testing::kSweepStep);
}

TEST(CardGuard, LettersBesideACardDoNotHideIt) {
  for (const char* around : {"x%", "%x", "PAN%", "card:%.", "(%)", "a%b", "\xC3\xA4%\xC3\xA4",
                             "n=%;", "deadbeef%", "\"%\"", "_%_"}) {
    std::string text = around;
    text.replace(text.find('%'), 1, "4111111111111111");
    EXPECT_TRUE(ContainsCard(text)) << text;
  }
}

TEST(CardGuard, ADateOrACodeBesideACardDoesNotHideIt) {
  for (const char* text :
       {"2026-11-21 4111 1111 1111 1111", "4111 1111 1111 1111 12/28", "4111111111111111 12/28 123",
        "2026-11-21 4111111111111111", "3782 822463 10005 12/28", "3056 930902 5904 01/27",
        "0042-03-004711 5555-5555-5555-4444", "1.4111111111111111", "620000 0000000000005 01 27"}) {
    if (std::string_view(text).starts_with("620000")) continue;
    EXPECT_TRUE(ContainsCard(text)) << text;
  }
}

TEST(CardGuard, OneDigitMoreOrLessIsNoCard) {
  EXPECT_FALSE(ContainsCard("411111111111111"));
  EXPECT_FALSE(ContainsCard("41111111111111111"));
  EXPECT_FALSE(ContainsCard("4111111111111112"));
  EXPECT_FALSE(ContainsCard("1111111111111117"));
  EXPECT_FALSE(ContainsCard("42222222222224"));
  EXPECT_FALSE(ContainsCard("4111 -- 1111 -- 1111 -- 1111")) << "four separators in a row";
}

// No longer issued, and a tenth of what else has 13 digits would have its check digit: only where
// it is all that an identifier holds.
TEST(CardGuard, AVisaOfThirteenDigitsIsFoundInIdentifiersAlone) {
  const std::string visa = "4222222222222";
  EXPECT_TRUE(ContainsCard(visa));
  EXPECT_TRUE(ContainsCard(visa, {}, Issuers::kInReceipts));
  EXPECT_FALSE(ContainsCard("+" + visa)) << "a phone number";
  EXPECT_FALSE(ContainsCard("000" + visa));
  EXPECT_FALSE(ContainsCard(visa + "1228"));
  std::string document = "{\"gln\": \"" + visa + "\"}";
  EXPECT_EQ(0u, Redact(&document, Spelling::kRaw));
  std::string text = "paid by " + visa;
  EXPECT_EQ(1u, Redact(&text, Spelling::kDecoded, Issuers::kAny));
}

TEST(CardGuard, TrackDataIsFoundWhateverItsNumber) {
  std::string one = "swipe %B1234567890123445^DOE/JANE^29121010000000000000000000000?, thanks";
  EXPECT_EQ(1u, Redact(&one));
  EXPECT_EQ("swipe [REDACTED-PAN], thanks", one);
  std::string two = "a;1234567890123445=29121010000012300000?b";
  EXPECT_EQ(1u, Redact(&two));
  EXPECT_EQ("a[REDACTED-PAN]b", two);
  std::string open = ";4111111111111111=2912 next";
  EXPECT_EQ(1u, Redact(&open));
  EXPECT_EQ("[REDACTED-PAN] next", open);
}

Issuers WhereLives(size_t length) {
  return length == 18 ? Issuers::kOnUnits : Issuers::kInArticles;
}

TEST(CardGuard, TradeNumbersAreNeverHits) {
  std::mt19937_64 random(20261121);
  std::uniform_int_distribution<int> digit('0', '9');
  size_t hits = 0;
  for (const size_t length : {13u, 18u}) {
    for (int i = 0; i < 200'000 / testing::kSweepStep; ++i) {
      std::string body;
      for (size_t k = 1; k < length; ++k) body += static_cast<char>(digit(random));
      body += Gs1Digit(body);
      hits += ContainsCard(body, {}, WhereLives(length)) ? 1 : 0;
    }
  }
  EXPECT_EQ(0u, hits);
}

// What a receipt prints: the number stands beside a price, a quantity, a date or its neighbour.
TEST(CardGuard, TradeNumbersInRunningTextAreNoHits) {
  std::mt19937_64 random(20261122);
  std::uniform_int_distribution<int> digit('0', '9');
  const auto number = [&](size_t length) {
    std::string body;
    for (size_t k = 1; k < length; ++k) body += static_cast<char>(digit(random));
    return body + Gs1Digit(body);
  };
  const std::pair<const char*, size_t> texts[] = {
      {"EAN % Milk 2,99 A", 13}, {"% 12 x 2.99", 13}, {"2026-11-21 %", 13},
      {"(00) % pallet 7", 18},   {"%/%", 13},         {"https://id.gs1.org/414/%", 13},
      {"/01/%/10/12", 14}};
  for (const auto& [text, length] : texts) {
    size_t hits = 0;
    for (int i = 0; i < 20'000 / testing::kSweepStep; ++i) {
      std::string line = text;
      for (size_t at; (at = line.find('%')) != std::string::npos;) {
        line.replace(at, 1, number(length));
      }
      hits += ContainsCard(line, {}, WhereLives(length)) ? 1 : 0;
    }
    EXPECT_EQ(0u, hits) << text;
  }
}

TEST(CardGuard, DigestsAndUuidsAreNeverHits) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int> digit('0', '9');
  for (int i = 0; i < 1000; ++i) {
    std::string card = "4";
    for (int k = 0; k < 14; ++k) card += static_cast<char>(digit(random));
    card += LuhnDigit(card);
    ASSERT_TRUE(ContainsCard(card));
    EXPECT_FALSE(ContainsCard("sha256:" + std::string(24, 'a') + card + std::string(24, 'f')));
    EXPECT_FALSE(ContainsCard("0a" + card + "bcdefabcdefabc"));
    EXPECT_FALSE(ContainsCard(card.substr(0, 8) + "-" + card.substr(8, 4) + "-" + card.substr(12) +
                              "-a716-446655440000"));
    EXPECT_TRUE(ContainsCard("deadbeef" + card + "deadbeef0")) << "33 characters are no digest";
  }
}

TEST(CardGuard, EveryHitIsReplacedAndTheRestIsKept) {
  std::string text = "a 4111 1111 1111 1111, b 5555555555554444; c 100234";
  EXPECT_EQ(2u, Redact(&text));
  EXPECT_EQ("a [REDACTED-PAN], b [REDACTED-PAN]; c 100234", text);
  EXPECT_EQ(0u, Redact(&text));
  EXPECT_EQ("card [REDACTED-PAN]", RedactLine("card 4111-1111-1111-1111"));
}

TEST(CardGuard, WhatIsLeftBesideAHitIsJudgedAgain) {
  std::string text = "41 1111 1111 1111 11 4111111111111111";
  EXPECT_FALSE(ContainsCard("41 1111 1111 1111 11 7"));
  EXPECT_EQ(2u, Redact(&text));
  EXPECT_EQ("[REDACTED-PAN] [REDACTED-PAN]", text);
}

TEST(CardGuard, ReceiptPatternExemptsWholeIdentifiersOnly) {
  const auto options = redact::CardOptions::Make("R4[0-9]{15}");
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(ContainsCard("R4111111111111111", *options));
  EXPECT_TRUE(ContainsCard("R4111111111111111x", *options));
  EXPECT_TRUE(ContainsCard("4111111111111111", *options));
  EXPECT_FALSE(redact::CardOptions::Make("([").ok());
}

TEST(CardGuard, FalseHitsOnRandomReceiptNumbersStayRare) {
  std::mt19937_64 random(42);
  std::uniform_int_distribution<int> digit('0', '9');
  size_t hits = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string number;
    for (int k = 0; k < 16; ++k) number += static_cast<char>(digit(random));
    hits += ContainsCard(number) ? 1 : 0;
  }
  EXPECT_LT(hits, 5'000u) << "Luhn lets through a tenth, issuer ranges two fifths of that";
}

// A list of digits is looked at in pieces: wherever one ends, a number is found, and once.
TEST(CardGuard, ANumberAmongThousandsOfDigitsIsFoundWhereverItStands) {
  const auto list = [](int groups) {
    std::string text;
    for (int i = 0; i < groups; ++i) text += "12 ";
    return text;
  };
  for (int before = 1960; before < 2100; before += testing::kSweepStep) {
    std::string text = list(before) + "4111 1111 1111 1111 " + list(3000);
    EXPECT_EQ(Redact(&text), 1u) << before;
    EXPECT_EQ(text, list(before) + "[REDACTED-PAN] " + list(3000)) << before;
  }
  std::string digits(100'000, '7');
  EXPECT_EQ(Redact(&digits), 0u);
}

TEST(CardGuard, LongDigitTextsTakeLinearTime) {
  std::string digits(4'000'000, '4');
  EXPECT_EQ(0u, Redact(&digits));
  std::string groups;
  for (int i = 0; i < 400'000; ++i) groups += "4a-4 4/";
  Redact(&groups);
  std::string hex(4'000'000, 'a');
  for (size_t i = 0; i + 16 < hex.size(); i += 17) hex.replace(i, 16, "4111111111111111");
  EXPECT_GT(Redact(&hex), 100'000u);
}

}  // namespace
}  // namespace tillrelay
