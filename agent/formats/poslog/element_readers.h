// What: small readers of elements that every part of the POSLog mapper shares.
// Thread: any (pure).
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "agent/formats/poslog/xml_tree.h"

namespace tillrelay::formats::poslog {

inline constexpr size_t kMaxIdBytes = 128;

inline bool OneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// At most `limit` bytes, never half a character.
inline std::string Short(std::string_view text, size_t limit) {
  size_t size = std::min(text.size(), limit);
  while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

// The first child of one of these names that is there.
inline XmlElement FirstOf(XmlElement parent, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const XmlElement child = parent.Child(name)) return child;
  }
  return {};
}

// The text of the first child of one of these names that has one.
inline std::string_view FirstText(XmlElement parent,
                                  std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string_view text = parent.TextOf(name);
    if (!text.empty()) return text;
  }
  return {};
}

// The serial numbers of a line's pieces, as its element names them.
inline void ReadSerials(XmlElement element, std::vector<std::string>* serials) {
  constexpr size_t kMost = 1000;
  for (const XmlElement child : element) {
    if (!OneOf(child.name(), {"SerialNumber", "ItemSerialNumber"})) continue;
    const std::string_view peek = child.PeekText();
    if (peek.empty() || peek.size() > kMaxIdBytes || serials->size() >= kMost) continue;
    const std::string_view text = child.text();
    if (std::find(serials->begin(), serials->end(), text) == serials->end()) {
      serials->emplace_back(text);
    }
  }
}

// A line of a receipt, whatever its goods are called.
inline bool IsGoodsLine(XmlElement element) {
  if (element.name() != "LineItem") return false;
  for (const XmlElement child : element) {
    if (OneOf(child.name(), {"Sale", "Return", "SaleForDelivery", "SaleForPickup",
                             "CustomerOrderForDelivery", "CustomerOrderForPickup",
                             "CustomerOrderDelivery", "CustomerOrderPickup", "Layaway"})) {
      return true;
    }
  }
  return false;
}

// Whether the element, or one below it, names an item and how much of it.
inline bool HoldsGoods(XmlElement element, int depth = 64) {
  if (depth > 0 && IsGoodsLine(element)) return true;
  bool item = false, amount = false;
  for (const XmlElement child : element) {
    item = item || OneOf(child.name(), {"ItemID", "Item", "ItemCode", "POSIdentity", "POSItemID",
                                        "SKU", "GTIN", "EAN", "ProductID", "ArticleID"});
    amount = amount || OneOf(child.name(), {"Quantity", "UnitCount", "ExtendedAmount", "Units",
                                            "Weight", "Volume", "Count"});
    if (depth > 0 && HoldsGoods(child, depth - 1)) return true;
  }
  return item && amount;
}

}  // namespace tillrelay::formats::poslog
