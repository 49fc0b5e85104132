#include "collector/fleet/fleet.h"

#include <cstdlib>

#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kSessionsNamed = 4;
constexpr size_t kMaxShown = 200;      // bytes of a text from a store
constexpr size_t kMaxRegisters = 256;  // of a store

std::string Shown(std::string_view text) { return Printable(text, kMaxShown); }

void ReadRegisters(JsonValue status, StoreActivity* news) {
  news->registers.clear();
  for (const JsonValue heard : status.Find("registers")) {
    const auto at = event::ParseUtc(heard.String("last_heard_at"));
    if (!at.ok() || news->registers.size() >= kMaxRegisters) continue;
    news->registers[Shown(heard.name())] = *at;
  }
  news->silent_registers.clear();
  constexpr std::string_view kSilent = "silent/";
  for (const JsonValue issue : status.Find("issues")) {
    const std::string_view id = issue.String("issue");
    const bool names = id.starts_with(kSilent) && issue.String("state") != "healed" &&
                       news->silent_registers.size() < kMaxRegisters;
    if (names) news->silent_registers.insert(Shown(id.substr(kSilent.size())));
  }
}

void CompareClocks(JsonValue status, WallTime now, StoreActivity* news) {
  const auto at = event::ParseUtc(status.String("at"));
  const auto off =
      at.ok() ? std::chrono::floor<std::chrono::seconds>(*at - now) : std::chrono::seconds(0);
  const bool nearer = std::abs(off.count()) < std::abs(news->last_clock_off.count());
  news->clock_off = nearer ? off : news->last_clock_off;
  news->last_clock_off = off;
}

void ReadFacts(JsonValue status, StoreActivity* news) {
  news->version = Shown(status.String("version"));
  if (!status.Unsigned("waiting", &news->waiting)) news->waiting = 0;
  if (!status.Unsigned("quarantined", &news->quarantined)) news->quarantined = 0;
  news->oldest_waiting_at = Shown(status.String("oldest_waiting_at"));
  news->broker_alarm = Shown(status.Find("broker").String("alarm"));
  news->unknown_streams = status.Find("unknown_streams").size();
  uint64_t days = 0;
  news->disk_days_left.reset();
  if (status.Unsigned("disk_days_left", &days)) news->disk_days_left = days;
  news->level = Shown(status.String("level"));
  news->sentence = Shown(status.String("sentence"));
  ReadRegisters(status, news);
}

}  // namespace

void Fleet::OnStatus(const std::string& store, JsonValue status, bool retained, WallTime now) {
  const std::string session = Shown(status.String("session"));
  const std::string state = Shown(status.String("state"));
  const std::string host = Shown(status.String("host"));
  Lock lock(mutex_);
  StoreActivity& news = stores_[store];
  if (state == "offline" && !status.Find("streams")) {
    // The will: readers keep the last full status beside it. That of an older connection is void.
    if (news.session.empty() || news.session == session) news.state = state;
    return;
  }
  if (!retained && !news.session.empty() && session != news.session) {
    if (session == news.former_session) news.twins_at = now;
    news.former_session = news.session;
    news.former_host = news.host;
  }
  news.session = session;
  news.state = state;
  news.host = host;
  ReadFacts(status, &news);
  if (retained) return;
  news.heard_at = now;
  CompareClocks(status, now, &news);
  std::erase_if(news.live, [&](const auto& heard) { return heard.session == session; });
  news.live.insert(news.live.begin(), {session, host});
  if (news.live.size() > kSessionsNamed) news.live.pop_back();
}

std::vector<wire::HeardSession> Fleet::SessionsOf(const std::string& store) const {
  Lock lock(mutex_);
  const auto found = stores_.find(store);
  return found == stores_.end() ? std::vector<wire::HeardSession>() : found->second.live;
}

void Fleet::SetActivity(const CollectorActivity& news) {
  Lock lock(mutex_);
  collector_ = news;
}

std::map<std::string, StoreActivity> Fleet::Stores() const {
  Lock lock(mutex_);
  return stores_;
}

CollectorActivity Fleet::Collector() const {
  Lock lock(mutex_);
  return collector_;
}

}  // namespace tillrelay::collector
