// What the link says of a line that takes everything and brings nothing back.
#include "common/mqtt/paho_link.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>

#include "common/base/files.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The library's C++ part makes a client under its own lock and the C part's, and forgets a token in
// the other order: of clients of their own.
extern "C" const char* __tsan_default_suppressions() { return "deadlock:libpaho-mqtt"; }
#endif
#endif

namespace tillrelay::mqtt {
namespace {

constexpr std::string_view kConnack("\x20\x03\x00\x00\x00", 5);

// On a port of its own.
Fd Listen(int* port) {
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof in;
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&in), size), 0);
  EXPECT_EQ(listen(listener.get(), 4), 0);
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&in), &size);
  *port = ntohs(in.sin_port);
  return listener;
}

// Takes one connection, says one thing on it, and is silent until its end.
class SilentBroker {
 public:
  explicit SilentBroker(std::string_view word) : listener_(Listen(&port_)) {
    thread_ = std::thread([this, word] {
      const Fd taken(accept(listener_.get(), nullptr, nullptr));
      char bytes[4096];
      if (recv(taken.get(), bytes, sizeof bytes, 0) <= 0) return;
      if (send(taken.get(), word.data(), word.size(), MSG_NOSIGNAL) < 0) return;
      while (recv(taken.get(), bytes, sizeof bytes, 0) > 0) {
      }
    });
  }
  ~SilentBroker() { thread_.join(); }
  LinkOptions Options() const {
    LinkOptions options;
    options.url = "mqtt://127.0.0.1:" + std::to_string(port_);
    options.client_id = "test";
    options.protocol = Protocol::k5;
    options.keep_alive_s = options.connect_timeout_s = 1;
    return options;
  }

 private:
  int port_ = 0;
  Fd listener_;
  std::thread thread_;
};

// Takes connections, and ends each behind its first bytes: with a FIN or with a reset.
class ClosingPort {
 public:
  explicit ClosingPort(bool resets) : listener_(Listen(&number_)) {
    thread_ = std::thread([this, resets] {
      for (;;) {
        const Fd taken(accept(listener_.get(), nullptr, nullptr));
        if (!taken.valid()) return;
        char byte = 0;
        if (recv(taken.get(), &byte, 1, 0) <= 0 || !resets) continue;
        const linger now{1, 0};
        setsockopt(taken.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      }
    });
  }
  ~ClosingPort() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  int number() const { return number_; }

 private:
  int number_ = 0;
  Fd listener_;
  std::thread thread_;
};

class Events {
 public:
  void Put(LinkEvent&& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    arrived_.notify_one();
  }
  LinkEvent Next() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !events_.empty(); });
    LinkEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<LinkEvent> events_;
};

TEST(PahoLink, AConnectionWithoutAnAnswerIsSilenceAndNoRefusedPort) {
  Events events;
  const SilentBroker broker("");
  auto link = MakePahoLink(broker.Options(), [&](LinkEvent&& e) { events.Put(std::move(e)); });
  ASSERT_TRUE(link.ok());
  ASSERT_TRUE((*link)->Connect().ok());
  const LinkEvent event = events.Next();
  EXPECT_EQ(event.what, LinkEventType::kConnectFailed);
  EXPECT_EQ(event.cause, FailureCause::kSilent) << event.text;
}

// What a broker without TLS does with its first bytes, and a balancer without a broker behind it.
TEST(PahoLink, APortThatEndsTheConnectionBeforeTlsIsNoRefusedPort) {
  for (const bool resets : {false, true}) {
    Events events;
    const ClosingPort port(resets);
    LinkOptions options;
    options.url = "mqtts://127.0.0.1:" + std::to_string(port.number());
    options.client_id = "test";
    options.connect_timeout_s = 5;
    auto link = MakePahoLink(options, [&](LinkEvent&& e) { events.Put(std::move(e)); });
    ASSERT_TRUE(link.ok());
    ASSERT_TRUE((*link)->Connect().ok());
    const LinkEvent event = events.Next();
    EXPECT_EQ(event.what, LinkEventType::kConnectFailed);
    EXPECT_NE(event.cause, FailureCause::kTcp) << event.text;
    EXPECT_NE(event.text.find("TLS"), std::string::npos) << event.text;
  }
}

TEST(PahoLink, ASubscriptionWithoutAnAnswerIsNoRefusal) {
  Events events;
  const SilentBroker broker(kConnack);
  auto link = MakePahoLink(broker.Options(), [&](LinkEvent&& e) { events.Put(std::move(e)); });
  ASSERT_TRUE(link.ok());
  ASSERT_TRUE((*link)->Connect().ok());
  ASSERT_EQ(events.Next().what, LinkEventType::kConnected);
  ASSERT_TRUE((*link)->Subscribe({"a", "b"}).ok());
  LinkEvent event = events.Next();
  while (event.what == LinkEventType::kConnected) event = events.Next();  // it may be told twice
  EXPECT_EQ(event.what, LinkEventType::kLost);
  EXPECT_EQ(event.cause, FailureCause::kSilent) << event.text;
  EXPECT_EQ(event.text, "the broker does not answer");
}

}  // namespace
}  // namespace tillrelay::mqtt
