// One article under one key, however tills call it.
#include "common/event/item_map.h"

#include <gtest/gtest.h>

#include "common/event/draft.h"
#include "tests/support/drafts.h"

namespace tillrelay::event {
namespace {

using testing::Sale;
using testing::TestShop;

constexpr const char* kMap =
    "# articles\n"
    "key;code;uom;factor\n"
    "A1;100234;;\n"
    "A1;4006381333931;EA;\n"
    "A1;4006381333931;CA;12\n"
    "A1;14006381333938;;6\r\n"
    "B2;\"200\";KGM;0.5\n"
    "\n"
    "C3;300;;1";

std::string Found(const ItemMap& map, const std::string& sku, const std::string& gtin,
                  const std::string& uom) {
  Item item;
  item.sku = sku;
  item.gtin = gtin;
  const ItemMap::Entry* entry = map.Find(item, uom);
  if (entry == nullptr) return "none";
  return entry->key + (entry->factor ? " x" + entry->factor->Shortest() : "");
}

TEST(ItemMap, NumbersGtinsUnitsAndPacksAreOneKey) {
  const auto map = ItemMap::Parse(kMap);
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(6u, map->rows());
  EXPECT_EQ("A1", Found(*map, "100234", "", "EA"));
  EXPECT_EQ("A1", Found(*map, " 100234 ", "", "KGM"));
  for (const char* gtin : {"4006381333931", "04006381333931", "004006381333931"}) {
    for (const char* unit : {"EA", "C62", "H87", "PCE", "pce", "NAR", "ST"}) {
      EXPECT_EQ(std::string(gtin).size() > 14 ? "none" : "A1", Found(*map, "", gtin, unit)) << gtin;
      EXPECT_EQ(std::string(gtin).size() > 14 ? "none" : "A1", Found(*map, gtin, "", unit)) << gtin;
    }
  }
  EXPECT_EQ("A1 x12", Found(*map, "", "4006381333931", "CA"));
  EXPECT_EQ("A1 x6", Found(*map, "", "14006381333938", "EA"));
  EXPECT_EQ("B2 x0.5", Found(*map, "200", "", "KG"));
  EXPECT_EQ("C3", Found(*map, "300", "", "EA"));
}

TEST(ItemMap, WhatItDoesNotKnowOrKnowsTwiceIsNothing) {
  const auto map = ItemMap::Parse(kMap);
  ASSERT_TRUE(map.ok());
  EXPECT_EQ("none", Found(*map, "100235", "", "EA"));
  EXPECT_EQ("none", Found(*map, "200", "", "EA")) << "of this unit nothing is said";
  EXPECT_EQ("none", Found(*map, "", "", "EA"));
  EXPECT_EQ("none", Found(*map, "300", "4006381333931", "EA")) << "two articles";
}

TEST(ItemMap, AFaultyOneIsRefusedByItsLine) {
  const std::pair<const char*, const char*> faults[] = {
      {"", "it is empty"},
      {"\n# x\n", "it is empty"},
      {"a,b\n", "line 1: it must name the columns key and code"},
      {"key,code\nA,\n", "line 2: key or code is none"},
      {"key,code\n,1\n", "line 2: key or code is none"},
      {"key,code\nA\n", "line 2: key or code is none"},
      {"key,code\nA,1\nB,1\n", "line 3: this code is mapped twice, differently"},
      {"key,code,uom,factor\nA,1,EA,2\nA,1,C62,3\n",
       "line 3: this code is mapped twice, differently"},
      {"key,code,factor\nA,1,0\n", "line 2: the factor is no number above 0"},
      {"key,code,factor\nA,1,-1\n", "line 2: the factor is no number above 0"},
      {"key,code,factor\nA,1,x\n", "line 2: the factor is no number above 0"},
      {"key,code\nA,1\x01\n", "line 2: key or code is none"}};
  for (const auto& [text, fault] : faults) {
    const auto map = ItemMap::Parse(text);
    ASSERT_FALSE(map.ok()) << text;
    EXPECT_EQ(fault, map.status().message()) << text;
  }
  EXPECT_TRUE(ItemMap::Parse("code\tkey\n1\tA\n1\tA\n").ok()) << "the same twice is no fault";
}

TEST(ItemMap, ItsVersionTellsContentsApart) {
  const auto one = ItemMap::Parse("key,code\nA,1\n"), other = ItemMap::Parse("key,code\nB,1\n");
  EXPECT_EQ(12u, one->version().size());
  EXPECT_NE(one->version(), other->version());
}

// A change of the map makes no other receipt of one that is stored.
TEST(ItemMap, KeysTravelAndIdentityIsAsWithoutThem) {
  const auto map = ItemMap::Parse(kMap);
  ASSERT_TRUE(map.ok());
  Event plain = Sale("03", 1), mapped = Sale("03", 1);
  plain.lines.push_back(plain.lines[0]);
  plain.lines[1].item.sku = "999";
  mapped.lines = plain.lines;
  mapped.lines[0].item.key = "forged";
  mapped.lines[0].item.key_map = "x";
  mapped.lines[1].item.key = "forged";
  const auto before = DraftFrom(&plain, TestShop());
  const auto now = DraftFrom(&mapped, TestShop(), {}, &*map);
  const auto& first = std::get<Draft>(before);
  const auto& second = std::get<Draft>(now);
  EXPECT_EQ(first.identity.id, second.identity.id);
  EXPECT_EQ(first.identity.digest, second.identity.digest);
  EXPECT_EQ(1u, second.mapped);
  EXPECT_EQ(1u, second.unmapped);
  EXPECT_NE(std::string::npos,
            second.data.find("\"sku\":\"100234\",\"key\":\"A1\",\"key_map\":\"" + map->version()));
  EXPECT_EQ(std::string::npos, second.data.find("forged")) << "nobody else gives keys";
  EXPECT_EQ(0u, first.mapped + first.unmapped);
}

}  // namespace
}  // namespace tillrelay::event
