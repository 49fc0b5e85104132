// What: values behind the charts, the system view and one event's life.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay::admin {

// Points of equal distance, oldest first. Series as GET /v1/history names them; NaN: no point.
struct HistoryTable {
  int64_t step_s = 60;
  WallTime from{};
  std::map<std::string, std::vector<double>> series;
  std::vector<WallTime> upgrades = {};  // when another version began, as far as it is remembered
};

struct LogLine {
  WallTime at{};
  std::string level, text;
};

struct ThreadRow {
  std::string name;
  int64_t silent_ms = 0, budget_ms = 0;
};

struct SettingRow {
  std::string key, value, file;  // secrets are hidden already
};

struct SystemFacts {
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<ThreadRow> threads;
  std::vector<SettingRow> settings;
};

// One thing that happened to an event.
struct LifeStep {
  WallTime at{};  // epoch: it is not known when
  std::string
      step;  // captured | corrected | released | stored | sent | acked | confirmed | replayed
  std::string detail;
};

}  // namespace tillrelay::admin
