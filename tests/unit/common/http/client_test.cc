// Claims about the client's options: one proxy and no other, a deadline that drops do not extend, a
// limit on answers, and a call that can be ended.
#include "common/http/client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "common/http/address.h"

namespace tillrelay::http {
namespace {

using std::chrono::milliseconds;

// Takes one connection, reads a head, says something, and whatever comes then.
class Server {
 public:
  // `drips`: after the answer it sends a byte now and then until the client leaves.
  explicit Server(std::string answer, bool drips = false)
      : answer_(std::move(answer)),
        drips_(drips),
        listener_(ListenOn({false, "127.0.0.1", 0}, 0).value()),
        thread_([this] { Run(); }) {}
  ~Server() { Join(); }
  std::string address() const {
    return "127.0.0.1:" + std::to_string(LocalAddress(listener_.get()).port);
  }
  // What the client said; it has left.
  const std::string& heard() {
    Join();
    return heard_;
  }

 private:
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  static bool Readable(int fd, int patience) {
    pollfd poll_fd{fd, POLLIN, 0};
    return poll(&poll_fd, 1, patience) == 1;
  }
  // False: it has left.
  bool Hear(int fd) {
    char bytes[4096];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count > 0) heard_.append(bytes, static_cast<size_t>(count));
    return count > 0;
  }
  void Run() {
    if (!Readable(listener_.get(), 20'000)) return;
    const Fd peer(accept(listener_.get(), nullptr, nullptr));
    while (heard_.find("\r\n\r\n") == std::string::npos) {
      if (!Readable(peer.get(), 20'000) || !Hear(peer.get())) return;
    }
    (void)send(peer.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
    while (drips_ && !Readable(peer.get(), 10)) {
      if (send(peer.get(), "x", 1, MSG_NOSIGNAL) != 1) return;
    }
    while (Readable(peer.get(), 20'000) && Hear(peer.get())) {
      if (!answer_.empty() && heard_.back() != '\n') return;  // TLS begins: we know none
    }
  }

  const std::string answer_;
  const bool drips_;
  const Fd listener_;
  std::string heard_;
  std::thread thread_;
};

ClientOptions Through(const std::string& proxy) {
  ClientOptions options;
  options.proxy = proxy;
  return options;
}

TEST(ClientTest, AProxyIsToldTheWholeAddress) {
  Server proxy("HTTP/1.1 204 No Content\r\n\r\n");
  {
    Client client("http://erp.example:80", Through(proxy.address()));
    const auto answer = client.Get("/hook");
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_EQ(answer->status, 204);
  }
  EXPECT_TRUE(proxy.heard().starts_with(
      "GET http://erp.example:80/hook HTTP/1.1\r\nHost: erp.example:80\r\n"))
      << proxy.heard();
}

TEST(ClientTest, HttpsIsATunnelThroughTheProxyAlsoOfAnOldOne) {
  Server proxy("HTTP/1.0 200 Connection established\r\n\r\n");
  Client client("https://erp.example:443", Through(proxy.address()));
  EXPECT_FALSE(client.Get("/hook").ok());  // no TLS behind it
  EXPECT_TRUE(proxy.heard().starts_with(
      "CONNECT erp.example:443 HTTP/1.1\r\nHost: erp.example:443\r\n\r\n\x16"))
      << proxy.heard();
}

TEST(ClientTest, AProxyThatRefusesIsNamed) {
  Server proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  Client client("https://erp.example:443", Through(proxy.address()));
  const auto answer = client.Get("/");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().message(), "the proxy answers 407");
}

TEST(ClientTest, BytesNowAndThenDoNotExtendTheDeadline) {
  Server server("HTTP/1.1 200 OK\r\nX: ", true);
  ClientOptions options;
  options.deadline = milliseconds(100);
  Client client(server.address(), options);
  const auto answer = client.Get("/");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().message(), "no answer in time");
}

// Whatever follows: more than was promised, without an end, or nothing any more.
TEST(ClientTest, WhereTheHeadIsEnoughNoBodyKeepsItBack) {
  for (const char* head : {"Content-Length: 500000", "Content-Length: 1000000000000",
                           "Transfer-Encoding: chunked", "X: y"}) {
    Server server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n" + std::string(head) +
                      "\r\n\r\n" + std::string(200'000, 'x'),
                  true);
    ClientOptions options;
    options.head_is_enough = true;
    Client client(server.address(), options);
    const auto answer = client.Get("/");
    ASSERT_TRUE(answer.ok()) << head << ": " << answer.status().message();
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->body, "");
  }
}

TEST(ClientTest, ACallThatIsNoLongerWantedEnds) {
  Server server("");
  const Fd wake(eventfd(1, EFD_CLOEXEC));
  ClientOptions options;
  options.timeout = std::chrono::hours(1);
  options.wake = wake.get();
  Client client(server.address(), options);
  EXPECT_FALSE(client.Get("/").ok());
}

}  // namespace
}  // namespace tillrelay::http
