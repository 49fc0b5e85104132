// What: one connection: reads requests one at a time, asks the router, writes the answers in order.
// Promise: every phase has its own deadline; a connection that misses it is told (408) or closed.
//   Requests that were sent ahead (pipelining) wait in the buffer, nothing is read meanwhile.
// Thread: http.
// Limits: see ListenerOptions; the buffer holds at most kMaxBuffer bytes.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/http/response_text.h"
#include "common/http/server.h"

namespace boost::asio {
class io_context;
}

namespace tillrelay::http {

struct Port;

class Session {
 public:
  virtual ~Session() = default;
  virtual void Start() = 0;
  // Ends what is overdue.
  virtual void Sweep(Instant now) = 0;
  // Closes now if no request is running, else after its answer.
  virtual void Drain() = 0;
  virtual void Close() = 0;
  // Since when it has held its place without work for us: idle, half a request, an answer that is
  // not read, a stream of events. Instant::max() while a request of it runs.
  virtual Instant WaitsSince() const = 0;
  virtual const Port* port() const = 0;
  virtual const std::string& remote() const = 0;
  // Its last request carried a credential that the gate has checked.
  virtual bool known() const = 0;
  // Closes it, with a word to a client that has begun a request.
  virtual void GiveWay() = 0;
};

// What the sessions of one listener share.
struct Port {
  Port(ListenerOptions options_in, std::vector<std::string> hosts)
      : options(std::move(options_in)), allowed_hosts(std::move(hosts)) {}

  const ListenerOptions options;
  const std::vector<std::string> allowed_hosts;  // lower case, never empty
  std::shared_ptr<ServerTls> tls;                // null: plain HTTP
  size_t open = 0;                               // connections
  log::RateLimitedLog handshakes{log::Level::kWarning, "http"};
  log::RateLimitedLog crowd{log::Level::kWarning, "http", log::Per::kKind};
};

// What all sessions share. Every Responder that is out keeps it alive.
struct Hub {
  Hub(const Clock& clock_in, ServerOptions options_in);
  ~Hub();

  void Remove(Session* session);
  // Makes room on the port (null: on any): of the address that holds the most connections, the one
  // that has waited longest goes, at least since `before`; those with a credential go last. False:
  // there is none.
  bool MakeRoom(const Port* port, Instant before);
  // The whole answer for a connection that finds no place, or gives it up.
  std::string BusyAnswer();
  void Count(uint64_t ServerStats::*counter, uint64_t by = 1);

  const Clock& clock;
  const ServerOptions options;
  std::unique_ptr<boost::asio::io_context> io;
  DateLine date;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions;
  bool draining = false;

  Mutex mutex;
  // Guarded by mutex:
  ServerStats stats GUARDED_BY(mutex);
};

struct Accepted {
  int socket = -1;
  int family = 0;
  std::string remote;
};

// Takes the socket over. Registers the session with the hub, which owns it until it is closed.
// Null (and the socket closed) if the loop cannot watch it.
std::shared_ptr<Session> MakeSession(const std::shared_ptr<Hub>& hub,
                                     const std::shared_ptr<Port>& port, Accepted accepted);

}  // namespace tillrelay::http
