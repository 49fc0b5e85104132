// The calls of the C library that change a disk, for the whole program: what lies in the watched
// folder goes through the fault disk, everything else to the kernel as ever.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "tests/support/fault_disk.h"

namespace {

using tillrelay::testing::FaultDisk;

FaultDisk& Disk() { return FaultDisk::Instance(); }

int OpenAny(int folder, const char* path, int flags, unsigned mode) {
  if (std::strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) {
    if (const int id = Disk().OpenBootId(); id >= 0) return id;
  }
  const std::string whole = FaultDisk::PathOf(folder, path);
  const bool temporary = (flags & O_TMPFILE) == O_TMPFILE;
  if (whole.empty() || temporary || !Disk().Watches(whole)) {
    return static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
  }
  return Disk().Open(folder, path, flags, mode);
}

int RenameAny(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  const std::string whole = FaultDisk::PathOf(from_folder, from);
  if (whole.empty() || !Disk().Watches(whole)) {
    return static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
  }
  return Disk().Rename(whole, FaultDisk::PathOf(to_folder, to), flags);
}

int LinkAny(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  const std::string whole = FaultDisk::PathOf(from_folder, from);
  if (whole.empty() || !Disk().Watches(whole)) {
    return static_cast<int>(syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
  }
  return Disk().Link(whole, FaultDisk::PathOf(to_folder, to));
}

int UnlinkAny(int folder, const char* path, int flags) {
  const std::string whole = FaultDisk::PathOf(folder, path);
  if (whole.empty() || !Disk().Watches(whole)) {
    return static_cast<int>(syscall(SYS_unlinkat, folder, path, flags));
  }
  return Disk().Unlink(whole, flags);
}

ssize_t WriteAny(int fd, const void* bytes, size_t size, off_t offset) {
  if (Disk().Watches(fd)) return Disk().Write(fd, bytes, size, offset);
  return offset < 0 ? syscall(SYS_write, fd, bytes, size)
                    : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int ResizeAny(int fd, off_t size) {
  if (Disk().Watches(fd)) return Disk().Resize(fd, size, false);
  return static_cast<int>(syscall(SYS_ftruncate, fd, size));
}

// Returns an errno value.
int Reserve(int fd, off_t offset, off_t size) {
  if (!Disk().Watches(fd)) {
    return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
  }
  return Disk().Resize(fd, offset + size, true) == 0 ? 0 : errno;
}

int SyncAny(int fd, long call) {
  if (Disk().Watches(fd)) return Disk().Sync(fd);
  return static_cast<int>(syscall(call, fd));
}

unsigned ModeOf(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
}

template <class Answer>
int RoomAny(const char* path, Answer* answer) {
  struct statfs_words {
    long type, block_size;
    unsigned long blocks, free, available, files, files_free, id;
    long name_length, fragment_size, flags, spare[4];
  } words{};
  if (syscall(SYS_statfs, path, &words) != 0) return -1;
  *answer = {};
  answer->f_bsize = answer->f_frsize = static_cast<unsigned long>(words.block_size);
  answer->f_blocks = words.blocks;
  answer->f_bfree = words.free;
  answer->f_bavail = words.available;
  answer->f_files = words.files;
  answer->f_ffree = answer->f_favail = words.files_free;
  answer->f_namemax = static_cast<unsigned long>(words.name_length);
  const std::string whole = FaultDisk::PathOf(AT_FDCWD, path);
  if (whole.empty() || !Disk().Watches(whole) || !Disk().room()) return 0;
  const int64_t left = std::max<int64_t>(0, *Disk().room() - Disk().used());
  answer->f_blocks = static_cast<unsigned long>(*Disk().room()) / answer->f_frsize;
  answer->f_bfree = answer->f_bavail = static_cast<unsigned long>(left) / answer->f_frsize;
  return 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = ModeOf(flags, arguments);
  va_end(arguments);
  return OpenAny(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = ModeOf(flags, arguments);
  va_end(arguments);
  return OpenAny(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = ModeOf(flags, arguments);
  va_end(arguments);
  return OpenAny(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = ModeOf(flags, arguments);
  va_end(arguments);
  return OpenAny(folder, path, flags, mode);
}
int close(int fd) {
  if (Disk().Watches(fd)) Disk().Closed(fd);
  return static_cast<int>(syscall(SYS_close, fd));
}

// libstdc++ copies files through a stream, and closes the descriptor with it.
int fclose(FILE* stream) {
  static const auto next = reinterpret_cast<int (*)(FILE*)>(dlsym(RTLD_NEXT, "fclose"));
  const int fd = fileno(stream);
  if (fd >= 0 && Disk().Watches(fd)) Disk().Closed(fd);
  return next(stream);
}

ssize_t write(int fd, const void* bytes, size_t size) { return WriteAny(fd, bytes, size, -1); }
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return WriteAny(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return WriteAny(fd, bytes, size, offset);
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  if (!Disk().Watches(fd)) return syscall(SYS_writev, fd, pieces, count);
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  return Disk().Write(fd, bytes.data(), bytes.size(), -1);
}
int ftruncate(int fd, off_t size) noexcept { return ResizeAny(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return ResizeAny(fd, size); }
int posix_fallocate(int fd, off_t offset, off_t size) { return Reserve(fd, offset, size); }
int posix_fallocate64(int fd, off64_t offset, off64_t size) { return Reserve(fd, offset, size); }
int fallocate(int fd, int mode, off_t offset, off_t size) {
  if (!Disk().Watches(fd)) return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, size));
  if (mode != 0) {
    errno = EOPNOTSUPP;
    return -1;
  }
  errno = Reserve(fd, offset, size);
  return errno == 0 ? 0 : -1;
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return fallocate(fd, mode, offset, size);
}
int fsync(int fd) { return SyncAny(fd, SYS_fsync); }
int fdatasync(int fd) { return SyncAny(fd, SYS_fdatasync); }

int rename(const char* from, const char* to) noexcept {
  return RenameAny(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return RenameAny(from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  return RenameAny(from_folder, from, to_folder, to, flags);
}
int link(const char* from, const char* to) noexcept {
  return LinkAny(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  return LinkAny(from_folder, from, to_folder, to, flags);
}
int unlink(const char* path) noexcept { return UnlinkAny(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int flags) noexcept {
  return UnlinkAny(folder, path, flags);
}
int remove(const char* path) noexcept {
  const int done = UnlinkAny(AT_FDCWD, path, 0);
  return done != 0 && errno == EISDIR ? UnlinkAny(AT_FDCWD, path, AT_REMOVEDIR) : done;
}
// A copy within the kernel would pass the fault disk by; callers fall back to read and write.
ssize_t copy_file_range(int, off64_t*, int, off64_t*, size_t, unsigned) {
  errno = EXDEV;
  return -1;
}
ssize_t sendfile(int to, int from, off_t* offset, size_t size) noexcept {
  if (Disk().Watches(to)) {
    errno = EINVAL;
    return -1;
  }
  return syscall(SYS_sendfile, to, from, offset, size);
}
ssize_t sendfile64(int to, int from, off64_t* offset, size_t size) noexcept {
  return sendfile(to, from, offset, size);
}
int statvfs(const char* path, struct statvfs* answer) noexcept { return RoomAny(path, answer); }
int statvfs64(const char* path, struct statvfs64* answer) noexcept { return RoomAny(path, answer); }

}  // extern "C"
