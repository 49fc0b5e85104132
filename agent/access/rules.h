// What: who may what on the admin port, as one table. docs/access.md.
// Promise: what the table does not name needs `view` to be read and `operate` to be changed.
// Thread: any (pure).
#pragma once

#include <string_view>

namespace tillrelay::access {

enum class Need {
  kNobody,    // anybody from anywhere
  kHere,      // anybody from this machine
  kOpenRead,  // anybody from this machine, if status.open_read
  kMetrics,   // the same, or a token for metrics
  kView,
  kOperate,
};

Need NeedOf(std::string_view method, std::string_view path);
// GET and HEAD.
bool OnlyReads(std::string_view method);
// A path of this server that a browser may be sent to: "/quarantine?limit=5", not "//evil.example".
bool IsLocalPath(std::string_view target);
// "192.0.2.7" and the like: another machine. A unix socket and loopback are here.
bool IsHere(std::string_view remote);

}  // namespace tillrelay::access
