#include "common/http/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/net/connect.h"

namespace tillrelay::http {
namespace {

constexpr int kBacklog = 1024;

Result<Endpoint> UnixEndpoint(const std::string& path) {
  Endpoint endpoint;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof un.sun_path) {
    return Invalid("the path of a unix socket has 1 to 107 bytes: " + path);
  }
  std::memcpy(un.sun_path, path.data(), path.size());
  std::memcpy(&endpoint.storage, &un, sizeof un);
  endpoint.length = sizeof un;
  return endpoint;
}

// Where to listen.
Result<Endpoint> Resolve(const Address& address) {
  if (address.is_unix) return UnixEndpoint(address.host);
  auto found = LookUp(address.host, std::to_string(address.port));
  if (!found.ok()) return std::move(found).status();
  return found->front();
}

Result<Fd> ConnectToUnix(const std::string& path) {
  auto endpoint = UnixEndpoint(path);
  if (!endpoint.ok()) return std::move(endpoint).status();
  return ConnectToAny({*endpoint}, std::chrono::milliseconds(0));
}

Result<Fd> ConnectToTcp(const Address& address, std::chrono::milliseconds timeout, int wake) {
  auto found = LookUp(address.host, std::to_string(address.port));
  if (!found.ok()) return std::move(found).status();
  auto fd = ConnectToAny(*found, timeout, wake);
  const int one = 1;
  if (fd.ok()) setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

std::string BindHint(int error, const Address& address) {
  switch (error) {
    case EADDRINUSE:
      return " (another program listens there; choose another address)";
    case EADDRNOTAVAIL:
      return " (this machine does not have that address)";
    case EACCES:
      return address.is_unix ? " (the directory must be writable for this user)"
                             : " (ports below 1024 need a privilege; choose a higher one)";
    case ENOENT:
      return " (the directory does not exist)";
    default:
      return "";
  }
}

// True if some process accepts connections on that path.
bool IsServed(const Endpoint& endpoint) {
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.valid() && connect(probe.get(), endpoint.get(), endpoint.length) == 0;
}

Status PrepareUnix(const Address& address, const Endpoint& endpoint) {
  struct stat info {};
  if (lstat(address.host.c_str(), &info) != 0) return Status::Ok();
  if (!S_ISSOCK(info.st_mode)) return Unavailable("a file that is no socket is in the way");
  if (IsServed(endpoint)) return Unavailable("another process listens there");
  if (unlink(address.host.c_str()) != 0) {
    return Unavailable("remove the stale socket: " + ErrnoText(errno));
  }
  return Status::Ok();
}

Status BindAndListen(int fd, const Address& address, const Endpoint& endpoint) {
  const int one = 1;
  if (!address.is_unix) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, endpoint.get(), endpoint.length) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    return Unavailable(ErrnoText(error) + BindHint(error, address));
  }
  return Status::Ok();
}

std::string Spelled(const Address& address) {
  return address.is_unix ? address.host : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace

Result<Address> ParseAddress(std::string_view text) {
  Address address;
  if (text.starts_with("unix:")) {
    address.is_unix = true;
    address.host = text.substr(5);
    return address;
  }
  const size_t colon = text.rfind(':');
  const std::string_view digits =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return Invalid(fmt::format("\"{}\" is no address (expected host:port or unix:/path)", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.empty() || host.find(':') != std::string_view::npos) {
    return Invalid(fmt::format("\"{}\" is no address (an IPv6 address needs brackets)", text));
  }
  address.host = host;
  return address;
}

bool IsLocal(const Address& address) {
  if (address.is_unix || address.host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<Fd> ListenOn(const Address& address, unsigned unix_mode) {
  const std::string where = "listen on " + Spelled(address);
  auto endpoint = Resolve(address);
  if (!endpoint.ok()) return std::move(endpoint).status().Within(where);
  Fd fd(socket(endpoint->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Unavailable(where + ": " + ErrnoText(errno));
  if (address.is_unix) {
    if (Status status = PrepareUnix(address, *endpoint); !status.ok()) {
      return std::move(status).Within(where);
    }
    // The file appears with the descriptor's mode, so nobody else can connect before chmod.
    fchmod(fd.get(), unix_mode);
  }
  if (Status status = BindAndListen(fd.get(), address, *endpoint); !status.ok()) {
    return std::move(status).Within(where);
  }
  if (address.is_unix && chmod(address.host.c_str(), unix_mode) != 0) {
    return Unavailable(where + ": set the mode: " + ErrnoText(errno));
  }
  return fd;
}

Result<Fd> ConnectTo(const Address& address, std::chrono::milliseconds timeout, int wake) {
  auto fd = address.is_unix ? ConnectToUnix(address.host) : ConnectToTcp(address, timeout, wake);
  if (!fd.ok()) return std::move(fd).status().Within("connect to " + Spelled(address));
  return fd;
}

Address LocalAddress(int fd) {
  Address address;
  Endpoint endpoint;
  endpoint.length = sizeof endpoint.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&endpoint.storage), &endpoint.length) != 0) {
    return address;
  }
  if (endpoint.storage.ss_family == AF_UNIX) {
    sockaddr_un un{};
    std::memcpy(&un, &endpoint.storage, sizeof un);
    address.is_unix = true;
    address.host = un.sun_path;
    return address;
  }
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  getnameinfo(endpoint.get(), endpoint.length, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  address.host = host;
  std::from_chars(port, port + std::strlen(port), address.port);
  return address;
}

}  // namespace tillrelay::http
