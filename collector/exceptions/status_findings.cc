#include "collector/exceptions/status_findings.h"

#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

Finding FindingOf(const std::string& store, const StoreHealth::Alarm& alarm,
                  const std::string& now) {
  Finding finding;
  finding.key = {store, alarm.kind, alarm.subject};
  finding.since = alarm.since.empty() ? now : alarm.since;
  finding.detail = alarm.text;
  finding.weight = alarm.weight;
  finding.level = alarm.level;
  return finding;
}

}  // namespace

StatusFindings FindInStatus(const HealthRules& rules,
                            const std::map<std::string, StoreActivity>& stores,
                            const std::set<std::string>& stored) {
  StatusFindings findings;
  findings.known = true;
  const std::string now = event::UtcText(rules.now);
  for (const StoreHealth& store : AssessReports(rules, stores, stored)) {
    if (store.news.heard_at == WallTime()) findings.undecided.insert(store.store);
    for (const auto& alarm : store.alarms) {
      if (!alarm.kind.empty()) findings.found.push_back(FindingOf(store.store, alarm, now));
    }
  }
  return findings;
}

}  // namespace tillrelay::collector
