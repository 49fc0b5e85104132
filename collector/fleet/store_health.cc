#include "collector/fleet/store_health.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kPatience{10};  // a gap or a backlog that is younger closes by itself
constexpr hours kFresh{24};       // how long what happened once stays red
constexpr uint64_t kFewDays = 3;

// How long ago; a time that cannot be read is long ago.
Duration Since(std::string_view text, WallTime now) {
  const auto time = event::ParseUtc(text);
  return time.ok() ? Duration(now - *time) : Duration(hours(24 * 365));
}

void Add(StoreHealth* store, Level level, std::string text) {
  store->alarms.push_back({level, std::move(text)});
}

void AssessContact(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  if (!store->known) {
    return Add(store, Level::kRed, "expected, but never heard from");
  }
  if (news.heard_at == WallTime()) {
    if (judge.now - judge.started_at < judge.silent_after) return;
    return Add(store, Level::kRed,
               fmt::format("not heard for more than {}", AgeText(judge.now - judge.started_at)));
  }
  const Duration silence = judge.now - news.heard_at;
  if (silence >= judge.silent_after) {
    Add(store, Level::kRed, fmt::format("not heard for {}", AgeText(silence)));
  } else if (news.state == "offline") {
    Add(store, Level::kAmber, "its connection has ended");
  }
}

void AssessState(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  if (news.state == "refusing") Add(store, Level::kRed, "refuses new sales: its disk is full");
  if (news.state == "unconfigured") Add(store, Level::kRed, "is not configured");
  if (news.state == "paused") Add(store, Level::kAmber, "sending is paused");
  if (!news.broker_alarm.empty()) Add(store, Level::kRed, news.broker_alarm);
  if (news.unknown_streams > 0) {
    Add(store, Level::kRed,
        fmt::format(
            "{} journal{} that we know {} not on its server: lost, replaced, or on a second "
            "server; what was not sent from there is missing",
            news.unknown_streams, news.unknown_streams == 1 ? "" : "s",
            news.unknown_streams == 1 ? "is" : "are"));
  }
  if (news.twins_at != WallTime() && judge.now - news.twins_at < kFresh) {
    Add(store, Level::kRed,
        fmt::format("two agents speak for it: {} and {}", news.host, news.former_host));
  }
  if (news.waiting > 0 && Since(news.oldest_waiting_at, judge.now) > kPatience) {
    Add(store, Level::kAmber,
        fmt::format("{} events wait since {}", news.waiting, news.oldest_waiting_at));
  }
  if (news.quarantined > 0) {
    Add(store, Level::kAmber, fmt::format("{} documents in quarantine", news.quarantined));
  }
  if (news.disk_days_left && *news.disk_days_left <= kFewDays) {
    Add(store, Level::kAmber, fmt::format("disk for {} more days", *news.disk_days_left));
  }
}

void JudgeFacts(const HealthRules& judge, StoreHealth* store) {
  const StoreFacts& facts = store->facts;
  const auto fresh = [&](const std::string& at) {
    return Since(at, judge.now) < kFresh ? Level::kRed : Level::kAmber;
  };
  if (facts.missing > 0) {
    const bool old = Since(facts.missing_since, judge.now) > kPatience;
    Add(store, old ? Level::kRed : Level::kAmber,
        fmt::format("{} events missing since {}", facts.missing, facts.missing_since));
  }
  if (facts.lost > 0) {
    Add(store, fresh(facts.lost_at),
        fmt::format("{} events declared lost, last {}", facts.lost, facts.lost_at));
  }
  if (facts.open_losses > 0) {
    Add(store, fresh(facts.open_at),
        fmt::format("{} journal{} ended without a known end: events after it may be lost, last {}",
                    facts.open_losses, facts.open_losses == 1 ? "" : "s", facts.open_at));
  }
  if (facts.diverged > 0) {
    Add(store, fresh(facts.fork_at),
        fmt::format("two histories: {} events kept aside, last {}", facts.diverged, facts.fork_at));
  }
  if (facts.doubtful > 0) {
    Add(store, fresh(facts.doubtful_at),
        fmt::format("{} events are from a time whose ids have been deleted: kept, not counted in "
                    "stock, last {}",
                    facts.doubtful, facts.doubtful_at));
  }
  if (facts.unapplied > 0) {
    Add(store, Level::kRed,
        fmt::format("{} events are kept but cannot be applied since {}: {}", facts.unapplied,
                    facts.unapplied_since, facts.unapplied_first));
  }
  if (facts.negative > 0) {
    Add(store, Level::kAmber,
        fmt::format("stock below zero in {} cells, since {}", facts.negative,
                    facts.negative_since));
  }
  if (facts.transit_overdue > 0) {
    Add(store, Level::kAmber,
        fmt::format("{} transfers to it were not received within 14 days", facts.transit_overdue));
  }
  if (facts.held > 0) {
    Add(store, Level::kAmber,
        fmt::format("{} counted cells wait since {}: their count is dated after the clock of head "
                    "office; it is applied when its time comes",
                    facts.held, facts.held_since));
  }
  if (facts.too_old > 0) {
    Add(store, Level::kRed,
        fmt::format("{} counted cells are not applied: what moved since their count has been "
                    "deleted by age; count them again",
                    facts.too_old));
  }
  if (facts.owed > 0) {
    Add(store, Level::kAmber,
        fmt::format("{} events too large for the line since {}", facts.owed, facts.owed_since));
  }
}

void Conclude(StoreHealth* store) {
  std::stable_sort(store->alarms.begin(), store->alarms.end(),
                   [](const auto& a, const auto& b) { return a.level > b.level; });
  if (!store->alarms.empty()) {
    store->level = store->alarms.front().level;
    store->sentence = store->alarms.front().text;
  } else if (store->news.waiting > 0) {
    store->sentence = fmt::format("{} events on their way", store->news.waiting);
  } else {
    store->sentence = "everything has arrived";
  }
}

}  // namespace

std::string_view HealthWord(Level level) {
  constexpr std::string_view kWords[] = {"good", "warn", "bad"};
  return kWords[static_cast<size_t>(level)];
}

std::vector<StoreHealth> AssessStores(const HealthRules& judge,
                                      const std::map<std::string, StoreActivity>& news,
                                      const std::map<std::string, StoreFacts>& facts) {
  std::map<std::string, StoreHealth> stores;
  for (const std::string& store : judge.expected) stores[store].expected = true;
  for (const auto& [store, reported] : news) {
    stores[store].news = reported;
    stores[store].known = true;
  }
  for (const auto& [store, known] : facts) {
    stores[store].facts = known;
    stores[store].known = true;
  }
  std::vector<StoreHealth> judged;
  for (auto& [name, store] : stores) {
    store.store = name;
    if (store.facts.retired_at.empty()) {
      AssessContact(judge, &store);
      AssessState(judge, &store);
      JudgeFacts(judge, &store);
    }
    Conclude(&store);
    if (!store.facts.retired_at.empty()) store.sentence = "retired " + store.facts.retired_at;
    judged.push_back(std::move(store));
  }
  std::stable_sort(judged.begin(), judged.end(), [](const auto& a, const auto& b) {
    if (a.level != b.level) return a.level > b.level;
    return a.alarms.size() > b.alarms.size();
  });
  return judged;
}

}  // namespace tillrelay::collector
