#include "common/http/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>

#include "common/http/address.h"

namespace tillrelay::http {
namespace {

using std::chrono::milliseconds;
constexpr size_t kMaxHeadBytes = 64 * 1024;

std::string Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

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

// Reads one answer, step by step.
class AnswerReader {
 public:
  AnswerReader(Wire wire, milliseconds timeout, std::string* buffer)
      : wire_(wire), timeout_(static_cast<int>(timeout.count())), buffer_(*buffer) {}

  Result<ClientResponse> Read(bool head_only) {
    ClientResponse response;
    do {  // 1xx answers come before the real one
      response = {};
      TRY(ReadHead(&response));
    } while (response.status / 100 == 1);
    const bool empty = head_only || response.status == 204 || response.status == 304;
    if (!empty) TRY(ReadBody(&response));
    return response;
  }
  bool must_close() const { return must_close_; }

 private:
  // Appends what comes to the buffer. Unavailable at the end of the stream.
  Status More() {
    char chunk[16 * 1024];
    ssize_t count;
    while ((count = wire_.Receive(chunk, sizeof chunk)) < 0 && errno == EAGAIN) {
      pollfd poll_fd{wire_.fd, POLLIN, 0};
      if (poll(&poll_fd, 1, timeout_) != 1) return Unavailable("no answer in time");
    }
    if (count < 0) return Unavailable(ErrnoText(errno));
    if (count == 0) return Unavailable("the server closed the connection");
    if (buffer_.size() > Client::kMaxAnswerBytes) return Invalid("the answer is too large");
    buffer_.append(chunk, static_cast<size_t>(count));
    return Status::Ok();
  }

  Result<std::string> Line() {
    size_t end;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (buffer_.size() > kMaxHeadBytes) return Invalid("the answer's head is too large");
      TRY(More());
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }

  Status ReadHead(ClientResponse* response) {
    auto first = Line();
    if (!first.ok()) return std::move(first).status();
    const std::string& line = *first;
    const bool http = line.starts_with("HTTP/1.") && line.size() >= 12 && line[8] == ' ';
    const char* digits = line.data() + 9;
    if (!http || std::from_chars(digits, digits + 3, response->status).ptr != digits + 3) {
      return Invalid("the answer is not HTTP");
    }
    for (;;) {
      auto field = Line();
      if (!field.ok()) return std::move(field).status();
      if (field->empty()) break;
      const size_t colon = field->find(':');
      if (colon == std::string::npos) return Invalid("the answer's head is not well-formed");
      response->headers.Add(field->substr(0, colon), Trim(field->substr(colon + 1)));
    }
    must_close_ = EqualsIgnoringCase(response->Header("Connection"), "close");
    return Status::Ok();
  }

  Status ReadBody(ClientResponse* response) {
    if (EqualsIgnoringCase(response->Header("Transfer-Encoding"), "chunked")) {
      return ReadChunks(&response->body);
    }
    const std::string_view text = response->Header("Content-Length");
    if (text.empty()) return ReadToEnd(&response->body);
    size_t length = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), length).ec != std::errc() ||
        length > Client::kMaxAnswerBytes) {
      return Invalid("the answer's length is not usable");
    }
    return Take(length, &response->body);
  }

  Status Take(size_t length, std::string* out) {
    while (buffer_.size() < length) TRY(More());
    out->append(buffer_, 0, length);
    buffer_.erase(0, length);
    return Status::Ok();
  }

  Status ReadToEnd(std::string* out) {
    must_close_ = true;
    while (More().ok()) {
    }
    *out = std::exchange(buffer_, {});
    return Status::Ok();
  }

  Status ReadChunks(std::string* out) {
    for (;;) {
      auto line = Line();
      if (!line.ok()) return std::move(line).status();
      size_t length = 0;
      if (std::from_chars(line->data(), line->data() + line->size(), length, 16).ec !=
              std::errc() ||
          length > Client::kMaxAnswerBytes) {
        return Invalid("the answer's chunks are not well-formed");
      }
      TRY(Take(length, out));
      if (length != 0) {
        std::string line_end;
        TRY(Take(2, &line_end));
        continue;
      }
      for (auto trailer = Line(); trailer.ok() && !trailer->empty();) trailer = Line();
      return Status::Ok();
    }
  }

  const Wire wire_;
  const int timeout_;
  std::string& buffer_;
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
  AnswerReader reader(wire, timeout_, &rest_);
  auto answer = reader.Read(head_only);
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
