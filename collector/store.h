// What: the collector's durable truth: takes verified events one by one inside a transaction and
//   decides for each: counted, held, seen before, or put aside.
// Promise: event, effects on the ledger and advance of the watermark are one transaction. Each id
//   counts once. The watermark never jumps a hole. Nothing is deleted: an event that contradicts
//   what is known is kept in `fork`. After Rollback memory and database agree again.
// Thread: one; owns the only writing connection.
// Errors: those of the database. After any error the caller rolls back; after a failed commit it
//   calls Reopen before the next Begin.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/ledger.h"
#include "collector/schema.h"
#include "collector/streams.h"
#include "common/wire/envelope.h"

namespace tillrelay::collector {

enum class Outcome {
  kCounted,    // the watermark passed it (and the islands that followed), or its id had counted
  kIsland,     // held above a hole
  kDuplicate,  // the same event at the same number again
  kFork,       // kept aside: it contradicts the stream
  kDropped,    // above more islands than are held; it will be asked for
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> Open(std::string path);

  // Starts a transaction; `now` is the UTC text that rows written in it carry.
  Status Begin(std::string now);
  // `data` is the parsed `e.data`; the envelope's chain has been checked against its bytes.
  Result<Outcome> Apply(const wire::Envelope& e, JsonValue data);
  // A number was refused unread; its range counts as known to exist.
  Status NoteRefused(const StreamKey& key, uint64_t sequence);
  // True: the stream was not known before.
  Result<bool> EnsureStream(const StreamKey& key);
  Status Commit();
  void Rollback();
  Status Reopen();

  // The state of a stream as of the last commit.
  Result<StreamState*> Find(const StreamKey& key) { return streams_->Get(key, now_); }
  Result<std::vector<wire::StreamConfirm>> Confirmed(const std::string& store, int most) {
    return streams_->Confirmed(store, most);
  }
  Result<std::vector<StreamKey>> AllStreams() { return streams_->All(); }
  // False after a Reopen that failed: nothing but Reopen may then be called.
  bool usable() const { return ledger_.has_value(); }
  sqlite::Database* db() { return &central_.db; }
  uint64_t skipped_effects() const { return ledger_->skipped_effects(); }

 private:
  struct Statements {
    sqlite::Statement insert, find, held, counted, count, drop, duplicate, fork;
  };

  // The row of an island.
  struct Held {
    std::string id, kind, time, recorded_at, body;
    Uuid uuid{};
    wire::Chain chain{};
    uint64_t sequence = 0;
    // Points into this and into `key`.
    wire::Envelope View(const StreamKey& key) const;
  };

  explicit Store(std::string path) : path_(std::move(path)) {}
  Status Attach();
  Result<Outcome> Again(const wire::Envelope& e);
  Result<Outcome> Next(const StreamKey& key, StreamState* stream, const wire::Envelope& e,
                       JsonValue data);
  Result<Outcome> Above(const StreamKey& key, StreamState* stream, const wire::Envelope& e);
  Result<Outcome> SecondIsland(const StreamKey& key, const wire::Envelope& e);
  Status Absorb(const StreamKey& key, StreamState* stream, uint64_t first, uint64_t last);
  Result<bool> AbsorbOne(const StreamKey& key, StreamState* stream, uint64_t sequence);
  Result<Held> ReadHeld(const StreamKey& key, uint64_t sequence);
  Status PutAside(const StreamKey& key, const Held& held);
  Result<bool> HasCounted(std::string_view id);
  Status Insert(const wire::Envelope& e, std::string_view id, bool counted);
  Status Post(const wire::Envelope& e, JsonValue data);
  Status Duplicate(const wire::Envelope& e);
  Status Aside(const wire::Envelope& e);

  const std::string path_;
  std::string now_;
  Central central_;
  Statements sql_;
  std::optional<Streams> streams_;
  std::optional<Ledger> ledger_;
  std::optional<sqlite::Transaction> transaction_;
  std::unique_ptr<JsonParser> parser_ = std::make_unique<JsonParser>();
  uint64_t position_ = 0;  // of the last counted event
};

}  // namespace tillrelay::collector
