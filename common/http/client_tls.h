// What: the client's side of TLS over a connected, non-blocking socket.
// Promise: TLS 1.2 at least; the server's certificate and name are checked before a byte is sent.
//   Send and Receive behave like send(2) and recv(2): -1 with EAGAIN when it cannot go on now.
// Thread: one at a time.
// Errors: unavailable, with the reason in words; invalid for files that cannot be used.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "common/base/status.h"

namespace tillrelay::http {

struct ClientTls {
  std::string ca_file;              // PEM; empty: the system's authorities
  std::string cert_file, key_file;  // the client's own; empty: none
  // False where `ca_file` names the one certificate that is expected, under whatever name.
  bool check_name = true;
};

class TlsPipe {
 public:
  // Borrows the socket. The handshake takes at most the timeout, and ends, unavailable, when `wake`
  // becomes readable.
  static Result<std::unique_ptr<TlsPipe>> Connect(int fd, const std::string& host,
                                                  const ClientTls& files,
                                                  std::chrono::milliseconds timeout, int wake = -1);
  ~TlsPipe();
  // When the server's certificate expires; the epoch if that cannot be read.
  std::chrono::sys_seconds PeerExpires() const;
  ssize_t Send(const char* bytes, size_t size);
  ssize_t Receive(char* bytes, size_t size);

 private:
  struct Engine;
  explicit TlsPipe(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

// When the first certificate of a PEM file expires; invalid if there is none in it.
Result<std::chrono::sys_seconds> CertificateExpires(const std::string& pem_file);

}  // namespace tillrelay::http
