// What: whole small files and directory durability, for configuration, secrets and archives.
// Promise: WriteFileDurably leaves the old content or the new, never a mixture, also after a power
//   cut: temporary file, fsync, rename, directory fsync.
// Thread: any.
// Errors: not found; unavailable (with errno's words); invalid (larger than `limit`).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/status.h"

namespace tillrelay {

// An owned descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { Reset(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Reset();
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

std::string ErrnoText(int error);
// The folder that holds it: "/a" of "/a/b", "/" of "/a", "." of "a".
std::string DirectoryOf(const std::string& path);

Result<std::string> ReadFile(const std::string& path, size_t limit);
// Everything from the current position of `fd`, at most `limit` bytes.
Result<std::string> ReadAll(int fd, size_t limit);
Status WriteAll(int fd, std::string_view bytes);
Status SyncDirectory(const std::string& path);
Status WriteFileDurably(const std::string& path, std::string_view bytes, unsigned mode);

}  // namespace tillrelay
