// What: gives the memory of a large text back to the system while it is read from front to back.
// Promise: what was passed reads as zeros from then on, in whole pages; nothing else changes. The
//   text must be memory of our own, as that of a string is.
// Thread: one.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tillrelay {

class PageReleaser {
 public:
  static constexpr size_t kStepBytes = 1024 * 1024;

  explicit PageReleaser(std::string_view text)
      : from_(reinterpret_cast<uintptr_t>(text.data())),
        end_(from_ + text.size()),
        page_(static_cast<uintptr_t>(sysconf(_SC_PAGESIZE))) {
    from_ = (from_ + page_ - 1) / page_ * page_;
  }

  // Nobody will read what lies before `until` again.
  void Passed(const char* until) {
    const auto to = reinterpret_cast<uintptr_t>(until) / page_ * page_;
    if (to > end_ || to < from_ + kStepBytes) return;
    madvise(reinterpret_cast<void*>(from_), to - from_, MADV_DONTNEED);
    from_ = to;
  }

 private:
  uintptr_t from_;
  const uintptr_t end_, page_;
};

}  // namespace tillrelay
