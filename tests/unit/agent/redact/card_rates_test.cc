// How often a card number is kept, and how often another number is taken for one, over generated
// sets. docs/security.md has the figures; TILLRELAY_PRINT_RATES=1 prints them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "agent/redact/redact.h"
#include "common/event/fields.h"
#include "common/event/gtin.h"
#include "common/redact/card_redaction.h"

namespace tillrelay {
namespace {

using redact::Issuers;
using redact::Redact;
using redact::Spelling;

std::mt19937_64& Random() {
  static std::mt19937_64 random(20261129);
  return random;
}
size_t Below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(Random()); }
std::string Digits(size_t count) {
  std::string digits;
  while (digits.size() < count) digits += static_cast<char>('0' + Below(10));
  return digits;
}

char LuhnDigit(const std::string& body) {
  int sum = 0;
  bool twice = true;
  for (size_t i = body.size(); i-- > 0; twice = !twice) {
    const int digit = (body[i] - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

struct Scheme {
  const char* name;
  const char* prefix;
  std::vector<size_t> lengths;
};
const Scheme kSchemes[] = {{"Visa", "4", {16, 19}},
                           {"Visa of 13", "4", {13}},
                           {"Mastercard", "53", {16}},
                           {"Mastercard 2", "2345", {16}},
                           {"American Express", "37", {15}},
                           {"American Express 34", "34", {15}},
                           {"Discover", "6011", {16, 19}},
                           {"Discover 65", "65", {16}},
                           {"JCB", "3540", {16, 19}},
                           {"Diners", "36", {14, 16, 19}},
                           {"Diners 30", "301", {14}},
                           {"Diners 39", "39", {16}},
                           {"UnionPay", "62", {16, 17, 18, 19}},
                           {"UnionPay 81", "81", {16, 19}},
                           {"Maestro 50", "5018", {13, 14, 16, 18, 19}},
                           {"Maestro 56", "56", {16, 19}},
                           {"Maestro 58", "5893", {13, 16, 19}},
                           {"Maestro 67", "6759", {13, 16, 18, 19}},
                           {"girocard", "672", {19}},
                           {"Bancontact", "6703", {17}},
                           {"Dankort", "5019", {16}},
                           {"Mir", "2203", {16, 19}},
                           {"RuPay", "60", {16}},
                           {"RuPay 82", "82", {16}},
                           {"Elo", "5067", {16}},
                           {"Elo 6362", "636297", {16}},
                           {"Hipercard", "606282", {16, 19}},
                           {"Hipercard 3841", "3841", {16, 19}},
                           {"Verve", "5061", {16, 18, 19}},
                           {"Verve 65", "650002", {16}},
                           {"Troy", "9792", {16}},
                           {"Uzcard", "8600", {16}},
                           {"Humo", "9860", {16}},
                           {"Belkart", "9112", {16}},
                           {"UATP", "1354", {15}},
                           {"InterPayment", "636", {16, 19}},
                           {"InstaPayment", "637", {16}},
                           {"Cabal", "6042", {16}},
                           {"Naranja", "589562", {16}},
                           {"Bancomat", "5033", {16}}};

std::string Card() {
  const Scheme& scheme = kSchemes[Below(std::size(kSchemes))];
  std::string card = scheme.prefix;
  card += Digits(scheme.lengths[Below(scheme.lengths.size())] - 1 - card.size());
  return card + LuhnDigit(card);
}

std::string Spread(const std::string& card, const std::string& apart, size_t every) {
  std::string text;
  for (size_t i = 0; i < card.size(); ++i) {
    if (i > 0 && i % every == 0) text += apart;
    text += card[i];
  }
  return text;
}

std::string InScript(const std::string& card, const char* zero) {
  std::string text;
  for (const char digit : card) {
    std::string symbol(zero);
    symbol.back() = static_cast<char>(symbol.back() + digit - '0');
    text += symbol;
  }
  return text;
}

std::string Amex(const std::string& card, const char* apart) {
  return card.substr(0, 4) + apart + card.substr(4, 6) + apart + card.substr(10);
}

using Spell = std::function<std::string(const std::string&)>;
std::vector<std::pair<std::string, Spell>> Spellings() {
  std::vector<std::pair<std::string, Spell>> all = {
      {"unbroken", [](const std::string& c) { return c; }},
      {"behind a word", [](const std::string& c) { return "PAN" + c + " thanks"; }},
      {"full-width", [](const std::string& c) { return InScript(c, "\xEF\xBC\x90"); }},
      {"Arabic", [](const std::string& c) { return InScript(c, "\xD9\xA0"); }},
      {"Persian", [](const std::string& c) { return InScript(c, "\xDB\xB0"); }},
      {"Devanagari", [](const std::string& c) { return InScript(c, "\xE0\xA5\xA6"); }},
      {"eights", [](const std::string& c) { return Spread(c, " ", 8); }},
      {"zeros in front", [](const std::string& c) { return "0000" + c; }},
      {"expiry behind", [](const std::string& c) { return c + "1228"; }},
      {"year first", [](const std::string& c) { return c + "2812"; }},
      {"tag 5A", [](const std::string& c) { return "5A08" + c + (c.size() % 2 ? "F" : ""); }},
      {"tag 57", [](const std::string& c) { return "5711" + c + "D2812201"; }},
      {"expiry apart", [](const std::string& c) { return Spread(c, " ", 4) + " 12/28"; }},
      {"4-6-x", [](const std::string& c) { return Amex(c, " "); }}};
  for (const char* apart : {" ", "-", ".", "/", "\t", "\n", "_", ",", ":", "  ", "   ", " - ",
                            "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", "\xE2\x80\x93"}) {
    all.emplace_back(std::string("fours by \"") + apart + "\"",
                     [apart](const std::string& c) { return Spread(c, apart, 4); });
  }
  return all;
}

bool Kept(std::string text, Issuers issuers) {
  return Redact(&text, Spelling::kDecoded, issuers) == 0;
}

void Print(const std::string& name, size_t hits, size_t all) {
  if (std::getenv("TILLRELAY_PRINT_RATES") == nullptr) return;
  std::printf("%-36s %6zu of %zu, %.3f %%\n", name.c_str(), hits, all,
              100.0 * static_cast<double>(hits) / static_cast<double>(all));
}

TEST(CardRates, NoCardOfAnyIssuerIsKeptInFreeText) {
  const auto spellings = Spellings();
  EXPECT_EQ(30u, spellings.size());
  EXPECT_EQ(40u, std::size(kSchemes));
  constexpr size_t kAll = 100'000;
  std::map<std::string, size_t> kept;
  std::map<size_t, std::pair<size_t, size_t>> by_length;
  size_t sum = 0;
  for (size_t i = 0; i < kAll; ++i) {
    const std::string card = Card();
    const auto& [name, spell] = spellings[i % spellings.size()];
    const bool missed = Kept(spell(card), Issuers::kAny);
    kept[name] += missed ? 1 : 0;
    sum += missed ? 1 : 0;
    by_length[card.size()].first += missed ? 1 : 0;
    ++by_length[card.size()].second;
  }
  for (const auto& [name, count] : kept) {
    if (count > 0) Print("kept: " + name, count, kAll / spellings.size());
  }
  for (const auto& [length, counts] : by_length) {
    Print("kept in free text, length " + std::to_string(length), counts.first, counts.second);
  }
  Print("kept in free text", sum, kAll);
  EXPECT_LE(sum, kAll / 1000);
}

// By length: cards that were kept, and all.
std::map<size_t, std::pair<size_t, size_t>> KeptAs(redact::Issuers issuers) {
  std::map<size_t, std::pair<size_t, size_t>> by_length;
  for (size_t i = 0; i < 100'000; ++i) {
    const std::string card = Card();
    auto& [kept, all] = by_length[card.size()];
    kept += redact::ContainsCard(card, {}, issuers) ? 0 : 1;
    ++all;
  }
  return by_length;
}

TEST(CardRates, NoCardPassesAsTheNumberOfAReceipt) {
  for (const auto& [length, counts] : KeptAs(redact::Issuers::kInReceipts)) {
    Print("kept as a receipt, length " + std::to_string(length), counts.first, counts.second);
    EXPECT_LE(counts.first, counts.second / 1000) << length;
  }
}

// One card in ten has the check digit of a GTIN, a GLN or an SSCC as well, at the length of that.
TEST(CardRates, OnlyTheNumbersThatLiveInAFieldPass) {
  const std::tuple<const char*, Issuers, std::vector<size_t>> fields[] = {
      {"an article", Issuers::kInArticles, {13, 14}},
      {"a place", Issuers::kInPlaces, {13}},
      {"a logistic unit", Issuers::kOnUnits, {18}}};
  for (const auto& [name, issuers, lengths] : fields) {
    for (const auto& [length, counts] : KeptAs(issuers)) {
      Print(std::string("kept as ") + name + ", length " + std::to_string(length), counts.first,
            counts.second);
      const bool lives = std::count(lengths.begin(), lengths.end(), length) > 0;
      EXPECT_LE(counts.first, lives ? counts.second / 8 : counts.second / 1000) << length;
    }
  }
}

std::string WithGs1(std::string body) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    if (event::HasGs1CheckDigit(body + digit)) return body + digit;
  }
  return body;
}

std::string Iban() {
  std::string digits = Digits(18);
  unsigned rest = 0;
  for (const char c : digits + "131400") rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
  const unsigned check = 98 - rest;
  return "DE" + std::string(check < 10 ? "0" : "") + std::to_string(check) + digits;
}

event::Event Receipt(const std::string& register_id, const std::string& number) {
  event::Event event;
  event::Transaction& t = event.transaction.emplace();
  t.register_id = register_id;
  t.transaction_no = number;
  return event;
}

TEST(CardRates, FewOtherNumbersAreRefusedAsArticlesOrReceipts) {
  constexpr size_t kEach = 40'000;
  const std::tuple<const char*, Issuers, std::function<std::string()>> kinds[] = {
      {"GTIN-13", Issuers::kInArticles, [] { return WithGs1(Digits(12)); }},
      {"GTIN-14", Issuers::kInArticles, [] { return WithGs1(Digits(13)); }},
      {"GLN", Issuers::kInPlaces, [] { return WithGs1(Digits(12)); }},
      {"SSCC", Issuers::kOnUnits, [] { return WithGs1(Digits(17)); }},
      {"IBAN", Issuers::kInArticles, [] { return Iban(); }},
      {"phone number", Issuers::kInArticles,
       [] { return "+49 " + std::to_string(100 + Below(900)) + " " + Digits(8); }}};
  size_t refused = 0;
  for (const auto& [name, issuers, make] : kinds) {
    size_t hits = 0;
    for (size_t i = 0; i < kEach; ++i) hits += redact::ContainsCard(make(), {}, issuers) ? 1 : 0;
    Print(std::string("refused in its field: ") + name, hits, kEach);
    refused += hits;
    if (name[0] == 'G' || name[0] == 'S') continue;  // no numbers of receipts
    hits = 0;
    for (size_t i = 0; i < kEach; ++i) {
      hits += redact::ContainsCard(make(), {}, redact::Issuers::kInReceipts) ? 1 : 0;
    }
    Print(std::string("refused as a receipt: ") + name, hits, kEach);
    refused += hits;
  }
  EXPECT_LE(refused, std::size(kinds) * kEach / 1000);
}

// Numbers of 16 digits that begin with a store of 4 or 51 to 55: a tenth has all marks of a card.
TEST(CardRates, ACounterIsNoCard) {
  size_t refused = 0, all = 0;
  for (const uint64_t store : {4001u, 4711u, 5100u, 5312u, 5555u}) {
    redact::NumberMemory memory;
    for (int till = 1; till <= 8; ++till) {
      const std::string register_id = std::to_string(till);
      uint64_t number =
          store * 1'000'000'000'000 + static_cast<uint64_t>(till) * 10'000'000'000 + Below(100'000);
      for (int i = 0; i < 1000; ++i, ++all) {
        number += 1 + Below(3);  // some are used by other registers
        event::Event event = Receipt(register_id, std::to_string(number));
        refused += redact::Check(&event, {}, {false, &memory}).rejection ? 1 : 0;
      }
    }
  }
  Print("refused as a receipt: counters", refused, all);
  EXPECT_LE(refused, all / 1000);
}

// What has all marks of both is what its field says.
// Every identifier of every part, by the numbers that live in it.
class Identifiers {
 public:
  Identifiers(std::string path, std::string value)
      : path_(std::move(path)), value_(std::move(value)) {}
  std::vector<std::string> paths;

  void Id(std::string_view name, std::string& x) {
    paths.push_back(above_ + std::string(name));
    if (paths.back() == path_) x = value_;
  }
  void Ids(std::string_view name, std::vector<std::string>& x) {
    paths.push_back(above_ + std::string(name));
    if (paths.back() == path_) x = {value_};
  }
  void Scan(std::string_view name, std::string& x) { Id(name, x); }
  void Text(std::string_view, std::string&) {}
  void Word(std::string_view, std::string&, event::Words) {}
  void Time(std::string_view, std::string&) {}
  void Day(std::string_view, std::string&) {}
  template <class T>
  void Number(std::string_view, T&) {}
  template <class T>
  void Integer(std::string_view, T&) {}
  template <class T>
  void Flag(std::string_view, T&) {}
  template <class T>
  void Counts(std::string_view, T&) {}
  template <class T>
  void Sums(std::string_view, T&) {}
  template <class T>
  void Extension(std::string_view, T&) {}
  template <class T>
  void Object(std::string_view name, T& x) {
    const size_t length = above_.size();
    (above_ += name) += '.';
    event::Fields(*this, x);
    above_.resize(length);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    Object(name, x ? *x : x.emplace());
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    if (x.empty()) x.emplace_back();
    Object(name, x.front());
  }

 private:
  const std::string path_, value_;
  std::string above_;
};

TEST(CardRates, EveryIdentifierExemptsOnlyWhatLivesInIt) {
  const auto both = [](const char* prefix, size_t length) {
    std::string card;
    do {
      card = prefix + Digits(length - 1 - std::strlen(prefix));
      card += LuhnDigit(card);
    } while (!event::HasGs1CheckDigit(card));
    return card;
  };
  const std::map<std::string, std::vector<size_t>> lives = {{"lines.item.sku", {13, 14}},
                                                            {"lines.item.gtin", {13, 14}},
                                                            {"lines.item.scan_data", {13, 14}},
                                                            {"lines.item.key", {13, 14}},
                                                            {"transfer.shipment_sscc", {18}},
                                                            {"transaction.store_id", {13}},
                                                            {"transaction.store_gln", {13}},
                                                            {"transfer.from_store_id", {13}},
                                                            {"transfer.from_gln", {13}},
                                                            {"transfer.to_store_id", {13}},
                                                            {"transfer.to_gln", {13}},
                                                            {"count.store_id", {13}},
                                                            {"adjustment.store_id", {13}},
                                                            {"close.store_id", {13}},
                                                            {"voids.store_id", {13}},
                                                            {"lines.original.store_id", {13}},
                                                            {"lines.stock_effect.location", {13}}};
  event::Event all;
  Identifiers names("", "");
  event::Fields(names, all);
  EXPECT_GT(names.paths.size(), 60u);
  for (const auto& [path, lengths] : lives) {
    EXPECT_EQ(1, std::count(names.paths.begin(), names.paths.end(), path)) << path;
  }
  for (const auto& [prefix, length] :
       {std::pair{"4", 13u}, {"5018", 13u}, {"36", 14u}, {"6759", 18u}}) {
    const std::string card = both(prefix, length);
    for (const std::string& path : names.paths) {
      event::Event event;
      Identifiers put(path, card);
      event::Fields(put, event);
      const auto found = lives.find(path);
      const bool exempt = found != lives.end() &&
                          std::count(found->second.begin(), found->second.end(), length) > 0;
      EXPECT_EQ(!exempt, redact::Check(&event, {}, {}).rejection.has_value()) << path << card;
    }
  }
}

// The counters of transfers, counts and adjustments, and what a day's close says of its register.
TEST(CardRates, CountersOfOtherDocumentsAreNoCards) {
  redact::NumberMemory memory;
  size_t refused = 0;
  for (uint64_t i = 0; i < 500; ++i) {
    const auto number = [i](uint64_t first) { return std::to_string(first + i); };
    event::Event transfer, count, adjustment, close;
    transfer.transfer.emplace().transfer_id = number(4'012'888'000'000u);
    count.count.emplace().count_id = number(36'000'000'000'000u);
    adjustment.adjustment.emplace().adjustment_id = number(4'711'000'000'000'000u);
    event::Event sale = Receipt("03", number(5'312'000'000'000'000u));
    close.close.emplace().register_id = "03";
    close.pos_control.emplace().first_transaction_no = "5312000000000000";
    close.pos_control->last_transaction_no = sale.transaction->transaction_no;
    for (event::Event* event : {&transfer, &count, &adjustment, &sale, &close}) {
      refused += redact::Check(event, {}, {false, &memory}).rejection ? 1 : 0;
    }
  }
  EXPECT_LE(refused, 4u) << "the first of each after a start";
  event::Event close;
  close.close.emplace().register_id = "03";
  close.pos_control.emplace().last_transaction_no = "4111111111111111";
  EXPECT_TRUE(redact::Check(&close, {}, {false, &memory}).rejection);
}

TEST(CardRates, ANumberThatIsBothIsWhatItsFieldSays) {
  size_t both = 0;
  while (both < 300) {
    const std::string card = Card();
    if (card.size() != 13 && card.size() != 14 && card.size() != 18) continue;
    if (!event::HasGs1CheckDigit(card)) continue;
    ++both;
    event::Event article = Receipt("03", "1");
    article.lines.emplace_back().item.sku = card;
    EXPECT_EQ(card.size() == 18, redact::Check(&article, {}, {}).rejection.has_value()) << card;
    event::Event receipt = Receipt("03", card);
    EXPECT_TRUE(redact::Check(&receipt, {}, {}).rejection) << card;
    event::Event till = Receipt(card, "1");
    EXPECT_TRUE(redact::Check(&till, {}, {}).rejection) << card;
    event::Event back = Receipt("03", "1");
    back.voids.emplace().transaction_no = card;
    EXPECT_TRUE(redact::Check(&back, {}, {}).rejection) << card;
  }
}

// A return names the receipt that it takes back: a number of the same counter, of any length.
TEST(CardRates, ANumberThatAReceiptPointsAtIsNoCardBesideItsCounter) {
  for (const uint64_t first : {4'012'888'000'000u, 36'000'000'000'000u, 4'711'000'000'000'000u}) {
    redact::NumberMemory memory;
    size_t refused = 0;
    for (uint64_t i = 0; i < 2000; ++i) {
      event::Event event = Receipt("03", std::to_string(first + 500'000 + i));
      event.voids.emplace().transaction_no = std::to_string(first + Below(500'000));
      refused += redact::Check(&event, {}, {false, &memory}).rejection ? 1 : 0;
    }
    EXPECT_LE(refused, 1u) << first;
    event::Event card = Receipt("03", std::to_string(first + 502'000));
    card.voids.emplace().transaction_no = "4111111111111111";
    EXPECT_TRUE(redact::Check(&card, {}, {false, &memory}).rejection);
  }
}

TEST(CardRates, ACardAmongTheNumbersOfARegisterIsRefused) {
  redact::NumberMemory memory;
  for (int i = 0; i < 100; ++i) {
    event::Event event = Receipt("03", std::to_string(4711 + i));
    EXPECT_FALSE(redact::Check(&event, {}, {false, &memory}).rejection);
  }
  for (const char* card : {"4111111111111111", "4111111111111111", "5555555555554444"}) {
    event::Event event = Receipt("03", card);
    EXPECT_TRUE(redact::Check(&event, {}, {false, &memory}).rejection) << card;
  }
  // Beside another register's counter it is none either.
  event::Event counter = Receipt("04", "4111111111111110");
  EXPECT_FALSE(redact::Check(&counter, {}, {false, &memory}).rejection);
  event::Event card = Receipt("03", "4111111111111111");
  EXPECT_TRUE(redact::Check(&card, {}, {false, &memory}).rejection);
}

// What Luhn's one in ten costs where every number of its length is taken for a card.
TEST(CardRates, NumbersInFreeTextCostATenth) {
  for (const size_t length : {12u, 13u, 14u, 16u, 18u, 19u, 20u}) {
    size_t hits = 0;
    constexpr size_t kEach = 20'000;
    for (size_t i = 0; i < kEach; ++i) hits += Kept(Digits(length), Issuers::kAny) ? 0 : 1;
    Print("masked in free text, random of " + std::to_string(length), hits, kEach);
    EXPECT_LE(hits, kEach / 5) << length;
    if (length < 13) {
      EXPECT_EQ(0u, hits);
    }
  }
  for (const char* form :
       {"20261121174208", "2026-11-21 17:42:08", "20261121174208123", "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000", "GB82WEST12345698765432", "(00)340123450000000018"}) {
    EXPECT_TRUE(Kept(form, Issuers::kAny)) << form;
  }
}

}  // namespace
}  // namespace tillrelay
