// What: a disk as a power cut knows it: what of each file and of each folder has been synced, and
//   what has only been asked for. It says how the folder may look after a cut.
// Promise: plain memory, no system call but in Adopt and WriteImage. A folder's names are durable
//   once the folder was synced, a file's bytes once the file was; nothing else makes them so.
// Thread: one at a time.
// Limits: memory maps are not seen, so SQLite's `-shm` files are left out of every image.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/seeded_random.h"

namespace tillrelay::testing {

// One operation. Paths are relative to the folder that is watched.
struct DiskOperation {
  enum class Kind {
    kOpen,        // without a change
    kCreate,      // `path` is a new, empty file
    kWrite,       // `bytes` at `offset`
    kResize,      // to `offset` bytes; what is added reads as zero
    kSync,        // the file
    kLoseSync,    // a sync that failed: what was not synced will never be
    kSyncFolder,  // the names in `path`, "" for the folder itself
    kRename,      // `path` to `to`
    kExchange,    // `path` and `to` change places
    kLink,        // `to` is a second name of `path`
    kUnlink,
    kDamage,  // as kWrite, by the disk itself: durable at once
  };
  Kind kind = Kind::kOpen;
  std::string path, to;
  uint64_t file = 0;  // the number of the file that is written, resized or synced
  int64_t offset = 0;
  std::string bytes;
};
const char* KindWord(DiskOperation::Kind kind);

// What a cut leaves of what was not synced.
enum class CutMode {
  kKept,      // everything: the process died, the machine did not
  kDropped,   // nothing
  kPrefix,    // of each file and of the names the first so many operations
  kTorn512,   // of each write any of its sectors of 512 bytes, of the names a prefix
  kTorn4096,  // the same in pages
  kZeroed,    // names and lengths, but zeros where bytes were added
  kReordered  // as kPrefix, but of the names any: no order holds between two syncs of a folder
};
// All but the last, which file systems with a log of their own do not do.
inline constexpr CutMode kCutModes[] = {CutMode::kKept,    CutMode::kDropped,  CutMode::kPrefix,
                                        CutMode::kTorn512, CutMode::kTorn4096, CutMode::kZeroed};
const char* ModeWord(CutMode mode);

// A file's bytes; the zeros at the end of a reserve of some MB are only counted.
struct DiskContent {
  std::string bytes;
  size_t size = 0;

  void Put(int64_t offset, std::string_view more);
  void Resize(size_t to);
  // All of it, zeros and all.
  std::string Text() const;
  bool operator==(const DiskContent&) const = default;
};
struct DiskImage {
  std::set<std::string> folders;
  std::map<std::string, DiskContent> files;
};
// Replaces what is in `folder`.
void WriteImage(const DiskImage& image, const std::string& folder);

class DiskModel {
 public:
  // Takes what is in `folder` as synced.
  void Adopt(const std::string& folder);
  // A new file's number is its `file`, which the caller takes from NewFile.
  void Apply(const DiskOperation& operation);
  uint64_t NewFile() { return ++last_file_; }

  // The number of the file with this name; 0: there is none.
  uint64_t FileAt(const std::string& path) const;
  int64_t SizeOf(uint64_t file) const;
  // Bytes of all files that have a name or are in `open`.
  int64_t UsedBytes(const std::multiset<uint64_t>& open) const;
  void AddFolder(const std::string& path) { folders_.insert(path); }

  DiskImage After(CutMode mode, SeededRandom* random) const;

 private:
  struct Change {
    int64_t offset = 0;
    std::string bytes;
    int64_t resize = -1;
  };
  struct File {
    DiskContent synced, cached;
    std::vector<Change> since;
  };
  using Names = std::map<std::string, uint64_t>;
  struct NameChange {
    std::vector<std::pair<std::string, uint64_t>> set;  // 0: the name goes
    std::set<std::string> folders;
  };
  void ApplyToNames(const DiskOperation& operation);
  void SyncFolder(const std::string& folder);
  static void Run(const NameChange& change, Names* names);
  static DiskContent Cut(const File& file, CutMode mode, SeededRandom* random);

  std::map<uint64_t, File> files_;
  std::set<std::string> folders_;
  Names names_, durable_;
  std::vector<NameChange> pending_;
  uint64_t last_file_ = 0;
};

}  // namespace tillrelay::testing
