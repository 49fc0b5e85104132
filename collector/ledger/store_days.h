// What: table store_day: each store's business days, judged after every close and every late
//   document, and signed by a person.
// Promise: follows the positions once, in short steps outside of the transactions that count
//   events; what is cut goes on where it was. A document that comes after a day was signed opens
//   it again. Nobody signs a day that no register has closed.
// Thread: the one that owns the writing connection; the list whoever reads.
// Errors: those of the database; invalid (the order), not found (no such day), conflict (not now).
// Limits: 5,000 positions or one day a step; 50,000 documents of a day.
#pragma once

#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

class StoreDays {
 public:
  // What has come since is put on its day; gives whether there was any.
  static Result<bool> Follow(Sql* sql, const std::string& now);
  // The next step, of following or judging; gives whether there is more to do now.
  // `returns_off_percent`: FarFromUsual's least distance.
  static Result<bool> Step(Sql* sql, const std::string& now, int64_t returns_off_percent);
};

struct DaySigning {
  std::string store, business_day;
  bool is_signed = true;  // false: it is opened again
  std::string actor, note, token;
};
// Inside a transaction of the caller's.
Status SignDay(Sql* sql, const DaySigning& signing, const std::string& now);

}  // namespace tillrelay::collector
