#include "collector/intake/ingest.h"

#include "common/event/time_text.h"
#include "common/wire/topics.h"

namespace tillrelay::collector {

Status Ingest::Run(std::span<mqtt::LinkEvent> group, std::set<StreamKey>* touched) {
  const IngestCounters before = counters_;
  std::vector<Arrived> batch;
  batch.reserve(group.size());
  // Reading and checking need no transaction: other collectors write meanwhile.
  for (mqtt::LinkEvent& message : group) Read(&message, &batch);
  Status stored = batch.empty() ? Status::Ok() : StoreOrSplit(batch, touched);
  counters_.messages += group.size();
  ++counters_.groups;
  if (stored.ok()) return stored;
  store_.Rollback();
  touched->clear();
  counters_ = before;
  ++counters_.failed_groups;
  return std::move(stored).Within("store a group");
}

void Ingest::Read(mqtt::LinkEvent* message, std::vector<Arrived>* batch) {
  const std::string_view store = wire::SplitTopic(prefix_, message->topic).store;
  auto root = reader_.Open(&message->payload);
  if (!root.ok()) {
    ++counters_.malformed;
    return Refuse(&malformed_, store, root.status().message());
  }
  if (!root->is_array()) return ReadOne(*root, store, batch);
  for (const JsonValue event : *root) ReadOne(event, store, batch);
}

void Ingest::ReadOne(JsonValue event, std::string_view store, std::vector<Arrived>* batch) {
  auto arrived = ReadArrived(event);
  if (!arrived.ok()) {
    ++counters_.malformed;
    return Refuse(&malformed_, store, arrived.status().message());
  }
  if (arrived->key.store != store) {
    ++counters_.foreign;
    return Refuse(&foreign_, store, "the payload names another store than the topic");
  }
  batch->push_back(*std::move(arrived));
}

// Halves until the guilty event stands alone; then only its envelope is stored, with the whole of
// it as bytes. Should even that not pass, it stays unconfirmed and the others go on.
Status Ingest::StoreOrSplit(std::span<Arrived> batch, std::set<StreamKey>* touched) {
  const IngestCounters before = counters_;
  Status stored = Store(batch, touched);
  if (stored.ok() || !IsDataError(stored)) return stored;
  store_.Rollback();
  counters_ = before;
  if (batch.size() > 1) {
    const size_t half = batch.size() / 2;
    TRY(StoreOrSplit(batch.first(half), touched));
    return StoreOrSplit(batch.subspan(half), touched);
  }
  Arrived& guilty = batch.front();
  if (guilty.unapplied.empty() && !guilty.parked) {
    guilty.CannotApply("the database refuses it: " + stored.message());
    return StoreOrSplit(batch, touched);
  }
  ++counters_.unstorable;
  Refuse(&unstorable_, guilty.key.store, "the database refuses it: " + stored.message());
  return Status::Ok();
}

Status Ingest::Store(std::span<const Arrived> batch, std::set<StreamKey>* touched) {
  TRY(store_.Begin(event::UtcText(clock_.Wall()), batch));
  for (const Arrived& e : batch) {
    TRY(Take(e));
    touched->insert(e.key);
  }
  return store_.Commit();
}

Status Ingest::Take(const Arrived& e) {
  auto may_open = store_.MayOpen(e.key);
  if (!may_open.ok()) return std::move(may_open).status();
  if (!*may_open) {
    ++counters_.too_many_streams;
    streams_.Report(fmt::format("ALARM store {}: more than {} streams; an event of a further one is"
                                " not stored",
                                e.key.store, kMaxStreams),
                    clock_.Now());
    return Status::Ok();
  }
  auto fresh = store_.EnsureStream(e.key);
  if (!fresh.ok()) return std::move(fresh).status();
  if (*fresh) {
    met_.Report(fmt::format("store {}: new stream {}", e.key.store, e.key.stream), clock_.Now());
  }
  if (!e.intact) {
    ++counters_.broken_chain;
    Refuse(&broken_chain_, e.key.store, "the chain does not fit the event's bytes");
    return store_.NoteRefused(e.key, e.sequence);
  }
  auto outcome = store_.Apply(e);
  if (!outcome.ok()) return std::move(outcome).status();
  CountOutcome(*outcome, e);
  return Status::Ok();
}

void Ingest::CountOutcome(Outcome outcome, const Arrived& e) {
  switch (outcome) {
    case Outcome::kCounted:
      ++counters_.counted;
      return;
    case Outcome::kIsland:
      ++counters_.out_of_order;
      return;
    case Outcome::kDuplicate:
      ++counters_.duplicates;
      return;
    case Outcome::kParked:
      ++counters_.parked;
      return;
    case Outcome::kFilled:
      ++counters_.filled;
      return;
    case Outcome::kDoubtful:
      ++counters_.doubtful;
      doubted_.Report(
          fmt::format("ALARM store {}: an event from a time whose ids were deleted by age is not"
                      " counted: table doubtful",
                      e.key.store),
          clock_.Now());
      return;
    case Outcome::kUnapplied:
      ++counters_.unapplied;
      unapplied_.Report(
          fmt::format("ALARM store {}: event {} of stream {} cannot be applied and is kept: {}",
                      e.key.store, e.sequence, e.key.stream, e.unapplied),
          clock_.Now());
      return;
    case Outcome::kNoRoom:
      ++counters_.no_room;
      no_room_.Report(
          fmt::format("ALARM store {}: event {} of stream {} cannot be applied ({}), and {} such"
                      " events are kept already; nothing behind it is confirmed",
                      e.key.store, e.sequence, e.key.stream, e.unapplied, kMaxUnappliedEvents),
          clock_.Now());
      return;
    case Outcome::kDropped:
      ++counters_.dropped;
      dropped_.Report(
          fmt::format("store {}: more than {} events wait above a hole; later ones are dropped"
                      " and will be asked for",
                      e.key.store, kMaxIslands),
          clock_.Now());
      return;
    case Outcome::kFork:
      ++counters_.forks;
      forked_.Report(
          fmt::format("ALARM store {}: stream {} has two histories; what contradicts ours is"
                      " kept in table diverged",
                      e.key.store, e.key.stream),
          clock_.Now());
      return;
  }
}

void Ingest::Refuse(log::RateLimitedLog* notice, std::string_view store, std::string_view why) {
  notice->Report(fmt::format("store {}: event refused: {}", store, why), clock_.Now());
}

}  // namespace tillrelay::collector
