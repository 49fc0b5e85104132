// What: files that hold secrets, and texts that might carry one.
// Promise: a secret that everybody on the machine can read is refused; no message carries the
//   password of a database's address, as written or decoded.
// Thread: any.
// Errors: invalid, naming the setting and what to do.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay::collector {

// Of the file behind the setting `key`; no path is no secret.
Status CheckSecretFile(std::string_view key, const std::string& path);
// The password inside "postgresql://user:PASSWORD@host/name?password=PASSWORD"; "" if there is
// none.
std::string PasswordIn(const std::string& url);
// `text` without it.
std::string WithoutPassword(std::string text, const std::string& url);

}  // namespace tillrelay::collector
