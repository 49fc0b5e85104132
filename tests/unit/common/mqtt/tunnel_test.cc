// The way to a broker with several addresses: who may use it, what it carries, how it ends.
#include "common/mqtt/tunnel.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <thread>

#include "common/base/digest.h"

namespace tillrelay::mqtt {
namespace {

constexpr std::chrono::seconds kPatience{10};

// What comes until there are `count` bytes, or the end.
std::string Receive(int fd, size_t count) {
  std::string all;
  char bytes[4096];
  while (all.size() < count) {
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, 10'000) != 1) break;
    const ssize_t got = recv(fd, bytes, std::min(sizeof bytes, count - all.size()), 0);
    if (got <= 0) break;
    all.append(bytes, static_cast<size_t>(got));
  }
  return all;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd writable{fd, POLLOUT, 0};
    ASSERT_EQ(poll(&writable, 1, 10'000), 1);
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

class TunnelTest : public testing::Test {
 protected:
  void SetUp() override {
    auto tunnel = Tunnel::Open(&random_);
    ASSERT_TRUE(tunnel.ok());
    tunnel_ = *std::move(tunnel);
    broker_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof in;
    ASSERT_EQ(bind(broker_.get(), reinterpret_cast<sockaddr*>(&in), size), 0);
    ASSERT_EQ(listen(broker_.get(), 4), 0);
    getsockname(broker_.get(), reinterpret_cast<sockaddr*>(&in), &size);
    port_ = ntohs(in.sin_port);
  }

  Fd Connected() {
    auto fd = ConnectToAny(*LookUp("127.0.0.1", std::to_string(tunnel_->port())), kPatience);
    EXPECT_TRUE(fd.ok());
    return fd.ok() ? *std::move(fd) : Fd();
  }
  // The login in the tunnel's address, as base 64.
  std::string Login() const {
    const std::string& url = tunnel_->url();
    return ToBase64(url.substr(7, url.find('@') - 7));
  }
  std::string Head(const std::string& target) const {
    return fmt::format("CONNECT {} HTTP/1.1\r\nproxy-authorization: Basic {}\r\n\r\n", target,
                       Login());
  }
  // A client that is through, and the broker's end of it.
  std::pair<Fd, Fd> Through() {
    Fd client = Connected();
    SendAll(client.get(), Head(fmt::format("localhost:{}", port_)));
    Fd broker(accept4(broker_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    constexpr std::string_view kOpen = "HTTP/1.1 200 OK\r\n\r\n";
    EXPECT_EQ(Receive(client.get(), kOpen.size()), kOpen);
    return {std::move(client), std::move(broker)};
  }

  SystemRandom random_;
  std::unique_ptr<Tunnel> tunnel_;
  Fd broker_;
  int port_ = 0;
};

TEST_F(TunnelTest, CarriesBothWaysMoreThanItHolds) {
  auto [client, broker] = Through();
  std::string up(3'000'000, 'u'), down(3'000'000, 'd');
  for (size_t i = 0; i < up.size(); i += 997) up[i] = static_cast<char>('a' + i % 26);
  std::thread sender([&, fd = client.get()] { SendAll(fd, up); });
  std::thread answer([&, fd = broker.get()] { SendAll(fd, down); });
  std::string back;
  std::thread reader([&, fd = client.get()] { back = Receive(fd, down.size()); });
  EXPECT_EQ(Receive(broker.get(), up.size()), up);
  sender.join();
  answer.join();
  reader.join();
  EXPECT_EQ(back, down);
}

TEST_F(TunnelTest, OneEndEndsTheOther) {
  for (const bool broker_first : {true, false}) {
    auto [client, broker] = Through();
    if (broker_first) {
      SendAll(broker.get(), "last words");
      broker.Reset();
      EXPECT_EQ(Receive(client.get(), 100), "last words");
    } else {
      SendAll(client.get(), "last words");
      client.Reset();
      EXPECT_EQ(Receive(broker.get(), 100), "last words");
    }
  }
}

TEST_F(TunnelTest, ANewerConnectionEndsTheOlder) {
  auto [client, broker] = Through();
  auto [next, next_broker] = Through();
  EXPECT_EQ(Receive(client.get(), 1), "");
  EXPECT_EQ(Receive(broker.get(), 1), "");
  SendAll(next.get(), "x");
  EXPECT_EQ(Receive(next_broker.get(), 1), "x");
}

TEST_F(TunnelTest, NobodyElseGetsThrough) {
  const struct {
    std::string head, answer;
  } rows[] = {
      {fmt::format("CONNECT localhost:{} HTTP/1.1\r\n\r\n", port_), "HTTP/1.1 407 "},
      {fmt::format("CONNECT localhost:{} HTTP/1.1\r\nProxy-Authorization: Basic AAAA\r\n\r\n",
                   port_),
       "HTTP/1.1 407 "},
      {fmt::format("GET / HTTP/1.1\r\nProxy-Authorization: Basic {}\r\n\r\n", Login()),
       "HTTP/1.1 405 "},
      {Head("localhost"), "HTTP/1.1 400 "},
      {Head("broker.invalid:1883"), "HTTP/1.1 502 "},
      {Head("127.0.0.1:1"), "HTTP/1.1 504 "},
      {std::string(5000, 'x'), "HTTP/1.1 431 "},
  };
  for (const auto& row : rows) {
    const Fd client = Connected();
    SendAll(client.get(), row.head);
    EXPECT_TRUE(Receive(client.get(), 200).starts_with(row.answer)) << row.head;
  }
}

TEST_F(TunnelTest, ItEndsWithAConnectionOpen) {
  auto [client, broker] = Through();
  tunnel_.reset();
  EXPECT_EQ(Receive(client.get(), 1), "");
  EXPECT_EQ(Receive(broker.get(), 1), "");
}

}  // namespace
}  // namespace tillrelay::mqtt
