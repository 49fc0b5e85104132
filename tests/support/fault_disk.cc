#include "tests/support/fault_disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <utility>

#include "common/base/check.h"

namespace tillrelay::testing {
namespace {

using Kind = DiskOperation::Kind;
using Guard = std::lock_guard<std::recursive_mutex>;

// Whether there is anything to look at; read before every call of the program.
std::atomic<bool> g_watching{false};
// This thread works for the fault disk itself.
thread_local bool g_bypass = false;

struct Bypass {
  bool was = std::exchange(g_bypass, true);
  ~Bypass() { g_bypass = was; }
};

int Refuse(int error) {
  errno = error;
  return -1;
}

// "/a/./b//c/../d" without what means nothing; symbolic links stay.
std::string Plain(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string plain;
  for (const std::string& part : parts) plain += "/" + part;
  return plain;
}

std::string LinkText(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size < 0 ? std::string() : std::string(target, static_cast<size_t>(size));
}

}  // namespace

FaultDisk& FaultDisk::Instance() {
  static FaultDisk disk;
  return disk;
}

void FaultDisk::Watch(const std::string& folder) {
  const Guard guard(mutex_);
  const Bypass bypass;
  char resolved[PATH_MAX];
  CHECK(realpath(folder.c_str(), resolved) != nullptr);
  folder_ = resolved;
  model_.Adopt(folder_);
  open_.clear();
  open_files_.clear();
  trace_ = nullptr;
  operations_ = fail_at_ = 0;
  sticky_ = failed_ = lies_ = false;
  failure_.clear();
  room_.reset();
  g_watching = true;
}

void FaultDisk::StopWatching() {
  const Guard guard(mutex_);
  g_watching = false;
  folder_.clear();
  model_ = {};
  open_.clear();
  open_files_.clear();
  trace_ = nullptr;
}

void FaultDisk::FailAt(uint64_t operation, int error, bool sticky) {
  const Guard guard(mutex_);
  fail_at_ = operation;
  error_ = error;
  sticky_ = sticky;
  failed_ = false;
  failure_.clear();
}

uint64_t FaultDisk::operations() {
  const Guard guard(mutex_);
  return operations_;
}

bool FaultDisk::failed() {
  const Guard guard(mutex_);
  return failed_;
}

std::string FaultDisk::failure() {
  const Guard guard(mutex_);
  return failure_;
}

void FaultDisk::SetRoom(std::optional<int64_t> bytes) {
  const Guard guard(mutex_);
  room_ = bytes;
}

void FaultDisk::LieAboutSyncs(bool lie) {
  const Guard guard(mutex_);
  lies_ = lie;
}

void FaultDisk::Reboot() {
  const Guard guard(mutex_);
  ++boots_;
}

int FaultDisk::OpenBootId() {
  const Guard guard(mutex_);
  if (boots_ == 0) return -1;
  const Bypass bypass;
  const int fd = memfd_create("boot_id", MFD_CLOEXEC);
  if (fd < 0) return -1;
  const std::string id =
      "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + boots_) + "\n";
  CHECK(pwrite(fd, id.data(), id.size(), 0) == static_cast<ssize_t>(id.size()));
  return fd;
}

void FaultDisk::Record(std::vector<DiskOperation>* trace) {
  const Guard guard(mutex_);
  trace_ = trace;
}

DiskImage FaultDisk::After(CutMode mode, SeededRandom* random) {
  const Guard guard(mutex_);
  return model_.After(mode, random);
}

void FaultDisk::Cut(CutMode mode, SeededRandom* random) {
  const Guard guard(mutex_);
  const Bypass bypass;
  CHECK(std::none_of(open_.begin(), open_.end(), [](const auto& e) { return e.second.file != 0; }));
  WriteImage(model_.After(mode, random), folder_);
  model_.Adopt(folder_);
  if (mode != CutMode::kKept) ++boots_;
}

void FaultDisk::Damage(const std::string& name, int64_t offset, const std::string& bytes) {
  const Guard guard(mutex_);
  const Bypass bypass;
  const int fd = open((folder_ + "/" + name).c_str(), O_WRONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  CHECK(pwrite(fd, bytes.data(), bytes.size(), offset) == static_cast<ssize_t>(bytes.size()));
  close(fd);
  Done({Kind::kDamage, name, {}, model_.FileAt(name), offset, bytes});
}

bool FaultDisk::Watches(int fd) {
  if (!g_watching || g_bypass) return false;
  const Guard guard(mutex_);
  return open_.contains(fd);
}

bool FaultDisk::Watches(const std::string& path) {
  if (!g_watching || g_bypass) return false;
  const Guard guard(mutex_);
  return path == folder_ || path.starts_with(folder_ + "/");
}

std::string FaultDisk::PathOf(int folder, const char* path) {
  if (!g_watching || g_bypass) return {};
  const std::string name(path);
  if (name.starts_with('/')) return Plain(name);
  const std::string base = folder == AT_FDCWD ? LinkText("/proc/self/cwd")
                                              : LinkText("/proc/self/fd/" + std::to_string(folder));
  return Plain(base + "/" + name);
}

std::string FaultDisk::Name(const std::string& path) const {
  return path.size() > folder_.size() ? path.substr(folder_.size() + 1) : std::string();
}

// An errno value if this operation is to fail, else 0.
int FaultDisk::Fails(Kind kind, const std::string& path) {
  ++operations_;
  if (fail_at_ == 0 || operations_ < fail_at_) return 0;
  if (operations_ > fail_at_ && !sticky_) return 0;
  if (!failed_) failure_ = std::string(KindWord(kind)) + " " + path;
  failed_ = true;
  return error_;
}

void FaultDisk::Done(DiskOperation operation) {
  model_.Apply(operation);
  if (trace_ != nullptr) trace_->push_back(std::move(operation));
}

bool FaultDisk::HasRoomFor(uint64_t file, int64_t end) {
  if (!room_) return true;
  const int64_t more = end - model_.SizeOf(file);
  return more <= 0 || model_.UsedBytes(open_files_) + more <= *room_;
}

int64_t FaultDisk::used() {
  const Guard guard(mutex_);
  return model_.UsedBytes(open_files_);
}

int FaultDisk::Open(int folder, const char* path, int flags, unsigned mode) {
  const Guard guard(mutex_);
  const std::string name = Name(PathOf(folder, path));
  struct stat info {};
  const bool exists = fstatat(folder, path, &info, 0) == 0;
  const bool is_folder = exists && S_ISDIR(info.st_mode);
  const bool creates = !exists && (flags & O_CREAT) != 0;
  if (!is_folder) {
    if (const int error = Fails(creates ? Kind::kCreate : Kind::kOpen, name)) return Refuse(error);
  }
  const int fd = static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
  if (fd < 0) return fd;
  Descriptor& opened = open_[fd];
  opened = {};
  opened.name = name;
  opened.append = (flags & O_APPEND) != 0;
  if (is_folder) {
    opened.folder = name;
    return fd;
  }
  DiskOperation operation;
  operation.path = name;
  operation.kind = creates ? Kind::kCreate : Kind::kOpen;
  operation.file = creates ? model_.NewFile() : model_.FileAt(name);
  opened.file = operation.file;
  open_files_.insert(operation.file);
  Done(operation);
  if (exists && (flags & O_TRUNC) != 0 && model_.SizeOf(opened.file) > 0) {
    Done({Kind::kResize, name, {}, opened.file, 0, {}});
  }
  return fd;
}

void FaultDisk::Closed(int fd) {
  const Guard guard(mutex_);
  const auto found = open_.find(fd);
  if (found == open_.end()) return;
  const auto file = open_files_.find(found->second.file);
  if (file != open_files_.end()) open_files_.erase(file);
  open_.erase(found);
}

int64_t FaultDisk::Write(int fd, const void* bytes, size_t size, int64_t offset) {
  const Guard guard(mutex_);
  const Descriptor& to = open_.at(fd);
  int64_t at = offset;
  if (to.append) {
    at = model_.SizeOf(to.file);
  } else if (offset < 0) {
    at = lseek(fd, 0, SEEK_CUR);
  }
  if (const int error = Fails(Kind::kWrite, to.name)) return Refuse(error);
  if (!HasRoomFor(to.file, at + static_cast<int64_t>(size))) return Refuse(ENOSPC);
  const int64_t done = offset < 0 ? syscall(SYS_write, fd, bytes, size)
                                  : syscall(SYS_pwrite64, fd, bytes, size, offset);
  if (done <= 0) return done;
  std::string written(static_cast<const char*>(bytes), static_cast<size_t>(done));
  Done({Kind::kWrite, to.name, {}, to.file, at, std::move(written)});
  return done;
}

int FaultDisk::Resize(int fd, int64_t size, bool only_grow) {
  const Guard guard(mutex_);
  const Descriptor& to = open_.at(fd);
  if (const int error = Fails(Kind::kResize, to.name)) return Refuse(error);
  if (only_grow && size <= model_.SizeOf(to.file)) return 0;
  if (!HasRoomFor(to.file, size)) return Refuse(ENOSPC);
  const auto done = static_cast<int>(syscall(SYS_ftruncate, fd, size));
  if (done == 0) Done({Kind::kResize, to.name, {}, to.file, size, {}});
  return done;
}

int FaultDisk::Sync(int fd) {
  const Guard guard(mutex_);
  const Descriptor& to = open_.at(fd);
  const bool folder = to.file == 0;
  const Kind kind = folder ? Kind::kSyncFolder : Kind::kSync;
  if (const int error = Fails(kind, to.name)) {
    // The kernel may mark pages as written that never were, and then forget them.
    if (!folder && !sticky_) Done({Kind::kLoseSync, to.name, {}, to.file, 0, {}});
    return Refuse(error);
  }
  if (!lies_) Done({kind, to.name, {}, to.file, 0, {}});
  return 0;  // the model is the disk
}

int FaultDisk::Rename(const std::string& from, const std::string& to, unsigned flags) {
  const Guard guard(mutex_);
  if (const int error = Fails(Kind::kRename, Name(from) + " to " + Name(to))) return Refuse(error);
  const auto done =
      static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
  constexpr unsigned kExchangeFlag = 2;
  if (done == 0 && model_.FileAt(Name(from)) != 0) {
    const Kind kind = (flags & kExchangeFlag) != 0 ? Kind::kExchange : Kind::kRename;
    Done({kind, Name(from), Name(to), 0, 0, {}});
  }
  return done;
}

int FaultDisk::Link(const std::string& from, const std::string& to) {
  const Guard guard(mutex_);
  if (const int error = Fails(Kind::kLink, Name(from) + " to " + Name(to))) return Refuse(error);
  const auto done =
      static_cast<int>(syscall(SYS_linkat, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0));
  if (done == 0) Done({Kind::kLink, Name(from), Name(to), 0, 0, {}});
  return done;
}

int FaultDisk::Unlink(const std::string& path, int flags) {
  const Guard guard(mutex_);
  if (model_.FileAt(Name(path)) != 0) {  // a missing one is no operation of the disk
    if (const int error = Fails(Kind::kUnlink, Name(path))) return Refuse(error);
  }
  const auto done = static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), flags));
  if (done == 0 && model_.FileAt(Name(path)) != 0) {
    Done({Kind::kUnlink, Name(path), {}, 0, 0, {}});
  }
  return done;
}

}  // namespace tillrelay::testing
