// What: the thread `uplink`: brings happenings of link and journal to the UplinkDriver, in their
// order. Promise: owns the link; every order to it is given here, because each may block in a name
// lookup. Thread: public methods from any; the work on `uplink`. Limits: inbox 4,096 happenings;
// messages from the network beyond 1,024 waiting or larger than
//   256 KiB are dropped and counted.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "agent/journal/journal.h"
#include "agent/uplink/uplink_driver.h"
#include "agent/uplink/uplink_stats.h"
#include "common/base/inbox.h"

namespace tillrelay::uplink {

using MakeLink = std::function<Result<std::unique_ptr<mqtt::Link>>(mqtt::Deliver)>;

struct UplinkThreadOptions {
  UplinkDriverOptions driver;
  MakeLink make_link;  // empty: no broker configured
  std::function<void()> beat;
};

class UplinkThread {
 public:
  // `status_json` of the driver's options is called on the uplink's thread.
  UplinkThread(UplinkThreadOptions options, journal::Journal* journal, const Clock* clock,
               Random* random);
  ~UplinkThread();

  Status Start();
  // Goes on sending until everything is confirmed or `flush` is over, says offline, disconnects.
  void Stop(Duration flush);

  void JournalGrew(const journal::StreamRow& stream);
  void Pause();
  void Resume();
  void RetryNow();
  // Sends again what the order names, as far as it was sent and is kept; the id shows up in
  // Stats().replay. Waits for the uplink's answer. Conflict: another one runs. Not found: nothing
  // of it is kept. Invalid: not sent yet. Unavailable: the uplink is busy or stopping.
  Result<std::string> Replay(const ReplayOrder& order);
  UplinkStats Stats() const;

 private:
  enum class Order { kPause, kResume, kRetryNow };
  struct ReplayAsked {
    ReplayOrder order;
    std::string id;
    std::shared_ptr<std::promise<Status>> answer;
  };
  using Input = std::variant<mqtt::LinkEvent, Order, ReplayAsked>;

  void Run();
  void Take(Input& input);
  void PublishStats();
  bool Flushed() const;

  const UplinkThreadOptions options_;
  const Clock& clock_;
  Random& random_;
  Inbox<Input> inbox_;
  std::unique_ptr<JournalPort> port_;
  std::unique_ptr<mqtt::Link> link_;
  UplinkDriver driver_;
  std::atomic<uint64_t> head_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<int64_t> stop_at_{INT64_MAX};

  mutable Mutex mutex_;
  // Guarded by mutex_:
  UplinkStats stats_ GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tillrelay::uplink
