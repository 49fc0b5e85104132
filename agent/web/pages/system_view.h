// What: the system view: versions and sizes, threads, settings, the log's end, the support bundle.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/admin/diagnostics.h"
#include "agent/web/page_context.h"

namespace tillrelay::web {

struct SystemParts {
  admin::SystemFacts system;
  std::string log_level;  // the least one shown: "info"
  std::vector<admin::LogLine> log;
};
std::string SystemContent(const PageContext& context, const SystemParts& parts);

}  // namespace tillrelay::web
