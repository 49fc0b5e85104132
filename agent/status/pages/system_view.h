// What: the system view: versions and sizes, threads, settings, the log's end, the support bundle.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/status/insight.h"
#include "agent/status/look.h"

namespace tillrelay::status {

struct SystemParts {
  SystemFacts system;
  std::string log_level;  // the least one shown: "info"
  std::vector<LogLine> log;
};
std::string SystemContent(const Look& look, const SystemParts& parts);

}  // namespace tillrelay::status
