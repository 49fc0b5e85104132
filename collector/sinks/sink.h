// What: the delivery of one sink, without threads: reads what follows its cursor, sends it in the
//   order of positions, and moves the cursor behind what was taken.
// Promise: nothing is left out and nothing overtakes: what is not taken is tried again, or halts
//   the sink until a person decides. The cursor moves only behind what the receiver took. A message
//   that is tried again, also by another process, has the same id and the same body. Only the
//   holder of the lease sends; before each try it makes sure that it is, for longer than the try
//   can last.
// Thread: one.
// Errors: none leave it; they are logged and tried again.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "collector/ledger/changes.h"
#include "collector/sinks/sink_config.h"
#include "collector/sinks/sink_table.h"
#include "collector/sinks/transport.h"
#include "collector/sinks/witness.h"
#include "common/base/log.h"

namespace tillrelay::collector {

struct SinkDeps {
  const Clock* clock = nullptr;
  // Runs in a transaction of the writing connection; OK: it is committed.
  std::function<Status(const std::function<Status(Sql*)>&)> write;
  std::function<Result<Sql*>()> reader;  // a reading connection
  std::function<SinkAnswer(const SinkMessage&)> send;
  std::function<bool()> stopping;
  std::string owner;         // who this is: the same after a restart
  bool alone = false;        // no other process can use this database
  std::string witness_path;  // empty: none
};

// For the metrics, since the start.
struct SinkCounters {
  uint64_t taken = 0, failed = 0, refused = 0;
};

class Sink {
 public:
  static constexpr std::chrono::seconds kSilent{150};  // no lease lasts as long
  static constexpr std::chrono::milliseconds kPoll{250};
  static constexpr std::chrono::seconds kRetryLeast{1}, kRetryMost{60};
  static constexpr size_t kMostBytes = 1024 * 1024;  // of one message; a single change may be more

  Sink(SinkConfig config, SinkDeps deps);
  // Does what is due, and says how long there is nothing to do.
  Duration Step();
  // Lets another one deliver at once.
  void Release();
  const SinkCounters& counters() const { return counters_; }
  bool holds_lease() const { return lease_.has_value(); }
  bool troubled() const { return troubles_ > 0; }  // the last step failed

 private:
  struct Lease {
    uint64_t epoch = 0;
    Instant until{};
  };
  // Of a row that is still ours; false: leave it as it is.
  using Change = std::function<bool(SinkRow*)>;

  Result<Duration> Work();
  Result<Duration> WorkOn(Sql* sql, const SinkRow& row);
  // sink_lease.cc
  Status Take(Sql* sql, const std::optional<SinkRow>& row);
  bool MayTake(const SinkRow& row, int64_t now) const;
  Result<bool> Update(const Change& change);
  Status RenewIfDue();
  std::chrono::seconds LeaseTime() const;
  // sink.cc
  Result<bool> HaltIfRestored(Sql* sql, const SinkRow& row);
  Result<Duration> Deliver(Sql* sql, const SinkRow& row);
  Result<Duration> Pass(const SinkRow& row, const ChangesAnswer& batch);
  Result<Duration> Try(const SinkRow& row, const ChangesAnswer& batch);
  Result<Duration> AfterTaken(const SinkRow& row, const Cursor& next);
  Result<Duration> AfterFailure(const SinkAnswer& answer);
  Result<Duration> AfterRefusal(const ChangesAnswer& batch, const SinkAnswer& answer);
  Status Halt(std::string_view why, const std::string& text);
  std::string NowText() const;

  const SinkConfig config_;
  const SinkDeps deps_;
  const Clock& clock_;
  Witness witness_;
  std::optional<Lease> lease_;
  bool taken_before_ = false;
  bool verified_ = false;  // what was taken has its place in this history
  // The lease of another one, as it was seen to change last.
  int64_t seen_until_ = -1;
  Instant seen_at_{};
  uint64_t orders_ = 0;
  Instant retry_at_{};
  int failures_ = 0, troubles_ = 0;
  uint64_t singly_through_ = 0;   // a message up to here was refused: its changes go one by one
  std::optional<Cursor> passed_;  // everything up to here is not for this sink
  SinkCounters counters_;
  log::RateLimitedLog troubled_{log::Level::kError, "sinks"};
};

// The same for the same changes, whoever makes it.
SinkMessage MessageOf(const std::string& sink, const Cursor& after, const ChangesAnswer& batch);

}  // namespace tillrelay::collector
