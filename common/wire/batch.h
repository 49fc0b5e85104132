// What: what one message on the `events` topic carries: an event, a batch of consecutive events, or
//   a compressed one; docs/wire.md, "Two forms of delivery".
// Promise: `data` keeps its bytes in both directions. Reading decides by bytes: '{' an event, '[' a
//   batch, 28 B5 2F FD a zstd frame of either. A batch that is cut, or no list, gives nothing; each
//   event of a whole one is judged alone. Nothing from the network makes this code fail.
// Thread: one, its owner's.
// Errors: invalid.
// Limits: a message unpacks to 16 MiB, an event has 8 MiB; 100,000 events a batch, 1,000,000 JSON
//   values a message.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/json_reader.h"
#include "common/wire/envelope.h"

namespace tillrelay::wire {

inline constexpr size_t kMaxUnpackedBytes = 16 * 1024 * 1024;
inline constexpr uint32_t kMaxMessageNodes = 1'000'000;
inline constexpr size_t kMaxBatchEvents = 100'000;
inline constexpr std::string_view kBatchContentType =
    "application/cloudevents-batch+json; charset=utf-8";

// How large the message may become, told from its first bytes; kMaxUnpackedBytes where a frame does
// not say.
size_t UnpackedSize(std::string_view payload);

class BatchWriter {
 public:
  explicit BatchWriter(bool zstd);
  ~BatchWriter();
  // Of a writer that can compress: whether it does, from the next message on.
  void Compress(bool on) { compresses_ = on; }
  void Add(const Envelope& envelope);
  size_t count() const { return count_; }
  // Of what was added, not yet compressed.
  size_t bytes() const { return text_.size(); }
  void Discard() {
    text_.clear();
    count_ = 0;
  }
  // The message; starts anew.
  Result<std::string> Take();

 private:
  struct Compressor;
  std::unique_ptr<Compressor> compressor_;  // none: plain
  bool compresses_ = true;
  std::string text_;
  size_t count_ = 0;
};

class MessageReader {
 public:
  MessageReader();
  ~MessageReader();
  // One event (an object) or a batch (a list). A zstd frame is replaced in `*payload` by what it
  // holds; values point into it. Invalid: neither of them, or too large.
  Result<JsonValue> Open(std::string* payload);
  // Called for every event of the message in its order, with its parsed `data`; one that is no
  // event of ours comes as an error. What it returns ends the reading.
  using Each = std::function<Status(const Result<Envelope>& event, JsonValue data)>;
  // Invalid: the message as a whole cannot be read. `payload` may be used as working space.
  Status Read(std::string* payload, const Each& each);

 private:
  struct Decompressor;
  Status Unpack(std::string_view packed);
  std::unique_ptr<Decompressor> decompressor_;
  std::string unpacked_;
  JsonParser parser_;
};

}  // namespace tillrelay::wire
