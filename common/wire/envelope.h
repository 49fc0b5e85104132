// What: one event as a CloudEvent (structured JSON) and back, docs/wire.md.
// Promise: `data` is carried byte for byte in both directions. Reading checks every attribute that
//   the chain and the stream rely on, and that source and partitionkey agree. Whether kind and
//   times can be used is the reader's question: an event is not refused for them.
// Thread: any.
// Errors: invalid, naming the attribute.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/json_reader.h"
#include "common/wire/chain.h"

namespace tillrelay::wire {

// Views; whoever fills it keeps the bytes alive.
struct Envelope {
  Uuid id{};
  std::string_view store, stream;
  uint64_t sequence = 0;
  Chain chain{}, previous{};
  std::string_view kind;  // "sale"; the whole type, where it is none of ours
  std::string_view subject, time, recorded_at;
  std::string_view data;
  // Of the event's own bytes: of `data`, or, when parked, what the sender says of the bytes that
  // this broker cannot carry.
  Sha256Digest data_digest{};
  bool parked = false;  // `data` says what the event is, not its content
};

// `data` of a parked event.
std::string ParkedData(std::string_view kind, uint64_t bytes, std::string_view reason);
inline constexpr std::string_view kParkedKind = "parked";

void WriteEnvelope(const Envelope& envelope, std::string* out);
// `value` is the parsed message; the views point into it.
Result<Envelope> ReadEnvelope(JsonValue value);

// 20 digits.
std::string SequenceText(uint64_t sequence);

inline constexpr std::string_view kEventContentType = "application/cloudevents+json; charset=utf-8";

}  // namespace tillrelay::wire
