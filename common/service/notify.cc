#include "common/service/notify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace tillrelay::service {
namespace {

constexpr int kMaxInherited = 64;  // more would be a mistake in the unit

std::optional<int64_t> Number(const char* text) {
  if (text == nullptr) return std::nullopt;
  int64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc() || rest != end || rest == text) return std::nullopt;
  return value;
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

std::vector<std::string> SplitNames(std::string_view text) {
  std::vector<std::string> names;
  for (size_t colon = 0; colon != std::string_view::npos;) {
    colon = text.find(':');
    names.emplace_back(text.substr(0, colon));
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  return names;
}

}  // namespace

Notifier::Notifier(std::string socket) : socket_(std::move(socket)) {
  sockaddr_un address{};
  const bool usable = socket_.size() > 1 && socket_.size() < sizeof address.sun_path &&
                      (socket_[0] == '/' || socket_[0] == '@');
  if (!usable) socket_.clear();
  if (active()) fd_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Notifier Notifier::FromEnvironment(const Environment& environment) {
  const char* socket = environment("NOTIFY_SOCKET");
  return Notifier(socket == nullptr ? "" : socket);
}

Status Notifier::Send(std::string_view message, int fd) const {
  if (!active()) return Status::Ok();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  iovec text{const_cast<char*>(message.data()), message.size()};
  msghdr header{};
  header.msg_name = &address;
  // An abstract name ends with the given length, a path with its NUL.
  header.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() +
                                              (socket_[0] == '/' ? 1 : 0));
  header.msg_iov = &text;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    header.msg_control = room;
    header.msg_controllen = sizeof room;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  const ssize_t sent = sendmsg(fd_.get(), &header, MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(message.size())) return Status::Ok();
  return Unavailable("notify the service manager: " + ErrnoText(errno));
}

Status Notifier::Ready(std::string_view status_sentence) const {
  if (status_sentence.empty()) return Send("READY=1");
  return Send("READY=1\nSTATUS=" + OneLine(status_sentence));
}

Status Notifier::StatusText(std::string_view sentence) const {
  return Send("STATUS=" + OneLine(sentence));
}

Status Notifier::Reloading(Instant now) const {
  const auto usec =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  return Send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", usec));
}

Status Notifier::Stopping() const { return Send("STOPPING=1"); }
Status Notifier::Watchdog() const { return Send("WATCHDOG=1"); }

Status Notifier::KeepSocket(int fd, std::string_view name) const {
  return Send(fmt::format("FDSTORE=1\nFDNAME={}", name), fd);
}

Status Notifier::ForgetSocket(std::string_view name) const {
  return Send(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name));
}

Status Notifier::ExtendTimeout(std::chrono::microseconds more) const {
  return Send(fmt::format("EXTEND_TIMEOUT_USEC={}", more.count()));
}

void LongStart::Moved(Instant now) {
  if (over_ || now.time_since_epoch().count() < next_ask_) return;
  Expect(now, kAskFor);
}

void LongStart::Expect(Instant now, std::chrono::seconds most) {
  if (over_) return;
  next_ask_ = (now + std::max<Duration>(kAskEvery, most - kAskFor)).time_since_epoch().count();
  notifier_.ExtendTimeout(most).ok();
}

std::optional<std::chrono::microseconds> WatchdogInterval(const Environment& environment, int pid) {
  const auto usec = Number(environment("WATCHDOG_USEC"));
  if (!usec || *usec <= 0) return std::nullopt;
  const char* watched = environment("WATCHDOG_PID");
  if (watched != nullptr && Number(watched) != pid) return std::nullopt;
  return std::chrono::microseconds(*usec);
}

void ForgetInheritedSockets() {
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) unsetenv(name);
}

std::vector<InheritedSocket> InheritedSockets(const Environment& environment, int pid,
                                              int first_fd) {
  std::vector<InheritedSocket> sockets;
  const auto count = Number(environment("LISTEN_FDS"));
  if (!count || *count <= 0 || *count > kMaxInherited || Number(environment("LISTEN_PID")) != pid) {
    return sockets;
  }
  const char* names_text = environment("LISTEN_FDNAMES");
  const std::vector<std::string> names =
      SplitNames(names_text == nullptr ? std::string_view() : std::string_view(names_text));
  for (int i = 0; i < *count; ++i) {
    const auto index = static_cast<size_t>(i);
    const bool named = index < names.size() && !names[index].empty();
    const int fd = first_fd + i;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
    sockets.push_back({fd, named ? names[index] : "unknown"});
  }
  return sockets;
}

}  // namespace tillrelay::service
