// What: why a link failed, from the MQTT room's word to the uplink's.
// Thread: any (pure).
#pragma once

#include "agent/uplink/uplink_stats.h"
#include "common/mqtt/link.h"

namespace tillrelay::uplink {

LinkCause CauseOf(mqtt::FailureCause cause);

}  // namespace tillrelay::uplink
