// What: exceptions that people work off: stock below zero, transfers that nobody received, losses,
//   stores that were closed; each with its age and a state that a person gives it.
// Promise: found by the collector, ended by the collector when what they tell of is over, never
//   hidden by it: only a person acknowledges one, with name and note, and only a person retires a
//   store. Nothing is corrected by itself.
// Thread: Orders any; the rest belongs to whoever owns the connection.
// Errors: those of the database; invalid (the order), not found (no such exception).
// Limits: 64 orders wait; 1,000 exceptions an answer.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "collector/db/sql.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace tillrelay::collector {

inline constexpr std::string_view kNegativeStock = "negative_stock";
inline constexpr std::string_view kTransitOverdue = "transit_overdue";
inline constexpr std::string_view kLossKind = "loss";
inline constexpr std::string_view kRetired = "retired";
inline constexpr std::chrono::hours kTransitPatience{14 * 24};

// What a person decides about one.
struct ExceptionOrder {
  std::string store, kind, subject;
  std::string state;  // open | acknowledged; of `retired` also resolved, which takes it back
  std::string note, actor;
};

// Orders on their way to the thread that owns the writing connection.
class Orders {
 public:
  using Done = std::function<void(const Status&)>;
  static constexpr size_t kWaiting = 64;

  // False: too many wait.
  bool Push(ExceptionOrder order, Done done);
  std::vector<std::pair<ExceptionOrder, Done>> Take();

 private:
  Mutex mutex_;
  std::vector<std::pair<ExceptionOrder, Done>> waiting_ GUARDED_BY(mutex_);
};

// Inside a transaction of the caller's.
Status SetException(Sql* sql, const ExceptionOrder& order, const std::string& now);
// Finds what time and tables tell: overdue transfers and losses; ends what is over.
Status DetectExceptions(Sql* sql, WallTime now);
// Puts those about stock below zero in line with `stock`, after cells were changed as a whole.
Status RecountNegatives(Sql* sql, const std::string& now);

struct ExceptionsQuestion {
  std::string store, kind, state;  // "": all
};
Result<std::string> ExceptionsJson(Sql* sql, const ExceptionsQuestion& question);

}  // namespace tillrelay::collector
