#include "collector/web/changes_stream.h"

#include <algorithm>

#include "collector/web/parameters.h"
#include "common/web/security_headers.h"

namespace tillrelay::collector {
namespace {

constexpr std::string_view kEventStream = "text/event-stream";

std::string IdOf(const ChangesQuestion& question) {
  return question.cursor ? "id: " + CursorText(*question.cursor) + "\n" : "";
}

// A line end in an answer stands between two tokens of a document, where a blank means the same; an
// event would end there.
std::string EventOf(const ChangesAnswer& answer) {
  std::string text = "id: " + CursorText(answer.next) + "\ndata: " + ChangesJson(answer) + "\n\n";
  const auto begin = text.begin() + static_cast<ptrdiff_t>(text.find('\n') + 1);
  std::replace_if(
      begin, text.end() - 2, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

http::Response TooManyStreams() {
  http::Response full =
      http::Problem(503, "full", "Too many streams of changes", "Ask with wait= instead");
  full.headers.Add("Retry-After", "5");
  return full;
}

}  // namespace

StreamPlaces::Place StreamPlaces::Take(const std::string& token) {
  Lock lock(taken_->mutex);
  size_t& held = taken_->of[token];
  if (taken_->all >= kInAll || (!token.empty() && held >= kOfToken)) return nullptr;
  ++held;
  ++taken_->all;
  return Place(taken_.get(), [taken = taken_, token](void*) {
    Lock giving(taken->mutex);
    --taken->all;
    if (--taken->of[token] == 0) taken->of.erase(token);
  });
}

Result<http::Response> ChangesStream::Begin(Sql* sql) {
  auto answer = ReadChanges(sql, NextChanges());
  if (!answer.ok()) return std::move(answer).status();
  const bool something = answer->count > 0;
  Take(*std::move(answer));
  http::Response response;
  response.content_type = kEventStream;
  response.headers.Add("X-Accel-Buffering", "no");  // nginx would keep events back
  response.body = "retry: 3000\n" + (something ? "" : IdOf(NextChanges()) + "\n");
  response.live = shared_from_this();
  return response;
}

void ChangesStream::Enter(std::function<void()> wake) {
  Lock lock(mutex_);
  wake_ = std::move(wake);
}

void ChangesStream::Leave() {
  StreamPlaces::Place place;  // given back behind the lock
  std::function<void()> wake;
  Lock lock(mutex_);
  left_ = true;
  place.swap(place_);
  wake.swap(wake_);
}

http::LiveStream::Text ChangesStream::Since(uint64_t* /*seen*/, Instant now) {
  Text text;
  bool ask = false;
  {
    Lock lock(mutex_);
    text = std::exchange(next_, nullptr);
    const bool silent = sent_at_ != Instant() && now - sent_at_ >= kStreamHeartbeat;
    if (text == nullptr && silent) {
      text = std::make_shared<const std::string>(":\n" + (moved_ ? IdOf(question_) : "") + "\n");
    }
    if (text != nullptr || sent_at_ == Instant()) sent_at_ = now;
    if (text != nullptr) moved_ = false;
    ask = !asking_ && !ended_;
    if (ask) asking_ = true;
  }
  if (ask && !reader_.Ask(Question())) {
    Lock lock(mutex_);
    asking_ = false;  // tried again with the next look
  }
  return text;
}

bool ChangesStream::ended() const {
  Lock lock(mutex_);
  return ended_ && next_ == nullptr;
}

ChangesQuestion ChangesStream::NextChanges() const {
  Lock lock(mutex_);
  return question_;
}

Reader::Question ChangesStream::Question() {
  return [self = shared_from_this()](Result<Sql*> sql) { return self->ReadOn(std::move(sql)); };
}

bool ChangesStream::Take(ChangesAnswer answer) {
  std::function<void()> wake;
  {
    Lock lock(mutex_);
    moved_ =
        moved_ || !question_.cursor || CursorText(*question_.cursor) != CursorText(answer.next);
    question_.cursor = answer.next;
    if (answer.count == 0) return answer.more();
    next_ = std::make_shared<const std::string>(EventOf(answer));
    asking_ = false;
    wake = wake_;
  }
  if (wake) wake();
  return true;
}

void ChangesStream::Ended() {
  std::function<void()> wake;
  {
    Lock lock(mutex_);
    ended_ = true;
    asking_ = false;
    wake = wake_;
  }
  if (wake) wake();
}

// Asks itself again as long as there is nothing to be sent.
Status ChangesStream::ReadOn(Result<Sql*> sql) {
  {
    Lock lock(mutex_);
    if (left_) return Status::Ok();
  }
  auto answer = sql.ok() ? ReadChanges(*sql, NextChanges()) : Result<ChangesAnswer>(sql.status());
  if (!answer.ok()) {
    Ended();
    return ForConnection(answer.status());
  }
  const bool something = answer->count > 0;
  const bool more = Take(*std::move(answer));
  if (something) return Status::Ok();
  if (more ? reader_.Ask(Question()) : reader_.AskLater(Question())) return Status::Ok();
  Lock lock(mutex_);
  asking_ = false;
  return Status::Ok();
}

// A type of `Accept` with the weight 0 is one that the client does not take.
bool IsRefused(std::string_view parameters) {
  const size_t at = parameters.find("q=0");
  if (at == std::string_view::npos) return false;
  const std::string_view weight = parameters.substr(at + 2);
  return weight.substr(0, weight.find_first_of(", ;\t")).find_first_not_of("0.") ==
         std::string_view::npos;
}

bool WantsStream(const http::Request& request) {
  bool stream = false, json = false;
  std::string_view rest = request.Header("Accept");
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    std::string_view type = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    type = type.substr(std::min(type.find_first_not_of(" \t"), type.size()));
    const size_t end = std::min(type.find_first_of("; \t"), type.size());
    if (IsRefused(type.substr(end))) continue;
    type = type.substr(0, end);
    stream = stream || http::EqualsIgnoringCase(type, kEventStream);
    json = json || http::EqualsIgnoringCase(type, "application/json");
  }
  return stream && !json;
}

bool FollowChanges(Reader* reader, StreamPlaces* places, ChangesQuestion question,
                   const std::string& token, http::Responder responder) {
  auto place = places->Take(token);
  if (place == nullptr) {
    responder.Send(Secured(TooManyStreams()));
    return true;
  }
  question.bytes = kStreamBytes;
  const auto stream =
      std::make_shared<ChangesStream>(reader, std::move(question), std::move(place));
  return reader->Ask([stream, responder](Result<Sql*> sql) -> Status {
    auto response = sql.ok() ? stream->Begin(*sql) : Result<http::Response>(sql.status());
    const Status failure = response.ok() ? Status::Ok() : response.status();
    responder.Send(Secured(response.ok() ? *std::move(response) : ProblemOf(failure)));
    return ForConnection(failure);
  });
}

}  // namespace tillrelay::collector
