#include "agent/uplink/link_cause.h"

namespace tillrelay::uplink {

LinkCause CauseOf(mqtt::FailureCause cause) {
  switch (cause) {
    case mqtt::FailureCause::kNone:
      return LinkCause::kNone;
    case mqtt::FailureCause::kName:
      return LinkCause::kName;
    case mqtt::FailureCause::kTcp:
      return LinkCause::kTcp;
    case mqtt::FailureCause::kTls:
      return LinkCause::kTls;
    case mqtt::FailureCause::kLogin:
      return LinkCause::kLogin;
    case mqtt::FailureCause::kRights:
      return LinkCause::kRights;
    case mqtt::FailureCause::kTakeOver:
      return LinkCause::kTakeOver;
    case mqtt::FailureCause::kSilent:
      return LinkCause::kSilent;
    case mqtt::FailureCause::kOther:
      return LinkCause::kLost;
  }
  return LinkCause::kOther;
}

}  // namespace tillrelay::uplink
