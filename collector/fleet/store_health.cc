#include "collector/fleet/store_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kPatience{10};  // a gap or a backlog that is younger closes by itself
constexpr hours kFresh{24};       // how long what happened once stays red
constexpr int64_t kFarOff_s = 100 * 365 * 86'400LL;  // further is not told

// How long ago; a time that cannot be read is long ago.
Duration Since(std::string_view text, WallTime now) {
  const auto time = event::ParseUtc(text);
  return time.ok() ? Duration(now - *time) : Duration(hours(24 * 365));
}

void Add(StoreHealth* store, Level level, std::string text) {
  store->alarms.push_back({level, std::move(text)});
}

// An alarm that stands for an exception.
void Add(StoreHealth* store, std::string_view kind, Level level, std::string text) {
  StoreHealth::Alarm alarm{level, std::move(text), std::string(kind)};
  alarm.weight = static_cast<int64_t>(level);
  store->alarms.push_back(std::move(alarm));
}

// "1 event", "412 events".
std::string Counted(uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

void AssessContact(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  if (!store->known) {
    return Add(store, "silent_store", Level::kRed, "expected, but never heard from");
  }
  if (news.heard_at == WallTime()) {
    if (judge.now - judge.started_at < judge.silent_after) return;
    return Add(store, "silent_store", Level::kRed,
               fmt::format("not heard for more than {}", AgeText(judge.now - judge.started_at)));
  }
  const Duration silence = judge.now - news.heard_at;
  if (silence >= judge.silent_after) {
    Add(store, "silent_store", Level::kRed, fmt::format("not heard for {}", AgeText(silence)));
    store->alarms.back().since = event::UtcText(news.heard_at);
  } else if (news.state == "offline") {
    Add(store, Level::kAmber, "its connection has ended");
  }
}

void AssessDisk(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  if (news.state == "refusing") {
    Add(store, "store_disk", Level::kRed, "refuses new sales: its disk is full");
  } else if (news.disk_days_left &&
             *news.disk_days_left <= static_cast<uint64_t>(judge.thresholds.disk_days)) {
    Add(store, "store_disk", Level::kAmber,
        "disk for " + Counted(*news.disk_days_left, "more day"));
  }
}

void AssessJournals(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  if (news.unknown_streams > 0) {
    Add(store, "unknown_journal", Level::kRed,
        fmt::format(
            "{} journal{} that we know {} not on its server: lost, replaced, or on a second "
            "server; what was not sent from there is missing",
            news.unknown_streams, news.unknown_streams == 1 ? "" : "s",
            news.unknown_streams == 1 ? "is" : "are"));
    store->alarms.back().weight =
        static_cast<int64_t>(std::min<uint64_t>(news.unknown_streams, 99));
  }
  if (news.twins_at != WallTime() && judge.now - news.twins_at < kFresh) {
    Add(store, "two_agents", Level::kRed,
        fmt::format("two agents speak for it: {} and {}", news.host, news.former_host));
  }
}

// Behind the newest of its store's registers, or silent by the store's own opening hours.
void AssessRegisters(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  WallTime newest{};
  for (const auto& [name, at] : news.registers) newest = std::max(newest, at);
  std::set<std::string> silent = news.silent_registers;
  for (const auto& [name, at] : news.registers) {
    if (newest - at > hours(judge.thresholds.silent_register_h)) silent.insert(name);
  }
  for (const std::string& name : silent) {
    const auto heard = news.registers.find(name);
    const std::string at = heard == news.registers.end() ? "" : event::UtcText(heard->second);
    Add(store, "silent_register", Level::kAmber,
        at.empty() ? "register " + name + " is silent"
                   : "register " + name + " is silent since " + at);
    store->alarms.back().subject = name;
    store->alarms.back().since = at;
  }
}

// "0.2.1" -> {0, 2, 1}; what follows the numbers does not count.
std::vector<uint64_t> NumbersOf(std::string_view version) {
  std::vector<uint64_t> numbers;
  const char* at = version.data();
  const char* const end = at + version.size();
  while (at != end) {
    uint64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    if (next == end || *next != '.') break;
    at = next + 1;
  }
  return numbers;
}

void AssessVersion(const HealthRules& judge, StoreHealth* store) {
  const std::string& least = judge.thresholds.least_version;
  std::vector<uint64_t> wanted = NumbersOf(least.empty() ? TILLRELAY_VERSION : least);
  if (least.empty() && wanted.size() > 2) wanted.resize(2);
  const std::vector<uint64_t> has = NumbersOf(store->news.version);
  if (has.empty() || has >= wanted) return;
  Add(store, "version_behind", Level::kAmber, "runs the old version " + store->news.version);
}

void AssessClock(const HealthRules& judge, StoreHealth* store) {
  const seconds off = store->news.clock_off;
  if (std::abs(off.count()) < judge.thresholds.clock_off_s) return;
  Add(store, "clock_off", Level::kAmber,
      fmt::format("its clock is {} {} ours",
                  AgeText(std::chrono::abs(
                      std::min(std::max(off, seconds(-kFarOff_s)), seconds(kFarOff_s)))),
                  off.count() > 0 ? "ahead of" : "behind"));
}

void AssessState(const HealthRules& judge, StoreHealth* store) {
  const StoreActivity& news = store->news;
  AssessDisk(judge, store);
  if (news.state == "unconfigured") {
    Add(store, "store_critical", Level::kRed, "is not configured");
  } else if (!news.broker_alarm.empty()) {
    Add(store, "store_critical", Level::kRed, news.broker_alarm);
  }
  if (news.state == "paused") Add(store, "store_paused", Level::kAmber, "sending is paused");
  AssessJournals(judge, store);
  if (news.waiting > 0 && Since(news.oldest_waiting_at, judge.now) > kPatience) {
    Add(store, "backlog", Level::kAmber,
        fmt::format("{} waiting since {}", Counted(news.waiting, "event"), news.oldest_waiting_at));
    store->alarms.back().since = news.oldest_waiting_at;
  }
  if (news.quarantined > 0) {
    Add(store, "quarantine", Level::kAmber,
        Counted(news.quarantined, "document") + " in quarantine");
    store->alarms.back().weight =
        static_cast<int64_t>(std::min<uint64_t>(news.quarantined, INT32_MAX));
  }
  AssessRegisters(judge, store);
  AssessVersion(judge, store);
  AssessClock(judge, store);
  const auto red = [](const auto& alarm) { return alarm.level == Level::kRed; };
  if (news.level == "red" && std::none_of(store->alarms.begin(), store->alarms.end(), red)) {
    Add(store, "store_critical", Level::kRed, "says of itself: " + news.sentence);
  }
}

void JudgeExceptions(const HealthRules& judge, StoreHealth* store) {
  const auto negative = store->facts.Of("negative_stock");
  if (negative.open > 0) {
    Add(store, Level::kAmber,
        fmt::format("stock below zero in {}, since {}", Counted(negative.open, "cell"),
                    negative.since));
  }
  if (const uint64_t overdue = store->facts.Of("transit_overdue").open; overdue > 0) {
    Add(store, Level::kAmber,
        fmt::format("{} to it not received within {}", Counted(overdue, "transfer"),
                    Counted(static_cast<uint64_t>(judge.thresholds.transit_overdue_days), "day")));
  }
  if (const uint64_t far_off = store->facts.Of("count_far_off").open; far_off > 0) {
    Add(store, Level::kAmber, fmt::format("{} counts were far from what was expected", far_off));
  }
}

void JudgeFacts(const HealthRules& judge, StoreHealth* store) {
  const StoreFacts& facts = store->facts;
  const auto fresh = [&](const std::string& at) {
    return Since(at, judge.now) < kFresh ? Level::kRed : Level::kAmber;
  };
  if (facts.missing > 0 && !facts.AllKnown("missing_numbers")) {
    const bool old = Since(facts.missing_since, judge.now) > kPatience;
    Add(store, old ? Level::kRed : Level::kAmber,
        fmt::format("{} missing since {}", Counted(facts.missing, "event"), facts.missing_since));
  }
  if (facts.lost > 0) {
    Add(store, fresh(facts.lost_at),
        fmt::format("{} declared lost, last {}", Counted(facts.lost, "event"), facts.lost_at));
  }
  if (facts.open_losses > 0) {
    Add(store, fresh(facts.open_at),
        fmt::format("{} ended without a known end: events after it may be lost, last {}",
                    Counted(facts.open_losses, "journal"), facts.open_at));
  }
  if (facts.diverged > 0 && !facts.AllKnown("conflict")) {
    Add(store, fresh(facts.fork_at),
        fmt::format("two histories: {} kept aside, last {}", Counted(facts.diverged, "event"),
                    facts.fork_at));
  }
  if (facts.doubtful > 0 && !facts.AllKnown("doubtful")) {
    Add(store, fresh(facts.doubtful_at),
        fmt::format(
            "{} from a time whose ids have been deleted: kept, not counted in stock, last {}",
            Counted(facts.doubtful, "event"), facts.doubtful_at));
  }
  if (facts.unapplied > 0 && !facts.AllKnown("unapplied_event")) {
    Add(store, Level::kRed,
        fmt::format("{} kept that cannot be applied, since {}: {}",
                    Counted(facts.unapplied, "event"), facts.unapplied_since,
                    facts.unapplied_first));
  }
  JudgeExceptions(judge, store);
  if (facts.held > 0 && !facts.AllKnown("count_ahead")) {
    Add(store, Level::kAmber,
        fmt::format(
            "the count of {} waits since {}: it is dated after the clock of head office, and "
            "applied when its time comes",
            Counted(facts.held, "cell"), facts.held_since));
  }
  if (facts.too_old > 0 && !facts.AllKnown("count_too_old")) {
    Add(store, Level::kRed,
        fmt::format(
            "the count of {} is not applied: what moved since has been deleted by age; count "
            "again",
            Counted(facts.too_old, "cell")));
  }
  if (facts.owed > 0 && !facts.AllKnown("owed_body")) {
    Add(store, Level::kAmber,
        fmt::format("{} too large for the line since {}", Counted(facts.owed, "event"),
                    facts.owed_since));
  }
}

// What a person knows of is no alarm.
void LeaveOutKnown(StoreHealth* store) {
  std::erase_if(store->alarms, [store](const auto& alarm) {
    return store->facts.known_alarms.contains({alarm.kind, alarm.subject});
  });
}

void Conclude(StoreHealth* store) {
  std::stable_sort(store->alarms.begin(), store->alarms.end(),
                   [](const auto& a, const auto& b) { return a.level > b.level; });
  if (!store->alarms.empty()) {
    store->level = store->alarms.front().level;
    store->sentence = store->alarms.front().text;
  } else if (store->news.waiting > 0) {
    store->sentence = Counted(store->news.waiting, "event") + " on the way";
  } else {
    store->sentence = "everything has arrived";
  }
  const uint64_t known = store->facts.OfAllKinds().known;
  if (store->alarms.empty() && known > 0) {
    store->sentence += "; " + Counted(known, "known exception");
  }
}

std::map<std::string, StoreHealth> Gather(const HealthRules& judge,
                                          const std::map<std::string, StoreActivity>& news) {
  std::map<std::string, StoreHealth> stores;
  for (const std::string& store : judge.expected) stores[store].expected = true;
  for (const auto& [store, reported] : news) {
    stores[store].news = reported;
    stores[store].known = true;
  }
  for (auto& [name, store] : stores) store.store = name;
  return stores;
}

}  // namespace

StoreFacts::Exceptions StoreFacts::OfAllKinds() const {
  Exceptions all;
  for (const auto& [kind, of] : exceptions) {
    all.open += of.open;
    all.known += of.known;
  }
  return all;
}

std::string_view HealthWord(Level level) {
  constexpr std::string_view kWords[] = {"good", "warn", "bad"};
  return kWords[static_cast<size_t>(level)];
}

std::vector<StoreHealth> AssessReports(const HealthRules& judge,
                                       const std::map<std::string, StoreActivity>& news,
                                       const std::set<std::string>& stored) {
  std::map<std::string, StoreHealth> stores = Gather(judge, news);
  for (const std::string& name : stored) {
    stores[name].store = name;
    stores[name].known = true;
  }
  std::vector<StoreHealth> assessed;
  for (auto& [name, store] : stores) {
    AssessContact(judge, &store);
    AssessState(judge, &store);
    assessed.push_back(std::move(store));
  }
  return assessed;
}

std::vector<StoreHealth> AssessStores(const HealthRules& judge,
                                      const std::map<std::string, StoreActivity>& news,
                                      const std::map<std::string, StoreFacts>& facts) {
  std::map<std::string, StoreHealth> stores = Gather(judge, news);
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
      LeaveOutKnown(&store);
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
