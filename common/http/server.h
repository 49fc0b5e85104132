// What: the HTTP server: one thread, one loop, several listeners (TCP and unix sockets).
// Promise: a bad, slow or greedy client costs a bounded amount of memory for a bounded time and
//   never stops the others. Where places or descriptors run out, the address that holds the most
//   connections gives up the one that has waited longest; those whose credential the gate has
//   checked come last. Stop lets running requests finish within its deadline.
// Thread: Start and Stop by the owner; handlers run on the http thread; Post from any.
// Errors: Start: unavailable with the address, the system's words and a hint; nothing stays bound.
// Limits: per listener: connections, head and body bytes, deadlines; per server: memory of bodies.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/memory_budget.h"
#include "common/base/status.h"
#include "common/http/router.h"
#include "common/http/tls.h"

namespace tillrelay::http {

struct Timeouts {
  std::chrono::milliseconds idle{60'000};       // between two requests of one connection
  std::chrono::milliseconds header{10'000};     // connect, or first byte, to the end of the head
  std::chrono::milliseconds body{30'000};       // end of the head to the end of the body
  std::chrono::milliseconds handler{60'000};    // complete request to the handler's answer
  std::chrono::milliseconds write{20'000};      // the whole answer
  std::chrono::milliseconds linger{2'000};      // reading on after a refusal, so that it is seen
  std::chrono::milliseconds handshake{10'000};  // connect to the end of the TLS handshake
};

struct ListenerOptions {
  std::string name;       // for the log: "intake", "status"
  std::string address;    // "127.0.0.1:8470", "[::1]:0" or "unix:/run/tillrelay/control.sock"
  int inherited_fd = -1;  // a listening socket from the service manager, instead of `address`
  std::shared_ptr<const Router> router;
  // Names that a Host header may carry, ports ignored. Empty: the listen address, localhost and
  // this machine's name.
  std::vector<std::string> allowed_hosts;
  // Origins of other sites whose pages may send here and read the answers, as browsers write them.
  std::vector<std::string> allowed_origins;
  size_t max_body_bytes = 8 * 1024 * 1024;
  size_t max_header_bytes = 16 * 1024;
  size_t max_connections = 512;  // for one more, whoever holds the most gives one up; else 503
  unsigned unix_mode = 0660;
  TlsFiles tls;           // empty: plain HTTP
  bool optional = false;  // if it cannot be opened, the log says so and the others are served
  Timeouts timeouts;
};

struct ServerOptions {
  // From which every body takes before it is read, all listeners together; then 503.
  std::shared_ptr<MemoryBudget> memory = std::make_shared<MemoryBudget>();
  std::function<void()> heartbeat;  // called on the http thread at least once a second
};

struct ServerStats {
  uint64_t connections = 0;  // open now
  uint64_t accepted_total = 0;
  uint64_t over_limit_total = 0;  // that found all places taken
  uint64_t requests_total = 0, refused_total = 0, timeouts_total = 0;
  uint64_t tls_failed_total = 0;  // connections without a complete handshake
};

class Server {
 public:
  Server(const Clock& clock, ServerOptions options);
  ~Server();  // Stop with no patience
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before Start. Returns the listener's index.
  size_t AddListener(ListenerOptions options);
  Status Start();
  // Stops accepting on one listener; its open connections go on.
  void CloseListener(size_t index);
  // Stops accepting, closes idle connections, waits for running requests at most `patience`.
  void Stop(std::chrono::milliseconds patience);

  uint16_t bound_port(size_t index) const;  // 0 for a unix socket
  ServerStats stats() const;
  // Runs `work` on the http thread; dropped after Stop.
  void Post(std::function<void()> work);

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tillrelay::http
