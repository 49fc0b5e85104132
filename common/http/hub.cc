// What all sessions share, and who gives way where places are short.
#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/io_context.hpp>

#include <map>
#include <tuple>

#include "common/http/session.h"

namespace tillrelay::http {

Hub::Hub(const Clock& clock_in, ServerOptions options_in)
    : clock(clock_in),
      options(std::move(options_in)),
      io(std::make_unique<boost::asio::io_context>(1)) {}

Hub::~Hub() = default;

void Hub::Remove(Session* session) {
  sessions.erase(session);
  Count(&ServerStats::connections, static_cast<uint64_t>(-1));
  if (draining && sessions.empty()) io->stop();
}

bool Hub::MakeRoom(const Port* port, Instant before) {
  using Holder = std::pair<bool, std::string_view>;  // known; address
  std::map<Holder, size_t> held;
  for (const auto& [raw, session] : sessions) {
    if (port != nullptr && session->port() != port) continue;
    ++held[{session->known(), session->remote()}];
  }
  // Strangers before those who are known, then whoever holds the most, then who has waited longest.
  const auto rank = [&held](const Session& session) {
    const Holder holder{session.known(), session.remote()};
    return std::tuple(session.known(), -static_cast<int64_t>(held[holder]), session.WaitsSince());
  };
  std::shared_ptr<Session> first;
  for (const auto& [raw, session] : sessions) {
    if (port != nullptr && session->port() != port) continue;
    if (session->WaitsSince() > before) continue;
    if (first == nullptr || rank(*session) < rank(*first)) first = session;
  }
  if (first == nullptr) return false;
  first->GiveWay();
  return true;
}

std::string Hub::BusyAnswer() {
  Response busy = Problem(503, "busy", "Too many connections");
  busy.headers.Add("Retry-After", "1");
  std::string text;
  AppendHead(busy, {.keep_alive = false}, date.At(clock.Wall()), &text);
  return text + busy.body;
}

void Hub::Count(uint64_t ServerStats::*counter, uint64_t by) {
  Lock lock(mutex);
  stats.*counter += by;
}

}  // namespace tillrelay::http
