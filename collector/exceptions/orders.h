// What: what people decide about exceptions, on its way to the thread that owns the writing
//   connection.
// Thread: Orders any; DecideException whoever owns the connection, inside a transaction.
// Errors: invalid (the order), not found (no such exception), conflict (not now); of the database.
// Limits: 64 orders wait.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "collector/db/sql.h"
#include "collector/exceptions/exception.h"
#include "common/base/mutex.h"

namespace tillrelay::collector {

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

Status DecideException(Sql* sql, const ExceptionOrder& order, const std::string& now);

}  // namespace tillrelay::collector
