#include "common/http/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>

#include "common/http/address.h"

namespace tillrelay::http {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHttps = "https://", kHttp = "http://";

// A connected socket, with TLS over it or without.
struct Wire {
  int fd;
  TlsPipe* tls;

  ssize_t Send(std::string_view bytes) const {
    return tls != nullptr ? tls->Send(bytes.data(), bytes.size())
                          : send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  ssize_t Receive(char* bytes, size_t size) const {
    return tls != nullptr ? tls->Receive(bytes, size) : recv(fd, bytes, size, 0);
  }
};

// Waits until `fd` is ready for `events`; false if it is not in time, or something wakes us.
bool WaitFor(int fd, short* events, int wake, milliseconds patience) {
  pollfd watched[] = {{fd, *events, 0}, {wake, POLLIN, 0}};  // poll ignores a negative one
  if (poll(watched, 2, static_cast<int>(patience.count())) < 1) return false;
  *events = watched[0].revents;
  return watched[1].revents == 0;
}

// Waits for one answer. What comes behind it stays in `rest`.
class AnswerReader {
 public:
  AnswerReader(Wire wire, const ClientOptions& options, std::function<milliseconds()> left,
               std::string* rest, bool head_only)
      : wire_(wire), options_(options), left_(std::move(left)), rest_(*rest), parser_(head_only) {}

  Result<ClientResponse> Read() {
    for (;;) {
      TRY(parser_.Feed(&rest_));
      if (parser_.done()) break;
      auto more = More();
      if (!more.ok()) return std::move(more).status();
      if (*more) continue;
      TRY(parser_.End());
    }
    must_close_ = parser_.must_close();
    return parser_.Take();
  }
  bool must_close() const { return must_close_; }

 private:
  // Appends what comes. False at the end of the stream.
  Result<bool> More() {
    char chunk[16 * 1024];
    ssize_t count;
    while ((count = wire_.Receive(chunk, sizeof chunk)) < 0 && errno == EAGAIN) {
      short events = POLLIN;
      if (!WaitFor(wire_.fd, &events, options_.wake, left_())) {
        return Unavailable("no answer in time");
      }
    }
    if (count < 0) return Unavailable(ErrnoText(errno));
    if (left_().count() == 0) return Unavailable("no answer in time");
    rest_.append(chunk, static_cast<size_t>(count));
    return count > 0;
  }

  const Wire wire_;
  const ClientOptions& options_;
  const std::function<milliseconds()> left_;
  std::string& rest_;
  AnswerParser parser_;
  bool must_close_ = false;
};

std::string HostHeader(const std::string& address) {
  return address.starts_with("unix:") ? "localhost" : address;
}

std::string WithoutScheme(const std::string& address) {
  for (const std::string_view scheme : {kHttps, kHttp}) {
    if (address.starts_with(scheme)) return address.substr(scheme.size());
  }
  return address;
}

ClientOptions Plain(milliseconds timeout, ClientTls tls) {
  ClientOptions options;
  options.timeout = timeout;
  options.tls = std::move(tls);
  return options;
}

}  // namespace

Client::Client(const std::string& address, milliseconds timeout, ClientTls tls)
    : Client(address, Plain(timeout, std::move(tls))) {}

Client::Client(const std::string& address, ClientOptions options)
    : address_(WithoutScheme(address)),
      options_(std::move(options)),
      is_https_(address.starts_with(kHttps)) {}

milliseconds Client::Left() const {
  if (options_.deadline.count() == 0) return options_.timeout;
  const auto left = std::chrono::ceil<milliseconds>(until_ - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(0), options_.timeout);
}

std::string Client::RequestText(const ClientRequest& request) const {
  const bool absolute = !options_.proxy.empty() && !is_https_;
  std::string out = fmt::format("{} {}{} HTTP/1.1\r\n", request.method,
                                absolute ? "http://" + address_ : "", request.target);
  if (request.headers.Count("Host") == 0) {
    fmt::format_to(std::back_inserter(out), "Host: {}\r\n", HostHeader(address_));
  }
  for (size_t i = 0; i < request.headers.size(); ++i) {
    const auto [name, value] = request.headers[i];
    fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", request.body.size());
  }
  return out + "\r\n" + request.body;
}

void Client::Close() {
  pipe_.reset();
  socket_.Reset();
}

Status Client::Connect() {
  rest_.clear();
  Close();
  auto address = ParseAddress(address_);
  if (!address.ok()) return std::move(address).status();
  auto next = options_.proxy.empty() ? *address : ParseAddress(options_.proxy);
  if (!next.ok()) return std::move(next).status();
  auto socket = ConnectTo(*next, Left(), options_.wake);
  if (!socket.ok()) return std::move(socket).status();
  socket_ = std::move(*socket);
  if (!is_https_) return Status::Ok();
  if (!options_.proxy.empty()) TRY(ThroughProxy());
  auto pipe = TlsPipe::Connect(socket_.get(), address->host, options_.tls, Left(), options_.wake);
  if (pipe.ok()) {
    pipe_ = *std::move(pipe);
    return Status::Ok();
  }
  Close();
  return std::move(pipe).status();
}

// Whatever the proxy says of keeping the connection: after its 2xx it is the server's.
Status Client::ThroughProxy() {
  const std::string ask =
      fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", HostHeader(address_));
  if (send(socket_.get(), ask.data(), ask.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(ask.size())) {
    Close();
    return Unavailable("the proxy does not take the request");
  }
  AnswerReader reader(
      {socket_.get(), nullptr}, options_, [this] { return Left(); }, &rest_, true);
  auto answer = reader.Read();
  const bool open = answer.ok() && answer->status / 100 == 2 && rest_.empty();
  if (open) return Status::Ok();
  Close();
  if (!answer.ok()) return std::move(answer).status().Within("the proxy");
  return Unavailable(fmt::format("the proxy answers {}", answer->status));
}

Result<ClientResponse> Client::Exchange(const std::string& bytes, bool head_only) {
  const Wire wire{socket_.get(), pipe_.get()};
  std::string_view left = bytes;
  while (!left.empty()) {
    const ssize_t count = wire.Send(left);
    if (count > 0) {
      left.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) break;  // the server may have answered already
    short events = POLLOUT | POLLIN;
    if (!WaitFor(socket_.get(), &events, options_.wake, Left())) {
      Close();
      return Unavailable("the server does not take the request");
    }
    if ((events & POLLOUT) == 0) break;
  }
  AnswerReader reader(
      wire, options_, [this] { return Left(); }, &rest_, head_only || options_.head_is_enough);
  auto answer = reader.Read();
  if (!answer.ok() || reader.must_close() || !left.empty() || options_.head_is_enough) Close();
  return answer;
}

Result<ClientResponse> Client::Call(const ClientRequest& request) {
  until_ = std::chrono::steady_clock::now() + options_.deadline;
  const std::string bytes = RequestText(request);
  const bool reused = socket_.valid();
  if (!reused) TRY(Connect());
  auto answer = Exchange(bytes, request.method == "HEAD");
  // A kept connection may have been closed by the server meanwhile: once more on a new one, but
  // only what changes nothing when it is done twice.
  const bool repeatable = request.method == "GET" || request.method == "HEAD";
  if (answer.ok() || !reused || !repeatable || !rest_.empty()) return answer;
  TRY(Connect());
  return Exchange(bytes, request.method == "HEAD");
}

Result<ClientResponse> Client::Get(std::string_view target) {
  ClientRequest request;
  request.target = target;
  return Call(request);
}

}  // namespace tillrelay::http
