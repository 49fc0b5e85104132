#include "agent/formats/encoding.h"

#include <gtest/gtest.h>

#include "agent/formats/csv.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Encoding;
using formats::Format;
using testing::Render;

// Of text within Latin-1.
std::string Wide(std::string_view latin1, bool little, bool mark) {
  std::string wide;
  if (mark) wide = little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char c : latin1) wide += little ? std::string{c, '\0'} : std::string{'\0', c};
  return wide;
}

const std::string kLatin1 =
    "{\"kind\": \"sale\", \"transaction\": {\"store_id\": \"0042\", \"register_id\": \"03\","
    "\"business_day\": \"2026-11-21\", \"transaction_no\": \"1\", \"end_at\": "
    "\"2026-11-21T17:42:08+01:00\"}, \"lines\": [{\"item\": {\"sku\": \"1\", \"description\": "
    "\"K\xE4se\"}, \"quantity\": \"1\", \"uom\": \"EA\"}]}";
const std::string kUtf8 = [] {
  std::string text = kLatin1;
  return text.replace(text.find('\xE4'), 1, "\xC3\xA4");
}();

std::string Decoded(std::string bytes, std::optional<Encoding> declared = {}) {
  testing::Decoded decoded;
  formats::Decoder decoder;
  decoded.error = decoder.Decode({Format::kJson, declared}, bytes, {}, [&](formats::Item&& item) {
    decoded.items.push_back(std::move(item));
  });
  return Render(decoded);
}

TEST(Encoding, JsonTellsTheSameInEveryEncoding) {
  const std::string expected = Decoded(kUtf8);
  ASSERT_NE(std::string::npos, expected.find("K\xC3\xA4se"));
  EXPECT_EQ(expected, Decoded("\xEF\xBB\xBF" + kUtf8));
  for (const bool little : {false, true}) {
    for (const bool mark : {false, true}) {
      EXPECT_EQ(expected, Decoded(Wide(kLatin1, little, mark))) << little << mark;
    }
  }
  EXPECT_EQ(expected, Decoded(kLatin1, Encoding::kLatin1));
  EXPECT_EQ(expected, Decoded(Wide(kLatin1, true, true), Encoding::kUtf16Be)) << "the mark counts";
  EXPECT_EQ(expected, Decoded("\xEF\xBB\xBF" + kUtf8, Encoding::kLatin1)) << "the mark counts";
}

TEST(Encoding, Latin1IsNeverGuessed) {
  EXPECT_NE(std::string::npos, Decoded(kLatin1).find("not the declared syntax"));
}

TEST(Encoding, OffsetsOfErrorsCountInTheBytesThatCame) {
  std::string wrong = kLatin1;
  wrong.replace(wrong.find("\"quantity\": "), 12, "\"quantity\"; ");
  const size_t at = wrong.find(';');
  auto decoded = testing::Decode(Format::kJson, Wide(wrong, true, true));
  ASSERT_TRUE(decoded.error);
  EXPECT_EQ(2 + 2 * at, decoded.error->offset);
  decoded = testing::Decode(Format::kJson, Wide(wrong, false, false));
  ASSERT_TRUE(decoded.error);
  EXPECT_EQ(2 * at, decoded.error->offset);
}

TEST(Encoding, UnpairedSurrogatesAndHalfCharactersAreTorn) {
  using std::string_literals::operator""s;
  EXPECT_EQ(2u, formats::ToUtf8("a\0\x3D\xD8"s, Encoding::kUtf16Le).torn);
  EXPECT_EQ(2u, formats::ToUtf8("a\0\x00\xDE"s, Encoding::kUtf16Le).torn);
  EXPECT_EQ(2u, formats::ToUtf8("a\0b"s, Encoding::kUtf16Le).torn);
  EXPECT_EQ("\xF0\x9F\x98\x80", formats::ToUtf8("\x3D\xD8\x00\xDE"s, Encoding::kUtf16Le).text);
  EXPECT_EQ("\xE2\x82\xAC", formats::ToUtf8("\x20\xAC"s, Encoding::kUtf16Be).text);
}

TEST(Encoding, ATextIsBoundedAsUtf8AndChangedOnlyWhole) {
  using std::string_literals::operator""s;
  formats::Origin origin;
  std::string wide = "\xFF\xFE\xAC\x20\xAC\x20"s;  // two characters of three bytes
  const std::string before = wide;
  const auto fault = formats::MakeUtf8(&wide, Encoding::kUtf16Le, 5, &origin);
  ASSERT_TRUE(fault);
  EXPECT_EQ(6u, fault->offset);
  EXPECT_EQ(before, wide);
  EXPECT_FALSE(formats::MakeUtf8(&wide, Encoding::kUtf16Le, 6, &origin));
  EXPECT_EQ("\xE2\x82\xAC\xE2\x82\xAC", wide);
  EXPECT_EQ(2u, formats::OriginalOffset(wide, origin, 2));
  EXPECT_EQ(4u, formats::OriginalOffset(wide, origin, 3));
  EXPECT_EQ(6u, formats::OriginalOffset(wide, origin, 6));
  std::string latin = "a\xE4z";
  EXPECT_FALSE(formats::MakeUtf8(&latin, Encoding::kLatin1, 4, &origin));
  EXPECT_EQ("a\xC3\xA4z", latin);
  EXPECT_EQ(2u, formats::OriginalOffset(latin, origin, 3));
}

TEST(Encoding, NamesAndCharsets) {
  EXPECT_EQ(Encoding::kLatin1, formats::EncodingNamed("ISO-8859-1"));
  EXPECT_EQ(Encoding::kUtf16Le, formats::EncodingNamed("utf-16LE"));
  EXPECT_EQ(std::nullopt, formats::EncodingNamed("ebcdic"));
  EXPECT_EQ("iso-8859-1", formats::CharsetOf("application/json; Charset=\"iso-8859-1\"; x=y"));
  EXPECT_EQ("", formats::CharsetOf("application/json"));
}

TEST(Encoding, FilesInUtf16AreKnownByWhatTheyHold) {
  EXPECT_EQ(Format::kJson, formats::Sniff(Wide(kLatin1, true, true), "x"));
  EXPECT_EQ(Format::kJson, formats::Sniff(Wide(kLatin1, false, false), "x"));
  EXPECT_EQ(Format::kPosLog, formats::Sniff(Wide("<POSLog/>", true, true), "x"));
  EXPECT_EQ(Format::kEpcis, formats::Sniff(Wide("{\"@context\": []}", true, false), "x"));
}

TEST(Encoding, CsvInEveryEncoding) {
  formats::CsvProfile profile;
  profile.name = "till";
  profile.store_id = "0042";
  profile.register_id = "1";
  profile.columns = {{"number", "no"},
                     {"time", "time"},
                     {"sku", "sku"},
                     {"quantity", "q"},
                     {"description", "text"}};
  const std::string latin = "no,time,sku,q,text\n7,2026-11-21T10:00:00,100,1,K\xE4se\n";
  const auto described = [&](const std::string& bytes, Encoding encoding) {
    profile.encoding = encoding;
    std::string text;
    const auto error = formats::DecodeCsv(profile, bytes, {}, [&](formats::Item&& item) {
      text += std::get<event::Event>(item.outcome).lines.at(0).item.description;
    });
    return error ? std::to_string(error->offset) : text;
  };
  EXPECT_EQ("K\xC3\xA4se", described(latin, Encoding::kLatin1));
  for (const bool little : {false, true}) {
    const auto named = little ? Encoding::kUtf16Le : Encoding::kUtf16Be;
    EXPECT_EQ("K\xC3\xA4se", described(Wide(latin, little, true), Encoding::kUtf8));
    EXPECT_EQ("K\xC3\xA4se", described(Wide(latin, little, false), named));
  }
  EXPECT_EQ(std::to_string(latin.find('\xE4')), described(latin, Encoding::kUtf8));
  const std::string cut = Wide(latin.substr(0, latin.size() - 1), true, true);
  EXPECT_EQ(std::to_string(cut.size()), described(cut, Encoding::kUtf8));
}

}  // namespace
}  // namespace tillrelay
