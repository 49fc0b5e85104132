// What: secrets by name. A setting that names a file may say "credential:NAME" for one that the
//   service manager hands over (LoadCredential=tillrelay:DIRECTORY makes it tillrelay_NAME).
// Promise: the secret itself is never in a message.
// Thread: any.
// Errors: invalid, naming the key and what to do.   Limits: a secret has at most 4,096 bytes.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/service/notify.h"

namespace tillrelay::service {

inline constexpr std::string_view kCredentialScheme = "credential:";

// The path behind the value of `key`; any other text is a path already, empty stays empty.
Result<std::string> CredentialPath(std::string_view key, const std::string& value,
                                   const Environment& environment);
// The text of that file without its last line end; empty where nothing is configured.
Result<std::string> ReadSecret(std::string_view key, const std::string& value,
                               const Environment& environment);

}  // namespace tillrelay::service
