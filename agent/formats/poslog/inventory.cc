#include "agent/formats/poslog/inventory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/lines.h"
#include "agent/formats/poslog/quantities.h"
#include "agent/formats/poslog/unread_words.h"
#include "common/base/text.h"
#include "common/event/gtin.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Kind;
using event::Rejection;

constexpr size_t kMaxLineItems = 20'000;
constexpr size_t kMaxDescriptionBytes = 2000;

enum class What : uint8_t {
  kShipped,
  kReceived,
  kTransfer,
  kAdjusted,
  kLost,
  kCounted,
  kSupplier,
  kNone
};

What WhatOf(std::string_view meaning) {
  static constexpr std::pair<std::string_view, What> kMeanings[] = {
      {"shipped", What::kShipped},   {"received", What::kReceived}, {"transfer", What::kTransfer},
      {"adjusted", What::kAdjusted}, {"lost", What::kLost},         {"counted", What::kCounted},
      {"refused", What::kSupplier}};
  for (const auto& [word, what] : kMeanings) {
    if (word == meaning) return what;
  }
  return What::kNone;
}

class Reader {
 public:
  Reader(const InventorySource& source, event::Event* event)
      : head_(source.head), body_(source.body), words_(source.words), event_(*event) {}

  std::optional<Rejection> Run(bool* mapped) {
    FindDocument();
    if (!rejection_) State();
    *mapped = !draft_ || rejection_;
    if (draft_ || rejection_) return std::move(rejection_);
    switch (what_) {
      case What::kShipped:
      case What::kReceived:
      case What::kTransfer:
        Transfer();
        break;
      case What::kAdjusted:
      case What::kLost:
        Adjustment();
        break;
      case What::kCounted:
        Count();
        break;
      case What::kSupplier:
        Refuse("unsupported", "DocumentTypeCode",
               "goods of suppliers: send them as stock_adjusted");
        break;
      case What::kNone:
        Refuse("unsupported", "DocumentTypeCode", "the document does not say what it is");
    }
    if (!rejection_) Lines(document_);
    const bool adjusted = what_ == What::kAdjusted || what_ == What::kLost;
    if (!rejection_ && adjusted && !event_.lines.empty()) Reason();
    if (!rejection_ && event_.lines.empty()) {
      *mapped = cancelled_lines_ == 0;
      if (*mapped) Refuse("missing-field", "LineItem", "the document names no goods");
    }
    if (rounded_) event_.origin->flags.emplace_back("rounded");
    return std::move(rejection_);
  }

 private:
  // The document may stand in an element of its own, which may bear the type's name.
  void FindDocument() {
    document_ = body_;
    size_t documents = 0;
    for (const XmlElement child : body_) {
      const bool named = What::kNone != OfElement(child) && child.begin() != child.end();
      if (child.name() != "InventoryControlDocument" && !named) continue;
      document_ = child;
      if (++documents > 1) {
        return Refuse("unsupported", child.name(),
                      "it holds two documents; give each a Transaction of its own");
      }
    }
    const auto take = [this](std::string_view meaning) { Take(WhatOf(meaning)); };
    Check(words_.Read(Question::kDocumentType, Place::kInventory, document_, take));
    Check(words_.Read(Question::kDocumentType, Place::kInventory, body_, take));
    TypeOfTransaction();
    if (what_ == What::kNone) what_ = OfElement(document_);
  }

  // The transaction itself may tell it as well.
  void TypeOfTransaction() {
    const auto one = [this](std::string_view name, std::string_view word) {
      if (word.empty() || !OneOf(Normal(name), {"inventorydocumenttype", "documenttypecode",
                                                "inventorydocumenttypecode", "documenttype"})) {
        return;
      }
      const std::string_view meaning = words_.Meaning(Question::kDocumentType, word);
      if (meaning.empty()) return Check(words_.Unknown(Question::kDocumentType, name, word));
      Take(WhatOf(meaning));
    };
    const XmlElement transaction = body_.parent();
    transaction.ForEachAttribute(one);
    for (const XmlElement child : transaction) one(child.name(), child.PeekText());
  }

  What OfElement(XmlElement element) const {
    return WhatOf(words_.Meaning(Question::kDocumentType, element.name()));
  }

  void Take(What what) {
    if (what_ != What::kNone && what_ != what) {
      Refuse("unsupported", "DocumentTypeCode", "the document says two things of what it is");
    }
    what_ = what;
  }

  // Only what was carried out has moved stock. A document without a state was.
  void State() {
    bool done = false;
    const auto take = [&](std::string_view meaning) {
      draft_ = draft_ || meaning == "draft";
      voided_ = voided_ || meaning == "cancelled";
      done = done || meaning == "done";
    };
    Check(
        ToldTwice(document_, {"SerialFormID", "SourceRetailStoreID", "DestinationRetailStoreID"}));
    Check(words_.Read(Question::kDocumentState, Place::kInventory, document_, take));
    Check(words_.Read(Question::kDocumentState, Place::kInventory, body_, take));
    Check(words_.ReadFlags(document_, [this](std::string_view meaning) {
      if (meaning == "cancelled") voided_ = true;
      if (meaning == "training" || meaning == "suspended") draft_ = true;
    }));
    if (!draft_ && document_.name() != body_.name()) {
      Check(UnreadWord(words_, Place::kInventory, document_, voided_));
    }
    if (int{draft_} + int{voided_} + int{done} > 1) {
      Refuse("unsupported", "InventoryControlDocumentState",
             "the document says two things of its state");
    }
  }
  bool Voided() const { return voided_; }

  std::string Text(std::initializer_list<std::string_view> names) {
    const std::string_view reported = FirstText(document_, names);
    if (reported.size() > kMaxIdBytes) Refuse("bad-value", *names.begin(), "longer than 128 bytes");
    return std::string(reported.substr(0, kMaxIdBytes));
  }
  std::string Number() {
    std::string number = Text({"TransferID", "InventoryControlDocumentID", "DocumentID",
                               "DocumentNumber", "SerialFormID"});
    if (number.empty()) {
      Refuse("missing-field", "InventoryControlDocumentID", "the document needs its number");
    }
    return number;
  }

  void Transfer() {
    event::Transfer& t = event_.transfer.emplace();
    t.transfer_id = Number();
    t.from_store_id = Text(
        {"SourceRetailStoreID", "SourceRetailStore", "FromRetailStoreID", "SourceBusinessUnitID"});
    t.to_store_id = Text({"DestinationRetailStoreID", "DestinationRetailStore", "ToRetailStoreID",
                          "DestinationBusinessUnitID"});
    if (what_ == What::kTransfer) Direction(t);
    if (rejection_) return;
    const bool received = what_ == What::kReceived;
    std::string& own = received ? t.to_store_id : t.from_store_id;
    if (own.empty()) own = head_.store_id;
    const std::string& other = received ? t.from_store_id : t.to_store_id;
    if (other.empty() || other == own) {
      return Refuse("missing-field", received ? "SourceRetailStoreID" : "DestinationRetailStoreID",
                    "a transfer names the other store; send goods of suppliers as stock_adjusted");
    }
    t.business_day = head_.business_day;
    event_.kind = received ? Kind::kTransferReceived : Kind::kTransferShipped;
    if (Voided()) {
      if (received) {
        return Refuse("unsupported", "InventoryControlDocumentState",
                      "send a taken back arrival as stock_adjusted");
      }
      event_.kind = Kind::kTransferVoided;
    }
    (received                               ? t.received_at
     : event_.kind == Kind::kTransferVoided ? t.voided_at
                                            : t.shipped_at) = head_.end_at;
    if (!received) return;
    t.receipt_id = Text({"ReceiptID", "ReceivingDocumentID", "ReceiptNumber"});
    if (t.receipt_id.empty()) {
      t.receipt_id = head_.register_id + "-" + head_.business_day + "-" + head_.transaction_no;
    }
    const std::string_view last = FirstText(document_, {"FinalReceiptFlag", "FinalFlag"});
    if (last.empty()) return;
    t.is_final = ReadFlag(last);
    if (!t.is_final) Refuse("bad-value", "FinalReceiptFlag", "it is neither true nor false");
  }

  bool Cycle() const {
    for (const XmlElement part : {document_, body_}) {
      if (Normal(part.name()).starts_with("cycle")) return true;
      for (const char* name : {"DocumentTypeCode", "TypeCode", "DocumentType"}) {
        if (Normal(part.Attribute(name)).starts_with("cycle")) return true;
        if (Normal(part.TextOf(name)).starts_with("cycle")) return true;
      }
    }
    return false;
  }

  // A plain transfer: its stores tell whether it leaves or arrives.
  void Direction(const event::Transfer& t) {
    const bool leaves = t.from_store_id == head_.store_id;
    const bool arrives = t.to_store_id == head_.store_id;
    if (leaves == arrives) {
      return Refuse("bad-value", "DocumentTypeCode",
                    "the stores do not tell whether this transfer leaves or arrives");
    }
    what_ = leaves ? What::kShipped : What::kReceived;
  }

  void Adjustment() {
    event_.kind = Kind::kStockAdjusted;
    if (Voided()) Refuse("unsupported", "InventoryControlDocumentState", "send the opposite");
    event::Adjustment& a = event_.adjustment.emplace();
    a.adjustment_id = Number();
    a.store_id = head_.store_id;
    a.business_day = head_.business_day;
    a.adjusted_at = head_.end_at;
  }

  void Count() {
    event_.kind = Kind::kStockCounted;
    if (Voided()) Refuse("unsupported", "InventoryControlDocumentState", "count again");
    event::Count& c = event_.count.emplace();
    c.count_id = Number();
    c.store_id = head_.store_id;
    c.kind = Cycle() ? "cycle" : "full";
    c.as_of = head_.end_at;
    c.business_day = head_.business_day;
  }

  // Of the document, else the one that all lines agree on. A loss is less, whatever its reason is
  // called.
  void Reason() {
    std::string reason;
    bool two = false;
    const auto take = [&](std::string_view meaning) {
      two = two || (!reason.empty() && reason != meaning);
      reason = meaning;
    };
    std::optional<Rejection> unknown;
    for (const XmlElement part : {document_, body_}) {
      if (!unknown) unknown = words_.Read(Question::kReason, Place::kInventory, part, take);
    }
    for (const XmlElement line : line_elements_) {
      if (!unknown) unknown = words_.Read(Question::kReason, Place::kInventoryLine, line, take);
    }
    const bool lost = what_ == What::kLost;
    if (unknown && lost) reason = "other";
    if (unknown && !lost) return Check(std::move(unknown));
    if (two) return Refuse("unsupported", "ReasonCode", "one reason a document");
    if (reason.empty()) return Refuse("missing-field", "ReasonCode", "say why stock is adjusted");
    event_.adjustment->reason = reason;
    for (size_t i = 0; i < event_.lines.size(); ++i) {
      const std::string way = WayOf(line_elements_[i]);
      lost ? Loss(reason, way, &event_.lines[i]) : Signs(reason, {way, plus_[i]}, &event_.lines[i]);
    }
  }

  // Whether a line says in a word that stock is more or less; "" if it does not.
  std::string WayOf(XmlElement line) {
    std::string way;
    const auto take = [&](std::string_view meaning) {
      if (!way.empty() && way != meaning) {
        Refuse("bad-value", "Direction", "it says both, more and less");
      }
      way = meaning;
    };
    for (const XmlElement part : {document_, body_}) {
      Check(words_.Read(Question::kDirection, Place::kInventory, part, take));
    }
    Check(words_.Read(Question::kDirection, Place::kInventoryLine, line, take));
    for (const char* name : {"Quantity", "UnitCount"}) {
      const XmlElement quantity = line.Child(name);
      Check(words_.Read(Question::kDirection, Place::kInventoryLine, quantity, take));
    }
    return way;
  }

  void Loss(const std::string& reason, const std::string& way, event::Line* line) {
    if (reason == "found" || way == "increase") {
      return Refuse("bad-value", "ReasonCode", "what was found is no loss");
    }
    line->direction = reason == "correction" || reason == "other" ? "decrease" : "";
  }

  struct Told {
    std::string way;  // in a word
    bool plus;        // by a sign
  };
  // Of a correction, and of what has a reason of its own, it must be written whether stock is more
  // or less. What has another reason goes its way, with a minus or without.
  void Signs(const std::string& reason, const Told& reported, event::Line* line) {
    const bool minus = line->direction == "decrease";
    const bool more = reported.plus || reported.way == "increase";
    const bool less = minus || reported.way == "decrease";
    const bool open = reason == "correction" || reason == "other";
    if (reason == "found" && less) {
      return Refuse("bad-value", "UnitCount", "what was found cannot be less");
    }
    if (reason != "found" && more && (less || !open)) {
      return Refuse("bad-value", "UnitCount",
                    "the sign and the words of this adjustment contradict each other");
    }
    if (!open) return line->direction.clear();
    if (!more && !less && !(reason == "correction" && signed_)) {
      return Refuse("missing-field", "ReasonCode",
                    "this reason does not say whether stock is more or less; write the quantity "
                    "with its sign, +3 or -3");
    }
    line->direction = less ? "decrease" : "increase";
  }

  void Lines(XmlElement parent) {
    for (const XmlElement child : parent) {
      const std::string name = Normal(child.name());
      if (name.ends_with("lineitems")) {
        Lines(child);
      } else if (name.ends_with("lineitem")) {
        if (event_.lines.size() >= kMaxLineItems) {
          return Refuse("bad-value", "LineItem", "more lines than any document has");
        }
        OneLine(child);
      } else if (HoldsGoods(child)) {
        Refuse("unsupported", child.name(),
               "it names goods, and it is not known what happened to them");
      }
      if (rejection_) return;
    }
  }

  void OneLine(XmlElement item) {
    bool cancelled = false;
    const auto take = [&](std::string_view meaning) {
      cancelled = cancelled || meaning == "cancelled";
      if (meaning == "training" || meaning == "suspended") {
        Refuse("unsupported", "LineItem", "this flag belongs to a document, not to a line");
      }
    };
    CheckLine(words_.ReadFlags(item, take));
    CheckLine(words_.Read(Question::kLineStatus, Place::kInventoryLine, item, take));
    if (rejection_) return;
    if (cancelled) {
      ++cancelled_lines_;
      return;
    }
    CheckLine(UnreadWord(words_, Place::kInventoryLine, item, voided_));
    CheckLine(ToldTwice(item, {"ItemID", "Item"}));
    if (rejection_) return;
    event::Line line;
    line.source_line_no = Short(FirstText(item, {"InventoryControlDocumentLineItemID",
                                                 "SequenceNumber", "DetSequenceNumber"}),
                                kMaxIdBytes);
    number_ = line.source_line_no;
    const std::string_view scanned = item.Child("POSIdentity").TextOf("POSItemID");
    std::string_view sku = FirstText(item, {"ItemID", "Item"});
    if (sku.empty()) sku = scanned;
    if (sku.empty() || sku.size() > kMaxIdBytes) {
      return RefuseLine(sku.empty() ? "missing-field" : "bad-value", "ItemID",
                        "a line names its item in at most 128 bytes");
    }
    line.item.sku = std::string(sku);
    line.item.gtin = event::NormaliseGtin(scanned.empty() ? sku : scanned);
    line.item.description =
        Short(FirstText(item, {"Description", "ItemDescription"}), kMaxDescriptionBytes);
    line.reason = Short(FirstText(item, {"ReasonCode", "AdjustmentReasonCode"}), kMaxIdBytes);
    ReadSerials(item, &line.serials);
    Quantities(item, &line);
    if (!rejection_) Held(item, &line);
    if (!rejection_) GoesItsWay(item);
    line_elements_.push_back(item);
    if (!rejection_) event_.lines.push_back(std::move(line));
  }

  // Goods inside of goods, and a condition that is not the one in which this document moves them.
  void Held(XmlElement item, event::Line* line) {
    for (const XmlElement part : item) {
      if (HoldsGoods(part)) {
        return RefuseLine("unsupported", part.name(),
                          "it names goods inside of goods; send a line for each");
      }
    }
    if (what_ == What::kReceived || what_ == What::kAdjusted || what_ == What::kLost) return;
    bool damaged = false;
    CheckLine(words_.Read(Question::kCondition, Place::kInventoryLine, item,
                          [&](auto meaning) { damaged = damaged || meaning == "damaged"; }));
    if (damaged && what_ == What::kCounted) {
      line->bucket = "damaged";
    } else if (damaged) {
      RefuseLine("unsupported", "Condition",
                 "damaged goods are none of those for sale; send this as a canonical document");
    }
  }

  // A direction that is told of a transfer or a count is the one that its type says. A line is
  // added to a document of any type; what is removed from one is not told in it.
  void GoesItsWay(XmlElement item) {
    if (what_ == What::kAdjusted || what_ == What::kLost) return;
    const auto one = [this](std::string_view name, std::string_view word) {
      const std::string slot = Normal(name);
      const bool sign = OneOf(slot, {"action", "sign"});
      if (word.empty() || !(sign || OneOf(slot, {"direction", "directioncode"}))) return;
      const std::string_view meaning = words_.Meaning(Question::kDirection, word);
      if (meaning.empty()) return CheckLine(words_.Unknown(Question::kDirection, name, word));
      const bool more = meaning == "increase" && !sign, less = meaning == "decrease";
      const bool right = what_ == What::kShipped ? !more && !(slot == "action" && less) : !less;
      if (!right || (what_ == What::kCounted && more)) {
        RefuseLine("bad-value", name, "it goes another way than the type of its document says");
      }
    };
    for (const XmlElement part : {item, document_, body_}) {
      part.ForEachAttribute(one);
      for (const XmlElement child : part) one(child.name(), child.PeekText());
    }
  }

  void Quantities(XmlElement item, event::Line* line) {
    XmlElement main = FirstOf(item, {"Quantity", "UnitCount"});
    if (what_ == What::kShipped) {
      if (!main) main = FirstOf(item, {"ShippedUnitCount", "ShippedQuantity"});
    } else if (what_ == What::kReceived) {
      const XmlElement reported = FirstOf(item, {"ReceivedUnitCount", "ReceivedQuantity"});
      if (reported) main = reported;
    } else if (what_ == What::kCounted) {
      const XmlElement reported = FirstOf(item, {"CountedUnitCount", "CountedQuantity"});
      if (reported) main = reported;
    }
    const auto value = Value(main);
    if (!value) return RefuseLine("missing-field", "Quantity", "a line needs it");
    Unit(item, main, line);
    CheckLine(Contradiction(item, {main, *value, line->uom}));
    switch (what_) {
      case What::kAdjusted:
      case What::kLost:
        plus_.push_back(main.text().starts_with('+'));
        signed_ = signed_ || plus_.back() || value->negative();
        line->direction = value->negative() ? "decrease" : "increase";
        line->quantity = Magnitude(*value);
        return;
      case What::kCounted:
        line->counted = value;
        line->book = Value(FirstOf(item, {"BookUnitCount", "BookQuantity", "OnHandUnitCount"}));
        return;
      default:
        if (value->negative()) {
          return RefuseLine("bad-value", "Quantity", "a transfer's quantity is not negative");
        }
        line->quantity = value;
        if (what_ == What::kReceived) Arrived(item, line);
    }
  }

  // Other numbers of what is read. What was expected or stands in the books may differ.
  std::optional<Rejection> Contradiction(XmlElement item, const ReadQuantity& read) {
    if (auto why = OtherUnits(read)) return why;
    if (auto why = OtherUnit(read)) return why;
    if (auto why = OtherUnitBeside(item, read)) return why;
    for (const XmlElement place : {item, read.element}) {
      if (auto why = Multiplied(place)) return why;
    }
    const bool adjusted = what_ == What::kAdjusted || what_ == What::kLost;
    if (auto why = adjusted ? std::nullopt : SignBeside(words_, read.element)) return why;
    const bool plain = OneOf(read.element.name(), {"Quantity", "UnitCount"});
    if (what_ == What::kReceived && !plain) {
      return OtherQuantity(item, read,
                           {"receivedunitcount", "receivedquantity", "acceptedunitcount",
                            "acceptedquantity", "acceptedqty"});
    }
    if (what_ == What::kCounted && !plain) {
      return OtherQuantity(item, read, {"countedunitcount", "countedquantity"});
    }
    if (what_ == What::kReceived) {
      return OtherQuantity(
          item, read,
          {"quantity", "unitcount", "acceptedunitcount", "acceptedquantity", "acceptedqty"});
    }
    return OtherQuantity(item, read,
                         {"quantity", "unitcount", "shippedunitcount", "shippedquantity"});
  }

  // Good, damaged and expected units of an arrival.
  void Arrived(XmlElement item, event::Line* line) {
    line->quantity_damaged = Value(FirstOf(item, {"DamagedUnitCount", "DamagedQuantity"}));
    line->quantity_expected = Value(FirstOf(
        item, {"ExpectedUnitCount", "ExpectedQuantity", "ShippedUnitCount", "ShippedQuantity"}));
    bool damaged = false;
    CheckLine(words_.Read(Question::kCondition, Place::kInventoryLine, item,
                          [&](auto meaning) { damaged = damaged || meaning == "damaged"; }));
    if (damaged && !line->quantity_damaged) {
      line->quantity_damaged = std::exchange(line->quantity, Decimal());
    }
    if (!line->quantity_damaged || !line->quantity_expected) return;
    const auto all = line->quantity->Plus(*line->quantity_damaged);
    if (all.ok() && *all > *line->quantity_expected &&
        *line->quantity <= *line->quantity_expected && !line->quantity_damaged->zero()) {
      RefuseLine("bad-value", "DamagedUnitCount",
                 "it is not clear whether the received units include the damaged ones");
    }
  }

  void Unit(XmlElement item, XmlElement quantity, event::Line* line) {
    std::string_view unit = quantity.Attribute("UnitOfMeasureCode");
    if (unit.empty()) unit = UnitBeside(item);
    line->uom = event::UomOf(unit);
    if (line->uom.empty()) RefuseLine("bad-value", "UnitOfMeasureCode", "this unit is not known");
  }

  std::optional<Decimal> Value(XmlElement element) {
    std::optional<Decimal> value;
    if (element && !ReadNumber(element.text(), &value, &rounded_)) {
      RefuseLine("bad-value", element.name(), "expected a decimal number such as 12.50");
    }
    return value;
  }

  void Check(std::optional<Rejection> rejection) {
    if (!rejection_) rejection_ = std::move(rejection);
  }
  void CheckLine(std::optional<Rejection> rejection) {
    if (rejection) rejection->field = "LineItem." + rejection->field;
    Check(std::move(rejection));
  }
  void RefuseLine(const char* reason, std::string_view field, std::string hint) {
    Refuse(reason, "LineItem[" + Printable(number_, 20) + "]." + std::string(field),
           std::move(hint));
  }
  void Refuse(const char* reason, std::string_view field, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, std::string(field), std::move(hint)};
  }

  const event::Transaction& head_;
  const XmlElement body_;
  const Vocabulary& words_;
  event::Event& event_;
  XmlElement document_;
  std::string number_;
  What what_ = What::kNone;
  bool draft_ = false, voided_ = false;
  std::vector<bool> plus_;  // by line: its quantity was written with a plus
  bool signed_ = false;     // some line has a sign, so that one without it is more
  size_t cancelled_lines_ = 0;
  std::vector<XmlElement> line_elements_;
  bool rounded_ = false;
  std::optional<Rejection> rejection_;
};

}  // namespace

std::optional<Rejection> ReadInventory(const InventorySource& source, event::Event* event,
                                       bool* mapped) {
  return Reader(source, event).Run(mapped);
}

}  // namespace tillrelay::formats::poslog
