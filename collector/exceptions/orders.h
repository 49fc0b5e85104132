// What: what people decide about exceptions, days and sinks, on its way to the thread that owns the
//   writing connection.
// Thread: Orders any; the rest whoever owns the connection, inside a transaction.
// Errors: invalid (the order), not found (no such exception), conflict (not now); of the database.
// Limits: 64 orders wait.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "collector/db/sql.h"
#include "collector/exceptions/exception.h"
#include "collector/ledger/store_days.h"
#include "collector/sinks/sink_order.h"
#include "common/base/mutex.h"

namespace tillrelay::collector {

using Order = std::variant<ExceptionOrder, DaySigning, SinkOrder>;

class Orders {
 public:
  using Done = std::function<void(const Status&)>;
  static constexpr size_t kWaiting = 64;

  // False: too many wait. Nothing that looks like a card number goes further: texts that people
  // write and names that they give are redacted here.
  bool Push(Order order, Done done);
  std::vector<std::pair<Order, Done>> Take();

 private:
  Mutex mutex_;
  std::vector<std::pair<Order, Done>> waiting_ GUARDED_BY(mutex_);
};

Status DecideException(Sql* sql, const ExceptionOrder& order, const std::string& now);
// The kind under which the history of a sink stands in exception_audit.
inline constexpr std::string_view kSinkHistory = "sink";
Status CarryOut(Sql* sql, const Order& order, const std::string& now);
// "Ms Berg: loss of store 0042 is acknowledged", for the log.
std::string OrderText(const Order& order);

}  // namespace tillrelay::collector
