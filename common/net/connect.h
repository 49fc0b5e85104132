// What: a TCP connection to a name, whichever of its addresses answers.
// Promise: the addresses alternate between the families, as RFC 8305 asks; another one is begun
//   every kNextAddressAfter, and at once where one fails. The first that stands wins.
// Thread: any; both functions wait.
// Errors: unavailable, with the system's words (of the last address that failed).
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/base/status.h"

namespace tillrelay {

inline constexpr std::chrono::milliseconds kNextAddressAfter{250};

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// `port` in digits.
Result<std::vector<Endpoint>> LookUp(const std::string& host, const std::string& port);

// A socket that does not block. Ends early, unavailable, when `wake` becomes readable.
Result<Fd> ConnectToAny(const std::vector<Endpoint>& endpoints, std::chrono::milliseconds patience,
                        int wake = -1);

}  // namespace tillrelay
