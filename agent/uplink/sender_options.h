// What: how a Sender is to behave: from the settings, and this run's own session.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <string>

#include "agent/uplink/timing.h"
#include "common/base/clock.h"

namespace tillrelay::uplink {

struct SenderOptions {
  bool has_broker = true;
  bool by_broker = false;  // delivery.confirm = "broker": the PUBACK counts
  std::string session;     // ULID of this run
  uint32_t own_window = kOwnWindow;
  milliseconds retry_min = kRetryMin, retry_max = kRetryMax;
  Duration first_retry{0};  // after an outage: the store's own share of kOutageSpread
  uint64_t max_unconfirmed_events = kAwayMaxEvents;
  uint64_t max_events_per_s = 0, max_bytes_per_s = 0;  // 0: no bound
  uint64_t events_per_message = 1;                     // above 1: batches
};

}  // namespace tillrelay::uplink
