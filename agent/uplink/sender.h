// What: all policy of the uplink: when to connect, what to send next, what to believe. No thread,
//   no clock, no socket, no SQL: happenings go in with the time, actions come out.
// Promise: docs/wire.md, "The store's side". Nothing is considered delivered but by a believed
//   confirmation; nothing from the network is trusted, and none of it can make this code fail.
// Thread: uplink.
// Limits: agent/uplink/timing.h.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/uplink/actions.h"
#include "agent/uplink/evidence.h"
#include "agent/uplink/older_streams.h"
#include "agent/uplink/rate_cap.h"
#include "agent/uplink/reconnect_delay.h"
#include "agent/uplink/replay.h"
#include "agent/uplink/send_window.h"
#include "agent/uplink/sender_options.h"
#include "agent/uplink/twin_rule.h"
#include "agent/uplink/uplink_stats.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/wire/control.h"

namespace tillrelay::uplink {

// Where the journal's current stream stands.
struct JournalPosition {
  std::string stream;
  uint64_t head = 0, confirmed_through = 0, floor = 1;
  uint64_t acked_through = 0;
};

// How a confirmed chain compares with the journal's own at that number.
enum class ChainVerdict { kEqual, kOther, kBeyondHead, kNotKept };

class Sender {
 public:
  Sender(SenderOptions options, JournalPosition journal, Random* random);

  // The next thing to do, or nothing. Call until empty after every happening and at NextDeadline.
  std::optional<Action> Next(Instant now);
  // When Next has something to do even if nothing happens; Instant::max() if never.
  Instant NextDeadline(Instant now) const;

  // `gives_reasons`: the broker says why it refuses a message or ends a connection (MQTT 5).
  // `fell_back`: it does not, and nobody chose so.
  void OnConnected(uint32_t receive_maximum, Instant now, bool gives_reasons = true,
                   bool fell_back = false);
  void OnConnectFailed(const Failure& failure, Instant now) { Down(failure, now); }
  // A broker that closes connections is a broker that closes connections: how often says nothing
  // about who else speaks for this store.
  void OnLost(const Failure& failure, Instant now) { Down(failure, now); }
  // The broker has ended the connection for another one with our client id; TwinRule.
  void OnTakenOver(const Failure& failure, bool knows_nobody, Instant now);
  // There is evidence of another server that speaks for this store. What was done about it.
  TwinStep OnTwin(const wire::HeardSession& other, Instant now);
  void OnSubscribed(Instant now);
  void OnHead(uint64_t head, uint64_t floor);
  // The journal's older streams, and the bodies that it keeps below a floor; the current stream's
  // own place is the last one.
  void OnPlaces(std::vector<StreamPlace> places);
  // The journal has another current stream.
  void OnStream(const JournalPosition& position, Instant now);
  void OnSent(uint64_t token, const SendWindow::Flight& flight, size_t bytes, Instant now);
  void OnScanned(uint64_t numbers);  // at rows of the last Resend
  void OnAcked(uint64_t token, Instant now);
  // The broker answered with a reason code of 0x80 or more. True: the connection has to go.
  bool OnRefused(uint64_t token, int code, Instant now);
  // This row is larger than the broker allows.
  void OnOversize(uint64_t sequence) { parked_.insert(sequence); }
  void OnConfirm(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                 Instant now);
  // A confirmation arrived that does not name the current stream: the centre is there.
  void OnCentreHeard(bool retained, Instant now);
  // `verdict` is of the command's chain: at `after`, or at `from` - 1.
  void OnCommand(const wire::Command& command, ChainVerdict verdict, bool retained, Instant now);
  void OnCommand(const wire::Command& command, bool retained, Instant now) {
    OnCommand(command, ChainVerdict::kEqual, retained, now);
  }
  // The journal cannot give a row that should be there.
  void OnUnreadable(const std::string& why, Instant now);
  Status StartReplay(const ReplayOrder& order, const std::string& id);

  void Pause(Instant now);
  void Resume(Instant now);
  void RetryNow(Instant now);

  bool online() const { return phase_ == Phase::kSettling || phase_ == Phase::kSending; }
  bool link_open() const { return phase_ >= Phase::kSubscribing; }
  uint64_t sent_through() const { return cursor_ - 1; }
  uint64_t confirmed_through() const { return journal_.confirmed_through; }
  uint64_t acked_through() const { return window_.acked_through(); }
  // What need not be sent again: the centre's word, or the broker's as well where that is the
  // promise; and what cannot, because it is below the floor.
  uint64_t settled_through() const {
    const uint64_t acked = options_.by_broker ? journal_.acked_through : 0;
    return std::max({journal_.confirmed_through, acked, journal_.floor - 1});
  }
  uint32_t room() const { return window_.free(); }
  // One message more would neither exceed the window nor what the line carries.
  bool may_send() const {
    const size_t under_way = window_.bytes_in_flight();
    return window_.free() > 0 && (under_way == 0 || under_way < line_.bytes());
  }
  bool replaying() const { return replays_.active() != nullptr; }
  size_t message_bytes() const { return line_.message_bytes(); }
  // Of the next connection.
  seconds keep_alive() const { return keep_alive_; }
  bool parked(uint64_t sequence) const { return parked_.contains(sequence); }
  // The broker has refused this event of a replay on this connection.
  bool refused(const std::string& stream, uint64_t sequence) const {
    return stream == journal_.stream ? parked(sequence) : refused_.contains({stream, sequence});
  }
  bool owes(const std::string& stream, uint64_t sequence) const;  // its body, to the centre
  const JournalPosition& journal() const { return journal_; }
  const SenderOptions& options() const { return options_; }
  // Adds what this object knows: phase, causes, watermarks.
  void Describe(UplinkStats* stats, Instant now, WallTime wall) const;

 private:
  enum class Phase { kIdle, kWaiting, kConnecting, kSubscribing, kSettling, kSending };
  struct PendingRewind {
    wire::StreamConfirm confirm;
    Instant believe_at{};
  };
  struct ForkReason {  // why the journal and the centre cannot go on with this stream
    std::string stream;
    uint64_t after = 0;
    std::string reason;
    uint64_t known_through = 0;  // > 0: so far the centre knows numbers that are not here
  };

  void Down(const Failure& failure, Instant now, TwinStep twin = TwinStep::kGoOn);
  Duration TwinWait(TwinStep twin);
  void LearnKeepAlive(const Failure& failure);
  void ExtendKeepAlive(Duration needed);
  void NoteSize(Instant now);
  void Answered(const SendWindow::Flight& flight);
  Duration AckPatience() const { return line_.Patience(window_.large_in_flight()); }
  void OnReplayRefused(const SendWindow::Flight& flight);
  void Rewind();
  void StartSending(Instant now);
  std::optional<Instant> StateSince() const;
  void OnOlder(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
               Instant now);
  void NoteBehind(const wire::StreamConfirm& confirm, const StreamPlace& place, Instant now);
  Replay* StartOlder(Instant now);
  void Advance(const wire::StreamConfirm& confirm, bool live, Instant now);
  bool SaysNews(const wire::StreamConfirm& confirm) const;
  void Allow(const std::string& stream, uint64_t through, Instant now);
  void OnConflict(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                  Instant now);
  void ForkBecause(ForkReason cause, Instant now);
  std::string Proven(const wire::Command& command, ChainVerdict verdict, Instant now);
  void BelieveLower();
  void MoveCursorBack(uint64_t through);
  const StreamPlace* PlaceOf(const std::string& stream) const;
  std::vector<StreamPlace> Places() const;
  bool AcksMissing(Instant now) const;
  bool ConfirmationsMissing(Instant now) const;
  void NoteUnproven(Instant now);
  void HoldEvidence(const Failure& failure, Instant now);
  void EventAcked();
  void DeliveryProven(Instant now);
  bool NothingWaits() const { return journal_.head <= settled_through(); }
  bool NeverHeard(Instant now) const;
  bool ConfirmLate(Instant now) const;
  bool Waits() const { return sent_through() > settled_through() && !options_.by_broker; }
  Action FreshLink(const Failure& why, Instant now);
  std::optional<Action> Timers(Instant now);
  std::optional<Action> LinkTimers(Instant now);
  std::optional<Action> NextSend(Instant now);
  std::optional<Action> NextReplay(Instant now);
  std::optional<Action> PopAction();
  bool CentreAway(Instant now) const;
  bool CentreSpoke(Instant now) const;
  uint64_t SendLimit(Instant now) const;
  bool ProbeDue(Instant now) const;
  bool stopped() const { return paused_ || forking_ || cause_ || !alarm_.empty(); }

  const SenderOptions options_;
  Random& random_;
  JournalPosition journal_;
  std::vector<StreamPlace> places_;
  ReconnectDelay reconnect_delay_;
  SendWindow window_;
  LineBudget line_;
  seconds keep_alive_{kKeepAlive};
  ReplayQueue replays_;
  RateCap cap_;
  std::deque<Action> queue_;  // decided, not yet taken

  Phase phase_ = Phase::kIdle;
  bool paused_ = false;
  std::string alarm_;  // the journal cannot be read: sending is stopped until it is tried again
  Instant read_again_at_{};
  Failure last_failure_{LinkCause::kNone, ""};
  Evidence evidence_;
  TwinRule twin_rule_;
  std::string twin_;  // the other server, in words
  std::optional<Instant> twin_heard_at_;
  Instant next_try_{}, phase_since_{}, connected_at_{}, paused_at_{};
  std::optional<Instant> outage_since_;  // whatever tries and connections there were meanwhile
  bool ever_connected_ = false, gives_reasons_ = true, fell_back_ = false;
  bool confirmation_heard_ = false;  // on this connection, retained or live
  size_t passed_ = 0;                // bytes of the largest message that this connection carried
  bool moved_ = false;               // this connection has carried an event
  int stuck_tries_ = 0;              // connections in a row that carried smaller messages only
  size_t stuck_bytes_ = 0;           // of the message that they did not carry

  uint64_t cursor_ = 1;      // next number to send
  uint64_t sent_bytes_ = 0;  // since the last progress
  uint64_t probe_ = 0;       // number sent again to ask for a confirmation, 0 for none
  Instant progress_at_{};    // confirmation advanced, or there was nothing to confirm
  // Since when the broker has had what the centre has not confirmed, and no confirmation moved.
  std::optional<Instant> unproven_since_;
  Instant probed_at_{};
  Instant centre_heard_at_{};                 // last live confirmation, or the session's start
  std::optional<Instant> centre_spoke_at_{};  // last live confirmation, of whatever session
  minutes fresh_link_after_ = kFirstFreshLink;
  std::optional<PendingRewind> lower_;
  OlderStreams older_;
  std::map<std::string, int> disagreements_;  // by stream, since the last agreement
  std::set<uint64_t> parked_;                 // numbers that this broker cannot take, this session
  std::set<std::pair<std::string, uint64_t>> refused_;  // the same of older streams
  std::optional<ForkReason> cause_;                     // waits for next_fork_at_
  bool forking_ = false;
  Instant forking_since_{};
  Instant next_fork_at_{};
  Instant status_at_{}, acked_saved_at_{};
  uint64_t acked_saved_ = 0;
  bool status_due_ = false;
  bool owed_due_ = false;  // bodies that may pass on this connection have not been tried yet
  uint64_t resent_ = 0, replayed_ = 0, published_ = 0, connects_ = 0, disbelieved_ = 0;
  uint64_t forks_ = 0, parked_total_ = 0, lost_ = 0;
  std::array<uint64_t, kLinkCauses> failures_{};  // by LinkCause
  uint64_t highest_sent_ = 0;
};

}  // namespace tillrelay::uplink
