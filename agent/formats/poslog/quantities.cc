#include "agent/formats/poslog/quantities.h"

#include <string>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/lines.h"
#include "agent/formats/self_check.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

bool IsMeasured(std::string_view uom) {
  return OneOf(uom, {"KGM", "GRM", "LBR", "ONZ", "LTR", "MLT", "CLT", "MTR", "CMT", "FOT", "MTK"});
}

std::optional<Decimal> NumberOf(std::string_view text) {
  std::optional<Decimal> value;
  bool rounded = false;
  if (!ReadNumber(text, &value, &rounded)) value.reset();
  return value;
}

bool Agrees(const ReadQuantity& read, XmlElement other) {
  const auto value = NumberOf(other.PeekText());
  if (!value) return false;
  const std::string_view written = other.Attribute("UnitOfMeasureCode");
  const bool none = written.empty() && read.element.Attribute("UnitOfMeasureCode").empty();
  const std::string uom = none ? std::string(read.uom) : event::UomOf(written);
  if (uom != read.uom) {
    return IsMeasured(uom) != IsMeasured(read.uom) && (uom == "EA" || read.uom == "EA") &&
           value->negative() == read.value.negative();
  }
  const bool without_sign = other.name() != read.element.name() && *value == Magnitude(read.value);
  return *value == read.value || without_sign;
}

}  // namespace

std::optional<Rejection> OtherQuantity(XmlElement parent, const ReadQuantity& read,
                                       std::initializer_list<std::string_view> names) {
  for (const XmlElement other : parent) {
    if (!OneOf(Normal(other.name()), names) || other.PeekText().empty()) continue;
    if (!Agrees(read, other)) {
      return Rejection{"bad-value", std::string(other.name()),
                       "the document tells two quantities for one line"};
    }
  }
  return std::nullopt;
}

std::optional<Rejection> OtherUnits(const ReadQuantity& read) {
  const std::string_view units = read.element.Attribute("Units");
  if (units.empty()) return std::nullopt;
  const auto value = NumberOf(units);
  if (value && (*value == read.value || *value == Magnitude(read.value))) return std::nullopt;
  return Rejection{"bad-value", std::string(read.element.name()) + "@Units",
                   "the document tells two measures for one line"};
}

std::optional<Rejection> SignBeside(const Vocabulary& words, XmlElement number) {
  std::optional<Rejection> rejection;
  if (!number) return rejection;
  bool less = false;
  rejection =
      words.Read(Question::kDirection, Place::kInventoryLine, number,
                 [&less](std::string_view meaning) { less = less || meaning == "decrease"; });
  if (less && !rejection) {
    rejection = Rejection{"bad-value", std::string(number.name()),
                          "a sign beside a number is not understood; write it into the number"};
  }
  return rejection;
}

std::optional<Rejection> QuantityContradicted(const Vocabulary& words, const ReadQuantity& read,
                                              XmlElement goods, XmlElement item) {
  auto why = OtherUnits(read);
  if (!why) why = SignBeside(words, read.element);
  if (!why) why = SignBeside(words, goods.Child("ExtendedAmount"));
  for (const XmlElement place : {goods, item}) {
    if (why) break;
    why = OtherQuantity(place, read,
                        {"quantity", "unitcount", "qty", "units", "soldquantity", "soldunitcount",
                         "salequantity", "saleunitcount"});
  }
  return why;
}

}  // namespace tillrelay::formats::poslog
