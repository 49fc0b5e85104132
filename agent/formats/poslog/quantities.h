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

// Whether one of these children stands there twice with the same attributes and another text, of
// which the first alone would be read.
std::optional<event::Rejection> ToldTwice(XmlElement parent,
                                          std::initializer_list<std::string_view> names);

// Its attribute Units.
std::optional<event::Rejection> OtherUnits(const ReadQuantity& read);

// The unit of the number, told as a part of the line and not of the number; "" if it is not.
std::string_view UnitBeside(XmlElement line);
// Another one than is read, told so.
std::optional<event::Rejection> OtherUnitBeside(XmlElement line, const ReadQuantity& read);

// Another unit of the number, under a name that is not the standard's.
std::optional<event::Rejection> OtherUnit(const ReadQuantity& read);

// A factor beside the number that is not 1: the quantity is one of packages.
std::optional<event::Rejection> Multiplied(XmlElement element);

// A sign or a direction that is told beside the number.
std::optional<event::Rejection> SignBeside(const Vocabulary& words, XmlElement number);

// All of these, of goods in a receipt and of the line that holds them.
std::optional<event::Rejection> QuantityContradicted(const Vocabulary& words,
                                                     const ReadQuantity& read, XmlElement goods,
                                                     XmlElement item);

}  // namespace tillrelay::formats::poslog
