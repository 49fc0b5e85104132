#include "agent/formats/poslog/inventory.h"

#include <algorithm>

#include "agent/formats/poslog/lines.h"
#include "agent/formats/poslog/words.h"
#include "common/base/text.h"
#include "common/event/gtin.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Kind;
using event::Rejection;

constexpr size_t kMaxLineItems = 20'000;
constexpr size_t kMaxDescriptionBytes = 2000;

enum class What : uint8_t { kShipped, kReceived, kTransfer, kAdjusted, kCounted, kSupplier, kNone };

struct TypeWord {
  std::string_view word;  // folded
  What what;
};
constexpr TypeWord kTypes[] = {
    {"shipping", What::kShipped},
    {"shipment", What::kShipped},
    {"inventoryshipping", What::kShipped},
    {"transfershipping", What::kShipped},
    {"shippingtransfer", What::kShipped},
    {"transferout", What::kShipped},
    {"dispatch", What::kShipped},
    {"receiving", What::kReceived},
    {"receipt", What::kReceived},
    {"reception", What::kReceived},
    {"inventoryreceiving", What::kReceived},
    {"inventoryreception", What::kReceived},
    {"inventoryreceipt", What::kReceived},
    {"transferreceiving", What::kReceived},
    {"receivingtransfer", What::kReceived},
    {"transferin", What::kReceived},
    {"transfer", What::kTransfer},
    {"inventorytransfer", What::kTransfer},
    {"storetransfer", What::kTransfer},
    {"transferdocument", What::kTransfer},
    {"adjustment", What::kAdjusted},
    {"stockadjustment", What::kAdjusted},
    {"inventoryadjustment", What::kAdjusted},
    {"inventoryloss", What::kAdjusted},
    {"count", What::kCounted},
    {"stockcount", What::kCounted},
    {"inventorycount", What::kCounted},
    {"physicalcount", What::kCounted},
    {"physicalinventory", What::kCounted},
    {"stocktaking", What::kCounted},
    {"cyclecount", What::kCounted},
    {"inventoryreturn", What::kSupplier},
    {"returntovendor", What::kSupplier},
    {"purchaseorder", What::kSupplier},
};

What WhatOf(std::string_view told) {
  const std::string word = Folded(told);
  for (const TypeWord& type : kTypes) {
    if (type.word == word) return type.what;
  }
  return What::kNone;
}

struct ReasonWord {
  std::string_view word, reason;
};
constexpr ReasonWord kReasons[] = {
    {"damage", "damage"},         {"damaged", "damage"},
    {"breakage", "damage"},       {"theft", "theft"},
    {"stolen", "theft"},          {"shrink", "theft"},
    {"shrinkage", "theft"},       {"found", "found"},
    {"waste", "waste"},           {"spoilage", "waste"},
    {"expired", "waste"},         {"destroyed", "waste"},
    {"writeoff", "waste"},        {"ownuse", "own_use"},
    {"storeuse", "own_use"},      {"internaluse", "own_use"},
    {"correction", "correction"}, {"correctiveadjustment", "correction"},
    {"recount", "correction"},    {"other", "other"}};

class Reader {
 public:
  Reader(const InventorySource& source, event::Event* event)
      : head_(source.head), body_(source.body), event_(*event) {}

  std::optional<Rejection> Run(bool* mapped) {
    FindDocument();
    *mapped = !Draft();
    if (!*mapped) return std::nullopt;
    switch (what_) {
      case What::kShipped:
      case What::kReceived:
      case What::kTransfer:
        Transfer();
        break;
      case What::kAdjusted:
        Adjustment();
        break;
      case What::kCounted:
        Count();
        break;
      case What::kSupplier:
        Refuse("unsupported", type_, "goods of suppliers: send them as stock_adjusted");
        break;
      case What::kNone:
        Refuse("unsupported", "DocumentTypeCode",
               type_.empty() ? "the document does not say what it is"
                             : "this document moves stock in a way that no rule here knows");
    }
    if (!rejection_) Lines(document_);
    if (!rejection_ && what_ == What::kAdjusted) Reason();
    if (!rejection_ && event_.lines.empty()) {
      Refuse("missing-field", "LineItem", "the document names no goods");
    }
    if (rounded_) event_.origin->flags.emplace_back("rounded");
    return std::move(rejection_);
  }

 private:
  // The document may stand in an element of its own, which may bear the type's name.
  void FindDocument() {
    document_ = body_;
    for (const XmlElement child : body_) {
      const bool named = WhatOf(child.name()) != What::kNone && child.begin() != child.end();
      if (child.name() == "InventoryControlDocument" || named) document_ = child;
    }
    std::string_view told = document_.TextOf("DocumentTypeCode");
    for (const char* name : {"DocumentTypeCode", "TypeCode", "DocumentType"}) {
      if (told.empty()) told = document_.Attribute(name);
      if (told.empty()) told = body_.Attribute(name);
    }
    if (WhatOf(told) == What::kNone && WhatOf(document_.name()) != What::kNone) {
      told = document_.name();
    }
    type_ = Printable(told, 40);
    what_ = WhatOf(told);
  }

  std::string State() const {
    std::string_view told = FirstText(
        document_, {"InventoryControlDocumentState", "DocumentStateCode", "DocumentState"});
    if (told.empty()) told = document_.Attribute("Status");
    return Folded(told);
  }
  bool Draft() const {
    return OneOf(State(), {"draft", "open", "requested", "approved", "ordered", "planned",
                           "inprogress", "suspended"});
  }
  bool Voided() const {
    return OneOf(State(), {"cancelled", "canceled", "voided", "void", "deleted"});
  }

  std::string Text(std::initializer_list<std::string_view> names) {
    const std::string_view told = FirstText(document_, names);
    if (told.size() > kMaxIdBytes) Refuse("bad-value", *names.begin(), "longer than 128 bytes");
    return std::string(told.substr(0, kMaxIdBytes));
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
    if (!last.empty()) t.is_final = IsTrue(last);
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
    c.kind = Folded(type_).starts_with("cycle") ? "cycle" : "full";
    c.as_of = head_.end_at;
    c.business_day = head_.business_day;
  }

  // Of the document, else the one that all lines agree on.
  void Reason() {
    std::string_view told = FirstText(document_, {"ReasonCode", "AdjustmentReasonCode",
                                                  "InventoryAdjustmentType", "AdjustmentType"});
    for (const char* name : {"ReasonCode", "TypeCode"}) {
      if (told.empty()) told = document_.Attribute(name);
    }
    std::string word = Folded(told);
    for (const event::Line& line : event_.lines) {
      if (!told.empty() || line.reason.empty()) continue;
      if (!word.empty() && word != Folded(line.reason)) {
        return Refuse("unsupported", "ReasonCode", "one reason a document");
      }
      word = Folded(line.reason);
    }
    if (word.empty()) return Refuse("missing-field", "ReasonCode", "say why stock is adjusted");
    std::string& reason = event_.adjustment->reason;
    reason = "other";
    for (const ReasonWord& known : kReasons) {
      if (known.word == word) reason = known.reason;
    }
    for (event::Line& line : event_.lines) Signs(reason, &line);
  }

  // A correction is signed: more or less. A loss is less, with a minus or without.
  void Signs(const std::string& reason, event::Line* line) {
    const bool minus = line->direction == "decrease";
    if (reason == "found" && minus) {
      return Refuse("bad-value", "UnitCount", "what was found cannot be less");
    }
    if (reason != "correction" && reason != "other") line->direction.clear();
  }

  void Lines(XmlElement parent) {
    for (const XmlElement child : parent) {
      const std::string name = Folded(child.name());
      if (name.ends_with("lineitems")) {
        Lines(child);
      } else if (name.ends_with("lineitem")) {
        if (event_.lines.size() >= kMaxLineItems) {
          return Refuse("bad-value", "LineItem", "more lines than any document has");
        }
        OneLine(child);
      }
      if (rejection_) return;
    }
  }

  void OneLine(XmlElement item) {
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
    Quantities(item, &line);
    if (!rejection_) event_.lines.push_back(std::move(line));
  }

  void Quantities(XmlElement item, event::Line* line) {
    XmlElement main = FirstOf(item, {"Quantity", "UnitCount"});
    if (what_ == What::kShipped) {
      if (!main) main = FirstOf(item, {"ShippedUnitCount", "ShippedQuantity"});
    } else if (what_ == What::kReceived) {
      const XmlElement told = FirstOf(item, {"ReceivedUnitCount", "ReceivedQuantity"});
      if (told) main = told;
    } else if (what_ == What::kCounted) {
      const XmlElement told = FirstOf(item, {"CountedUnitCount", "CountedQuantity"});
      if (told) main = told;
    }
    const auto value = Value(main);
    if (!value) return RefuseLine("missing-field", "Quantity", "a line needs it");
    Unit(item, main, line);
    switch (what_) {
      case What::kAdjusted:
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

  // Good, damaged and expected units of an arrival.
  void Arrived(XmlElement item, event::Line* line) {
    line->quantity_damaged = Value(FirstOf(item, {"DamagedUnitCount", "DamagedQuantity"}));
    line->quantity_expected = Value(FirstOf(
        item, {"ExpectedUnitCount", "ExpectedQuantity", "ShippedUnitCount", "ShippedQuantity"}));
    const std::string condition = Folded(item.TextOf("InventoryConditionCode"));
    if (condition == "damaged" && !line->quantity_damaged) {
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
    if (unit.empty()) unit = FirstText(item, {"UnitOfMeasureCode", "UnitOfMeasure"});
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

  void RefuseLine(const char* reason, std::string_view field, std::string hint) {
    Refuse(reason, "LineItem[" + Printable(number_, 20) + "]." + std::string(field),
           std::move(hint));
  }
  void Refuse(const char* reason, std::string_view field, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, std::string(field), std::move(hint)};
  }

  const event::Transaction& head_;
  const XmlElement body_;
  event::Event& event_;
  XmlElement document_;
  std::string type_, number_;
  What what_ = What::kNone;
  bool rounded_ = false;
  std::optional<Rejection> rejection_;
};

}  // namespace

std::optional<Rejection> ReadInventory(const InventorySource& source, event::Event* event,
                                       bool* mapped) {
  return Reader(source, event).Run(mapped);
}

}  // namespace tillrelay::formats::poslog
