// What: the thread `uplink`: carries happenings from link and journal to the Sender and performs
//   what it decides.
// Promise: owns the link and one read-only journal reader; whatever the network sends can only
//   delay. Every order to the link is given here, because each may block in a name lookup.
// Thread: public methods from any; the work on `uplink`.
// Limits: inbox 4,096 happenings; messages from the network beyond 1,024 waiting or larger than
//   256 KiB are dropped and counted.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "agent/uplink/sender.h"
#include "agent/uplink/uplink_stats.h"
#include "common/base/inbox.h"
#include "common/base/json_reader.h"
#include "common/mqtt/link.h"
#include "common/wire/topics.h"

namespace tillrelay::uplink {

using MakeLink = std::function<Result<std::unique_ptr<mqtt::Link>>(mqtt::Deliver)>;

struct PumpOptions {
  SenderOptions sender;
  std::string store_id;
  std::string journal_path;
  std::string broker;  // for people: the url without credentials
  wire::Topics topics;
  MakeLink make_link;                        // empty: no broker configured
  std::function<std::string()> status_json;  // the retained status, called on this thread
  std::function<void()> beat;
};

class Pump {
 public:
  Pump(PumpOptions options, journal::Journal* journal, const Clock* clock, Random* random);
  ~Pump();

  Status Start();
  // Goes on sending until everything is confirmed or `flush` is over, says offline, disconnects.
  void Stop(Duration flush);

  void JournalGrew(const journal::StreamRow& stream);
  void Pause();
  void Resume();
  void RetryNow();
  UplinkStats Stats() const;

 private:
  enum class Order { kPause, kResume, kRetryNow };
  using Input = std::variant<mqtt::LinkEvent, Order>;
  struct ChainCursor {
    uint64_t sequence = UINT64_MAX;
    wire::Chain chain{};
  };

  void Run();
  void Take(Input& input);
  void TakeLinkEvent(mqtt::LinkEvent& event);
  void TakeMessage(const mqtt::LinkEvent& event);
  void TakeConfirm(JsonValue value, bool retained);
  ChainVerdict Compare(const wire::StreamConfirm& confirm);
  void Perform(const Action& action);
  void Send(const act::Send& send);
  void DropLink(const Status& why);
  Status SendRows(const act::Send& send);
  Status PublishRow(const journal::Row& row, ChainCursor* cursor, bool replay);
  Result<const journal::Row*> LiveRow(uint64_t sequence);
  Status MoveTo(uint64_t sequence, ChainCursor* cursor);
  void PublishControl(const std::string& topic, const std::string& payload, bool retained);
  void RefreshPosition();
  void PublishStats();
  void DrainActions();
  bool Flushed() const;
  void SayGoodbye();

  const PumpOptions options_;
  journal::Journal& journal_;
  const Clock& clock_;
  Inbox<Input> inbox_;
  std::unique_ptr<mqtt::Link> link_;
  std::unique_ptr<journal::JournalReader> reader_;
  journal::StreamRow stream_;
  Sender sender_;
  JsonParser parser_;
  ChainCursor live_, replay_;
  std::deque<journal::Row> ahead_;  // rows read ahead of the cursor
  std::string envelope_;
  uint64_t next_token_ = 1;
  int subscriptions_pending_ = 0;
  log::Repeated trouble_{log::Level::kWarning, "uplink"};
  std::atomic<uint64_t> head_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<int64_t> stop_at_{INT64_MAX};
  WallTime last_confirmed_at_{};

  mutable Mutex mutex_;
  // Guarded by mutex_:
  UplinkStats stats_ GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tillrelay::uplink
