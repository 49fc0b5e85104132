#include "agent/formats/poslog/receipt.h"

#include <algorithm>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/lines.h"
#include "agent/formats/poslog/voids.h"
#include "common/base/text.h"
#include "common/event/turnover.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

class Receipt {
 public:
  Receipt(const ReceiptSource& source, event::Event* event) : source_(source), event_(*event) {}

  std::optional<Rejection> Run() {
    const XmlElement body = source_.body;
    const LinesSource lines{body, source_.dialect, source_.words};
    const StateSource links{source_.root, body, source_.words};
    Basket basket;
    if (source_.reported.state == State::kPostVoid) {
      Voids();
      if (!rejection_) rejection_ = ReadPostVoidSigns(lines, &basket);
    }
    if (!rejection_) rejection_ = ReadBasket(lines, &basket);
    if (!rejection_) rejection_ = ApplyVoids(source_.dialect.voids, &basket, &event_.audit);
    if (rejection_) return std::move(rejection_);
    ApplyRewards(&basket);
    Totals(body, &basket);
    if (rejection_) return std::move(rejection_);
    if (basket.rounded) event_.origin->flags.emplace_back("rounded");
    Currency(body);
    if (rejection_) return std::move(rejection_);
    Resumed(LinkOf(links, Link::kResume));
    const bool negated = basket.negated, names_tenders = basket.names_tenders;
    Keep(std::move(basket));
    if (names_tenders) PaidTheOtherWay();
    if (negated && event::TurnoverOf(event_).Undecided()) event_.amounts = "negated";
    if (const XmlElement link = LinkOf(links, Link::kReturn)) Returned(link);
    return std::move(rejection_);
  }

 private:
  // Goods that cost something are not given away against money that is paid out.
  void PaidTheOtherWay() {
    if (event_.kind != event::Kind::kSale || !event_.totals || !event_.totals->grand_amount) return;
    Money paid;
    bool out = event_.tenders.empty();  // all of them were taken back
    for (const event::Tender& tender : event_.tenders) {
      if (!tender.amount) continue;
      paid.Add(*tender.amount);
      out = out || tender.amount->negative();
    }
    if (out && *event_.totals->grand_amount > Decimal() && !(paid.sum() > Decimal())) {
      Refuse("unsupported", "Tender", "it sells, and nothing of what it is paid with is paid in");
    }
  }

  // The transaction that a post-void takes back.
  void Voids() {
    XmlElement link = LinkOf({source_.root, source_.body, source_.words}, Link::kVoid);
    if (!link) link = FirstOf(source_.body, {"OriginalTransaction", "TransactionLink"});
    if (!link) link = FirstOf(source_.root, {"OriginalTransaction", "TransactionLink"});
    if (!link || link.TextOf("SequenceNumber").empty()) {
      return Refuse("missing-field", "TransactionLink.SequenceNumber",
                    "a post-void names the transaction that it takes back");
    }
    event::Original& original = event_.voids.emplace(OriginalOf(link));
    const event::Transaction& own = *event_.transaction;
    if (original.register_id.empty()) original.register_id = own.register_id;
    if (original.business_day.empty()) original.business_day = own.business_day;
    event_.reason = Short(FirstText(source_.body, {"ReasonCode", "VoidReasonCode"}), kMaxIdBytes);
  }

  void Totals(XmlElement body, Basket* basket) {
    event::Totals totals;
    Sums sums;
    sums.either_sign = source_.reported.state == State::kPostVoid;
    AddLines(*basket, &sums);
    sums.discounts = basket->discounts;
    sums.rounding = basket->rounding;
    for (const XmlElement total : body) {
      const std::string name = Normal(total.name());
      if (name == "total") OneTotal(total, &totals, &sums);
      if (name == "transactiongrandamount") OneTotal(total, &totals, &sums);
      if (name != "totals") continue;
      for (const XmlElement below : total) OneTotal(below, &totals, &sums);
    }
    if (rejection_) return;
    Tax(*basket, &totals, &sums);
    TaxRule rule = source_.dialect.tax;
    if (rule == TaxRule::kAsTotalsSay && basket->tax_included_flag) rule = TaxRule::kIncluded;
    constexpr const char* kField = "Total[TransactionGrandAmount]";
    rejection_ = SelfCheck(sums, rule, kField, &totals.tax_included);
    if (rejection_ && DiscountsWereInside(basket, &sums) &&
        !SelfCheck(sums, rule, kField, &totals.tax_included)) {
      rejection_.reset();
    }
    if (!sums.grand && !basket->passed_over.empty()) {
      rejection_ =
          source_.words.Unknown(Question::kElement, basket->passed_over, basket->passed_over);
    }
    if (!sums.grand) event_.origin->flags.emplace_back("unchecked");
    if (!totals.net_amount) {
      Money net = sums.lines;
      net.Add(-sums.discounts.sum());
      totals.net_amount = net.sum();
    }
    totals.grand_amount = sums.grand;
    if (!sums.discounts.sum().zero()) totals.discount_amount = sums.discounts.sum();
    if (!sums.fees.sum().zero()) totals.fee_amount = sums.fees.sum();
    if (!totals.rounding_amount && !sums.rounding.sum().zero()) {
      totals.rounding_amount = sums.rounding.sum();
    }
    event_.totals = totals;
  }

  static void AddLines(const Basket& basket, Sums* sums) {
    sums->lines = Money();
    sums->line_count = 0;
    bool all_back = true;
    for (const SourceLine& line : basket.lines) {
      if (line.dropped) continue;
      sums->lines.Add(line.amount);
      ++sums->line_count;
      const bool back = event::PaysOut(line.line.action);
      all_back = all_back && back;
      sums->pays_out = sums->pays_out || back;
    }
    // A return's total may be written without its sign.
    sums->either_sign = sums->either_sign || (all_back && sums->line_count > 0);
  }

  // Some tills take a discount off the prices and tell it once more. Only where the document's own
  // prices show it: discounts of the whole that equal what the prices are lower than the regular
  // ones, and lines whose extended amount is what their discount has left. False if none does.
  static bool DiscountsWereInside(Basket* basket, Sums* sums) {
    constexpr int64_t kTolerance = 5 * Decimal::kUnit / 100;
    bool inside = false;
    const int64_t reported = sums->discounts.sum().micros();
    if (reported != 0 &&
        std::abs(reported - basket->price_reductions.sum().micros()) <= kTolerance) {
      sums->discounts = Money();
      inside = true;
    }
    for (SourceLine& line : basket->lines) {
      if (line.dropped || !line.after_discount) continue;
      line.line.net_amount = line.line.extended_amount;
      line.amount =
          line.amount.negative() ? -*line.line.extended_amount : *line.line.extended_amount;
      inside = true;
    }
    AddLines(*basket, sums);
    return inside;
  }

  // Where a total of this type is kept; null: nowhere. `type` is without its maker's prefix.
  static std::optional<Decimal>* PlaceOf(std::string_view type, event::Totals* totals, Sums* sums) {
    if (OneOf(type,
              {"transactiongrandamount", "transactiongrandtotal", "grandamount", "grandtotal"})) {
      return &sums->grand;
    }
    if (type == "transactionnetamount") return &totals->net_amount;
    if (OneOf(type, {"transactiontaxamount", "transactiontaxincluded"})) {
      return &totals->tax_amount;
    }
    return type == "roundingamount" ? &totals->rounding_amount : nullptr;
  }

  // What a total is a total of: told by an attribute, a child or the element itself.
  static std::string TypeOf(XmlElement total) {
    std::string type;
    const auto tells = [&type](std::string_view name) {
      const std::string word = Normal(name);
      return type.empty() && (word == "totaltype" || word == "type");
    };
    total.ForEachAttribute([&](std::string_view name, std::string_view value) {
      if (tells(name)) type = value, total.Attribute(name);
    });
    for (const XmlElement child : total) {
      if (tells(child.name())) type = child.text();
    }
    return type.empty() ? std::string(total.name()) : type;
  }

  void OneTotal(XmlElement total, event::Totals* totals, Sums* sums) {
    const std::string type = TypeOf(total);
    const std::string word = Normal(type);
    std::optional<Decimal> value;
    bool rounded = false;
    std::optional<Decimal>* kept = PlaceOf(word, totals, sums);
    const bool fee = OneOf(word, {"transactiontaxsurcharge", "transactiontaxfee", "itemtaxfee"});
    if (kept == nullptr && !fee) return;
    std::string_view amount = total.text();
    if (amount.empty()) amount = total.TextOf("Amount");
    const bool read = ReadNumber(amount, &value, &rounded);
    // A grand total of a return may be written without its sign.
    const bool paid_out = OneOf(Normal(total.Attribute("TypeCode")), {"return", "refund"});
    if (paid_out && value) value = -Magnitude(*value);
    if (!read || !value) {
      return Refuse("bad-value", "Total[" + Printable(type, 40) + "]", "expected an amount");
    }
    if (kept != nullptr && *kept && **kept != *value) {
      return Refuse("bad-value", "Total[" + Printable(type, 40) + "]", "told twice, differently");
    }
    if (kept != nullptr) *kept = value;
    if (fee) sums->fees.Add(*value);
    if (kept == &totals->rounding_amount && sums->rounding.sum().zero()) sums->rounding.Add(*value);
  }

  // The tax of the whole, where the document tells it; else what its lines say.
  static void Tax(const Basket& basket, event::Totals* totals, Sums* sums) {
    if (basket.has_transaction_tax) {
      sums->tax = basket.transaction_tax;
    } else if (!basket.line_tax.sum().zero() || !totals->tax_amount) {
      sums->tax = basket.line_tax;
    } else {
      sums->tax.Add(*totals->tax_amount);
    }
    const bool reported = basket.has_transaction_tax || !basket.line_tax.sum().zero();
    if (!totals->tax_amount && reported) totals->tax_amount = sums->tax.sum();
  }

  // Lines of two currencies cannot be added; a tender may be in another.
  void Currency(XmlElement body) {
    std::string first = event_.currency;
    for (const XmlElement item : body) {
      if (item.name() != "LineItem") continue;
      for (const XmlElement goods : item) {
        const XmlElement amount = goods.Child("ExtendedAmount");
        if (!amount) continue;
        std::string_view code = amount.Attribute("Currency");
        if (code.empty()) code = amount.Attribute("CurrencyCode");
        if (code.size() != 3) continue;
        if (event_.currency.empty()) event_.currency = code;
        if (first.size() != 3) first = code;
        if (first == code) continue;
        return Refuse("unsupported", "ExtendedAmount@Currency",
                      "a line in another currency than its receipt cannot be added");
      }
    }
  }

  // A basket that was parked elsewhere names where.
  void Resumed(XmlElement link) {
    if (!link) return;
    const event::Original parked = OriginalOf(link);
    event_.ext.emplace_back("resumed_from", "register/" + parked.register_id + "/" +
                                                parked.business_day + "/" + parked.transaction_no);
  }

  // Returned lines that do not name their receipt themselves.
  void Returned(XmlElement link) {
    bool back = event_.kind != event::Kind::kSale;
    for (event::Line& line : event_.lines) {
      back = back || (line.action != "sale" && line.action != "order");
      if (line.action == "return" && !line.original) line.original = OriginalOf(link);
    }
    if (!back) {
      Refuse("unsupported", "TransactionLink",
             "its link says that it is a return, and none of its lines comes back");
    }
  }

  void Keep(Basket basket) {
    bool given = false, returned = false, goods_back = false;
    for (SourceLine& source : basket.lines) {
      if (source.dropped) continue;
      const std::string& action = source.line.action;
      const bool out = action == "sale" || action == "order" || action == "pick_up";
      given = given || out;
      returned = returned || !out;
      goods_back = goods_back || action == "return";
      event_.lines.push_back(std::move(source.line));
    }
    event_.tenders = std::move(basket.tenders);
    event_.taxes = std::move(basket.taxes);
    if (source_.reported.state == State::kPostVoid) {
      event_.kind = event::Kind::kTransactionVoided;
      event_.transaction->status = "completed";
      return;
    }
    if (source_.reported.is_return && given && !goods_back) {
      return Refuse("unsupported", "TransactionType",
                    "it is called a return, and none of its lines comes back");
    }
    if (!given && !returned) return MakeFiller(event_.audit ? "cancelled" : "control", &event_);
    event_.transaction->status = "completed";
    event_.kind = !given       ? event::Kind::kReturn
                  : goods_back ? event::Kind::kExchange
                               : event::Kind::kSale;
  }

  void Refuse(const char* reason, std::string field, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, std::move(field), std::move(hint)};
  }

  const ReceiptSource& source_;
  event::Event& event_;
  std::optional<Rejection> rejection_;
};

}  // namespace

std::optional<Rejection> ReadReceipt(const ReceiptSource& source, event::Event* event) {
  return Receipt(source, event).Run();
}

void MakeFiller(std::string_view status, event::Event* event) {
  event->kind = event::Kind::kRegisterControl;
  event->transaction->status = status;
  if (status == "training") event->transaction->training = true;
}

}  // namespace tillrelay::formats::poslog
