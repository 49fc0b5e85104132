// What: quantities of a line that contradict the one that is read.
// Promise: two numbers of one measure, another sign and another number of units are refused; a
//   weight or volume beside a number of pieces is no contradiction.
// Thread: any (pure).
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/poslog/xml_tree.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

// What is read of a line.
struct ReadQuantity {
  XmlElement element;
  Decimal value;
  std::string_view uom;
};

// Children of `parent` that tell the same as the one that is read, by these names.
std::optional<event::Rejection> OtherQuantity(XmlElement parent, const ReadQuantity& read,
                                              std::initializer_list<std::string_view> names);

// Its attribute Units.
std::optional<event::Rejection> OtherUnits(const ReadQuantity& read);

// A sign or a direction that is told beside the number.
std::optional<event::Rejection> SignBeside(const Vocabulary& words, XmlElement number);

// All of these, of goods in a receipt and of the line that holds them.
std::optional<event::Rejection> QuantityContradicted(const Vocabulary& words,
                                                     const ReadQuantity& read, XmlElement goods,
                                                     XmlElement item);

}  // namespace tillrelay::formats::poslog
