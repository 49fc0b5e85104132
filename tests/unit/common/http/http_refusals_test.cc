// Attacks the parser and the rules with bytes as an attacker would send them.
#include <sys/resource.h>

#include <fstream>

#include "common/http/request_rules.h"
#include "tests/unit/common/http/http_fixture.h"

namespace tillrelay::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Refusal {
  const char* what;
  std::string bytes;
  int status;
};

std::string Get(const std::string& target, const std::string& fields = "Host: localhost\r\n") {
  return "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n";
}
std::string Post(const std::string& fields, const std::string& body = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

class HttpRefusals : public HttpTest {
 protected:
  void SetUp() override {
    options_.max_body_bytes = 1024;
    options_.timeouts.linger = milliseconds(50);
    Start();
  }
  void ExpectEach(const std::vector<Refusal>& refusals) {
    for (const Refusal& refusal : refusals) {
      const std::string answer = Exchange(refusal.bytes);
      EXPECT_EQ(StatusIn(answer), refusal.status) << refusal.what << "\n" << answer;
      EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << refusal.what;
      EXPECT_NE(answer.find("Connection: close"), std::string::npos) << refusal.what;
    }
    EXPECT_EQ(handled_, 0);
  }
};

TEST_F(HttpRefusals, ForeignMissingAndDoubleHostAreRefused) {
  ExpectEach({
      {"missing", Get("/hello", ""), 400},
      {"double", Get("/hello", "Host: localhost\r\nHost: localhost\r\n"), 400},
      {"foreign", Get("/hello", "Host: evil.example\r\n"), 421},
      {"rebound with our port", Get("/hello", "Host: evil.example:8470\r\n"), 421},
      {"empty", Get("/hello", "Host:\r\n"), 400},
      {"with a path", Get("/hello", "Host: localhost/x\r\n"), 400},
      {"with a user", Get("/hello", "Host: localhost@evil.example\r\n"), 400},
      {"port of letters", Get("/hello", "Host: localhost:80a\r\n"), 400},
      {"open bracket", Get("/hello", "Host: [::1\r\n"), 400},
  });
}

// Whatever refuses: the rules, the router, the gates, the size, a handler.
TEST_F(HttpRefusals, ABrowserGetsAPageAndAProgramADocument) {
  server_.reset();
  router_ = std::make_shared<Router>();
  router_->RefuseUnknownParameters();
  router_->SetAuthorizer([](Request& request) {
    return request.path == "/closed" ? std::optional(Problem(401, "token", "A token is needed"))
                                     : std::nullopt;
  });
  for (const char* path : {"/closed", "/open"}) {
    router_->Add("GET", path, [](Request&&, const Responder& r) { r.Send(Text(200, "here")); });
  }
  router_->Add("POST", "/echo",
               [](Request&&, const Responder& r) { r.Send(Problem(409, "conflict", "Not now")); });
  router_->SetProblemPage([](const Request& request, const Response& problem) {
    Response page;
    page.status = problem.status;
    page.close = problem.close;
    page.content_type = "text/html; charset=utf-8";
    page.body = "page for " + request.method + " " + request.target;
    return page;
  });
  options_.router = router_;
  server_ = std::make_unique<Server>(clock_, server_options_);
  server_->AddListener(options_);
  ASSERT_TRUE(server_->Start().ok());
  const std::string host = "Host: localhost\r\n";
  const struct {
    std::string head, fields, body;
    int status;
  } rows[] = {
      {"GET /none", host, "", 404},
      {"GET /open?odd=1", host, "", 400},
      {"DELETE /open", host, "", 405},
      {"GET /closed", host, "", 401},
      {"GET /open", "Host: evil.example\r\n", "", 421},
      {"POST /echo", host + "Content-Length: 2000\r\n", "", 413},
      {"POST /echo", host + "Content-Length: 2\r\n", "{}", 409},
  };
  for (const auto& row : rows) {
    const auto answer = [&](const std::string& accept) {
      return Exchange(row.head + " HTTP/1.1\r\n" + row.fields + "Connection: close\r\n" + accept +
                      "\r\n" + row.body);
    };
    const std::string page = answer("Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n");
    EXPECT_EQ(StatusIn(page), row.status) << row.head;
    EXPECT_EQ(BodyIn(page), "page for " + row.head);
    EXPECT_THAT(page, HasSubstr("text/html"));
    for (const char* accept : {"", "Accept: */*\r\n", "Accept: application/json\r\n"}) {
      const std::string document = answer(accept);
      EXPECT_EQ(StatusIn(document), row.status) << row.head;
      EXPECT_THAT(document, HasSubstr("application/problem+json"));
    }
  }
  const std::string good =
      Exchange("GET /open HTTP/1.1\r\n" + host + "Accept: text/html\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(BodyIn(good), "here");
}

TEST_F(HttpRefusals, UnclearLengthsAreRefused) {
  ExpectEach({
      {"length and chunks", Post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "abc"),
       400},
      {"chunks and length", Post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "abc"),
       400},
      {"two lengths", Post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"), 400},
      {"two equal lengths", Post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {"list of lengths", Post("Content-Length: 3, 3\r\n", "abc"), 400},
      {"negative", Post("Content-Length: -1\r\n"), 400},
      {"signed", Post("Content-Length: +3\r\n", "abc"), 400},
      {"hexadecimal", Post("Content-Length: 0x3\r\n", "abc"), 400},
      {"beyond 64 bits", Post("Content-Length: 99999999999999999999999\r\n"), 400},
      {"double chunked", Post("Transfer-Encoding: chunked, chunked\r\n"), 501},
      {"two encodings", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"gzip in transfer", Post("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"not chunked", Post("Transfer-Encoding: identity\r\n"), 501},
      {"chunked in 1.0",
       "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
  });
}

TEST_F(HttpRefusals, BadChunksAreRefused) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  ExpectEach({
      {"no number", Post(chunked, "xyz\r\nabc\r\n0\r\n\r\n"), 400},
      {"negative", Post(chunked, "-3\r\nabc\r\n0\r\n\r\n"), 400},
      {"beyond 64 bits", Post(chunked, "fffffffffffffffff\r\nabc\r\n"), 400},
      {"no line end behind", Post(chunked, "3\r\nabcXX0\r\n\r\n"), 400},
      {"extension without end", Post(chunked, "3;" + std::string(200'000, 'a')), 400},
      {"too large at once", Post(chunked, "401\r\n"), 413},
      {"too large in sum", Post(chunked, "400\r\n" + std::string(0x400, 'a') + "\r\n1\r\na\r\n"),
       413},
  });
}

TEST_F(HttpRefusals, TooLargeIsRefusedBeforeItIsRead) {
  ExpectEach({
      {"header", Get("/hello", "Host: localhost\r\nX: " + std::string(20'000, 'a') + "\r\n"), 431},
      {"header without end", "GET /hello HTTP/1.1\r\nX: " + std::string(100'000, 'a'), 431},
      {"target without end", "GET /" + std::string(100'000, 'a'), 431},
      {"many fields",
       Get(
           "/hello", "Host: localhost\r\n" +
                         [] {
                           std::string fields;
                           for (int i = 0; i < 200; ++i) fields += "A: b\r\n";
                           return fields;
                         }()),
       431},
      {"body", Post("Content-Length: 1025\r\n"), 413},
      {"body of 18 exabytes", Post("Content-Length: 18446744073709551615\r\n"), 413},
  });
}

TEST_F(HttpRefusals, ManySmallFieldsCannotPassTheHeaderLimitPieceByPiece) {
  RawSocket socket(port());
  socket.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 50; ++i) socket.Send("X: " + std::string(1000, 'a') + "\r\n");
  EXPECT_EQ(StatusIn(socket.ReceiveAll()), 431);
}

TEST_F(HttpRefusals, WhatIsNotHttpIsRefused) {
  using namespace std::string_literals;
  ExpectEach({
      {"garbage", "\x80\xff\x00\x13\x37\r\n\r\n"s, 400},
      {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(500, '\x11'),
       400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"HTTP/0.9", "GET /hello\r\n\r\n", 400},
      {"bare line feeds", "GET /hello HTTP/1.1\nHost: localhost\n\n", 400},
      {"blank before colon", Get("/hello", "Host : localhost\r\n"), 400},
      {"NUL in a value", Get("/hello", "Host: localhost\r\nX: a\0b\r\n"s), 400},
      {"method of brackets", "G<>T /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
  });
}

TEST_F(HttpRefusals, HostileTargetsAreRefused) {
  using namespace std::string_literals;
  ExpectEach({
      {"dot segments", Get("/../etc/passwd"), 400},
      {"inside", Get("/a/../hello"), 400},
      {"hidden dots", Get("/%2e%2E/etc/passwd"), 400},
      {"hidden slash", Get("/a%2f..%2fhello"), 400},
      {"backslash", Get("/a%5c..%5chello"), 400},
      {"NUL", Get("/hello%00"), 400},
      {"raw NUL", Get("/hel\0lo"s), 400},
      {"line feed", Get("/hello%0d%0aX: y"), 400},
      {"cut escape", Get("/hello%4"), 400},
      {"wrong escape", Get("/hello%zz"), 400},
      {"beyond ASCII", Get("/h\xc3\xa9llo"), 400},
      {"fragment", Get("/hello#x"), 400},
      {"relative", Get("hello"), 400},
      {"authority", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"other scheme", Get("ftp://localhost/hello"), 400},
  });
}

TEST_F(HttpRefusals, EncodingsExpectationsAndMethodsThatAreNotOursAreRefused) {
  ExpectEach({
      {"gzip", Post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), 415},
      {"deflate", Post("Content-Encoding: identity, deflate\r\nContent-Length: 3\r\n", "abc"), 415},
      {"expectation", Post("Expect: 200-ok\r\nContent-Length: 3\r\n"), 417},
      {"unknown method", "BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"TRACE", "TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
  });
}

TEST_F(HttpRefusals, OtherSitesCannotPost) {
  const std::string length = "Content-Length: 1\r\n";
  ExpectEach({
      {"foreign origin", Post("Origin: https://evil.example\r\n" + length, "x"), 403},
      {"null origin", Post("Origin: null\r\n" + length, "x"), 403},
      {"other port", Post("Origin: http://localhost:99\r\n" + length, "x"), 403},
      {"browser says cross-site", Post("Sec-Fetch-Site: cross-site\r\n" + length, "x"), 403},
      {"preflight",
       "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n"
       "Access-Control-Request-Method: POST\r\n\r\n",
       403},
  });
  EXPECT_EQ(
      StatusOf(Post("Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n" + length, "x")),
      200);
}

// What a browser lets a page of that origin read, and whether the request is taken.
class AllowedOrigins : public HttpRefusals {
 protected:
  void SetUp() override {
    options_.allowed_origins = {"https://till.example", "http://localhost:3000"};
    router_->Add("OPTIONS", "/echo", [](Request&& request, Responder responder) {
      responder.Send(PreflightAnswer(request));
    });
    HttpRefusals::SetUp();
  }
  static std::string Preflight(const std::string& headers) {
    return "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
           "Access-Control-Request-Method: POST\r\n" +
           headers + "\r\n";
  }
  static std::string From(const std::string& origin) {
    return Post("Origin: " + origin +
                    "\r\nSec-Fetch-Site: cross-site\r\nConnection: close\r\n"
                    "Content-Length: 1\r\n",
                "x");
  }
  static std::string Reading(const std::string& origin, const std::string& more = "") {
    return Get("/hello", "Host: localhost\r\n" + more + "Origin: " + origin + "\r\n");
  }
};

TEST_F(AllowedOrigins, MaySendAndReadAndNobodyElse) {
  for (const std::string& origin : options_.allowed_origins) {
    const std::string answer = Exchange(From(origin));
    EXPECT_EQ(StatusIn(answer), 200) << answer;
    EXPECT_THAT(answer, HasSubstr("\r\nAccess-Control-Allow-Origin: " + origin + "\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nVary: Origin\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Allow-Credentials")));
    const std::string preflight = Exchange(Preflight("Origin: " + origin + "\r\n"));
    EXPECT_EQ(StatusIn(preflight), 204) << preflight;
    EXPECT_THAT(preflight, HasSubstr("\r\nAccess-Control-Allow-Origin: " + origin + "\r\n"));
    EXPECT_THAT(preflight, HasSubstr("\r\nAccess-Control-Allow-Methods: POST\r\n"));
    EXPECT_THAT(preflight, HasSubstr("Authorization, Content-Type"));
    EXPECT_THAT(preflight, Not(HasSubstr("Private-Network")));
  }
  for (const char* origin :
       {"https://till.example.evil.example", "https://till.exampl", "https://till.example:8443",
        "http://till.example", "https://till.example/", "https://TILL.example", "null", "*",
        "https://evil.example", "http://localhost:30001", "http://localhost:300",
        "https://till.example https://evil.example", "https://till.example\r\nOrigin: null"}) {
    for (const std::string& bytes :
         {From(origin), Preflight(std::string("Origin: ") + origin + "\r\n")}) {
      const std::string answer = Exchange(bytes);
      EXPECT_EQ(StatusIn(answer), 403) << answer;
      EXPECT_THAT(answer, Not(HasSubstr("Access-Control"))) << origin;
    }
    EXPECT_THAT(Exchange(Reading(origin, "Connection: close\r\n")),
                Not(HasSubstr("Access-Control")));
  }
}

TEST_F(AllowedOrigins, RefusalsCanBeReadToo) {
  const std::string large =
      Exchange(Post("Origin: https://till.example\r\nContent-Length: 5000\r\n"));
  EXPECT_EQ(StatusIn(large), 413);
  EXPECT_THAT(large, HasSubstr("Access-Control-Allow-Origin: https://till.example"));
  EXPECT_THAT(large, HasSubstr("Access-Control-Expose-Headers: Retry-After"));
}

TEST_F(AllowedOrigins, AnAnswerIsNotReadableBecauseTheRequestBeforeItWas) {
  RawSocket socket(port());
  socket.Send(Reading("https://till.example"));
  EXPECT_THAT(socket.Receive(), HasSubstr("Access-Control-Allow-Origin"));
  socket.Send(Reading("https://evil.example"));
  EXPECT_THAT(socket.Receive(), Not(HasSubstr("Access-Control-Allow-Origin")));
}

TEST_F(AllowedOrigins, APrivateNetworkIsAllowedWhereItIsAskedFor) {
  EXPECT_THAT(Exchange(Preflight("Origin: https://till.example\r\n"
                                 "Access-Control-Request-Private-Network: true\r\n")),
              HasSubstr("Access-Control-Allow-Private-Network: true"));
}

TEST_F(HttpRefusals, RefusalsNeverEchoWhatWasSent) {
  const std::string mark = "<script>alert(1)</script>";
  for (const std::string& bytes :
       {Get("/" + mark), Get("/hello", "Host: " + mark + "\r\n"), "X" + Get("/hello"),
        Get("/nowhere?" + mark), Post("Expect: " + mark + "\r\n")}) {
    RawSocket socket(port());
    socket.Send(bytes);
    EXPECT_EQ(socket.Receive().find("script"), std::string::npos) << bytes;
  }
}

TEST_F(HttpRefusals, EveryPrefixOfARequestIsHarmless) {
  const std::string whole = Post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n");
  for (size_t length = 0; length < whole.size(); ++length) {
    RawSocket socket(port());
    socket.Send(whole.substr(0, length));
    socket.CloseSending();
    EXPECT_EQ(StatusIn(socket.ReceiveAll()), 0) << length;
  }
  EXPECT_EQ(handled_, 0);
  EXPECT_EQ(StatusOf(whole), 200);
}

uint64_t ResidentKb() {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    if (word == "VmRSS:") {
      uint64_t kb = 0;
      file >> kb;
      return kb;
    }
  }
  return 0;
}

TEST_F(HttpRefusals, HundredMegabytesAreRefusedWithFlatMemory) {
  const std::string piece(1024 * 1024, 'a');
  const uint64_t before = ResidentKb();
  RawSocket socket(port());
  socket.Send(Post("Content-Length: 104857600\r\n"));
  EXPECT_EQ(StatusIn(socket.Receive()), 413);
  for (int i = 0; i < 100; ++i) socket.Send(piece);
  EXPECT_LT(ResidentKb(), before + 8 * 1024);
}

TEST_F(HttpRefusals, AnsweringHeadersCannotSplitTheResponse) {
  auto router = std::make_shared<Router>();
  router->Add("GET", "/split", [](Request&&, Responder responder) {
    Response response = Text(200, "x");
    response.headers.Add("X-Good", "yes");
    response.headers.Add("X-Bad", "a\r\nSet-Cookie: evil=1");
    response.headers.Add("X-Bad\r\nSet-Cookie", "evil=2");
    response.headers.Add("Content-Length", "0");
    response.content_type = "text/html\r\nSet-Cookie: evil=3";
    responder.Send(std::move(response));
  });
  Server server(clock_, {});
  ListenerOptions options = options_;
  options.router = router;
  server.AddListener(options);
  ASSERT_TRUE(server.Start().ok());
  RawSocket socket(server.bound_port(0));
  socket.Send(Get("/split"));
  const std::string answer = socket.Receive();
  EXPECT_EQ(answer.find("evil"), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-Good: yes"), std::string::npos);
  EXPECT_EQ(BodyIn(answer), "x");
}

}  // namespace
}  // namespace tillrelay::http
