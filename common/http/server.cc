#include "common/http/server.h"

#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "common/base/check.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/http/address.h"
#include "common/http/request_rules.h"
#include "common/http/session.h"

namespace tillrelay::http {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;

constexpr int kAcceptsPerWake = 64;  // so that a storm of connections leaves time for the others
constexpr std::chrono::milliseconds kAcceptBackoff{5};  // out of descriptors or memory
// A connection that has waited so long is closed where a new one finds no descriptor.
constexpr std::chrono::seconds kSpareWait{2};
constexpr std::chrono::milliseconds kSlowestSweep{1000};
constexpr std::chrono::milliseconds kFastestSweep{5};

std::string RemoteText(int fd, const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address);
    return inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
  }
  if (address.ss_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address);
    return inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
  }
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return "uid:unknown";
  return fmt::format("uid:{}", peer.uid);
}

std::vector<std::string> AllowedHosts(const ListenerOptions& options, const Address& local) {
  std::vector<std::string> hosts;
  const auto add = [&hosts](std::string_view host) {
    // An IPv6 address is compared as it stands between the brackets of a Host header.
    const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
    if (auto name = HostName(bare_ipv6 ? fmt::format("[{}]", host) : std::string(host))) {
      hosts.push_back(std::move(*name));
    }
  };
  for (const std::string& host : options.allowed_hosts) add(host);
  if (!options.allowed_hosts.empty()) return hosts;
  add("localhost");
  add(MachineName());
  if (!local.is_unix) add(local.host);
  if (local.host == "127.0.0.1" || local.host == "::1") {
    add("127.0.0.1");
    add("::1");
  }
  return hosts;
}

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// One listening socket: accepts, counts, hands over.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::shared_ptr<Hub> hub, std::shared_ptr<Port> port, Fd fd)
      : hub_(std::move(hub)),
        port_(std::move(port)),
        fd_(std::move(fd)),
        descriptor_(*hub_->io),
        pause_(*hub_->io),
        shortage_(log::Level::kError, "http") {}

  Status Watch() {
    Error error;
    descriptor_.assign(dup(fd_.get()), error);
    if (error) return Unavailable("watch the socket: " + error.message());
    Wait();
    return Status::Ok();
  }

  void Close() {
    Error ignored;
    descriptor_.close(ignored);
    pause_.cancel();
    fd_.Reset();
  }

 private:
  void Wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const Error& error) {
                             if (!error && self->fd_.valid()) self->AcceptSome();
                           });
  }

  void AcceptSome() {
    for (int i = 0; i < kAcceptsPerWake; ++i) {
      sockaddr_storage address{};
      socklen_t length = sizeof address;
      const int fd = accept4(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0 && IsShortage(errno)) {
        const int error = errno;
        if (!hub_->MakeRoom(nullptr, hub_->clock.Now() - kSpareWait)) return Pause(error);
        continue;
      }
      if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (fd >= 0) Take(fd, address);  // any other error is the one connection's own
    }
    Wait();
  }

  void Pause(int error) {
    shortage_.Report(fmt::format("{}: cannot accept: {}", port_->options.name, ErrnoText(error)),
                     hub_->clock.Now());
    pause_.expires_after(kAcceptBackoff);
    pause_.async_wait([self = shared_from_this()](const Error& timer_error) {
      if (!timer_error && self->fd_.valid()) self->AcceptSome();
    });
  }

  void Take(int fd, const sockaddr_storage& address) {
    hub_->Count(&ServerStats::accepted_total);
    const std::string remote = RemoteText(fd, address);
    if (port_->open >= port_->options.max_connections && !MakeRoom(remote)) return Refuse(fd);
    const int one = 1;
    if (address.ss_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    auto session = MakeSession(hub_, port_, {fd, address.ss_family, remote});
    if (session != nullptr) session->Start();
  }

  bool MakeRoom(const std::string& newcomer) {
    hub_->Count(&ServerStats::over_limit_total);
    port_->crowd.Report(
        fmt::format("{}: {} connections are open, the most that are served; whoever holds the most "
                    "gives one up (the latest came from {})",
                    port_->options.name, port_->open, newcomer),
        hub_->clock.Now());
    return hub_->MakeRoom(port_.get(), hub_->clock.Now());
  }

  // Every place is at work.
  void Refuse(int fd) {
    if (port_->tls == nullptr) {
      const std::string busy = hub_->BusyAnswer();
      send(fd, busy.data(), busy.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      shutdown(fd, SHUT_WR);
    }
    close(fd);
  }

  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Port> port_;
  Fd fd_;
  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer pause_;
  log::RateLimitedLog shortage_;
};

}  // namespace

struct Server::Core {
  struct Place {
    ListenerOptions options;
    std::shared_ptr<Listener> listener;
    Address bound;
    bool unlink_path = false;
  };

  Core(const Clock& clock, ServerOptions options)
      : hub(std::make_shared<Hub>(clock, std::move(options))), sweep(*hub->io), stop(*hub->io) {}

  Status Open(Place& place);
  void CloseListeners();
  void Sweep();
  void BeginStop(std::chrono::milliseconds patience);
  void Run();

  std::shared_ptr<Hub> hub;
  std::vector<Place> places;
  asio::steady_timer sweep;
  asio::steady_timer stop;
  std::chrono::milliseconds sweep_every = kSlowestSweep;
  std::thread thread;
};

Status Server::Core::Open(Place& place) {
  const ListenerOptions& options = place.options;
  Fd fd;
  if (options.inherited_fd >= 0) {
    fd = Fd(options.inherited_fd);
    if (fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK) != 0) {
      return Unavailable("use the inherited socket: " + ErrnoText(errno));
    }
  } else {
    auto address = ParseAddress(options.address);
    if (!address.ok()) return std::move(address).status();
    auto listening = ListenOn(*address, options.unix_mode);
    if (!listening.ok()) return std::move(listening).status();
    fd = std::move(*listening);
    place.unlink_path = address->is_unix;
  }
  place.bound = LocalAddress(fd.get());
  auto port = std::make_shared<Port>(options, AllowedHosts(options, place.bound));
  if (!options.tls.empty()) {
    auto tls = ServerTls::Load(options.name, options.tls);
    if (!tls.ok()) return std::move(tls).status();
    port->tls = *std::move(tls);
  }
  place.listener = std::make_shared<Listener>(hub, std::move(port), std::move(fd));
  const Timeouts& t = options.timeouts;
  for (const auto& timeout :
       {t.handshake, t.idle, t.header, t.body, t.handler, t.write, t.linger}) {
    sweep_every = std::clamp(timeout / 4, kFastestSweep, sweep_every);
  }
  return place.listener->Watch();
}

void Server::Core::CloseListeners() {
  for (Place& place : places) {
    if (place.listener != nullptr) place.listener->Close();
    if (place.unlink_path) unlink(place.bound.host.c_str());
    place.listener.reset();
    place.unlink_path = false;
  }
}

void Server::Core::Sweep() {
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(hub->sessions.size());
  for (const auto& [raw, session] : hub->sessions) sessions.push_back(session);
  const Instant now = hub->clock.Now();
  for (const auto& session : sessions) session->Sweep(now);
  if (hub->options.heartbeat) hub->options.heartbeat();
  sweep.expires_after(sweep_every);
  sweep.async_wait([this](const Error& error) {
    if (!error) Sweep();
  });
}

void Server::Core::BeginStop(std::chrono::milliseconds patience) {
  CloseListeners();
  hub->draining = true;
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& [raw, session] : hub->sessions) sessions.push_back(session);
  for (const auto& session : sessions) session->Drain();
  if (hub->sessions.empty() || patience.count() <= 0) return hub->io->stop();
  stop.expires_after(patience);
  stop.async_wait([this](const Error& error) {
    if (!error) hub->io->stop();
  });
}

void Server::Core::Run() {
  pthread_setname_np(pthread_self(), "http");
  hub->io->run();
  while (!hub->sessions.empty()) {
    const std::shared_ptr<Session> session = hub->sessions.begin()->second;
    session->Close();
  }
  CloseListeners();
  sweep.cancel();
  stop.cancel();
  hub->io->restart();
  hub->io->poll();  // lets go of what the cancelled operations held
}

Server::Server(const Clock& clock, ServerOptions options)
    : core_(std::make_shared<Core>(clock, std::move(options))) {}

Server::~Server() { Stop(std::chrono::milliseconds(0)); }

size_t Server::AddListener(ListenerOptions options) {
  CHECK(!core_->thread.joinable() && options.router != nullptr);
  core_->places.emplace_back().options = std::move(options);
  return core_->places.size() - 1;
}

Status Server::Start() {
  for (Core::Place& place : core_->places) {
    Status status = core_->Open(place);
    if (status.ok()) continue;
    if (place.options.optional) {
      log::Warning("http", "going on without {}: {}", place.options.name, status.message());
      continue;
    }
    core_->CloseListeners();
    return std::move(status).Within(place.options.name);
  }
  core_->Sweep();
  core_->thread = std::thread([core = core_.get()] { core->Run(); });
  return Status::Ok();
}

void Server::CloseListener(size_t index) {
  Post([core = core_.get(), index] {
    if (core->places[index].listener != nullptr) core->places[index].listener->Close();
  });
}

void Server::Stop(std::chrono::milliseconds patience) {
  if (!core_->thread.joinable()) return;
  asio::post(*core_->hub->io, [core = core_.get(), patience] { core->BeginStop(patience); });
  core_->thread.join();
}

uint16_t Server::bound_port(size_t index) const { return core_->places[index].bound.port; }

ServerStats Server::stats() const {
  Lock lock(core_->hub->mutex);
  return core_->hub->stats;
}

void Server::Post(std::function<void()> work) { asio::post(*core_->hub->io, std::move(work)); }

}  // namespace tillrelay::http
