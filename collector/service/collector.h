// What: the centre's side as a whole, without threads: what the link delivers goes in, the store is
//   written, confirmations and requests go out.
// Promise: keeps running whatever arrives. Nothing is confirmed that is not committed; what could
//   not be committed is dropped and comes again. After a failed commit the database is reopened
//   with back-off, and nothing is confirmed meanwhile. Where several share a database one of them
//   leads: it asks for gaps and deletes what is too old. What it has not settled with a store after
//   30 s (it may not hear it) another one does that hears the store.
// Thread: one; it owns store and link.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/control/confirmer.h"
#include "collector/control/gaps.h"
#include "collector/control/observed_age.h"
#include "collector/db/write_queue.h"
#include "collector/exceptions/orders.h"
#include "collector/exceptions/sweep.h"
#include "collector/fleet/fleet.h"
#include "collector/intake/ingest.h"
#include "collector/intake/store.h"
#include "collector/service/config.h"
#include "collector/service/connection.h"

namespace tillrelay::collector {

struct Deps {
  const Clock* clock;
  Random* random;
  mqtt::Link* link;
  Fleet* fleet;
  Orders* orders = nullptr;                       // of people, about exceptions
  WriteQueue* writes = nullptr;                   // of other threads
  const wire::SigningKey* signing_key = nullptr;  // null: confirmations are not signed
};

class Collector {
 public:
  Collector(const Config& config, Store* store, const Deps& around);

  // Reads the streams and gaps that the database knows. Called once, first.
  Status Start();
  void Handle(std::vector<mqtt::LinkEvent> events);
  // Sends what is due. Called after Handle and at NextDeadline at the latest.
  void Tick();
  Instant NextDeadline() const;
  // Confirms what has been committed, then ends the connection.
  void Stop();
  void InboxDropped(uint64_t total) { news_.dropped_inbox = total; }

  const IngestCounters& counters() const { return ingest_.counters(); }
  uint64_t unread_controls() const { return news_.unread_controls; }
  uint64_t dropped_while_failing() const { return news_.dropped_while_failing; }
  bool leads() const { return news_.leads; }

 private:
  static constexpr std::chrono::milliseconds kGapSpacing{200};  // between two writes of table gap
  static constexpr std::chrono::seconds kRetryLeast{1}, kRetryMost{30};
  static constexpr std::chrono::seconds kPlaceEvery{1};   // is the database still where it was
  static constexpr std::chrono::seconds kUpkeepEvery{1};  // of a shared database
  static constexpr std::chrono::seconds kPurgeEvery{60};  // when nothing is too old
  static constexpr std::chrono::seconds kRolledBack{60};  // numbers above a head that fell
  static constexpr std::chrono::minutes kKeptEvery{5};    // lost numbers of a stream asked for
  static constexpr std::chrono::hours kGone{1};           // of a stream that nobody has any more
  static constexpr std::chrono::hours kGoneOfMany{6};     // until a long list has been told through
  static constexpr std::chrono::minutes kClosedEvery{
      1};                                               // gaps that closed without their collector
  static constexpr std::chrono::minutes kForkEvery{5};  // of telling one stream
  static constexpr std::chrono::minutes kRescueEvery{5};
  static constexpr std::chrono::seconds kDetectEvery{20};
  static constexpr std::chrono::seconds kDaysEvery{1};           // of putting what came on its day
  static constexpr std::chrono::milliseconds kDetectAtOnce{20};  // then others get their turn
  static constexpr std::chrono::hours kRescueAfter{1};           // it could still come by itself
  static constexpr uint64_t kPurgeSlice = 2000;                  // rows a transaction

  // collector.cc
  void StoreGroups(std::vector<mqtt::LinkEvent> events);
  void StoreGroup(std::span<mqtt::LinkEvent> group);
  void ConfirmAll();
  void SendConfirmations();
  void SendRequests();
  void SaveChangedGaps();
  Status WriteGaps(const std::set<StreamKey>& keys);
  bool Minds(const StreamKey& key) const;
  // How much later than the leader.
  Duration Later() const { return news_.leads ? Duration::zero() : Duration(kFollowerWaits); }
  void LogGap(const StreamKey& key, const std::vector<Gap>& gaps);
  void StoreFailed(const Status& failure);
  void TryReopen();
  void CheckPlace();
  bool failing() const { return retry_at_.has_value(); }
  Now Read() const;
  // collector_control.cc
  void Control(mqtt::LinkEvent* message);
  void HandleStatus(const std::string& store, JsonValue value, bool retained);
  void HandleReply(const std::string& store, JsonValue value);
  Status Meet(const std::string& store, const wire::StoreStatus& status);
  Status CheckPast(const StreamKey& key, const wire::StreamState& reported,
                   const std::string& session);
  Status DeclareLost(const std::string& store, JsonValue list);
  Status CheckFallen(const std::string& store, const wire::StoreStatus& status);
  Result<std::optional<wire::Chain>> ChainBefore(const Ask& ask);
  Status CheckKept(const std::string& store, const wire::StoreStatus& status);
  Status CheckGone(const std::string& store, const wire::StoreStatus& status);
  Status GiveUp(const StreamKey& key);
  Status RefreshGaps(const StreamKey& key);
  Status SendFork(const StreamKey& key, uint64_t after, const std::string& session);
  // collector_upkeep.cc
  Status LoadGaps();
  void Upkeep();
  Status Lead();
  Status RefreshOpen();
  Status DeleteClosedGaps();
  Status Purge();
  Status ApplyDiverged();
  Status Fill();
  Status FillReceipts();
  Status ReleaseHeld();
  bool DaysBehind() const { return days_followed_ != store_.position(); }
  Status FollowDays();
  Status DetectExceptions();
  void DetectLater(const Status& failure);
  Result<StatusFindings> FindInStatuses();
  void RunOrders();
  void RunWrites();
  std::optional<Instant> HeldDeadline() const;
  Status ApplyKept();

  const Clock& clock_;
  Random& random_;
  Store& store_;
  Fleet& fleet_;
  Orders* const orders_;
  WriteQueue* const writes_;
  const std::string prefix_;
  const wire::SigningKey* const signing_key_;
  const std::chrono::hours retention_;
  Ingest ingest_;
  Gaps gaps_;
  Confirmer confirmer_;
  Connection connection_;
  JsonParser parser_;
  CollectorActivity news_;
  ObservedAge age_;
  ExceptionSweep sweep_;
  const std::set<std::string> expected_;
  const std::chrono::seconds silent_after_;
  const Thresholds thresholds_;
  std::optional<Instant> connected_since_;
  std::map<StreamKey, std::vector<wire::Range>> reported_gaps_;
  std::map<StreamKey, Instant> forks_reported_at_, fallen_since_, gone_since_, kept_at_;
  std::map<StreamKey, Instant> contradicted_since_;
  std::set<StreamKey> unsaved_gaps_;
  Instant gaps_saved_at_{}, upkeep_at_{}, purge_at_{}, place_at_{}, rescue_at_{}, detect_at_{},
      days_at_{}, closed_at_{};
  uint64_t days_followed_ = 0;  // the position at that time
  bool filled_ = false;         // movement holds everything that is kept
  bool receipts_filled_ = false;
  // When the next held count can be applied, microseconds by the wall clock; to be read anew when
  // not known.
  std::optional<int64_t> next_held_;
  bool next_held_known_ = false;
  uint64_t held_seen_ = 0;
  std::optional<Instant> retry_at_;  // set while the store fails
  // The last event of table `unapplied` that this program has tried; empty: all of them.
  std::optional<UnappliedRow> tried_ = UnappliedRow{};
  int store_failures_ = 0;
  log::RateLimitedLog unread_{log::Level::kWarning, "collector", log::Per::kKind};
  log::RateLimitedLog met_{log::Level::kInfo, "collector", log::Per::kKind};
  log::RateLimitedLog undetected_{log::Level::kError, "collector"};
  log::RateLimitedLog failed_{log::Level::kError, "collector"};
};

}  // namespace tillrelay::collector
