#include "agent/formats/poslog/unread_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/formats/poslog/around.h"
#include "agent/formats/poslog/decisive_words.h"
#include "agent/formats/poslog/element_readers.h"
#include "common/base/text.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

Rejection Unread(std::string_view name, std::string_view value) {
  return {"unknown-word", std::string(name),
          fmt::format("\"{0}\" tells \"{1}\", and nobody has said what that decides. If it decides "
                      "nothing, add to [formats.poslog.words]: flag.\"{0}\" = \"harmless\"",
                      Printable(name, 60), Printable(value, 60))};
}

// A slot may hold its word deeper, which is then not read.
bool HoldsTextDeeper(XmlElement child) {
  bool holds = false;
  child.ForEachAttribute([&holds](std::string_view name, std::string_view value) {
    holds = holds || (!value.empty() && !OneOf(name, {"nil", "Version"}));
  });
  for (const XmlElement below : child) holds = holds || !below.PeekText().empty();
  return holds;
}

// A true that is written as a word; single letters and digits may be anything.
bool IsTrueWord(std::string_view value) {
  return OneOf(Normal(value), {"true", "yes", "ja", "wahr", "oui", "vrai"});
}

bool IsLeaf(XmlElement element) { return !(element.begin() != element.end()); }

bool IsBody(std::string_view name) {
  return OneOf(name,
               {"RetailTransaction", "CustomerOrderTransaction", "PostVoidTransaction",
                "SuspendedTransaction", "ResumedTransaction", "RetrievedTransaction",
                "ControlTransaction", "TenderControlTransaction", "InventoryControlTransaction"});
}

// Parts that are looked through by whoever reads them.
bool IsReadElsewhere(const Vocabulary& words, Place place, XmlElement part) {
  const std::string_view name = part.name();
  if (PointsAtTransaction(part) || Normal(name).ends_with("links")) return true;
  switch (place) {
    case Place::kTransaction:
      return IsBody(name) || HoldsGoods(part);
    case Place::kReceipt:
      return OneOf(name, {"LineItem", "Total"}) || HoldsGoods(part);
    case Place::kLineItem:
      return !words.Meaning(Question::kElement, name).empty();
    case Place::kGoods:
    case Place::kInventoryLine:
      return OneOf(name, {"Disposal", "Disposition"});
    case Place::kAround:
      return HoldsTransactions(part);
    default:
      return HoldsGoods(part) || name.ends_with("Document");
  }
}

// Names of what has a value, or holds more: empty, it tells nothing.
bool NeedsContent(std::string_view written) {
  const std::string name = Normal(written);
  if (name.ends_with("void")) return false;
  return EndsWith(name, {"reason",       "code",   "id",      "number",   "no",          "date",
                         "time",         "by",     "name",    "text",     "description", "comment",
                         "note",         "type",   "user",    "operator", "status",      "info",
                         "data",         "detail", "details", "list",     "items",       "lines",
                         "transactions", "links",  "history", "log",      "value"});
}

// Whether a mark of this name is set: by its text, an attribute, something below it, or by nothing
// but being there.
bool IsSet(XmlElement mark) {
  if (!mark.PeekText().empty()) return !SaysNothingHappened(mark.PeekText());
  bool reported = false, denied = false, affirmed = false;
  mark.ForEachAttribute([&](std::string_view name, std::string_view value) {
    reported = reported || !value.empty();
    denied = denied || SaysNothingHappened(value) || name == "nil";
    affirmed = affirmed || (name != "nil" && ReadFlag(value).value_or(false));
  });
  if (IsLeaf(mark)) {
    return affirmed || (!denied && (reported || !NeedsContent(mark.name())));
  }
  for (const XmlElement below : mark) {
    if (IsSet(below)) return true;
  }
  return false;
}

bool NamesProperty(std::string_view name) {
  return OneOf(name, {"name", "key", "code", "id", "type", "property", "field", "attribute"}) ||
         (EndsWith(name, {"name", "key", "code", "id", "type"}) &&
          Contains(name, {"property", "flag", "attribute", "field", "param", "variable", "option",
                          "setting", "indicator", "custom"}));
}

// Everything below an element, where no table names anything.
class Deeper {
 public:
  explicit Deeper(const WordContext& around) : around_(around) {}

  std::optional<Rejection> Below(XmlElement element) {
    Pairs(element);
    for (const XmlElement part : element) {
      if (SpeaksOfOthers(part.name())) continue;
      if (!IsReadElsewhere(around_.words, around_.place, part)) Part(part, false);
    }
    return std::move(rejection_);
  }

 private:
  // A leaf of the element itself has been read already, but for its attributes.
  void Part(XmlElement part, bool text) {
    part.ForEachAttribute(
        [this](std::string_view name, std::string_view value) { One(name, value); });
    if (part.PeekText().empty() && !IsSlot(around_.place, part.name()) && IsMark(part.name()) &&
        IsSet(part)) {
      Refuse(part.name(), "(not as its text)");
    }
    if (IsLeaf(part) && text) One(part.name(), part.PeekText());
    Pairs(part);
    for (const XmlElement below : part) {
      if (!SpeaksOfOthers(below.name()) && !PointsAtTransaction(below)) Part(below, true);
    }
  }

  bool IsMark(std::string_view name) const {
    const std::string_view flag = around_.words.Meaning(Question::kFlag, name);
    if (!flag.empty()) return OneOf(flag, {"cancelled", "training", "suspended"});
    return NameDecides(Normal(name), around_.takes_back);
  }

  // What is told by a name and a value of their own: <Flag name="Void" value="true"/>.
  void Pairs(XmlElement part) {
    std::vector<std::string_view> names, values;
    const auto one = [&](std::string_view name, std::string_view text) {
      const std::string normal = Normal(name);
      if (text.empty()) return;
      if (NamesProperty(normal)) {
        names.push_back(text);
      } else if (OneOf(normal, {"val", "flag", "set", "state", "text", "content"}) ||
                 normal.ends_with("value")) {
        values.push_back(text);
      }
    };
    part.ForEachAttribute(one);
    for (const XmlElement below : part) {
      if (IsLeaf(below)) one(below.name(), below.PeekText());
    }
    if (!part.PeekText().empty()) values.push_back(part.PeekText());
    if (values.empty() && IsLeaf(part) && EndsWith(Normal(part.name()), {"flag", "indicator"})) {
      values.emplace_back("true");
    }
    for (const std::string_view name : names) {
      if (SpeaksOfOthers(name)) continue;
      for (const std::string_view value : values) Pair(name, value);
    }
  }

  // A name that is a value itself may be free text: only a plain yes or no is judged by it.
  void Pair(std::string_view name, std::string_view value) {
    if (name != value && ReadFlag(value)) One(name, value);
  }

  void One(std::string_view name, std::string_view value) {
    if (Decides(around_, name, value)) Refuse(name, value);
  }
  void Refuse(std::string_view name, std::string_view value) {
    if (!rejection_) rejection_ = Unread(name, value);
  }

  const WordContext& around_;
  std::optional<Rejection> rejection_;
};

bool IsTransactionNumber(std::string_view name) {
  return OneOf(name, {"sequencenumber", "transactionsequencenumber", "transactionnumber",
                      "transactionid", "receiptnumber"});
}

}  // namespace

std::optional<Rejection> UnreadWord(const Vocabulary& words, Place place, XmlElement element,
                                    bool takes_back) {
  const WordContext around(words, place, takes_back, element);
  std::optional<Rejection> rejection;
  bool attribute = true;
  const auto one = [&](std::string_view name, std::string_view value) {
    if (rejection || value.empty() || IsSlot(place, name)) return;
    if (place == Place::kInventory && IsSlot(Place::kControl, name)) return;
    if (!words.Meaning(Question::kFlag, name).empty()) return;  // read as a flag, or harmless
    const bool known_place = place != Place::kAround;
    const bool true_word = !attribute && known_place && IsTrueWord(value) && !SpeaksOfOthers(name);
    const bool state = attribute && OneOf(Normal(name), {"state", "result"});
    if ((true_word && !IsExpectedTrue(name)) || Decides(around, name, value) ||
        (state && !IsGoodState(words.Meaning(StatusQuestion(place), value)))) {
      rejection = Unread(name, value);
    }
  };
  element.ForEachAttribute(one);
  attribute = false;
  for (const XmlElement child : element) {
    if (IsSlot(place, child.name()) && child.PeekText().empty() && HoldsTextDeeper(child)) {
      if (!rejection) rejection = Unread(child.name(), "(not as its text)");
    } else if (IsLeaf(child)) {
      one(child.name(), child.PeekText());
    }
  }
  if (!rejection) rejection = Deeper(around).Below(element);
  return rejection;
}

bool PointsAtTransaction(XmlElement element) {
  if (element.name() == "TransactionLink") return true;
  if (element.name() == "LineItem") return false;
  bool number = false, head = false;
  for (const XmlElement child : element) {
    const std::string name = Normal(child.name());
    number = number || IsTransactionNumber(name);
    head = head || OneOf(name, {"workstationid", "retailstoreid", "businessdaydate"});
  }
  const std::string name = Normal(element.name());
  return number && (head || Contains(name, {"transaction", "void", "original", "link"}));
}

bool CouldBeGoods(XmlElement element) {
  if (HoldsGoods(element)) return true;
  if (Contains(Normal(element.name()), {"sale", "return", "refund", "fuel", "rental", "goods",
                                        "merchandise", "activation", "exchange"})) {
    return true;
  }
  bool could = false;
  const auto one = [&could](std::string_view name, std::string_view) {
    const std::string normal = Normal(name);
    could = could ||
            OneOf(normal, {"itemid", "sku", "gtin", "ean", "upc", "plu", "productid", "articleid",
                           "articlenumber", "quantity", "qty", "unitcount", "extendedamount",
                           "liters", "litres", "gallons", "volume", "weight"});
  };
  element.ForEachAttribute(one);
  for (const XmlElement child : element) one(child.name(), child.PeekText());
  return could;
}

}  // namespace tillrelay::formats::poslog
