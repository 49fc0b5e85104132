// What: what connections showed of a fault, for as long as nothing has disproved it. That a new one
//   stands disproves nothing; what does is said where each is cleared (Sender).
// Thread: any (value).
#pragma once

#include <string>

#include "agent/uplink/uplink_stats.h"

namespace tillrelay::uplink {

struct Failure {
  LinkCause cause = LinkCause::kOther;
  std::string text;
};

struct Evidence {
  Failure failure{LinkCause::kNone, ""};  // what ended a connection that stood
  bool awaits_proof = false;  // events waited when this connection began, and none has arrived
  bool centre_away = false, never_heard = false;  // until the centre speaks
};

}  // namespace tillrelay::uplink
