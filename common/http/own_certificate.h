// What: a certificate that a server makes for itself, and the fingerprint by which a person knows
// one. Promise: made only where there is none that can be used: a key and a certificate that exist,
// fit
//   together and do not end within 30 days are kept. The key is mode 0600; both are written
//   durably.
// Thread: any; it waits for the disk.
// Errors: unavailable (disk), invalid (no certificate in the file).
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/http/tls.h"

namespace tillrelay::http {

// `names`: host names and addresses that it is for. Makes nothing if the files are good.
Status EnsureOwnCertificate(const TlsFiles& files, const std::vector<std::string>& names,
                            const Clock& clock);

// SHA-256 of the first certificate in a PEM file as "AB:CD:...".
Result<std::string> CertificateFingerprint(const std::string& file);

}  // namespace tillrelay::http
