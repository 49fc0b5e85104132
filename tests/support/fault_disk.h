// What: the disk below one folder as tests want it. It sees every system call of this program that
//   changes something there, SQLite's own as well, counts it, can make it fail, can be full, and
//   can play a power cut (disk_model.h).
// How: fault_disk_calls.cc defines open, write, fsync, rename and their kin for the whole program,
//   so that no product code and no VFS has to know. Files elsewhere pass by untouched.
// Thread: any; the calls in the folder go one after the other.
// Limits: one folder at a time. A read is not counted and never fails. What goes through fopen or
//   std::ofstream is opened inside the C library and not seen; the product uses neither.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/disk_model.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::testing {

class FaultDisk {
 public:
  static FaultDisk& Instance();

  // What is in `folder` counts as synced; counts from zero, fails nothing, has room. The folder
  // must exist, and no file of it may be open.
  void Watch(const std::string& folder);
  void StopWatching();

  // The operation with this number (from 1) fails with `error`, and every later one too if
  // `sticky`, as for a machine whose power goes there. 0: none.
  void FailAt(uint64_t operation, int error, bool sticky);
  uint64_t operations();
  bool failed();
  // What failed first, in words: "write journal.db-wal".
  std::string failure();

  // The files together may have so many bytes; no value: as many as they like.
  void SetRoom(std::optional<int64_t> bytes);

  // Syncs say that they have happened, and have not: a disk that lies, to see that a suite notices.
  void LieAboutSyncs(bool lie);

  // Every operation from now on, in order, is also put there.
  void Record(std::vector<DiskOperation>* trace);

  // Rewrites the folder as a cut now could leave it; nothing of it may be open. What it holds then
  // counts as synced.
  void Cut(CutMode mode, SeededRandom* random);
  // The folder as a cut now could leave it.
  DiskImage After(CutMode mode, SeededRandom* random);
  // The disk changes bytes of a file by itself.
  void Damage(const std::string& name, int64_t offset, const std::string& bytes);

  // The program believes from now on that the machine was started anew: another kernel's boot id.
  void Reboot();

  // For fault_disk_calls.cc. Each returns what the system call would, errno set.
  bool Watches(int fd);
  bool Watches(const std::string& path);
  int Open(int folder, const char* path, int flags, unsigned mode);
  void Closed(int fd);
  int64_t Write(int fd, const void* bytes, size_t size, int64_t offset);  // -1: where it stands
  int Resize(int fd, int64_t size, bool only_grow);
  int Sync(int fd);
  int Rename(const std::string& from, const std::string& to, unsigned flags);
  int Link(const std::string& from, const std::string& to);
  int Unlink(const std::string& path, int flags);
  // A file with the boot id; -1: the kernel's own is to be read.
  int OpenBootId();
  std::optional<int64_t> room() const { return room_; }
  int64_t used();
  static std::string PathOf(int folder, const char* path);

 private:
  FaultDisk() = default;
  int Fails(DiskOperation::Kind kind, const std::string& path);
  void Done(DiskOperation operation);
  std::string Name(const std::string& path) const;
  bool HasRoomFor(uint64_t file, int64_t end);

  std::recursive_mutex mutex_;
  std::string folder_;
  DiskModel model_;
  struct Descriptor {
    uint64_t file = 0;
    std::string folder;  // its name, when it is one
    std::string name;
    bool append = false;
  };
  std::map<int, Descriptor> open_;
  std::multiset<uint64_t> open_files_;
  std::vector<DiskOperation>* trace_ = nullptr;
  uint64_t operations_ = 0, fail_at_ = 0;
  int error_ = 0;
  bool sticky_ = false, failed_ = false, lies_ = false;
  std::string failure_;
  uint64_t boots_ = 0;
  std::optional<int64_t> room_;
};

}  // namespace tillrelay::testing
