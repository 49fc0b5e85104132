// What: the exit codes of all programs, and what the service manager makes of them.
// Promise: kConfiguration is never restarted (RestartPreventExitStatus=78 in the unit).
// Thread: immutable.
#pragma once

namespace tillrelay::service {

enum ExitCode : int {
  kExitOk = 0,
  kExitFault = 1,          // a fault was found, or the work failed
  kExitUsage = 2,          // the command line is wrong
  kExitNotReachable = 3,   // the daemon does not answer
  kExitConfiguration = 78  // EX_CONFIG: a person must change something before a start can succeed
};

}  // namespace tillrelay::service
