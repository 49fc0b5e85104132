// What: every sink as people and programs see it: how far it is, how far behind, what keeps it.
// Promise: reads only what is committed.
// Thread: the reader's.
// Errors: those of the database.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/sinks/sink_table.h"

namespace tillrelay::collector {

struct SinkState {
  SinkRow row;
  uint64_t behind = 0;            // positions that it has not taken
  std::string oldest_waiting_at;  // when the first of them was stored; "": none
  bool served = false;            // a collector holds its lease
  struct {
    std::string cursor, store, kind, id;
  } refused;  // the change that was refused; empty: none
};
// "halted", "paused", "unserved", "failing", "delivering" or "idle".
std::string_view StateWord(const SinkState& state);
Result<std::vector<SinkState>> ReadSinkStates(Sql* sql);
// 0 where that cannot be read.
uint64_t CountHalted(Sql* sql);

}  // namespace tillrelay::collector
