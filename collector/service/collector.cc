#include "collector/service/collector.h"

#include <algorithm>
#include <utility>

#include "common/base/backoff.h"
#include "common/event/time_text.h"
#include "common/wire/rounds.h"
#include "common/wire/ulid.h"

namespace tillrelay::collector {

Collector::Collector(const Config& config, Store* store, const Deps& around)
    : clock_(*around.clock),
      random_(*around.random),
      store_(*store),
      fleet_(*around.fleet),
      orders_(around.orders),
      writes_(around.writes),
      prefix_(config.topic_prefix),
      signing_key_(around.signing_key),
      retention_(24 * config.retention_days),
      ingest_(store, around.clock, config.topic_prefix),
      confirmer_(store->sql()->shared()),
      connection_(around.link, around.random, Subscriptions(config)),
      sweep_(config.thresholds),
      expected_(config.expected_stores.begin(), config.expected_stores.end()),
      silent_after_(config.silent_after_s),
      thresholds_(config.thresholds) {}

// Rows are read for no more stores than soon fit the window.
constexpr size_t kConfirmsAtOnce = 200;

Now Collector::Read() const { return {clock_.Now(), event::UtcText(clock_.Wall())}; }

Status Collector::Start() {
  news_.started_at = clock_.Wall();
  news_.leads = !store_.sql()->shared();
  gaps_.Follow(!news_.leads);
  TRY(LoadGaps());
  auto rows = store_.tables().AllStreams();
  if (!rows.ok()) return std::move(rows).status();
  const Now now = Read();
  for (const StreamRow& row : *rows) {
    auto state = store_.Find(row.key);
    if (!state.ok()) return std::move(state).status();
    if (*state != nullptr) gaps_.Received(row.key, **state, now);
  }
  return Status::Ok();
}

void Collector::Handle(std::vector<mqtt::LinkEvent> events) {
  std::vector<mqtt::LinkEvent> arrived, controls;
  for (mqtt::LinkEvent& event : events) {
    if (event.what != mqtt::LinkEventType::kMessage) {
      if (connection_.Handle(event, clock_.Now())) ConfirmAll();
    } else if (wire::SplitTopic(prefix_, event.topic).leaf == "events") {
      arrived.push_back(std::move(event));
    } else {
      controls.push_back(std::move(event));
    }
  }
  StoreGroups(std::move(arrived));
  for (mqtt::LinkEvent& message : controls) Control(&message);
}

void Collector::StoreGroups(std::vector<mqtt::LinkEvent> events) {
  size_t first = 0, bytes = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    bytes += events[i].payload.size();
    const bool last = i + 1 == events.size();
    if (!last && i + 1 - first < kMaxGroupMessages && bytes < kMaxGroupBytes) continue;
    StoreGroup(std::span(events).subspan(first, i + 1 - first));
    first = i + 1;
    bytes = 0;
  }
}

void Collector::StoreGroup(std::span<mqtt::LinkEvent> group) {
  if (failing()) {
    news_.dropped_while_failing += group.size();
    return;
  }
  std::set<StreamKey> touched;
  if (Status stored = ingest_.Run(group, &touched); !stored.ok()) return StoreFailed(stored);
  store_failures_ = 0;
  news_.committed_at = clock_.Wall();
  failed_.Clear();
  const Now now = Read();
  for (const StreamKey& key : touched) {
    auto state = store_.Find(key);
    if (!state.ok()) return StoreFailed(state.status());
    if (*state != nullptr) gaps_.Received(key, **state, now);
    confirmer_.Request(key.store);
  }
}

void Collector::ConfirmAll() {
  if (failing()) return;
  auto rows = store_.tables().AllStreams();
  if (!rows.ok()) return StoreFailed(rows.status());
  for (const StreamRow& row : *rows) confirmer_.Request(row.key.store);
}

void Collector::Tick() {
  TryReopen();
  connection_.Tick(clock_.Now());
  if (!connection_.up()) connected_since_.reset();
  if (connection_.up() && !connected_since_) connected_since_ = clock_.Now();
  if (!failing()) CheckPlace();
  if (!failing()) Upkeep();
  RunOrders();
  RunWrites();
  if (!failing()) SendConfirmations();
  if (!failing()) SendRequests();
  if (!failing()) SaveChangedGaps();
  news_.ingest = ingest_.counters();
  news_.skipped_effects = store_.skipped_effects();
  news_.connected = connection_.up();
  news_.failing = failing();
  fleet_.SetActivity(news_);
}

void Collector::CheckPlace() {
  const Instant now = clock_.Now();
  if (now < place_at_) return;
  place_at_ = now + kPlaceEvery;
  if (Status there = store_.sql()->InPlace(); !there.ok()) StoreFailed(there);
}

void Collector::Stop() {
  if (!failing()) SendConfirmations();
  connection_.Close();
}

namespace {

// A store may have more streams than a confirmation names: the newest, and others in each round.
std::vector<wire::StreamConfirm> NamedInRound(const std::vector<wire::StreamConfirm>& streams,
                                              uint64_t round) {
  constexpr size_t kHalf = wire::kStreamsNamed / 2;
  std::vector<wire::StreamConfirm> named;
  for (const size_t i :
       wire::Rounds{wire::kStreamsNamed, kHalf, kHalf}.Named(streams.size(), round)) {
    named.push_back(streams[i]);
  }
  return named;
}

}  // namespace

void Collector::SendConfirmations() {
  const Now now = Read();
  if (!connection_.has_room()) return;
  std::vector<std::string> due = confirmer_.Due(now.at, kConfirmsAtOnce);
  if (due.empty()) return;
  auto confirmed = store_.tables().ReadConfirmed(due, SIZE_MAX);
  if (!confirmed.ok()) return StoreFailed(confirmed.status());
  for (const std::string& store : due) {
    const auto streams = NamedInRound((*confirmed)[store], wire::RoundAt(now.at));
    const std::string content = ConfirmText(store, "", streams);
    if (!confirmer_.HasActivity(store, content)) {
      confirmer_.Done(store, content, false, now.at);
      continue;
    }
    const std::string topic = wire::TopicsOf(prefix_, store).confirm;
    const std::string text = ConfirmText(store, now.text, streams, fleet_.SessionsOf(store),
                                         signing_key_, connection_.RoomFor(topic));
    if (!connection_.Publish({.topic = topic, .payload = text, .retained = true}, now.at).ok()) {
      return;
    }
    ++news_.confirmations;
    confirmer_.Done(store, content, true, now.at);
  }
}

// Ours just below what is asked for, where it is known: a store that has to declare numbers lost
// can tell then whether it is of the same history.
Result<std::optional<wire::Chain>> Collector::ChainBefore(const Ask& ask) {
  if (ask.range.first == 1) return std::optional(wire::FirstChain(ask.key.store, ask.key.stream));
  auto state = store_.Find(ask.key);
  if (!state.ok()) return std::move(state).status();
  const uint64_t before = ask.range.first - 1;
  if (*state != nullptr && (*state)->through() == before && (*state)->row.chain != kUnknownChain) {
    return std::optional((*state)->row.chain);
  }
  auto rows = store_.tables().Events({{ask.key, before}});
  if (!rows.ok()) return std::move(rows).status();
  if (rows->empty()) return std::optional<wire::Chain>();
  return std::optional(rows->front().chain);
}

// Also of one that does not lead: the store may speak to nobody else.
void Collector::SendRequests() {
  const Now now = Read();
  for (const Ask& ask : gaps_.Due(now)) {
    wire::Command command;
    command.command = "replay";
    command.command_id = wire::NewUlid(clock_.Wall(), &random_);
    command.session = ask.session;
    command.stream = ask.key.stream;
    command.range = ask.range;
    auto before = ChainBefore(ask);
    if (!before.ok()) return StoreFailed(before.status());
    command.chain = *before;
    const std::string topic = wire::TopicsOf(prefix_, ask.key.store).command;
    const std::string text = wire::WriteCommand(command);
    if (!connection_.Publish({.topic = topic, .payload = text}, now.at).ok()) return;
    gaps_.NoteAsked(ask, command.command_id, now);
    ++news_.replays_asked;
  }
}

void Collector::SaveChangedGaps() {
  unsaved_gaps_.merge(gaps_.TakeChanged());
  if (!news_.leads) std::erase_if(unsaved_gaps_, [this](const auto& key) { return !Minds(key); });
  const Instant now = clock_.Now();
  if (unsaved_gaps_.empty() || now < gaps_saved_at_ + kGapSpacing) return;
  if (Status written = WriteGaps(unsaved_gaps_); !written.ok()) return StoreFailed(written);
  for (const StreamKey& key : unsaved_gaps_) LogGap(key, gaps_.Shown(key));
  unsaved_gaps_.clear();
  gaps_saved_at_ = now;
}

// Of those that share a database: the leader minds every store, and each the stores that speak to
// it.
bool Collector::Minds(const StreamKey& key) const { return news_.leads || gaps_.online(key.store); }

Status Collector::WriteGaps(const std::set<StreamKey>& keys) {
  TRY(store_.Begin(Read().text));
  for (const StreamKey& key : keys) {
    const std::vector<Gap> shown = gaps_.Shown(key);
    store_.ReplaceGaps(key, {shown.begin(), shown.end()});
  }
  return store_.Commit();
}

void Collector::LogGap(const StreamKey& key, const std::vector<Gap>& gaps) {
  std::vector<wire::Range> ranges;
  for (const Gap& gap : gaps) ranges.push_back(gap.range);
  auto& reported = reported_gaps_[key];
  if (reported.empty() && !ranges.empty()) {
    log::Warning("collector", "store {}: gap opened in stream {}: {}..{}{}", key.store, key.stream,
                 ranges[0].first, ranges[0].last, ranges.size() > 1 ? " and more" : "");
  } else if (!reported.empty() && ranges.empty()) {
    log::Info("collector", "store {}: gap closed in stream {}", key.store, key.stream);
  }
  reported = std::move(ranges);
}

void Collector::StoreFailed(const Status& failure) {
  store_.Rollback();
  sweep_.Abandon();
  const Duration pause = Backoff(kRetryLeast, kRetryMost, store_failures_++);
  ++news_.store_failures;
  news_.failure = failure.message();
  retry_at_ = clock_.Now() + pause;
  failed_.Report(fmt::format("ALARM the database fails; nothing is confirmed until it works: {}",
                             failure.message()),
                 clock_.Now());
}

void Collector::TryReopen() {
  if (!failing() || clock_.Now() < *retry_at_) return;
  Status opened = store_.Reopen();
  if (opened.ok()) opened = store_.Probe(Read().text);
  if (!opened.ok()) return StoreFailed(opened);
  retry_at_.reset();
  filled_ = receipts_filled_ = next_held_known_ = false;
  log::Info("collector", "the database is open again");
  ConfirmAll();
}

Instant Collector::NextDeadline() const {
  const Instant now = clock_.Now();
  Instant next = now + kConfirmHeartbeat;
  const auto consider = [&next](std::optional<Instant> at) {
    if (at && *at < next) next = *at;
  };
  consider(connection_.NextDeadline());
  if (failing()) {
    consider(retry_at_);
    return next;
  }
  // With a full window the broker's next acknowledgement is what wakes us.
  if (connection_.has_room()) {
    consider(confirmer_.NextDeadline());
    consider(gaps_.NextDeadline());
  }
  if (store_.sql()->shared()) consider(upkeep_at_);
  consider(HeldDeadline());
  if (news_.leads) consider(sweep_.running() ? now : detect_at_);
  if (news_.leads && DaysBehind()) consider(days_at_);
  if (retention_.count() > 0 && news_.leads) consider(purge_at_);
  if (!unsaved_gaps_.empty() || gaps_.changed()) consider(gaps_saved_at_ + kGapSpacing);
  return next;
}

}  // namespace tillrelay::collector
