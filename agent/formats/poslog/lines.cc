#include "agent/formats/poslog/lines.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "agent/formats/poslog/words.h"
#include "common/base/text.h"
#include "common/event/gtin.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

constexpr size_t kMaxLineItems = 20'000;
constexpr size_t kMaxDescriptionBytes = 2000;

// What a LineItem holds that moves goods, and what it does with them. No action: it moves them in a
// way that no rule here knows.
struct GoodsBody {
  std::string_view name, action;
};
constexpr GoodsBody kGoods[] = {{"Sale", "sale"},
                                {"Return", "return"},
                                {"SaleForDelivery", "order"},
                                {"SaleForPickup", "order"},
                                {"CustomerOrderForDelivery", "order"},
                                {"CustomerOrderForPickup", "order"},
                                {"Layaway", "order"},
                                {"CustomerOrderDelivery", "pick_up"},
                                {"CustomerOrderPickup", "pick_up"},
                                {"ReturnForDelivery", ""},
                                {"ReturnForPickup", ""},
                                {"PreviousCustomerOrder", ""},
                                {"PreviousLayaway", ""},
                                {"LayawayForDelivery", ""},
                                {"RainCheck", ""}};

const GoodsBody* GoodsOf(std::string_view name) {
  const auto* found = std::find_if(std::begin(kGoods), std::end(kGoods),
                                   [name](const GoodsBody& body) { return body.name == name; });
  return found == std::end(kGoods) ? nullptr : found;
}

// ARTS item types that are no goods.
bool IsNoGoods(std::string_view item_type) {
  return OneOf(Folded(item_type),
               {"service", "fee", "deposit", "giftcertificate", "giftcard", "storedvalue",
                "warranty", "donation", "alteration", "alterationfee"});
}

// Where returned goods went: a condition, or "" if the word is not known.
std::string_view ConditionOf(std::string_view way) {
  const std::string word = Folded(way);
  if (OneOf(word, {"", "returntostock", "returnedtostock", "returntoinventory", "sellable",
                   "resell", "restock"})) {
    return "sellable";
  }
  if (OneOf(word, {"returntovendor", "returntosupplier", "returntowarehouse", "repair", "damaged",
                   "defective", "quarantine"})) {
    return "damaged";
  }
  if (OneOf(word, {"destroy", "destroyed", "trash", "discard", "discarded", "dispose", "disposed",
                   "donate", "donated", "leftwithcustomer", "keptbycustomer", "notkept"})) {
    return "not_kept";
  }
  return {};
}

bool Flagged(XmlElement item) {
  const std::string_view status = item.Attribute("Status");
  return IsTrue(item.Attribute("VoidFlag")) || IsTrue(item.Attribute("CancelFlag")) ||
         status == "Voided" || status == "Cancelled" || status == "Canceled";
}

event::Tender TenderOf(XmlElement tender, std::optional<Decimal> amount) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"Cash", "cash"},          {"CreditDebit", "card"},        {"Credit", "card"},
      {"Debit", "card"},         {"DebitCard", "card"},          {"CreditCard", "card"},
      {"Voucher", "voucher"},    {"Coupon", "voucher"},          {"ManufacturerCoupon", "voucher"},
      {"GiftCard", "gift_card"}, {"StoredValue", "gift_card"},   {"GiftCertificate", "gift_card"},
      {"Account", "account"},    {"CustomerAccount", "account"}, {"HouseAccount", "account"},
      {"Mobile", "mobile"},      {"MobilePayment", "mobile"}};
  const std::string_view written = tender.Attribute("TenderType");
  std::string_view type = "other";
  for (const auto& [name, word] : kTypes) {
    if (name == written) type = word;
  }
  if (amount && tender.Attribute("TypeCode") == "Refund") amount = -Magnitude(*amount);
  return {std::string(type), amount};
}

class Reader {
 public:
  Reader(const Dialect& dialect, Basket* basket) : dialect_(dialect), basket_(*basket) {}

  std::optional<Rejection> Run(XmlElement retail) {
    size_t count = 0;
    for (const XmlElement item : retail) {
      if (item.name() != "LineItem") continue;
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
    // A flag on what is no goods line: in place it is simply gone; elsewhere its sign tells.
    const bool gone = Flagged(item) && dialect_.voids == Voids::kInPlace && !basket_.all_flagged;
    for (const XmlElement body : item) {
      const std::string_view name = body.name();
      if (const GoodsBody* goods = GoodsOf(name)) {
        if (goods->action.empty()) {
          return Refuse("unsupported", name, "send this as a canonical document");
        }
        Goods(item, body, goods->action);
      } else if (gone || (IsTrue(body.Attribute("VoidFlag")) && name == "Tender")) {
        continue;
      } else if (name == "Tender") {
        OneTender(body);
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
  }

  void Goods(XmlElement item, XmlElement body, std::string_view action) {
    SourceLine source;
    event::Line& line = source.line;
    source.flagged = !basket_.all_flagged && (Flagged(item) || Flagged(body));
    source.number = std::string(
        item.TextOf(dialect_.voids == Voids::kPointer ? "CreateNumber" : "SequenceNumber"));
    source.points_to = std::string(item.TextOf("CreateRefNumber"));
    source.reward_number = std::string(body.TextOf("OperatorSequence"));
    line.source_line_no = Short(number_, kMaxIdBytes);
    Identify(body, &line);
    auto quantity = Quantity(item, body, &line);
    auto extended = Number(body, "ExtendedAmount");
    const auto discount = Number(body, "ExtendedDiscountAmount");
    if (!extended && !rejection_) Refuse("missing-field", "ExtendedAmount", "a line needs it");
    if (rejection_) return;
    if (basket_.negated) {
      quantity = -*quantity;
      extended = -*extended;
    }
    line.action = action;
    line.unit_price = Number(body, "ActualSalesUnitPrice");
    if (!line.unit_price) line.unit_price = Number(body, "RegularSalesUnitPrice");
    line.extended_amount = Magnitude(*extended);
    if (discount) line.discount_amount = Magnitude(*discount);
    Direct(body, *quantity, *extended, &source);
    if (rejection_) return;
    line.quantity = Magnitude(*quantity);
    Net(&source);
    LineTax(body, source);
    basket_.lines.push_back(std::move(source));
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
    if (IsNoGoods(body.Attribute("ItemType"))) line->non_stock = true;
  }

  // The first Quantity is the one that was sold; others tell weights of the same.
  std::optional<Decimal> Quantity(XmlElement item, XmlElement body, event::Line* line) {
    const XmlElement element = body.Child("Quantity");
    std::string_view unit = element ? element.Attribute("UnitOfMeasureCode") : "";
    if (unit.empty() && IsTrue(item.Attribute("weightItem"))) unit = dialect_.weight_uom;
    line->uom = event::UomOf(unit);
    if (line->uom.empty()) {
      Refuse("bad-value", "Quantity@UnitOfMeasureCode", "this unit is not known");
    }
    const auto quantity = Number(body, "Quantity");
    if (!quantity && !rejection_) Refuse("missing-field", "Quantity", "a line needs it");
    const auto units =
        Parse(element ? element.Attribute("Units") : std::string_view(), "Quantity@Units");
    if (quantity && units && line->uom != "EA" && Magnitude(*units) != Magnitude(*quantity)) {
      Refuse("bad-value", "Quantity@Units", "the document tells two measures for one line");
    }
    return quantity;
  }

  // Direction and sign. `quantity` and `extended` are as written.
  void Direct(XmlElement body, Decimal quantity, Decimal extended, SourceLine* source) {
    event::Line& line = source->line;
    const bool returned = line.action == "return";
    const bool bottle = body.Attribute("ItemType") == "acs:NegativeItem";
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

  void Returned(XmlElement body, event::Line* line) {
    const XmlElement disposal = body.Child("Disposal");
    std::string_view way = disposal ? disposal.Attribute("Method") : "";
    if (way.empty() && disposal) way = disposal.text();
    line->condition = ConditionOf(way);
    if (line->condition.empty()) {
      return Refuse("bad-value", "Disposal", "it is not known where these goods went");
    }
    line->reason = Short(FirstText(body, {"ReasonCode", "ReturnReasonCode"}), kMaxIdBytes);
    if (const XmlElement link = body.Child("TransactionLink")) line->original = OriginalOf(link);
  }

  // The line after its own discount; `amount` keeps its sign.
  void Net(SourceLine* source) {
    event::Line& line = source->line;
    const Decimal off = line.discount_amount.value_or(Decimal());
    const auto net = line.extended_amount->Plus(-off);
    if (!net.ok() || (net->negative() && !off.zero())) {
      return Refuse("bad-value", "ExtendedDiscountAmount", "the discount exceeds the line");
    }
    line.net_amount = *net;
    source->amount = source->amount.negative() ? -*net : *net;
  }

  void OneTender(XmlElement tender) {
    const auto amount = Number(tender, "Amount");
    if (!amount) return;
    basket_.tenders.push_back(TenderOf(tender, amount));
    // Some tills write change as its own, negative tender; others below the tender that it is from.
    const XmlElement change = tender.Child("TenderChange");
    if (!change || amount->negative()) return;
    if (const auto given = Number(change, "Amount"); given && !given->zero()) {
      basket_.tenders.push_back({"cash", -Magnitude(*given)});
    }
  }

  void OneTax(XmlElement tax) {
    if (const auto amount = Number(tax, "Amount")) basket_.transaction_tax.Add(*amount);
    basket_.has_transaction_tax = true;
    Included(tax);
  }

  void LineTax(XmlElement body, const SourceLine& source) {
    for (const XmlElement tax : body) {
      if (tax.name() != "Tax") continue;
      Included(tax);
      const auto amount = Number(tax, "Amount");
      if (!amount || source.flagged) continue;
      const Decimal size = Magnitude(*amount);
      basket_.line_tax.Add(source.amount.negative() ? -size : size);
    }
  }

  void Included(XmlElement tax) {
    const XmlElement base = tax.Child("TaxableAmount");
    if (base && IsTrue(base.Attribute("TaxIncludedInTaxableAmountFlag"))) {
      basket_.tax_included_flag = true;
    }
  }

  // Monetary rewards are told per item ("detailed") and once more as a summary: the first count.
  void OneReward(XmlElement reward) {
    if (reward.TextOf("RewardCategory") != "Monetary") return;
    if (!IsTrue(reward.Attribute("detailedData"))) return;
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
    if (rejection_) return;
    rejection_ = Rejection{reason, "LineItem[" + Printable(number_, 20) + "]." + std::string(field),
                           std::move(hint)};
  }

  const Dialect& dialect_;
  Basket& basket_;
  std::string_view number_;
  std::set<int64_t> numbers_;  // of all line items
  std::optional<Rejection> rejection_;
};

}  // namespace

std::optional<Rejection> ReadBasket(XmlElement retail, const Dialect& dialect, Basket* basket) {
  return Reader(dialect, basket).Run(retail);
}

std::optional<Rejection> ReadPostVoidSigns(XmlElement retail, const Dialect& dialect,
                                           Basket* basket) {
  if (dialect.post_voids == PostVoids::kUnknown) {
    return Rejection{"unsupported", "TransactionLink",
                     "these tills write returns as negative sales, so that the direction of a "
                     "post-void is not certain; send it as a canonical transaction_voided"};
  }
  size_t goods = 0, negative = 0, paid_out = 0, flagged = 0;
  for (const XmlElement item : retail) {
    if (item.name() != "LineItem") continue;
    for (const XmlElement body : item) {
      if (GoodsOf(body.name()) == nullptr) continue;
      ++goods;
      if (Flagged(item) || Flagged(body)) ++flagged;
      const bool minus = body.TextOf("Quantity").starts_with('-');
      negative += minus ? 1 : 0;
      paid_out += minus && body.TextOf("ExtendedAmount").starts_with('-') ? 1 : 0;
    }
  }
  if (goods == 0) {
    return Rejection{"missing-field", "LineItem",
                     "a post-void repeats the lines that it takes back"};
  }
  basket->all_flagged = flagged == goods && dialect.voids == Voids::kInPlace;
  basket->negated = negative == goods && paid_out == goods;
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
