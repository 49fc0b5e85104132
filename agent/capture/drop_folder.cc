#include "agent/capture/drop_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>

#include "agent/capture/drop_names.h"
#include "agent/capture/plain_text.h"
#include "common/base/text.h"

namespace tillrelay::capture {
namespace {

constexpr size_t kBatchFiles = 64;
constexpr size_t kBatchBytes = 16 * 1024 * 1024;
constexpr size_t kFilesPerScan = 1024;
constexpr int kUnreadableScans = 3;
constexpr int kMaxArchiveNames = 1000;
constexpr std::chrono::seconds kStuckRetry{10};

int64_t MtimeNs(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

// The same file with the same content, as far as anybody can tell without reading it.
bool SameFile(const struct stat& a, const struct stat& b) {
  if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) return false;
  return !S_ISREG(a.st_mode) || (a.st_size == b.st_size && MtimeNs(a) == MtimeNs(b));
}

Result<Fd> OpenFolder(int parent, const char* name, mode_t mode) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(openat(parent, name, kFlags));
  // Made only where it is missing: a sandbox may refuse even to ask for the set-group-id bit.
  if (!fd.valid() && errno == ENOENT) {
    // mkdir obeys the umask; the set-group-id bit and the group's write bit are meant.
    if (mkdirat(parent, name, mode & 0777) != 0 || fchmodat(parent, name, mode, 0) != 0) {
      return Unavailable(fmt::format("{}: {}; create it by hand", name, ErrnoText(errno)));
    }
    fd = Fd(openat(parent, name, kFlags));
  }
  if (!fd.valid()) return Unavailable(fmt::format("{}: {}", name, ErrnoText(errno)));
  return fd;
}

std::string ReasonText(const Prepared& prepared, const Answer& answer) {
  std::string text;
  for (size_t i = 0; i < answer.receipts.size(); ++i) {
    const journal::Receipt& receipt = answer.receipts[i];
    if (receipt.outcome != journal::Outcome::kQuarantined) continue;
    text += fmt::format("document {}: {}{}{}, quarantine ticket {}\n", i + 1, receipt.reason,
                        receipt.field.empty() ? "" : " at ", receipt.field, receipt.ticket);
  }
  if (prepared.syntax) {
    return fmt::format("byte {}: {}\n{}\n{}", prepared.syntax->offset, prepared.syntax->what,
                       prepared.syntax->hint, text);
  }
  return fmt::format("{} stored, {} already known, {} in quarantine:\n{}", answer.stored,
                     answer.duplicate, answer.quarantined, text);
}

}  // namespace

struct DropFolder::Taken {
  std::string name;
  struct stat identity {};  // of what was read
  std::string scrubbed;     // set when the raw file held a card number
  std::string refusal;      // set when it is rejected unread
  size_t bytes = 0;
  Prepared report;  // its syntax error only; the entries went to the journal
  std::future<Result<Answer>> answer;
  Status submitted;
};

DropFolder::DropFolder(const DropFolderOptions& options, Intake* intake, Counters* counters,
                       const Clock* clock)
    : options_(options), intake_(*intake), counters_(*counters), clock_(*clock) {}

Result<std::unique_ptr<DropFolder>> DropFolder::Open(const DropFolderOptions& options,
                                                     Intake* intake, Counters* counters,
                                                     const Clock* clock) {
  std::unique_ptr<DropFolder> folder(new DropFolder(options, intake, counters, clock));
  if (Status s = folder->OpenFolders(); !s.ok()) {
    return std::move(s).Within("drop folder " + options.path);
  }
  return folder;
}

Status DropFolder::OpenFolders() {
  if (mkdir(options_.path.c_str(), 0755) != 0 && errno != EEXIST) {
    return Unavailable(ErrnoText(errno) + "; create it or set drop_folder.path");
  }
  const Fd root(open(options_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return Unavailable(ErrnoText(errno));
  const struct {
    const char* name;
    mode_t mode;
    Fd* fd;
  } folders[] = {
      {kIncoming, 02770, &incoming_}, {kDone, 0700, &done_}, {kRejected, 0700, &rejected_}};
  dev_t device = 0;
  for (const auto& folder : folders) {
    auto fd = OpenFolder(root.get(), folder.name, folder.mode);
    if (!fd.ok()) return std::move(fd).status();
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return Unavailable(ErrnoText(errno));
    if (device != 0 && info.st_dev != device) {
      return Unavailable("incoming, done and rejected must be on one file system");
    }
    device = info.st_dev;
    *folder.fd = *std::move(fd);
  }
  return Status::Ok();
}

Result<std::vector<std::string>> DropFolder::List() {
  const int copy = openat(incoming_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = copy < 0 ? nullptr : fdopendir(copy);
  if (stream == nullptr) {
    if (copy >= 0) close(copy);
    return Unavailable("incoming cannot be read: " + ErrnoText(errno));
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (!IsUnfinished(name)) names.emplace_back(name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

void DropFolder::Arrived(const std::string& name) {
  if (!IsUnfinished(name)) arrived_.insert(name);
}

DropFolder::Next DropFolder::Scan() {
  last_trouble_.clear();
  auto names = List();
  if (!names.ok()) {
    Trouble(names.status().message());
    counters_.Change([&](CaptureStats* stats) { stats->drop_folder_error = last_trouble_; });
    return Next::kNothing;
  }
  std::erase_if(arrived_, [&](const std::string& name) {
    return !std::binary_search(names->begin(), names->end(), name);
  });
  for (auto& [name, seen] : seen_) seen.present = false;
  std::vector<std::string> ready;
  Next next = Next::kNothing;
  uint64_t unreadable = 0;
  for (const std::string& name : *names) {
    if (ready.size() == kFilesPerScan) {
      next = Next::kMore;
      break;
    }
    Seen& seen = seen_[name];
    seen.present = true;
    if (clock_.Now() < seen.retry_at) {
      last_trouble_ = seen.trouble;
      continue;
    }
    if (!Settled(name, &seen)) {
      if (seen.unreadable == 0) next = Next::kSettling;
      unreadable += seen.unreadable >= kUnreadableScans ? 1 : 0;
      continue;
    }
    ready.push_back(name);
  }
  if (next != Next::kMore) {
    std::erase_if(seen_, [](const auto& entry) { return !entry.second.present; });
  }
  counters_.Change([&](CaptureStats* stats) {
    stats->files_waiting = names->size();
    stats->files_unreadable = unreadable;
  });
  for (size_t first = 0; first < ready.size(); first += kBatchFiles) {
    TakeBatch(ready, first, std::min(ready.size(), first + kBatchFiles));
    if (!intake_.Refusing().empty()) break;  // full or poisoned: the files stay
  }
  counters_.Change([&](CaptureStats* stats) { stats->drop_folder_error = last_trouble_; });
  return intake_.Refusing().empty() ? next : Next::kNothing;
}

bool DropFolder::Settled(const std::string& name, Seen* seen) {
  struct stat info {};
  if (fstatat(incoming_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  const bool readable =
      !S_ISREG(info.st_mode) || faccessat(incoming_.get(), name.c_str(), R_OK, AT_EACCESS) == 0;
  if (!readable) {
    if (++seen->unreadable == kUnreadableScans) {
      log::Error("capture",
                 "{} in incoming/ cannot be read; let its owner give the group "
                 "tillrelay-drop read access",
                 name);
    }
    return false;
  }
  seen->unreadable = 0;
  if (arrived_.erase(name) > 0) return true;
  const Instant now = clock_.Now();
  const bool unchanged = seen->size == info.st_size && seen->mtime_ns == MtimeNs(info);
  if (unchanged) return now - seen->since >= options_.settle;
  seen->size = info.st_size;
  seen->mtime_ns = MtimeNs(info);
  seen->since = now;
  return false;
}

void DropFolder::TakeBatch(const std::vector<std::string>& names, size_t first, size_t last) {
  std::vector<std::unique_ptr<Taken>> batch;
  size_t bytes = 0;
  const auto finish_all = [&] {
    for (const auto& taken : batch) Finish(taken.get());
    if (!batch.empty()) SyncFolders();
    batch.clear();
    bytes = 0;
  };
  for (size_t i = first; i < last; ++i) {
    auto taken = Take(names[i]);
    if (taken == nullptr) continue;
    bytes += taken->bytes;
    batch.push_back(std::move(taken));
    if (bytes >= kBatchBytes) finish_all();
  }
  finish_all();
}

std::unique_ptr<DropFolder::Taken> DropFolder::Take(const std::string& name) {
  auto taken = std::make_unique<Taken>();
  taken->name = name;
  Document document;
  document.channel = "file";
  document.origin = Printable(guard::Scrub(name), 255);
  Status read = Look(name, taken.get());
  if (read.ok()) {
    auto bytes = Read(*taken);
    if (bytes.ok())
      document.bytes = *std::move(bytes);
    else
      read = std::move(bytes).status();
  }
  if (read.code() == Code::kNotFound) return nullptr;  // gone, or still changing: later
  if (read.code() == Code::kInvalid) {
    taken->refusal = read.message();
    return taken;
  }
  if (!read.ok()) {
    Stuck(name, read.message());
    return nullptr;
  }
  taken->bytes = document.bytes.size();
  std::string text = PlainText(document.bytes);
  std::string scrubbed = guard::Scrub(text);
  if (scrubbed != text) taken->scrubbed = std::move(scrubbed);
  const auto format = formats::Sniff(document.bytes, name);
  if (!format) {
    taken->refusal = "neither JSON nor XML nor CSV: nothing is known that looks like this";
    return taken;
  }
  document.format = *format;
  if (*format == formats::Format::kCsv) {
    document.csv = formats::CsvByFile(intake_.csv(), name);
    if (document.csv == nullptr) {
      taken->refusal = "no CSV profile has this name: add [drop_folder.csv.NAME] with `files`";
      return taken;
    }
  }
  Prepared prepared = intake_.Prepare(&document);
  if (!prepared.syntax && prepared.entries.empty()) {
    taken->refusal = "the file holds no event";
    return taken;
  }
  taken->report.syntax = prepared.syntax;
  auto promise = std::make_shared<std::promise<Result<Answer>>>();
  taken->answer = promise->get_future();
  taken->submitted =
      intake_.Submit(std::move(prepared), journal::FileMark{prepared.payload, document.origin},
                     [promise](Result<Answer> answer) { promise->set_value(std::move(answer)); });
  return taken;
}

// What may be read at all, judged without opening it.
Status DropFolder::Look(const std::string& name, Taken* taken) {
  struct stat& info = taken->identity;
  if (fstatat(incoming_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? NotFound("gone") : Unavailable(ErrnoText(errno));
  }
  if (S_ISLNK(info.st_mode)) return Invalid("a symbolic link; only plain files are taken");
  if (!S_ISREG(info.st_mode)) return Invalid("not a plain file; only plain files are taken");
  if (info.st_nlink > 1) return Invalid("a file with several names; only plain files are taken");
  if (static_cast<uint64_t>(info.st_size) > options_.file_bytes) {
    return Invalid(fmt::format("larger than {} bytes; split it, or raise limits.file_bytes",
                               options_.file_bytes));
  }
  return Status::Ok();
}

Result<std::string> DropFolder::Read(const Taken& taken) {
  const Fd fd(openat(incoming_.get(), taken.name.c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) {
    const bool swapped = errno == ENOENT || errno == ELOOP || errno == ENXIO;
    return swapped ? NotFound("gone") : Unavailable("open: " + ErrnoText(errno));
  }
  const auto unchanged = [&] {
    struct stat now {};
    return fstat(fd.get(), &now) == 0 && SameFile(taken.identity, now);
  };
  if (!unchanged()) return NotFound("changed");
  auto bytes = ReadAll(fd.get(), options_.file_bytes);
  if (!bytes.ok()) return std::move(bytes).status();
  if (!unchanged() || bytes->size() != static_cast<size_t>(taken.identity.st_size)) {
    return NotFound("changed while it was read");
  }
  return bytes;
}

void DropFolder::Finish(Taken* taken) {
  if (!taken->refusal.empty()) {
    log::Warning("capture", "{} rejected: {}", taken->name, taken->refusal);
    if (Archive(*taken, false, taken->refusal + "\n")) {
      counters_.Change([](CaptureStats* stats) { ++stats->files_rejected; });
    }
    return;
  }
  Result<Answer> answer =
      taken->submitted.ok() ? taken->answer.get() : Result<Answer>(taken->submitted);
  if (!answer.ok()) return Stuck(taken->name, answer.status().message());
  const bool done = answer->quarantined == 0;
  if (!done) log::Warning("capture", "{}: {} in quarantine", taken->name, answer->quarantined);
  const bool archived = Archive(*taken, done, done ? "" : ReasonText(taken->report, *answer));
  counters_.Change([&](CaptureStats* stats) {
    stats->file_stored += answer->stored;
    stats->file_duplicate += answer->duplicate;
    stats->file_quarantined += answer->quarantined;
    if (archived) ++(done ? stats->files_done : stats->files_rejected);
  });
}

// Under the first name that is free for the file and for its reason. False: it stays.
bool DropFolder::Archive(const Taken& taken, bool done, const std::string& reason) {
  const Fd& folder = done ? done_ : rejected_;
  const std::string base = guard::Scrub(taken.name);
  Status placed = Conflict("the name is taken");
  for (int attempt = 1; attempt <= kMaxArchiveNames; ++attempt) {
    const std::string archived = ArchiveName(base, attempt);
    const std::string note_name = ArchiveName(base, attempt, ".reason");
    Fd note;
    if (!reason.empty()) {
      note = Fd(openat(folder.get(), note_name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (!note.valid() && errno == EEXIST) continue;
    }
    placed = taken.scrubbed.empty() ? MoveTo(folder, taken, archived)
                                    : WriteScrubbed(folder, taken, archived);
    if (placed.ok()) {
      if (!reason.empty() && (!note.valid() || !WriteAll(note.get(), guard::Scrub(reason)).ok())) {
        log::Warning("capture", "no .reason could be written for {}", archived);
      }
      seen_.erase(taken.name);
      return true;
    }
    if (note.valid()) unlinkat(folder.get(), note_name.c_str(), 0);
    if (placed.code() != Code::kConflict) break;
  }
  if (placed.code() == Code::kConflict) placed = Conflict("no free name in the archive");
  if (placed.code() != Code::kNotFound) Stuck(taken.name, taken.name + ": " + placed.message());
  return false;
}

Status DropFolder::MoveTo(const Fd& folder, const Taken& taken, const std::string& archived) {
  if (renameat2(incoming_.get(), taken.name.c_str(), folder.get(), archived.c_str(),
                RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return Conflict("the name is taken");
    return errno == ENOENT ? NotFound("gone") : Unavailable("rename: " + ErrnoText(errno));
  }
  struct stat moved {};
  const bool known = fstatat(folder.get(), archived.c_str(), &moved, AT_SYMLINK_NOFOLLOW) == 0;
  return known && SameFile(taken.identity, moved) ? Status::Ok()
                                                  : MoveBack(folder, taken, archived);
}

// Somebody wrote to the file, or put another in its place, after it was read: it is taken again.
Status DropFolder::MoveBack(const Fd& folder, const Taken& taken, const std::string& archived) {
  for (int attempt = 1; attempt <= kMaxArchiveNames; ++attempt) {
    const std::string name = attempt == 1 ? taken.name : ArchiveName(taken.name, attempt);
    if (renameat2(folder.get(), archived.c_str(), incoming_.get(), name.c_str(),
                  RENAME_NOREPLACE) == 0) {
      return NotFound("changed after it was read");
    }
    if (errno != EEXIST) break;
  }
  return Unavailable("changed after it was read; it lies in the archive as " + archived);
}

Status DropFolder::WriteScrubbed(const Fd& folder, const Taken& taken,
                                 const std::string& archived) {
  const Fd copy(openat(folder.get(), archived.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!copy.valid()) {
    if (errno == EEXIST) return Conflict("the name is taken");
    return Unavailable("copy: " + ErrnoText(errno));
  }
  Status written = WriteAll(copy.get(), taken.scrubbed);
  if (written.ok() && fsync(copy.get()) != 0) written = Unavailable("fsync: " + ErrnoText(errno));
  if (written.ok() && fsync(folder.get()) != 0) written = Unavailable("fsync: " + ErrnoText(errno));
  if (!written.ok()) {
    unlinkat(folder.get(), archived.c_str(), 0);
    return written;
  }
  // The scrubbed copy stands; only now does the original go, and only the one that was read.
  struct stat now {};
  if (fstatat(incoming_.get(), taken.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0 ||
      !SameFile(taken.identity, now)) {
    return Status::Ok();
  }
  if (unlinkat(incoming_.get(), taken.name.c_str(), 0) != 0) {
    return Unavailable("unlink: " + ErrnoText(errno));
  }
  return Status::Ok();
}

void DropFolder::SyncFolders() {
  for (const Fd* folder : {&done_, &rejected_, &incoming_}) {
    if (fsync(folder->get()) != 0) Trouble("fsync: " + ErrnoText(errno));
  }
}

// The file stays and is tried again; when the journal refuses everything, with the others.
void DropFolder::Stuck(const std::string& name, const std::string& why) {
  Trouble(why);
  if (!intake_.Refusing().empty()) return;
  Seen& seen = seen_[name];
  seen.retry_at = clock_.Now() + kStuckRetry;
  seen.trouble = last_trouble_;
}

void DropFolder::Trouble(const std::string& text) {
  last_trouble_ = Printable(guard::Scrub(text), 300);
  trouble_.Report("drop folder: " + last_trouble_, clock_.Now());
}

}  // namespace tillrelay::capture
