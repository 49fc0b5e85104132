#include "agent/access/attempts.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "common/base/digest.h"
#include "common/base/secret_token.h"

namespace tillrelay::access {

std::string AddressGroup(std::string_view address) {
  in6_addr parsed{};
  if (inet_pton(AF_INET6, std::string(address).c_str(), &parsed) != 1) return std::string(address);
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) return std::string(address);
  return ToHex({reinterpret_cast<const char*>(&parsed), 8});
}

Attempts::Attempts(Random* random) : key_(NewSecretKey(random)) {}

size_t Attempts::PlaceOf(std::string_view kind, std::string_view name) const {
  const Sha256Digest digest = HmacSha256(key_, std::string(kind).append(name));
  uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value % kPlaces;
}

void Attempts::Count(Place* place, Instant now) {
  ++place->failures;
  place->last = now;
  if (place->failures <= kFree) return;
  const int doublings = std::min(place->failures - kFree - 1, 20);  // far beyond the longest wait
  const Duration wait = std::min<Duration>(kFirstWait * (1 << doublings), kLongestWait);
  place->blocked_until = now + wait;
}

Duration Attempts::Begin(std::string_view address, std::string_view user, Instant now) {
  Lock lock(mutex_);
  Place* const places[] = {&addresses_[PlaceOf("address ", AddressGroup(address))],
                           &users_[PlaceOf("user ", user)]};
  Duration wait{0};
  for (Place* place : places) {
    if (place->failures > 0 && now - place->last >= kForget) *place = {};
    wait = std::max(wait, place->blocked_until - now);
  }
  if (wait.count() > 0) return wait;
  for (Place* place : places) Count(place, now);
  return Duration(0);
}

void Attempts::Succeeded(std::string_view address, std::string_view user) {
  Lock lock(mutex_);
  addresses_[PlaceOf("address ", AddressGroup(address))] = {};
  users_[PlaceOf("user ", user)] = {};
}

}  // namespace tillrelay::access
