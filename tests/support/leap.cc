// Loaded before a program (LD_PRELOAD): its monotonic clock is ahead by what the file named in
// TILLRELAY_TEST_LEAP says, eight bytes of nanoseconds that may change while it runs.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using Leap = std::atomic<int64_t>;

Leap* OpenLeap() {
  const char* path = std::getenv("TILLRELAY_TEST_LEAP");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) std::abort();
  void* mapped = mmap(nullptr, sizeof(Leap), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) std::abort();
  return static_cast<Leap*>(mapped);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Real = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "clock_gettime"));
  static Leap* const leap = OpenLeap();
  const int failed = real(clock, time);
  if (failed != 0 || clock != CLOCK_MONOTONIC) return failed;
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t ns = time->tv_nsec + leap->load(std::memory_order_relaxed);
  time->tv_sec += ns / kSecond;
  time->tv_nsec = ns % kSecond;
  return 0;
}
