#include "agent/formats/poslog/around.h"

#include "agent/formats/poslog/decisive_words.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/unread_words.h"

namespace tillrelay::formats::poslog {

using event::Rejection;

namespace {

// Of returns and orders each transaction tells for itself.
bool NameSpeaks(const WordContext& around, std::string_view written) {
  const std::string name = Normal(written);
  return NameDecides(name, false) || (Decides(around, written, "true") &&
                                      !Contains(name, {"return", "refund", "layaway", "reserv"}));
}

// A receipt, whatever is in it.
bool IsReceipt(XmlElement element) {
  return element.begin() != element.end() &&
         OneOf(element.name(), {"RetailTransaction", "CustomerOrderTransaction",
                                "PostVoidTransaction", "SuspendedTransaction", "ResumedTransaction",
                                "RetrievedTransaction", "InventoryControlTransaction"});
}

// What nobody reads, because it stands in no Transaction; empty if there is no such thing.
XmlElement PassedOver(XmlElement element) {
  if (IsReceipt(element) || IsGoodsLine(element) || HoldsGoods(element, 0)) return element;
  for (const XmlElement below : element) {
    if (const XmlElement found = PassedOver(below)) return found;
  }
  return {};
}

// The same of a document in which transactions may bear other names.
XmlElement PassedOverAlone(XmlElement element) {
  const bool part = element.begin() != element.end();
  if (part && (Normal(element.name()).ends_with("transaction") || CouldBeGoods(element))) {
    return element;
  }
  for (const XmlElement below : element) {
    if (const XmlElement found = PassedOverAlone(below)) return found;
  }
  return {};
}

Rejection Refused(XmlElement element) {
  return {"unsupported", std::string(element.name()),
          "it stands outside of any Transaction, where nobody reads it"};
}

}  // namespace

std::optional<Rejection> Around::OfNone() const {
  if (outside_.tree.empty()) return std::nullopt;
  for (const XmlElement part : outside_.tree.root()) {
    if (const XmlElement lost = PassedOverAlone(part)) return Refused(lost);
  }
  return std::nullopt;
}

std::optional<Rejection> Around::Of(uint32_t wrapper) {
  if (outside_.too_large) {
    return Rejection{"bad-value", "POSLog", "what stands beside the transactions is too large"};
  }
  for (XmlElement element = outside_.tree.at(wrapper); element; element = element.parent()) {
    auto found = judged_.find(element.index());
    if (found == judged_.end()) {
      found = judged_.emplace(element.index(), ReasonOf(element)).first;
    }
    if (found->second) return found->second;
  }
  return std::nullopt;
}

std::optional<Rejection> Around::ReasonOf(XmlElement element) const {
  const WordContext around(words_, Place::kAround, false, element);
  if (HoldsGoods(element, 0)) return Refused(element);
  for (const XmlElement part : element) {
    const XmlElement lost = HoldsTransactions(part) ? XmlElement() : PassedOver(part);
    if (lost) return Refused(lost);
  }
  if (element.parent() && NameSpeaks(around, element.name())) {
    return Rejection{"unsupported", std::string(element.name()),
                     "the element around it says that nothing of it happened"};
  }
  std::optional<Rejection> reported;
  auto rejection = words_.ReadFlags(element, [&reported](std::string_view meaning) {
    if (meaning == "offline" || reported) return;
    reported =
        Rejection{"unsupported", "POSLog",
                  "a flag beside the transactions says that they are " + std::string(meaning)};
  });
  if (!rejection) rejection = std::move(reported);
  if (!rejection) rejection = UnreadWord(words_, Place::kAround, element, false);
  return rejection;
}

bool HoldsTransactions(XmlElement element) {
  if (element.name() == "Transaction") return true;
  for (const XmlElement below : element) {
    if (HoldsTransactions(below)) return true;
  }
  return false;
}

}  // namespace tillrelay::formats::poslog
