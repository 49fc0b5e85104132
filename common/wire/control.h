// What: the control messages between store and centre as values, docs/wire.md.
// Promise: reading takes anything from the network without trust: unknown members are ignored,
//   ranges are ordered and bounded, another version is refused.
// Thread: any.
// Errors: invalid.
// Limits: 16 streams and 4 sessions a message, 5,000 ranges, 1,000 losses or parked numbers a list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/json_reader.h"
#include "common/wire/chain.h"
#include "common/wire/loss.h"

namespace tillrelay::wire {

struct StreamConfirm {
  std::string stream;
  uint64_t through = 0;
  Chain chain{};
  std::vector<Range> owed = {};       // passed, the body is still to come
  std::vector<Range> unapplied = {};  // passed and kept whole, without effect so far
  // Where `through` itself is lost: the last number below it whose event is stored. 0: not said.
  uint64_t stored_through = 0;
  Chain stored_chain{};
};

// A run of a store's agent that the centre has heard live.
struct HeardSession {
  std::string session, host;
};

struct Confirm {
  std::string store, at;
  std::vector<StreamConfirm> streams;
  std::vector<HeardSession> sessions = {};  // the newest first
  bool accepts_batches = false, accepts_zstd = false;
  std::string kid = {}, sig = {};  // common/wire/signature.h; empty: not signed
};

struct StreamState {
  std::string stream;
  uint64_t head = 0, sent_through = 0, acked_through = 0, confirmed_through = 0, floor = 1;
  Chain chain{}, confirmed_chain{};  // at head and at confirmed_through
};

// What the collector reads of a status; people and pages read the rest of it.
struct StoreStatus {
  std::string store, state, session, host;
  std::vector<StreamState> streams;
  std::vector<Lost> lost;
  std::vector<std::pair<std::string, uint64_t>> parked;  // stream, number
};

struct Command {
  std::string command;  // "replay" | "fork" | "report"
  std::string command_id, session, stream;
  // Replay by number; empty (0-0): by day or time. Of a fork: `first` is the number that the proof
  // is about.
  Range range;
  std::string business_day = {};  // replay of the events whose data names it
  std::string recorded_from = {}, recorded_through = {};  // replay of what was recorded then, UTC
  // Fork: the centre's chain at `first`; replay by number: its chain at `from` - 1, if it knows.
  std::optional<Chain> chain = {};
};

struct Reply {
  std::string command_id, state;  // "accepted" | "progress" | "done" | "refused"
  uint64_t sent = 0, of = 0;
  std::string reason;
  std::vector<Lost> lost = {};
};

std::string WriteConfirm(const Confirm& confirm);
Result<Confirm> ReadConfirm(JsonValue value);

Result<StoreStatus> ReadStatus(JsonValue value);
std::string WriteWill(std::string_view session);

std::string WriteCommand(const Command& command);
Result<Command> ReadCommand(JsonValue value);

std::string WriteReply(const Reply& reply);
Result<Reply> ReadReply(JsonValue value);

}  // namespace tillrelay::wire
