#include "collector/ingest.h"

#include <limits>

#include "common/base/text.h"
#include "common/event/time_text.h"
#include "common/wire/topics.h"
#include "common/wire/ulid.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxTextBytes = 128;  // of kind and times, which become columns

bool Plain(std::string_view text) { return !text.empty() && text.size() <= kMaxTextBytes; }

// What the attributes' reader leaves open.
bool Usable(const wire::Envelope& e) {
  return IsName(e.store) && wire::IsUlid(e.stream) && Plain(e.kind) && Plain(e.time) &&
         Plain(e.recorded_at) && event::ParseUtc(e.time).ok() &&
         e.sequence <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

}  // namespace

Status Ingest::Run(std::span<mqtt::LinkEvent> group, std::set<StreamKey>* touched) {
  const auto store_group = [&]() -> Status {
    TRY(store_.Begin(event::UtcText(clock_.Wall())));
    for (mqtt::LinkEvent& message : group) TRY(One(&message, touched));
    return store_.Commit();
  };
  const IngestCounters before = counters_;
  Status stored = store_group();
  counters_.messages += group.size();
  ++counters_.groups;
  if (stored.ok()) return stored;
  store_.Rollback();
  touched->clear();
  counters_ = before;
  ++counters_.failed_groups;
  return std::move(stored).Within("store a group");
}

Status Ingest::One(mqtt::LinkEvent* message, std::set<StreamKey>* touched) {
  const std::string_view store = wire::SplitTopic(prefix_, message->topic).store;
  auto root = parser_.Parse(message->payload);
  if (!root.ok()) {
    ++counters_.malformed;
    Refuse(&malformed_, store, root.status().message());
    return Status::Ok();
  }
  auto e = wire::ReadEnvelope(*root);
  if (!e.ok() || !Usable(*e)) {
    ++counters_.malformed;
    Refuse(&malformed_, store, e.ok() ? "an attribute is unusable" : e.status().message());
    return Status::Ok();
  }
  if (e->store != store) {
    ++counters_.foreign;
    Refuse(&foreign_, store, "the payload names another store than the topic");
    return Status::Ok();
  }
  const StreamKey key{std::string(e->store), std::string(e->stream)};
  TRY(Take(*e, root->Find("data"), key));
  touched->insert(key);
  return Status::Ok();
}

Status Ingest::Take(const wire::Envelope& e, JsonValue data, const StreamKey& key) {
  auto fresh = store_.EnsureStream(key);
  if (!fresh.ok()) return std::move(fresh).status();
  if (*fresh) log::Info("collector", "store {}: new stream {}", key.store, key.stream);
  if (wire::NextChain(e.previous, e.sequence, e.id, Sha256(e.data)) != e.chain) {
    ++counters_.broken_chain;
    Refuse(&broken_chain_, key.store, "the chain does not fit the event's bytes");
    return store_.NoteRefused(key, e.sequence);
  }
  auto outcome = store_.Apply(e, data);
  if (!outcome.ok()) return std::move(outcome).status();
  Tell(*outcome, e);
  return Status::Ok();
}

void Ingest::Tell(Outcome outcome, const wire::Envelope& e) {
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
    case Outcome::kDropped:
      ++counters_.dropped;
      dropped_.Report(
          fmt::format("store {}: more than {} events wait above a hole; later ones are dropped"
                      " and will be asked for",
                      e.store, kMaxIslands),
          clock_.Now());
      return;
    case Outcome::kFork:
      ++counters_.forks;
      forked_.Report(
          fmt::format("ALARM store {}: stream {} has two histories; what contradicts ours is"
                      " kept in table fork",
                      e.store, e.stream),
          clock_.Now());
      return;
  }
}

void Ingest::Refuse(Notice* notice, std::string_view store, std::string_view why) {
  notice->Report(fmt::format("store {}: event refused: {}", store, why), clock_.Now());
}

}  // namespace tillrelay::collector
