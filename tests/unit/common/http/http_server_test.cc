// The server's manners: connections, answers from elsewhere, start and stop.
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "common/http/address.h"
#include "tests/unit/common/http/http_fixture.h"

namespace tillrelay::http {
namespace {

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

// A route whose answer is given by the test, when it wants.
class Later {
 public:
  Handler Take() {
    return [this](Request&&, Responder responder) {
      const std::lock_guard lock(mutex_);
      responders_.push_back(std::move(responder));
    };
  }
  std::optional<Responder> Next() {
    const std::lock_guard lock(mutex_);
    if (responders_.empty()) return std::nullopt;
    Responder responder = responders_.front();
    responders_.erase(responders_.begin());
    return responder;
  }
  Responder Wait() {
    std::optional<Responder> responder;
    EXPECT_TRUE(Eventually([&] { return (responder = Next()).has_value(); }));
    return *responder;
  }

 private:
  std::mutex mutex_;
  std::vector<Responder> responders_;
};

class HttpServer : public HttpTest {
 protected:
  void StartWithLater() {
    router_->Add("GET", "/later", later_.Take());
    Start();
  }
  Later later_;
};

TEST_F(HttpServer, EveryAnswerCarriesTheSafeHeaders) {
  Start();
  RawSocket socket(port());
  socket.Send(kHello);
  const std::string answer = socket.Receive();
  EXPECT_EQ(StatusIn(answer), 200);
  EXPECT_EQ(BodyIn(answer), "hello\n");
  EXPECT_NE(answer.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Date: "), std::string::npos);
  EXPECT_EQ(answer.find("Server:"), std::string::npos);
}

TEST_F(HttpServer, AConnectionServesManyRequests) {
  Start();
  RawSocket socket(port());
  for (int i = 0; i < 100; ++i) {
    socket.Send(kHello);
    ASSERT_EQ(StatusIn(socket.Receive()), 200) << i;
  }
  EXPECT_EQ(server_->stats().accepted_total, 1u);
}

TEST_F(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  RawSocket socket(port());
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += "GET /items/" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    bytes += "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc\r\n";
  }
  socket.Send(bytes);
  const std::string answers = socket.Receive(100);
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("\r\n\r\n" + std::to_string(i) + "|none", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(HttpServer, ARequestMayComeByteByByte) {
  Start();
  RawSocket socket(port());
  const std::string bytes =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nHost: trailer.example\r\n\r\n";
  for (const char c : bytes) socket.Send(std::string_view(&c, 1));
  EXPECT_EQ(BodyIn(socket.Receive()), "abcde");
}

TEST_F(HttpServer, ALargeBodyComesBackWhole) {
  Start();
  Client client(address());
  ClientRequest request;
  request.method = "POST";
  request.target = "/echo";
  for (int i = 0; request.body.size() < 5'000'000; ++i) request.body += std::to_string(i);
  for (int round = 0; round < 2; ++round) {
    auto answer = client.Call(request);
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, request.body);
  }
  EXPECT_EQ(server_->stats().accepted_total, 1u);
}

TEST_F(HttpServer, ContinueIsSaidBeforeTheBodyIsAwaited) {
  Start();
  RawSocket socket(port());
  socket.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(StatusIn(socket.Receive()), 100);
  socket.Send("abc");
  EXPECT_EQ(BodyIn(socket.Receive()), "abc");
}

TEST_F(HttpServer, ARefusedBodyIsNotInvitedByContinue) {
  Start();
  EXPECT_EQ(StatusOf("POST /nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                     "Content-Length: 3\r\n\r\n"),
            404);
}

TEST_F(HttpServer, OldClientsAreServed) {
  Start();
  const std::string once = Exchange("GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(StatusIn(once), 200);
  EXPECT_NE(once.find("Connection: close"), std::string::npos);
  RawSocket kept(port());
  kept.Send("GET /hello HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.Receive().find("Connection: keep-alive"), std::string::npos);
  kept.Send(kHello);
  EXPECT_EQ(StatusIn(kept.Receive()), 200);
}

TEST_F(HttpServer, HeadIsGetWithoutTheBody) {
  Start();
  RawSocket socket(port());
  socket.Send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.ReceiveAll();
  EXPECT_EQ(StatusIn(answer), 200);
  EXPECT_NE(answer.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_EQ(BodyIn(answer), "");
}

TEST_F(HttpServer, UnknownPathsAndMethodsKeepTheConnection) {
  Start();
  RawSocket socket(port());
  socket.Send("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(StatusIn(socket.Receive()), 404);
  socket.Send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = socket.Receive();
  EXPECT_EQ(StatusIn(answer), 405);
  EXPECT_NE(answer.find("Allow: GET, HEAD\r\n"), std::string::npos);
  socket.Send(kHello);
  EXPECT_EQ(StatusIn(socket.Receive()), 200);
}

TEST_F(HttpServer, HostNamesCompareWithoutCaseAndPort) {
  options_.allowed_hosts = {"Till.Example", "192.0.2.7"};
  Start();
  for (const char* host : {"till.example", "TILL.EXAMPLE:8470", "till.example.", "192.0.2.7:1"}) {
    EXPECT_EQ(StatusOf("GET /hello HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 200)
        << host;
  }
  EXPECT_EQ(StatusOf(kHello), 421);
}

TEST_F(HttpServer, TheAbsoluteFormIsTheSameRequest) {
  Start();
  EXPECT_EQ(StatusOf("GET http://localhost/items/7?q=a%20b+c HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            200);
}

TEST_F(HttpServer, AnAnswerMayComeFromAnotherThread) {
  StartWithLater();
  RawSocket socket(port());
  socket.Send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::thread other([responder = later_.Wait()] { responder.Send(Text(200, "from afar")); });
  EXPECT_EQ(BodyIn(socket.Receive()), "from afar");
  other.join();
}

TEST_F(HttpServer, OnlyTheFirstAnswerCounts) {
  router_->Add("GET", "/twice", [](Request&&, Responder responder) {
    responder.Send(Text(200, "first"));
    responder.Send(Text(200, "second"));
  });
  Start();
  RawSocket socket(port());
  socket.Send("GET /twice HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(BodyIn(socket.Receive()), "first");
  socket.Send(kHello);
  EXPECT_EQ(BodyIn(socket.Receive()), "hello\n");
}

TEST_F(HttpServer, ARequestThatIsForgottenGetsA500) {
  router_->Add("GET", "/forget", [](Request&&, Responder) {});
  router_->Add("GET", "/throw", [](Request&&, Responder) { throw std::runtime_error("bug"); });
  StartWithLater();
  EXPECT_EQ(StatusOf("GET /forget HTTP/1.1\r\nHost: localhost\r\n\r\n"), 500);
  EXPECT_EQ(StatusOf("GET /throw HTTP/1.1\r\nHost: localhost\r\n\r\n"), 500);
  RawSocket socket(port());
  socket.Send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::thread([responder = later_.Wait()] {}).join();
  EXPECT_EQ(StatusIn(socket.Receive()), 500);
}

TEST_F(HttpServer, TheGateSpeaksBeforeTheBodyIsTaken) {
  router_->SetAuthorizer([](const Request& request) -> std::optional<Response> {
    if (request.Header("Authorization") == "Bearer good") return std::nullopt;
    return Problem(401, "no-token", "A token is needed");
  });
  Start();
  EXPECT_EQ(StatusOf("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"),
            401);
  EXPECT_EQ(
      StatusOf("GET /hello HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n\r\n"),
      200);
}

TEST_F(HttpServer, StopLetsARunningRequestFinish) {
  StartWithLater();
  RawSocket busy(port());
  RawSocket idle(port());
  idle.Send(kHello);
  EXPECT_EQ(StatusIn(idle.Receive()), 200);
  busy.Send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Responder responder = later_.Wait();
  std::thread stopping([this] { server_->Stop(milliseconds(10'000)); });
  EXPECT_TRUE(idle.ClosesByItself());
  responder.Send(Text(200, "done"));
  const std::string answer = busy.ReceiveAll();
  stopping.join();
  EXPECT_EQ(BodyIn(answer), "done");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(HttpServer, StopDoesNotWaitLongerThanItsPatience) {
  StartWithLater();
  RawSocket socket(port());
  socket.Send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Responder responder = later_.Wait();
  server_->Stop(milliseconds(20));
  EXPECT_TRUE(socket.ClosesByItself());
  server_.reset();
  responder.Send(Text(200, "too late"));  // nobody is there; nothing breaks
  Start();
}

TEST_F(HttpServer, ABusyAddressIsSaidInWords) {
  Start();
  Server second(clock_, {});
  ListenerOptions options = options_;
  options.name = "intake";
  options.address = address();
  second.AddListener(options);
  const Status status = second.Start();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.message(), "intake: listen on " + address() +
                                  ": Address already in use (another program listens there; "
                                  "choose another address)");
}

TEST_F(HttpServer, AddressesThatAreNoneAreRefused) {
  for (const char* text : {"", "8470", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:80",
                           "127.0.0.1:80x", ":80"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
  EXPECT_EQ(ParseAddress("[::1]:80")->host, "::1");
}

TEST_F(HttpServer, OnlyThisMachinesAddressesAreLocal) {
  const auto local = [](const char* text) { return IsLocal(*ParseAddress(text)); };
  for (const char* text : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1", "unix:/x"}) {
    EXPECT_TRUE(local(text)) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "192.0.2.7:1", "127.evil.example:1",
                           "localhost.evil.example:1", "[::ffff:7f00:1]:1"}) {
    EXPECT_FALSE(local(text)) << text;
  }
}

TEST_F(HttpServer, AnInheritedSocketIsServed) {
  auto fd = ListenOn({false, "127.0.0.1", 0}, 0);
  ASSERT_TRUE(fd.ok());
  options_.inherited_fd = dup(fd->get());
  options_.address.clear();
  Start();
  EXPECT_EQ(StatusOf(kHello), 200);
}

TEST_F(HttpServer, AUnixSocketIsServedWithItsModeAndThePeersUser) {
  const std::string path = testing::TempDir() + "control-" + std::to_string(getpid()) + ".sock";
  router_->Add("GET", "/who", [](Request&& request, Responder responder) {
    responder.Send(Text(200, request.remote));
  });
  options_.address = "unix:" + path;
  Start();
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0660u);
  Client client("unix:" + path);
  auto answer = client.Get("/who");
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->body, "uid:" + std::to_string(getuid()));

  Server second(clock_, {});
  second.AddListener(options_);
  EXPECT_FALSE(second.Start().ok());  // another process serves it
  server_->Stop(milliseconds(0));
  EXPECT_NE(stat(path.c_str(), &info), 0);  // gone with the server
}

TEST_F(HttpServer, AStaleUnixSocketIsReplaced) {
  const std::string path = testing::TempDir() + "stale-" + std::to_string(getpid()) + ".sock";
  { auto stale = ListenOn({true, path, 0}, 0600); }
  options_.address = "unix:" + path;
  Start();
  Client client("unix:" + path);
  EXPECT_TRUE(client.Get("/hello").ok());
}

TEST_F(HttpServer, TheClientConnectsAgainWhenItsConnectionIsGone) {
  options_.timeouts.idle = milliseconds(20);
  Start();
  Client client(address());
  ASSERT_TRUE(client.Get("/hello").ok());
  EXPECT_TRUE(Eventually([this] { return server_->stats().connections == 0; }));
  auto answer = client.Get("/hello");
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->body, "hello\n");
}

TEST_F(HttpServer, TheClientSaysWhenNobodyListens) {
  Start();
  const std::string where = address();
  server_->Stop(milliseconds(0));
  Client client(where);
  auto answer = client.Get("/hello");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), Code::kUnavailable);
  EXPECT_EQ(answer.status().message(), "connect to " + where + ": Connection refused");
}

}  // namespace
}  // namespace tillrelay::http
