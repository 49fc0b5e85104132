#include "agent/formats/poslog/quantities.h"

#include <string>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/lines.h"
#include "agent/formats/self_check.h"
#include "common/base/text.h"
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

// Calls `each` with every attribute and leaf of an element, by its plain name.
template <class F>
void ForEachWord(XmlElement element, const F& each) {
  element.ForEachAttribute(
      [&each](std::string_view name, std::string_view value) { each(Normal(name), value); });
  for (const XmlElement child : element) {
    const bool leaf = !(child.begin() != child.end());
    if (leaf) each(Normal(child.name()), child.PeekText());
  }
}

bool IsUnitOfLine(std::string_view name) {
  return OneOf(name, {"unitofmeasurecode", "unitofmeasure", "uom", "uomcode", "quantityuom",
                      "quantityunit", "unitofquantity", "mengeneinheit"});
}

// A sign or a direction that says that what is sold came in.
std::optional<Rejection> Backwards(XmlElement element) {
  std::optional<Rejection> rejection;
  ForEachWord(element, [&](const std::string& name, std::string_view value) {
    const bool sign = OneOf(name, {"sign", "quantitysign", "direction", "vorzeichen", "inout",
                                   "plusminus", "signo", "segno"});
    if (sign && OneOf(Normal(value), {"-", "-1", "minus", "negative", "neg", "in", "inbound",
                                      "incoming", "return", "eingang", "zugang"})) {
      rejection = Rejection{"bad-value", name, "it says that the goods of this line came in"};
    }
  });
  return rejection;
}

bool SameAttributes(XmlElement one, XmlElement other) {
  std::string of_one, of_other;
  const auto add = [](std::string* all) {
    return [all](std::string_view name, std::string_view value) {
      all->append(name).append("=").append(value).append("\n");
    };
  };
  one.ForEachAttribute(add(&of_one));
  other.ForEachAttribute(add(&of_other));
  return of_one == of_other;
}

}  // namespace

std::optional<Rejection> ToldTwice(XmlElement parent,
                                   std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const XmlElement first = parent.Child(name);
    if (!first) continue;
    for (const XmlElement other : parent) {
      if (other.name() != name || other.PeekText() == first.PeekText()) continue;
      if (first.PeekText().empty() || other.PeekText().empty()) continue;
      if (!SameAttributes(first, other)) continue;
      return Rejection{"bad-value", std::string(name), "told twice, differently"};
    }
  }
  return std::nullopt;
}

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

std::string_view UnitBeside(XmlElement line) {
  std::string_view unit;
  ForEachWord(line, [&unit](const std::string& name, std::string_view value) {
    if (unit.empty() && IsUnitOfLine(name)) unit = value;
  });
  return unit;
}

std::optional<Rejection> OtherUnitBeside(XmlElement line, const ReadQuantity& read) {
  std::optional<Rejection> rejection;
  ForEachWord(line, [&](const std::string& name, std::string_view value) {
    const bool unit =
        IsUnitOfLine(name) ||
        OneOf(name, {"unit", "unitcode", "salesunit", "salesuom", "sellingunit", "sellinguom",
                     "salesunitofmeasure", "einheit", "sellingunitofmeasure", "verkaufseinheit"});
    if (!unit || value.empty() || AllDigits(value)) return;
    if (event::OneUnit(std::string(value)) == event::OneUnit(std::string(read.uom))) return;
    rejection =
        Rejection{"bad-value", name,
                  "it names another unit than the quantity's; write it as UnitOfMeasureCode"};
  });
  return rejection;
}

std::optional<Rejection> OtherUnit(const ReadQuantity& read) {
  std::optional<Rejection> rejection;
  read.element.ForEachAttribute([&](std::string_view name, std::string_view value) {
    if (rejection || value.empty() || name == "UnitOfMeasureCode") return;
    if (!OneOf(Normal(name),
               {"unitofmeasurecode", "unitofmeasure", "uom", "uomcode", "unit", "unitcode"})) {
      return;
    }
    if (event::UomOf(value) == read.uom) return;
    rejection = Rejection{"bad-value", std::string(name),
                          "it names another unit; write it as UnitOfMeasureCode"};
  });
  return rejection;
}

std::optional<Rejection> Multiplied(XmlElement element) {
  std::optional<Rejection> rejection;
  ForEachWord(element, [&](const std::string& name, std::string_view value) {
    const bool factor = OneOf(name, {"factor", "faktor", "multiplier", "multiplikator",
                                     "quantityfactor", "quantitymultiplier", "unitfactor"});
    if (!factor || value.empty() || NumberOf(value) == Decimal::FromMicros(Decimal::kUnit, 0)) {
      return;
    }
    rejection = Rejection{"unsupported", name,
                          "it multiplies the quantity, and what one piece is is not known"};
  });
  return rejection;
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
  if (!why) why = OtherUnit(read);
  const bool back = goods.name() == "Return" || read.value.negative();
  for (const XmlElement place : {goods, item}) {
    if (!why) why = OtherUnitBeside(place, read);
  }
  for (const XmlElement place : {goods, item, read.element}) {
    if (!why) why = Multiplied(place);
    if (!why && !back) why = Backwards(place);
  }
  for (const XmlElement place : {goods, item}) {
    if (why) break;
    why = OtherQuantity(place, read,
                        {"quantity", "unitcount", "qty", "units", "soldquantity", "soldunitcount",
                         "salequantity", "saleunitcount", "netquantity", "quantitysold", "qtysold",
                         "sellingquantity", "sellingunitcount"});
  }
  return why;
}

}  // namespace tillrelay::formats::poslog
