// What is scanned from goods: element strings, identifiers in parentheses, Digital Links, and what
// an event makes of them.
#include "common/event/gs1_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "common/event/draft.h"
#include "tests/support/drafts.h"

namespace tillrelay::event {
namespace {

using testing::Sale;
using testing::TestShop;

constexpr int kYear = 2026;

// "~" is the separator.
std::string Gs(std::string scanned) {
  std::replace(scanned.begin(), scanned.end(), '~', kGs1Separator);
  return scanned;
}

// "gtin lot serial expiry best-before weight price", "-" for what it does not say.
std::string Read(const std::string& scanned) {
  const auto code = ReadGs1Code(Gs(scanned), kYear);
  if (!code) return "none";
  if (!code->fault.empty()) return code->fault;
  const auto text = [](const std::string& value) { return value.empty() ? "-" : value; };
  const auto number = [](const std::optional<Decimal>& value) {
    return value ? value->Shortest() : std::string("-");
  };
  return text(code->gtin) + " " + text(code->lot) + " " + text(code->serial) + " " +
         text(code->expiry) + " " + text(code->best_before) + " " + number(code->net_weight) + " " +
         number(code->price);
}

TEST(Gs1Code, OneArticleInEverySpelling) {
  const std::string all = "09521234000013 AB-7 S/1 2027-12-31 - - -";
  for (const char* scanned :
       {"(01)09521234000013(17)271231(10)AB-7(21)S/1", "]d201095212340000131727123110AB-7~21S/1",
        "~01095212340000131727123110AB-7~21S/1", "01095212340000131727123110AB-7~21S/1",
        "01095212340000131727123110AB-7<GS>21S/1",
        "]Q3010952123400001317271231~10AB-7\342\220\23521S/1~",
        "https://id.gs1.org/01/09521234000013/10/AB-7/21/S%2F1?17=271231",
        "HTTPS://shop.example/a/b/01/9521234000013/10/AB-7/21/S%2F1?17=271231&utm=x",
        "https://shop.example/gtin/9521234000013/lot/AB-7/ser/S%2F1?exp=271231#top"}) {
    EXPECT_EQ(all, Read(scanned)) << scanned;
  }
}

TEST(Gs1Code, DatesWeightsAndPrices) {
  EXPECT_EQ("09521234000013 - - 2028-02-29 - - -", Read("(01)09521234000013(17)280200"));
  EXPECT_EQ("09521234000013 - - 1999-12-31 - - -", Read("(01)09521234000013(17)991231"));
  EXPECT_EQ("09521234000013 - - 2076-01-01 - - -", Read("(01)09521234000013(17)760101"));
  EXPECT_EQ("09521234000013 - - - 2026-11-30 1.25 7.99",
            Read("(01)09521234000013(15)261130(3103)001250(3922)799"));
  EXPECT_EQ("09521234000013 - - - - 0.00125 12", Read("(01)09521234000013(3106)001250(3930)97812"));
  EXPECT_EQ("- L1 - - - - -", Read("(10)L1(00)340123450000000018"));
}

TEST(Gs1Code, WhatIsNoSuchCodeIsLeftAlone) {
  for (const char* other : {"", "4006381333931", "100234", "0109521234000014", "01095212340000131",
                            "https://shop.example/p/123", "https://shop.example/01/news",
                            "(not a code)", "]E09521234", "2012345678901", "01-4711"}) {
    EXPECT_EQ("none", Read(other)) << other;
  }
}

TEST(Gs1Code, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {"(01)09521234000014", "(01) has a wrong check digit"},
      {"(01)9521234000013", "(01) has not the digits that it needs"},
      {"(17)271331", "(17) is no day"},
      {"(17)270230", "(17) is no day"},
      {"(15)2711", "(15) has not the digits that it needs"},
      {"]d2011234", "(01) is cut short"},
      {"]d25509521234000013", "(5509) is no application identifier"},
      {"(55)1", "(55) is no application identifier"},
      {"(10)", "(10) has no value that it can have"},
      {"(10)A B", "(10) has no value that it can have"},
      {"(10)123456789012345678901", "(10) has more than 20 characters"},
      {"(10)A(10)B", "(10) is told twice, differently"},
      {"(3107)001250", "(3107) is no number"},
      {"(3922)1x", "(3922) is no number"},
      {"A~B", "(A\\x1dB) is no application identifier"},
      {"https://id.gs1.org/01/09521234000014", "(01) has a wrong check digit"},
      {"https://id.gs1.org/01/09521234000013/x/1", "(x) is no application identifier"}};
  for (const auto& [scanned, fault] : wrong) {
    const auto code = ReadGs1Code(Gs(scanned), kYear);
    ASSERT_TRUE(code) << scanned;
    EXPECT_NE("", code->fault) << scanned;
    if (std::string(scanned).front() != 'A') {
      EXPECT_EQ(fault, code->fault) << scanned;
    }
  }
  std::string many;
  for (int i = 0; i < 30; ++i) many += "(9" + std::to_string(i % 10) + ")" + std::to_string(i);
  EXPECT_NE("", ReadGs1Code(many, kYear)->fault);
}

// What every cut of a code gives: none, a fault, or what was whole. Never more.
TEST(Gs1Code, ACutCodeInventsNothing) {
  const std::string whole = "]d201095212340000131727123110AB-7~21S1";
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto code = ReadGs1Code(Gs(whole.substr(0, size)), kYear);
    if (!code || !code->fault.empty()) continue;
    EXPECT_TRUE(code->gtin.empty() || code->gtin == "09521234000013") << size;
    EXPECT_TRUE(std::string("AB-7").starts_with(code->lot)) << size;
    EXPECT_TRUE(code->expiry.empty() || code->expiry == "2027-12-31") << size;
  }
}

std::string Outcome(Event* event) {
  const auto made = DraftFrom(event, TestShop());
  if (const auto* why = std::get_if<Rejection>(&made)) return why->reason + " " + why->field;
  std::string text;
  for (const Line& line : event->lines) {
    text += line.item.sku + "/" + line.item.gtin + " " + line.lot + " " + line.expiry;
    for (const std::string& serial : line.serials) text += " #" + serial;
  }
  for (const std::string& flag : event->origin->flags) text += " !" + flag;
  return text;
}

std::string OfSale(const std::string& scanned, const std::function<void(Line*)>& change = {}) {
  Event sale = Sale("03", 1);
  sale.lines[0].item.scan_data = Gs(scanned);
  if (change) change(&sale.lines[0]);
  return Outcome(&sale);
}

TEST(Gs1Code, WhatItSaysTravelsWithTheLine) {
  EXPECT_EQ("100234/ L1 2027-12-31 #S1", OfSale("(01)09521234000013(17)271231(10)L1(21)S1"));
  EXPECT_EQ("100234/ L1 2027-12-31 #S1", OfSale("(01)09521234000013(17)271231(10)L1(21)S1",
                                                [](Line* line) { line->serials = {"S1"}; }));
  EXPECT_EQ("/09521234000013 L1 ",
            OfSale("(01)09521234000013(10)L1", [](Line* line) { line->item.sku.clear(); }));
  EXPECT_EQ("100234/ L2 ", OfSale("4006381333931", [](Line* line) { line->lot = "L2"; }));
  Event sale = Sale("03", 1);
  sale.lines[0].item.scan_data = Gs("]d2010952123400001310L1~21S1");
  EXPECT_EQ("100234/ L1  #S1", Outcome(&sale));
  EXPECT_EQ("(01)09521234000013(10)L1(21)S1", sale.lines[0].item.scan_data)
      << "no control character";
}

TEST(Gs1Code, WhatContradictsTheTillIsRefused) {
  const std::string refused = "bad-value lines[0].item.scan_data";
  const std::string code = "(01)09521234000013(17)271231(10)L1";
  EXPECT_EQ(refused, OfSale(code, [](Line* l) { l->item.gtin = "4006381333931"; }));
  EXPECT_EQ(refused, OfSale(code, [](Line* l) { l->item.sku = "4006381333931"; }));
  EXPECT_EQ(refused, OfSale(code, [](Line* l) { l->lot = "L2"; }));
  EXPECT_EQ(refused, OfSale(code, [](Line* l) { l->expiry = "2027-12-30"; }));
  EXPECT_EQ(refused, OfSale("(01)09521234000014"));
  EXPECT_EQ(refused, OfSale("A~B"));
  EXPECT_EQ("100234/09521234000013 L1 2027-12-31",
            OfSale(code, [](Line* l) { l->item.gtin = "9521234000013"; }));
}

TEST(Gs1Code, WhatWasSoldBehindItsDayIsFlagged) {
  EXPECT_EQ("100234/  2026-11-20 !expired", OfSale("(01)09521234000013(17)261120"));
  EXPECT_EQ("100234/  2026-11-21", OfSale("(01)09521234000013(17)261121")) << "its last day";
  EXPECT_EQ("100234/  ", OfSale("(01)09521234000013(15)261120")) << "best before is no end";
  Event back = Sale("03", 1);
  back.kind = Kind::kReturn;
  back.lines[0].expiry = "2026-11-20";
  EXPECT_EQ("100234/  2026-11-20", Outcome(&back));
}

// A receipt that was stored before codes were read is the same one afterwards.
TEST(Gs1Code, IdentityIsAsWithoutIt) {
  Event plain = Sale("03", 1), scanned = Sale("03", 1);
  scanned.lines[0].item.scan_data = "(01)09521234000013(17)271231(10)L1(21)S1";
  const Draft before = testing::DraftOf(plain), now = testing::DraftOf(scanned);
  EXPECT_EQ(before.identity.id, now.identity.id);
  EXPECT_EQ(before.identity.digest, now.identity.digest);
  EXPECT_EQ(before.identity.money, now.identity.money);
}

}  // namespace
}  // namespace tillrelay::event
