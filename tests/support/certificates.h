// What: a small certificate authority for tests; keys and certificates as PEM.
// Thread: one.
#pragma once

#include <memory>
#include <string>

namespace tillrelay::testing {

struct Identity {
  std::string certificate, key;
};

struct Wanted {
  std::string common_name = "till";
  std::string names = "DNS:localhost,IP:127.0.0.1";  // subjectAltName, as openssl.cnf spells it
  int valid_from_s = -60, valid_for_s = 3600;        // from now on
};

class Authority {
 public:
  Authority();
  ~Authority();
  const std::string& certificate() const { return certificate_; }
  Identity Issue(const Wanted& wanted = {}) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

// Shakes hands on a connected socket with at most this version (0x0302 is TLS 1.1); the server's
// words if it refuses, "" if it does not.
std::string HandshakeAtMost(int fd, int version);

}  // namespace tillrelay::testing
