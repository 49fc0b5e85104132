// What: table sink: how far each one has been delivered, who delivers it, and what keeps it.
// Promise: nothing is decided here. Writing is queued: it is part of the caller's transaction.
// Thread: whoever owns the connection.
// Errors: those of the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/db/running_hash.h"
#include "collector/db/sql.h"

namespace tillrelay::collector {

// Why a sink is halted until a person decides.
inline constexpr std::string_view kHaltedRefused = "refused";    // the receiver's no to one change
inline constexpr std::string_view kHaltedGone = "gone";          // it wants no more
inline constexpr std::string_view kHaltedRestored = "restored";  // another history
inline constexpr std::string_view kHaltedPurged = "purged";      // deleted by age, undelivered

struct SinkRow {
  std::string name;
  Cursor cursor;             // everything up to here was taken
  uint64_t sending = 0;      // the last position of the message that is being tried; 0: none
  uint64_t epoch = 0;        // grows with each owner
  std::string owner;         // "": nobody
  int64_t leased_until = 0;  // microseconds by the database's clock
  bool paused = false;
  std::string halted, failure;
  uint64_t failures = 0;                // in a row
  std::string failed_at, delivered_at;  // UTC text; "": never
  uint64_t orders = 0;                  // of people
  uint64_t lineage = 0;                 // grows when a person lets it begin anew
};

Result<std::vector<SinkRow>> ReadSinks(Sql* sql);
Result<std::optional<SinkRow>> ReadSink(Sql* sql, const std::string& name);
Status SaveSink(Sql* sql, const SinkRow& row);
Status RemoveSink(Sql* sql, const std::string& name);

// The last position that there is.
Result<Cursor> ReadHead(Sql* sql);
// By the database's clock.
Result<int64_t> DatabaseMicros(Sql* sql);

}  // namespace tillrelay::collector
