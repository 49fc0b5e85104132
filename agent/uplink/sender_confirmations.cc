// What the sender believes of what the centre says: confirmations, commands, and when two pasts
// make a new stream necessary. docs/wire.md, "Believing a confirmation".
#include <fmt/format.h>

#include <algorithm>

#include "agent/uplink/sender.h"

namespace tillrelay::uplink {
namespace {

constexpr const char* kRestored =
    "head office has confirmed events that this journal does not hold: the disk was restored from "
    "an older copy, or two servers use this store id";
constexpr const char* kCopied =
    "head office holds other events under the same numbers: the disk was copied or restored";

}  // namespace

void Sender::OnCentreHeard(bool retained, Instant now) {
  confirmation_heard_ = true;
  evidence_.never_heard = false;
  if (retained) return;
  evidence_.centre_away = false;
  // While it was away nobody could confirm: the clock starts anew.
  if (CentreAway(now)) progress_at_ = now;
  centre_heard_at_ = now;
  centre_spoke_at_ = now;
}

void Sender::OnTakenOver(const Failure& failure, bool knows_nobody, Instant now) {
  Down(failure, now, twin_rule_.OnTakenOver(knows_nobody, now));
}

TwinStep Sender::OnTwin(const wire::HeardSession& other, Instant now) {
  if (!link_open()) return TwinStep::kGoOn;
  twin_ = fmt::format("{} (session {})",
                      other.host.empty() ? "an unnamed host" : "host " + other.host, other.session);
  twin_heard_at_ = now;
  const TwinStep step = twin_rule_.OnEvidence(other.session, now);
  if (step == TwinStep::kStay) reconnect_delay_.Forget();
  if (step == TwinStep::kGoOn || step == TwinStep::kStay) return step;
  Down({LinkCause::kTakeOver, "another server speaks for this store: " + twin_}, now, step);
  queue_.emplace_back(act::Disconnect{});
  return step;
}

void Sender::OnConfirm(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                       Instant now) {
  OnCentreHeard(retained, now);
  if (options_.by_broker) return;
  if (confirm.stream != journal_.stream) return OnOlder(confirm, verdict, retained, now);
  if (verdict == ChainVerdict::kNotKept) {
    ++disbelieved_;
    return;
  }
  if (verdict != ChainVerdict::kEqual) return OnConflict(confirm, verdict, retained, now);
  disagreements_.erase(confirm.stream);
  if (cause_ && cause_->stream == confirm.stream) cause_.reset();
  if (confirm.through < journal_.confirmed_through) {
    const bool old_message = retained || confirm.through + 1 < journal_.floor;
    if (old_message) {
      ++disbelieved_;
      return;
    }
    // The collector was restored, or another one lags: wait for a higher word before believing.
    if (!lower_) lower_ = PendingRewind{confirm, now + kLowerGrace};
    lower_->confirm = confirm;
    Allow(confirm.stream, 0, now);
    return;
  }
  lower_.reset();
  if (confirm.through > journal_.confirmed_through) {
    Advance(confirm, !retained, now);
  } else if (SaysNews(confirm)) {
    queue_.emplace_back(act::SaveConfirmation{confirm, !retained});
  }
  if (!retained) Allow(confirm.stream, confirm.through, now);
  if (phase_ == Phase::kSettling) StartSending(now);
}

// The journal has not written it down, or keeps a list of what is owed.
bool Sender::SaysNews(const wire::StreamConfirm& confirm) const {
  const StreamPlace* place = PlaceOf(confirm.stream);
  if (place == nullptr) return !confirm.owed.empty();
  return !confirm.owed.empty() || !place->owed.empty() ||
         place->confirmed_through != confirm.through;
}

void Sender::Allow(const std::string& stream, uint64_t through, Instant now) {
  queue_.emplace_back(act::AllowDeletion{stream, through, now + kDeletionWindow});
}

// An older stream is sent only by replay; here it matters what of it may be deleted, whether its
// rows have to move, and whether a centre that was set back lacks some of it.
void Sender::OnOlder(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                     Instant now) {
  const StreamPlace* place = PlaceOf(confirm.stream);
  if (place == nullptr || retained) return;
  switch (verdict) {
    case ChainVerdict::kEqual:
      disagreements_.erase(confirm.stream);
      if (SaysNews(confirm)) {
        queue_.emplace_back(act::SaveConfirmation{confirm, true});
      }
      NoteBehind(confirm, *place, now);
      return Allow(confirm.stream, confirm.through, now);
    case ChainVerdict::kBeyondHead:
      // The centre went on there with events of another copy. What we had confirmed of it stays so,
      // unless it proves otherwise with a command.
      return Allow(confirm.stream, place->head, now);
    case ChainVerdict::kNotKept:
      return;
    case ChainVerdict::kOther:
      if (place->holds_rows) OnConflict(confirm, verdict, retained, now);
      return;
  }
}

// What was sent of it may have been lost since, or the centre was set back.
void Sender::NoteBehind(const wire::StreamConfirm& confirm, const StreamPlace& place, Instant now) {
  const bool lacks = confirm.through < place.head && confirm.through + 1 >= place.floor;
  if (lacks) {
    const uint64_t missing = place.holds_rows ? place.head - confirm.through : 0;
    older_.Behind(confirm.stream, confirm.through, missing, now);
  } else {
    older_.Complete(confirm.stream);
  }
}

// What the centre lacks of an older stream and does not ask for; null where there is none. No
// replay may run.
Replay* Sender::StartOlder(Instant now) {
  if (!CentreSpoke(now)) return nullptr;
  while (const auto rest = older_.Take(now)) {
    const ReplayOrder order{rest->stream, rest->first, UINT64_MAX, "", "", ""};
    if (replays_.Start(order, "older", Places()).ok()) return replays_.active();
  }
  return nullptr;
}

void Sender::Advance(const wire::StreamConfirm& confirm, bool live, Instant now) {
  journal_.confirmed_through = confirm.through;
  DeliveryProven(now);
  unproven_since_.reset();
  NoteUnproven(now);
  progress_at_ = now;
  sent_bytes_ = 0;
  fresh_link_after_ = kFirstFreshLink;
  status_due_ = true;
  queue_.emplace_back(act::SaveConfirmation{confirm, live});
  window_.Jump(confirm.through);
  cursor_ = std::max(cursor_, confirm.through + 1);
  // The probe went through, but what was sent behind it did not: the broker lost it.
  if (probe_ != 0 && confirm.through == probe_ && cursor_ > confirm.through + 1) {
    MoveCursorBack(confirm.through);
  }
  if (probe_ <= confirm.through) probe_ = 0;
}

void Sender::MoveCursorBack(uint64_t through) {
  cursor_ = through + 1;
  window_.CountFrom(through);
}

void Sender::BelieveLower() {
  const wire::StreamConfirm confirm = lower_->confirm;
  lower_.reset();
  journal_.confirmed_through = confirm.through;
  queue_.emplace_back(act::SaveConfirmation{confirm, false});
  MoveCursorBack(confirm.through);
  status_due_ = true;
}

// Journal and centre tell different pasts. Once may be an old message; twice is a fork.
void Sender::OnConflict(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                        Instant now) {
  ++disbelieved_;
  Allow(confirm.stream, 0, now);
  int& reported = disagreements_[confirm.stream];
  reported = retained ? std::max(reported, 1) : reported + 1;
  if (reported < 2 || retained) return;
  const bool current = confirm.stream == journal_.stream;
  const char* why = verdict == ChainVerdict::kBeyondHead ? kRestored : kCopied;
  // A confirmed number whose chain is another now: nothing of this stream is safe at the centre.
  const bool below = !current || confirm.through <= journal_.confirmed_through;
  const bool beyond = verdict == ChainVerdict::kBeyondHead;
  ForkBecause(
      {confirm.stream, below ? 0 : journal_.confirmed_through, why, beyond ? confirm.through : 0},
      now);
}

void Sender::ForkBecause(ForkReason cause, Instant now) {
  if (forking_) return;
  const bool current = cause.stream == journal_.stream;
  const StreamPlace* place = PlaceOf(cause.stream);
  if (!current && place == nullptr) return;
  const bool moves = current || place->holds_rows;
  if (moves && now < next_fork_at_) {
    cause_ = std::move(cause);
    status_due_ = true;
    return;
  }
  const uint64_t floor = current ? journal_.floor : place->floor;
  if (cause.after + 1 < floor) {
    act::DeclareLoss gone{cause.stream, {cause.after + 1, floor - 1}, "in_doubt", false, {}};
    queue_.emplace_back(std::move(gone));
    ++lost_;
  }
  // What came behind the copy that was put back, and behind what the centre has of it, is nowhere.
  if (cause.known_through > 0) {
    if (cause.known_through > journal_.head) {
      queue_.emplace_back(act::DeclareLoss{cause.stream,
                                           {journal_.head + 1, cause.known_through},
                                           wire::Lost::kDelivered,
                                           false,
                                           {}});
    }
    act::DeclareLoss end{
        cause.stream, {cause.known_through + 1, cause.known_through}, "in_doubt", false, {}, true};
    queue_.emplace_back(std::move(end));
    ++lost_;
  }
  cause_.reset();
  if (!moves) return;
  forking_ = true;
  forking_since_ = now;
  ++forks_;
  next_fork_at_ = now + kForkEvery;
  queue_.emplace_back(act::Fork{cause.stream, cause.after, cause.reason});
}

void Sender::OnStream(const JournalPosition& position, Instant now) {
  journal_ = position;
  forking_ = false;
  alarm_.clear();  // it was about the stream, or the file, that is over
  lower_.reset();
  disagreements_.erase(position.stream);
  probe_ = 0;
  parked_.clear();
  replays_.Finish("interrupted");
  window_.ForgetNumbers();
  Rewind();
  progress_at_ = now;
  unproven_since_.reset();
  evidence_.awaits_proof = false;
  highest_sent_ = 0;
  status_due_ = true;
  status_at_ = now - kStatusMinGap;
}

void Sender::OnPlaces(std::vector<StreamPlace> places) {
  places_ = std::move(places);
  older_.ForgetAllBut([this](const std::string& stream) { return PlaceOf(stream) != nullptr; });
}

const StreamPlace* Sender::PlaceOf(const std::string& stream) const {
  const auto found = std::find_if(places_.begin(), places_.end(),
                                  [&](const StreamPlace& p) { return p.stream == stream; });
  return found == places_.end() ? nullptr : &*found;
}

bool Sender::owes(const std::string& stream, uint64_t sequence) const {
  const StreamPlace* place = PlaceOf(stream);
  if (place == nullptr) return false;
  return std::find(place->owed.begin(), place->owed.end(), sequence) != place->owed.end();
}

// What a replay may name: the journal's places, the current one as far as it was sent.
std::vector<StreamPlace> Sender::Places() const {
  std::vector<StreamPlace> places;
  std::vector<uint64_t> owed;
  for (const StreamPlace& place : places_) {
    if (place.stream == journal_.stream) {
      owed = place.owed;
    } else {
      places.push_back(place);
    }
  }
  const uint64_t seen = std::max(sent_through(), settled_through());
  places.push_back({journal_.stream, journal_.head, journal_.floor, seen, true, std::move(owed)});
  return places;
}

// Why the command's chain changes nothing, or "".
std::string Sender::Proven(const wire::Command& command, ChainVerdict verdict, Instant now) {
  const bool current = command.stream == journal_.stream;
  if (!current && PlaceOf(command.stream) == nullptr) return "unknown";
  if (verdict == ChainVerdict::kEqual) return "no-contradiction";
  if (verdict == ChainVerdict::kNotKept) return "not-kept";
  if (!current && verdict == ChainVerdict::kBeyondHead) return "no-contradiction";
  const bool beyond = verdict == ChainVerdict::kBeyondHead;
  const bool above = current && (beyond || command.range.first > journal_.confirmed_through);
  ForkBecause({command.stream, above ? journal_.confirmed_through : 0, beyond ? kRestored : kCopied,
               beyond ? command.range.first : 0},
              now);
  return "";
}

void Sender::OnCommand(const wire::Command& command, ChainVerdict verdict, bool retained,
                       Instant now) {
  ReplayQueue::Answer answer = replays_.Take(command, retained, Places());
  if (retained) return;  // counted, not even answered
  wire::Reply& reply = answer.reply;
  if (command.command == "report" && reply.state == "done") {
    status_due_ = true;
    status_at_ = now - kStatusMinGap;
  }
  if (command.command == "fork" && reply.state == "done") {
    reply.reason = Proven(command, verdict, now);
    if (!reply.reason.empty()) reply.state = "refused";
  }
  if (!answer.gone) {
    queue_.emplace_back(act::SendReply{std::move(reply)});
    return;
  }
  if (verdict == ChainVerdict::kOther) {
    // The centre knows another history just below: what it asks for is not ours to declare.
    replays_.Finish("interrupted");
    ForkBecause({command.stream, 0, kCopied}, now);
    reply.state = "refused";
    reply.reason = "fork";
    queue_.emplace_back(act::SendReply{std::move(reply)});
    return;
  }
  ++lost_;
  const bool compared = verdict == ChainVerdict::kEqual && command.chain.has_value();
  queue_.emplace_back(
      act::DeclareLoss{command.stream, *answer.gone, "not_kept", compared, std::move(reply)});
}

}  // namespace tillrelay::uplink
