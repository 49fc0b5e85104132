// What the journal does when its files are not what they should be: it watches them, reopens them
// after a failure, salvages damage, puts a vanished file back, and keeps the witness.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "agent/journal/journal.h"
#include "agent/journal/paths.h"
#include "agent/journal/query/reader.h"
#include "agent/journal/repair/replacement.h"

namespace tillrelay::journal {
namespace {

constexpr std::chrono::hours kForgetIssuesEvery{1};
constexpr std::chrono::seconds kTakeOverAtOpen{2};  // what is small is over before anybody looks
constexpr size_t kCopyBytes = 1024 * 1024;
constexpr size_t kRowsPerRead = 512;
constexpr size_t kBytesPerRead = 4 * 1024 * 1024;

// The whole content behind an open descriptor, also of a file that has no name any more.
Status CopyOpenFile(int from, const std::string& to, const std::function<void()>& progress) {
  const Fd out(open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.valid()) return Unavailable(to + ": " + ErrnoText(errno));
  std::string block(kCopyBytes, '\0');
  for (off_t at = 0;;) {
    const ssize_t count = pread(from, block.data(), block.size(), at);
    if (count < 0) return Unavailable("the vanished journal: " + ErrnoText(errno));
    if (count == 0) return Status::Ok();
    TRY(WriteAll(out.get(), {block.data(), static_cast<size_t>(count)}));
    at += count;
    if (progress) progress();
  }
}

Status CopyOpenLog(int from, const std::string& journal, const std::function<void()>& progress) {
  return from < 0 ? Status::Ok() : CopyOpenFile(from, BuildingLogPath(journal), progress);
}

}  // namespace

// --- the witness ------------------------------------------------------------------------------

// Behind every commit and before its answers: what was answered, the witness has seen.
void Journal::WitnessCommit() {
  Witness seen;
  seen.settled = true;
  WriteWitness(seen, false);
}

void Journal::WitnessTick() {
  if (Usable() && !store_->expects_witness()) store_->ExpectWitness().ok();  // at the next tick
}

// `marks`: its flags; everything else is the store's state.
bool Journal::WriteWitness(const Witness& marks, bool sync) {
  Witness witness = store_->WitnessOf();
  witness.clean = marks.clean;
  witness.settled = marks.settled;
  struct stat log {};
  witness.log_holds_commits =
      stat(WalPath(options_.store.path).c_str(), &log) == 0 && log.st_size > 0;
  Status written = witness_.Write(witness, sync);
  if (!written.ok()) {
    witness_trouble_.Report(written.message(), clock_.Now());
    return false;
  }
  witness_trouble_.Clear();
  return true;
}

// Before the log is emptied: a stop just behind it must not find a witness that misses the commits.
void Journal::WitnessEmptyLog() {
  Witness witness = store_->WitnessOf();
  Status written = witness_.Write(witness, true);
  if (!written.ok()) witness_trouble_.Report(written.message(), clock_.Now());
}

// From here on a start that finds less than this will say so.
Status Journal::BeginWitness() {
  Witness quiet;
  quiet.settled = true;
  witness_.Forget();
  if (!WriteWitness(quiet, true)) return Status::Ok();  // a full disk keeps nobody from starting
  Status expected = store_->ExpectWitness();
  const bool later = expected.code() == Code::kFull || expected.code() == Code::kBusy;
  return later ? Status::Ok() : expected;
}

void Journal::CloseStore() {
  if (!store_) return;
  if (working_.poisoned.empty()) {
    BoundLog(0);  // where a reader keeps it, the witness says that it has to be there
    Witness end;
    end.clean = end.settled = true;
    WriteWitness(end, true);
  }
  store_.reset();
}

// --- damage -----------------------------------------------------------------------------------

void Journal::Salvaged(const journal::Salvaged& salvaged) {
  if (salvaged.why.empty()) return;
  ++working_.salvages_total;
  working_.salvaged = salvaged.moved_to.empty()
                          ? salvaged.why
                          : fmt::format("{}; the old file is {}", salvaged.why, salvaged.moved_to);
  if (options_.on_growth) options_.on_growth(store_->current());
}

// One step, or, while the journal opens, as many as two seconds allow. True: there is more to do.
bool Journal::TakeOverStep() {
  if (!Usable() || !working_.refusing.empty() || !store_->take_over().pending()) return false;
  auto more = store_->StepTakeOver(clock_.Wall());
  if (more.status().code() == Code::kBusy) {
    Locked(more.status());
    return false;
  }
  if (!more.ok()) {
    Failed(std::move(more).status().Within("take over"));
    UpdateStats();
    return false;
  }
  for (const TakeOverRow& row : store_->take_over().PopFinished()) {
    working_.salvaged = fmt::format(
        "the journal was damaged: {} events that wait were saved, {} are lost; what is left of the "
        "old file is {}",
        row.taken, row.lost, row.file);
    // The broker's word is all that there is of them.
    if (options_.confirm_by_broker) {
      working_.salvaged +=
          "; of what only the broker had acknowledged, everything that can still be read is sent "
          "again, and the rest is not declared lost";
    }
    log::Warning("journal", "{}", working_.salvaged);
  }
  WitnessCommit();
  watch_.Note();
  UpdateStats();
  if (options_.on_growth) options_.on_growth(store_->current());
  return *more;
}

void Journal::TakeOverAtOpen() {
  const Instant end = clock_.Now() + kTakeOverAtOpen;
  while (TakeOverStep() && clock_.Now() < end) {
    if (options_.beat) options_.beat();
  }
}

// Nothing is accepted behind a failed commit before the log's content is in the database and
// synced.
void Journal::Repair() {
  if (store_) {
    Witness quiet;
    quiet.settled = true;
    WriteWitness(quiet, false);
    store_.reset();
  }
  journal::Salvaged salvaged;
  // Damage that a full disk keeps from being salvaged is still damage at the next try.
  auto store = OpenOrSalvage(options_.store, clock_.Wall(), &random_, &salvaged, damaged_);
  if (!store.ok()) return trouble_.Report(store.status().message(), clock_.Now());
  damaged_.clear();
  ExpectLongCheckpoint();
  if (Status synced = (*store)->SyncLog(); !synced.ok()) {
    return trouble_.Report(synced.message(), clock_.Now());
  }
  store_ = *std::move(store);
  all_issues_ = true;
  issues_given_up_ = false;
  if (Status begun = BeginWitness(); !begun.ok()) {
    store_.reset();
    return trouble_.Report(begun.message(), clock_.Now());
  }
  watch_.Begin(options_.store.path);
  Salvaged(salvaged);
  log::Info("journal", "reopened after: {}", working_.poisoned);
  working_.poisoned.clear();
  trouble_.Clear();
}

// --- files that are not ours any more ---------------------------------------------------------

void Journal::WatchFiles() {
  if (!Usable()) return;
  const FileChange change = watch_.Check();
  if (change == FileChange::kNone) {
    vanished_ = false;
    return;
  }
  if (change == FileChange::kWritten) {
    Status ours = StillOurs();
    if (ours.ok()) {
      log::Warning("journal", "another program has written to {}; nothing is missing",
                   options_.store.path);
      return watch_.Note();
    }
    damaged_ = "another program has written to the journal's file: " + ours.message();
    working_.poisoned = damaged_;
    return;
  }
  working_.poisoned = "the journal's file was taken away while it was open";
  log::Error("journal", "{}", working_.poisoned);
  UpdateStats();
  Status back = RestoreFile();
  if (!back.ok()) {
    // The open file still has everything: it is kept open, and this is tried again.
    vanished_ = true;
    trouble_.Report(back.message(), clock_.Now());
    return;
  }
  vanished_ = false;
  if (!damaged_.empty()) {
    working_.poisoned = damaged_;
    return;
  }
  working_.salvaged = working_.poisoned + "; it was put back, and nothing is missing";
  ++working_.salvages_total;
}

// Streams as they were committed, and every event that waits.
Status Journal::StillOurs() {
  auto reader =
      JournalReader::Open(options_.store.path, options_.store.store_id, options_.store.vfs);
  if (!reader.ok()) return std::move(reader).status();
  auto stream = (*reader)->CurrentStream();
  if (!stream.ok()) return std::move(stream).status();
  const StreamRow& ours = store_->current();
  if (stream->stream != ours.stream || stream->head != ours.head ||
      stream->head_chain != ours.head_chain) {
    return Corrupt("its numbers are others than the ones that were given");
  }
  const uint64_t end = ours.base + ours.head;
  uint64_t position = ours.base + std::max(ours.confirmed_through + 1, ours.own_first());
  if (options_.confirm_by_broker) position = std::max(position, ours.base + ours.acked_through + 1);
  while (position <= end) {
    auto rows = (*reader)->Read(position, kRowsPerRead, kBytesPerRead);
    if (!rows.ok()) return std::move(rows).status();
    if (rows->empty() || rows->front().position != position) return Corrupt("events are missing");
    position = rows->back().position + 1;
    if (options_.beat) options_.beat();
  }
  return Status::Ok();
}

// The open file is complete, whatever has become of its names: its content gets them back. One that
// is damaged as well (`damaged_`) gets its log too, and the next repair salvages both.
Status Journal::RestoreFile() {
  const std::string& path = options_.store.path;
  Status complete = store_->TruncateLog();
  const bool is_damaged = complete.code() == Code::kCorrupt;
  if (!complete.ok() && !is_damaged) return complete;
  const int open_file = watch_.OpenDescriptor();
  if (open_file < 0) return Unavailable("the vanished journal is not open any more");
  std::error_code failed;
  std::filesystem::create_directories(DirectoryOf(path), failed);
  if (failed) return Unavailable(DirectoryOf(path) + ": " + failed.message());
  TRY(DiscardBuilding(path));
  TRY(CopyOpenFile(open_file, BuildingPath(path), options_.beat));
  if (is_damaged) TRY(CopyOpenLog(watch_.OpenLogDescriptor(), path, options_.beat));
  TRY(CommitReplacement(path, AsidePath(path, "foreign", clock_.Wall())));
  if (is_damaged) {
    damaged_ = working_.poisoned + ", and is damaged: " + complete.message();
  }
  Witness whole;
  whole.clean = !is_damaged;
  whole.settled = true;
  witness_.Forget();
  if (!WriteWitness(whole, true)) return Unavailable("the witness cannot be written");
  store_.reset();  // the next repair opens the file under its name
  return Status::Ok();
}

// Where there is no room the list is held in memory. What else goes wrong with it harms only it.
void Journal::KeepIssues() {
  if (!options_.issues || !Usable() || !working_.refusing.empty()) return;
  if (issues_given_up_) return;
  Status kept = store_->issues().open() ? Status::Ok() : store_->OpenIssues();
  if (kept.ok()) {
    kept = store_->issues().Save(options_.issues(all_issues_), store_->ages().time().now());
    all_issues_ = !kept.ok();
  }
  if (kept.ok() && last_tick_ - issues_forgotten_ >= kForgetIssuesEvery) {
    issues_forgotten_ = last_tick_;
    const ObservedTime& time = store_->ages().time();
    kept = store_->issues().Forget(time.Cutoff(options_.id_retention), time.now());
  }
  if (kept.ok()) return;
  if (kept.code() == Code::kFull || kept.code() == Code::kBusy) return Failed(kept);
  log::Warning("journal", "issues are no longer kept: {}", kept.message());
  issues_given_up_ = true;
}

}  // namespace tillrelay::journal
