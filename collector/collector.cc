#include "collector/collector.h"

#include <algorithm>
#include <utility>

#include "collector/gap_table.h"
#include "common/base/text.h"
#include "common/event/time_text.h"
#include "common/wire/ulid.h"

namespace tillrelay::collector {

Collector::Collector(const Config& config, Store* store, const Surroundings& around)
    : clock_(*around.clock),
      random_(*around.random),
      store_(*store),
      prefix_(config.topic_prefix),
      ingest_(store, around.clock, config.topic_prefix),
      connection_(around.link, around.random, Subscriptions(config)) {}

Now Collector::Read() const { return {clock_.Now(), event::UtcText(clock_.Wall())}; }

Status Collector::Start() {
  const Now now = Read();
  auto gaps = LoadGaps(store_.db());
  if (!gaps.ok()) return std::move(gaps).status();
  for (auto& [key, gap] : *gaps) {
    told_gaps_[key].push_back(gap.range);
    gaps_.Remember(key, gap, now);
  }
  auto keys = store_.AllStreams();
  if (!keys.ok()) return std::move(keys).status();
  for (const StreamKey& key : *keys) {
    auto state = store_.Find(key);
    if (!state.ok()) return std::move(state).status();
    gaps_.Received(key, **state, now);
  }
  return Status::Ok();
}

void Collector::Handle(std::vector<mqtt::LinkEvent> events) {
  std::vector<mqtt::LinkEvent> arrived, controls;
  for (mqtt::LinkEvent& event : events) {
    if (event.what != mqtt::Happening::kMessage) {
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
    dropped_while_failing_ += group.size();
    return;
  }
  std::set<StreamKey> touched;
  if (Status stored = ingest_.Run(group, &touched); !stored.ok()) return StoreFailed(stored);
  store_failures_ = 0;
  failed_.Clear();
  const Now now = Read();
  for (const StreamKey& key : touched) {
    auto state = store_.Find(key);
    if (!state.ok()) return StoreFailed(state.status());
    gaps_.Received(key, **state, now);
    confirmer_.Want(key.store);
  }
}

void Collector::Control(mqtt::LinkEvent* message) {
  const auto [store, leaf] = wire::SplitTopic(prefix_, message->topic);
  auto value = parser_.Parse(message->payload);
  Status read = value.status();
  if (read.ok() && !IsName(store)) read = Invalid("the topic names no store");
  if (read.ok() && leaf == "status") {
    auto status = wire::ReadStatus(*value);
    if (status.ok() && !status->store.empty() && status->store != store) {
      read = Invalid("the payload names another store than the topic");
    } else if (status.ok()) {
      return HandleStatus(std::string(store), *status);
    } else {
      read = std::move(status).status();
    }
  } else if (read.ok() && leaf == "reply") {
    auto reply = wire::ReadReply(*value);
    if (reply.ok()) return gaps_.Replied(std::string(store), *reply, clock_.Now());
    read = std::move(reply).status();
  }
  if (read.ok()) return;
  ++unread_controls_;
  unread_.Report(fmt::format("store {}: {} not read: {}", store, leaf, read.message()),
                 clock_.Now());
}

void Collector::HandleStatus(const std::string& store, const wire::StoreStatus& status) {
  if (!failing()) {
    if (Status met = Meet(store, status); !met.ok()) StoreFailed(met);
  }
  gaps_.Told(status, store, Read());
  confirmer_.Online(store, gaps_.online(store));
}

// A stream that a status names is known from then on, so that it is confirmed and its holes are
// asked for even if none of its events ever came.
Status Collector::Meet(const std::string& store, const wire::StoreStatus& status) {
  const Now now = Read();
  TRY(store_.Begin(now.text));
  std::vector<StreamKey> fresh;
  for (const wire::StreamState& told : status.streams) {
    StreamKey key{store, told.stream};
    auto is_new = store_.EnsureStream(key);
    if (!is_new.ok()) return std::move(is_new).status();
    if (*is_new) fresh.push_back(std::move(key));
  }
  TRY(store_.Commit());
  for (const StreamKey& key : fresh) {
    log::Info("collector", "store {}: new stream {}", key.store, key.stream);
  }
  for (const wire::StreamState& told : status.streams) {
    const StreamKey key{store, told.stream};
    auto state = store_.Find(key);
    if (!state.ok()) return std::move(state).status();
    gaps_.Received(key, **state, now);
    if (told.confirmed_through != (*state)->through()) confirmer_.Want(store);
  }
  return Status::Ok();
}

void Collector::ConfirmAll() {
  if (failing()) return;
  auto keys = store_.AllStreams();
  if (!keys.ok()) return StoreFailed(keys.status());
  for (const StreamKey& key : *keys) confirmer_.Want(key.store);
}

void Collector::Tick() {
  TryReopen();
  connection_.Tick(clock_.Now());
  if (failing()) return;
  SendConfirmations();
  SendRequests();
  SaveChangedGaps();
}

void Collector::SendConfirmations() {
  const Now now = Read();
  if (!connection_.has_room()) return;
  for (const std::string& store : confirmer_.Due(now.at)) {
    auto text = ConfirmText(&store_, store, now.text);
    if (!text.ok()) return StoreFailed(text.status());
    const std::string topic = wire::TopicsOf(prefix_, store).confirm;
    if (!connection_.Publish({.topic = topic, .payload = *text, .retained = true}, now.at).ok()) {
      return;
    }
    confirmer_.Sent(store, now.at);
  }
}

void Collector::SendRequests() {
  const Now now = Read();
  for (const Ask& ask : gaps_.Due(now)) {
    wire::Command command;
    command.command = "replay";
    command.command_id = wire::NewUlid(clock_.Wall(), &random_);
    command.session = ask.session;
    command.stream = ask.key.stream;
    command.range = ask.range;
    const std::string topic = wire::TopicsOf(prefix_, ask.key.store).command;
    const std::string text = wire::WriteCommand(command);
    if (!connection_.Publish({.topic = topic, .payload = text}, now.at).ok()) return;
    gaps_.Asked(ask, command.command_id, now);
  }
}

void Collector::SaveChangedGaps() {
  unsaved_gaps_.merge(gaps_.TakeChanged());
  const Instant now = clock_.Now();
  if (unsaved_gaps_.empty() || now < gaps_saved_at_ + kGapSpacing) return;
  if (Status written = WriteGaps(unsaved_gaps_); !written.ok()) return StoreFailed(written);
  for (const StreamKey& key : unsaved_gaps_) TellGap(key, gaps_.Shown(key));
  unsaved_gaps_.clear();
  gaps_saved_at_ = now;
}

Status Collector::WriteGaps(const std::set<StreamKey>& keys) {
  TRY(store_.Begin(Read().text));
  for (const StreamKey& key : keys) TRY(SaveGaps(store_.db(), key, gaps_.Shown(key)));
  return store_.Commit();
}

void Collector::TellGap(const StreamKey& key, const std::vector<Gap>& gaps) {
  std::vector<wire::Range> ranges;
  for (const Gap& gap : gaps) ranges.push_back(gap.range);
  auto& told = told_gaps_[key];
  if (told.empty() && !ranges.empty()) {
    log::Warning("collector", "store {}: gap opened in stream {}: {}..{}{}", key.store, key.stream,
                 ranges[0].first, ranges[0].last, ranges.size() > 1 ? " and more" : "");
  } else if (!told.empty() && ranges.empty()) {
    log::Info("collector", "store {}: gap closed in stream {}", key.store, key.stream);
  }
  told = std::move(ranges);
}

void Collector::StoreFailed(const Status& failure) {
  store_.Rollback();
  const auto pause =
      std::min<Duration>(kRetryLeast * (1 << std::min(store_failures_, 10)), kRetryMost);
  ++store_failures_;
  retry_at_ = clock_.Now() + pause;
  failed_.Report(fmt::format("ALARM the database fails; nothing is confirmed until it works: {}",
                             failure.message()),
                 clock_.Now());
}

void Collector::TryReopen() {
  if (!failing() || clock_.Now() < *retry_at_) return;
  if (Status opened = store_.Reopen(); !opened.ok()) return StoreFailed(opened);
  retry_at_.reset();
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
  if (!unsaved_gaps_.empty() || gaps_.changed()) consider(gaps_saved_at_ + kGapSpacing);
  return next;
}

}  // namespace tillrelay::collector
