#include "agent/formats/poslog/unread_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/formats/poslog/element_readers.h"
#include "common/base/text.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;
using Words = std::initializer_list<std::string_view>;

constexpr size_t kMaxWordBytes = 40;

bool Contains(std::string_view text, Words parts) {
  return std::any_of(parts.begin(), parts.end(), [text](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}
bool EndsWith(std::string_view text, Words ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [text](std::string_view end) { return text.ends_with(end); });
}

// A name that says what happened, whatever its value says.
bool NameDecides(std::string_view name, bool takes_back) {
  if (Contains(name, {"count", "amount", "total", "qty", "quantity", "timeout", "able", "allowed",
                      "avoid", "threshold"})) {
    return false;
  }
  if (OneOf(name, {"test", "demo", "training", "istest", "testmode", "demomode"})) return true;
  if (Contains(name, {"training", "suspend", "orphan", "simulat", "onhold", "parked", "isdraft",
                      "quotation", "rejected", "incomplete", "nonstock", "nonmerchandise"})) {
    return true;
  }
  return !takes_back && Contains(name, {"void", "cancel", "abort", "revers", "storno", "annul",
                                        "rollback", "abandon", "deleted"});
}

// Names whose values are free text, numbers or things.
bool TellsNothing(std::string_view name) {
  return EndsWith(
      name, {"description", "name",  "text",    "note",       "comment",   "message", "reason",
             "reasoncode",  "id",    "number",  "date",       "time",      "amount",  "price",
             "quantity",    "count", "barcode", "department", "hierarchy", "brand",   "title"});
}

bool IsStatusName(std::string_view name) {
  return EndsWith(name, {"status", "statuscode", "state", "statecode", "outcome"}) &&
         !Contains(name, {"tax", "customer", "loyalty", "tender", "price", "member", "printer",
                          "coupon", "promotion"}) &&
         !OneOf(name, {"state", "status"});
}

bool IsReturnWord(std::string_view value) {
  return OneOf(Normal(value), {"return", "returned", "refund", "refunded"});
}

// A word that says that something did not happen, or was taken back.
bool ValueDecides(const Vocabulary& words, Place place, std::string_view value, bool takes_back) {
  const std::string word = Normal(value);
  if (word.empty() || word.size() > kMaxWordBytes) return false;
  if (OneOf(word,
            {"test", "demo", "simulation", "quote", "quotation", "estimate", "proforma", "draft",
             "rejected", "declined", "parked", "onhold", "school", "schulung", "practice"}) ||
      Contains(word, {"training", "suspend", "orphan"})) {
    return true;
  }
  const bool line = place == Place::kLineItem || place == Place::kGoods;
  const bool inventory = place == Place::kInventory || place == Place::kInventoryLine;
  if (place == Place::kGoods && words.Meaning(Question::kItemType, value) == "no_goods")
    return true;
  if (place == Place::kInventoryLine && (words.Meaning(Question::kCondition, value) == "damaged" ||
                                         Contains(word, {"expired", "recalled", "quarantine"}))) {
    return true;
  }
  if (takes_back) return false;
  if (!inventory && IsReturnWord(value)) return true;
  if (OneOf(word, {"delete", "remove"}) || (line && word == "removed")) return true;
  return words.Meaning(Question::kLineStatus, value) == "cancelled" ||
         words.Meaning(Question::kStatus, value) == "cancelled" ||
         words.Meaning(Question::kType, value) == "post_void" ||
         Contains(word, {"postvoid", "linevoid", "voidsale", "voidedsale", "salevoid", "cancelled",
                         "canceled", "reversal", "storno"}) ||
         word.starts_with("void") || word.ends_with("voided");
}

Question StatusQuestion(Place place) {
  switch (place) {
    case Place::kLineItem:
    case Place::kGoods:
    case Place::kInventoryLine:
      return Question::kLineStatus;
    case Place::kInventory:
      return Question::kDocumentState;
    default:
      return Question::kStatus;
  }
}

bool SaysNothingHappened(std::string_view value) {
  const auto flag = ReadFlag(value);
  return (flag && !*flag) || OneOf(Normal(value), {"none", "null", "nil", "na"});
}

Rejection Unread(std::string_view name, std::string_view value) {
  return {"unknown-word", std::string(name),
          fmt::format("\"{0}\" tells \"{1}\", and nobody has said what that decides. If it decides "
                      "nothing, add to [formats.poslog.words]: flag.\"{0}\" = \"harmless\"",
                      Printable(name, 60), Printable(value, 60))};
}

// Something comes back in it, so that it is no news that it is called a return.
bool HoldsReturn(XmlElement element, int depth = 3) {
  if (element.name() == "Return") return true;
  if (depth == 0) return false;
  for (const XmlElement child : element) {
    if (HoldsReturn(child, depth - 1)) return true;
  }
  return false;
}

bool IsGoodState(std::string_view meaning) {
  return OneOf(meaning, {"completed", "kept", "done", "resumed"});
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

// Parts that speak of money, people and papers, whatever words stand in them.
bool SpeaksOfOthers(std::string_view name) {
  return Contains(
      Normal(name),
      {"tender",  "payment",  "tax",       "customer", "operator",  "employee", "associate",
       "loyalty", "member",   "modif",     "discount", "promotion", "coupon",   "voucher",
       "author",  "approval", "signature", "printer",  "card",      "fiscal",   "survey"});
}

// A true that is written as a word; single letters and digits may be anything.
bool IsTrueWord(std::string_view value) {
  return OneOf(Normal(value), {"true", "yes", "ja", "wahr", "oui", "vrai"});
}

// Parts that are looked through by whoever reads them.
bool IsReadElsewhere(const Vocabulary& words, Place place, XmlElement part) {
  const std::string_view name = part.name();
  if (PointsAtTransaction(part) || Normal(name).ends_with("links")) return true;
  switch (place) {
    case Place::kTransaction:
      return name.ends_with("Transaction") || HoldsGoods(part);
    case Place::kReceipt:
      return OneOf(name, {"LineItem", "Total"}) || HoldsGoods(part);
    case Place::kLineItem:
      return !words.Meaning(Question::kElement, name).empty();
    case Place::kGoods:
    case Place::kInventoryLine:
      return name == "Disposal";
    default:
      return HoldsGoods(part) || name.ends_with("Document");
  }
}

// Everything below an element, where no table names anything.
class Deeper {
 public:
  Deeper(const Vocabulary& words, Place place, bool takes_back)
      : words_(words), place_(place), takes_back_(takes_back) {}

  std::optional<Rejection> Below(XmlElement element) {
    for (const XmlElement part : element) {
      if (SpeaksOfOthers(part.name()) || IsReadElsewhere(words_, place_, part)) continue;
      Part(part, false);
    }
    return std::move(rejection_);
  }

 private:
  // A leaf of the element itself has been read already, but for its attributes.
  void Part(XmlElement part, bool text) {
    part.ForEachAttribute(
        [this](std::string_view name, std::string_view value) { One(name, value); });
    const bool leaf = !(part.begin() != part.end());
    if (leaf && text) One(part.name(), part.PeekText());
    for (const XmlElement below : part) {
      if (!SpeaksOfOthers(below.name()) && !PointsAtTransaction(below)) Part(below, true);
    }
  }

  void One(std::string_view name, std::string_view value) {
    if (rejection_ || value.empty()) return;
    const std::string_view flag = words_.Meaning(Question::kFlag, name);
    if (OneOf(flag, {"harmless", "offline"})) return;
    const std::string normal = Normal(name);
    const bool decides = !flag.empty() || NameDecides(normal, takes_back_) ||
                         (!takes_back_ && OneOf(normal, {"isreturn", "isreturned", "isrefund"}));
    const auto is_true = ReadFlag(value);
    if (IsExpectedTrue(name) && is_true && !*is_true) rejection_ = Unread(name, value);
    const bool status = IsStatusName(normal) || OneOf(normal, {"status", "state"});
    if ((decides && !SaysNothingHappened(value)) ||
        (IsStatusName(normal) && !IsGoodState(words_.Meaning(StatusQuestion(place_), value))) ||
        ((status || !TellsNothing(normal)) && ValueDecides(words_, place_, value, takes_back_))) {
      rejection_ = Unread(name, value);
    }
  }

  const Vocabulary& words_;
  const Place place_;
  const bool takes_back_;
  std::optional<Rejection> rejection_;
};

bool IsTransactionNumber(std::string_view name) {
  return OneOf(name, {"sequencenumber", "transactionsequencenumber", "transactionnumber",
                      "transactionid", "receiptnumber"});
}

}  // namespace

std::optional<Rejection> UnreadWord(const Vocabulary& words, Place place, XmlElement element,
                                    bool takes_back) {
  std::optional<Rejection> rejection;
  bool attribute = true;
  const auto one = [&](std::string_view name, std::string_view value) {
    if (rejection || value.empty() || IsSlot(place, name)) return;
    if (place == Place::kInventory && IsSlot(Place::kControl, name)) return;
    if (!words.Meaning(Question::kFlag, name).empty()) return;  // read as a flag, or harmless
    const std::string normal = Normal(name);
    const bool true_word = !attribute && IsTrueWord(value) && !SpeaksOfOthers(name);
    if (true_word || (NameDecides(normal, takes_back) && !SaysNothingHappened(value))) {
      if (!(true_word && IsExpectedTrue(name))) rejection = Unread(name, value);
    } else if ((IsStatusName(normal) || (attribute && OneOf(normal, {"state", "result"}))) &&
               !IsGoodState(words.Meaning(StatusQuestion(place), value))) {
      rejection = Unread(name, value);
    } else if (!TellsNothing(normal) && ValueDecides(words, place, value, takes_back) &&
               !(IsReturnWord(value) && HoldsReturn(element))) {
      rejection = Unread(name, value);
    }
  };
  element.ForEachAttribute(one);
  attribute = false;
  for (const XmlElement child : element) {
    const bool leaf = !(child.begin() != child.end());
    if (IsSlot(place, child.name()) && child.PeekText().empty() && HoldsTextDeeper(child)) {
      if (!rejection) rejection = Unread(child.name(), "(not as its text)");
    } else if (leaf) {
      one(child.name(), child.PeekText());
    } else if (OneOf(words.Meaning(Question::kFlag, child.name()),
                     {"cancelled", "training", "suspended"})) {
      if (!rejection) rejection = Unread(child.name(), "(not as its text)");
    }
  }
  if (!rejection) {
    rejection = Deeper(words, place, takes_back || HoldsReturn(element)).Below(element);
  }
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
