// What: the centre's side as a whole, without threads: what the link delivers goes in, the store is
//   written, confirmations and requests go out.
// Promise: keeps running whatever arrives. Nothing is confirmed that is not committed; what could
//   not be committed is dropped and comes again. After a failed commit the database is reopened
//   with back-off, and nothing is confirmed meanwhile.
// Thread: one; it owns store and link.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/config.h"
#include "collector/confirmer.h"
#include "collector/connection.h"
#include "collector/gaps.h"
#include "collector/ingest.h"
#include "collector/store.h"

namespace tillrelay::collector {

struct Surroundings {
  const Clock* clock;
  Random* random;
  mqtt::Link* link;
};

class Collector {
 public:
  Collector(const Config& config, Store* store, const Surroundings& around);

  // Reads the streams and gaps that the database knows. Called once, first.
  Status Start();
  void Handle(std::vector<mqtt::LinkEvent> events);
  // Sends what is due. Called after Handle and at NextDeadline at the latest.
  void Tick();
  Instant NextDeadline() const;
  void Stop() { connection_.Close(); }

  const IngestCounters& counters() const { return ingest_.counters(); }
  uint64_t unread_controls() const { return unread_controls_; }
  uint64_t dropped_while_failing() const { return dropped_while_failing_; }

 private:
  static constexpr std::chrono::milliseconds kGapSpacing{200};  // between two writes of table gap
  static constexpr std::chrono::seconds kRetryLeast{1}, kRetryMost{30};

  void StoreGroups(std::vector<mqtt::LinkEvent> events);
  void StoreGroup(std::span<mqtt::LinkEvent> group);
  void Control(mqtt::LinkEvent* message);
  void HandleStatus(const std::string& store, const wire::StoreStatus& status);
  Status Meet(const std::string& store, const wire::StoreStatus& status);
  void ConfirmAll();
  void SendConfirmations();
  void SendRequests();
  void SaveChangedGaps();
  Status WriteGaps(const std::set<StreamKey>& keys);
  void TellGap(const StreamKey& key, const std::vector<Gap>& gaps);
  void StoreFailed(const Status& failure);
  void TryReopen();
  bool failing() const { return retry_at_.has_value(); }
  Now Read() const;

  const Clock& clock_;
  Random& random_;
  Store& store_;
  const std::string prefix_;
  Ingest ingest_;
  Gaps gaps_;
  Confirmer confirmer_;
  Connection connection_;
  JsonParser parser_;
  std::map<StreamKey, std::vector<wire::Range>> told_gaps_;
  std::set<StreamKey> unsaved_gaps_;
  Instant gaps_saved_at_{};
  std::optional<Instant> retry_at_;  // set while the store fails
  int store_failures_ = 0;
  uint64_t unread_controls_ = 0, dropped_while_failing_ = 0;
  Notice unread_{log::Level::kWarning};
  log::Repeated failed_{log::Level::kError, "collector"};
};

}  // namespace tillrelay::collector
