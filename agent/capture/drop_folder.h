// What: the door for files: takes what is finished in incoming/, has it committed, and moves it to
//   done/ or rejected/ (with a .reason beside it).
// Promise: committed first, then renamed, then both directories synced; a cut in between finds the
//   same ids again. A file that took the name of one that was read is not archived in its place.
//   Nothing is deleted, nothing that is not a plain file with one link is opened
//   for reading, and no name from outside is ever used as a path.
// Thread: capture.
// Errors: Open: unavailable, with the folder and what to do. A scan reports into the counters.
// Limits: files and events per file as configured; 64 files are committed at a time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/capture/intake.h"
#include "common/base/files.h"
#include "common/base/log.h"

namespace tillrelay::capture {

struct DropFolderOptions {
  std::string path;
  size_t file_bytes = 64 * 1024 * 1024;
  std::chrono::seconds settle{2};
};

class DropFolder {
 public:
  // Makes the folders if they are missing and checks that they are on one file system.
  static Result<std::unique_ptr<DropFolder>> Open(const DropFolderOptions& options, Intake* intake,
                                                  Counters* counters, const Clock* clock);

  std::string incoming_path() const { return options_.path + "/incoming"; }
  // Renamed into place: complete, need not settle.
  void Arrived(const std::string& name);
  // One pass over incoming/.
  enum class Next { kNothing, kSettling, kMore };  // what the next pass will find
  Next Scan();

 private:
  struct Seen {
    int64_t size = -1, mtime_ns = -1;
    Instant since{};
    int unreadable = 0;
    bool present = false;
    Instant retry_at{};   // a file that could not be taken lets others pass until then
    std::string trouble;  // why
  };
  struct Taken;  // one file between reading and archiving

  DropFolder(const DropFolderOptions& options, Intake* intake, Counters* counters,
             const Clock* clock);
  Status OpenFolders();
  Result<std::vector<std::string>> List();
  bool Settled(const std::string& name, Seen* seen);
  void TakeBatch(const std::vector<std::string>& names, size_t first, size_t last);
  std::unique_ptr<Taken> Take(const std::string& name);
  Status Look(const std::string& name, Taken* taken);
  Result<std::string> Read(const Taken& taken);
  void Finish(Taken* taken);
  bool Archive(const Taken& taken, bool done, const std::string& reason);
  Status MoveTo(const Fd& folder, const Taken& taken, const std::string& archived);
  Status MoveBack(const Fd& folder, const Taken& taken, const std::string& archived);
  Status WriteScrubbed(const Fd& folder, const Taken& taken, const std::string& archived);
  void SyncFolders();
  void Stuck(const std::string& name, const std::string& why);
  void Trouble(const std::string& text);

  const DropFolderOptions options_;
  Intake& intake_;
  Counters& counters_;
  const Clock& clock_;
  Fd incoming_, done_, rejected_;
  std::map<std::string, Seen> seen_;
  std::set<std::string> arrived_;
  log::Repeated trouble_{log::Level::kError, "capture"};
  std::string last_trouble_;
};

}  // namespace tillrelay::capture
