// A stream for many readers: one rendering a tick, a bound, and nobody who can hold it up.
#include "common/http/live_source.h"
#include "common/web/html.h"
#include "tests/unit/common/http/http_fixture.h"

namespace tillrelay::http {
namespace {

constexpr std::string_view kAsk = "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HttpLive : public HttpTest {
 protected:
  void StartLive(size_t max_readers = 8, size_t bytes = 10) {
    LiveSource::Options live;
    live.interval = milliseconds(1);
    live.max_readers = max_readers;
    live.whole = [this, bytes] { return Word("whole", ++wholes_, bytes); };
    live.difference = [this, bytes] { return Word("news", ++differences_, bytes); };
    source_ = std::make_shared<LiveSource>(std::move(live));
    router_->Add("GET", "/live", [this](Request&&, Responder responder) {
      if (source_->full()) return responder.Send(Problem(503, "full", "Too many"));
      Response response;
      response.content_type = "text/event-stream";
      response.live = source_;
      responder.Send(std::move(response));
    });
    options_.timeouts.idle = milliseconds(20);  // so that the server looks every 5 ms
    options_.timeouts.write = milliseconds(300);
    Start();
  }
  static std::string Word(const char* what, int number, size_t bytes) {
    return std::string(what) + std::to_string(number) + std::string(bytes, '.') + "\n";
  }
  uint64_t open() { return server_->stats().connections; }

  std::shared_ptr<LiveSource> source_;
  std::atomic<int> wholes_{0}, differences_{0};
};

TEST_F(HttpLive, AReaderGetsTheWholeAndThenTheDifferences) {
  StartLive();
  RawSocket reader(port());
  reader.Send(kAsk);
  EXPECT_TRUE(Eventually([this] { return differences_ > 3; }));
  reader.CloseSending();  // a reader that leaves is noticed
  const std::string all = reader.ReceiveAll();
  EXPECT_NE(all.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_EQ(all.find("Content-Length"), std::string::npos);
  const size_t whole = all.find("whole1."), news = all.find("news2.");
  EXPECT_NE(whole, std::string::npos) << all;
  EXPECT_NE(news, std::string::npos) << all;
  EXPECT_LT(whole, news);
  EXPECT_EQ(all.find("whole2"), std::string::npos);
  EXPECT_TRUE(Eventually([this] { return open() == 0; }));
}

TEST_F(HttpLive, WithoutAReaderNothingIsRendered) {
  StartLive();
  {
    RawSocket reader(port());
    reader.Send(kAsk);
    EXPECT_TRUE(Eventually([this] { return differences_ > 1; }));
  }
  EXPECT_TRUE(Eventually([this] { return open() == 0; }));
  const int before = differences_;
  const uint64_t requests = server_->stats().requests_total;
  while (server_->stats().requests_total < requests + 100) {  // time passes for the server
    EXPECT_EQ(StatusOf("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 200);
  }
  EXPECT_EQ(differences_, before);
}

TEST_F(HttpLive, ManyReadersShareOneRendering) {
  StartLive();
  std::vector<std::unique_ptr<RawSocket>> readers;
  for (int i = 0; i < 8; ++i) {
    readers.push_back(std::make_unique<RawSocket>(port()));
    readers.back()->Send(kAsk);
  }
  EXPECT_TRUE(Eventually([this] { return open() == 8; }));
  const int before = differences_;
  EXPECT_TRUE(Eventually([&] { return differences_ > before + 5; }));
  EXPECT_LE(wholes_, 8);
}

TEST_F(HttpLive, OneReaderTooManyIsRefusedAndTheOthersGoOn) {
  StartLive(2);
  RawSocket first(port()), second(port()), third(port());
  first.Send(kAsk);
  second.Send(kAsk);
  EXPECT_TRUE(Eventually([this] { return wholes_ >= 1 && open() == 3; }));
  EXPECT_TRUE(Eventually([&] {
    third.Send(kAsk);
    return StatusIn(third.Receive()) == 503;
  }));
  const int before = differences_;
  EXPECT_TRUE(Eventually([&] { return differences_ > before + 2; }));
}

TEST_F(HttpLive, AReaderThatDoesNotReadIsDroppedAndOwesLittle) {
  StartLive(8, 4'000'000);
  RawSocket slow(port());
  slow.ShrinkReceiveBuffer();
  slow.Send(kAsk);
  EXPECT_TRUE(Eventually([this] { return open() == 1; }));
  EXPECT_TRUE(Eventually([this] { return open() == 0; }));
  EXPECT_GE(server_->stats().timeouts_total, 1u);
}

// Gives its texts one after the other, each only after a wake of its own, and ends.
class Woken final : public LiveStream {
 public:
  explicit Woken(int count) : left_(count) {}
  void Enter(std::function<void()> wake) override { wake_ = std::move(wake); }
  void Leave() override {
    wake_ = nullptr;
    has_left_ = true;
  }
  Text Since(uint64_t* /*seen*/, Instant /*now*/) override {
    if (left_ == 0) return nullptr;
    awake_ = !awake_;
    wake_();
    if (!awake_) return nullptr;
    return std::make_shared<const std::string>(std::to_string(left_--) + "\n");
  }
  bool ended() const override { return left_ == 0; }
  bool has_left() const { return has_left_; }

 private:
  int left_;
  bool awake_ = true;
  std::function<void()> wake_;
  std::atomic<bool> has_left_{false};
};

TEST_F(HttpLive, AStreamThatHasSomethingIsAskedAtOnceAndMayEnd) {
  const auto stream = std::make_shared<Woken>(50);  // with a look every second: a minute
  router_->Add("GET", "/live", [stream](Request&&, Responder responder) {
    Response response;
    response.body = "begun\n";
    response.live = stream;
    responder.Send(std::move(response));
  });
  Start();
  RawSocket reader(port());
  reader.Send(kAsk);
  const std::string body = BodyIn(reader.ReceiveAll());
  EXPECT_TRUE(body.starts_with("begun\n50\n49\n")) << body;
  EXPECT_TRUE(body.ends_with("\n2\n1\n")) << body;
  reader.CloseSending();
  EXPECT_TRUE(Eventually([&] { return stream->has_left(); }));
}

TEST_F(HttpLive, AStopDoesNotWaitForReaders) {
  StartLive();
  RawSocket reader(port());
  reader.Send(kAsk);
  EXPECT_TRUE(Eventually([this] { return differences_ > 0; }));
  server_->Stop(std::chrono::hours(1));
  EXPECT_TRUE(reader.ClosesByItself());
}

TEST(LiveSource, AReaderThatMissedATickGetsTheWholeAgain) {
  int wholes = 0;
  LiveSource source({std::chrono::seconds(1), 8, [&] { return "w" + std::to_string(++wholes); },
                     [] { return std::string("d"); }});
  Instant now{};
  uint64_t quick = 0, slow = 0;
  EXPECT_EQ(*source.Since(&quick, now), "w1");
  EXPECT_EQ(*source.Since(&slow, now), "w1");
  for (int i = 0; i < 2; ++i) {
    now += std::chrono::seconds(1);
    EXPECT_EQ(*source.Since(&quick, now), "d");
    EXPECT_EQ(source.Since(&quick, now), nullptr);
  }
  EXPECT_EQ(*source.Since(&slow, now), "w2");
}

TEST(Html, EscapesWhatComesFromOutside) {
  Html html;
  html.Raw("<p title=\"").Put("{}\">{}</p>", "\"'><script>", "a & b");
  EXPECT_EQ(html.Take(), "<p title=\"&quot;&#39;&gt;&lt;script&gt;\">a &amp; b</p>");
}

}  // namespace
}  // namespace tillrelay::http
