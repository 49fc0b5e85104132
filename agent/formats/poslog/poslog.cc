#include "agent/formats/poslog/poslog.h"

#include <algorithm>

#include "agent/formats/poslog/dialect.h"
#include "agent/formats/poslog/lines.h"
#include "agent/formats/poslog/self_check.h"
#include "agent/formats/poslog/voids.h"
#include "agent/formats/poslog/xml_reader.h"
#include "common/base/text.h"

namespace tillrelay::formats {
namespace poslog {
namespace {

using event::Rejection;

constexpr size_t kMaxIdBytes = 128;

bool IsTrue(std::string_view text) { return text == "true" || text == "1"; }

// What a till does besides selling: a number of its sequence without goods.
constexpr std::string_view kControlBodies[] = {"ControlTransaction", "TenderControlTransaction",
                                               "BusinessEOD", "ForeCourtControl"};

class Mapper {
 public:
  Mapper(const XmlTransaction& transaction, event::Event* event)
      : root_(transaction.tree.root()), dialect_(DialectOf(transaction)), event_(*event) {
    event_.origin.emplace();
    event_.origin->dialect = dialect_.name;
    event_.origin->mapper = "poslog@1";
    event_.transaction.emplace();
  }

  std::optional<Rejection> Run() {
    Head();
    if (const XmlElement retail = root_.Child("RetailTransaction")) {
      Retail(retail);
    } else if (Control() || IsTrue(root_.Attribute("CancelFlag"))) {
      Filler(IsTrue(root_.Attribute("CancelFlag")) ? "cancelled" : "control");
    } else {
      Refuse("unsupported", "Transaction", "neither a retail nor a control transaction");
    }
    return std::move(rejection_);
  }

 private:
  void Head() {
    event::Transaction& t = *event_.transaction;
    t.store_id = Id("RetailStoreID");
    if (t.store_id.empty()) t.store_id = root_.Child("BusinessUnit").TextOf("UnitID");
    t.register_id = Id("WorkstationID");
    t.transaction_no = Id("SequenceNumber");
    t.business_day = Id("BusinessDayDate");
    t.begin_at = Id("BeginDateTime");
    t.end_at = Id("EndDateTime");
    if (t.end_at.empty()) t.end_at = root_.Child("RetailTransaction").TextOf("ReceiptDateTime");
    if (t.end_at.empty()) t.end_at = t.begin_at;
    event_.currency = Id("CurrencyCode");
    if (IsTrue(root_.Attribute("OfflineFlag"))) t.captured_offline = true;
  }

  bool Control() const {
    return std::any_of(std::begin(kControlBodies), std::end(kControlBodies),
                       [this](std::string_view name) { return bool(root_.Child(name)); });
  }

  void Filler(std::string_view status) {
    event_.kind = event::Kind::kRegisterControl;
    event_.transaction->status = status;
    if (status == "training") event_.transaction->training = true;
  }

  void Retail(XmlElement retail) {
    const std::string_view status = Status(retail);
    if (rejection_) return;
    if (!status.empty()) return Filler(status);
    Basket basket;
    rejection_ = ReadBasket(retail, dialect_, &basket);
    if (!rejection_) rejection_ = ApplyVoids(dialect_.voids, &basket, &event_.audit);
    if (rejection_) return;
    ApplyRewards(&basket);
    Totals(retail, basket);
    if (rejection_) return;
    if (basket.rounded) event_.origin->flags.emplace_back("rounded");
    if (event_.currency.empty()) event_.currency = LineCurrency(retail);
    Link(retail.Child("TransactionLink"));
    Keep(std::move(basket));
  }

  // Why nothing of this was carried out, or "" for an ordinary receipt.
  std::string_view Status(XmlElement retail) {
    if (IsTrue(root_.Attribute("TrainingModeFlag"))) return "training";
    const std::string_view status = retail.Attribute("TransactionStatus");
    const std::string_view link = retail.Child("TransactionLink")
                                      ? retail.Child("TransactionLink").Attribute("ReasonCode")
                                      : std::string_view();
    if (status == "PostVoided" || link == "PostVoid" || link == "Void" || link == "Voided") {
      Refuse("unsupported", "TransactionLink",
             "send post-voids as canonical transaction_voided documents");
    }
    if (status.starts_with("Suspended") && status != "SuspendedRetrieved") return "suspended";
    const bool voided =
        status == "Voided" || status == "Cancelled" || status == "Canceled" || status == "Failed";
    if (voided || IsTrue(root_.Attribute("CancelFlag")) || IsTrue(root_.Attribute("VoidFlag"))) {
      return "cancelled";
    }
    return {};
  }

  void Totals(XmlElement retail, const Basket& basket) {
    event::Totals totals;
    Sums sums;
    for (const SourceLine& line : basket.lines) {
      if (line.dropped) continue;
      sums.lines.Add(line.amount);
      ++sums.line_count;
    }
    sums.discounts = basket.discounts;
    sums.rounding = basket.rounding;
    for (const XmlElement total : retail) {
      if (total.name() == "Total" && total.Attribute("TypeCode").empty()) {
        OneTotal(total, &totals, &sums);
      }
    }
    if (rejection_) return;
    Tax(basket, &totals, &sums);
    TaxRule rule = dialect_.tax;
    if (rule == TaxRule::kAsTotalsSay && basket.tax_included_flag) rule = TaxRule::kIncluded;
    rejection_ = SelfCheck(sums, rule, &totals.tax_included);
    if (!sums.grand) event_.origin->flags.emplace_back("unchecked");
    if (!totals.net_amount) {
      Money net = sums.lines;
      net.Add(-sums.discounts.sum());
      totals.net_amount = net.sum();
    }
    totals.grand_amount = sums.grand;
    event_.totals = totals;
  }

  void OneTotal(XmlElement total, event::Totals* totals, Sums* sums) {
    const std::string_view type = total.Attribute("TotalType");
    std::optional<Decimal> value;
    bool rounded = false;
    const bool read = ReadNumber(total.text(), &value, &rounded);
    std::optional<Decimal>* kept = nullptr;
    if (type == "TransactionGrandAmount") kept = &sums->grand;
    if (type == "TransactionNetAmount") kept = &totals->net_amount;
    if (type == "TransactionTaxAmount" || type == "X:TransactionTaxIncluded") {
      kept = &totals->tax_amount;
    }
    if (type == "RoundingAmount" || type == "X:RoundingAmount") kept = &totals->rounding_amount;
    const bool fee = type == "X:TransactionTaxSurcharge" || type == "X:TransactionTaxFee" ||
                     type == "X:ItemTaxFee";
    if (kept == nullptr && !fee) return;
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
    const bool told = basket.has_transaction_tax || !basket.line_tax.sum().zero();
    if (!totals->tax_amount && told) totals->tax_amount = sums->tax.sum();
  }

  static std::string LineCurrency(XmlElement retail) {
    for (const XmlElement item : retail) {
      for (const char* body : {"Sale", "Return"}) {
        const XmlElement amount = item.Child(body).Child("ExtendedAmount");
        if (amount && amount.Attribute("Currency").size() == 3) {
          return std::string(amount.Attribute("Currency"));
        }
      }
    }
    return {};
  }

  // A basket that was parked elsewhere names where.
  void Link(XmlElement link) {
    if (!link || link.Attribute("ReasonCode") != "Resume") return;
    const event::Original parked = OriginalOf(link);
    event_.ext.emplace_back("resumed_from", "register/" + parked.register_id + "/" +
                                                parked.business_day + "/" + parked.transaction_no);
  }

  void Keep(Basket basket) {
    bool sold = false, returned = false;
    for (SourceLine& source : basket.lines) {
      if (source.dropped) continue;
      sold = sold || source.line.action == "sale";
      returned = returned || source.line.action != "sale";
      goods_back_ = goods_back_ || source.line.action == "return";
      event_.lines.push_back(std::move(source.line));
    }
    event_.tenders = std::move(basket.tenders);
    if (!sold && !returned) return Filler(event_.audit ? "cancelled" : "control");
    event_.transaction->status = "completed";
    event_.kind = !sold         ? event::Kind::kReturn
                  : goods_back_ ? event::Kind::kExchange
                                : event::Kind::kSale;
  }

  std::string Id(std::string_view child) {
    const std::string_view text = root_.TextOf(child);
    if (text.size() > kMaxIdBytes) Refuse("bad-value", std::string(child), "longer than 128 bytes");
    return std::string(text.substr(0, kMaxIdBytes));
  }
  void Refuse(const char* reason, std::string field, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, std::move(field), std::move(hint)};
  }

  const XmlElement root_;
  const Dialect dialect_;
  event::Event& event_;
  bool goods_back_ = false;
  std::optional<Rejection> rejection_;
};

// Bytes that are not UTF-8 (UTF-16, Latin-1) in a form that a person and a scrubber can read.
std::string Readable(std::string_view bytes) {
  if (FirstInvalidUtf8(bytes) == std::string_view::npos &&
      bytes.find('\0') == std::string_view::npos) {
    return std::string(bytes);
  }
  std::string text;
  for (const char c : bytes) {
    if (c == '\0') continue;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

// The transaction as a document of its own, so that a corrected one can be sent again.
std::string Excerpt(std::string_view bytes, const XmlTransaction& t, size_t limit) {
  const auto cut = [bytes](size_t from, size_t to) {
    return from <= to && to <= bytes.size() ? bytes.substr(from, to - from) : std::string_view();
  };
  std::string text;
  if (t.from != t.root_from) text += Readable(cut(t.root_from, t.root_to));
  text += Readable(cut(t.from, t.to));
  if (t.from != t.root_from) text += "</" + Readable(t.root_name) + ">";
  if (text.size() > limit) text.resize(limit);
  return text;
}

}  // namespace
}  // namespace poslog

std::optional<SyntaxError> DecodePosLog(std::string_view bytes, const Limits& limits,
                                        const std::function<void(Item&&)>& sink) {
  std::vector<Item> items;
  const auto map = [&](const poslog::XmlTransaction& transaction) {
    Item item{items.size(), event::Event(), {}};
    std::optional<event::Rejection> rejection;
    if (!transaction.too_large.empty()) {
      rejection = event::Rejection{"bad-value", "Transaction",
                                   std::string(transaction.too_large) + " is too large"};
    } else {
      rejection = poslog::Mapper(transaction, &std::get<event::Event>(item.outcome)).Run();
    }
    if (rejection) {
      item.excerpt = poslog::Excerpt(bytes, transaction, limits.event_bytes);
      item.outcome = *std::move(rejection);
    }
    items.push_back(std::move(item));
  };
  if (auto error = poslog::ReadXml(bytes, limits, map)) return error;
  for (Item& item : items) sink(std::move(item));
  return std::nullopt;
}

}  // namespace tillrelay::formats
