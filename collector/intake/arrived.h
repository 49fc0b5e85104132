// What: one event that has been read and verified, with everything the rules need.
// Promise: nothing of it points into a parser; `data` and `raw` point into the message. An event
//   whose envelope and chain can be read is never refused: what cannot be applied says so.
// Thread: any (values).
#pragma once

#include <optional>

#include "collector/ledger/posting.h"
#include "common/wire/envelope.h"

namespace tillrelay::collector {

// What an agent says is gone for good.
struct Declared {
  std::string stream;
  wire::Range range;
  wire::Chain chain = kUnknownChain;  // at range.last
  std::string reason;
  bool open = false;  // numbers after range.last may have been given and lost; `range` may be empty
};

struct Arrived;
Result<Arrived> ReadArrived(JsonValue event, std::string_view time);

struct Arrived {
  StreamKey key;
  uint64_t sequence = 0;
  std::string id, kind, time, recorded_at;
  wire::Chain chain{}, previous{};
  std::string_view data;
  std::string_view raw;  // the whole CloudEvent
  Posting posting;
  std::string opened_reason;      // of `stream_opened`
  std::optional<OwedRow> parked;  // the body did not fit the line and is owed
  std::optional<Declared> loss;   // of `loss`
  bool intact = false;            // the chain fits the bytes
  Sha256Digest data_digest{};
  std::string unapplied;  // why it cannot be applied; empty: it can

  // Leaves of it only what stream and chain need, all of which any database can store.
  void CannotApply(std::string_view why);

 private:
  friend Result<Arrived> ReadArrived(JsonValue event, std::string_view time);
  void MakeTimesStorable();
};

// Invalid when an attribute that stream or chain need is missing or malformed.
// `time`, if not empty, takes the place of the event's own, which chain and id do not depend on.
Result<Arrived> ReadArrived(JsonValue event, std::string_view time = {});
// An entry of `lost[]` in a status or a reply; also the member `loss` of an event's data.
std::optional<Declared> ReadLost(JsonValue loss);
// What the data of an event of this kind declares; also of what is read back from the table.
std::optional<Declared> ReadDeclared(std::string_view kind, JsonValue data);

}  // namespace tillrelay::collector
