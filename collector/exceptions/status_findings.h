// What: what stores say of themselves, and that they say nothing, as findings.
// Promise: the same judgement as the page's (collector/fleet/store_health.h).
// Thread: any (pure).
#pragma once

#include "collector/exceptions/sweep.h"
#include "collector/fleet/store_health.h"

namespace tillrelay::collector {

StatusFindings FindInStatus(const HealthRules& rules,
                            const std::map<std::string, StoreActivity>& stores,
                            const std::set<std::string>& stored);

}  // namespace tillrelay::collector
