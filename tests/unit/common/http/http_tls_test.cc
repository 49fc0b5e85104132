// TLS: who is let in, what each wrong hello is told, and certificates that change while running.
#include <fcntl.h>
#include <poll.h>

#include <filesystem>

#include "common/http/address.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/common/http/http_fixture.h"

namespace tillrelay::http {
namespace {

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr int kTls11 = 0x0302, kTls12 = 0x0303;

// A TLS connection on which anything at all can be sent.
class RawTls {
 public:
  RawTls(uint16_t port, const ClientTls& files) : socket_(port) {
    auto pipe = TlsPipe::Connect(socket_.fd(), "127.0.0.1", files, milliseconds(10'000));
    EXPECT_TRUE(pipe.ok()) << pipe.status().message();
    if (pipe.ok()) pipe_ = *std::move(pipe);
  }
  void Send(std::string_view bytes) { pipe_->Send(bytes.data(), bytes.size()); }
  // Everything until the server ends TLS; `*cut` if it ended the connection without saying so.
  std::string ReceiveAll(bool* cut = nullptr) {
    std::string all;
    char chunk[4096];
    for (;;) {
      const ssize_t count = pipe_->Receive(chunk, sizeof chunk);
      if (count > 0) all.append(chunk, static_cast<size_t>(count));
      if (count == 0 || (count < 0 && errno != EAGAIN)) {
        if (cut != nullptr) *cut = count != 0;
        return all;
      }
      pollfd poll_fd{socket_.fd(), POLLIN, 0};
      if (count < 0 && poll(&poll_fd, 1, 10'000) != 1) {
        ADD_FAILURE() << "nothing came in time";
        return all;
      }
    }
  }

 private:
  RawSocket socket_;
  std::unique_ptr<TlsPipe> pipe_;
};

class HttpTls : public HttpTest {
 protected:
  void SetUp() override {
    Put("ca.pem", authority_.certificate());
    Install(authority_.Issue());
    options_.tls = {dir_ / "cert.pem", dir_ / "key.pem", ""};
    router_->Add("GET", "/who", [](Request&& request, Responder responder) {
      responder.Send(Text(200, request.certificate));
    });
  }
  void Put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileDurably(dir_ / name, text, 0600).ok());
  }
  void Install(const testing::Identity& identity) {
    Put("cert.pem", identity.certificate);
    Put("key.pem", identity.key);
  }
  ClientTls Files() { return {dir_ / "ca.pem", "", "", true}; }
  ClientTls FilesOf(const testing::Identity& identity) {
    Put("client.pem", identity.certificate);
    Put("client.key", identity.key);
    return {dir_ / "ca.pem", dir_ / "client.pem", dir_ / "client.key", true};
  }
  Result<ClientResponse> Get(const std::string& target, const ClientTls& files) {
    return Client("https://" + address(), milliseconds(10'000), files).Get(target);
  }
  // The status of one request on a new connection, or why there was none.
  std::string Outcome(const ClientTls& files) {
    auto answer = Get("/hello", files);
    return answer.ok() ? std::to_string(answer->status) : answer.status().message();
  }

  testing::TempDir dir_;
  testing::Authority authority_;
};

TEST_F(HttpTls, LargeBodiesComeBackWholeOnOneConnection) {
  Start();
  Client client("https://" + address(), milliseconds(10'000), Files());
  ClientRequest request;
  request.method = "POST";
  request.target = "/echo";
  for (int i = 0; request.body.size() < 5'000'000; ++i) request.body += std::to_string(i);
  for (int round = 0; round < 2; ++round) {
    auto answer = client.Call(request);
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_EQ(answer->body, request.body);
  }
  EXPECT_EQ(server_->stats().accepted_total, 1u);
}

TEST_F(HttpTls, ABrowserIsToldToComeByTlsOnly) {
  Start();
  auto answer = Get("/hello", Files());
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->headers.Find("Strict-Transport-Security"), "max-age=31536000");
}

TEST_F(HttpTls, APlainPortSaysNothingOfTls) {
  options_.tls = {};
  Start();
  RawSocket socket(port());
  socket.Send(kHello);
  const std::string answer = socket.Receive();
  EXPECT_EQ(StatusIn(answer), 200);
  EXPECT_EQ(answer.find("Strict-Transport"), std::string::npos);
}

TEST_F(HttpTls, PlainHttpOnTheTlsPortIsToldSo) {
  Start();
  for (const std::string& bytes :
       {std::string(kHello), std::string("\r\n"), std::string("SSH-2")}) {
    const std::string answer = Exchange(bytes);
    EXPECT_EQ(StatusIn(answer), 400);
    EXPECT_NE(answer.find("problems/tls-required"), std::string::npos) << answer;
  }
  EXPECT_EQ(handled_, 0);
  EXPECT_EQ(Outcome(Files()), "200");
}

TEST_F(HttpTls, TlsOnThePlainPortIsRefused) {
  options_.tls = {};
  Start();
  EXPECT_NE(Outcome(Files()), "200");
  EXPECT_TRUE(Eventually([this] { return server_->stats().refused_total == 1; }));
  EXPECT_EQ(StatusOf(kHello), 200);
}

TEST_F(HttpTls, OldVersionsAreRefused) {
  Start();
  const auto handshake = [this](int version) {
    RawSocket socket(port());
    fcntl(socket.fd(), F_SETFL, 0);
    return testing::HandshakeAtMost(socket.fd(), version);
  };
  EXPECT_NE(handshake(kTls11), "");
  EXPECT_EQ(handshake(kTls12), "");
  EXPECT_TRUE(Eventually([this] { return server_->stats().tls_failed_total == 1; }));
}

TEST_F(HttpTls, TheClientRefusesWhatIsNotTheServer) {
  Start();
  const testing::Authority other;
  Put("other.pem", other.certificate());
  EXPECT_THAT(Outcome({dir_ / "other.pem", "", "", true}), ::testing::HasSubstr("certificate"));
  Install(authority_.Issue({.common_name = "x", .names = "DNS:elsewhere"}));
  EXPECT_THAT(Outcome(Files()), ::testing::HasSubstr("IP address mismatch"));
  EXPECT_EQ(Outcome({dir_ / "cert.pem", "", "", false}), "200");  // exactly this one is expected
  Install(authority_.Issue({.valid_from_s = -100, .valid_for_s = 50}));
  EXPECT_THAT(Outcome(Files()), ::testing::HasSubstr("expired"));
  EXPECT_EQ(handled_, 1);
}

TEST_F(HttpTls, AClientWithoutACertificateOfTheAuthorityIsRefused) {
  options_.tls.client_ca_file = dir_ / "ca.pem";
  Start();
  EXPECT_NE(Outcome(Files()), "200");
  EXPECT_NE(Outcome(FilesOf(testing::Authority().Issue({.common_name = "03"}))), "200");
  EXPECT_NE(Outcome(FilesOf(authority_.Issue({.valid_from_s = -100, .valid_for_s = 50}))), "200");
  EXPECT_EQ(handled_, 0);
  auto answer = Get("/who", FilesOf(authority_.Issue({.common_name = "03"})));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->body, "03");
}

TEST_F(HttpTls, ANewCertificateIsUsedAtTheNextConnection) {
  Start();
  Client kept("https://" + address(), milliseconds(10'000), Files());
  ASSERT_TRUE(kept.Get("/hello").ok());
  const testing::Authority next;
  Put("next.pem", next.certificate());
  const ClientTls after{dir_ / "next.pem", "", "", true};
  const testing::Identity identity = next.Issue();
  Put("cert.pem", identity.certificate);
  EXPECT_EQ(Outcome(Files()), "200");  // the key is still the old one's
  EXPECT_NE(Outcome(after), "200");
  Put("key.pem", identity.key);
  EXPECT_EQ(Outcome(after), "200");
  EXPECT_NE(Outcome(Files()), "200");
  EXPECT_TRUE(kept.Get("/hello").ok());  // what stands is not disturbed
}

TEST_F(HttpTls, AWrongOrMissingPairKeepsTheOldOne) {
  Start();
  Put("cert.pem", "-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(Outcome(Files()), "200");
  std::filesystem::remove(dir_ / "key.pem");
  EXPECT_EQ(Outcome(Files()), "200");
  Install(authority_.Issue());
  EXPECT_EQ(Outcome(Files()), "200");
}

TEST_F(HttpTls, FilesThatCannotBeUsedRefuseTheStart) {
  const auto start = [this](const TlsFiles& files) {
    Server server(clock_, {});
    ListenerOptions options = options_;
    options.tls = files;
    server.AddListener(options);
    const Status status = server.Start();
    EXPECT_EQ(status.code(), Code::kInvalid);
    return status.message();
  };
  const std::string cert = dir_ / "cert.pem", key = dir_ / "key.pem", none = dir_ / "none.pem";
  EXPECT_THAT(start({none, key, ""}), ::testing::HasSubstr("none.pem: No such file"));
  EXPECT_THAT(start({cert, none, ""}), ::testing::HasSubstr("none.pem: No such file"));
  EXPECT_THAT(start({cert, key, none}), ::testing::HasSubstr("none.pem"));
  Put("key.pem", authority_.Issue().key);
  EXPECT_THAT(start({cert, key, ""}), ::testing::HasSubstr("key values mismatch"));
}

TEST_F(HttpTls, ASilentOrSlowHandshakeIsClosedAndTheOthersAreServed) {
  options_.timeouts.handshake = milliseconds(200);
  Start();
  std::vector<std::unique_ptr<RawSocket>> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(std::make_unique<RawSocket>(port()));
    if (i % 2 == 0) slow.back()->Send("\x16\x03\x01\x02");  // a hello that never ends
  }
  EXPECT_EQ(Outcome(Files()), "200");
  for (const auto& socket : slow) EXPECT_TRUE(socket->ClosesByItself());
  EXPECT_TRUE(Eventually([this] { return server_->stats().connections == 0; }));
}

TEST_F(HttpTls, GarbageInsteadOfAHandshakeIsClosed) {
  Start();
  for (size_t length = 1; length < 400; length += 7) {
    RawSocket socket(port());
    socket.Send("\x16" + std::string(length, static_cast<char>(length)));
    socket.CloseSending();
    socket.ClosesByItself();
  }
  EXPECT_EQ(Outcome(Files()), "200");
}

TEST_F(HttpTls, ARefusalArrivesAndTheEndIsSaid) {
  options_.max_body_bytes = 1000;
  options_.timeouts.linger = milliseconds(500);
  Start();
  bool cut = true;
  RawTls large(port(), Files());
  large.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
  large.Send(std::string(16'000, 'x'));
  EXPECT_EQ(StatusIn(large.ReceiveAll(&cut)), 413);
  EXPECT_FALSE(cut);
  RawTls polite(port(), Files());
  polite.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(StatusIn(polite.ReceiveAll(&cut)), 200);
  EXPECT_FALSE(cut);
  RawTls garbage(port(), Files());
  garbage.Send("\x16\x03\x01 no HTTP\r\n\r\n");
  EXPECT_EQ(StatusIn(garbage.ReceiveAll()), 400);
}

TEST_F(HttpTls, ASlowBodyIsToldAndAnUnreadAnswerDropped) {
  options_.timeouts.body = milliseconds(60);
  options_.timeouts.write = milliseconds(200);
  options_.timeouts.linger = milliseconds(40);
  router_->Add("GET", "/large", [](Request&&, Responder responder) {
    responder.Send(Text(200, std::string(8 * 1024 * 1024, 'x')));
  });
  Start();
  RawTls slow(port(), Files());
  slow.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_EQ(StatusIn(slow.ReceiveAll()), 408);
  RawTls deaf(port(), Files());
  deaf.Send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(Eventually([this] { return server_->stats().timeouts_total >= 2; }));
  EXPECT_TRUE(Eventually([this] { return server_->stats().connections == 0; }));
}

TEST_F(HttpTls, ContinueIsSaidAndTheBodyTaken) {
  Start();
  RawTls socket(port(), Files());
  socket.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n"
      "Content-Length: 3\r\n\r\n");
  socket.Send("abc");
  EXPECT_THAT(socket.ReceiveAll(),
              ::testing::AllOf(::testing::HasSubstr("100 Continue"), ::testing::EndsWith("abc")));
}

TEST_F(HttpTls, AnOptionalListenerThatCannotOpenLeavesTheOthers) {
  server_ = std::make_unique<Server>(clock_, server_options_);
  server_->AddListener(options_);
  ListenerOptions control = options_;
  control.address = "unix:" + std::string(dir_ / "none/control.sock");
  control.optional = true;
  server_->AddListener(control);
  ASSERT_TRUE(server_->Start().ok());
  EXPECT_EQ(Outcome(Files()), "200");
}

}  // namespace
}  // namespace tillrelay::http
