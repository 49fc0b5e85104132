// What: the daemon's times, which are UTC, as people in the store read them.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::cli {

// "2026-11-28T03:43:49Z" as "2026-11-28 04:43:49 Europe/Berlin", with the day as the spoken
// language writes it. `time_zone` as in the configuration; of one that is not known, UTC. What is
// no time stays as it is.
std::string StoreTimeText(std::string_view utc, const std::string& time_zone);

}  // namespace tillrelay::cli
