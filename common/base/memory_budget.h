// What: the memory that everything from outside may take at one time: bodies, files, and what is
//   made of them. It is taken before the bytes are read, by what they will cost.
// Promise: what is taken never exceeds the budget. Small inputs always find room beside large ones:
//   these share three quarters of it. An input that is larger than those three quarters counts as
//   all of them, so it is handled as soon as no other large one is in hand.
// Thread: any.
#pragma once

#include <cstddef>
#include <memory>

#include "common/base/mutex.h"

namespace tillrelay {

class MemoryBudget {
  struct Account;

 public:
  static constexpr size_t kDefaultBytes = 64 * 1024 * 1024;
  static constexpr size_t kSmallBytes = 1024 * 1024;

  explicit MemoryBudget(size_t bytes = kDefaultBytes);

  // What one input has taken. It is given back when this goes, or when the budget is gone.
  class Share {
   public:
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    // Takes as much as is missing to `bytes`; what is less changes nothing. False: no room, and
    // nothing was taken.
    bool Grow(size_t bytes);

   private:
    friend class MemoryBudget;
    explicit Share(std::shared_ptr<Account> account) : account_(std::move(account)) {}

    const std::shared_ptr<Account> account_;
    size_t bytes_ = 0;
  };

  // Null: no room; try again later.
  std::shared_ptr<Share> Take(size_t bytes);

  // Returns memory to the system if large inputs have been handled since the last call and none is
  // in hand. To be called every second or so. True if it did.
  bool ReturnToSystem();
  size_t used() const;

 private:
  const std::shared_ptr<Account> account_;
};

// To be called once, before any thread exists: freed memory goes back to the system instead of
// staying with the thread that had it.
void ConfigureAllocator();

}  // namespace tillrelay
