#include "common/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/file_kind.h"

namespace tillrelay {
namespace {

constexpr size_t kSpareBytes = 64;  // so that a wide reader need not copy it

Status Failed(const std::string& what, int error) {
  const Code code = error == ENOENT                      ? Code::kNotFound
                    : error == ENOSPC || error == EDQUOT ? Code::kFull
                                                         : Code::kUnavailable;
  return {code, what + ": " + ErrnoText(error)};
}

}  // namespace

void Fd::Reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string ErrnoText(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof buffer);
}

Result<std::string> ReadAll(int fd, size_t limit) {
  std::string bytes;
  struct stat info {};
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    bytes.reserve(std::min(static_cast<size_t>(info.st_size), limit) + kSpareBytes);
  }
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", errno);
    if (got == 0) break;
    if (bytes.size() + static_cast<size_t>(got) > limit) {
      return Invalid("larger than " + std::to_string(limit) + " bytes");
    }
    bytes.append(buffer, static_cast<size_t>(got));
  }
  bytes.reserve(bytes.size() + kSpareBytes);
  return bytes;
}

Result<std::string> ReadFile(const std::string& path, size_t limit) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) return Failed(path, errno);
  auto bytes = ReadAll(fd.get(), limit);
  if (!bytes.ok()) return std::move(bytes).status().Within(path);
  return bytes;
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failed("write", errno);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return Status::Ok();
}

Status SyncDirectory(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return Failed("sync " + path, errno);
  return Status::Ok();
}

Status WriteFileDurably(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = path + ".tmp";
  const Fd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return Failed(temporary, errno);
  Status written = WriteAll(fd.get(), bytes);
  if (written.ok() && fsync(fd.get()) != 0) written = Failed("fsync", errno);
  if (!written.ok()) {
    unlink(temporary.c_str());
    return std::move(written).Within(temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return Failed("rename to " + path, errno);
  return SyncDirectory(DirectoryOf(path));
}

std::string_view OddKind(mode_t mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

Status CheckIsFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    const std::string text = path + ": " + ErrnoText(errno);
    return errno == ENOENT ? NotFound(text) : Unavailable(text);
  }
  const std::string_view odd = OddKind(info.st_mode);
  return odd.empty() ? Status::Ok() : Invalid(fmt::format("{} is {}, not a file", path, odd));
}

}  // namespace tillrelay
