#include "agent/formats/poslog/lines.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/quantities.h"
#include "agent/formats/poslog/tenders.h"
#include "agent/formats/poslog/unread_words.h"
#include "common/base/text.h"
#include "common/event/gs1_code.h"
#include "common/event/gtin.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

constexpr size_t kMaxLineItems = 20'000;
constexpr size_t kMaxDescriptionBytes = 2000;
constexpr int kAnyYear = 2026;  // of dates in codes, which are not asked for here
constexpr int64_t kCent = Decimal::kUnit / 100;

__extension__ using Wide = __int128;

// Nothing where the product leaves the limits.
std::optional<Decimal> Times(Decimal a, Decimal b) {
  const auto micros = static_cast<Wide>(a.micros()) * b.micros() / Decimal::kUnit;
  if (micros > Decimal::kMaxMicros || micros < -Decimal::kMaxMicros) return std::nullopt;
  return Decimal::FromMicros(static_cast<int64_t>(micros), std::max(a.scale(), b.scale()));
}

// What a line says of itself, in all of its places.
struct LineWords {
  bool cancelled = false, returned = false;
  std::optional<Rejection> rejection;

  void Take(std::optional<Rejection> more) {
    if (!rejection) rejection = std::move(more);
  }
  void Read(const Vocabulary& words, Place place, XmlElement element) {
    Take(words.ReadFlags(element, [&](std::string_view meaning) {
      cancelled = cancelled || meaning == "cancelled";
      if (meaning == "cancelled" || meaning == "offline") return;
      Take(Rejection{"unsupported", std::string(element.name()),
                     "this flag belongs to a transaction, not to a line"});
    }));
    Take(words.Read(Question::kLineStatus, place, element, [&](std::string_view meaning) {
      cancelled = cancelled || meaning == "cancelled";
    }));
    Take(words.Read(Question::kLineType, place, element,
                    [&](std::string_view meaning) { returned = returned || meaning == "return"; }));
  }
};

class Reader {
 public:
  Reader(const LinesSource& source, Basket* basket)
      : source_(source), dialect_(source.dialect), words_(source.words), basket_(*basket) {}

  std::optional<Rejection> Run() {
    size_t count = 0;
    for (const XmlElement item : source_.retail) {
      if (item.name() != "LineItem") {
        if (HoldsGoods(item)) PassedOver(item);
        if (rejection_) return std::move(rejection_);
        continue;
      }
      if (++count > kMaxLineItems) Refuse("bad-value", "", "more lines than any receipt has");
      number_ = item.TextOf("SequenceNumber");
      NoteNumber();
      Item(item);
      if (rejection_) return std::move(rejection_);
    }
    if (!numbers_.empty()) {
      basket_.vanished = *numbers_.rbegin() - static_cast<int64_t>(numbers_.size());
    }
    return std::nullopt;
  }

 private:
  void NoteNumber() {
    int64_t number = 0;
    const char* end = number_.data() + number_.size();
    if (std::from_chars(number_.data(), end, number).ptr == end && number > 0) {
      numbers_.insert(number);
    }
  }

  void Item(XmlElement item) {
    LineWords own;
    own.Read(words_, Place::kLineItem, item);
    if (own.rejection) return Refuse(*std::move(own.rejection));
    // A flag on what is no goods line: in place it is simply gone; elsewhere its sign tells.
    const bool gone = own.cancelled && dialect_.voids == Voids::kInPlace && !basket_.all_flagged;
    bool known = false, unknown = false;
    for (const XmlElement body : item) {
      const std::string_view meaning = words_.Meaning(Question::kElement, body.name());
      if (meaning == "refused") {
        return Refuse("unsupported", body.name(), "send this as a canonical document");
      }
      known = known || !meaning.empty();
      if (meaning.empty()) {
        const bool part = body.begin() != body.end();
        unknown = unknown || part;
        if (part ? CouldBeGoods(body) : HoldsGoods(body)) return PassedOver(body);
        if (!part && !PlainName(body) && CouldBeGoods(body)) return PassedOver(body);
      } else if (meaning != "harmless") {
        Goods(item, body, meaning, own);
      } else if (!gone) {
        Beside(item, body);
        Amounts(body, own.returned);
      } else if (body.name() == "Tender") {
        basket_.names_tenders = true;
      }
    }
    if (HoldsGoods(item, 0)) return PassedOver(item);
    if (known || !unknown) return;
    for (const XmlElement body : item) {
      if (body.begin() != body.end()) basket_.passed_over = body.name();
    }
  }

  // An element with nothing in it but its text.
  static bool PlainName(XmlElement element) {
    bool plain = true;
    element.ForEachAttribute([&plain](std::string_view, std::string_view) { plain = false; });
    return plain;
  }

  void PassedOver(XmlElement element) {
    Refuse(words_.Unknown(Question::kElement, element.name(), element.name()));
  }

  // What says that a payment, a tax or a discount never was.
  void Beside(XmlElement item, XmlElement body) {
    const bool takes_back = basket_.negated || basket_.takes_back;
    auto why = UnreadWord(words_, Place::kLineItem, item, takes_back);
    if (!why && body.name() != "Tender") why = UnreadInOthers(words_, body, takes_back);
    if (why) Refuse(*std::move(why));
  }

  // What is no goods: payments, taxes, discounts.
  void Amounts(XmlElement body, bool returned) {
    const std::string_view name = body.name();
    if (name == "Tender") {
      if (auto why = ReadTender(words_, body, returned, &basket_)) Refuse(*std::move(why));
    } else if (name == "Tax") {
      OneTax(body);
    } else if (name == "LoyaltyReward") {
      OneReward(body);
    } else if (name == "Discount") {
      if (const auto amount = Number(body, "Amount")) basket_.discounts.Add(*amount);
    } else if (name == "Rounding") {
      const std::string_view own = body.text();
      if (const auto amount = own.empty() ? Number(body, "Amount") : Parse(own, name)) {
        basket_.rounding.Add(*amount);
      }
    }
  }

  void Goods(XmlElement item, XmlElement body, std::string_view action, const LineWords& of_item) {
    LineWords own;
    own.Read(words_, Place::kGoods, body);
    if (own.rejection) return Refuse(*std::move(own.rejection));
    if (!of_item.cancelled && !own.cancelled) Unread(item, body);
    if (auto why = ToldTwice(body, {"ItemID", "ExtendedAmount", "ExtendedDiscountAmount",
                                    "ActualSalesUnitPrice", "RegularSalesUnitPrice"})) {
      return Refuse(*std::move(why));
    }
    SourceLine source;
    event::Line& line = source.line;
    source.flagged = !basket_.all_flagged && (of_item.cancelled || own.cancelled);
    source.number = std::string(
        item.TextOf(dialect_.voids == Voids::kPointer ? "CreateNumber" : "SequenceNumber"));
    source.points_to = std::string(item.TextOf("CreateRefNumber"));
    source.reward_number = std::string(body.TextOf("OperatorSequence"));
    line.source_line_no = Short(number_, kMaxIdBytes);
    Identify(body, &line);
    ReadSerials(item, &line.serials);
    ReadSerials(body, &line.serials);
    ReadSerials(body.Child("Item"), &line.serials);
    const std::string_view scan = item.TextOf("ScanData");
    if (event::ReadGs1Code(scan, kAnyYear)) line.item.scan_data = scan;
    auto quantity = Quantity(item, body, &line);
    auto extended = Number(body, "ExtendedAmount");
    const auto discount = Number(body, "ExtendedDiscountAmount");
    if (!extended && !rejection_) Refuse("missing-field", "ExtendedAmount", "a line needs it");
    if (rejection_) return;
    if (basket_.negated) {
      quantity = -*quantity;
      extended = -*extended;
    }
    const bool bottle = line.action == "deposit_return";
    line.action = action;
    if ((of_item.returned || own.returned) && action != "return" && !quantity->negative()) {
      return Refuse("unsupported", body.name(), "it is called a return, and its element is none");
    }
    Prices(body, *quantity, *extended, &source);
    line.extended_amount = Magnitude(*extended);
    if (discount) line.discount_amount = Magnitude(*discount);
    Links(item, action);
    Links(body, action);
    Direct(body, {*quantity, *extended, bottle}, &source);
    if (!source.flagged) SaleAlone(body, line.action);
    if (rejection_) return;
    line.quantity = Magnitude(*quantity);
    Net(&source);
    LineTax(body, source);
    basket_.lines.push_back(std::move(source));
  }

  void Unread(XmlElement item, XmlElement body) {
    const bool takes_back = basket_.negated || basket_.takes_back;
    auto why = UnreadWord(words_, Place::kLineItem, item, takes_back);
    if (!why) why = UnreadWord(words_, Place::kGoods, body, takes_back);
    if (why) Refuse(*std::move(why));
  }

  void Prices(XmlElement body, Decimal quantity, Decimal extended, SourceLine* source) {
    const auto regular = Number(body, "RegularSalesUnitPrice");
    const auto actual = Number(body, "ActualSalesUnitPrice");
    source->line.unit_price = actual ? actual : regular;
    source->list_price = regular ? regular : actual;
    if (regular && actual) {
      const auto at_regular = Times(*regular, Magnitude(quantity));
      if (!at_regular) return;
      const auto lower = at_regular->Plus(-Magnitude(extended));
      if (lower.ok() && !lower->negative()) basket_.price_reductions.Add(*lower);
    }
  }

  // A link of a line names what came back; one that takes back a sold line is no link of a sale.
  void Links(XmlElement body, std::string_view action) {
    for (const XmlElement link : body) {
      if (!PointsAtTransaction(link)) continue;
      bool voids = false, reported = false;
      auto rejection = words_.Read(Question::kLink, Place::kLink, link, [&](std::string_view word) {
        reported = true;
        voids = voids || word == "void" || (action != "return" && word == "return");
      });
      if (rejection) return Refuse(*std::move(rejection));
      const bool back = action == "return" || body.TextOf("Quantity").starts_with('-');
      if (!reported && !back) {
        return Refuse(words_.Unknown(Question::kLink, link.name(), link.name()));
      }
      if (voids) {
        return Refuse("unsupported", "TransactionLink",
                      "what this line takes back is not certain; send it as a canonical document");
      }
    }
  }

  void Identify(XmlElement body, event::Line* line) {
    const XmlElement identity = body.Child("POSIdentity");
    const std::string_view scanned = identity.TextOf("POSItemID");
    std::string_view sku = body.TextOf("ItemID");
    if (sku.empty()) sku = scanned;
    if (sku.empty()) return Refuse("missing-field", "ItemID", "a line names its item");
    if (sku.size() > kMaxIdBytes) return Refuse("bad-value", "ItemID", "longer than 128 bytes");
    line->item.sku = std::string(sku);
    line->item.gtin = event::NormaliseGtin(scanned);
    if (line->item.gtin.empty()) line->item.gtin = event::NormaliseGtin(sku);
    line->item.description = Short(body.TextOf("Description"), kMaxDescriptionBytes);
    ItemType(body, line);
    for (const std::string_view scan : {identity.TextOf("ScanData"), body.TextOf("ScanData")}) {
      if (event::ReadGs1Code(scan, kAnyYear)) line->item.scan_data = scan;
    }
  }

  void ItemType(XmlElement body, event::Line* line) {
    const auto take = [line](std::string_view meaning) {
      if (meaning == "no_goods") line->non_stock = true;
      if (meaning == "deposit_return") line->action = "deposit_return";
    };
    auto rejection = words_.Read(Question::kItemType, Place::kGoods, body, take);
    const XmlElement below = body.Child("Item");
    if (below && !rejection)
      rejection = words_.Read(Question::kItemType, Place::kGoods, below, take);
    if (rejection) Refuse(*std::move(rejection));
  }

  // The first Quantity is the one that was sold; others may tell weights of the same.
  std::optional<Decimal> Quantity(XmlElement item, XmlElement body, event::Line* line) {
    const XmlElement element = body.Child("Quantity");
    std::string_view unit = element ? element.Attribute("UnitOfMeasureCode") : "";
    const bool weighed = ReadFlag(item.Attribute("weightItem")).value_or(false);
    if (unit.empty()) unit = UnitBeside(body);
    if (unit.empty()) unit = UnitBeside(item);
    if (unit.empty() && weighed) unit = dialect_.weight_uom;
    line->uom = event::UomOf(unit);
    if (line->uom.empty()) {
      Refuse("bad-value", "Quantity@UnitOfMeasureCode", "this unit is not known");
    }
    const auto quantity = Number(body, "Quantity");
    if (!quantity && !rejection_) Refuse("missing-field", "Quantity", "a line needs it");
    if (!quantity || rejection_) return quantity;
    const ReadQuantity read{element, *quantity, line->uom};
    auto why = QuantityContradicted(words_, read, body, item);
    if (why) Refuse(*std::move(why));
    return quantity;
  }

  struct Written {
    Decimal quantity, extended;
    bool bottle;  // its item type says that a deposit is paid out
  };
  // Direction and sign.
  void Direct(XmlElement body, const Written& written, SourceLine* source) {
    event::Line& line = source->line;
    const auto& [quantity, extended, bottle] = written;
    const bool returned = line.action == "return";
    if (bottle) line.action = "deposit_return";
    source->amount = extended;
    if (source->flagged) {  // judged with the line that it takes back
      source->contra = quantity.negative();
      if (dialect_.voids == Voids::kContraLine && !source->contra) {
        Refuse("bad-value", "Quantity", "a void line of this dialect has a negative quantity");
      }
      return;
    }
    if (bottle) {
      if (quantity.negative() || extended > Decimal()) {
        return Refuse("bad-value", "Quantity", "a bottle refund pays out");
      }
    } else if (returned) {
      if (quantity.negative() != extended.negative() && !extended.zero()) {
        return Refuse("bad-value", "Quantity", "a return whose signs contradict each other");
      }
      source->amount = -Magnitude(extended);
      Returned(body, &line);
    } else if (quantity.negative() && line.action != "sale") {
      Refuse("unsupported", "Quantity", "send the end of an order as a canonical document");
    } else if (quantity.negative()) {
      line.action = "return";
      source->amount = -Magnitude(extended);
      Returned(body, &line);
    } else if (extended.negative()) {
      Refuse("bad-value", "ExtendedAmount", "a sold line that pays out is not understood");
    }
  }

  static bool IsDisposal(XmlElement part) {
    return OneOf(part.name(), {"Disposal", "Disposition"});
  }
  // What is sold is not put away, and holds no other goods.
  void SaleAlone(XmlElement body, std::string_view action) {
    for (const XmlElement part : body) {
      if (action != "return" && IsDisposal(part)) {
        return Refuse("unsupported", part.name(),
                      "it says where returned goods went, and nothing comes back");
      }
      if (HoldsGoods(part) || OneOf(part.name(), {"Sale", "Return"})) {
        return Refuse("unsupported", part.name(),
                      "it names goods inside of goods; send a line for each");
      }
    }
  }

  void Returned(XmlElement body, event::Line* line) {
    line->condition = "sellable";
    for (const XmlElement disposal : body) {
      if (!IsDisposal(disposal)) continue;
      const auto take = [line](std::string_view meaning) { line->condition = meaning; };
      auto rejection = words_.Read(Question::kDisposal, Place::kDisposal, disposal, take);
      if (!rejection && !disposal.text().empty()) {
        const std::string_view meaning = words_.Meaning(Question::kDisposal, disposal.text());
        if (meaning.empty()) {
          rejection = words_.Unknown(Question::kDisposal, "Disposal", disposal.text());
        }
        take(meaning);
      }
      if (rejection) return Refuse(*std::move(rejection));
    }
    line->reason = Short(FirstText(body, {"ReasonCode", "ReturnReasonCode"}), kMaxIdBytes);
    if (const XmlElement link = body.Child("TransactionLink")) line->original = OriginalOf(link);
  }

  // Some tills write the extended amount as it is after the line's discount: then, and only then,
  // the unit price times the quantity is higher than it by just the discount.
  static bool AfterDiscount(const SourceLine& source) {
    const event::Line& line = source.line;
    if (!line.discount_amount || line.discount_amount->zero() || !source.list_price) return false;
    const auto full = Times(*source.list_price, *line.quantity);
    if (!full) return false;
    const auto is = [&](Decimal extended) {
      return std::abs(full->micros() - extended.micros()) <= kCent;
    };
    const auto before = line.extended_amount->Plus(*line.discount_amount);
    return before.ok() && is(*before) && !is(*line.extended_amount);
  }

  // The line after its own discount; `amount` keeps its sign.
  void Net(SourceLine* source) {
    event::Line& line = source->line;
    source->after_discount = AfterDiscount(*source);
    const Decimal off = line.discount_amount.value_or(Decimal());
    const auto net = line.extended_amount->Plus(-off);
    if (!net.ok() || (net->negative() && !off.zero())) {
      return Refuse("bad-value", "ExtendedDiscountAmount", "the discount exceeds the line");
    }
    line.net_amount = *net;
    source->amount = source->amount.negative() ? -*net : *net;
  }

  void OneTax(XmlElement tax) {
    const auto amount = Number(tax, "Amount");
    if (amount) basket_.transaction_tax.Add(*amount);
    basket_.has_transaction_tax = true;
    Included(tax);
    if (auto read = TaxOf(tax, amount)) basket_.taxes.push_back(*std::move(read));
  }

  // Rate and base are for the centre's books alone: one that cannot be read refuses nothing.
  static std::optional<event::Tax> TaxOf(XmlElement tax, std::optional<Decimal> amount) {
    const auto number = [](std::string_view text) {
      std::optional<Decimal> value;
      bool rounded = false;
      while (text.ends_with(' ') || text.ends_with('%')) text.remove_suffix(1);
      if (!ReadNumber(text, &value, &rounded)) value.reset();
      return value;
    };
    event::Tax read;
    read.rate = number(FirstText(tax, {"Percent", "TaxRate", "Rate"}));
    if (read.rate && (read.rate->negative() || read.rate->micros() > 1000 * Decimal::kUnit)) {
      read.rate.reset();
    }
    read.base = number(FirstText(tax, {"TaxableAmount", "TaxableBase"}));
    read.amount = amount;
    read.code = Short(FirstText(tax, {"TaxGroupID", "TaxRuleID", "TaxID"}), kMaxIdBytes);
    if (read.code.empty()) read.code = Short(tax.Attribute("TaxID"), kMaxIdBytes);
    return read.rate || read.base ? std::optional(std::move(read)) : std::nullopt;
  }

  void LineTax(XmlElement body, SourceLine& source) {
    for (const XmlElement tax : body) {
      if (tax.name() != "Tax") continue;
      Included(tax);
      const auto amount = Number(tax, "Amount");
      if (!amount || source.flagged) continue;
      const Decimal size = Magnitude(*amount);
      auto read = TaxOf(tax, size);
      // That of a post-void shows how the tax of the whole is told.
      if (!read && basket_.takes_back) read.emplace().amount = size;
      if (read && read->base) read->base = Magnitude(*read->base);
      if (read) source.line.taxes.push_back(*std::move(read));
      basket_.line_tax.Add(source.amount.negative() ? -size : size);
    }
  }

  void Included(XmlElement tax) {
    const XmlElement base = tax.Child("TaxableAmount");
    if (base && ReadFlag(base.Attribute("TaxIncludedInTaxableAmountFlag")).value_or(false)) {
      basket_.tax_included_flag = true;
    }
  }

  // Monetary rewards are told per item ("detailed") and once more as a summary: the first count.
  void OneReward(XmlElement reward) {
    if (reward.TextOf("RewardCategory") != "Monetary") return;
    if (!ReadFlag(reward.Attribute("detailedData")).value_or(false)) return;
    const auto amount = Number(reward, "ExtendedRewardAmount");
    if (!amount) return;
    basket_.rewards.push_back({std::string(reward.TextOf("OperatorSequenceReference")), -*amount});
  }

  std::optional<Decimal> Number(XmlElement parent, std::string_view child) {
    return Parse(parent.TextOf(child), child);
  }
  std::optional<Decimal> Parse(std::string_view text, std::string_view field) {
    std::optional<Decimal> value;
    if (!ReadNumber(text, &value, &basket_.rounded)) {
      Refuse("bad-value", field, "expected a decimal number such as 12.50");
    }
    return value;
  }
  void Refuse(const char* reason, std::string_view field, std::string hint) {
    Refuse(Rejection{reason, std::string(field), std::move(hint)});
  }
  void Refuse(Rejection why) {
    if (rejection_) return;
    why.field = "LineItem[" + Printable(number_, 20) + "]." + why.field;
    rejection_ = std::move(why);
  }

  const LinesSource& source_;
  const Dialect& dialect_;
  const Vocabulary& words_;
  Basket& basket_;
  std::string_view number_;
  std::set<int64_t> numbers_;  // of all line items
  std::optional<Rejection> rejection_;
};

}  // namespace

std::optional<Rejection> ReadBasket(const LinesSource& source, Basket* basket) {
  return Reader(source, basket).Run();
}

std::optional<Rejection> ReadPostVoidSigns(const LinesSource& source, Basket* basket) {
  const Dialect& dialect = source.dialect;
  if (dialect.post_voids == PostVoids::kUnknown) {
    return Rejection{"unsupported", "TransactionLink",
                     "these tills write returns as negative sales, so that the direction of a "
                     "post-void is not certain; send it as a canonical transaction_voided"};
  }
  size_t goods = 0, negative = 0, paid_out = 0, free = 0, flagged = 0;
  for (const XmlElement item : source.retail) {
    if (item.name() != "LineItem") continue;
    for (const XmlElement body : item) {
      const auto meaning = source.words.Meaning(Question::kElement, body.name());
      if (meaning.empty() || meaning == "harmless") continue;
      ++goods;
      LineWords own;
      own.Read(source.words, Place::kLineItem, item);
      own.Read(source.words, Place::kGoods, body);
      if (own.rejection) return std::move(own.rejection);
      if (own.cancelled) ++flagged;
      const bool minus = body.TextOf("Quantity").starts_with('-');
      negative += minus ? 1 : 0;
      const std::string_view extended = body.TextOf("ExtendedAmount");
      const bool nothing = extended.find_first_of("123456789") == std::string_view::npos;
      free += minus && nothing ? 1 : 0;
      paid_out += minus && !nothing && extended.starts_with('-') ? 1 : 0;
    }
  }
  if (goods == 0) {
    return Rejection{"missing-field", "LineItem",
                     "a post-void repeats the lines that it takes back"};
  }
  basket->all_flagged = flagged == goods && dialect.voids == Voids::kInPlace;
  basket->takes_back = true;
  basket->negated = negative == goods && paid_out > 0 && paid_out + free == goods;
  if (!basket->negated && paid_out > 0) {
    return Rejection{"bad-value", "LineItem",
                     "the signs of this post-void could mean both directions; send it as a "
                     "canonical transaction_voided"};
  }
  return std::nullopt;
}

bool ReadNumber(std::string_view text, std::optional<Decimal>* out, bool* rounded) {
  if (text.empty()) return true;
  if (text.front() == '+') text.remove_prefix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string whole;
  if (text.starts_with('.') || text.starts_with("-.")) {
    whole = std::string(text);
    whole.insert(text.find('.'), "0");
    text = whole;
  }
  auto value = Decimal::Parse(text, rounded);
  if (!value.ok()) return false;
  *out = *value;
  return true;
}

event::Original OriginalOf(XmlElement link) {
  event::Original original;
  original.store_id = Short(link.TextOf("RetailStoreID"), kMaxIdBytes);
  original.register_id = Short(link.TextOf("WorkstationID"), kMaxIdBytes);
  original.business_day = Short(link.TextOf("BusinessDayDate"), 10);
  original.transaction_no = Short(link.TextOf("SequenceNumber"), kMaxIdBytes);
  int64_t line_no = 0;
  const std::string_view written = link.TextOf("LineItemSequenceNumber");
  if (std::from_chars(written.data(), written.data() + written.size(), line_no).ec == std::errc() &&
      !written.empty()) {
    original.line_no = line_no;
  }
  return original;
}

}  // namespace tillrelay::formats::poslog
