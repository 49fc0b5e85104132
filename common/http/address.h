// What: the text of a listen or connect address, and sockets made from it.
// Promise: sockets are close-on-exec; a listening one is also non-blocking.
// Thread: any. Names are looked up only by ConnectTo and may block there.
// Errors: invalid (not an address), unavailable (with the system's words and a hint).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/files.h"
#include "common/base/status.h"

namespace tillrelay::http {

// "127.0.0.1:8470", "[::1]:8470", "name:8470" or "unix:/path".
struct Address {
  bool is_unix = false;
  std::string host;  // without brackets; the path of a unix socket
  uint16_t port = 0;
};
Result<Address> ParseAddress(std::string_view text);

// `unix_mode` is the mode of a unix socket's file; a stale file of that name is replaced, but not
// one that another process still serves.
Result<Fd> ListenOn(const Address& address, unsigned unix_mode);
// Ends early, unavailable, when `wake` becomes readable.
Result<Fd> ConnectTo(const Address& address, std::chrono::milliseconds timeout, int wake = -1);

// A unix socket, localhost, 127.0.0.0/8 or ::1: only this machine can reach it.
bool IsLocal(const Address& address);

// The port and the address of a bound socket; port 0 and the path for a unix socket.
Address LocalAddress(int fd);

}  // namespace tillrelay::http
