#include "agent/formats/poslog/receipt_state.h"

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/unread_words.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

std::string_view WordOf(Link link) {
  switch (link) {
    case Link::kResume:
      return "resume";
    case Link::kVoid:
      return "void";
    case Link::kReturn:
      return "return";
  }
  return {};
}

// The links of an element, some of which stand together in one of their own.
void ForEachLink(XmlElement parent, const std::function<void(XmlElement)>& each) {
  for (const XmlElement child : parent) {
    if (PointsAtTransaction(child)) {
      each(child);
    } else if (Normal(child.name()).ends_with("links")) {
      for (const XmlElement link : child) {
        if (PointsAtTransaction(link)) each(link);
      }
    }
  }
}

// A link that does not say why may say it by its name.
std::optional<Rejection> ReadLink(const Vocabulary& words, XmlElement link,
                                  const Vocabulary::Found& found) {
  bool reported = false;
  auto rejection = words.Read(Question::kLink, Place::kLink, link, [&](std::string_view meaning) {
    reported = true;
    found(meaning);
  });
  const std::string_view by_name = words.Meaning(Question::kLink, link.name());
  if (!reported && !rejection && !by_name.empty()) found(by_name);
  return rejection;
}

bool HasTender(XmlElement basket) {
  for (const XmlElement item : basket) {
    if (item.name() == "LineItem" && item.Child("Tender")) return true;
  }
  return false;
}

// A line whose goods leave the shop now.
bool SellsAtOnce(XmlElement basket) {
  for (const XmlElement item : basket) {
    if (item.name() == "LineItem" && item.Child("Sale")) return true;
  }
  return false;
}

bool Named(XmlElement element, std::initializer_list<std::string_view> names) {
  return element && OneOf(element.name(), names);
}

// Gathers everything that a transaction says about itself, then weighs it.
class Reader {
 public:
  Reader(const StateSource& source, ReadStateResult* result) : source_(source), result_(*result) {}

  std::optional<Rejection> Run() {
    Flags(source_.root);
    Statuses(source_.root, Place::kTransaction);
    for (const XmlElement body : source_.root) {
      const bool basket = source_.basket && body.name() == source_.basket.name();
      const bool is_body = body.name().ends_with("Transaction") || body.begin() != body.end();
      if (!basket && !is_body) continue;
      Flags(body);
      Statuses(body, basket ? Place::kReceipt : Place::kControl);
    }
    Links();
    if (!rejection_) Weigh();
    if (!rejection_) Unread();
    return std::move(rejection_);
  }

 private:
  void Flags(XmlElement element) {
    Take(source_.words.ReadFlags(element, [this](std::string_view meaning) {
      result_.offline = result_.offline || meaning == "offline";
      Note(meaning);
    }));
  }

  void Statuses(XmlElement element, Place place) {
    const auto note = [this](std::string_view meaning) { Note(meaning); };
    Take(source_.words.Read(Question::kStatus, place, element, note));
    Take(source_.words.Read(Question::kType, place, element, note));
  }

  void Note(std::string_view meaning) {
    training_ = training_ || meaning == "training";
    cancelled_ = cancelled_ || meaning == "cancelled";
    suspended_ = suspended_ || meaning == "suspended";
    resumed_ = resumed_ || meaning == "resumed";
    post_voided_ = post_voided_ || meaning == "post_voided";
    post_void_ = post_void_ || meaning == "post_void";
    control_ = control_ || meaning == "control";
    order_ = order_ || meaning == "order";
    result_.is_return = result_.is_return || meaning == "return";
  }

  void Links() {
    for (const XmlElement parent : {source_.root, source_.basket}) {
      ForEachLink(parent, [this](XmlElement link) { OneLink(link); });
    }
  }

  // Why a receipt points at another one decides what it is; only what says that itself may leave
  // the reason out.
  void OneLink(XmlElement link) {
    bool reported = false;
    Take(ReadLink(source_.words, link, [&reported](std::string_view) { reported = true; }));
    const bool clear = training_ || cancelled_ || suspended_ || resumed_ || post_voided_ ||
                       post_void_ ||
                       Named(source_.basket,
                             {"PostVoidTransaction", "ResumedTransaction", "RetrievedTransaction"});
    if (reported || clear || !source_.words.Meaning(Question::kLink, "").empty()) return;
    if (link.name() != "TransactionLink") {
      return Take(source_.words.Unknown(Question::kLink, link.name(), link.name()));
    }
    Take(source_.words.Unknown(Question::kLink, "TransactionLink.ReasonCode", ""));
  }

  void Weigh() {
    const XmlElement basket = source_.basket;
    const bool voids_another =
        bool(LinkOf(source_, Link::kVoid)) || post_void_ || Named(basket, {"PostVoidTransaction"});
    if (training_) {
      result_.state = State::kTraining;
    } else if (post_voided_ && !voids_another) {
      Take(Rejection{"unsupported", "TransactionStatus",
                     "it was taken back later, but not said by what; send the post-void itself"});
    } else if (cancelled_) {
      result_.state = State::kCancelled;
    } else if (voids_another) {
      result_.state = State::kPostVoid;
    } else if (suspended_ && resumed_) {
      Take(Rejection{"unsupported", "TransactionStatus",
                     "it is said to be suspended and to be taken up again"});
    } else if (suspended_ || Named(basket, {"SuspendedTransaction"})) {
      result_.state = State::kSuspended;
    } else if (resumed_) {
      // Taken up again: with tenders it was paid for, without it only left its parking place.
      result_.state = HasTender(basket) ? State::kCarriedOut : State::kResumed;
    } else if (Named(basket, {"ResumedTransaction", "RetrievedTransaction"})) {
      result_.state = State::kResumed;
    } else if (control_ && basket.Child("LineItem")) {
      Take(Rejection{"unsupported", "TransactionType",
                     "its type says that it is no receipt, and it holds one"});
    } else if ((order_ || Named(basket, {"CustomerOrderTransaction"})) && SellsAtOnce(basket)) {
      Take(Rejection{"unsupported", "TransactionType",
                     "its type says that goods are ordered or laid away, and a line sells them; "
                     "send such lines as SaleForPickup, Layaway or the like"});
    }
  }

  // Only what would move goods is looked through: the rest is known to move nothing.
  void Unread() {
    const bool takes_back = result_.state == State::kPostVoid;
    if (result_.state != State::kCarriedOut && !takes_back) return;
    Take(UnreadWord(source_.words, Place::kTransaction, source_.root, takes_back));
    for (const XmlElement body : source_.root) {
      const bool is_basket = source_.basket && body.name() == source_.basket.name();
      const bool inventory = body.name() == "InventoryControlTransaction";
      if (is_basket) Take(UnreadWord(source_.words, Place::kReceipt, body, takes_back));
      if (inventory) Take(UnreadWord(source_.words, Place::kInventory, body, takes_back));
    }
  }

  void Take(std::optional<Rejection> rejection) {
    if (!rejection_) rejection_ = std::move(rejection);
  }

  const StateSource& source_;
  ReadStateResult& result_;
  bool training_ = false, cancelled_ = false, suspended_ = false, resumed_ = false;
  bool post_voided_ = false, post_void_ = false, control_ = false, order_ = false;
  std::optional<Rejection> rejection_;
};

}  // namespace

std::string_view StatusWord(State state) {
  switch (state) {
    case State::kSuspended:
      return "suspended";
    case State::kResumed:
      return "resumed";
    case State::kCancelled:
      return "cancelled";
    case State::kTraining:
      return "training";
    default:
      return {};
  }
}

std::optional<Rejection> ReadState(const StateSource& source, ReadStateResult* result) {
  return Reader(source, result).Run();
}

XmlElement LinkOf(const StateSource& source, Link link) {
  for (const XmlElement parent : {source.basket, source.root}) {
    XmlElement found;
    ForEachLink(parent, [&](XmlElement child) {
      bool means = false;
      ReadLink(source.words, child,
               [&](std::string_view meaning) { means = means || meaning == WordOf(link); });
      if (means && !found) found = child;
    });
    if (found) return found;
  }
  return {};
}

}  // namespace tillrelay::formats::poslog
