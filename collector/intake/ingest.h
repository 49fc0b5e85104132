// What: a group of messages from the `events` topics into the store, in one transaction. A message
//   is one event or a batch of them.
// Promise: refuse before confirming: only an event whose topic, payload and chain agree reaches the
//   store. Nothing that arrives is fatal; what is refused is counted and logged. An event that the
//   database cannot take is told from a database that fails: the group is split until it stands
//   alone, it is kept without effect, and the others are stored. On any other error nothing of the
//   group is stored.
// Thread: the store's.
// Errors: those of the store; the group is then rolled back and dropped, unconfirmed.
// Limits: the caller bounds the group: kMaxGroupMessages, kMaxGroupBytes.
#pragma once

#include <set>
#include <span>
#include <string>

#include "collector/intake/ingest_stats.h"
#include "collector/intake/store.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mqtt/link.h"
#include "common/wire/batch.h"

namespace tillrelay::collector {

inline constexpr size_t kMaxGroupMessages = 1024;
inline constexpr size_t kMaxGroupBytes = 8 * 1024 * 1024;

class Ingest {
 public:
  Ingest(collector::Store* store, const Clock* clock, std::string prefix)
      : store_(*store), clock_(*clock), prefix_(std::move(prefix)) {}

  // `*touched` receives the streams whose events were taken or refused in this group.
  Status Run(std::span<mqtt::LinkEvent> group, std::set<StreamKey>* touched);
  const IngestCounters& counters() const { return counters_; }

 private:
  void Read(mqtt::LinkEvent* message, std::vector<Arrived>* batch);
  void ReadOne(JsonValue event, std::string_view store, std::vector<Arrived>* batch);
  Status StoreOrSplit(std::span<Arrived> batch, std::set<StreamKey>* touched);
  Status Store(std::span<const Arrived> batch, std::set<StreamKey>* touched);
  Status Take(const Arrived& e);
  void Refuse(log::RateLimitedLog* notice, std::string_view store, std::string_view why);
  void CountOutcome(Outcome outcome, const Arrived& e);

  collector::Store& store_;
  const Clock& clock_;
  const std::string prefix_;
  wire::MessageReader reader_;
  IngestCounters counters_;
  log::RateLimitedLog doubted_{log::Level::kError, "collector"};
  log::RateLimitedLog forked_{log::Level::kError, "collector"};
  log::RateLimitedLog unapplied_{log::Level::kError, "collector", log::Per::kKind};
  log::RateLimitedLog no_room_{log::Level::kError, "collector", log::Per::kKind};
  log::RateLimitedLog unstorable_{log::Level::kError, "collector", log::Per::kKind};
  log::RateLimitedLog malformed_{log::Level::kWarning, "collector", log::Per::kKind};
  log::RateLimitedLog foreign_{log::Level::kWarning, "collector", log::Per::kKind};
  log::RateLimitedLog broken_chain_{log::Level::kWarning, "collector", log::Per::kKind};
  log::RateLimitedLog dropped_{log::Level::kWarning, "collector", log::Per::kKind};
  log::RateLimitedLog streams_{log::Level::kError, "collector", log::Per::kKind};
  log::RateLimitedLog met_{log::Level::kInfo, "collector", log::Per::kKind};
};

}  // namespace tillrelay::collector
