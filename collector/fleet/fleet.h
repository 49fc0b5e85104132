// What: what the collector knows about every store from its status messages, and about itself, for
//   the page, the metrics and `GET /v1/stores`.
// Promise: a snapshot is a consistent copy. What was only retained by the broker does not count as
//   heard. Two agents that speak for one store in turn are an alarm that names both.
// Thread: any (one mutex); written by the collector's thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/intake/ingest_stats.h"
#include "common/base/clock.h"
#include "common/base/json_reader.h"
#include "common/base/mutex.h"
#include "common/wire/control.h"

namespace tillrelay::collector {

struct StoreActivity {
  std::string state, host, session, version;
  uint64_t waiting = 0, quarantined = 0;
  std::string oldest_waiting_at;
  std::optional<uint64_t> disk_days_left;
  std::string broker_alarm;
  uint64_t unknown_streams = 0;  // that are known here and its journal does not have
  WallTime heard_at{};           // not yet: only a retained status is known
  // How far its clock was from ours with its last two live statuses, the nearer one: a message
  // that has waited on its way looks as if the clock were behind.
  std::chrono::seconds clock_off{0}, last_clock_off{0};
  std::string level, sentence;                // what it says of itself
  std::map<std::string, WallTime> registers;  // when each was heard, by the store's clock
  std::set<std::string> silent_registers;     // by the store's own opening hours
  std::string former_session, former_host;
  std::vector<wire::HeardSession> live;  // heard live, the newest first
  WallTime twins_at{};                   // when two agents spoke in turn
};

struct CollectorActivity {
  IngestCounters ingest;
  uint64_t dropped_inbox = 0, dropped_while_failing = 0, unread_controls = 0, skipped_effects = 0;
  uint64_t confirmations = 0, replays_asked = 0, forks_reported = 0, rescued = 0,
           store_failures = 0;
  bool connected = false, failing = false, leads = true;
  std::string failure;  // of the database, in words
  WallTime started_at{}, committed_at{};
};

class Fleet {
 public:
  void OnStatus(const std::string& store, JsonValue status, bool retained, WallTime now);
  void SetActivity(const CollectorActivity& news);

  std::map<std::string, StoreActivity> Stores() const;
  // For the store's confirmations.
  std::vector<wire::HeardSession> SessionsOf(const std::string& store) const;
  CollectorActivity Collector() const;

 private:
  mutable Mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, StoreActivity> stores_ GUARDED_BY(mutex_);
  CollectorActivity collector_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay::collector
