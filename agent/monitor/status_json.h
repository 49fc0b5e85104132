// What: the JSON of GET /v1/status and of the retained status message; one function for both.
// Promise: members only come, they never go or change their meaning within "v":1. Numbers are JSON
//   integers. confirmed_through is null where the broker's word counts.
// Thread: any.
#pragma once

#include <string>

#include "agent/monitor/diagnosis.h"
#include "agent/monitor/snapshot.h"

namespace tillrelay::monitor {

// `most_bytes`: what the broker takes; its lists are shortened until it fits, as far as that goes.
// 0: no bound.
std::string StatusJson(const Snapshot& snapshot, const TimeText& time_text = UtcTimeText,
                       size_t most_bytes = 0);

}  // namespace tillrelay::monitor
