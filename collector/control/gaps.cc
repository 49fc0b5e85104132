#include "collector/control/gaps.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "collector/intake/losses.h"
#include "common/base/backoff.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kMaxSequence = std::numeric_limits<int64_t>::max();  // of a column

bool Overlap(const wire::Range& a, const wire::Range& b) {
  return a.first <= b.last && b.first <= a.last;
}

// As much of it as one request names.
wire::Range Slice(const wire::Range& range) {
  return {range.first, std::min(range.last, range.first + kMaxAsk - 1)};
}

struct Candidate {
  Instant since{};
  Ask ask;
};

// What has waited longest: ranges that nobody fills do not keep others from being asked for.
void Choose(Candidate candidate, Candidate* chosen) {
  const bool first = chosen->ask.session.empty();
  if (first || candidate.since < chosen->since) *chosen = std::move(candidate);
}

}  // namespace

void Gaps::Follow(bool follows) {
  const Duration patience = kReorderTime + (follows ? Duration(kFollowerWaits) : Duration::zero());
  if (patience == patience_) return;
  for (auto& [key, stream] : streams_) {
    for (Gap& gap : stream.gaps) {
      if (gap.asked == 0) gap.next_ask += patience - patience_;
    }
    List(key, &stream);
  }
  patience_ = patience;
}

// The holes below what is held, and the tail that is known to exist but has not come.
std::vector<wire::Range> Gaps::Missing(const StreamGaps& stream) {
  std::vector<wire::Range> missing = stream.holes;
  const uint64_t exists =
      std::max({stream.highest_seen, stream.promised, stream.floor > 0 ? stream.floor - 1 : 0});
  if (exists > stream.held_to && missing.size() < kMaxRanges) {
    missing.push_back({stream.held_to + 1, exists});
  }
  if (stream.lost.empty()) return missing;
  std::vector<wire::Range> wanted;
  for (const wire::Range& range : missing) {
    for (const wire::Range& left : Without(range, stream.lost)) {
      if (wanted.size() < kMaxRanges) wanted.push_back(left);
    }
  }
  return wanted;
}

void Gaps::Refresh(const StreamKey& key, StreamGaps* stream, const Now& now) {
  std::vector<Gap> gaps;
  bool changed = false;
  for (const wire::Range& range : Missing(*stream)) {
    Gap gap;
    gap.range = range;
    gap.since = now.text;
    gap.next_ask = now.at + patience_;
    for (const Gap& old : stream->gaps) {
      if (!Overlap(old.range, range)) continue;
      gap.since = old.since;
      gap.asked_at = old.asked_at;
      gap.shown = old.shown;
      // It moves: whatever brings it is given the reorder time again.
      const bool filled = old.range.first != range.first || range.last < old.range.last;
      if (!filled) gap.asked = old.asked;
      if (!filled) gap.next_ask = old.next_ask;
      changed = changed || (old.shown && old.range != range);
      break;
    }
    gaps.push_back(std::move(gap));
  }
  const auto shown = [](const std::vector<Gap>& list) {
    return std::count_if(list.begin(), list.end(), [](const Gap& gap) { return gap.shown; });
  };
  if (changed || shown(gaps) != shown(stream->gaps)) changed_.insert(key);
  stream->gaps = std::move(gaps);
  List(key, stream);
}

void Gaps::Received(const StreamKey& key, const StreamState& state, const Now& now) {
  StreamGaps& stream = streams_[key];
  stream.holes = state.seen.Missing(kMaxRanges);
  stream.lost = state.lost;
  stream.held_to = state.seen.highest();
  stream.highest_seen = state.row.highest_seen;
  stream.through = state.through();
  Refresh(key, &stream, now);
}

void Gaps::Told(const wire::StoreStatus& status, const std::string& store, const Now& now) {
  Peer& peer = peers_[store];
  const bool offline = status.state == "offline";
  // The will of a connection that a younger one has replaced.
  if (offline && !peer.session.empty() && peer.session != status.session) return;
  const std::string session = offline ? "" : status.session;
  if (peer.session != session) peer = Peer{.session = session, .command_id = {}, .busy_until = {}};
  for (const wire::StreamState& reported : status.streams) {
    const StreamKey key{store, reported.stream};
    StreamGaps& stream = streams_[key];
    stream.floor = std::min(reported.floor, kMaxSequence);
    // What has not been sent yet comes by itself.
    const uint64_t sent = reported.sent_through > 0 ? reported.sent_through : kMaxSequence;
    stream.promised = std::min({reported.head, sent, kMaxSequence});
    Refresh(key, &stream, now);
  }
  ListStore(store);
}

bool Gaps::online(const std::string& store) const {
  const auto found = peers_.find(store);
  return found != peers_.end() && !found->second.session.empty();
}

void Gaps::KeptAfterAll(const StreamKey& key, std::vector<wire::Range> ranges) {
  StreamGaps& stream = streams_[key];
  stream.kept = std::move(ranges);
  List(key, &stream);
}

void Gaps::Remember(const StreamKey& key, Gap gap, const Now& now) {
  gap.shown = true;
  gap.next_ask = now.at + patience_;
  StreamGaps& stream = streams_[key];
  stream.gaps.push_back(std::move(gap));
  List(key, &stream);
}

std::vector<Ask> Gaps::Due(const Now& now) {
  std::map<std::string, Candidate> chosen;
  std::vector<StreamKey> keys;
  for (const auto& [at, key] : due_) {
    if (at > now.at) break;
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  for (const StreamKey& key : keys) {
    StreamGaps& stream = streams_[key];
    const Peer* peer = PeerOf(key.store);
    const bool open = peer != nullptr && !peer->session.empty() && now.at >= peer->busy_until;
    for (Gap& gap : stream.gaps) {
      if (now.at < gap.next_ask) continue;
      if (!gap.shown) changed_.insert(key);
      gap.shown = true;
      if (open) Choose({gap.next_ask, {key, peer->session, Slice(gap.range)}}, &chosen[key.store]);
    }
    if (open && !stream.kept.empty()) {
      Choose({now.at, {key, peer->session, Slice(stream.kept.front())}}, &chosen[key.store]);
    }
    List(key, &stream);
  }
  std::vector<Ask> due;
  for (auto& [store, candidate] : chosen) due.push_back(std::move(candidate.ask));
  return due;
}

void Gaps::NoteAsked(const Ask& ask, const std::string& command_id, const Now& now) {
  Peer& peer = peers_[ask.key.store];
  peer.command_id = command_id;
  peer.busy_until = now.at + kReplayPatience;
  StreamGaps& stream = streams_[ask.key];
  if (!stream.kept.empty() && stream.kept.front().first == ask.range.first) {
    stream.kept.front().first = ask.range.last + 1;
    if (ask.range.last >= stream.kept.front().last) stream.kept.erase(stream.kept.begin());
  }
  for (Gap& gap : stream.gaps) {
    if (gap.range.first != ask.range.first) continue;
    gap.asked_at = now.text;
    gap.next_ask = now.at + Backoff(kReorderTime, kAskLongest, gap.asked++);
    changed_.insert(ask.key);
  }
  ListStore(ask.key.store);
}

bool Gaps::Replied(const std::string& store, const wire::Reply& reply, Instant now) {
  const auto found = peers_.find(store);
  if (found == peers_.end() || found->second.command_id != reply.command_id) {
    return false;
  }
  const bool over = reply.state == "done" || reply.state == "refused";
  found->second.busy_until = over ? now : now + kReplayPatience;
  ListStore(store);
  return true;
}

std::set<StreamKey> Gaps::TakeChanged() { return std::exchange(changed_, {}); }

std::vector<Gap> Gaps::Shown(const StreamKey& key) const {
  std::vector<Gap> shown;
  const auto found = streams_.find(key);
  if (found == streams_.end()) return shown;
  for (const Gap& gap : found->second.gaps) {
    if (gap.shown) shown.push_back(gap);
  }
  return shown;
}

std::vector<StreamKey> Gaps::Open() const { return {open_.begin(), open_.end()}; }

std::vector<StreamKey> Gaps::OpenOf(const std::string& store) const {
  std::vector<StreamKey> open;
  for (auto at = open_.lower_bound({store, ""}); at != open_.end() && at->store == store; ++at) {
    open.push_back(*at);
  }
  return open;
}

const Gaps::Peer* Gaps::PeerOf(const std::string& store) const {
  const auto found = peers_.find(store);
  return found == peers_.end() ? nullptr : &found->second;
}

std::optional<Instant> Gaps::NextOf(const StreamGaps& stream, const Peer* peer) {
  const bool online = peer != nullptr && !peer->session.empty();
  std::optional<Instant> next;
  const auto consider = [&next](Instant at) {
    if (!next || at < *next) next = at;
  };
  for (const Gap& gap : stream.gaps) {
    if (!gap.shown) consider(gap.next_ask);
    if (gap.shown && online) consider(std::max(gap.next_ask, peer->busy_until));
  }
  if (online && !stream.kept.empty()) consider(peer->busy_until);
  return next;
}

void Gaps::List(const StreamKey& key, StreamGaps* stream) {
  if (stream->gaps.empty()) {
    open_.erase(key);
  } else {
    open_.insert(key);
  }
  const auto next = NextOf(*stream, PeerOf(key.store));
  if (next == stream->listed) return;
  if (stream->listed) due_.erase({*stream->listed, key});
  if (next) due_.emplace(*next, key);
  stream->listed = next;
}

void Gaps::ListStore(const std::string& store) {
  for (auto at = streams_.lower_bound({store, ""});
       at != streams_.end() && at->first.store == store; ++at) {
    List(at->first, &at->second);
  }
}

std::optional<Instant> Gaps::NextDeadline() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

}  // namespace tillrelay::collector
