// What: what a person decides about a sink.
// Promise: nothing is skipped without a reason that is recorded, and only the one change that the
//   person has seen. A sink that was halted by another history goes on only from a cursor of this
//   one.
// Thread: whoever owns the connection, inside a transaction.
// Errors: invalid (the order), not found (no such sink), conflict (not now); of the database.
#pragma once

#include <string>
#include <string_view>

#include "collector/db/sql.h"

namespace tillrelay::collector {

inline constexpr std::string_view kSinkPause = "pause", kSinkResume = "resume",
                                  kSinkRetry = "retry", kSinkSkip = "skip",
                                  kSinkRestart = "restart", kSinkRemove = "remove";

struct SinkOrder {
  std::string name, action, note, actor;
  std::string cursor;  // skip: of the change that is skipped; restart: from where it goes on
  std::string token;   // the name of the token that asked
};
Status CheckSinkOrder(const SinkOrder& order);
Status OrderSink(Sql* sql, const SinkOrder& order);

}  // namespace tillrelay::collector
