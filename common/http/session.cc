#include "common/http/session.h"

#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/base/log.h"
#include "common/http/live_source.h"
#include "common/http/request_reader.h"
#include "common/http/request_rules.h"

namespace tillrelay::http {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Socket = asio::basic_stream_socket<Protocol, asio::io_context::executor_type>;
using TlsStream = asio::ssl::stream<Socket>;

constexpr size_t kFirstBuffer = 4 * 1024;
constexpr size_t kMaxBuffer = 64 * 1024;   // one read of a large body
constexpr size_t kKeptBuffer = 16 * 1024;  // more is given back between requests
constexpr size_t kCopiedBody = 16 * 1024;  // larger bodies are written from where they are
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

constexpr char kTlsHandshake = 0x16;  // a TLS connection's first byte (RFC 8446, 5.1)

Socket& Raw(Socket& socket) { return socket; }
Socket& Raw(TlsStream& stream) { return stream.next_layer(); }

// The common name of the certificate that the client has shown; empty without one.
std::string CertificateName(SSL* ssl) {
  std::string name;
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return name;
  char text[256] = "";
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               text, sizeof text);
  if (length > 0) name.assign(text, static_cast<size_t>(length));
  X509_free(certificate);
  return name;
}

// Stream is a socket, or a TLS stream over one.
template <typename Stream>
class StreamSession final : public Session,
                            public std::enable_shared_from_this<StreamSession<Stream>> {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  StreamSession(std::shared_ptr<Hub> hub, std::shared_ptr<Port> port, Stream stream,
                std::string remote)
      : hub_(std::move(hub)),
        port_(std::move(port)),
        limits_(port_->options),
        remote_(std::move(remote)),
        stream_(std::move(stream)),
        reader_(limits_.max_header_bytes) {}

  void Start() override {
    if constexpr (kTls) {
      BeginTls();
    } else {
      BeginHttp();
    }
  }

  void Sweep(Instant now) override {
    if (phase_ == Phase::kLive) return SweepLive(now);
    if (now < deadline_) return;
    hub_->Count(&ServerStats::timeouts_total);
    switch (phase_) {
      case Phase::kHead:
      case Phase::kBody:
        return Refuse(Problem(408, "too-slow", "The request came too slowly"));
      case Phase::kHandling:
        return Refuse(Problem(503, "no-answer", "No answer in time"));
      default:
        return Close();
    }
  }

  Instant WaitsSince() const override {
    return phase_ == Phase::kHandling || phase_ == Phase::kClosed ? Instant::max() : phase_since_;
  }
  const Port* port() const override { return port_.get(); }
  const std::string& remote() const override { return remote_; }
  bool known() const override { return known_; }

  void GiveWay() override {
    if (!kTls && (phase_ == Phase::kHead || phase_ == Phase::kBody)) {
      // As much as the socket takes at once: nobody waits for a client that is being closed.
      const std::string busy = hub_->BusyAnswer();
      ::send(Raw(stream_).native_handle(), busy.data(), busy.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    Close();
  }

  void Drain() override {
    if (phase_ == Phase::kIdle || phase_ == Phase::kHead || phase_ == Phase::kLive) Close();
  }

  void Close() override {
    if (phase_ == Phase::kClosed) return;
    phase_ = Phase::kClosed;
    ++turn_;
    ReleaseBody();
    if (live_ != nullptr) live_->Leave();
    live_.reset();
    Error ignored;
    Raw(stream_).close(ignored);
    --port_->open;
    hub_->Remove(this);
  }

 private:
  enum class Phase {
    kHandshake,
    kIdle,
    kHead,
    kBody,
    kHandling,
    kWriting,
    kLive,
    kLinger,
    kClosed
  };

  void Enter(Phase phase, std::chrono::milliseconds patience) {
    phase_ = phase;
    phase_since_ = hub_->clock.Now();
    deadline_ = phase_since_ + patience;
  }

  void BeginHttp() {
    Enter(Phase::kIdle, limits_.timeouts.header);
    Read();
  }

  // --- TLS ---

  // The first byte tells TLS from plain HTTP, which is answered in plain words.
  void BeginTls() {
    Enter(Phase::kHandshake, limits_.timeouts.handshake);
    Raw(stream_).async_wait(Socket::wait_read,
                            [self = this->shared_from_this()](const Error& error) {
                              if (self->phase_ != Phase::kHandshake) return;
                              if (error) return self->Close();
                              self->OnFirstByte();
                            });
  }

  void OnFirstByte() {
    char first = 0;
    Error error;
    const size_t count = Raw(stream_).receive(asio::buffer(&first, 1), Socket::message_peek, error);
    if (error || count == 0) return Close();
    if (first != kTlsHandshake) return RefusePlain();
    if constexpr (kTls) {
      stream_.async_handshake(TlsStream::server,
                              [self = this->shared_from_this()](const Error& failure) {
                                if (self->phase_ != Phase::kHandshake) return;
                                self->OnHandshake(failure);
                              });
    }
  }

  void OnHandshake(const Error& error) {
    if (error) {
      hub_->Count(&ServerStats::tls_failed_total);
      port_->handshakes.Report(
          fmt::format("{}: no TLS connection with {}: {}", limits_.name, remote_, error.message()),
          hub_->clock.Now());
      return Close();
    }
    if constexpr (kTls) certificate_ = CertificateName(stream_.native_handle());
    BeginHttp();
  }

  void RefusePlain() {
    hub_->Count(&ServerStats::tls_failed_total);
    hub_->Count(&ServerStats::refused_total);
    const Response response =
        Problem(400, "tls-required", "This port speaks TLS", "Use https:// instead of http://.");
    AppendHead(response, {.keep_alive = false}, hub_->date.At(hub_->clock.Wall()), &out_);
    out_.append(response.body);
    Enter(Phase::kWriting, limits_.timeouts.write);
    asio::async_write(Raw(stream_), asio::buffer(out_),
                      [self = this->shared_from_this()](const Error& error, size_t) {
                        if (self->phase_ == Phase::kClosed) return;
                        if (error) return self->Close();
                        self->Linger();
                      });
  }

  // --- reading ---

  void Read() {
    if (reading_ || phase_ == Phase::kClosed) return;
    MakeRoom();
    reading_ = true;
    const auto room = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
    auto done = [self = this->shared_from_this()](const Error& error, size_t count) {
      self->OnRead(error, count);
    };
    if (phase_ == Phase::kLinger) {
      Raw(stream_).async_read_some(room, std::move(done));  // dropped, so not decrypted either
    } else {
      stream_.async_read_some(room, std::move(done));
    }
  }

  void MakeRoom() {
    if (begin_ > 0) {
      std::copy(buffer_.begin() + static_cast<ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    size_t wanted = std::max(kFirstBuffer, end_ * 2);
    if (phase_ == Phase::kBody) {
      const uint64_t left =
          reader_.content_length().value_or(kMaxBuffer) - reader_.request().body.size();
      wanted = std::max<size_t>(wanted, std::min<uint64_t>(left, kMaxBuffer));
    }
    if (wanted > buffer_.size()) buffer_.resize(wanted);
    if (end_ == 0 && wanted == kFirstBuffer && buffer_.size() > kKeptBuffer) {
      std::vector<char>(wanted).swap(buffer_);
    }
  }

  void OnRead(const Error& error, size_t count) {
    reading_ = false;
    if (phase_ == Phase::kClosed) return;
    if (phase_ == Phase::kWriting) return;                // a refusal is on its way
    if (error || phase_ == Phase::kLive) return Close();  // a reader of a stream says nothing more
    if (phase_ == Phase::kLinger) return Read();          // into the same place again: discarded
    end_ += count;
    Process();
  }

  std::string_view Unread() const { return {buffer_.data() + begin_, end_ - begin_}; }

  void Process() {
    if (reader_.untouched()) {  // RFC 9112, 2.2: empty lines before a request are ignored
      while (begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) ++begin_;
      if (begin_ < end_ && phase_ == Phase::kIdle) BeginHead();
    }
    while (begin_ < end_ || reader_.state() == RequestReader::State::kHeadDone) {
      if (!Step()) return;
    }
    Read();
  }

  void BeginHead() {
    // The first request's time counts from the connection's start.
    if (first_) {
      phase_ = Phase::kHead;
    } else {
      Enter(Phase::kHead, limits_.timeouts.header);
    }
    first_ = false;
  }

  // One step of the reader. False: do not read on now.
  bool Step() {
    using State = RequestReader::State;
    if (reader_.state() == State::kHeadDone) return OnHead();
    const size_t taken = reader_.Feed(Unread());
    begin_ += taken;
    switch (reader_.state()) {
      case State::kFailed:
        Refuse(reader_.problem());
        return false;
      case State::kHeadDone:
        return true;
      case State::kDone:
        if (HoldBody()) Dispatch();
        return false;
      case State::kHead:
      case State::kBody:
        break;
    }
    if (!HoldBody()) return false;
    if (taken == 0) {
      Read();
      return false;
    }
    return true;
  }

  bool OnHead() {
    Request& request = reader_.request();
    request.remote = remote_;
    request.certificate = certificate_;
    head_only_ = request.method == "HEAD";
    page_reader_ = limits_.router->PageReader(request);
    readable_by_ = ReadableBy(request, limits_.allowed_origins);
    if (auto refusal = Authorize(request)) {
      Refuse(std::move(*refusal));
      return false;
    }
    if (!reader_.has_body()) {
      Dispatch();
      return false;
    }
    const size_t limit = route_->max_body != 0 ? route_->max_body : limits_.max_body_bytes;
    if (reader_.content_length().value_or(0) > limit) {
      Refuse(Problem(413, "body-too-large", "The request's body is too large"));
      return false;
    }
    if (!HoldBody()) return false;
    reader_.AllowBody(limit);
    Enter(Phase::kBody, limits_.timeouts.body);
    const bool waits =
        begin_ == end_ && !reader_.is_http_1_0() && !request.Header("Expect").empty();
    if (waits) WriteContinue();
    return !waits;
  }

  // Why the request is not wanted, from its head alone.
  std::optional<Response> Authorize(Request& request) {
    if (!SplitTarget(request))
      return Problem(400, "bad-target", "The request's target is not well-formed");
    if (auto refusal = CheckHead(request, port_->allowed_hosts, limits_.allowed_origins,
                                 reader_.is_http_1_0()))
      return refusal;
    Router::Match match = limits_.router->Find(request);
    if (match.route == nullptr) return KeepIfComplete(std::move(match.problem));
    route_ = match.route;
    if (!limits_.router->gate()) return std::nullopt;
    auto refusal = limits_.router->gate()(request);
    known_ = request.known;
    return refusal ? std::optional(KeepIfComplete(std::move(*refusal))) : std::nullopt;
  }

  // A refused request without a body leaves the connection usable.
  Response KeepIfComplete(Response response) {
    reusable_ = !reader_.has_body();
    return response;
  }

  void WriteContinue() {
    asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = this->shared_from_this()](const Error& error, size_t) {
                        if (self->phase_ != Phase::kBody) return;
                        if (error) return self->Close();
                        self->Read();
                      });
  }

  bool HoldBody() {
    Request& request = reader_.request();
    const size_t cost = std::max<size_t>(request.memory_factor, 1) *
                        std::max<size_t>(reader_.content_length().value_or(0), request.body.size());
    if (request.memory == nullptr) request.memory = hub_->options.memory->Take(0);
    if (request.memory->Grow(cost)) return true;
    Response busy = Problem(503, "busy", "Too many large requests at one time");
    busy.headers.Add("Retry-After", "5");
    Refuse(std::move(busy));
    return false;
  }

  // A handler may keep its share for longer.
  void ReleaseBody() {
    memory_.reset();
    reader_.request().memory.reset();
    std::string().swap(reader_.request().body);
  }

  // --- answering ---

  void Dispatch() {
    Enter(Phase::kHandling, limits_.timeouts.handler);
    hub_->Count(&ServerStats::requests_total);
    const uint64_t turn = ++turn_;
    Responder responder([hub = hub_, weak = this->weak_from_this(), turn](Response&& response) {
      if (hub->io->get_executor().running_in_this_thread()) {
        if (auto self = weak.lock()) self->Answer(turn, std::move(response));
        return;
      }
      asio::post(*hub->io, [weak, turn, moved = std::move(response)]() mutable {
        if (auto self = weak.lock()) self->Answer(turn, std::move(moved));
      });
    });
    if (const Gate& gate = limits_.router->body_gate()) {
      if (auto refusal = gate(reader_.request())) return responder.Send(*std::move(refusal));
    }
    memory_ = reader_.request().memory;
    try {
      route_->handler(std::move(reader_.request()), responder);
    } catch (const std::exception& error) {
      log::Error("http", "a handler failed: {}", error.what());
      responder.Send(Problem(500, "internal", "The request failed inside the server"));
    }
  }

  void Answer(uint64_t turn, Response&& response) {
    if (turn != turn_ || phase_ != Phase::kHandling) return;
    reusable_ = true;
    Write(std::move(response));
  }

  // Ends the request in any phase; the connection goes on only if its extent is known.
  void Refuse(Response response) {
    hub_->Count(&ServerStats::refused_total);
    ReleaseBody();
    ++turn_;
    if (!reusable_) response.close = true;
    Write(std::move(response));
  }

  void Write(Response&& response) {
    if (page_reader_) limits_.router->MakePage(*page_reader_, &response);
    const bool head_known = reader_.state() == RequestReader::State::kHeadDone ||
                            reader_.state() == RequestReader::State::kDone;
    Framing framing;
    framing.keep_alive = head_known && reusable_ && !response.close && !hub_->draining &&
                         response.live == nullptr && reader_.keep_alive();
    framing.http_1_0 = head_known && reader_.is_http_1_0();
    framing.head_only = head_only_;
    framing.tls = kTls;
    framing.live = response.live != nullptr && !head_only_;
    if (framing.live) live_ = std::move(response.live);
    if (framing.live) EnterLive();
    if (!readable_by_.empty()) AddReadableBy(readable_by_, &response);
    Enter(Phase::kWriting, limits_.timeouts.write);
    out_.clear();
    AppendHead(response, framing, hub_->date.At(hub_->clock.Wall()), &out_);
    large_.clear();
    if (!head_only_ && response.body.size() <= kCopiedBody) {
      out_.append(response.body);
    } else if (!head_only_) {
      large_ = std::move(response.body);
    }
    keep_alive_ = framing.keep_alive;
    Send();
  }

  void Send() {
    auto done = [self = this->shared_from_this()](const Error& error, size_t) {
      self->OnWritten(error);
    };
    if (large_.empty()) {
      asio::async_write(stream_, asio::buffer(out_), std::move(done));
    } else {
      const std::array<asio::const_buffer, 2> parts{asio::buffer(out_), asio::buffer(large_)};
      asio::async_write(stream_, parts, std::move(done));
    }
  }

  void OnWritten(const Error& error) {
    if (phase_ == Phase::kClosed) return;
    if (error) return Close();
    if (live_ != nullptr && !hub_->draining) return BeginLive();
    if (!keep_alive_ || hub_->draining) return Finish();
    ReleaseBody();
    if (large_.capacity() > kCopiedBody) std::string().swap(large_);
    reader_.Reset();
    reusable_ = head_only_ = false;
    route_ = nullptr;
    readable_by_ = {};
    Enter(Phase::kIdle, limits_.timeouts.idle);
    Process();
  }

  // --- a stream that goes on ---

  void EnterLive() {
    live_->Enter([hub = hub_, weak = this->weak_from_this()] {
      asio::post(*hub->io, [weak] {
        const auto self = weak.lock();
        if (self && self->phase_ == Phase::kLive) self->SweepLive(self->hub_->clock.Now());
      });
    });
  }

  void BeginLive() {
    ReleaseBody();
    phase_ = Phase::kLive;
    Read();  // to learn of the reader's end
    SweepLive(hub_->clock.Now());
  }

  void SweepLive(Instant now) {
    if (live_text_ != nullptr) {  // a write is under way
      if (now >= deadline_) hub_->Count(&ServerStats::timeouts_total);
      if (now >= deadline_) Close();
      return;
    }
    live_text_ = live_->Since(&live_seen_, now);
    if (live_text_ == nullptr && live_->ended()) return Finish();
    if (live_text_ == nullptr) return;
    deadline_ = now + limits_.timeouts.write;
    asio::async_write(stream_, asio::buffer(*live_text_),
                      [self = this->shared_from_this()](const Error& error, size_t) {
                        self->live_text_.reset();
                        if (self->phase_ != Phase::kLive) return;
                        if (error) return self->Close();
                        self->SweepLive(self->hub_->clock.Now());
                      });
  }

  // Nothing more is sent. Under TLS the client is told so, that it can tell an end from a cut.
  void Finish() {
    ReleaseBody();
    if constexpr (kTls) {
      if (!reading_) {
        Enter(Phase::kLinger, limits_.timeouts.linger);
        stream_.async_shutdown([self = this->shared_from_this()](const Error&) {
          if (self->phase_ != Phase::kClosed) self->AfterGoodbye();
        });
        return;
      }
    }
    AfterGoodbye();
  }

  void AfterGoodbye() {
    if (reusable_ && !reading_) return Close();
    Linger();
  }

  // What is still coming is read and dropped for a while, because a reset could take the answer
  // away from the client before it has read it (RFC 9112, 9.6).
  void Linger() {
    Error ignored;
    Raw(stream_).shutdown(Socket::shutdown_send, ignored);
    begin_ = end_ = 0;
    Enter(Phase::kLinger, limits_.timeouts.linger);
    Read();
  }

  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Port> port_;
  const ListenerOptions& limits_;
  const std::string remote_;
  std::string certificate_;  // the client's name in it
  Stream stream_;
  RequestReader reader_;
  Phase phase_ = Phase::kIdle;
  Instant deadline_{}, phase_since_{};
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // what was read and not yet taken
  const Route* route_ = nullptr;
  std::optional<Request> page_reader_;           // the head of a request by a person's browser
  std::string_view readable_by_;                 // one of the listener's allowed origins, or ""
  uint64_t turn_ = 0;                            // an answer to an earlier turn is late and dropped
  std::shared_ptr<MemoryBudget::Share> memory_;  // of the request that is being answered
  std::string out_, large_;
  std::shared_ptr<LiveStream> live_;
  LiveStream::Text live_text_;  // on its way to the reader
  uint64_t live_seen_ = 0;
  bool reading_ = false;
  bool first_ = true;
  bool known_ = false;
  bool reusable_ = false;  // the request was taken completely: the connection may go on
  bool head_only_ = false;
  bool keep_alive_ = false;
};

}  // namespace

std::shared_ptr<Session> MakeSession(const std::shared_ptr<Hub>& hub,
                                     const std::shared_ptr<Port>& port, Accepted accepted) {
  Socket socket(*hub->io);
  Error error;
  socket.assign(Protocol(accepted.family, 0), accepted.socket, error);
  if (error) {
    ::close(accepted.socket);
    return nullptr;
  }
  std::shared_ptr<Session> session;
  if (port->tls == nullptr) {
    session = std::make_shared<StreamSession<Socket>>(hub, port, std::move(socket),
                                                      std::move(accepted.remote));
  } else {
    const auto context = port->tls->Current(hub->clock.Now());
    session = std::make_shared<StreamSession<TlsStream>>(
        hub, port, TlsStream(std::move(socket), *context), std::move(accepted.remote));
  }
  hub->sessions.emplace(session.get(), session);
  hub->Count(&ServerStats::connections);
  ++port->open;
  return session;
}

}  // namespace tillrelay::http
