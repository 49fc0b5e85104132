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

Rejection RefuseUnread(const Vocabulary& words, std::string_view name, std::string_view value) {
  const std::string_view known = words.Meaning(Question::kFlag, name);
  if (!known.empty()) {
    return {"unknown-word", std::string(name),
            fmt::format("\"{}\" tells \"{}\" of a part of the document, which means {}; what then "
                        "moved is not certain: leave the part out, or send what happened as a "
                        "canonical document",
                        Printable(name, 60), Printable(value, 60), known)};
  }
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

// A true that is written as a word, or as its letter where that is no size, code or name. A number
// may be anything.
bool IsTrueWord(std::string_view name, std::string_view value) {
  if (OneOf(Normal(value), {"true", "yes", "ja", "wahr", "oui", "vrai", "sim"})) return true;
  return value.find_first_of("0123456789") == std::string_view::npos &&
         ReadFlag(value).value_or(false) &&
         !EndsWith(
             Normal(name),
             {"id",     "code",     "number",        "no",   "name",   "type",   "class",
              "size",   "group",    "category",      "unit", "uom",    "text",   "description",
              "letter", "initial",  "key",           "rate", "method", "colour", "color",
              "gender", "language", "unitofmeasure", "zone", "value"});
}

// Names of the value in a pair, which say nothing of their own.
bool IsPairValue(std::string_view name) {
  const std::string normal = Normal(name);
  return OneOf(normal, {"val", "flag", "set", "state", "text", "content"}) ||
         normal.ends_with("value");
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

// A part that has a name and a value of its own: <Flag name="Void" value="true"/>.
struct Pair {
  explicit Pair(XmlElement part) {
    part.ForEachAttribute(
        [this](std::string_view name, std::string_view text) { One(name, text); });
    for (const XmlElement below : part) {
      if (IsLeaf(below)) One(below.name(), below.PeekText());
    }
    if (!part.PeekText().empty()) values.push_back(part.PeekText());
    if (values.empty() && IsLeaf(part) && EndsWith(Normal(part.name()), {"flag", "indicator"})) {
      values.emplace_back("true");
    }
  }
  void One(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    if (NamesProperty(Normal(name))) {
      names.push_back(text);
    } else if (IsPairValue(name)) {
      values.push_back(text);
    }
  }

  std::vector<std::string_view> names, values;
};

// Everything below an element, where no table names anything.
class Deeper {
 public:
  explicit Deeper(const WordContext& around) : around_(around) {}

  std::optional<Rejection> Below(XmlElement element) {
    Named(Pair(element));
    for (const XmlElement part : element) {
      const bool others = SpeaksOfOthers(part.name()) || part.name() == "Total";
      // What stands in a line is looked through with the line.
      const bool of_line = around_.place == Place::kLineItem &&
                           !around_.words.Meaning(Question::kElement, part.name()).empty();
      if (others && !of_line) {
        OfOthers(part);
      } else if (!others && !IsReadElsewhere(around_.words, around_.place, part)) {
        Part(part, false);
      }
    }
    return std::move(rejection_);
  }

  // The same of a part that speaks of money, people or papers: only what plainly says that nothing
  // moved, as most of its flags are its own.
  std::optional<Rejection> Others(XmlElement part) {
    OfOthers(part);
    return std::move(rejection_);
  }

 private:
  // A leaf of the element itself has been read already, but for its attributes.
  void Part(XmlElement part, bool text) {
    const Pair pair(part);
    part.ForEachAttribute([&](std::string_view name, std::string_view value) {
      One(name, value);
      if (!IsPairValue(name)) True(name, value);
    });
    if (part.PeekText().empty() && !IsSlot(around_.place, part.name()) && IsMark(part.name()) &&
        IsSet(part)) {
      Refuse(part.name(), "(not as its text)");
    }
    if (IsLeaf(part) && text) {
      One(part.name(), part.PeekText());
      if (pair.names.empty() && !IsPairValue(part.name())) True(part.name(), part.PeekText());
    }
    Named(pair);
    TrueOf(pair, part, text);
    for (const XmlElement below : part) {
      if (PointsAtTransaction(below)) continue;
      if (SpeaksOfOthers(below.name())) {
        OfOthers(below);
      } else {
        Part(below, true);
      }
    }
  }

  void OfOthers(XmlElement part) {
    const auto one = [this](std::string_view name, std::string_view value) {
      if (!ReadFlag(value).value_or(false)) return;
      if (NothingMoved(around_.words, name, around_.takes_back)) Refuse(name, value);
    };
    part.ForEachAttribute(one);
    if (IsLeaf(part)) one(part.name(), part.PeekText());
    for (const XmlElement below : part) {
      if (!PointsAtTransaction(below)) OfOthers(below);
    }
  }

  bool IsMark(std::string_view name) const {
    const std::string_view flag = around_.words.Meaning(Question::kFlag, name);
    if (!flag.empty()) return OneOf(flag, {"cancelled", "training", "suspended"});
    return NameDecides(Normal(name), around_.takes_back);
  }

  // A name that is a value itself may be free text: only a plain yes or no is judged by it.
  void Named(const Pair& pair) {
    for (const std::string_view name : pair.names) {
      if (SpeaksOfOthers(name)) continue;
      for (const std::string_view value : pair.values) {
        if (name != value && ReadFlag(value)) One(name, value);
      }
    }
  }

  // A true that nobody knows.
  void True(std::string_view name, std::string_view value) {
    const bool flag = NamedLikeAFlag(name) && !Normal(name).ends_with("mode");
    const bool is_true = IsTrueWord(name, value) || (flag && ReadFlag(value).value_or(false));
    const bool expected = IsExpectedTrue(name) || EndsWith(Normal(name), {"success", "successful"});
    if (!is_true || around_.place == Place::kAround || expected) return;
    if (!around_.words.IsHarmlessTrue(name) && !SpeaksOfOthers(name)) Refuse(name, value);
  }
  // The same, where the name is a value, or that of the element.
  void TrueOf(const Pair& pair, XmlElement part, bool text) {
    std::string_view of = part.name();
    for (const std::string_view name : pair.names) {
      if (around_.words.IsHarmlessTrue(name) || SpeaksOfOthers(name)) return;
      const bool word = name.find_first_not_of("0123456789 .:-") != std::string_view::npos;
      if (of == part.name() && word) of = name;
    }
    if (around_.words.IsHarmlessTrue(part.name()) || IsPairValue(part.name())) return;
    for (const std::string_view value : pair.values) {
      const bool own = value == part.PeekText() && pair.names.empty();
      if (value != of && !(own && !text)) True(of, value);
    }
  }

  void One(std::string_view name, std::string_view value) {
    if (Decides(around_, name, value)) Refuse(name, value);
  }
  void Refuse(std::string_view name, std::string_view value) {
    if (!rejection_) rejection_ = RefuseUnread(around_.words, name, value);
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
    const bool true_word =
        !attribute && known_place && IsTrueWord(name, value) && !SpeaksOfOthers(name);
    const bool state = attribute && OneOf(Normal(name), {"state", "result"});
    if ((true_word && !IsExpectedTrue(name) && !words.IsHarmlessTrue(name)) ||
        Decides(around, name, value) ||
        (state && !IsGoodState(words.Meaning(StatusQuestion(place), value)))) {
      rejection = RefuseUnread(words, name, value);
    }
  };
  element.ForEachAttribute(one);
  attribute = false;
  for (const XmlElement child : element) {
    if (IsSlot(place, child.name()) && child.PeekText().empty() && HoldsTextDeeper(child)) {
      if (!rejection) rejection = RefuseUnread(words, child.name(), "(not as its text)");
    } else if (IsLeaf(child)) {
      one(child.name(), child.PeekText());
    }
  }
  if (!rejection) rejection = Deeper(around).Below(element);
  return rejection;
}

std::optional<Rejection> UnreadInOthers(const Vocabulary& words, XmlElement part, bool takes_back) {
  return Deeper(WordContext(words, Place::kLineItem, takes_back, part)).Others(part);
}

bool PointsAtTransaction(XmlElement element) {
  if (element.name() == "TransactionLink") return true;
  // Of the receipt itself it is its own number.
  if (OneOf(element.name(), {"LineItem", "RetailTransaction"})) return false;
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
