// What: how long the next login has to wait, counted for its address and for its user apart.
// Promise: five failures are free, then each doubles the wait up to kLongestWait; forgotten kForget
//   after the last one. An attempt counts as failed from its beginning, so that many at once gain
//   nothing. Known and unknown users are counted alike.
// Thread: any.
// Limits: two tables of kPlaces; a keyed hash of the name selects the place, so that a flood of
//   names costs no memory and drives nothing out. Two names may share a place.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/base/random.h"

namespace tillrelay::access {

class Attempts {
 public:
  static constexpr size_t kPlaces = 1024;
  static constexpr int kFree = 5;
  static constexpr std::chrono::seconds kFirstWait{1};
  static constexpr std::chrono::seconds kLongestWait{15 * 60};
  static constexpr std::chrono::hours kForget{1};

  explicit Attempts(Random* random);

  // 0: the attempt has begun. Else how long to wait; nothing was counted.
  Duration Begin(std::string_view address, std::string_view user, Instant now);
  // It was the right password.
  void Succeeded(std::string_view address, std::string_view user);

 private:
  struct Place {
    int failures = 0;
    Instant blocked_until{}, last{};
  };
  using Table = std::array<Place, kPlaces>;
  size_t PlaceOf(std::string_view kind, std::string_view name) const;
  static void Count(Place* place, Instant now);

  const std::string key_;  // so that nobody can choose names that meet in one place
  Mutex mutex_;
  // Guarded by mutex_:
  Table addresses_ GUARDED_BY(mutex_){};
  Table users_ GUARDED_BY(mutex_){};
};

// What counts as one address: an IPv4 address, or the /64 of an IPv6 one.
std::string AddressGroup(std::string_view address);

}  // namespace tillrelay::access
