// POSLog documents that mean harm, or are merely unusual.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
using testing::Decode;
using testing::Render;

std::string Small() { return testing::ReadGolden("poslog/ncr-acs/SMALL.xml"); }

// Nothing may come out, and the error must lie within the document.
void ExpectRefused(const std::string& document, const std::string& what) {
  const auto decoded = Decode(Format::kPosLog, document);
  ASSERT_TRUE(decoded.error);
  EXPECT_TRUE(decoded.items.empty());
  EXPECT_LE(decoded.error->offset, document.size());
  EXPECT_NE(std::string::npos, decoded.error->what.find(what)) << decoded.error->what;
  EXPECT_FALSE(decoded.error->hint.empty());
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(std::string::npos, at) << from;
  return text.replace(at, from.size(), to);
}

TEST(PosLogHostile, DocumentTypeIsRefusedWhateverItHolds) {
  ExpectRefused("<!DOCTYPE POSLog><POSLog/>", "document type");
  ExpectRefused("<!DOCTYPE POSLog SYSTEM \"file:///etc/passwd\"><POSLog/>", "document type");
  ExpectRefused("<!DOCTYPE p [<!ENTITY % x SYSTEM \"http://127.0.0.1/x\"> %x;]><POSLog/>",
                "document type");
}

// The parser keeps every name, and a tag until it ends.
TEST(PosLogHostile, NamesWithoutNumberAndEndlessTagsAreRefused) {
  const auto many = [](const std::function<std::string(int)>& part) {
    std::string text = "<POSLog><Transaction>";
    for (int i = 0; i < 600'000; ++i) text += part(i);
    return text + "</Transaction></POSLog>";
  };
  const auto element = [](int i) { return "<a" + std::to_string(i) + "/>"; };
  const auto attribute = [](int i) { return "<a b" + std::to_string(i) + "=\"\"/>"; };
  const auto space = [](int i) { return "<a xmlns:b" + std::to_string(i) + "=\"c\"/>"; };
  for (auto* const part : {+element, +attribute, +space}) {
    ExpectRefused(many(part), "too many different names");
  }
  const std::string long_text(20'000'000, 'x');
  ExpectRefused("<POSLog a=\"" + long_text + "\"/>", "too long");
  ExpectRefused("<POSLog><!--" + long_text + "--></POSLog>", "too long");
  EXPECT_FALSE(Decode(Format::kPosLog, "<POSLog>" + long_text + "</POSLog>").error);
}

TEST(PosLogHostile, BillionLaughsEndAtTheDoctype) {
  std::string laughs = "<?xml version=\"1.0\"?><!DOCTYPE POSLog [<!ENTITY a0 \"lol\">";
  for (int i = 1; i < 10; ++i) {
    std::string body;
    for (int k = 0; k < 10; ++k) body += "&a" + std::to_string(i - 1) + ";";
    laughs += "<!ENTITY a" + std::to_string(i) + " \"" + body + "\">";
  }
  ExpectRefused(laughs + "]><POSLog><Transaction>&a9;</Transaction></POSLog>", "document type");
}

TEST(PosLogHostile, UndeclaredEntityIsASyntaxError) {
  ExpectRefused("<POSLog><Transaction>&nbsp;</Transaction></POSLog>", "undefined entity");
}

TEST(PosLogHostile, DepthIsBounded) {
  std::string deep = "<POSLog>";
  for (int i = 0; i < 100'000; ++i) deep += "<Transaction>";
  ExpectRefused(deep, "nested too deeply");
  std::string closed = "<POSLog>";
  for (int i = 0; i < 64; ++i) closed += "<a>";
  for (int i = 0; i < 64; ++i) closed += "</a>";
  ExpectRefused(closed + "</POSLog>", "nested too deeply");
}

TEST(PosLogHostile, ForeignRootIsRefusedByName) {
  ExpectRefused("<html><body/></html>", "<html>");
  ExpectRefused("", "");
  ExpectRefused("   \n", "");
}

TEST(PosLogHostile, BadUtf8IsASyntaxErrorAtItsOffset) {
  const std::string bad = Replaced(Small(), "APPLE HONEYCRISP", "APPLE \xC3\x28");
  ExpectRefused(bad, "");
  EXPECT_EQ(bad.find("\xC3\x28"), Decode(Format::kPosLog, bad).error->offset);
}

TEST(PosLogHostile, EncodingsTellTheSameReceipt) {
  const std::string accented = Replaced(Small(), "APPLE HONEYCRISP ORG", "APFEL GR\xC3\x9CN");
  const std::string expected = Render(Decode(Format::kPosLog, accented));
  EXPECT_NE(std::string::npos, expected.find("APFEL GR\xC3\x9CN"));
  EXPECT_EQ(expected, Render(Decode(Format::kPosLog, "\xEF\xBB\xBF" + accented)));
  const std::string latin =
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + Replaced(accented, "\xC3\x9C", "\xDC");
  EXPECT_EQ(expected, Render(Decode(Format::kPosLog, latin)));
  std::string wide = "\xFF\xFE";
  for (const char c : latin.substr(latin.find("?>") + 2)) wide += std::string{c, '\0'};
  EXPECT_EQ(expected, Render(Decode(Format::kPosLog, wide)));
}

TEST(PosLogHostile, ExcerptOfARefusedTransactionIsADocumentOfItsOwn) {
  const std::string wrong = Replaced(Small(), "<Total TotalType=\"TransactionGrandAmount\">1.07",
                                     "<Total "
                                     "TotalType=\"TransactionGrandAmount\">2.07");
  const auto decoded = Decode(Format::kPosLog, wrong);
  ASSERT_EQ(2u, decoded.items.size());
  const auto& refused = std::get<event::Rejection>(decoded.items[1].outcome);
  EXPECT_EQ("totals-disagree", refused.reason);
  EXPECT_NE(std::string::npos, refused.hint.find("1.07"));
  EXPECT_NE(std::string::npos, refused.hint.find("2.07"));
  const auto again = Decode(Format::kPosLog, decoded.items[1].excerpt);
  ASSERT_FALSE(again.error) << again.error->what;
  ASSERT_EQ(1u, again.items.size());
  EXPECT_EQ("totals-disagree", std::get<event::Rejection>(again.items[0].outcome).reason);
}

TEST(PosLogHostile, ExcerptOfAWideDocumentIsReadable) {
  const std::string wrong = Replaced(Small(), "GrandAmount\">1.07", "GrandAmount\">2.07");
  std::string wide = "\xFF\xFE";
  for (const char c : wrong) wide += std::string{c, '\0'};
  const auto decoded = Decode(Format::kPosLog, wide);
  ASSERT_EQ(2u, decoded.items.size());
  EXPECT_NE(std::string::npos, decoded.items[1].excerpt.find("00000000067591"));
}

TEST(PosLogHostile, OversizedPartsRejectTheirTransactionAlone) {
  formats::Limits limits;
  limits.string_bytes = 100;
  const std::string wordy = Replaced(Small(), "APPLE HONEYCRISP ORG", std::string(101, 'x'));
  const auto decoded = Decode(Format::kPosLog, wordy, limits);
  ASSERT_FALSE(decoded.error);
  ASSERT_EQ(2u, decoded.items.size());
  EXPECT_TRUE(std::holds_alternative<event::Event>(decoded.items[0].outcome));
  EXPECT_EQ("bad-value", std::get<event::Rejection>(decoded.items[1].outcome).reason);
  limits = {};
  limits.event_bytes = 1000;
  const auto large = Decode(Format::kPosLog, Small(), limits);
  ASSERT_EQ(2u, large.items.size());
  EXPECT_EQ(1000u, large.items[1].excerpt.size());
}

TEST(PosLogHostile, TooManyTransactionsAreRefusedAsAWhole) {
  formats::Limits limits;
  limits.events = 1;
  const auto decoded = Decode(Format::kPosLog, Small(), limits);
  ASSERT_TRUE(decoded.error);
  EXPECT_TRUE(decoded.items.empty());
}

TEST(PosLogHostile, PictureLargerThanEveryTextBoundIsSkipped) {
  const std::string picture =
      "<ReceiptImage><ReceiptLine>" + std::string(300'000, 'x') + "</ReceiptLine></ReceiptImage>";
  const std::string with = Replaced(Small(), "<CurrencyCode>", picture + "<CurrencyCode>");
  EXPECT_EQ(Render(Decode(Format::kPosLog, Small())), Render(Decode(Format::kPosLog, with)));
}

TEST(PosLogHostile, VoidWithoutItsLineIsRefused) {
  const std::string voided =
      Replaced(Replaced(Small(), "<LineItem EntryMethod=\"Keyed\" ",
                        "<LineItem VoidFlag=\"true\" EntryMethod=\"Keyed\" "),
               "<Quantity>0.42", "<Quantity>-0.42");
  const auto decoded = Decode(Format::kPosLog, voided);
  ASSERT_EQ(2u, decoded.items.size());
  EXPECT_EQ("bad-value", std::get<event::Rejection>(decoded.items[1].outcome).reason);
}

}  // namespace
}  // namespace tillrelay
