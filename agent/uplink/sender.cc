#include "agent/uplink/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tillrelay::uplink {

Sender::Sender(SenderOptions options, JournalPosition journal, Random* random)
    : options_(std::move(options)),
      random_(*random),
      journal_(std::move(journal)),
      reconnect_delay_(options_.retry_min, options_.retry_max, random),
      replays_(options_.session),
      cap_(options_.max_events_per_s, options_.max_bytes_per_s),
      phase_(options_.has_broker ? Phase::kWaiting : Phase::kIdle),
      twin_rule_(options_.session) {
  window_.Restart(settled_through());
  cursor_ = settled_through() + 1;
  acked_saved_ = journal_.acked_through;
}

// From what is settled on, whatever was sent before.
void Sender::Rewind() {
  cursor_ = settled_through() + 1;
  window_.CountFrom(settled_through());
}

// --- the link -------------------------------------------------------------------------------

void Sender::OnConnected(uint32_t receive_maximum, Instant now, bool gives_reasons,
                         bool fell_back) {
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kSubscribing;
  phase_since_ = connected_at_ = now;
  ever_connected_ = true;
  ++connects_;
  gives_reasons_ = gives_reasons;
  fell_back_ = fell_back;
  confirmation_heard_ = false;
  // One below the broker's bound: the client library stalls a second when its own bound is hit.
  window_.SetBound(std::min(options_.own_window, receive_maximum > 1 ? receive_maximum - 1 : 1));
  queue_.emplace_back(act::Subscribe{});
}

void Sender::OnSubscribed(Instant now) {
  if (phase_ != Phase::kSubscribing) return;
  line_.RoundTrip(now - phase_since_);
  ExtendKeepAlive(line_.KeepAlive());
  phase_ = Phase::kSettling;
  phase_since_ = now;
  centre_heard_at_ = progress_at_ = now;
  twin_rule_.Connected(now);
  passed_ = kSubscribeBytes;
  moved_ = false;
  last_failure_ = evidence_.failure;
  window_.Restart(settled_through());
  Rewind();
  evidence_.awaits_proof = !NothingWaits();
  disagreements_.clear();
  parked_.clear();
  refused_.clear();
  status_due_ = true;
  status_at_ = now - kStatusMinGap;
}

// Before the next attempt, whatever the back-off says.
Duration Sender::TwinWait(TwinStep twin) {
  if (twin == TwinStep::kStepBack) return kTakeOverTurn;
  if (twin != TwinStep::kGiveWay) return Duration::zero();
  const double spread = static_cast<double>(Duration(kTakeOverMax - kTakeOverMin).count());
  return Duration(kTakeOverMin) + Duration(static_cast<int64_t>(random_.Unit() * spread));
}

void Sender::Down(const Failure& failure, Instant now, TwinStep twin) {
  if (phase_ == Phase::kIdle || phase_ == Phase::kWaiting) return;
  const bool outage = link_open();
  if (outage) {
    reconnect_delay_.LinkWasUpFor(now - connected_at_);
    LearnKeepAlive(failure);
    NoteSize(now);
    const bool stood = now - window_.quiet_since() >= line_.LeastPatience();
    line_.Restart(stood ? window_.large_in_flight() : 0);
  }
  HoldEvidence(failure, now);
  phase_ = Phase::kWaiting;
  phase_since_ = now;
  last_failure_ = failure;
  ++failures_[static_cast<size_t>(failure.cause)];
  Duration wait = reconnect_delay_.Next();
  if (outage && reconnect_delay_.first()) wait = std::max(wait, options_.first_retry);
  next_try_ = now + std::max(wait, TwinWait(twin));
  if (twin != TwinStep::kGoOn)
    reconnect_delay_.Forget();  // else a turn would be over before it is used
  window_.Restart(settled_through());
  Rewind();
  sent_bytes_ = 0;
  probe_ = 0;
  lower_.reset();
  replays_.Finish("interrupted");
  // What the journal is to do stays to be done; what was for the link is void.
  std::erase_if(queue_, [](const Action& action) {
    return !std::holds_alternative<act::SaveConfirmation>(action) &&
           !std::holds_alternative<act::SaveAcked>(action) &&
           !std::holds_alternative<act::AllowDeletion>(action) &&
           !std::holds_alternative<act::DeclareLoss>(action) &&
           !std::holds_alternative<act::Fork>(action);
  });
}

// What was seen stays true until something speaks against it, however often the link comes back.
void Sender::HoldEvidence(const Failure& failure, Instant now) {
  if (!online()) return;
  evidence_.failure = failure;
  // A link that never carried anything ends none.
  if (phase_ == Phase::kSending && !outage_since_) outage_since_ = now;
  evidence_.centre_away = evidence_.centre_away || CentreAway(now);
  evidence_.never_heard = NeverHeard(now);
  // What was acknowledged just now has its time anew on the next connection.
  const bool late = unproven_since_ && now - *unproven_since_ >= kConfirmLate;
  if (!late && failure.cause != LinkCause::kUnconfirmed) unproven_since_.reset();
}

bool Sender::NeverHeard(Instant now) const {
  const bool long_enough = evidence_.never_heard || now - connected_at_ >= kMissed;
  return online() && !confirmation_heard_ && long_enough;
}

// What was sent has arrived where it counts, or nothing waits and the broker answers. Somebody who
// takes our place leaves it to us for moments, again and again.
void Sender::DeliveryProven(Instant now) {
  evidence_.awaits_proof = false;
  outage_since_.reset();
  const bool pushed_off = last_failure_.cause == LinkCause::kTakeOver;
  if (pushed_off && now - connected_at_ < kStableAfter) return;
  last_failure_ = evidence_.failure = {LinkCause::kNone, ""};
}

// The way to the broker is proven; not that the centre has it, nor that nobody takes our place.
void Sender::EventAcked() {
  outage_since_.reset();
  const LinkCause cause = last_failure_.cause;
  if (cause == LinkCause::kTakeOver || cause == LinkCause::kUnconfirmed) return;
  last_failure_ = evidence_.failure = {LinkCause::kNone, ""};
}

// A ping queues behind the event that is on its way, and the library ends the link without its
// answer: the next connection is given the time that such an event takes.
void Sender::LearnKeepAlive(const Failure& failure) {
  const bool silent = failure.cause == LinkCause::kLost || failure.cause == LinkCause::kSilent;
  if (!silent || window_.bytes_in_flight() == 0) return;
  ExtendKeepAlive(kKeepAlive + seconds(2 * window_.bytes_in_flight() / line_.least_rate()));
}

// For the next connection: each is told its keep-alive when it begins.
void Sender::ExtendKeepAlive(Duration needed) {
  const auto whole = std::chrono::ceil<seconds>(std::min<Duration>(needed, kMaxKeepAlive));
  keep_alive_ = std::max(keep_alive_, whole);
}

// Whether only its size can keep the first waiting event from the broker: smaller messages were
// acknowledged, and neither it nor any other event within the time that it had.
void Sender::NoteSize(Instant now) {
  const auto first = window_.FirstWaiting();
  if (!first || now - connected_at_ < line_.LeastPatience()) return;
  stuck_tries_ = !moved_ && first->bytes > passed_ ? stuck_tries_ + 1 : 0;
  stuck_bytes_ = first->bytes;
}

void Sender::Answered(const SendWindow::Flight& flight) {
  passed_ = std::max(passed_, flight.bytes);
  if (flight.sequence > 0) moved_ = true;
  if (flight.bytes >= stuck_bytes_) stuck_tries_ = 0;
}

void Sender::StartSending(Instant now) {
  phase_ = Phase::kSending;
  phase_since_ = progress_at_ = now;
  owed_due_ = true;
  Rewind();
}

void Sender::Pause(Instant now) {
  if (!paused_) paused_at_ = now;
  paused_ = true;
  status_due_ = true;
}

void Sender::Resume(Instant now) {
  paused_ = false;
  alarm_.clear();
  status_due_ = true;
  RetryNow(now);
}

void Sender::RetryNow(Instant now) {
  if (phase_ == Phase::kWaiting) next_try_ = now;
}

// --- what the journal and the broker say ------------------------------------------------------

void Sender::OnHead(uint64_t head, uint64_t floor) {
  if (head != journal_.head) status_due_ = true;
  journal_.head = std::max(journal_.head, head);
  journal_.floor = floor;
}

void Sender::OnUnreadable(const std::string& why, Instant now) {
  alarm_ = why;
  read_again_at_ = now + kReadAgain;
}

void Sender::OnSent(uint64_t token, const SendWindow::Flight& flight, size_t bytes, Instant now) {
  window_.Sent(token, flight, bytes, now);
  if (flight.sequence == 0) return;
  ++published_;
  const uint64_t events = flight.through() - flight.sequence + 1;
  cap_.Took(events, bytes);
  if (flight.replay) {
    replayed_ += events;
    if (Replay* replay = replays_.active()) replay->sent += events;
    return;
  }
  const uint64_t last = flight.through();
  if (flight.sequence <= highest_sent_) resent_ += events;
  if (parked(flight.sequence)) ++parked_total_;
  highest_sent_ = std::max(highest_sent_, last);
  if (last < cursor_) return;
  // Whoever had nothing to confirm has not been slow: the clock starts with what waits.
  if (!Waits()) progress_at_ = now;
  cursor_ = last + 1;
  sent_bytes_ += bytes;
}

void Sender::OnScanned(uint64_t numbers) {
  if (Replay* replay = replays_.active()) replay->looked += numbers;
}

void Sender::OnAcked(uint64_t token, Instant now) {
  const auto flight = window_.Acked(token, now);
  if (flight) {
    Answered(*flight);
    line_.Acked(flight->bytes, flight->bytes + window_.bytes_in_flight(), flight->sent, now);
  }
  // Bytes that move are progress: nobody could confirm what was still on the line.
  if (flight && flight->bytes > LineBudget::kLarge) progress_at_ = now;
  if (flight && NothingWaits()) DeliveryProven(now);
  if (!flight || flight->sequence == 0 || flight->replay) return;
  EventAcked();
  NoteUnproven(now);
  // Without reason codes an acknowledgement may be a refusal: it counts only where a person chose
  // so.
  if (fell_back_) return;
  if (!options_.by_broker || window_.acked_through() <= journal_.acked_through) return;
  journal_.acked_through = window_.acked_through();
  DeliveryProven(now);
  status_due_ = true;
}

// docs/wire.md, "PUBACK reason codes".
bool Sender::OnRefused(uint64_t token, int code, Instant now) {
  const auto flight = window_.Done(token, now);
  if (!flight) return false;
  Answered(*flight);
  const bool about_the_event = code == 0x95 || code == 0x99;
  if (!about_the_event || flight->sequence == 0) return true;
  if (flight->replay) {
    OnReplayRefused(*flight);
    return false;
  }
  if (flight->last > flight->sequence) {
    // One of a batch: each of them alone, so that only the one that cannot pass is parked.
    for (uint64_t n = flight->sequence; n <= flight->last; ++n) {
      queue_.emplace_back(act::Send{n, n, false});
    }
    return false;
  }
  if (parked(flight->sequence) || parked_.size() >= kMaxParked) return true;
  parked_.insert(flight->sequence);
  queue_.emplace_back(act::Send{flight->sequence, flight->sequence, true});
  return false;
}

// What the centre does not know of goes in its parked form, once; what it already calls owed stays
// owed, and its body is tried again when it is asked for again.
void Sender::OnReplayRefused(const SendWindow::Flight& flight) {
  Replay* replay = replays_.active();
  if (replay == nullptr) return;  // it was interrupted: whoever lacks the numbers asks again
  if (flight.last > flight.sequence) {
    for (uint64_t n = flight.last; n >= flight.sequence; --n) replay->Again(flight.stream, n);
    return;
  }
  const uint64_t n = flight.sequence;
  const bool full = parked_.size() + refused_.size() >= kMaxParked;
  if (refused(flight.stream, n) || owes(flight.stream, n) || full) return;
  if (flight.stream == journal_.stream) {
    parked_.insert(n);
  } else {
    refused_.emplace(flight.stream, n);
  }
  replay->Again(flight.stream, n);
}

// --- what to do next --------------------------------------------------------------------------

std::optional<Action> Sender::Next(Instant now) {
  if (auto action = LinkTimers(now)) return action;
  if (auto action = Timers(now)) return action;
  if (!queue_.empty()) return PopAction();
  if (!online() || window_.free() == 0) return std::nullopt;
  const bool heartbeat = now - status_at_ >= kStatusHeartbeat;
  if (heartbeat || (status_due_ && now - status_at_ >= kStatusMinGap)) {
    status_due_ = false;
    status_at_ = now;
    return act::PublishStatus{};
  }
  if (phase_ != Phase::kSending || stopped() || !may_send()) return std::nullopt;
  return NextSend(now);
}

std::optional<Action> Sender::PopAction() {
  const auto* send = std::get_if<act::Send>(&queue_.front());
  if (send != nullptr && window_.free() == 0) return std::nullopt;
  Action action = std::move(queue_.front());
  queue_.pop_front();
  return action;
}

// What the journal is told in time, whatever the link does.
std::optional<Action> Sender::Timers(Instant now) {
  if (!alarm_.empty() && now >= read_again_at_) alarm_.clear();
  if (forking_ && now - forking_since_ >= kForkPatience) {
    // The journal could not: a disk that is full or failing. The centre will say it again.
    forking_ = false;
    next_fork_at_ = now;
  }
  if (cause_ && now >= next_fork_at_) {
    const ForkReason cause = *cause_;
    cause_.reset();
    ForkBecause(cause, now);
  }
  const uint64_t acked = journal_.acked_through;
  if (options_.by_broker && acked != acked_saved_ && now - acked_saved_at_ >= kSaveAckedEvery) {
    acked_saved_ = acked;
    acked_saved_at_ = now;
    return act::SaveAcked{acked};
  }
  return std::nullopt;
}

std::optional<Action> Sender::LinkTimers(Instant now) {
  switch (phase_) {
    case Phase::kIdle:
      return std::nullopt;
    case Phase::kWaiting:
      if (now < next_try_) return std::nullopt;
      phase_ = Phase::kConnecting;
      phase_since_ = now;
      return act::Connect{};
    case Phase::kConnecting:
    case Phase::kSubscribing:
      if (now - phase_since_ < kConnectTimeout) return std::nullopt;
      Down({LinkCause::kSilent, "the broker does not answer"}, now);
      return act::Disconnect{};
    case Phase::kSettling:
      if (now - phase_since_ >= kSettle) StartSending(now);
      break;
    case Phase::kSending:
      break;
  }
  if (lower_ && now >= lower_->believe_at) BelieveLower();
  if (AcksMissing(now)) {
    return FreshLink({LinkCause::kSilent, "the broker does not acknowledge what it is sent"}, now);
  }
  if (ConfirmationsMissing(now)) {
    fresh_link_after_ = std::min(kMaxFreshLink, fresh_link_after_ * 2);
    return FreshLink(
        {LinkCause::kUnconfirmed, "head office does not confirm what the broker acknowledged"},
        now);
  }
  return std::nullopt;
}

bool Sender::AcksMissing(Instant now) const {
  return window_.in_flight() > 0 && now - window_.quiet_since() >= AckPatience();
}

bool Sender::ConfirmationsMissing(Instant now) const {
  return Waits() && window_.large_in_flight() == 0 && !CentreAway(now) &&
         now - progress_at_ >= fresh_link_after_;
}

void Sender::NoteUnproven(Instant now) {
  const bool unproven = !options_.by_broker && window_.acked_through() > journal_.confirmed_through;
  if (!unproven) unproven_since_.reset();
  if (unproven && !unproven_since_) unproven_since_ = now;
}

bool Sender::ConfirmLate(Instant now) const {
  const bool shown = online() || last_failure_.cause == LinkCause::kUnconfirmed;
  return shown && unproven_since_ && now - *unproven_since_ >= kConfirmLate;
}

Action Sender::FreshLink(const Failure& why, Instant now) {
  Down(why, now);
  return act::Disconnect{};
}

bool Sender::CentreAway(Instant now) const { return now - centre_heard_at_ >= kAwayAfter; }

bool Sender::CentreSpoke(Instant now) const {
  return centre_spoke_at_ && now - *centre_spoke_at_ < kAwayAfter;
}

// A new connection says nothing about the centre: while it is silent, each would otherwise send
// everything again.
uint64_t Sender::SendLimit(Instant now) const {
  if ((options_.by_broker && !fell_back_) || CentreSpoke(now)) return journal_.head;
  if (sent_bytes_ >= kAwayMaxBytes) return sent_through();
  return std::min(journal_.head, settled_through() + options_.max_unconfirmed_events);
}

bool Sender::ProbeDue(Instant now) const {
  return Waits() && window_.large_in_flight() == 0 && !CentreAway(now) &&
         now - std::max(progress_at_, probed_at_) >= kProbeAfter;
}

std::optional<Action> Sender::NextSend(Instant now) {
  if (ProbeDue(now)) {
    probe_ = journal_.confirmed_through + 1;
    probed_at_ = now;
    return act::Send{probe_, probe_, parked(probe_)};
  }
  const uint64_t limit = SendLimit(now);
  const bool live_waits = cursor_ <= limit;
  // A replay takes what live events leave, and at most half of the window while they wait.
  const bool replay_may = !live_waits || window_.replays_in_flight() < window_.bound() / 2;
  if (replay_may) {
    if (auto action = NextReplay(now)) return action;
  }
  if (!live_waits) return std::nullopt;
  const uint64_t messages = std::min<uint64_t>(window_.free(), kMaxRangeEvents);
  const uint64_t most = cap_.Room(messages * options_.events_per_message, now);
  if (most == 0) return std::nullopt;
  return act::Send{cursor_, std::min(limit, cursor_ + most - 1), false};
}

std::optional<Action> Sender::NextReplay(Instant now) {
  Replay* replay = replays_.active();
  if (replay == nullptr && std::exchange(owed_due_, false)) replay = replays_.StartOwed(Places());
  if (replay == nullptr) replay = StartOlder(now);
  if (replay == nullptr) return std::nullopt;
  wire::Reply reply{replay->id, "progress", replay->sent, replay->of, "", {}};
  if (replay->pieces.empty()) {
    if (window_.replays_in_flight() > 0) return std::nullopt;
    reply.state = "done";
    const bool tell = replay->by_command;
    replays_.Finish("done");
    if (!tell) return NextReplay(now);  // another one may be due already
    return act::SendReply{reply};
  }
  if (replay->by_command && replay->sent - replay->reported >= kReplayProgressEvery) {
    replay->reported = replay->sent;
    return act::SendReply{reply};
  }
  const uint64_t share = std::max<uint64_t>(1, window_.bound() / 2);
  const uint64_t most =
      cap_.Room(std::min<uint64_t>({window_.free(), share, kMaxRangeEvents}), now);
  if (most == 0) return std::nullopt;
  ReplayRange& piece = replay->pieces.front();
  act::Resend resend{piece.stream, piece.next, std::min(piece.through, piece.next + most - 1),
                     replay->filter};
  piece.next = resend.last + 1;
  if (piece.next > piece.through) replay->pieces.pop_front();
  return resend;
}

Status Sender::StartReplay(const ReplayOrder& order, const std::string& id) {
  return replays_.Start(order, id, Places());
}

Instant Sender::NextDeadline(Instant now) const {
  switch (phase_) {
    case Phase::kIdle:
      return Instant::max();
    case Phase::kWaiting:
      return next_try_;
    case Phase::kConnecting:
    case Phase::kSubscribing:
      return phase_since_ + kConnectTimeout;
    default:
      break;
  }
  // With a full window the next acknowledgement, or its absence, is what goes on.
  Instant next = Instant::max();
  if (window_.free() > 0) {
    next = status_at_ + (status_due_ ? Duration(kStatusMinGap) : Duration(kStatusHeartbeat));
  }
  if (phase_ == Phase::kSettling) next = std::min(next, phase_since_ + kSettle);
  if (lower_) next = std::min(next, lower_->believe_at);
  if (window_.in_flight() > 0) next = std::min(next, window_.quiet_since() + AckPatience());
  if (forking_) next = std::min(next, forking_since_ + kForkPatience);
  if (!alarm_.empty()) next = std::min(next, read_again_at_);
  if (cause_) next = std::min(next, next_fork_at_);
  if (const auto at = older_.Next(now)) next = std::min(next, *at);
  if (options_.by_broker && journal_.acked_through != acked_saved_) {
    next = std::min(next, acked_saved_at_ + kSaveAckedEvery);
  }
  // With room now, whatever there is to send has been sent or waits for something else.
  if (const Instant room_at = cap_.Next(now); room_at > now) next = std::min(next, room_at);
  if (Waits() && window_.large_in_flight() == 0 && !CentreAway(now)) {
    next = std::min({next, progress_at_ + fresh_link_after_, centre_heard_at_ + kAwayAfter});
    if (phase_ == Phase::kSending && !stopped() && may_send()) {
      next = std::min(next, std::max(progress_at_, probed_at_) + kProbeAfter);
    }
  }
  return next;
}

// Since when it has been as it is told; nothing: since the start.
std::optional<Instant> Sender::StateSince() const {
  if (!options_.has_broker) return std::nullopt;
  if (paused_) return paused_at_;
  return online() ? std::optional(connected_at_) : outage_since_;
}

void Sender::Describe(UplinkStats* stats, Instant now, WallTime wall) const {
  const auto wall_of = [&](Instant at) {
    return wall + std::chrono::duration_cast<std::chrono::microseconds>(at - now);
  };
  stats->alarm = alarm_;
  if (alarm_.empty() && cause_) stats->alarm = cause_->reason;
  stats->phase = !options_.has_broker                ? LinkPhase::kUnconfigured
                 : !stats->alarm.empty() && online() ? LinkPhase::kStopped
                 : paused_                           ? LinkPhase::kPaused
                 : online()                          ? LinkPhase::kOnline
                 : phase_ == Phase::kWaiting         ? LinkPhase::kWaiting
                                                     : LinkPhase::kConnecting;
  if (const auto since = StateSince()) stats->state_since = wall_of(*since);
  stats->last_error = last_failure_.text;
  stats->cause = last_failure_.cause;
  if (outage_since_) stats->outage_since = wall_of(*outage_since_);
  stats->awaits_proof = evidence_.awaits_proof;
  stats->next_try_at = phase_ == Phase::kWaiting ? wall_of(next_try_) : WallTime{};
  if (ever_connected_) stats->last_connected_at = wall_of(connected_at_);
  stats->centre_away = online() && (evidence_.centre_away || CentreAway(now));
  stats->centre_heard_at = wall_of(centre_spoke_at_.value_or(centre_heard_at_));
  if (ConfirmLate(now)) stats->unconfirmed_since = wall_of(*unproven_since_);
  stats->never_confirmed = NeverHeard(now);
  stats->stuck_bytes = stuck_tries_ >= kStuckTries ? stuck_bytes_ : 0;
  if (twin_heard_at_ && now - *twin_heard_at_ < kTwinShown) stats->twin = twin_;
  stats->gives_reasons = gives_reasons_;
  stats->fell_back = fell_back_;
  stats->older_missing = older_.missing();
  stats->sent_through = sent_through();
  stats->acked_through = window_.acked_through();
  stats->in_flight = window_.in_flight();
  stats->published_total = published_;
  stats->resent_total = resent_;
  stats->replayed_total = replayed_;
  stats->connects_total = connects_;
  stats->failures_total = failures_;
  stats->refused_commands_total = replays_.refused();
  stats->disbelieved_confirmations_total = disbelieved_;
  stats->forks_total = forks_;
  stats->parked_total = parked_total_;
  stats->lost_total = lost_;
  stats->replays = replays_.Progress();
}

}  // namespace tillrelay::uplink
