// What the collector does with status and reply messages: collector.h.
#include <algorithm>

#include "collector/service/collector.h"
#include "common/base/text.h"
#include "common/wire/rounds.h"
#include "common/wire/topics.h"
#include "common/wire/ulid.h"

namespace tillrelay::collector {
namespace {

constexpr uint32_t kMaxDeclared = 1000;  // ranges in one message

}  // namespace

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
      return HandleStatus(std::string(store), *value, message->retained);
    } else {
      read = std::move(status).status();
    }
  } else if (read.ok() && leaf == "reply") {
    auto reply = wire::ReadReply(*value);
    if (reply.ok()) return HandleReply(std::string(store), *value);
    read = std::move(reply).status();
  }
  if (read.ok()) return;
  ++news_.unread_controls;
  unread_.Report(fmt::format("store {}: {} not read: {}", store, leaf, read.message()),
                 clock_.Now());
}

void Collector::HandleStatus(const std::string& store, JsonValue value, bool retained) {
  const wire::StoreStatus status = *wire::ReadStatus(value);
  const auto before = fleet_.SessionsOf(store);
  fleet_.OnStatus(store, value, retained, clock_.Wall());
  // Whoever speaks anew hears at once what is stored, and who spoke before: of several servers of
  // one name each may have seconds only.
  const bool anew = !before.empty() && before.front().session != status.session;
  if (!retained && anew && !status.streams.empty()) confirmer_.Request(store);
  if (!failing()) {
    Status done = Meet(store, status);
    if (done.ok() && !retained) done = DeclareLost(store, value.Find("lost"));
    if (done.ok() && !retained) done = CheckFallen(store, status);
    if (done.ok() && !retained) done = CheckKept(store, status);
    if (done.ok() && !retained) done = CheckGone(store, status);
    if (!done.ok()) StoreFailed(done);
  }
  gaps_.Told(status, store, Read());
  confirmer_.Online(store, gaps_.online(store));
}

void Collector::HandleReply(const std::string& store, JsonValue value) {
  const wire::Reply reply = *wire::ReadReply(value);
  // Only an answer to a question of ours, in the session that it was asked in, is a declaration.
  const bool asked = gaps_.Replied(store, reply, clock_.Now());
  if (!asked || failing()) return;
  if (Status done = DeclareLost(store, value.Find("lost")); !done.ok()) StoreFailed(done);
}

// A stream that a status names is known from then on, so that it is confirmed and its holes are
// asked for even if none of its events ever came.
Status Collector::Meet(const std::string& store, const wire::StoreStatus& status) {
  const Now now = Read();
  TRY(store_.Begin(now.text));
  std::vector<StreamKey> fresh;
  for (const wire::StreamState& reported : status.streams) {
    StreamKey key{store, reported.stream};
    auto may_open = store_.MayOpen(key);
    if (!may_open.ok()) return std::move(may_open).status();
    if (!*may_open) continue;
    auto is_new = store_.EnsureStream(key);
    if (!is_new.ok()) return std::move(is_new).status();
    if (*is_new) fresh.push_back(std::move(key));
  }
  TRY(store_.Commit());
  for (const StreamKey& key : fresh) {
    met_.Report(fmt::format("store {}: new stream {}", key.store, key.stream), clock_.Now());
  }
  for (const wire::StreamState& reported : status.streams) {
    const StreamKey key{store, reported.stream};
    auto state = store_.Find(key);
    if (!state.ok()) return std::move(state).status();
    if (*state == nullptr) continue;
    gaps_.Received(key, **state, now);
    if (reported.confirmed_through != (*state)->through()) confirmer_.Request(store);
    TRY(CheckPast(key, reported, status.session));
  }
  return Status::Ok();
}

// Whether the store believes in the same history at the number that it calls confirmed.
Status Collector::CheckPast(const StreamKey& key, const wire::StreamState& reported,
                            const std::string& session) {
  auto state = store_.Find(key);
  if (!state.ok()) return std::move(state).status();
  const StreamState& s = **state;
  const bool known = reported.confirmed_chain != kUnknownChain && s.row.chain != kUnknownChain;
  if (!known || reported.confirmed_through > s.through() || session.empty()) return Status::Ok();
  if (reported.confirmed_through == s.through()) {
    return reported.confirmed_chain == s.row.chain ? Status::Ok()
                                                   : SendFork(key, s.through(), session);
  }
  if (reported.confirmed_through == 0) return Status::Ok();
  auto rows = store_.tables().Events({{key, reported.confirmed_through}});
  if (!rows.ok()) return std::move(rows).status();
  if (rows->empty() || rows->front().chain == reported.confirmed_chain) return Status::Ok();
  return SendFork(key, reported.confirmed_through, session);
}

// Proves to the agent that its past is not ours: what it holds from there on gets a new stream.
Status Collector::SendFork(const StreamKey& key, uint64_t after, const std::string& session) {
  const Instant now = clock_.Now();
  if (!connection_.has_room()) return Status::Ok();
  if (!news_.leads) {
    const auto [since, fresh] = contradicted_since_.try_emplace(key, now);
    if (now < since->second + kFollowerWaits) return Status::Ok();
    contradicted_since_.erase(since);
  }
  const auto reported = forks_reported_at_.find(key);
  if (reported != forks_reported_at_.end() && now < reported->second + kForkEvery)
    return Status::Ok();
  wire::Command command;
  command.command = "fork";
  command.command_id = wire::NewUlid(clock_.Wall(), &random_);
  command.session = session;
  command.stream = key.stream;
  command.range = {after, after};
  if (after == 0) {
    command.chain = wire::FirstChain(key.store, key.stream);
  } else {
    auto rows = store_.tables().Events({{key, after}});
    if (!rows.ok()) return std::move(rows).status();
    if (rows->empty()) return Status::Ok();  // deleted by age, or lost: nothing to prove with
    command.chain = rows->front().chain;
  }
  const std::string topic = wire::TopicsOf(prefix_, key.store).command;
  const std::string text = wire::WriteCommand(command);
  if (!connection_.Publish({.topic = topic, .payload = text}, now).ok()) return Status::Ok();
  forks_reported_at_[key] = now;
  ++news_.forks_reported;
  log::Error("collector", "ALARM store {}: its past of stream {} is not ours at {}; told to fork",
             key.store, key.stream, after);
  return Status::Ok();
}

Status Collector::DeclareLost(const std::string& store, JsonValue list) {
  if (!list.is_array() || list.size() == 0 || list.size() > kMaxDeclared) return Status::Ok();
  TRY(store_.Begin(Read().text));
  std::set<StreamKey> touched;
  for (const JsonValue entry : list) {
    const auto loss = ReadLost(entry);
    if (!loss) continue;
    auto fresh = store_.DeclareLost(store, *loss);
    if (!fresh.ok()) return std::move(fresh).status();
    if (!*fresh) continue;
    touched.insert({store, loss->stream});
    log::Error("collector", "ALARM store {}: {}..{} of stream {} are declared lost: {}{}", store,
               loss->range.first, loss->range.last, loss->stream, loss->reason,
               loss->open ? "; events after them may be lost too" : "");
  }
  TRY(store_.Commit());
  for (const StreamKey& key : touched) TRY(RefreshGaps(key));
  return Status::Ok();
}

// After a change that no event brought.
Status Collector::RefreshGaps(const StreamKey& key) {
  auto state = store_.Find(key);
  if (!state.ok()) return std::move(state).status();
  if (*state != nullptr) gaps_.Received(key, **state, Read());
  confirmer_.Request(key.store);
  return Status::Ok();
}

// Numbers above the head that its store states were taken back there: the journal was rolled back.
// What is held of them is put aside, and nobody is asked for the rest.
Status Collector::CheckFallen(const std::string& store, const wire::StoreStatus& status) {
  for (const wire::StreamState& reported : status.streams) {
    const StreamKey key{store, reported.stream};
    auto state = store_.Find(key);
    if (!state.ok()) return std::move(state).status();
    const bool fallen = *state != nullptr && (*state)->row.highest_seen > reported.head &&
                        (*state)->row.highest_seen > (*state)->through();
    if (!fallen) {
      fallen_since_.erase(key);
      continue;
    }
    const auto [since, fresh] = fallen_since_.try_emplace(key, clock_.Now());
    if (clock_.Now() < since->second + kRolledBack + Later()) continue;
    fallen_since_.erase(since);
    TRY(store_.Begin(Read().text));
    TRY(store_.DivergeOutOfOrder(key, std::max((*state)->through(), reported.head) + 1));
    TRY(store_.Commit());
    log::Error("collector",
               "ALARM store {}: stream {} was rolled back to {}; what we held above is"
               " kept in table diverged",
               store, reported.stream, reported.head);
    TRY(RefreshGaps(key));
  }
  return Status::Ok();
}

// A lost number stays open: a store that keeps it after all, say a server that was thought dead, is
// asked for it. So is a body that is still owed: the broker's limit may have been lifted.
Status Collector::CheckKept(const std::string& store, const wire::StoreStatus& status) {
  const Instant now = clock_.Now();
  for (const wire::StreamState& reported : status.streams) {
    const StreamKey key{store, reported.stream};
    const auto [at, fresh] = kept_at_.try_emplace(key, now);
    // Whoever does not lead looks at what the leader has left of it.
    if (fresh && !news_.leads) at->second = now - kKeptEvery + kFollowerWaits;
    if ((!fresh || !news_.leads) && now < at->second + kKeptEvery) continue;
    at->second = now;
    auto losses = store_.tables().Losses(key);
    if (!losses.ok()) return std::move(losses).status();
    std::vector<wire::Range> kept;
    for (const LossRow& loss : *losses) {
      const auto [first, last] = loss.range;
      if (loss.IsFilled()) continue;
      for (const auto& [stream, number] : status.parked) {
        const bool below = number >= first && number <= last && number < reported.floor;
        if (stream == reported.stream && below) kept.push_back({number, number});
      }
      const wire::Range above{std::max(first, reported.floor), std::min(last, reported.head)};
      if (above.first <= above.last) kept.push_back(above);
    }
    auto owed = store_.tables().Owed(key);
    if (!owed.ok()) return std::move(owed).status();
    for (const auto& [number, row] : *owed) {
      if (!kept.empty() && kept.back().last + 1 == number) {
        kept.back().last = number;
      } else {
        kept.push_back({number, number});
      }
    }
    gaps_.KeptAfterAll(key, std::move(kept));
  }
  return Status::Ok();
}

// A hole in a stream that its store no longer has cannot be filled: after an hour it is lost.
Status Collector::CheckGone(const std::string& store, const wire::StoreStatus& status) {
  if (status.streams.empty() || status.state == "offline") return Status::Ok();
  // A status that is full names other streams in each round.
  const bool full = status.streams.size() >= wire::kStreamsNamed;
  const Duration patience = (full ? kGoneOfMany : kGone) + Later();
  for (const StreamKey& key : gaps_.OpenOf(store)) {
    const auto listed = std::find_if(status.streams.begin(), status.streams.end(),
                                     [&](const auto& s) { return s.stream == key.stream; });
    if (listed != status.streams.end()) {
      gone_since_.erase(key);
      continue;
    }
    const auto [since, fresh] = gone_since_.try_emplace(key, clock_.Now());
    if (clock_.Now() < since->second + patience) continue;
    gone_since_.erase(since);
    TRY(GiveUp(key));
  }
  return Status::Ok();
}

Status Collector::GiveUp(const StreamKey& key) {
  auto state = store_.Find(key);
  if (!state.ok()) return std::move(state).status();
  const std::vector<Gap> gaps = gaps_.Shown(key);
  if (*state == nullptr || gaps.empty()) return Status::Ok();
  TRY(store_.Begin(Read().text));
  for (const Gap& gap : gaps) {
    Declared loss;
    loss.stream = key.stream;
    loss.range = gap.range;
    loss.reason = "stream_gone";
    auto jumped = store_.DeclareLost(key.store, loss);
    if (!jumped.ok()) return std::move(jumped).status();
    log::Error("collector", "ALARM store {}: {}..{} of stream {} are lost: nobody has it any more",
               key.store, gap.range.first, gap.range.last, key.stream);
  }
  TRY(store_.Commit());
  return RefreshGaps(key);
}

}  // namespace tillrelay::collector
