#include "agent/formats/poslog/tenders.h"

#include <functional>
#include <string>
#include <utility>

#include "agent/formats/poslog/decisive_words.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/quantities.h"
#include "agent/formats/poslog/unread_words.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

std::string_view TypeOf(std::string_view written) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"Cash", "cash"},          {"CreditDebit", "card"},        {"Credit", "card"},
      {"Debit", "card"},         {"DebitCard", "card"},          {"CreditCard", "card"},
      {"Voucher", "voucher"},    {"Coupon", "voucher"},          {"ManufacturerCoupon", "voucher"},
      {"GiftCard", "gift_card"}, {"StoredValue", "gift_card"},   {"GiftCertificate", "gift_card"},
      {"Account", "account"},    {"CustomerAccount", "account"}, {"HouseAccount", "account"},
      {"Mobile", "mobile"},      {"MobilePayment", "mobile"}};
  for (const auto& [name, word] : kTypes) {
    if (name == written) return word;
  }
  return "other";
}

// What a terminal says of a payment that was made.
bool IsPaid(std::string_view word) {
  return OneOf(Normal(word), {"approved", "authorized", "authorised", "accepted", "captured",
                              "settled", "success", "successful", "succeeded", "paid", "tendered",
                              "closed", "done", "finished", "final", "finalized", "confirmed"});
}

bool IsState(std::string_view name) {
  const std::string word = Normal(name);
  return EndsWith(word, {"status", "statuscode", "state", "statecode", "result", "outcome"}) &&
         !Contains(word, {"customer", "loyalty", "member", "printer", "drawer", "tax", "tip"});
}

class Reader {
 public:
  Reader(const Vocabulary& words, XmlElement tender, bool paid_out, Basket* basket)
      : words_(words), tender_(tender), basket_(*basket), paid_out_(paid_out) {}

  std::optional<Rejection> Run() {
    Flags();
    Each(tender_, [this](std::string_view name, std::string_view text) { Own(name, text); });
    basket_.names_tenders = basket_.names_tenders || tender_.Child("Amount");
    if (cancelled_ || rejection_) return std::move(rejection_);
    Deeper();
    const auto amount = Amount(tender_);
    if (rejection_ || !amount) return std::move(rejection_);
    const Decimal paid = paid_out_ ? -Magnitude(*amount) : *amount;
    basket_.tenders.push_back({std::string(TypeOf(tender_.Attribute("TenderType"))), paid});
    // Some tills write change as its own, negative tender; others below the tender that it is from.
    if (!paid.negative()) Change();
    return std::move(rejection_);
  }

 private:
  using Found = std::function<void(std::string_view name, std::string_view text)>;
  static void Each(XmlElement part, const Found& found) {
    part.ForEachAttribute([&found](std::string_view name, std::string_view text) {
      if (!text.empty()) found(name, text);
    });
    for (const XmlElement child : part) {
      const bool leaf = !(child.begin() != child.end());
      if (leaf && !child.PeekText().empty()) found(child.name(), child.PeekText());
    }
  }

  // Most flags of a payment are its own affair.
  void Flags() {
    auto rejection = words_.ReadFlags(tender_, [this](std::string_view meaning) {
      cancelled_ = cancelled_ || meaning == "cancelled";
    });
    if (rejection && rejection->reason == "bad-value") rejection_ = std::move(rejection);
  }

  void Own(std::string_view name, std::string_view text) {
    const std::string word = Normal(name);
    if (OneOf(word, {"typecode", "tendertypecode"})) return Type(name, text);
    if (!OneOf(word, {"status", "statuscode", "state", "lineitemstatus", "tenderstatus",
                      "tenderstatuscode", "tenderstate", "paymentstatus", "paymentstate"})) {
      if (IsState(name)) State(name, text);
      return;
    }
    const std::string_view meaning = words_.Meaning(Question::kLineStatus, text);
    if (meaning.empty() && !IsPaid(text)) Refuse(words_.Unknown(Question::kLineStatus, name, text));
    cancelled_ = cancelled_ || meaning == "cancelled";
  }

  // Which way the money goes.
  void Type(std::string_view name, std::string_view text) {
    const std::string_view meaning = words_.Meaning(Question::kLineType, text);
    if (meaning == "return" || OneOf(Normal(text), {"change", "payout", "paidout"})) {
      paid_out_ = true;
    } else if (words_.Meaning(Question::kLineStatus, text) == "cancelled") {
      cancelled_ = true;
    } else if (meaning.empty() && Normal(name) == "typecode" &&
               !OneOf(Normal(text), {"payment", "tender", "redemption", "redeem", "redeemed"})) {
      Refuse(words_.Unknown(Question::kLineType, name, text));
    }
  }

  // A state of some other part: only what plainly says that nothing was paid.
  void State(std::string_view name, std::string_view text) {
    if (WordDecides({words_, Place::kLineItem, basket_.takes_back, tender_}, text)) {
      Refuse(words_.Unknown(Question::kLineStatus, name, text));
    }
  }
  void States(XmlElement part) {
    for (const XmlElement below : part) {
      Each(below, [this](std::string_view name, std::string_view text) {
        if (IsState(name)) State(name, text);
      });
      States(below);
    }
  }
  void Deeper() {
    States(tender_);
    for (const XmlElement below : tender_) {
      if (below.name() == "TenderChange" || rejection_) continue;
      const bool leaf = !(below.begin() != below.end());
      if (leaf && !words_.Meaning(Question::kFlag, below.name()).empty()) continue;  // read above
      if (auto why = UnreadInOthers(words_, below, basket_.takes_back)) Refuse(*std::move(why));
    }
    for (const XmlElement below : tender_) {
      if (HoldsGoods(below)) {
        Refuse(words_.Unknown(Question::kElement, below.name(), below.name()));
      }
    }
  }

  void Change() {
    for (const XmlElement change : tender_) {
      if (change.name() != "TenderChange") continue;
      const auto given = Amount(change);
      if (given && !given->zero()) basket_.tenders.push_back({"cash", -Magnitude(*given)});
    }
  }

  std::optional<Decimal> Amount(XmlElement parent) {
    if (auto why = ToldTwice(parent, {"Amount"})) Refuse(*std::move(why));
    std::optional<Decimal> value;
    if (!ReadNumber(parent.TextOf("Amount"), &value, &basket_.rounded)) {
      Refuse({"bad-value", "Amount", "expected a decimal number such as 12.50"});
    }
    return value;
  }
  void Refuse(Rejection why) {
    if (!rejection_) rejection_ = std::move(why);
  }

  const Vocabulary& words_;
  const XmlElement tender_;
  Basket& basket_;
  bool cancelled_ = false, paid_out_;
  std::optional<Rejection> rejection_;
};

}  // namespace

std::optional<Rejection> ReadTender(const Vocabulary& words, XmlElement tender, bool paid_out,
                                    Basket* basket) {
  return Reader(words, tender, paid_out, basket).Run();
}

}  // namespace tillrelay::formats::poslog
