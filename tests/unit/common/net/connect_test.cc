// A name with several addresses: whichever answers, however the others fail.
#include "common/net/connect.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/backoff.h"

namespace tillrelay {
namespace {

using std::chrono::milliseconds;

Endpoint At(const char* address, uint16_t port) {
  Endpoint endpoint;
  auto* in = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  inet_pton(AF_INET, address, &in->sin_addr);
  endpoint.length = sizeof *in;
  return endpoint;
}

// A listening socket on that loopback address. With `full` its backlog is taken, so that a further
// connection waits for ever, as behind a firewall that drops.
class Listener {
 public:
  explicit Listener(const char* address, bool full = false)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    Endpoint endpoint = At(address, 0);
    bind(fd_.get(), endpoint.get(), endpoint.length);
    listen(fd_.get(), full ? 0 : 8);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&endpoint.storage), &endpoint.length);
    endpoint_ = endpoint;
    while (full && taken_.size() < 16) {
      Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      connect(fd.get(), endpoint_.get(), endpoint_.length);
      taken_.push_back(std::move(fd));
    }
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Fd fd_;
  Endpoint endpoint_;
  std::vector<Fd> taken_;
};

// An address on which nobody listens.
Endpoint Refusing() { return Listener("127.0.0.7").endpoint(); }

std::string PeerOf(const Result<Fd>& fd) {
  if (!fd.ok()) return fd.status().message();
  sockaddr_in in{};
  socklen_t size = sizeof in;
  getpeername(fd->get(), reinterpret_cast<sockaddr*>(&in), &size);
  char text[INET_ADDRSTRLEN] = "";
  return inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
}

TEST(ConnectTest, TheOneThatAnswersWinsWhereverItStands) {
  const Listener good("127.0.0.3"), silent("127.0.0.4", true);
  const Endpoint refusing = Refusing();
  for (size_t at = 0; at < 4; ++at) {
    std::vector<Endpoint> endpoints{refusing, silent.endpoint(), refusing};
    endpoints.insert(endpoints.begin() + static_cast<ptrdiff_t>(at), good.endpoint());
    EXPECT_EQ(PeerOf(ConnectToAny(endpoints, milliseconds(10'000))), "127.0.0.3") << at;
  }
}

TEST(ConnectTest, TheFirstIsPreferredWhereAllAnswer) {
  const Listener first("127.0.0.3"), second("127.0.0.4");
  EXPECT_EQ(PeerOf(ConnectToAny({first.endpoint(), second.endpoint()}, milliseconds(10'000))),
            "127.0.0.3");
}

TEST(ConnectTest, WhereNoneAnswersItSaysHowTheLastOneFailed) {
  const Listener silent("127.0.0.4", true);
  EXPECT_EQ(PeerOf(ConnectToAny({Refusing(), Refusing()}, milliseconds(10'000))),
            "Connection refused");
  EXPECT_EQ(PeerOf(ConnectToAny({silent.endpoint()}, milliseconds(1))), "no answer in time");
}

TEST(ConnectTest, WhoIsWokenGivesUp) {
  const Listener silent("127.0.0.4", true);
  const Fd wake(eventfd(1, EFD_CLOEXEC));
  EXPECT_EQ(PeerOf(ConnectToAny({silent.endpoint()}, milliseconds(600'000), wake.get())),
            "given up");
}

TEST(ConnectTest, ANameThatDoesNotExistIsNamed) {
  const auto found = LookUp("broker.invalid", "1883");
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(
      found.status().message().starts_with("the name broker.invalid could not be looked up: "));
  EXPECT_EQ(LookUp("127.0.0.1", "1883")->size(), 1u);
}

TEST(BackoffTest, DoublesBetweenItsBounds) {
  const auto at = [](int failures) {
    return std::chrono::duration_cast<std::chrono::seconds>(
               Backoff(std::chrono::seconds(2), std::chrono::seconds(300), failures))
        .count();
  };
  EXPECT_EQ(at(-1), 2);
  EXPECT_EQ(at(0), 2);
  EXPECT_EQ(at(1), 4);
  EXPECT_EQ(at(7), 256);
  EXPECT_EQ(at(8), 300);
  EXPECT_EQ(at(1'000'000'000), 300) << "never an overflow";
  EXPECT_EQ(Backoff(std::chrono::hours(2), std::chrono::hours(1), 0), std::chrono::hours(1));
}

}  // namespace
}  // namespace tillrelay
