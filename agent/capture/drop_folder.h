// What: takes files: what is finished in incoming/, has it committed, and moves it to
//   done/ or rejected/ (with a .reason beside it).
//   Each scan looks whether the three folders are still those that the path names. Where they are
//   not (moved, replaced, something mounted over them), those of the path are opened, and nothing
//   is taken as long as that is not possible. They are made until they were there once, and never
//   again while the service runs.
// Promise: committed first, then archived (drop_archive.h), then the directories synced; a cut in
//   between finds the same ids again. Nothing that is not a plain file with one link is opened for
//   reading, and no name from outside is ever used as a path. A file that cannot be taken lets the
//   others pass.
// Thread: capture.
// Errors: a scan reports into the counters, with the folder and what to do.
// Limits: files and events per file as configured. One scan looks at 8,192 files and takes 1,024;
//   at most 16 files or 16 MiB are between reading and archiving. 131,072 files are watched while
//   they settle; the others wait until there is room.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/capture/drop_archive.h"
#include "agent/capture/drop_listing.h"
#include "agent/capture/intake.h"
#include "common/base/files.h"
#include "common/base/log.h"

namespace tillrelay::capture {

struct DropFolderOptions {
  std::string path;
  size_t file_bytes = 64 * 1024 * 1024;
  std::chrono::seconds settle{2};
  std::chrono::hours archive_keep{90 * 24};  // 0: for ever
  DropArchive::Observed observed;  // how much time has passed; none: nothing is ever trimmed
  size_t page_names = DropListing::kPageNames;
  std::function<void()> beat = {};  // a scan moves: after every file
  // From which a file takes before it is read.
  std::shared_ptr<MemoryBudget> memory = std::make_shared<MemoryBudget>();
};

class DropFolder {
 public:
  // Folders that cannot be used now are looked at again with each scan.
  DropFolder(const DropFolderOptions& options, Intake* intake, Counters* counters,
             const Clock* clock);

  // How many times the folders were opened: another number, another incoming/; 0: never yet.
  uint32_t openings() const { return openings_; }
  std::string incoming_path() const { return options_.path + "/incoming"; }
  // Renamed into place: complete, need not settle, as long as nobody changes it.
  void Arrived(const std::string& name);
  // A new file, still to be written: must settle, whatever had its name.
  void Created(const std::string& name);
  // Notifications were lost: everything must settle.
  void NotificationsLost();
  // The next piece of a pass over incoming/.
  enum class Next { kNothing, kSettling, kMore };  // what the next scan will find
  Next Scan();
  // Files that the last pass left in place.
  size_t left() const { return pass_.looked - pass_.taken; }
  // Directory entries read since the start.
  uint64_t names_read() const { return listing_.names_read(); }

 private:
  // What is known of a file that was not taken yet, by its inode.
  struct FileState {
    int64_t size = -1, mtime_ns = -1;
    Instant since{};
    Instant retry_at{};  // a file that could not be taken lets others pass until then
    uint32_t pass = 0;   // that saw it last
    int unreadable = 0;
    bool arrived = false;
  };
  struct Pass {
    uint32_t number = 0;
    bool running = false, settling = false;
    size_t looked = 0, taken = 0;
    uint64_t unreadable = 0;
    std::string trouble;
  };
  struct InFlightFile;  // one file between reading and archiving

  // Makes those that are missing, and checks that all are on one file system.
  Status OpenFolders(bool make);
  bool InPlace() const;
  // True: the folders that the path names can be used.
  bool KeepInPlace();
  void CloseFolders();
  void NoteReadOnly();
  void BeginPass();
  void EndPass();
  Result<bool> Gather(std::vector<std::string>* ready);
  bool Ready(const std::string& name);
  bool Settled(const struct stat& info, FileState* seen) const;
  // Nothing if there is no such file, or no room to watch it.
  FileState* Watched(const struct stat& info);
  static void Doubt(FileState* seen);
  FileState* Find(const std::string& name, struct stat* info);
  void TakeAll(const std::vector<std::string>& names);
  // Null: not now, or not any more. Busy: there is no memory for it.
  Result<std::unique_ptr<InFlightFile>> Take(const std::string& name);
  Status Load(Document* document, InFlightFile* taken);
  // Of a file that is half of a pair: whether both are there; else it waits.
  bool BothHalves(const std::string& name, std::string* head);
  void Waits(const std::string& name, const std::string& other);
  Status Join(Document* document, InFlightFile* taken);
  Result<std::string> Submit(Document* document, InFlightFile* taken);
  Status CheckFile(Original* original) const;
  Result<std::string> Read(const Original& original) const;
  void Finish(InFlightFile* taken);
  void CountRejected(const std::string& name, const std::string& why);
  bool Keep(const InFlightFile& taken, DropArchive::Place place, const std::string& reason);
  void Beat() const;
  void Stuck(const InFlightFile& taken, const std::string& why);
  void ReportTrouble(const std::string& text);
  void UpdateStats();

  const DropFolderOptions options_;
  Intake& intake_;
  Counters& counters_;
  const Clock& clock_;
  Fd incoming_;
  uint32_t openings_ = 0;
  DropListing listing_;
  DropArchive archive_;
  std::unordered_map<uint64_t, FileState> seen_;
  Pass pass_;
  log::RateLimitedLog trouble_{log::Level::kError, "capture"};
  std::string last_trouble_;
};

}  // namespace tillrelay::capture
