// What: the files that the configuration names, read: secrets, keys, certificates.
// Promise: what passes CheckStartFiles starts, as far as files decide it; no message repeats a
//   secret.
// Thread: before the threads start.
// Errors: invalid, naming the setting.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/service/config.h"
#include "collector/sinks/sinks.h"
#include "collector/web/api_access.h"
#include "common/http/tls.h"
#include "common/mqtt/paho_link.h"
#include "common/wire/signature.h"

namespace tillrelay::collector {

// What metrics.token_file opens is everything.
Result<std::vector<ApiToken>> TokensOf(const Config& config);
// Changed files are read again while running (common/http/tls.h).
Result<http::TlsFiles> TlsOf(const Config& config);
Result<mqtt::LinkOptions> LinkOptionsOf(const Config& config);
// Nothing without one.
Result<std::optional<wire::SigningKey>> SigningKeyOf(const Config& config);
Result<SinkSetup> SinkSetupOf(const Config& config, const SinkConfig& sink);

// Reads all of them. What comes back are the settings that could not be looked at: credentials,
// which the service manager hands over.
Result<std::vector<std::string>> CheckStartFiles(Config config);

}  // namespace tillrelay::collector
