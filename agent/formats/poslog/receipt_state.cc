#include "agent/formats/poslog/receipt_state.h"

#include "agent/formats/poslog/words.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

bool Means(XmlElement link, Link wanted) {
  std::string_view told = link.Attribute("ReasonCode");
  for (const char* name : {"LinkTypeCode", "TypeCode"}) {
    if (told.empty()) told = link.Attribute(name);
  }
  if (told.empty()) told = link.TextOf("ReasonCode");
  const std::string word = Folded(told);
  switch (wanted) {
    case Link::kResume:
      return OneOf(word, {"resume", "resumed", "retrieve", "retrieved", "suspend", "suspended"});
    case Link::kVoid:
      return OneOf(word, {"void", "voided", "postvoid", "postvoided"});
    case Link::kReturn:
      return OneOf(word, {"return", "returned", "exchange"});
  }
  return false;
}

bool HasTender(XmlElement body) {
  for (const XmlElement item : body) {
    if (item.name() == "LineItem" && item.Child("Tender")) return true;
  }
  return false;
}

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

std::optional<Rejection> ReadState(XmlElement root, XmlElement body, State* state) {
  *state = State::kCarriedOut;
  if (IsTrue(root.Attribute("TrainingModeFlag"))) {
    *state = State::kTraining;
    return std::nullopt;
  }
  std::string status;
  if (body) status = Folded(body.Attribute("TransactionStatus"));
  if (status.empty()) status = Folded(root.Attribute("TransactionStatus"));
  const bool voids_another =
      bool(LinkOf(root, body, Link::kVoid)) || (body && body.name() == "PostVoidTransaction");
  if (status == "postvoided" && !voids_another) {
    return Rejection{"unsupported", "TransactionStatus",
                     "it was taken back later, but not said by what; send the post-void itself"};
  }
  if (OneOf(status, {"voided", "cancelled", "canceled", "failed", "suspendeddeleted", "aborted",
                     "abandoned"}) ||
      IsTrue(root.Attribute("CancelFlag")) || IsTrue(root.Attribute("VoidFlag"))) {
    *state = State::kCancelled;
  } else if (voids_another) {
    *state = State::kPostVoid;
  } else if (status == "suspended" || (body && body.name() == "SuspendedTransaction")) {
    *state = State::kSuspended;
  } else if (OneOf(status, {"suspendedretrieved", "resumed", "retrieved"})) {
    // Taken up again: with tenders it was paid for, without it only left its parking place.
    *state = HasTender(body) ? State::kCarriedOut : State::kResumed;
  } else if (body && OneOf(body.name(), {"ResumedTransaction", "RetrievedTransaction"})) {
    *state = State::kResumed;
  }
  return std::nullopt;
}

XmlElement LinkOf(XmlElement root, XmlElement body, Link link) {
  for (const XmlElement parent : {body, root}) {
    for (const XmlElement child : parent) {
      if (child.name() == "TransactionLink" && Means(child, link)) return child;
    }
  }
  return {};
}

}  // namespace tillrelay::formats::poslog
