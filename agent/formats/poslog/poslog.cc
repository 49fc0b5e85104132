#include "agent/formats/poslog/poslog.h"

#include <algorithm>
#include <set>

#include "agent/formats/poslog/around.h"
#include "agent/formats/poslog/day_close.h"
#include "agent/formats/poslog/dialect.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/inventory.h"
#include "agent/formats/poslog/not_read_parts.h"
#include "agent/formats/poslog/other_store.h"
#include "agent/formats/poslog/quantities.h"
#include "agent/formats/poslog/receipt.h"
#include "agent/formats/poslog/xml_reader.h"
#include "common/base/page_releaser.h"
#include "common/base/text.h"

namespace tillrelay::formats {
namespace poslog {
namespace {

using event::Rejection;
using Outcome = std::variant<event::Event, Rejection>;

bool IsBasket(std::string_view name) {
  return OneOf(name, {"RetailTransaction", "CustomerOrderTransaction", "PostVoidTransaction",
                      "SuspendedTransaction", "ResumedTransaction", "RetrievedTransaction"});
}

XmlElement BasketOf(XmlElement root) {
  for (const XmlElement body : root) {
    if (IsBasket(body.name())) return body;
  }
  return {};
}

// What a till does besides: a number of its sequence without goods.
XmlElement ControlOf(XmlElement root) {
  return FirstOf(root, {"ControlTransaction", "TenderControlTransaction", "BusinessEOD",
                        "ForeCourtControl", "InventoryControlTransaction"});
}

// One Transaction to its item; to two, where it is a document that has no register (a transfer, a
// day's close) and yet uses one of a register's numbers: the filler keeps those without a gap.
class Mapper {
 public:
  Mapper(const XmlTransaction& transaction, const Vocabulary& words)
      : root_(transaction.tree.root()), dialect_(DialectOf(transaction)), words_(words) {}

  std::vector<Outcome> Run() {
    const XmlElement basket = BasketOf(root_);
    event::Event event = Head(basket);
    if (auto rejection = TwoReceipts()) return One(*std::move(rejection));
    if (auto rejection =
            ToldTwice(root_, {"RetailStoreID", "WorkstationID", "SequenceNumber", "BusinessDayDate",
                              "BeginDateTime", "EndDateTime", "CurrencyCode"})) {
      return One(*std::move(rejection));
    }
    ReadStateResult reported;
    if (auto rejection = ReadState({root_, basket, words_}, &reported)) {
      return One(*std::move(rejection));
    }
    if (reported.offline) event.transaction->captured_offline = true;
    if (rejection_) return One(*std::move(rejection_));
    if (const std::string_view status = StatusWord(reported.state); !status.empty()) {
      MakeFiller(status, &event);
      return One(std::move(event));
    }
    if (auto rejection = PassedOver()) return One(*std::move(rejection));
    if (basket) {
      if (auto rejection = GoodsOfAnotherStore(basket, event.transaction->store_id, words_)) {
        return One(*std::move(rejection));
      }
      if (auto rejection = ReadReceipt({root_, basket, dialect_, words_, reported}, &event)) {
        return One(*std::move(rejection));
      }
      return One(std::move(event));
    }
    if (!ControlOf(root_)) {
      return One(Rejection{"unsupported", "Transaction",
                           "neither a retail nor a control nor an inventory transaction"});
    }
    return Control(std::move(event));
  }

 private:
  event::Event Head(XmlElement basket) {
    event::Event event;
    event.origin.emplace();
    event.origin->dialect = dialect_.name;
    event.origin->mapper = "poslog@2";
    event::Transaction& t = event.transaction.emplace();
    t.store_id = Id("RetailStoreID");
    if (t.store_id.empty()) t.store_id = root_.Child("BusinessUnit").TextOf("UnitID");
    t.register_id = Id("WorkstationID");
    t.transaction_no = Id("SequenceNumber");
    t.business_day = Id("BusinessDayDate");
    t.receipt_no = Short(ReceiptNo(basket), kMaxIdBytes);
    t.begin_at = Id("BeginDateTime");
    t.end_at = Id("EndDateTime");
    if (t.end_at.empty()) t.end_at = basket.TextOf("ReceiptDateTime");
    if (t.end_at.empty()) t.end_at = t.begin_at;
    if (t.end_at.empty()) t.end_at = Id("POSLogDateTime");
    event.currency = Id("CurrencyCode");
    return event;
  }

  // Goods in a part of the transaction that would not be read.
  std::optional<Rejection> PassedOver() const {
    for (const XmlElement body : root_) {
      if (!IsRead(body) && HoldsGoods(body)) {
        return Rejection{"unsupported", std::string(body.name()),
                         "it names goods, and it is not known what happened to them"};
      }
    }
    return std::nullopt;
  }

  // Whatever became of the one, the other would be passed over.
  std::optional<Rejection> TwoReceipts() const {
    size_t bodies = 0;
    for (const XmlElement body : root_) bodies += IsRead(body) ? 1 : 0;
    if (bodies <= 1) return std::nullopt;
    return Rejection{"unsupported", "Transaction",
                     "it holds two receipts; give each a Transaction of its own"};
  }
  static bool IsRead(XmlElement body) {
    return IsBasket(body.name()) || body.name() == "InventoryControlTransaction";
  }

  std::string_view ReceiptNo(XmlElement basket) const {
    const std::string_view reported = FirstText(root_, {"ReceiptNumber", "ReceiptBarcode"});
    return reported.empty() ? FirstText(basket, {"ReceiptNumber", "ReceiptBarcode"}) : reported;
  }

  std::vector<Outcome> Control(event::Event event) {
    event::Event document;
    document.origin = event.origin;
    const event::Transaction head = *event.transaction;
    MakeFiller("control", &event);
    std::optional<Rejection> rejection;
    bool mapped = true;
    if (const XmlElement body = root_.Child("InventoryControlTransaction")) {
      rejection = ReadInventory({head, body, words_}, &document, &mapped);
    } else if (const XmlElement settlement = SettlementOf(root_)) {
      rejection = ReadDayClose(head, settlement, &document, &mapped);
    } else {
      mapped = false;
    }
    if (!mapped && !rejection) return One(std::move(event));
    std::vector<Outcome> outcomes;
    if (!head.register_id.empty() && !head.transaction_no.empty()) {
      outcomes.emplace_back(std::move(event));
    }
    if (rejection) {
      outcomes.emplace_back(*std::move(rejection));
    } else {
      outcomes.emplace_back(std::move(document));
    }
    return outcomes;
  }

  static std::vector<Outcome> One(Outcome outcome) {
    std::vector<Outcome> outcomes;
    outcomes.push_back(std::move(outcome));
    return outcomes;
  }

  std::string Id(std::string_view child) {
    const std::string_view text = root_.TextOf(child);
    if (text.size() > kMaxIdBytes && !rejection_) {
      rejection_ = Rejection{"bad-value", std::string(child), "longer than 128 bytes"};
    }
    return std::string(text.substr(0, kMaxIdBytes));
  }

  const XmlElement root_;
  const Dialect dialect_;
  const Vocabulary& words_;
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

struct Bytes {
  std::string_view root, transaction;
};
Bytes OwnBytes(std::string_view bytes, const XmlTransaction& t) {
  const auto cut = [bytes](size_t from, size_t to) {
    return from <= to && to <= bytes.size() ? bytes.substr(from, to - from) : std::string_view();
  };
  const bool apart = t.from != t.root_from;
  return {apart ? cut(t.root_from, t.root_to) : std::string_view(), cut(t.from, t.to)};
}

// The transaction as a document of its own, so that a corrected one can be sent again.
std::string Excerpt(std::string_view bytes, const XmlTransaction& t, size_t limit) {
  const Bytes own = OwnBytes(bytes, t);
  std::string text = Readable(own.root) + Readable(own.transaction);
  if (t.from != t.root_from) text += "</" + Readable(t.root_name) + ">";
  if (text.size() > limit) text.resize(limit);
  return text;
}

}  // namespace
}  // namespace poslog

std::optional<SyntaxError> DecodePosLog(std::string_view bytes, const poslog::Vocabulary& words,
                                        const Limits& limits,
                                        const std::function<void(Item&&)>& sink,
                                        NotRead* not_read) {
  // A large document is read twice: what it holds must not be kept until its end has been seen. A
  // small one is so where what stands around its transactions says something of them.
  const bool in_steps = bytes.size() > limits.event_bytes;
  poslog::XmlOutside outside;
  std::optional<poslog::Around> around;
  if (in_steps) {
    if (auto error = poslog::ReadXml(
            bytes, limits, [](const auto&) {}, &outside)) {
      return error;
    }
    around.emplace(outside, words);
  }
  std::vector<Item> items;
  std::set<uint32_t> wrappers;
  size_t index = 0;
  std::optional<PageReleaser> passed;
  const auto map = [&](const poslog::XmlTransaction& transaction) {
    // An excerpt needs the root's tag as well.
    if (in_steps && !passed) passed.emplace(bytes.substr(transaction.root_to));
    if (in_steps) passed->Passed(bytes.data() + transaction.from);
    std::vector<poslog::Outcome> outcomes;
    std::optional<event::Rejection> refused;
    if (around) refused = around->Of(transaction.wrapper);
    if (!around) wrappers.insert(transaction.wrapper);
    if (refused) {
      outcomes.emplace_back(*std::move(refused));
    } else if (!transaction.too_large.empty()) {
      outcomes.emplace_back(event::Rejection{"bad-value", "Transaction",
                                             std::string(transaction.too_large) + " is too large"});
    } else {
      outcomes = poslog::Mapper(transaction, words).Run();
      if (not_read != nullptr) poslog::ListNotRead(transaction.tree.root(), words, not_read);
    }
    const auto own = poslog::OwnBytes(bytes, transaction);
    for (size_t i = 0; i < outcomes.size(); ++i) {
      Item item{index++, std::move(outcomes[i]), {}, {}};
      item.bytes.digest = event::DigestOfBytes({own.root, own.transaction, std::to_string(i)});
      const auto* event = std::get_if<event::Event>(&item.outcome);
      // What kind of document it is, which is a part of its name, is told by words.
      item.bytes.key_by_settings = event == nullptr || !event->transaction;
      if (std::holds_alternative<event::Rejection>(item.outcome)) {
        item.excerpt = poslog::Excerpt(bytes, transaction, limits.event_bytes);
      }
      if (in_steps) {
        sink(std::move(item));
      } else {
        items.push_back(std::move(item));
      }
    }
  };
  poslog::XmlOutside read;
  if (auto error = poslog::ReadXml(bytes, limits, map, &read)) return error;
  if (!in_steps) {
    around.emplace(read, words);
    const bool reported =
        std::any_of(wrappers.begin(), wrappers.end(),
                    [&around](uint32_t wrapper) { return around->Of(wrapper).has_value(); });
    if (reported) {
      items.clear();
      index = 0;
      poslog::XmlOutside again;
      if (auto error = poslog::ReadXml(bytes, limits, map, &again)) return error;
    }
  }
  for (Item& item : items) sink(std::move(item));
  if (auto passed_over = index > 0 ? std::nullopt : around->OfNone()) {
    Item item{
        0, *std::move(passed_over), poslog::Readable(bytes.substr(0, limits.event_bytes)), {}};
    item.bytes.digest = event::DigestOfBytes({bytes});
    sink(std::move(item));
  }
  return std::nullopt;
}

}  // namespace tillrelay::formats
