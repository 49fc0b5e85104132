// What: reads an XML document of many transactions and hands over each as a small tree.
// Promise: no DTD, no entity from anywhere, no external reference is ever followed. Parts that can
//   hold people, cards or pictures never enter the tree.
// Thread: any, one call each.
// Errors: what is wrong with the document as a whole, with its byte offset.
// Limits: depth, text and event size of formats::Limits.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/formats/format.h"
#include "agent/formats/poslog/xml_tree.h"

namespace tillrelay::formats::poslog {

// Vendors whose namespaces the document declared so far.
struct Vendors {
  bool ncr_acs = false, wincor = false, retalix = false, roqqio = false;
};

struct XmlTransaction {
  const XmlTree& tree;
  const Vendors& vendors;
  std::string_view root_version;      // "6.0" when the root element says it
  std::string_view too_large;         // which bound the transaction broke; its tree is incomplete
  size_t from = 0, to = 0;            // its bytes in the document
  size_t root_from = 0, root_to = 0;  // the root's start tag
  std::string_view root_name;         // as written, with its prefix
  uint32_t wrapper = XmlTree::kNone;  // the element of the outside that holds it
};

std::optional<SyntaxError> ReadXml(std::string_view bytes, const Limits& limits,
                                   const std::function<void(const XmlTransaction&)>& sink,
                                   XmlOutside* outside);

}  // namespace tillrelay::formats::poslog
