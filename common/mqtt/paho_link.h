// What: Link over the Paho MQTT C++ client. The only file that knows Paho.
// Promise, thread, errors: see link.h. Server name and certificate are always checked with mqtts.
#pragma once

#include <memory>

#include "common/mqtt/link.h"

namespace tillrelay::mqtt {

// Whether MakePahoLink would take it.
Status CheckLink(const LinkOptions& options);

// Invalid when the url is not mqtt:// or mqtts:// or a TLS file cannot be read.
Result<std::unique_ptr<Link>> MakePahoLink(const LinkOptions& options, Deliver deliver);

}  // namespace tillrelay::mqtt
