#include "collector/ingest.h"

#include "common/event/time_text.h"
#include "common/wire/topics.h"

namespace tillrelay::collector {

Status Ingest::Run(std::span<mqtt::LinkEvent> group, std::set<StreamKey>* touched) {
  const IngestCounters before = counters_;
  std::vector<Arrived> batch;
  batch.reserve(group.size());
  // Reading and checking need no transaction: other collectors write meanwhile.
  for (mqtt::LinkEvent& message : group) Read(&message, &batch);
  Status stored = batch.empty() ? Status::Ok() : Store(batch, touched);
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

Status Ingest::Store(const std::vector<Arrived>& batch, std::set<StreamKey>* touched) {
  TRY(store_.Begin(event::UtcText(clock_.Wall()), batch));
  for (const Arrived& e : batch) {
    TRY(Take(e));
    touched->insert(e.key);
  }
  return store_.Commit();
}

Status Ingest::Take(const Arrived& e) {
  auto fresh = store_.EnsureStream(e.key);
  if (!fresh.ok()) return std::move(fresh).status();
  if (*fresh) log::Info("collector", "store {}: new stream {}", e.key.store, e.key.stream);
  if (!e.intact) {
    ++counters_.broken_chain;
    Refuse(&broken_chain_, e.key.store, "the chain does not fit the event's bytes");
    return store_.NoteRefused(e.key, e.sequence);
  }
  auto outcome = store_.Apply(e);
  if (!outcome.ok()) return std::move(outcome).status();
  Tell(*outcome, e);
  return Status::Ok();
}

void Ingest::Tell(Outcome outcome, const Arrived& e) {
  switch (outcome) {
    case Outcome::kCounted:
      ++counters_.counted;
      return;
    case Outcome::kIsland:
      ++counters_.islands;
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
                      " kept in table fork",
                      e.key.store, e.key.stream),
          clock_.Now());
      return;
  }
}

void Ingest::Refuse(Notice* notice, std::string_view store, std::string_view why) {
  notice->Report(fmt::format("store {}: event refused: {}", store, why), clock_.Now());
}

}  // namespace tillrelay::collector
