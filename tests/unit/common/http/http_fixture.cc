#include "tests/unit/common/http/http_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>

#include "common/http/address.h"

namespace tillrelay::http {
namespace {

constexpr int kPatienceMs = 10'000;

size_t CompleteAnswers(std::string_view bytes) {
  size_t count = 0;
  for (;;) {
    const size_t head = bytes.find("\r\n\r\n");
    if (head == std::string_view::npos) return count;
    size_t length = 0;
    if (const size_t at = bytes.find("Content-Length: "); at < head) {
      std::from_chars(bytes.data() + at + 16, bytes.data() + bytes.size(), length);
    }
    if (bytes.size() < head + 4 + length) return count;
    bytes.remove_prefix(head + 4 + length);
    ++count;
  }
}

Result<Fd> ConnectFrom(const std::string& from, uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, from.c_str(), &address.sin_addr);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Unavailable("bind");
  }
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  address.sin_port = htons(port);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Unavailable("connect");
  }
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

}  // namespace

RawSocket::RawSocket(uint16_t port, const std::string& from) {
  auto fd = from.empty() ? ConnectTo({false, "127.0.0.1", port}, milliseconds(kPatienceMs))
                         : ConnectFrom(from, port);
  EXPECT_TRUE(fd.ok());
  if (fd.ok()) fd_ = std::move(*fd);
}

RawSocket::RawSocket(const std::string& unix_path) {
  auto fd = ConnectTo({true, unix_path, 0}, milliseconds(kPatienceMs));
  EXPECT_TRUE(fd.ok());
  if (fd.ok()) fd_ = std::move(*fd);
}

void RawSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (errno != EAGAIN) return;
    pollfd poll_fd{fd_.get(), POLLOUT, 0};
    if (poll(&poll_fd, 1, kPatienceMs) != 1) return;
  }
}

void RawSocket::CloseSending() { shutdown(fd_.get(), SHUT_WR); }

void RawSocket::ShrinkReceiveBuffer() {
  const int size = 4096;
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

bool RawSocket::More() {
  pollfd poll_fd{fd_.get(), POLLIN, 0};
  if (poll(&poll_fd, 1, kPatienceMs) != 1) {
    ADD_FAILURE() << "nothing came in time";
    return false;
  }
  char chunk[16 * 1024];
  const ssize_t count = recv(fd_.get(), chunk, sizeof chunk, 0);
  if (count <= 0) return false;
  received_.append(chunk, static_cast<size_t>(count));
  return true;
}

std::string RawSocket::Receive(size_t count) {
  while (CompleteAnswers(received_) < count && More()) {
  }
  return std::exchange(received_, {});
}

std::string RawSocket::ReceiveAll() {
  while (More()) {
  }
  return std::exchange(received_, {});
}

bool RawSocket::ClosesByItself() {
  for (;;) {
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    if (poll(&poll_fd, 1, kPatienceMs) != 1) return false;
    char chunk[16 * 1024];
    if (recv(fd_.get(), chunk, sizeof chunk, 0) <= 0) return true;
  }
}

HttpTest::HttpTest() {
  router_->Add("GET", "/hello", [this](Request&&, Responder responder) {
    ++handled_;
    responder.Send(Text(200, "hello\n"));
  });
  router_->Add("POST", "/echo", [this](Request&& request, Responder responder) {
    ++handled_;
    responder.Send(Text(200, std::move(request.body)));
  });
  router_->Add("GET", "/items/{id}", [](Request&& request, Responder responder) {
    responder.Send(
        Text(200, std::string(request.Param("id")) + "|" + request.Query("q").value_or("none")));
  });
  options_.name = "test";
  options_.address = "127.0.0.1:0";
  options_.router = router_;
}

void HttpTest::Start() {
  server_ = std::make_unique<Server>(clock_, server_options_);
  ASSERT_EQ(server_->AddListener(options_), 0u);
  const Status status = server_->Start();
  ASSERT_TRUE(status.ok()) << status.message();
}

std::string HttpTest::Exchange(std::string_view bytes) {
  RawSocket socket(port());
  socket.Send(bytes);
  return socket.ReceiveAll();
}

int HttpTest::StatusOf(std::string_view bytes) {
  RawSocket socket(port());
  socket.Send(bytes);
  return StatusIn(socket.Receive());
}

int StatusIn(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.1 ") || answer.size() < 12) return 0;
  int status = 0;
  std::from_chars(answer.data() + 9, answer.data() + 12, status);
  return status;
}

std::string BodyIn(std::string_view answer) {
  const size_t head = answer.find("\r\n\r\n");
  return head == std::string_view::npos ? "" : std::string(answer.substr(head + 4));
}

}  // namespace tillrelay::http
