// What: a way to a broker with several addresses for a client library that tries only one: an HTTP
//   proxy inside the process, on loopback, that takes CONNECT from who knows its password, connects
//   to whichever address answers, and hands the bytes through. The library keeps the broker's name,
//   and with it the check of the certificate.
// Promise: one connection at a time; a newer one ends the older. What waits in either direction is
//   bounded by kBufferBytes.
// Thread: one of its own; the constructor's and destructor's thread is the owner's.
// Errors: Open: unavailable.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/net/connect.h"

namespace tillrelay::mqtt {

class Tunnel {
 public:
  static Result<std::unique_ptr<Tunnel>> Open(Random* random);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  // As a proxy's address with its login: "http://tunnel:PASSWORD@127.0.0.1:PORT".
  const std::string& url() const { return url_; }
  int port() const { return port_; }

 private:
  static constexpr size_t kBufferBytes = 64 * 1024;
  static constexpr size_t kMaxHead = 4 * 1024;
  static constexpr std::chrono::seconds kPatience{10};

  // Bytes on their way from one socket to the other.
  struct Flow {
    std::array<char, kBufferBytes> bytes;
    size_t begin = 0, end = 0;
    bool ended = false;  // the source says nothing more
    bool empty() const { return begin == end; }
    // False: the connection is broken.
    bool Read(int from);
    bool Write(int to);
  };

  Tunnel(Fd listener, Fd wake, int port, const std::string& password);
  void Run();
  void Accept();
  void ReadHead();
  // Of a complete head.
  void Answer(std::string_view head);
  void Refuse(std::string_view status);
  void Carry(short client_events, short broker_events);
  void Close();

  const Fd listener_, wake_;
  const int port_;
  std::string url_, login_;  // what Proxy-Authorization must say
  Fd client_, broker_;
  std::string head_;
  std::unique_ptr<Flow> up_, down_;
  std::thread thread_;
};

}  // namespace tillrelay::mqtt
