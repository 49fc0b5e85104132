#include "common/net/connect.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace tillrelay {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// One of each family in turn; within a family, and which one begins, as the system ordered them.
std::vector<Endpoint> Alternating(const std::vector<Endpoint>& found) {
  std::vector<Endpoint> first, second, out;
  for (const Endpoint& endpoint : found) {
    const bool same = endpoint.storage.ss_family == found.front().storage.ss_family;
    (same ? first : second).push_back(endpoint);
  }
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

// The attempts that are under way.
class Race {
 public:
  explicit Race(int wake) : wake_(wake) {}

  // True: it stands already.
  bool Begin(const Endpoint& endpoint) {
    Fd fd(socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return Failed(errno);
    const int error = connect(fd.get(), endpoint.get(), endpoint.length) == 0 ? 0 : errno;
    if (error != 0 && error != EINPROGRESS) return Failed(error);
    running_.push_back(std::move(fd));
    if (error == 0) winner_ = std::move(running_.back());
    return error == 0;
  }

  enum class End { kWon, kFailed, kNothing, kWoken };
  // kFailed: one of them, so that the next may begin at once.
  End Wait(milliseconds patience) {
    std::vector<pollfd> watched;
    for (const Fd& fd : running_) watched.push_back({fd.get(), POLLOUT, 0});
    watched.push_back({wake_, POLLIN, 0});  // poll ignores a negative one
    if (poll(watched.data(), watched.size(), static_cast<int>(patience.count())) <= 0) {
      return End::kNothing;
    }
    if (watched.back().revents != 0) return End::kWoken;
    End end = End::kNothing;
    for (size_t i = running_.size(); i-- > 0;) {
      if (watched[i].revents == 0) continue;
      const int error = ErrorOf(running_[i].get());
      if (error == 0) {
        winner_ = std::move(running_[i]);
        return End::kWon;
      }
      Failed(error);
      running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
      end = End::kFailed;
    }
    return end;
  }

  bool running() const { return !running_.empty(); }
  Fd TakeWinner() { return std::move(winner_); }
  Status Failure() const {
    return Unavailable(error_ != 0 ? ErrnoText(error_) : "no answer in time");
  }

 private:
  static int ErrorOf(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
  }
  bool Failed(int error) {
    error_ = error;
    return false;
  }

  const int wake_;
  std::vector<Fd> running_;
  Fd winner_;
  int error_ = 0;
};

}  // namespace

Result<std::vector<Endpoint>> LookUp(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  if (error != 0 || list == nullptr) {
    return Unavailable(
        fmt::format("the name {} could not be looked up: {}", host, gai_strerror(error)));
  }
  std::vector<Endpoint> found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Endpoint& endpoint = found.emplace_back();
    std::memcpy(&endpoint.storage, entry->ai_addr, entry->ai_addrlen);
    endpoint.length = entry->ai_addrlen;
  }
  return Alternating(found);
}

Result<Fd> ConnectToAny(const std::vector<Endpoint>& endpoints, milliseconds patience, int wake) {
  Race race(wake);
  const auto deadline = steady_clock::now() + patience;
  size_t next = 0;
  while (true) {
    bool begun = false;
    while (!begun && next < endpoints.size()) {
      if (race.Begin(endpoints[next++])) return race.TakeWinner();
      begun = race.running();
    }
    if (!race.running()) return race.Failure();
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return race.Failure();
    const bool last = next == endpoints.size();
    switch (race.Wait(last ? left : std::min(left, kNextAddressAfter))) {
      case Race::End::kWon:
        return race.TakeWinner();
      case Race::End::kWoken:
        return Unavailable("given up");
      case Race::End::kFailed:
      case Race::End::kNothing:
        break;
    }
  }
}

}  // namespace tillrelay
