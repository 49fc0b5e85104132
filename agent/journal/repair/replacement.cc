#include "agent/journal/repair/replacement.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "agent/journal/paths.h"
#include "common/base/log.h"
#include "common/event/time_text.h"

namespace tillrelay::journal {
namespace {

constexpr const char* kNext = ".next-";

Status Failure(const std::string& path) { return Unavailable(path + ": " + ErrnoText(errno)); }

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

Status SyncFile(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Failure(path);
  if (fsync(fd.get()) == 0) return Status::Ok();
  return errno == ENOSPC || errno == EDQUOT ? Full(path + ": " + ErrnoText(errno)) : Failure(path);
}

Status Remove(const std::string& path) {
  return unlink(path.c_str()) == 0 || errno == ENOENT ? Status::Ok() : Failure(path);
}

// The file moves unless it has moved already. What stands under a name whose place is taken was
// made by a reader while the set was moving, and holds nothing that was ever accepted.
Status MoveOnce(const std::string& from, const std::string& to) {
  if (!Exists(from)) return Status::Ok();
  if (Exists(to)) return Remove(from);
  return std::rename(from.c_str(), to.c_str()) == 0 ? Status::Ok() : Failure(from);
}

// The committed new file of `journal`, or nothing.
Result<std::string> NextOf(const std::string& journal) {
  const std::string folder = DirectoryOf(journal);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), &closedir);
  if (dir == nullptr) return Failure(folder);
  const std::string prefix = NameOf(journal) + kNext;
  std::string found;
  errno = 0;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    // Its own log and index are never there: it was closed before it got this name.
    const bool ours =
        name.starts_with(prefix) && !name.ends_with("-wal") && !name.ends_with("-shm");
    if (ours) found = std::max(found, Beside(journal, name.c_str()));
    errno = 0;
  }
  if (errno != 0) return Failure(folder);
  return found;
}

// Here only while the new file is getting its name, or has it.
std::string PlacingLogPath(const std::string& journal) { return journal + ".placing-log"; }

// What stands in its place was made by somebody who opened the file without it.
Status PlaceLog(const std::string& journal) {
  const std::string log = PlacingLogPath(journal);
  if (!Exists(log)) return Status::Ok();
  TRY(Remove(journal + "-shm"));
  if (std::rename(log.c_str(), WalPath(journal).c_str()) != 0) return Failure(log);
  return SyncDirectory(DirectoryOf(journal));
}

}  // namespace

Result<Fd> LockJournal(const std::string& path) {
  const std::string name = LockPath(path);
  Fd lock(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return Failure(name);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Unavailable("another tillrelayd has this journal open: " + path);
  }
  return lock;
}

Result<std::string> ResolveJournal(const std::string& path) {
  char resolved[PATH_MAX];
  struct stat info {};
  if (realpath(path.c_str(), resolved) != nullptr) {
    if (stat(resolved, &info) != 0) return Failure(resolved);
    if (!S_ISREG(info.st_mode)) return Conflict(path + " is not a file");
    if (info.st_nlink > 1) {
      return Conflict(path + " has a second name (hard link), under which another program could " +
                      "write to it: remove that name; nothing was changed");
    }
    return std::string(resolved);
  }
  if (errno != ENOENT) return Failure(path);
  if (lstat(path.c_str(), &info) == 0) {
    return Conflict(path + " is a symbolic link that leads nowhere; nothing was changed");
  }
  if (realpath(DirectoryOf(path).c_str(), resolved) == nullptr) return Failure(DirectoryOf(path));
  return std::string(resolved) + "/" + NameOf(path);
}

std::string BuildingPath(const std::string& journal) { return journal + ".building"; }

std::string BuildingLogPath(const std::string& journal) { return BuildingPath(journal) + "-log"; }

Status DiscardBuilding(const std::string& journal) {
  for (const char* end : {"", "-wal", "-shm", "-journal", "-log"}) {
    TRY(Remove(BuildingPath(journal) + end));
  }
  return Status::Ok();
}

std::string AsidePath(const std::string& journal, const std::string& why, WallTime now) {
  std::string stamp = event::UtcText(now);
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-' || c == '.'; });
  std::string aside = journal + "." + why + "-" + stamp;
  for (int i = 2; Exists(aside) || Exists(WalPath(aside)); ++i) {
    aside = journal + "." + why + "-" + stamp + "-" + std::to_string(i);
  }
  return aside;
}

Status CommitReplacement(const std::string& journal, const std::string& aside) {
  const std::string building = BuildingPath(journal);
  if (Exists(WalPath(building))) return Internal(building + " was not closed");
  CHECK(aside.starts_with(journal + "."));
  const std::string next = journal + kNext + aside.substr(journal.size() + 1);
  TRY(SyncFile(building));
  if (const std::string log = BuildingLogPath(journal); Exists(log)) {
    TRY(SyncFile(log));
    TRY(SyncDirectory(DirectoryOf(journal)));  // the file is not committed before its log
  }
  if (std::rename(building.c_str(), next.c_str()) != 0) return Failure(building);
  auto finished = FinishReplacement(journal);
  return finished.ok() ? Status::Ok() : std::move(finished).status();
}

bool IsCommitted(const std::string& journal, const std::string& aside) {
  const auto next = NextOf(journal);
  return !next.ok() || !next->empty() || Exists(aside) || Exists(WalPath(aside));
}

// Each step is done once, whichever of them a stop has cut; the folder is synced between them, so
// that they reach the disk in this order.
Result<bool> FinishReplacement(const std::string& journal) {
  const std::string folder = DirectoryOf(journal);
  auto next = NextOf(journal);
  if (!next.ok()) return std::move(next).status();
  if (next->empty()) {
    const bool unplaced = Exists(PlacingLogPath(journal));
    TRY(PlaceLog(journal));
    return unplaced;
  }
  const std::string aside =
      journal + "." + next->substr(journal.size() + std::string_view(kNext).size());
  TRY(SyncDirectory(folder));
  TRY(MoveOnce(WalPath(journal), WalPath(aside)));
  TRY(MoveOnce(journal + "-journal", aside + "-journal"));
  TRY(MoveOnce(journal, aside));
  TRY(MoveOnce(WitnessPath(journal), WitnessPath(aside)));
  TRY(Remove(journal + "-shm"));  // an index over the log, made again when it is opened
  const std::string log = BuildingLogPath(journal), placing = PlacingLogPath(journal);
  if (Exists(log) && std::rename(log.c_str(), placing.c_str()) != 0) return Failure(log);
  TRY(SyncDirectory(folder));
  if (std::rename(next->c_str(), journal.c_str()) != 0) return Failure(*next);
  TRY(SyncDirectory(folder));
  TRY(PlaceLog(journal));
  log::Warning("journal", "the journal was replaced; the old one is {}", aside);
  return true;
}

}  // namespace tillrelay::journal
