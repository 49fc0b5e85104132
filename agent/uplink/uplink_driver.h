// What: performs what the Sender decides: reads rows, frames them, hands them to the link, and
//   carries what the link and the journal say back. No thread, no waiting.
// Promise: owns one read-only journal reader; whatever the network sends can only delay. `data`
//   leaves byte for byte as it was stored.
// Thread: uplink. Borrows link, port, clock.
// Limits: control messages are read up to depth 8 and 20,000 nodes; 256 rows or 1 MiB read ahead.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/journal/query/reader.h"
#include "agent/uplink/centre_key.h"
#include "agent/uplink/journal_port.h"
#include "agent/uplink/latency.h"
#include "agent/uplink/link_cause.h"
#include "agent/uplink/sender.h"
#include "agent/uplink/status_right.h"
#include "agent/uplink/twin_watch.h"
#include "common/base/clock_trust.h"
#include "common/base/json_reader.h"
#include "common/base/log.h"
#include "common/mqtt/link.h"
#include "common/wire/batch.h"
#include "common/wire/topics.h"

namespace tillrelay::uplink {

struct UplinkDriverOptions {
  SenderOptions sender;
  std::string store_id;
  std::string broker;  // for people: the url without credentials
  std::string journal_path;
  wire::Topics topics;
  // The retained status in at most so many bytes; 0: no bound.
  std::function<std::string(size_t)> status_json;
  bool batches = false, zstd = false;  // delivery.form
  // Single events while little waits; batches, and zstd, where much waits and the centre's
  // confirmation has said that it takes them.
  bool automatic = false;
  size_t batch_bytes = 256 * 1024;  // before compression
  // Reads the own status, where the broker lets us: who else speaks for this store.
  bool watch_own_status = false;
  std::vector<std::string> former_sessions = {};
  ClockTrust* clock_trust = nullptr;  // hears how the centre's clock compares
  CentreKeyOptions centre_key = {};
};

class UplinkDriver {
 public:
  UplinkDriver(UplinkDriverOptions options, JournalPort* port, const Clock* clock, Random* random);

  // Opens the reader; also when the journal has another file or stream.
  Status OpenReader();
  void UseLink(mqtt::Link* link) { link_ = link; }

  void Take(const mqtt::LinkEvent& event);
  // Looks at the journal and performs everything that is due.
  void Turn();
  // Says offline and ends the connection.
  void SayGoodbye();

  Sender& sender() { return sender_; }
  const Sender& sender() const { return sender_; }
  const std::string& broker() const { return broker_; }
  const CentreKey& centre_key() const { return centre_key_; }
  // Why the last confirmation did not count; empty: it did.
  const std::string& refused_confirmation() const { return refused_confirmation_; }
  WallTime last_confirmed_at() const { return last_confirmed_at_; }
  // How far the centre's clock is ahead of this one, by its last live confirmation.
  std::chrono::milliseconds centre_clock_ahead() const { return centre_clock_ahead_; }
  // What the last confirmation names and the journal does not have: its folder was lost or
  // replaced, or another server speaks for this store.
  const std::vector<UnknownStream>& unknown_streams() const { return unknown_streams_; }
  // What head office keeps but could not apply, by its last confirmation.
  struct Unapplied {
    uint64_t events = 0;
    std::string numbers;  // "2-3, 5", the first of them
  };
  bool sees_twins() const { return twins_.sees(); }
  const Unapplied& unapplied() const { return unapplied_; }
  const Latency& latency() const { return latency_; }
  // Called before a status is built, so that it shows what has just been decided.
  std::function<void()> before_status;

 private:
  static constexpr int kDisconnectMs = 500;
  struct ChainCursor {
    std::string stream;
    uint64_t sequence = UINT64_MAX;
    wire::Chain chain{};
  };
  struct Pending {  // the message being filled
    SendWindow::Flight flight;
    bool replay = false;
  };

  void AskForOwnStatus();
  void TakeMessage(const mqtt::LinkEvent& event);
  void TakeConfirm(JsonValue value, bool retained);
  void RememberWords(const wire::Confirm& confirm);
  void FindUnknown();
  void TakeWord(const wire::StreamConfirm& word, bool retained, Instant now);
  void PassLosses(const wire::StreamConfirm& word);
  void TakeOwnStatus(JsonValue value, bool retained);
  void TakeTwin(const TwinWatch::Twin& twin);
  void TakeLoss(const Failure& failure, Instant now);
  void CompareClocks(const std::string& at);
  void TakeCommand(const wire::Command& command, bool retained);
  ChainVerdict Compare(const std::string& stream, uint64_t through, const wire::Chain& chain);
  const journal::StreamRow* RowOf(const std::string& stream) const;
  void Refresh();
  void Perform(const Action& action);
  void PerformJournal(const Action& action);
  void DropOnError(const Status& sent);
  void DropLink(const Status& why);
  Status SendLive(const act::Send& send);
  Status Resend(const act::Resend& resend);
  Status ResendOpening(const act::Resend& resend, const journal::StreamRow& stream);
  Status PublishRow(const journal::Row& row, const journal::StreamRow& stream, ChainCursor* cursor,
                    SendWindow::Flight flight);
  Status Frame(const wire::Envelope& envelope, const SendWindow::Flight& flight);
  void ChooseForm();
  Status FlushBatch();
  Status Hand(std::string_view payload, const SendWindow::Flight& flight);
  Result<journal::Row> LiveRow(uint64_t sequence);
  Status MoveTo(const journal::StreamRow& stream, uint64_t sequence, ChainCursor* cursor);
  size_t RoomFor(const std::string& topic) const;
  void PublishControl(const std::string& topic, const std::string& payload, bool retained);
  void Declare(const act::DeclareLoss& loss);

  const UplinkDriverOptions options_;
  JournalPort& port_;
  const Clock& clock_;
  mqtt::Link* link_ = nullptr;
  std::unique_ptr<journal::JournalReader> reader_;
  std::vector<journal::StreamRow> streams_;
  std::vector<wire::Lost> losses_;  // that are not known to have been passed
  Sender sender_;
  JsonParser parser_;
  ChainCursor live_, replay_;
  std::deque<journal::Row> ahead_;  // rows read ahead of the cursor
  bool reopened_ = false;           // the file was opened anew, and nothing was sent since
  std::string envelope_;
  wire::BatchWriter batch_;
  bool batching_ = false;                                // the form of what is being sent
  bool accepts_batches_ = false, accepts_zstd_ = false;  // by the last confirmation
  SendWindow::Flight batch_flight_;
  uint64_t next_token_ = 1;
  CentreKey centre_key_{options_.centre_key};
  std::string refused_confirmation_;
  std::string broker_ = options_.broker;  // the one that was connected last
  uint32_t maximum_packet_ = 0;           // 0: the broker told no limit
  int subscriptions_pending_ = 0;
  log::RateLimitedLog trouble_{log::Level::kWarning, "uplink"};
  log::RateLimitedLog forged_{log::Level::kError, "uplink"};
  log::RateLimitedLog twin_log_{log::Level::kError, "uplink", log::Per::kKind};
  log::RateLimitedLog too_large_{log::Level::kWarning, "uplink", log::Per::kKind};
  Instant connected_at_{};
  std::chrono::milliseconds centre_clock_ahead_{0};
  WallTime last_confirmed_at_{};
  std::vector<UnknownStream> unknown_streams_;
  TwinWatch twins_;
  StatusRight status_right_;
  uint64_t status_token_ = 0;                         // of the last status that was handed over
  std::map<std::string, wire::StreamConfirm> words_;  // the last of each stream, RememberWords
  Unapplied unapplied_;
  Latency latency_;
};

}  // namespace tillrelay::uplink
