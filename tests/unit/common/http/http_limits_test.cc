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

TEST_F(HttpLimits, WhereAllPlacesAreTakenTheLongestWaitingGivesWay) {
  options_.max_connections = 512;
  options_.timeouts = {};
  Start();
  std::vector<std::unique_ptr<RawSocket>> sockets;
  for (int i = 0; i < 600; ++i) {
    sockets.push_back(std::make_unique<RawSocket>(port()));
    sockets.back()->Send(kHello);
    ASSERT_EQ(StatusIn(sockets.back()->Receive()), 200) << i;
  }
  EXPECT_EQ(server_->stats().over_limit_total, 88u);
  EXPECT_EQ(server_->stats().connections, 512u);
  EXPECT_TRUE(sockets[0]->ClosesByItself());
  EXPECT_TRUE(sockets[87]->ClosesByItself());
  sockets[88]->Send(kHello);
  EXPECT_EQ(StatusIn(sockets[88]->Receive()), 200);
  sockets.clear();
  EXPECT_TRUE(Eventually([this] { return server_->stats().connections == 0; }));
  EXPECT_EQ(StatusOf(kHello), 200);
}

TEST_F(HttpLimits, HalfARequestIsToldWhyItGaveWay) {
  options_.max_connections = 1;
  options_.timeouts = {};
  Start();
  for (const std::string_view half :
       {"GET /hel", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"}) {
    RawSocket slow(port());
    slow.Send(kHello);
    ASSERT_EQ(StatusIn(slow.Receive()), 200);
    slow.Send(half);
    RawSocket other(port());
    other.Send(kHello);
    EXPECT_EQ(StatusIn(other.Receive()), 200);
  }
}

// Everything a client can do without asking for anything, more often than there are places.
TEST_F(HttpLimits, OneAddressCannotShutOutAnother) {
  options_.max_connections = 64;
  options_.timeouts = {};
  router_->Add("GET", "/large", [](Request&&, Responder responder) {
    responder.Send(Text(200, std::string(1024 * 1024, 'x')));
  });
  Start();
  for (const std::string_view bytes :
       {"", "G", "GET / HTTP/1.1\r\nHost: localhost\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    const uint64_t before = server_->stats().accepted_total;
    RawSocket register_before(port());
    register_before.Send(kHello);
    ASSERT_EQ(StatusIn(register_before.Receive()), 200);
    std::vector<std::unique_ptr<RawSocket>> crowd;
    for (int i = 0; i < 80; ++i) {
      crowd.push_back(std::make_unique<RawSocket>(port(), "127.0.0.2"));
      crowd.back()->Send(bytes);
    }
    EXPECT_TRUE(Eventually([&] { return server_->stats().accepted_total >= before + 81; }));
    for (int i = 0; i < 20; ++i) {
      RawSocket sale(port());
      sale.Send(kHello);
      EXPECT_EQ(StatusIn(sale.Receive()), 200) << bytes;
    }
    register_before.Send(kHello);
    EXPECT_EQ(StatusIn(register_before.Receive()), 200) << bytes << ": it was never in the way";
  }
}

TEST_F(HttpLimits, WhoHasShownACredentialGoesLast) {
  options_.max_connections = 8;
  options_.timeouts = {};
  router_->SetAuthorizer([](Request& request) -> std::optional<Response> {
    request.known = !request.Header("Authorization").empty();
    return std::nullopt;
  });
  Start();
  std::vector<std::unique_ptr<RawSocket>> registers;  // behind one gateway
  for (int i = 0; i < 7; ++i) {
    registers.push_back(std::make_unique<RawSocket>(port()));
    registers.back()->Send("GET /hello HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\n\r\n");
    ASSERT_EQ(StatusIn(registers.back()->Receive()), 200);
  }
  std::vector<std::unique_ptr<RawSocket>> crowd;
  for (int i = 0; i < 40; ++i) {
    crowd.push_back(std::make_unique<RawSocket>(port()));
    crowd.back()->Send("GET /hel");
  }
  for (const auto& known : registers) {
    known->Send("GET /hello HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\n\r\n");
    EXPECT_EQ(StatusIn(known->Receive()), 200);
  }
}

TEST_F(HttpLimits, WhereEveryPlaceWorksOneMoreIsToldSo) {
  options_.max_connections = 1;
  options_.timeouts = {};
  std::vector<Responder> kept;
  router_->Add("GET", "/keep",
               [&kept](Request&&, Responder responder) { kept.push_back(responder); });
  server_ = std::make_unique<Server>(clock_, server_options_);
  server_->AddListener(options_);
  server_->AddListener(options_);
  ASSERT_TRUE(server_->Start().ok());
  RawSocket first(port());
  first.Send("GET /keep HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(Eventually([this] { return server_->stats().requests_total == 1; }));
  RawSocket second(port());
  const std::string answer = second.ReceiveAll();
  EXPECT_EQ(StatusIn(answer), 503);
  EXPECT_NE(answer.find("Retry-After: 1\r\n"), std::string::npos);
  RawSocket other(server_->bound_port(1));  // another listener is not hurt
  other.Send(kHello);
  EXPECT_EQ(StatusIn(other.Receive()), 200);
  server_->Post([&kept] { kept.front().Send(Text(200, "")); });
  EXPECT_EQ(StatusIn(first.Receive()), 200);
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
