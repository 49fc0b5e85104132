#include "tests/support/fault_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <fstream>

namespace tillrelay::testing {
namespace {

sqlite3_vfs* g_real = nullptr;

struct ShimFile {
  sqlite3_file base;
  char* path;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ShimFile* Shim(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Shim(file)->real(); }

int Close(sqlite3_file* f) {
  const int code = Real(f)->pMethods->xClose(Real(f));
  sqlite3_free(Shim(f)->path);
  return code;
}
int Read(sqlite3_file* f, void* out, int size, sqlite3_int64 at) {
  return Real(f)->pMethods->xRead(Real(f), out, size, at);
}
int Write(sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
  if (const int code = FaultVfs::Instance().Count()) return code;
  const int code = Real(f)->pMethods->xWrite(Real(f), bytes, size, at);
  if (code == SQLITE_OK) FaultVfs::Instance().Wrote(Shim(f)->path, at, bytes, size);
  return code;
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (const int code = FaultVfs::Instance().Count()) return code;
  FaultVfs::Instance().Truncated(Shim(f)->path, size);
  return Real(f)->pMethods->xTruncate(Real(f), size);
}
int Sync(sqlite3_file* f, int flags) {
  if (const int code = FaultVfs::Instance().Count()) {
    return code == SQLITE_FULL ? code : SQLITE_IOERR_FSYNC;
  }
  const int code = Real(f)->pMethods->xSync(Real(f), flags);
  if (code == SQLITE_OK) FaultVfs::Instance().Synced(Shim(f)->path);
  return code;
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Real(f)->pMethods->xFileSize(Real(f), size);
}
int Lock(sqlite3_file* f, int level) { return Real(f)->pMethods->xLock(Real(f), level); }
int Unlock(sqlite3_file* f, int level) { return Real(f)->pMethods->xUnlock(Real(f), level); }
int CheckReserved(sqlite3_file* f, int* out) {
  return Real(f)->pMethods->xCheckReservedLock(Real(f), out);
}
int FileControl(sqlite3_file* f, int op, void* arg) {
  return Real(f)->pMethods->xFileControl(Real(f), op, arg);
}
int SectorSize(sqlite3_file*) { return 4096; }
int Characteristics(sqlite3_file*) { return 0; }
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return Real(f)->pMethods->xShmMap(Real(f), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Real(f)->pMethods->xShmLock(Real(f), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); }
int ShmUnmap(sqlite3_file* f, int remove) { return Real(f)->pMethods->xShmUnmap(Real(f), remove); }

const sqlite3_io_methods kMethods = {
    2,        Close,         Read,        Write,      Truncate,        Sync,   FileSize, Lock,
    Unlock,   CheckReserved, FileControl, SectorSize, Characteristics, ShmMap, ShmLock,  ShmBarrier,
    ShmUnmap, nullptr,       nullptr};

int Open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* f, int flags, int* out_flags) {
  ShimFile* shim = Shim(f);
  shim->base.pMethods = nullptr;
  const int code = g_real->xOpen(g_real, name, shim->real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  shim->path = sqlite3_mprintf("%s", name != nullptr ? name : "");
  shim->base.pMethods = &kMethods;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* path, int sync_directory) {
  if (const int code = FaultVfs::Instance().Count()) return code;
  FaultVfs::Instance().Deleted(path);
  return g_real->xDelete(g_real, path, sync_directory);
}

void Apply(std::string* image, int64_t offset, std::string_view bytes) {
  const auto at = static_cast<size_t>(offset);
  if (image->size() < at + bytes.size()) image->resize(at + bytes.size());
  std::memcpy(image->data() + at, bytes.data(), bytes.size());
}

// Some, none or all of a write reaches the disk, in whole sectors.
void ApplyTorn(std::string* image, const FaultVfs::File::Write& write, SeededRandom* random) {
  const size_t sector = random->Chance(0.5) ? 512 : 4096;
  for (size_t at = 0; at < write.bytes.size(); at += sector) {
    if (random->Chance(0.5)) continue;
    Apply(image, write.offset + static_cast<int64_t>(at),
          std::string_view(write.bytes).substr(at, sector));
  }
}

}  // namespace

FaultVfs& FaultVfs::Instance() {
  static FaultVfs vfs;
  return vfs;
}

FaultVfs::FaultVfs() {
  g_real = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs shim = *g_real;
  shim.pNext = nullptr;
  shim.zName = kName;
  shim.szOsFile = static_cast<int>(sizeof(ShimFile)) + g_real->szOsFile;
  shim.xOpen = Open;
  shim.xDelete = Delete;
  sqlite3_vfs_register(&shim, 0);
}

void FaultVfs::Reset() {
  const std::lock_guard lock(mutex_);
  files_.clear();
  operations_ = fail_at_ = 0;
  sticky_ = failed_ = false;
}

void FaultVfs::FailAt(uint64_t operation, Failure failure, bool sticky) {
  const std::lock_guard lock(mutex_);
  fail_at_ = operation;
  failure_ = failure;
  sticky_ = sticky;
  failed_ = false;
}

uint64_t FaultVfs::operations() {
  const std::lock_guard lock(mutex_);
  return operations_;
}

bool FaultVfs::failed() {
  const std::lock_guard lock(mutex_);
  return failed_;
}

int FaultVfs::Count() {
  const std::lock_guard lock(mutex_);
  ++operations_;
  if (fail_at_ == 0 || operations_ < fail_at_) return SQLITE_OK;
  if (operations_ > fail_at_ && !sticky_) return SQLITE_OK;
  failed_ = true;
  return failure_ == Failure::kFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

void FaultVfs::Wrote(const std::string& path, int64_t offset, const void* bytes, int size) {
  const std::lock_guard lock(mutex_);
  files_[path].since.push_back(
      {offset, std::string(static_cast<const char*>(bytes), static_cast<size_t>(size))});
}

void FaultVfs::Truncated(const std::string& path, int64_t size) {
  const std::lock_guard lock(mutex_);
  files_[path].since.push_back({0, {}, size});
}

void FaultVfs::Synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  File& file = files_[path];
  for (const File::Write& write : file.since) {
    if (write.truncate >= 0) {
      file.synced.resize(static_cast<size_t>(write.truncate));
    } else {
      Apply(&file.synced, write.offset, write.bytes);
    }
  }
  file.since.clear();
}

void FaultVfs::Deleted(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
}

void FaultVfs::Cut(SeededRandom* random) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    std::string image = file.synced;
    for (const File::Write& write : file.since) {
      if (write.truncate >= 0) {
        if (random->Chance(0.5)) image.resize(static_cast<size_t>(write.truncate));
      } else {
        ApplyTorn(&image, write, random);
      }
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << image;
    if (path.ends_with("-wal")) continue;
    std::remove((path + "-shm").c_str());
  }
}

}  // namespace tillrelay::testing
