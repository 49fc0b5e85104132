// What: a running server with a few routes, and a raw socket to send it anything at all.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/http/client.h"
#include "common/http/server.h"

namespace tillrelay::http {

using std::chrono::milliseconds;

// Bytes out, bytes in; waits for what it is told, at most ten seconds.
class RawSocket {
 public:
  // From that address of this machine; empty: from any.
  explicit RawSocket(uint16_t port, const std::string& from = "");
  explicit RawSocket(const std::string& unix_path);
  void Send(std::string_view bytes);  // ignores a connection that is already gone
  void CloseSending();
  // Until `count` complete answers (by Content-Length) or the end of the stream.
  std::string Receive(size_t count = 1);
  // Everything until the server closes; fails the test after ten seconds.
  std::string ReceiveAll();
  // True if the server closes within ten seconds.
  bool ClosesByItself();
  void ShrinkReceiveBuffer();
  int fd() const { return fd_.get(); }

 private:
  bool More();
  Fd fd_;
  std::string received_;
};

class HttpTest : public ::testing::Test {
 protected:
  HttpTest();
  void TearDown() override { server_.reset(); }
  // Starts with the listener options in `options_`; more listeners may have been added before.
  void Start();
  uint16_t port() const { return server_->bound_port(0); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

  // Sends the bytes on a new connection; everything that comes until the server closes.
  std::string Exchange(std::string_view bytes);
  // The status of the first answer to these bytes; 0 if there is none.
  int StatusOf(std::string_view bytes);

  SystemClock clock_;
  ServerOptions server_options_;
  ListenerOptions options_;
  std::shared_ptr<Router> router_ = std::make_shared<Router>();
  std::unique_ptr<Server> server_;
  std::atomic<int> handled_{0};
};

int StatusIn(std::string_view answer);
std::string BodyIn(std::string_view answer);
// Waits until the condition holds, at most ten seconds.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return condition();
}

}  // namespace tillrelay::http
