#include "common/http/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "common/http/address.h"

namespace tillrelay::http {
namespace {

using std::chrono::milliseconds;

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

// Waits for one answer. What comes behind it stays in `rest`.
class AnswerReader {
 public:
  AnswerReader(Wire wire, milliseconds timeout, std::string* rest, bool head_only)
      : wire_(wire),
        timeout_(static_cast<int>(timeout.count())),
        rest_(*rest),
        parser_(head_only) {}

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
      pollfd poll_fd{wire_.fd, POLLIN, 0};
      if (poll(&poll_fd, 1, timeout_) != 1) return Unavailable("no answer in time");
    }
    if (count < 0) return Unavailable(ErrnoText(errno));
    rest_.append(chunk, static_cast<size_t>(count));
    return count > 0;
  }

  const Wire wire_;
  const int timeout_;
  std::string& rest_;
  AnswerParser parser_;
  bool must_close_ = false;
};

std::string HostHeader(const std::string& address) {
  return address.starts_with("unix:") ? "localhost" : address;
}

std::string RequestText(const ClientRequest& request, const std::string& address) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  if (request.headers.Count("Host") == 0) {
    fmt::format_to(std::back_inserter(out), "Host: {}\r\n", HostHeader(address));
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

}  // namespace

Client::Client(std::string address, milliseconds timeout, ClientTls tls)
    : address_(std::move(address)), timeout_(timeout), tls_(std::move(tls)) {
  is_https_ = address_.starts_with("https://");
  if (is_https_) address_.erase(0, 8);
  if (address_.starts_with("http://")) address_.erase(0, 7);
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
  auto socket = ConnectTo(*address, timeout_);
  if (!socket.ok()) return std::move(socket).status();
  socket_ = std::move(*socket);
  if (!is_https_) return Status::Ok();
  auto pipe = TlsPipe::Connect(socket_.get(), address->host, tls_, timeout_);
  if (pipe.ok()) {
    pipe_ = *std::move(pipe);
    return Status::Ok();
  }
  Close();
  return std::move(pipe).status();
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
    pollfd poll_fd{socket_.get(), POLLOUT | POLLIN, 0};
    if (poll(&poll_fd, 1, static_cast<int>(timeout_.count())) != 1) {
      return Unavailable("the server does not take the request");
    }
    if ((poll_fd.revents & POLLOUT) == 0) break;
  }
  AnswerReader reader(wire, timeout_, &rest_, head_only);
  auto answer = reader.Read();
  if (!answer.ok() || reader.must_close() || !left.empty()) Close();
  return answer;
}

Result<ClientResponse> Client::Call(const ClientRequest& request) {
  const std::string bytes = RequestText(request, address_);
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
