#include "agent/capture/drop_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "agent/capture/drop_names.h"
#include "agent/capture/redact_file.h"
#include "agent/redact/redact.h"
#include "common/base/log.h"
#include "common/event/time_text.h"

namespace tillrelay::capture {
namespace {

// A file of the same name every few minutes for the whole time of the archive finds a free one: the
// first names are counted, the others carry the time.
constexpr int kCountedNames = 9;
constexpr int kMaxNames = 100;
constexpr int kTrimLooks = 512;
constexpr std::chrono::hours kBetweenSweeps{1};

bool KeepsAll(std::string_view) { return false; }

// Writes `name` and makes it durable; nothing is left of it on failure.
Status WriteAside(const Fd& folder, const char* name, std::string_view bytes) {
  unlinkat(folder.get(), name, 0);
  const Fd file(
      openat(folder.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return Unavailable("create: " + ErrnoText(errno));
  Status written = WriteAll(file.get(), bytes);
  if (written.ok() && fsync(file.get()) != 0) written = Unavailable("fsync: " + ErrnoText(errno));
  if (!written.ok()) unlinkat(folder.get(), name, 0);
  return written;
}

Status RenameWithin(const Fd& folder, const char* from, const std::string& to) {
  if (renameat2(folder.get(), from, folder.get(), to.c_str(), RENAME_NOREPLACE) == 0) {
    return Status::Ok();
  }
  return errno == EEXIST ? Conflict("the name is taken")
                         : Unavailable("rename: " + ErrnoText(errno));
}

}  // namespace

int64_t MtimeNs(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

bool SameFile(const struct stat& a, const struct stat& b) {
  if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) return false;
  return !S_ISREG(a.st_mode) || (a.st_size == b.st_size && MtimeNs(a) == MtimeNs(b));
}

bool IsAt(const Fd& folder, const std::string& path) {
  struct stat open {};
  struct stat named {};
  if (fstat(folder.get(), &open) != 0) return false;
  if (fstatat(AT_FDCWD, path.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno != ENOENT && errno != ENOTDIR;
  }
  return open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

std::string WhyClosed(const Fd& folder) {
  return faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) == 0 ? "" : ErrnoText(errno);
}

DropArchive::DropArchive(const Fd* incoming, std::chrono::hours keep, Observed observed,
                         const Clock* clock)
    : incoming_(*incoming),
      keep_(keep),
      observed_(std::move(observed)),
      clock_(*clock),
      listings_{{&done_, KeepsAll, kTrimLooks}, {&rejected_, KeepsAll, kTrimLooks}} {}

void DropArchive::Open(Fd done, Fd rejected) {
  done_ = std::move(done);
  rejected_ = std::move(rejected);
  for (const Fd* folder : {&done_, &rejected_}) {
    for (const char* unfinished : {kUnfinishedCopy, kUnfinishedReason}) {
      unlinkat(folder->get(), unfinished, 0);
    }
  }
}

void DropArchive::Close() {
  moved_.clear();
  for (DropListing& listing : listings_) listing.Restart();
  done_.Reset();
  rejected_.Reset();
}

bool DropArchive::InPlace(const std::string& path) const {
  return IsAt(done_, path + "/" + kDone) && IsAt(rejected_, path + "/" + kRejected);
}

Status DropArchive::Writable() const {
  const std::string done = WhyClosed(done_), rejected = WhyClosed(rejected_);
  if (!done.empty()) return Unavailable(std::string(kDone) + ": " + done);
  return rejected.empty() ? Status::Ok() : Unavailable(std::string(kRejected) + ": " + rejected);
}

Status DropArchive::Keep(const Original& original, Place place, const std::string& reason) {
  const Fd& folder = place == Place::kDone ? done_ : rejected_;
  if (original.scrub) {
    Status copied = CopyScrubbed(original, folder);
    if (copied.code() == Code::kNotFound) return copied;
    if (!copied.ok()) return std::move(copied).Within("copy");
  }
  const bool explained =
      !reason.empty() && WriteAside(folder, kUnfinishedReason, redact::RedactDocument(reason)).ok();
  if (!reason.empty() && !explained) {
    log::Warning("capture", "no .reason could be written for {}", original.name);
  }
  Status kept = KeepUnderAFreeName(original, folder, explained);
  if (kept.ok()) return kept;
  unlinkat(folder.get(), kUnfinishedCopy, 0);
  unlinkat(folder.get(), kUnfinishedReason, 0);
  return kept;
}

Status DropArchive::CopyScrubbed(const Original& original, const Fd& folder) const {
  const Fd from(openat(incoming_.get(), original.name.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  const auto unchanged = [&] {
    struct stat now {};
    return fstat(from.get(), &now) == 0 && SameFile(original.identity, now);
  };
  if (!from.valid() || !unchanged()) return NotFound("gone, or changed");
  unlinkat(folder.get(), kUnfinishedCopy, 0);
  const Fd to(openat(folder.get(), kUnfinishedCopy,
                     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!to.valid()) return Unavailable("create: " + ErrnoText(errno));
  Status copied = RedactInto(from.get(), to.get(), beat_);
  if (copied.ok() && fsync(to.get()) != 0) copied = Unavailable("fsync: " + ErrnoText(errno));
  if (copied.ok() && !unchanged()) copied = NotFound("changed while it was copied");
  if (!copied.ok()) unlinkat(folder.get(), kUnfinishedCopy, 0);
  return copied;
}

Status DropArchive::KeepUnderAFreeName(const Original& original, const Fd& folder, bool explained) {
  const std::string base = redact::RedactDocument(original.name);
  for (int attempt = 1; attempt <= kMaxNames; ++attempt) {
    const std::string archived = ArchiveName(Prefix(attempt), base);
    const std::string note = archived + ".reason";
    Status kept = explained ? RenameWithin(folder, kUnfinishedReason, note) : Status::Ok();
    if (kept.ok()) {
      kept =
          original.scrub ? Replace(original, folder, archived) : Move(original, folder, archived);
      if (kept.ok()) return kept;
      if (explained) {
        const Status back = RenameWithin(folder, note.c_str(), kUnfinishedReason);
        if (!back.ok()) return back;
      }
    }
    if (kept.code() != Code::kConflict) return kept;
  }
  return Conflict("no free name in the archive");
}

// "", "2-" ... "9-", then the time with a number.
std::string DropArchive::Prefix(int attempt) const {
  if (attempt == 1) return {};
  if (attempt <= kCountedNames) return fmt::format("{}-", attempt);
  std::string time = event::UtcText(clock_.Wall());
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}-{}-", time, attempt);
}

Status DropArchive::Move(const Original& original, const Fd& folder, const std::string& archived) {
  if (renameat2(incoming_.get(), original.name.c_str(), folder.get(), archived.c_str(),
                RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return Conflict("the name is taken");
    return errno == ENOENT ? NotFound("gone") : Unavailable("rename: " + ErrnoText(errno));
  }
  struct stat moved {};
  const bool known = fstatat(folder.get(), archived.c_str(), &moved, AT_SYMLINK_NOFOLLOW) == 0;
  if (!known || !SameFile(original.identity, moved)) return MoveBack(original, folder, archived);
  if (!S_ISREG(moved.st_mode)) return Status::Ok();
  if (moved_.size() >= kMostWatched) moved_.pop_front();
  moved_.push_back({original, &folder, archived, clock_.Now() + kStillWritten});
  return Status::Ok();
}

void DropArchive::TakeBackChanged() {
  std::erase_if(moved_, [this](const Moved& moved) { return TakeBack(moved); });
}

bool DropArchive::TakeBack(const Moved& moved) {
  struct stat now {};
  if (fstatat(moved.folder->get(), moved.archived.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0 ||
      now.st_ino != moved.original.identity.st_ino) {
    return true;  // trimmed, or taken away by a person
  }
  if (SameFile(moved.original.identity, now)) return clock_.Now() >= moved.until;
  const Status back = MoveBack(moved.original, *moved.folder, moved.archived);
  if (back.code() == Code::kNotFound) {
    log::Warning("capture",
                 "{} was written to after it had been read; it is taken again. Write files under "
                 "another name and rename them when they are complete",
                 moved.original.name);
    return true;
  }
  log::Error("capture", "{}: {}", moved.original.name, back.message());
  return true;
}

// Somebody wrote to the file, or put another in its place, after it was read: it is taken again.
Status DropArchive::MoveBack(const Original& original, const Fd& folder,
                             const std::string& archived) {
  for (int attempt = 1; attempt <= kMaxNames; ++attempt) {
    const std::string name =
        attempt == 1 ? original.name : ArchiveName(Prefix(attempt), original.name);
    if (renameat2(folder.get(), archived.c_str(), incoming_.get(), name.c_str(),
                  RENAME_NOREPLACE) == 0) {
      return NotFound("changed after it was read");
    }
    if (errno != EEXIST) break;
  }
  return Unavailable("changed after it was read; it lies in the archive as " + archived);
}

// The scrubbed copy stands under its final name before the original goes.
Status DropArchive::Replace(const Original& original, const Fd& folder,
                            const std::string& archived) {
  if (Status s = RenameWithin(folder, kUnfinishedCopy, archived); !s.ok()) return s;
  if (fsync(folder.get()) != 0) {
    const int error = errno;
    unlinkat(folder.get(), archived.c_str(), 0);
    return Unavailable("fsync: " + ErrnoText(error));
  }
  // Only the one that was read goes.
  struct stat now {};
  if (fstatat(incoming_.get(), original.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0 ||
      !SameFile(original.identity, now)) {
    return Status::Ok();
  }
  if (unlinkat(incoming_.get(), original.name.c_str(), 0) != 0) {
    return Unavailable("unlink: " + ErrnoText(errno));
  }
  return Status::Ok();
}

Status DropArchive::Sync() {
  for (const int folder : {done_.get(), rejected_.get(), incoming_.get()}) {
    if (fsync(folder) != 0) return Unavailable("fsync: " + ErrnoText(errno));
  }
  return Status::Ok();
}

void DropArchive::Trim() {
  if (keep_.count() == 0 || !observed_ || clock_.Now() < next_sweep_) return;
  const journal::ObservedTime time = observed_();
  for (int looks = 0; looks < kTrimLooks; ++looks) {
    const Fd& folder = sweeping_ == 0 ? done_ : rejected_;
    const auto name = listings_[sweeping_].Next();
    if (name.ok() && *name) {
      swept_ += TrimOne(folder, **name, time) ? 1 : 0;
      continue;
    }
    sweeping_ = 1 - sweeping_;
    if (sweeping_ != 0) continue;
    if (swept_ > 0) log::Info("capture", "{} old files removed from done/ and rejected/", swept_);
    swept_ = 0;
    next_sweep_ = clock_.Now() + kBetweenSweeps;
    return;
  }
}

bool DropArchive::TrimOne(const Fd& folder, const std::string& name,
                          const journal::ObservedTime& time) {
  struct stat info {};
  if (fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  const WallTime archived_at{std::chrono::seconds(info.st_ctim.tv_sec)};
  if (time.AgeOf(archived_at) <= keep_) return false;
  return unlinkat(folder.get(), name.c_str(), S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0) == 0;
}

}  // namespace tillrelay::capture
