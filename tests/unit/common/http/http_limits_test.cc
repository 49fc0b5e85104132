// Slow, greedy and many: each costs a bounded time and place, and others are served meanwhile.
#include <poll.h>
#include <sys/resource.h>

#include "tests/unit/common/http/http_fixture.h"

namespace tillrelay::http {
namespace {

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HttpLimits : public HttpTest {
 protected:
  HttpLimits() {
    options_.timeouts = {milliseconds(80), milliseconds(60), milliseconds(60),
                         milliseconds(60), milliseconds(80), milliseconds(40)};
  }
};

TEST_F(HttpLimits, AnIdleConnectionIsClosed) {
  Start();
  RawSocket socket(port());
  socket.Send(kHello);
  EXPECT_EQ(StatusIn(socket.Receive()), 200);
  EXPECT_EQ(socket.ReceiveAll(), "");
}

TEST_F(HttpLimits, ASilentConnectionIsClosed) {
  Start();
  RawSocket socket(port());
  EXPECT_EQ(socket.ReceiveAll(), "");
}

TEST_F(HttpLimits, SlowlorisIsToldAndClosed) {
  Start();
  std::vector<std::unique_ptr<RawSocket>> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<RawSocket>(port()));
    slow.back()->Send("GET /hello HTTP/1.1\r\nHost: loc");
  }
  EXPECT_EQ(StatusOf(kHello), 200);  // the others are served meanwhile
  for (const auto& socket : slow) EXPECT_EQ(StatusIn(socket->ReceiveAll()), 408);
}

TEST_F(HttpLimits, TricklingDoesNotExtendTheHeadersTime) {
  Start();
  RawSocket socket(port());
  socket.Send("GET /hello HTTP/1.1\r\n");
  pollfd answer{socket.fd(), POLLIN, 0};
  int sent = 0;
  while (poll(&answer, 1, 5) == 0 && ++sent < 90) socket.Send("X: y\r\n");  // below 100 fields
  EXPECT_EQ(StatusIn(socket.Receive()), 408);
  EXPECT_LT(sent, 90);
}

TEST_F(HttpLimits, ASlowBodyIsToldAndClosed) {
  Start();
  EXPECT_EQ(StatusIn(Exchange("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Length: 9\r\n\r\nabc")),
            408);
}

TEST_F(HttpLimits, AHandlerThatNeverAnswersIsA503) {
  std::vector<Responder> kept;
  router_->Add("GET", "/never",
               [&kept](Request&&, Responder responder) { kept.push_back(responder); });
  Start();
  EXPECT_EQ(StatusIn(Exchange("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n")), 503);
  server_->Stop(milliseconds(0));
}

TEST_F(HttpLimits, AClientThatDoesNotReadItsAnswersIsDropped) {
  router_->Add("GET", "/large", [](Request&&, Responder responder) {
    responder.Send(Text(200, std::string(8 * 1024 * 1024, 'x')));
  });
  Start();
  RawSocket socket(port());
  socket.ShrinkReceiveBuffer();
  for (int i = 0; i < 4; ++i) socket.Send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(Eventually([this] { return server_->stats().timeouts_total == 1; }));
  EXPECT_TRUE(Eventually([this] { return server_->stats().connections == 0; }));
}

TEST_F(HttpLimits, MoreConnectionsThanAllowedAreClosedAndTheOthersServed) {
  options_.max_connections = 512;
  options_.timeouts = {};
  Start();
  std::vector<std::unique_ptr<RawSocket>> sockets;
  for (int i = 0; i < 600; ++i) {
    sockets.push_back(std::make_unique<RawSocket>(port()));
    sockets.back()->Send(kHello);
  }
  int served = 0;
  for (const auto& socket : sockets) served += StatusIn(socket->Receive()) == 200 ? 1 : 0;
  EXPECT_EQ(served, 512);
  EXPECT_EQ(server_->stats().over_limit_total, 88u);
  sockets.clear();
  EXPECT_TRUE(Eventually([this] { return server_->stats().connections == 0; }));
  EXPECT_EQ(StatusOf(kHello), 200);
}

TEST_F(HttpLimits, AnotherListenerIsNotHurtByAFullOne) {
  options_.max_connections = 1;
  options_.timeouts = {};
  server_ = std::make_unique<Server>(clock_, server_options_);
  server_->AddListener(options_);
  server_->AddListener(options_);
  ASSERT_TRUE(server_->Start().ok());
  RawSocket first(port());
  first.Send(kHello);
  EXPECT_EQ(StatusIn(first.Receive()), 200);
  EXPECT_EQ(Exchange(kHello), "");
  RawSocket other(server_->bound_port(1));
  other.Send(kHello);
  EXPECT_EQ(StatusIn(other.Receive()), 200);
}

TEST_F(HttpLimits, BodiesBeyondTheServersBudgetWaitOutside) {
  server_options_.memory = std::make_shared<MemoryBudget>(100'000);
  options_.timeouts = {};
  options_.timeouts.linger = milliseconds(40);
  std::vector<Responder> kept;
  router_->Add("POST", "/keep",
               [&kept](Request&&, Responder responder) { kept.push_back(responder); });
  Start();
  const std::string body(60'000, 'x');
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n";
  RawSocket first(port());
  first.Send("POST /keep" + head + body);
  EXPECT_TRUE(Eventually([this] { return server_->stats().requests_total == 1; }));
  EXPECT_EQ(StatusIn(Exchange("POST /echo" + head + body)), 503);
  server_->Post([&kept] { kept.front().Send(Text(200, "")); });
  EXPECT_EQ(StatusIn(first.Receive()), 200);
  EXPECT_EQ(StatusOf("POST /echo" + head + body), 200);
  server_->Stop(milliseconds(0));
}

TEST_F(HttpLimits, RunningOutOfDescriptorsDoesNotStopTheServer) {
  options_.timeouts = {};
  Start();
  RawSocket kept(port());
  kept.Send(kHello);
  EXPECT_EQ(StatusIn(kept.Receive()), 200);
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  std::vector<Fd> hoard;
  rlimit tight{64, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  while (true) {
    Fd fd(dup(kept.fd()));
    if (!fd.valid()) break;
    hoard.push_back(std::move(fd));
  }
  hoard.pop_back();  // one descriptor for the client's side of the next connection
  RawSocket outside(port());
  outside.Send(kHello);
  kept.Send(kHello);
  EXPECT_EQ(StatusIn(kept.Receive()), 200);  // the server still serves whom it has
  hoard.clear();
  EXPECT_EQ(StatusIn(outside.Receive()), 200);  // and takes the one who waited
  setrlimit(RLIMIT_NOFILE, &old);
}

TEST_F(HttpLimits, AnIdleConnectionGivesWayWhereDescriptorsRunOut) {
  options_.timeouts = {};
  Start();
  std::vector<std::unique_ptr<RawSocket>> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(std::make_unique<RawSocket>(port()));
    idle.back()->Send(kHello);
    EXPECT_EQ(StatusIn(idle.back()->Receive()), 200);
  }
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  std::vector<Fd> hoard;
  rlimit tight{64, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  while (true) {
    Fd fd(dup(idle.front()->fd()));
    if (!fd.valid()) break;
    hoard.push_back(std::move(fd));
  }
  hoard.pop_back();  // one descriptor for the client's side of the next connection
  RawSocket sale(port());
  sale.Send(kHello);
  EXPECT_EQ(StatusIn(sale.Receive()), 200);  // although none of the others has left
  setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_TRUE(idle.front()->ClosesByItself());  // the one that was idle longest
}

TEST_F(HttpLimits, TheHeartbeatGoesOnWithoutAnyConnection) {
  std::atomic<int> beats{0};
  server_options_.heartbeat = [&beats] { ++beats; };
  Start();
  EXPECT_TRUE(Eventually([&] { return beats > 3; }));
  server_->Stop(milliseconds(0));
}

}  // namespace
}  // namespace tillrelay::http
