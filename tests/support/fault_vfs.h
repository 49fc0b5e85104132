// What: a SQLite VFS over the real one that can fail at the Nth write or sync, and that knows which
//   bytes have been synced, so that a power cut can be played: after Cut(), the files hold what was
//   synced plus any part of what was not, torn at 512 or 4,096 bytes.
// Thread: one test at a time; a journal may use it from its own thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace tillrelay::testing {

class FaultVfs {
 public:
  static constexpr const char* kName = "tillrelay-fault";
  // Registers the VFS with SQLite; there is one.
  static FaultVfs& Instance();

  // Forgets all files, counts from zero, fails nothing.
  void Reset();
  // The operation with this number (from 1) fails, and every later one too if `sticky`.
  enum class Failure { kIo, kFull };
  void FailAt(uint64_t operation, Failure failure, bool sticky);
  uint64_t operations();
  bool failed();

  // Rewrites every file as a power cut at this moment could leave it. Connections are closed first.
  void Cut(SeededRandom* random);

  // Called by the shim.
  struct File {
    std::string synced;  // content at the last sync
    struct Write {
      int64_t offset;
      std::string bytes;
      int64_t truncate = -1;
    };
    std::vector<Write> since;
  };
  int Count();  // an SQLITE_ code, 0 to go on
  void Wrote(const std::string& path, int64_t offset, const void* bytes, int size);
  void Truncated(const std::string& path, int64_t size);
  void Synced(const std::string& path);
  void Deleted(const std::string& path);

 private:
  FaultVfs();
  std::mutex mutex_;
  std::map<std::string, File> files_;
  uint64_t operations_ = 0, fail_at_ = 0;
  Failure failure_ = Failure::kIo;
  bool sticky_ = false, failed_ = false;
};

}  // namespace tillrelay::testing
