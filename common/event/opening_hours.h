// What: when the store is open, on its own clock face, and for how long a register has been silent
//   inside those hours.
// Promise: pure. Hours that pass midnight ("fri 20:00-02:00") belong to the day they begin on.
// Thread: any (value).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tillrelay {

class OpeningHours {
 public:
  // Each "mon-sat 08:00-20:00" or "sun 10:00-18:00"; days are mon tue wed thu fri sat sun.
  // Invalid, naming the text.
  static Result<OpeningHours> Parse(const std::vector<std::string>& texts);

  bool empty() const { return spans_.empty(); }
  // Seconds of opening time between two moments of the store's clock face (seconds since
  // 1970-01-01T00:00:00 of that clock), counted over at most the last kMaxDays days.
  static constexpr int64_t kMaxDays = 14;
  int64_t OpenSeconds(int64_t from_local_s, int64_t to_local_s) const;

 private:
  struct Span {
    int weekday = 0;                 // 0 is Monday
    int64_t begin_s = 0, end_s = 0;  // since that midnight; the end may lie on the next day
  };
  std::vector<Span> spans_;
};

}  // namespace tillrelay
