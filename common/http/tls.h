// What: a listener's certificate and key, and the TLS settings that are made from them.
// Promise: TLS 1.2 at least, forward secrecy only, no renegotiation, no resumption (so that every
//   connection shows its certificate). Files that have changed are read again at the next
//   handshake; if they are wrong the old ones stay in use and the log says so.
// Thread: Load any; Current on the http thread.
// Errors: Load: invalid, with the file and OpenSSL's words.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace boost::asio::ssl {
class context;
}

namespace tillrelay::http {

struct TlsFiles {
  std::string cert_file;       // PEM, the certificate first, then its chain
  std::string key_file;        // PEM, without a password
  std::string client_ca_file;  // PEM; if set, a client must show a certificate of one of these
  bool empty() const { return cert_file.empty(); }
};

class ServerTls {
 public:
  // `name` is the listener's, for the log.
  static Result<std::shared_ptr<ServerTls>> Load(std::string name, TlsFiles files);
  // The settings for the next handshake.
  std::shared_ptr<boost::asio::ssl::context> Current(Instant now);

 private:
  ServerTls(std::string name, TlsFiles files);
  Status Read();

  const std::string name_;
  const TlsFiles files_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::string seen_;  // what the files looked like when they were last read
  log::RateLimitedLog trouble_;
};

// When the first certificate of a PEM file ends. Invalid if there is none to read.
Result<WallTime> CertificateEnd(const std::string& file);

// OpenSSL's words for what went wrong last on this thread; clears them.
std::string TlsErrorText();

}  // namespace tillrelay::http
