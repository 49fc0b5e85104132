#include "collector/db/write_queue.h"

#include <utility>

namespace tillrelay::collector {

Status WriteQueue::Run(const Work& work) {
  Item item;
  item.work = &work;
  {
    Lock lock(mutex_);
    waiting_.push_back(&item);
  }
  wake_();
  Lock lock(mutex_);
  while (!item.done) condition_.Wait(mutex_);
  return item.result;
}

Status WriteQueue::Write(Sql* sql, const Work& work) {
  if (sql == nullptr) return Unavailable("the database fails");
  TRY(sql->Begin());
  TRY(work(sql));
  return sql->Commit();
}

Status WriteQueue::Carry(Sql* sql) {
  std::vector<Item*> items;
  {
    Lock lock(mutex_);
    items = std::exchange(waiting_, {});
  }
  Status first;
  for (Item* item : items) {
    Status written = Write(first.ok() ? sql : nullptr, *item->work);
    if (!written.ok() && sql != nullptr && first.ok()) {
      sql->Rollback();
      if (!IsDataError(written)) first = written;
    }
    Lock lock(mutex_);
    item->result = std::move(written);
    item->done = true;
    condition_.NotifyAll();
  }
  return first;
}

}  // namespace tillrelay::collector
