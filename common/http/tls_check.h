// What: whether files can be used for TLS, judged without a listener.
// Thread: any.
// Errors: invalid, with the file and OpenSSL's words.
#pragma once

#include <string>

#include "common/base/status.h"

namespace tillrelay::http {

// A certificate and the key that belongs to it, as a server would use them; both PEM.
Status CheckKeyPair(const std::string& cert_file, const std::string& key_file);
// Whether the file holds certificates of authorities.
Status CheckAuthorities(const std::string& ca_file);

}  // namespace tillrelay::http
