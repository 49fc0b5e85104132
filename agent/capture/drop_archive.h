// What: done/ and rejected/: where dropped files end, under which name, and for how long.
// Promise: a file is moved there and never over another one. A file that held a card number ends as
//   its scrubbed copy: written aside, synced, renamed, the directory synced, and only then does the
//   original go; a crash never leaves a part of it under a final name, and what it left aside is
//   removed at the next start. A reason stands whole before its file does. Another file that took
//   the name of one that was read is not archived in its place, and one that grows afterwards is
//   read again.
//   Trim deletes what was archived longer ago than `keep`, only here. A rename stamps the inode
//   with the wall clock; how old that is at least, the journal's observed time says: a clock that
//   is wrong, for a second or for weeks, deletes nothing. A rejected directory with something in it
//   stays.
// Thread: capture.   Owns: the two directories.
// Errors: not found: the original changed or went after it was read; it is taken again if it is
//   there. Others: it stays in incoming/.
// Limits: 100 names are tried for one file; one step of trimming looks at 512 names.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "agent/capture/drop_listing.h"
#include "agent/journal/age/observed_time.h"
#include "common/base/clock.h"
#include "common/base/files.h"

namespace tillrelay::capture {

// A file of incoming/ as it was read.
struct Original {
  std::string name;
  struct stat identity {};
  bool scrub = false;  // what is kept is a copy without card numbers, made piece by piece
};

// The same file with the same content, as far as anybody can tell without reading it.
bool SameFile(const struct stat& a, const struct stat& b);
int64_t MtimeNs(const struct stat& info);
// The path names the directory that is open, or cannot be looked at.
bool IsAt(const Fd& folder, const std::string& path);
// Why no name in it can be changed; empty: it can.
std::string WhyClosed(const Fd& folder);

class DropArchive {
 public:
  enum class Place { kDone, kRejected };

  using Observed = std::function<journal::ObservedTime()>;

  // `incoming` is borrowed; `keep` of zero keeps for ever, and so does no `observed`.
  DropArchive(const Fd* incoming, std::chrono::hours keep, Observed observed, const Clock* clock);
  // Called while a file is copied.
  void SetBeat(std::function<void()> beat) { beat_ = std::move(beat); }

  // Takes the opened directories, removes what a crash left unfinished.
  void Open(Fd done, Fd rejected);
  // Forgets both directories, and what was moved there.
  void Close();
  // The path names the directories that are open.
  bool InPlace(const std::string& path) const;
  // Unavailable, with the name of the directory that cannot be written to.
  Status Writable() const;
  // `reason` becomes a file beside it, if there is one.
  Status Keep(const Original& original, Place place, const std::string& reason);
  // After this, what was kept stays kept through a power cut.
  Status Sync();
  // Files that were written to after they had been read and moved, by a writer that still has them
  // open, go back to incoming/. Looked at for kStillWritten, the last kMostWatched of them.
  void TakeBackChanged();
  // One small step; for idle moments.
  void Trim();

 private:
  Status KeepUnderAFreeName(const Original& original, const Fd& folder, bool explained);
  Status Move(const Original& original, const Fd& folder, const std::string& archived);
  Status MoveBack(const Original& original, const Fd& folder, const std::string& archived);
  Status Replace(const Original& original, const Fd& folder, const std::string& archived);
  Status CopyScrubbed(const Original& original, const Fd& folder) const;
  std::string Prefix(int attempt) const;
  bool TrimOne(const Fd& folder, const std::string& name, const journal::ObservedTime& time);

  static constexpr std::chrono::minutes kStillWritten{10};
  static constexpr size_t kMostWatched = 1024;
  struct Moved {
    Original original;
    const Fd* folder;
    std::string archived;
    Instant until{};
  };
  // True: it need not be looked at any more.
  bool TakeBack(const Moved& moved);

  const Fd& incoming_;
  const std::chrono::hours keep_;
  const Observed observed_;
  const Clock& clock_;
  std::function<void()> beat_;
  Fd done_, rejected_;
  // The sweep through both directories.
  DropListing listings_[2];
  int sweeping_ = 0;
  uint64_t swept_ = 0;
  Instant next_sweep_{};
  std::deque<Moved> moved_;  // the oldest first
};

}  // namespace tillrelay::capture
