// What: all policy of the uplink: when to connect, what to send next, what to believe. No thread,
//   no clock, no socket, no SQL: happenings go in with the time, actions come out.
// Promise: docs/wire.md, "The store's side". Nothing is considered delivered but by a believed
//   confirmation; nothing from the network is trusted, and none of it can make this code fail.
// Thread: uplink.
// Limits: agent/uplink/timing.h.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/uplink/backoff.h"
#include "agent/uplink/replay.h"
#include "agent/uplink/send_window.h"
#include "agent/uplink/uplink_stats.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/wire/control.h"

namespace tillrelay::uplink {

struct SenderOptions {
  bool has_broker = true;
  std::string session;  // ULID of this run
  uint32_t own_window = kOwnWindow;
  milliseconds retry_min = kRetryMin, retry_max = kRetryMax;
  uint64_t away_max_events = kAwayMaxEvents;
};

// Where the journal stands.
struct JournalPosition {
  std::string stream;
  uint64_t head = 0, confirmed_through = 0, floor = 1;
};

// How a confirmed chain compares with the journal's own at that number.
enum class ChainVerdict { kEqual, kOther, kBeyondHead, kNotKept };

struct Failure {
  LinkCause cause = LinkCause::kOther;
  std::string text;
};

namespace act {
struct Connect {};
struct Subscribe {};
struct Disconnect {};
struct Send {  // inclusive; the pump reports each with Sent()
  uint64_t first = 0, last = 0;
  bool replay = false;
};
struct SaveConfirmed {
  uint64_t through = 0;
  wire::Chain chain{};
};
struct PublishStatus {};
struct SendReply {
  wire::Reply reply;
};
struct AllowDeletion {
  Instant until{};
};
}  // namespace act
using Action =
    std::variant<act::Connect, act::Subscribe, act::Disconnect, act::Send, act::SaveConfirmed,
                 act::PublishStatus, act::SendReply, act::AllowDeletion>;

class Sender {
 public:
  Sender(SenderOptions options, JournalPosition journal, Random* random);

  // The next thing to do, or nothing. Call until empty after every happening and at NextDeadline.
  std::optional<Action> Next(Instant now);
  // When Next has something to do even if nothing happens; Instant::max() if never.
  Instant NextDeadline(Instant now) const;

  void OnConnected(uint32_t receive_maximum, Instant now);
  void OnConnectFailed(const Failure& failure, Instant now) { Down(failure, now); }
  void OnLost(const Failure& failure, Instant now) { Down(failure, now); }
  void OnSubscribed(Instant now);
  void OnHead(uint64_t head, uint64_t floor);
  void OnSent(uint64_t token, const SendWindow::Flight& flight, size_t bytes, Instant now);
  void OnAcked(uint64_t token, Instant now);
  void OnConfirm(const wire::StreamConfirm& confirm, ChainVerdict verdict, bool retained,
                 Instant now);
  // A confirmation arrived that does not name the current stream: the centre is there.
  void OnCentreHeard(bool retained, Instant now);
  void OnCommand(const wire::Command& command, bool retained, Instant now);
  // The journal cannot give a row that should be there.
  void OnUnreadable(const std::string& why);

  void Pause();
  void Resume(Instant now);
  void RetryNow(Instant now);

  bool online() const { return phase_ == Phase::kSettling || phase_ == Phase::kSending; }
  bool link_open() const { return phase_ >= Phase::kSubscribing; }
  uint64_t sent_through() const { return cursor_ - 1; }
  uint64_t confirmed_through() const { return journal_.confirmed_through; }
  const JournalPosition& journal() const { return journal_; }
  // Adds what this object knows: phase, causes, watermarks.
  void Describe(UplinkStats* stats, Instant now, WallTime wall) const;

 private:
  enum class Phase { kIdle, kWaiting, kConnecting, kSubscribing, kSettling, kSending };
  struct Lower {
    uint64_t through = 0;
    wire::Chain chain{};
    Instant believe_at{};
  };

  void Down(const Failure& failure, Instant now);
  void StartSending(Instant now);
  void Advance(const wire::StreamConfirm& confirm, Instant now);
  void Disagree(bool retained, ChainVerdict verdict);
  void BelieveLower();
  void MoveCursorBack(uint64_t through);
  bool AcksMissing(Instant now) const;
  bool ConfirmationsMissing(Instant now) const;
  Action FreshLink(const char* why, Instant now);
  std::optional<Action> Timers(Instant now);
  std::optional<Action> NextSend(Instant now);
  std::optional<Action> NextReplay();
  bool CentreAway(Instant now) const;
  uint64_t SendLimit(Instant now) const;
  bool ProbeDue(Instant now) const;

  const SenderOptions options_;
  Random& random_;
  JournalPosition journal_;
  Backoff backoff_;
  SendWindow window_;
  ReplayDesk desk_;
  std::vector<Action> queue_;  // decided, not yet taken

  Phase phase_ = Phase::kIdle;
  bool paused_ = false;
  std::string alarm_;  // sending is stopped until a person acts
  Failure last_failure_{LinkCause::kNone, ""};
  Instant next_try_{}, phase_since_{}, connected_at_{};
  bool ever_connected_ = false;

  uint64_t cursor_ = 1;      // next number to send
  uint64_t sent_bytes_ = 0;  // since the last progress
  uint64_t probe_ = 0;       // number sent again to ask for a confirmation, 0 for none
  Instant progress_at_{};    // confirmation advanced, or there was nothing to confirm
  Instant probed_at_{};
  Instant centre_heard_at_{};  // last live confirmation, or the session's start
  minutes fresh_link_after_ = kFirstFreshLink;
  std::optional<Lower> lower_;
  int live_disagreements_ = 0;
  bool retained_disagreed_ = false;
  Instant status_at_{};
  bool status_due_ = false;
  uint64_t resent_ = 0, replayed_ = 0, published_ = 0, connects_ = 0, disbelieved_ = 0;
  uint64_t highest_sent_ = 0;
};

}  // namespace tillrelay::uplink
