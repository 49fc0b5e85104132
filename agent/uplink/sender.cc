#include "agent/uplink/sender.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillrelay::uplink {

Sender::Sender(SenderOptions options, JournalPosition journal, Random* random)
    : options_(std::move(options)),
      random_(*random),
      journal_(std::move(journal)),
      backoff_(options_.retry_min, options_.retry_max, random),
      desk_(options_.session),
      phase_(options_.has_broker ? Phase::kWaiting : Phase::kIdle),
      cursor_(journal_.confirmed_through + 1) {
  window_.Restart(journal_.confirmed_through);
}

// --- the link -------------------------------------------------------------------------------

void Sender::OnConnected(uint32_t receive_maximum, Instant now) {
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kSubscribing;
  phase_since_ = connected_at_ = now;
  ever_connected_ = true;
  ++connects_;
  // One below the broker's bound: the client library stalls a second when its own bound is hit.
  window_.SetBound(std::min(options_.own_window, receive_maximum > 1 ? receive_maximum - 1 : 1));
  queue_.emplace_back(act::Subscribe{});
}

void Sender::OnSubscribed(Instant now) {
  if (phase_ != Phase::kSubscribing) return;
  phase_ = Phase::kSettling;
  phase_since_ = now;
  centre_heard_at_ = progress_at_ = now;
  last_failure_ = {LinkCause::kNone, ""};
  window_.Restart(journal_.confirmed_through);
  cursor_ = journal_.confirmed_through + 1;
  retained_disagreed_ = false;
  live_disagreements_ = 0;
  status_due_ = true;
  status_at_ = now - kStatusMinGap;
}

void Sender::Down(const Failure& failure, Instant now) {
  if (phase_ == Phase::kIdle || phase_ == Phase::kWaiting) return;
  if (link_open()) backoff_.LinkWasUpFor(now - connected_at_);
  phase_ = Phase::kWaiting;
  phase_since_ = now;
  last_failure_ = failure;
  Duration wait = backoff_.Next();
  if (failure.cause == LinkCause::kTakeOver) {
    const double spread = static_cast<double>(Duration(kTakeOverMax - kTakeOverMin).count());
    wait = Duration(kTakeOverMin) + Duration(static_cast<int64_t>(random_.Unit() * spread));
  }
  next_try_ = now + wait;
  window_.Restart(journal_.confirmed_through);
  cursor_ = journal_.confirmed_through + 1;
  sent_bytes_ = 0;
  probe_ = 0;
  lower_.reset();
  desk_.Finish();
  queue_.clear();
}

void Sender::StartSending(Instant now) {
  phase_ = Phase::kSending;
  phase_since_ = progress_at_ = now;
  cursor_ = journal_.confirmed_through + 1;
  window_.CountFrom(journal_.confirmed_through);
}

void Sender::Pause() {
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

void Sender::OnUnreadable(const std::string& why) { alarm_ = why; }

void Sender::OnSent(uint64_t token, const SendWindow::Flight& flight, size_t bytes, Instant now) {
  window_.Sent(token, flight, now);
  if (flight.sequence == 0) return;
  ++published_;
  if (flight.replay) {
    ++replayed_;
    return;
  }
  if (flight.sequence <= highest_sent_) ++resent_;
  highest_sent_ = std::max(highest_sent_, flight.sequence);
  if (flight.sequence == cursor_) {
    if (cursor_ == journal_.confirmed_through + 1) progress_at_ = now;
    ++cursor_;
    sent_bytes_ += bytes;
  }
}

void Sender::OnAcked(uint64_t token, Instant now) { window_.Acked(token, now); }

// --- what the centre says ---------------------------------------------------------------------

void Sender::OnCentreHeard(bool retained, Instant now) {
  if (!retained) centre_heard_at_ = now;
}

void Sender::OnConfirm(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                       Instant now) {
  OnCentreHeard(retained, now);
  if (verdict == ChainVerdict::kNotKept) {
    ++disbelieved_;
    return;
  }
  if (verdict != ChainVerdict::kEqual) return Disagree(retained, verdict);
  live_disagreements_ = 0;
  retained_disagreed_ = false;
  if (confirm.through < journal_.confirmed_through) {
    const bool old_message = retained || confirm.through + 1 < journal_.floor;
    if (old_message) {
      ++disbelieved_;
      return;
    }
    // The collector was restored, or another one lags: wait for a higher word before believing.
    if (!lower_) lower_ = Lower{confirm.through, confirm.chain, now + kLowerGrace};
    lower_->through = confirm.through;
    lower_->chain = confirm.chain;
    queue_.emplace_back(act::AllowDeletion{now});
    return;
  }
  lower_.reset();
  if (confirm.through > journal_.confirmed_through) Advance(confirm, now);
  if (!retained) queue_.emplace_back(act::AllowDeletion{now + kDeletionWindow});
  if (phase_ == Phase::kSettling) StartSending(now);
}

void Sender::Advance(const wire::StreamConfirm& confirm, Instant now) {
  journal_.confirmed_through = confirm.through;
  progress_at_ = now;
  sent_bytes_ = 0;
  fresh_link_after_ = kFirstFreshLink;
  status_due_ = true;
  queue_.emplace_back(act::SaveConfirmed{confirm.through, confirm.chain});
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

// Journal and centre tell different pasts. Once may be an old message; twice is a fork.
void Sender::Disagree(bool retained, ChainVerdict verdict) {
  ++disbelieved_;
  if (retained) {
    retained_disagreed_ = true;
    return;
  }
  ++live_disagreements_;
  if (live_disagreements_ < 2 && !retained_disagreed_) return;
  alarm_ = verdict == ChainVerdict::kBeyondHead
               ? "head office has confirmed events that this journal does not hold: the disk was "
                 "restored from an older copy, or two servers use this store id"
               : "head office holds other events under the same numbers: the disk was copied or "
                 "restored";
}

void Sender::BelieveLower() {
  journal_.confirmed_through = lower_->through;
  queue_.emplace_back(act::SaveConfirmed{lower_->through, lower_->chain});
  MoveCursorBack(lower_->through);
  lower_.reset();
  status_due_ = true;
}

void Sender::OnCommand(const wire::Command& command, bool retained, Instant now) {
  const uint64_t seen = std::max(sent_through(), journal_.confirmed_through);
  const Kept kept{journal_.stream, journal_.floor, seen};
  wire::Reply reply = desk_.Take(command, retained, kept);
  if (command.command == "report" && reply.state == "done") {
    status_due_ = true;
    status_at_ = now - kStatusMinGap;
  }
  if (!retained) queue_.emplace_back(act::SendReply{std::move(reply)});
}

// --- what to do next --------------------------------------------------------------------------

std::optional<Action> Sender::Next(Instant now) {
  if (auto action = Timers(now)) return action;
  if (!queue_.empty()) {
    Action action = std::move(queue_.front());
    queue_.erase(queue_.begin());
    return action;
  }
  if (!online() || window_.free() == 0) return std::nullopt;
  const bool heartbeat = now - status_at_ >= kStatusHeartbeat;
  if (heartbeat || (status_due_ && now - status_at_ >= kStatusMinGap)) {
    status_due_ = false;
    status_at_ = now;
    return act::PublishStatus{};
  }
  if (phase_ != Phase::kSending || paused_ || !alarm_.empty()) return std::nullopt;
  return NextSend(now);
}

std::optional<Action> Sender::Timers(Instant now) {
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
  if (AcksMissing(now)) return FreshLink("the broker does not acknowledge what it is sent", now);
  if (ConfirmationsMissing(now)) {
    fresh_link_after_ = std::min(kMaxFreshLink, fresh_link_after_ * 2);
    return FreshLink("head office does not confirm what the broker acknowledged", now);
  }
  return std::nullopt;
}

bool Sender::AcksMissing(Instant now) const {
  return window_.in_flight() > 0 && now - window_.quiet_since() >= kAckTimeout;
}

bool Sender::ConfirmationsMissing(Instant now) const {
  return sent_through() > journal_.confirmed_through && !CentreAway(now) &&
         now - progress_at_ >= fresh_link_after_;
}

Action Sender::FreshLink(const char* why, Instant now) {
  Down({LinkCause::kSilent, why}, now);
  return act::Disconnect{};
}

bool Sender::CentreAway(Instant now) const { return now - centre_heard_at_ >= kAwayAfter; }

uint64_t Sender::SendLimit(Instant now) const {
  if (!CentreAway(now)) return journal_.head;
  if (sent_bytes_ >= kAwayMaxBytes) return sent_through();
  return std::min(journal_.head, journal_.confirmed_through + options_.away_max_events);
}

bool Sender::ProbeDue(Instant now) const {
  return sent_through() > journal_.confirmed_through && !CentreAway(now) &&
         now - std::max(progress_at_, probed_at_) >= kProbeAfter;
}

std::optional<Action> Sender::NextSend(Instant now) {
  if (ProbeDue(now)) {
    probe_ = journal_.confirmed_through + 1;
    probed_at_ = now;
    return act::Send{probe_, probe_, false};
  }
  const uint64_t limit = SendLimit(now);
  const bool live_waits = cursor_ <= limit;
  // A replay takes what live events leave, and at most half of the window while they wait.
  const bool replay_may = !live_waits || window_.replays_in_flight() < window_.bound() / 2;
  if (replay_may) {
    if (auto action = NextReplay()) return action;
  }
  if (!live_waits) return std::nullopt;
  const uint64_t most = std::min<uint64_t>(window_.free(), kMaxRangeEvents);
  return act::Send{cursor_, std::min(limit, cursor_ + most - 1), false};
}

std::optional<Action> Sender::NextReplay() {
  Replay* replay = desk_.active();
  if (replay == nullptr) return std::nullopt;
  wire::Reply reply{replay->command_id, "progress", replay->sent, replay->of, ""};
  if (replay->done()) {
    if (window_.replays_in_flight() > 0) return std::nullopt;
    reply.state = "done";
    desk_.Finish();
    return act::SendReply{reply};
  }
  if (replay->sent - replay->told >= kReplayProgressEvery) {
    replay->told = replay->sent;
    return act::SendReply{reply};
  }
  const uint64_t share = std::max<uint64_t>(1, window_.bound() / 2);
  const uint64_t most = std::min<uint64_t>({window_.free(), share, kMaxRangeEvents});
  const act::Send send{replay->next, std::min(replay->through, replay->next + most - 1), true};
  replay->sent += send.last - send.first + 1;
  replay->next = send.last + 1;
  return send;
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
  Instant next = status_at_ + (status_due_ ? Duration(kStatusMinGap) : Duration(kStatusHeartbeat));
  if (phase_ == Phase::kSettling) next = std::min(next, phase_since_ + kSettle);
  if (lower_) next = std::min(next, lower_->believe_at);
  if (window_.in_flight() > 0) next = std::min(next, window_.quiet_since() + kAckTimeout);
  if (sent_through() > journal_.confirmed_through && !CentreAway(now)) {
    next = std::min(
        {next, std::max(progress_at_, probed_at_) + kProbeAfter, progress_at_ + fresh_link_after_});
    next = std::min(next, centre_heard_at_ + kAwayAfter);
  }
  return next;
}

void Sender::Describe(UplinkStats* stats, Instant now, WallTime wall) const {
  const auto wall_of = [&](Instant at) {
    return wall + std::chrono::duration_cast<std::chrono::microseconds>(at - now);
  };
  stats->alarm = alarm_;
  stats->phase = !options_.has_broker          ? LinkPhase::kUnconfigured
                 : !alarm_.empty() && online() ? LinkPhase::kStopped
                 : paused_                     ? LinkPhase::kPaused
                 : online()                    ? LinkPhase::kOnline
                 : phase_ == Phase::kWaiting   ? LinkPhase::kWaiting
                                               : LinkPhase::kConnecting;
  stats->phase_since = wall_of(phase_since_);
  stats->last_error = last_failure_.text;
  stats->cause = last_failure_.cause;
  stats->next_try_at = phase_ == Phase::kWaiting ? wall_of(next_try_) : WallTime{};
  if (ever_connected_) stats->last_connected_at = wall_of(connected_at_);
  stats->centre_away = online() && CentreAway(now);
  stats->sent_through = sent_through();
  stats->acked_through = window_.acked_through();
  stats->in_flight = window_.in_flight();
  stats->published_total = published_;
  stats->resent_total = resent_;
  stats->replayed_total = replayed_;
  stats->connects_total = connects_;
  stats->refused_commands_total = desk_.refused();
  stats->disbelieved_confirmations_total = disbelieved_;
}

}  // namespace tillrelay::uplink
