// What: what other threads have to write, on its way to the thread that owns the writing
//   connection; each in a transaction of its own.
// Promise: Run returns when it is committed or has failed.
// Thread: Run any, and it waits; Carry the owner's. Whoever waits must have ended before the owner.
// Errors: what the work gives; unavailable while the database fails.
#pragma once

#include <functional>
#include <vector>

#include "collector/db/sql.h"
#include "common/base/mutex.h"

namespace tillrelay::collector {

class WriteQueue {
 public:
  using Work = std::function<Status(Sql*)>;
  // `wake` makes the owner come round.
  explicit WriteQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  Status Run(const Work& work);
  // Everything that waits now. `sql` null: it fails. Gives the first failure of the database.
  Status Carry(Sql* sql);

 private:
  struct Item {
    const Work* work = nullptr;
    bool done = false;
    Status result;
  };
  static Status Write(Sql* sql, const Work& work);

  const std::function<void()> wake_;
  Mutex mutex_;
  Condition condition_;
  std::vector<Item*> waiting_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay::collector
