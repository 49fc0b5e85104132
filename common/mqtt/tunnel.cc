#include "common/mqtt/tunnel.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "common/base/check.h"
#include "common/base/digest.h"
#include "common/base/secret_token.h"

namespace tillrelay::mqtt {
namespace {

constexpr std::string_view kUser = "tunnel";

bool WouldWait(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EINTR); }

// The value of a header field, without blanks around it; empty if it is not there.
std::string_view FieldOf(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(head.size(), end + 2));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    while (line.ends_with(' ')) line.remove_suffix(1);
    return line;
  }
  return {};
}

Result<std::pair<Fd, int>> ListenOnLoopback() {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (!fd.valid() || bind(fd.get(), raw, size) != 0 || listen(fd.get(), 4) != 0 ||
      getsockname(fd.get(), raw, &size) != 0) {
    return Unavailable("listen on loopback: " + ErrnoText(errno));
  }
  return std::pair(std::move(fd), static_cast<int>(ntohs(address.sin_port)));
}

void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

bool Tunnel::Flow::Read(int from) {
  if (ended || !empty()) return true;
  const ssize_t count = recv(from, bytes.data(), bytes.size(), 0);
  if (WouldWait(count)) return true;
  if (count < 0) return false;
  begin = 0;
  end = static_cast<size_t>(count);
  ended = count == 0;
  return true;
}

bool Tunnel::Flow::Write(int to) {
  while (!empty()) {
    const ssize_t count = send(to, bytes.data() + begin, end - begin, MSG_NOSIGNAL);
    if (WouldWait(count)) return true;
    if (count < 0) return false;
    begin += static_cast<size_t>(count);
  }
  return true;
}

Result<std::unique_ptr<Tunnel>> Tunnel::Open(Random* random) {
  auto listener = ListenOnLoopback();
  if (!listener.ok()) return std::move(listener).status();
  Fd wake(eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) return Unavailable("eventfd: " + ErrnoText(errno));
  return std::unique_ptr<Tunnel>(new Tunnel(std::move(listener->first), std::move(wake),
                                            listener->second, NewSecretKey(random)));
}

Tunnel::Tunnel(Fd listener, Fd wake, int port, const std::string& password)
    : listener_(std::move(listener)),
      wake_(std::move(wake)),
      port_(port),
      url_(fmt::format("http://{}:{}@127.0.0.1:{}", kUser, password, port)),
      login_("Basic " + ToBase64(fmt::format("{}:{}", kUser, password))),
      thread_([this] { Run(); }) {}

Tunnel::~Tunnel() {
  const uint64_t one = 1;
  CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);  // it cannot be full
  thread_.join();
}

void Tunnel::Run() {
  pthread_setname_np(pthread_self(), "tunnel");
  while (true) {
    const auto wants = [](const Flow* in, const Flow* out) {
      const bool reads = in == nullptr || (in->empty() && !in->ended);
      const bool writes = out != nullptr && !out->empty();
      return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
    };
    pollfd watched[] = {{wake_.get(), POLLIN, 0},
                        {listener_.get(), POLLIN, 0},
                        {client_.get(), wants(up_.get(), down_.get()), 0},
                        {broker_.get(), wants(down_.get(), up_.get()), 0}};
    if (poll(watched, std::size(watched), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    if (watched[1].revents != 0) {
      Accept();
    } else if (broker_.valid()) {
      Carry(watched[2].revents, watched[3].revents);
    } else if (watched[2].revents != 0) {
      ReadHead();
    }
  }
}

void Tunnel::Accept() {
  Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) return;
  Close();
  client_ = std::move(fd);
  SendAtOnce(client_.get());
}

void Tunnel::ReadHead() {
  char bytes[1024];
  const ssize_t count = recv(client_.get(), bytes, sizeof bytes, 0);
  if (WouldWait(count)) return;
  if (count <= 0) return Close();
  head_.append(bytes, static_cast<size_t>(count));
  const size_t end = head_.find("\r\n\r\n");
  if (end == std::string::npos && head_.size() < kMaxHead) return;
  if (end == std::string::npos) return Refuse("431 Request Header Fields Too Large");
  Answer(std::string_view(head_).substr(0, end));
}

void Tunnel::Answer(std::string_view head) {
  constexpr std::string_view kConnect = "CONNECT ";
  if (!EqualSecrets(FieldOf(head, "Proxy-Authorization"), login_)) {
    return Refuse("407 Proxy Authentication Required");
  }
  std::string_view target = head.substr(0, head.find("\r\n"));
  if (!target.starts_with(kConnect)) return Refuse("405 Method Not Allowed");
  target.remove_prefix(kConnect.size());
  target = target.substr(0, target.find(' '));
  const size_t colon = target.rfind(':');
  if (colon == std::string_view::npos) return Refuse("400 Bad Request");
  std::string host(target.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto found = LookUp(host, std::string(target.substr(colon + 1)));
  if (!found.ok()) return Refuse("502 Bad Gateway");
  auto broker = ConnectToAny(*found, kPatience, wake_.get());
  if (!broker.ok()) return Refuse("504 Gateway Timeout");
  broker_ = *std::move(broker);
  SendAtOnce(broker_.get());
  up_ = std::make_unique<Flow>();
  down_ = std::make_unique<Flow>();
  constexpr std::string_view kOpen = "HTTP/1.1 200 OK\r\n\r\n";
  std::copy(kOpen.begin(), kOpen.end(), down_->bytes.begin());
  down_->end = kOpen.size();
}

void Tunnel::Refuse(std::string_view status) {
  const std::string answer = fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", status);
  send(client_.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  Close();
}

void Tunnel::Carry(short client_events, short broker_events) {
  const auto broken = [](short events) {
    return (events & (POLLHUP | POLLERR)) != 0 && (events & POLLIN) == 0;
  };
  bool whole = !broken(client_events) && !broken(broker_events);
  if ((client_events & POLLIN) != 0) whole = whole && up_->Read(client_.get());
  if ((broker_events & POLLIN) != 0) whole = whole && down_->Read(broker_.get());
  whole = whole && up_->Write(broker_.get()) && down_->Write(client_.get());
  // Either side's end is the connection's: MQTT knows no half-open ones.
  const bool over = (up_->ended && up_->empty()) || (down_->ended && down_->empty());
  if (!whole || over) Close();
}

void Tunnel::Close() {
  client_.Reset();
  broker_.Reset();
  up_.reset();
  down_.reset();
  head_.clear();
}

}  // namespace tillrelay::mqtt
