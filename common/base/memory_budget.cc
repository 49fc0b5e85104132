#include "common/base/memory_budget.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

namespace tillrelay {

struct MemoryBudget::Account {
  explicit Account(size_t total_in) : total(total_in), most_large(total_in / 4 * 3) {}

  const size_t total, most_large;
  Mutex mutex;
  // Guarded by mutex:
  size_t used GUARDED_BY(mutex) = 0;
  size_t used_by_large GUARDED_BY(mutex) = 0;
  bool had_large GUARDED_BY(mutex) = false;  // since memory was returned to the system
};

MemoryBudget::MemoryBudget(size_t bytes) : account_(std::make_shared<Account>(bytes)) {}

std::shared_ptr<MemoryBudget::Share> MemoryBudget::Take(size_t bytes) {
  std::shared_ptr<Share> share(new Share(account_));
  return share->Grow(bytes) ? share : nullptr;
}

bool MemoryBudget::Share::Grow(size_t bytes) {
  bytes = std::min(bytes, account_->most_large);
  if (bytes <= bytes_) return true;
  const auto large_part = [](size_t size) { return size > kSmallBytes ? size : 0; };
  Lock lock(account_->mutex);
  const size_t used = account_->used - bytes_ + bytes;
  const size_t used_by_large = account_->used_by_large - large_part(bytes_) + large_part(bytes);
  if (used > account_->total) return false;
  if (large_part(bytes) > 0 && used_by_large > account_->most_large) return false;
  account_->used = used;
  account_->used_by_large = used_by_large;
  if (large_part(bytes) > 0) account_->had_large = true;
  bytes_ = bytes;
  return true;
}

MemoryBudget::Share::~Share() {
  Lock lock(account_->mutex);
  account_->used -= bytes_;
  if (bytes_ > kSmallBytes) account_->used_by_large -= bytes_;
}

bool MemoryBudget::ReturnToSystem() {
  {
    Lock lock(account_->mutex);
    if (!account_->had_large || account_->used_by_large > 0) return false;
    account_->had_large = false;
  }
  malloc_trim(0);
  return true;
}

size_t MemoryBudget::used() const {
  Lock lock(account_->mutex);
  return account_->used;
}

void ConfigureAllocator() {
  // A fixed threshold: by itself it grows with what is freed, and large buffers then stay.
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
  mallopt(M_ARENA_MAX, 2);
}

}  // namespace tillrelay
