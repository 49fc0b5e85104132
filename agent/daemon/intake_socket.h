// What: the intake's listening socket, which the service manager keeps over a restart, so that
//   registers that connect meanwhile wait instead of being refused.
// Promise: it is always the address of [intake] listen: a kept socket for another one is closed
//   and given back, never served.
// Thread: main, before the server starts.
// Errors: OpenIntakeSocket: those of listening.
#pragma once

#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/service/notify.h"

namespace tillrelay {

// The one of `sockets` that listens where the configuration says; not valid: there is none.
Fd TakeIntakeSocket(std::vector<service::InheritedSocket> sockets, const std::string& listen,
                    const service::Notifier& notifier);
// A new one, and a copy of it for the manager.
Result<Fd> OpenIntakeSocket(const std::string& listen, const service::Notifier& notifier);

}  // namespace tillrelay
