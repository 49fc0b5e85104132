// The changes as server-sent events: the same as the answers, resumed, bounded, refused alike.
#include "collector/web/changes_stream.h"

#include <thread>

#include "tests/unit/collector/http_fixture.h"

namespace tillrelay::collector {
namespace {

// What a reader of the stream is sent.
class StreamReader {
 public:
  StreamReader(http::Response response, const testing::ManualClock* clock)
      : response_(std::move(response)), clock_(*clock), text_(response_.body) {
    if (response_.live != nullptr) response_.live->Enter([] {});
  }
  ~StreamReader() {
    if (response_.live != nullptr) response_.live->Leave();
  }
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // Everything up to the event in which `wanted` stands; "" after ten seconds.
  std::string Until(const std::string& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (text_.find(wanted) == std::string::npos || !text_.ends_with("\n\n")) {
      if (std::chrono::steady_clock::now() > deadline) return "";
      if (const auto text = response_.live->Since(&seen_, clock_.Now())) text_ += *text;
      std::this_thread::yield();
    }
    return text_;
  }
  // What there is now.
  std::string Now() {
    const auto text = response_.live->Since(&seen_, clock_.Now());
    text_ += text == nullptr ? "" : *text;
    return text == nullptr ? "" : *text;
  }
  std::string LastId() const {
    const size_t at = text_.rfind("id: ") + 4;
    return text_.substr(at, text_.find('\n', at) - at);
  }
  bool Ends() {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (!response_.live->ended() && std::chrono::steady_clock::now() < deadline) {
      (void)response_.live->Since(&seen_, clock_.Now());
      std::this_thread::yield();
    }
    return response_.live->ended();
  }

 private:
  http::Response response_;
  const testing::ManualClock& clock_;
  std::string text_;
  uint64_t seen_ = 0;
};

const std::pair<std::string, std::string> kEvents{"Accept", "text/event-stream"};

TEST_F(HttpTest, AStreamGivesWhatTheAnswersGive) {
  const std::string before = Next(Get("/v1/changes").body);
  http::Response response = Get("/v1/changes", "", "", {kEvents});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/event-stream");
  StreamReader reader(std::move(response), &clock_);
  EXPECT_EQ(reader.LastId(), before);
  Deliver({source_.Sale("apple", "1", 0)});
  const std::string all = reader.Until("\"apple\"");
  const std::string answer = Get("/v1/changes", "cursor=" + before).body;
  EXPECT_TRUE(all.ends_with("id: " + Next(answer) + "\ndata: " + answer + "\n\n")) << all;
  Deliver({source_.Sale("pear", "1", 1), source_.Sale("plum", "1", 2)});
  EXPECT_NE(reader.Until("\"plum\"").find("\"pear\""), std::string::npos);
  // A browser asks with the address that it had first.
  StreamReader again(Get("/v1/changes", "limit=1&cursor=" + before, "",
                         {kEvents, {"Last-Event-ID", Next(answer)}}),
                     &clock_);
  const std::string rest = again.Until("\"plum\"");
  EXPECT_NE(rest.find("\"pear\""), std::string::npos) << rest;
  EXPECT_EQ(rest.find("\"apple\""), std::string::npos) << rest;
  EXPECT_EQ(again.LastId(), reader.LastId());
}

TEST_F(HttpTest, ADocumentsLineEndsDoNotEndAnEvent) {
  EventSource::Odd odd;
  odd.data = "{\"transaction\":\n{\"register_id\":\"03\",\r\n\n\"business_day\":\"2026-11-21\"}}";
  Deliver({source_.SendOdd(odd)});
  StreamReader reader(Get("/v1/changes", "", "", {kEvents}), &clock_);
  const std::string all = reader.Until("register_id");
  std::string data = all.substr(all.find("data: ") + 6);
  EXPECT_EQ(data.find('\n'), data.size() - 2) << all;
  EXPECT_EQ(data.find('\r'), std::string::npos) << all;
  JsonParser parser;
  EXPECT_TRUE(parser.Parse(data).ok()) << data;
}

TEST_F(HttpTest, AStreamSaysThatItLivesAndHowFarItIs) {
  EventSource there("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  StreamReader reader(Get("/v1/changes", "store=0042", "", {kEvents}), &clock_);
  const std::string begun = reader.LastId();
  EXPECT_EQ(reader.Now(), "");
  Advance(kStreamHeartbeat);
  EXPECT_TRUE(reader.Now().starts_with(":\n"));
  EXPECT_EQ(reader.Now(), "");
  Deliver({there.Sale("apple", "1", 0)});
  while (reader.LastId() == begun) {  // what it passed need not be looked through again
    Advance(kStreamHeartbeat);
    const std::string text = reader.Now();
    ASSERT_TRUE(text.starts_with(":\n") && text.ends_with("\n\n")) << text;
    EXPECT_EQ(text.find("data:"), std::string::npos);
  }
  EXPECT_EQ(reader.LastId(), Next(Get("/v1/changes").body));
}

TEST_F(HttpTest, AStreamIsRefusedAsAnAnswerIs) {
  Deliver({source_.Sale("apple", "1", 0), source_.Sale("pear", "1", 1)});
  const std::string first = Next(Get("/v1/changes", "limit=1").body);
  const std::string second = Next(Get("/v1/changes").body);
  const auto status = [this](const std::string& query, const std::string& id) {
    return Get("/v1/changes", query, "", {kEvents, {"Last-Event-ID", id}}).status;
  };
  EXPECT_EQ(status("wait=1", ""), 400);
  EXPECT_EQ(status("cursor=" + first, "7"), 400);
  EXPECT_EQ(status("limit=0", ""), 400);
  EXPECT_EQ(status("", "9" + second), 409);
  ASSERT_EQ(store_->tables().Purge(2, 10).value(), 2u);
  EXPECT_EQ(status("", first), 410);
  EXPECT_EQ(status("", second), 200);
  for (const char* accept : {"application/json", "text/event-stream, application/json", "*/*",
                             "text/event-stream;q=0", "text/event-stream; q=0.000, */*"}) {
    EXPECT_EQ(Get("/v1/changes", "cursor=" + second, "", {{"Accept", accept}}).content_type,
              "application/json");
  }
  EXPECT_NE(
      Get("/v1/changes", "cursor=" + second, "", {{"Accept", "a/b;q=1 , TEXT/event-stream ;q=1"}})
          .live,
      nullptr);
}

TEST_F(HttpTest, AStreamWhosePlaceIsGoneEnds) {
  Deliver({source_.Sale("apple", "1", 0), source_.Sale("pear", "1", 1)});
  StreamReader reader(Get("/v1/changes", "", "", {kEvents}), &clock_);
  ASSERT_NE(reader.Until("\"pear\""), "");
  SetBackToTheFirst();
  EXPECT_TRUE(reader.Ends());
  EXPECT_EQ(Get("/v1/changes", "", "", {kEvents, {"Last-Event-ID", reader.LastId()}}).status, 409);
}

TEST_F(HttpTest, AnEventOfAStreamIsBounded) {
  EventSource::Odd odd;
  odd.data = R"({"transaction":{"register_id":"03","business_day":"2026-11-21"},"lines":[)";
  for (int line = 0; line < 2000; ++line) {
    odd.data += std::string(line == 0 ? "" : ",") + R"({"item":{"sku":"apple"},"uom":"EA"})";
  }
  odd.data += "]}";
  std::vector<Sent> sent;
  for (int i = 0; i < 6; ++i) sent.push_back(source_.SendOdd(odd));
  Deliver(sent);
  StreamReader reader(Get("/v1/changes", "", "", {kEvents}), &clock_);
  const std::string all = reader.Until("\"position\":6,");
  size_t largest = 0, at = 0;
  for (size_t end = all.find("\n\n"); end != std::string::npos; end = all.find("\n\n", at)) {
    largest = std::max(largest, end - at);
    at = end + 2;
  }
  EXPECT_LT(largest, kStreamBytes + 2 * odd.data.size());
  EXPECT_GT(largest, odd.data.size());
}

TEST_F(HttpTest, StreamsAreBoundedByTokenAndInAll) {
  Serve("secret");
  std::vector<std::unique_ptr<StreamReader>> readers;
  for (size_t i = 0; i < StreamPlaces::kOfToken; ++i) {
    http::Response response = Get("/v1/changes", "", "Bearer erp-secret", {kEvents});
    ASSERT_EQ(response.status, 200);
    readers.push_back(std::make_unique<StreamReader>(std::move(response), &clock_));
  }
  Deliver({source_.Sale("apple", "1", 0)});
  const std::string all = readers.front()->Until("\"apple\"");
  EXPECT_EQ(all.find("\"data\":"), std::string::npos) << all;  // what was sold is another scope
  const http::Response full = Get("/v1/changes", "", "Bearer erp-secret", {kEvents});
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.Find("Retry-After"), "5");
  EXPECT_EQ(Get("/v1/changes", "", "Bearer erp-secret").status, 200);
  EXPECT_EQ(Get("/v1/changes", "", "Bearer secret", {kEvents}).status, 200);
  readers.pop_back();
  EXPECT_EQ(Get("/v1/changes", "", "Bearer erp-secret", {kEvents}).status, 200);

  StreamPlaces places;
  std::vector<StreamPlaces::Place> taken;
  for (size_t i = 0; i < StreamPlaces::kInAll; ++i) {
    taken.push_back(places.Take("token" + std::to_string(i)));
    EXPECT_NE(taken.back(), nullptr);
  }
  EXPECT_EQ(places.Take("another"), nullptr);
  EXPECT_EQ(places.Take(""), nullptr);
  taken.pop_back();
  EXPECT_NE(places.Take(""), nullptr);
}

}  // namespace
}  // namespace tillrelay::collector
