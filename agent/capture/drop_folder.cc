#include "agent/capture/drop_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <future>

#include "agent/capture/drop_names.h"
#include "agent/capture/drop_reason.h"
#include "agent/capture/redact_file.h"
#include "agent/formats/csv_join.h"
#include "common/base/text.h"

namespace tillrelay::capture {
namespace {

// What waits in the journal's queue at one time: a register's sale must not stand behind more.
constexpr size_t kOpenFiles = 8;
constexpr size_t kOpenBytes = 16 * 1024 * 1024;
// The thread shows that it moves, and hears of a stop, between two scans.
constexpr size_t kFilesPerScan = 1024;
constexpr size_t kLooksPerScan = 8192;
constexpr size_t kLooksPerBeat = 256;
// 100,000 files that are copied into the folder at once settle together, in some 12 MB.
constexpr size_t kMaxSeen = 131'072;
constexpr int kUnreadableScans = 3;
constexpr size_t kNameShown = 150, kWhyShown = 300;
// How many times limits.file_bytes a file may have and still be searched for card numbers.
constexpr uint64_t kSearchedTimes = 16;
constexpr std::chrono::seconds kStuckRetry{10};
// Half of a pair may come this much before the other.
constexpr std::chrono::minutes kLongForHalf{10};
// How many times its bytes a file takes, before anything is known of it; formats::MemoryFactor.
constexpr size_t kMemoryFactor = 3;

constexpr const char* kPutBack =
    "; put the folder back, or make a new one with incoming, done and rejected in it";

Result<Fd> OpenFolder(int parent, const char* name, mode_t mode, bool make) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(openat(parent, name, kFlags));
  // Made only where it is missing: a sandbox may refuse even to ask for the set-group-id bit.
  if (!fd.valid() && errno == ENOENT && make) {
    // mkdir obeys the umask; the set-group-id bit and the group's write bit are meant.
    if (mkdirat(parent, name, mode & 0777) != 0 || fchmodat(parent, name, mode, 0) != 0) {
      return Unavailable(fmt::format("{}: {}; create it by hand", name, ErrnoText(errno)));
    }
    fd = Fd(openat(parent, name, kFlags));
  }
  if (!fd.valid()) {
    return Unavailable(fmt::format("{}: {}{}", name, ErrnoText(errno), make ? "" : kPutBack));
  }
  return fd;
}

}  // namespace

struct DropFolder::InFlightFile {
  Original original;
  std::optional<Original> head;  // the other half of a pair, which is archived with it
  std::string refusal;           // set when it is rejected without asking the journal
  size_t bytes = 0;
  std::shared_ptr<MemoryBudget::Share> memory;
  std::optional<formats::SyntaxError> syntax;
  Hints hints;
  std::future<Result<Answer>> answer;
  Status submitted;
};

DropFolder::DropFolder(const DropFolderOptions& options, Intake* intake, Counters* counters,
                       const Clock* clock)
    : options_(options),
      intake_(*intake),
      counters_(*counters),
      clock_(*clock),
      listing_(&incoming_, IsUnfinished, options.page_names),
      archive_(&incoming_, options.archive_keep, options.observed, clock) {
  archive_.SetBeat(options.beat);
  KeepInPlace();
}

// What has gone while the service runs was moved, or its share is not mounted: a folder made in its
// place would hide that.
Status DropFolder::OpenFolders(bool make) {
  if (make && mkdir(options_.path.c_str(), 0755) != 0 && errno != EEXIST) {
    return Unavailable(ErrnoText(errno) + "; create it or set drop_folder.path");
  }
  const Fd root(open(options_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return Unavailable(ErrnoText(errno) + (make ? "" : kPutBack));
  Fd incoming, done, rejected;
  const struct {
    const char* name;
    mode_t mode;
    Fd* fd;
  } folders[] = {{kIncoming, 02770, &incoming}, {kDone, 0700, &done}, {kRejected, 0700, &rejected}};
  dev_t device = 0;
  for (const auto& folder : folders) {
    auto fd = OpenFolder(root.get(), folder.name, folder.mode, make);
    if (!fd.ok()) return std::move(fd).status();
    struct stat info {};
    if (fstat(fd->get(), &info) != 0) return Unavailable(ErrnoText(errno));
    if (device != 0 && info.st_dev != device) {
      return Unavailable("incoming, done and rejected must be on one file system");
    }
    device = info.st_dev;
    *folder.fd = *std::move(fd);
  }
  incoming_ = std::move(incoming);
  archive_.Open(std::move(done), std::move(rejected));
  ++openings_;
  return Status::Ok();
}

void DropFolder::CloseFolders() {
  listing_.Restart();
  seen_.clear();
  archive_.Close();
  incoming_.Reset();
  pass_.running = false;
}

bool DropFolder::InPlace() const {
  return IsAt(incoming_, incoming_path()) && archive_.InPlace(options_.path);
}

bool DropFolder::KeepInPlace() {
  if (InPlace()) return true;
  CloseFolders();
  const bool first = openings_ == 0;
  Status opened = OpenFolders(first);
  if (opened.ok() && first) return true;
  if (opened.ok()) {
    log::Warning("capture", "the folders at {} are other ones than before; they are used from now",
                 options_.path);
    return true;
  }
  BeginPass();
  pass_.running = false;
  ReportTrouble(std::move(opened).Within(options_.path).message());
  UpdateStats();
  return false;
}

void DropFolder::NoteReadOnly() {
  const std::string incoming = WhyClosed(incoming_);
  if (!incoming.empty()) return ReportTrouble(std::string(kIncoming) + ": " + incoming);
  if (Status s = archive_.Writable(); !s.ok()) ReportTrouble(s.message());
}

DropFolder::FileState* DropFolder::Watched(const struct stat& info) {
  const auto known = seen_.find(info.st_ino);
  if (known != seen_.end()) return &known->second;
  return seen_.size() < kMaxSeen ? &seen_[info.st_ino] : nullptr;
}

DropFolder::FileState* DropFolder::Find(const std::string& name, struct stat* info) {
  if (IsUnfinished(name)) return nullptr;
  if (fstatat(incoming_.get(), name.c_str(), info, AT_SYMLINK_NOFOLLOW) != 0) return nullptr;
  FileState* seen = Watched(*info);
  // The pass that runs may be past its place.
  if (seen != nullptr) seen->pass = pass_.number + 1;
  return seen;
}

// By the inode, and only while size and time stay: a name that is used again gets no credit. The
// name may mean another file by now, but then the notification of that one is still to come.
void DropFolder::Arrived(const std::string& name) {
  struct stat info {};
  FileState* seen = Find(name, &info);
  if (seen == nullptr) return;
  seen->size = info.st_size;
  seen->mtime_ns = MtimeNs(info);
  seen->since = clock_.Now();
  seen->arrived = true;
}

// It must settle again.
void DropFolder::Doubt(FileState* seen) {
  seen->size = -1;
  seen->arrived = false;
}

void DropFolder::Created(const std::string& name) {
  struct stat info {};
  FileState* seen = Find(name, &info);
  if (seen != nullptr) Doubt(seen);
}

void DropFolder::NotificationsLost() {
  for (auto& [inode, seen] : seen_) {
    if (seen.arrived) Doubt(&seen);
  }
}

void DropFolder::BeginPass() {
  const uint32_t number = pass_.number + 1;
  pass_ = {};
  pass_.number = number;
  pass_.running = true;
  if (incoming_.valid()) NoteReadOnly();
}

void DropFolder::EndPass() {
  listing_.Restart();
  pass_.running = false;
  UpdateStats();
  archive_.TakeBackChanged();
  archive_.Trim();
}

DropFolder::Next DropFolder::Scan() {
  if (!KeepInPlace()) return Next::kNothing;
  if (!pass_.running) BeginPass();
  std::vector<std::string> ready;
  const auto over = Gather(&ready);
  if (over.ok()) {
    TakeAll(ready);
  } else {
    ReportTrouble("incoming " + over.status().message());
  }
  const bool refused = !intake_.Refusing().empty();  // full or poisoned: the files stay
  if (over.ok() && !*over && !refused) {
    UpdateStats();
    return Next::kMore;
  }
  if (over.ok() && *over) {
    std::erase_if(seen_, [this](const auto& e) { return e.second.pass < pass_.number; });
    counters_.Change([&](CaptureStats* stats) { stats->files_unreadable = pass_.unreadable; });
  }
  EndPass();
  return over.ok() && !refused && pass_.settling ? Next::kSettling : Next::kNothing;
}

// What this scan takes. True at the end of the pass.
Result<bool> DropFolder::Gather(std::vector<std::string>* ready) {
  for (size_t looks = 0; looks < kLooksPerScan && ready->size() < kFilesPerScan; ++looks) {
    auto name = listing_.Next();
    if (!name.ok()) return std::move(name).status();
    if (!*name) return true;
    ++pass_.looked;
    if (pass_.looked % kLooksPerBeat == 0) Beat();
    if (Ready(**name)) ready->push_back(std::move(**name));
  }
  return false;
}

bool DropFolder::Ready(const std::string& name) {
  struct stat info {};
  if (fstatat(incoming_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  FileState* seen = Watched(info);
  if (seen == nullptr) {
    pass_.settling = true;
    return false;
  }
  seen->pass = std::max(seen->pass, pass_.number);
  if (clock_.Now() < seen->retry_at) {
    pass_.trouble = last_trouble_;
    return false;
  }
  const bool readable =
      !S_ISREG(info.st_mode) || faccessat(incoming_.get(), name.c_str(), R_OK, AT_EACCESS) == 0;
  if (!readable) {
    if (++seen->unreadable == kUnreadableScans) {
      log::Error("capture",
                 "{} in incoming/ cannot be read; let its owner give the group "
                 "tillrelay-drop read access",
                 name);
    }
    pass_.unreadable += seen->unreadable >= kUnreadableScans ? 1 : 0;
    return false;
  }
  seen->unreadable = 0;
  const bool settled = Settled(info, seen);
  if (!settled) pass_.settling = true;
  return settled;
}

bool DropFolder::Settled(const struct stat& info, FileState* seen) const {
  const Instant now = clock_.Now();
  if (seen->size == info.st_size && seen->mtime_ns == MtimeNs(info)) {
    return seen->arrived || now - seen->since >= options_.settle;
  }
  seen->size = info.st_size;
  seen->mtime_ns = MtimeNs(info);
  seen->since = now;
  seen->arrived = false;
  return false;
}

// The next files are read while the journal commits those before them.
void DropFolder::TakeAll(const std::vector<std::string>& names) {
  std::deque<std::unique_ptr<InFlightFile>> open;
  size_t bytes = 0;
  bool any = false;
  const auto finish_first = [&] {
    bytes -= open.front()->bytes;
    Finish(open.front().get());
    Beat();
    open.pop_front();
    any = true;
  };
  for (const std::string& name : names) {
    if (!intake_.Refusing().empty()) break;
    Beat();
    auto taken = Take(name);
    while (taken.status().code() == Code::kBusy && !open.empty()) {
      finish_first();
      taken = Take(name);
    }
    if (!taken.ok()) pass_.settling = true;  // no memory: soon, and the others meanwhile
    if (!taken.ok() || *taken == nullptr) continue;
    bytes += (*taken)->bytes;
    open.push_back(*std::move(taken));
    while (open.size() >= kOpenFiles || (bytes >= kOpenBytes && !open.empty())) finish_first();
  }
  while (!open.empty()) finish_first();
  if (!any) return;
  if (Status s = archive_.Sync(); !s.ok()) ReportTrouble(s.message());
}

Result<std::unique_ptr<DropFolder::InFlightFile>> DropFolder::Take(const std::string& name) {
  auto taken = std::make_unique<InFlightFile>();
  taken->original.name = name;
  std::string head;
  if (!BothHalves(name, &head)) return std::unique_ptr<InFlightFile>();
  if (!head.empty()) taken->head.emplace().name = head;
  Document document;
  document.channel = "file";
  document.origin = Printable(redact::RedactDocument(name), 255);
  document.sender = "the drop folder";
  const Status loaded = Load(&document, taken.get());
  if (loaded.code() == Code::kBusy) return loaded;
  if (loaded.code() == Code::kNotFound) {  // gone, or still changing: later
    return std::unique_ptr<InFlightFile>();
  }
  if (loaded.code() == Code::kInvalid) {
    taken->refusal = loaded.message();
  } else if (!loaded.ok()) {
    Stuck(*taken, loaded.message());
    return std::unique_ptr<InFlightFile>();
  } else {
    document.memory = taken->memory.get();
    auto refusal = Submit(&document, taken.get());
    if (!refusal.ok()) return std::move(refusal).status();
    taken->refusal = *std::move(refusal);
  }
  return taken;
}

Status DropFolder::Load(Document* document, InFlightFile* taken) {
  if (Status s = CheckFile(&taken->original); !s.ok()) return s;
  auto size = static_cast<size_t>(taken->original.identity.st_size);
  if (taken->head) {
    if (Status s = CheckFile(&*taken->head); !s.ok()) return s;
    // The heads stand beside each row.
    size += 2 * (size + static_cast<size_t>(taken->head->identity.st_size));
  }
  taken->memory = options_.memory->Take(size * kMemoryFactor);
  if (taken->memory == nullptr) return Busy("no memory for it now");
  auto bytes = Read(taken->original);
  if (!bytes.ok()) return std::move(bytes).status();
  document->bytes = *std::move(bytes);
  taken->original.scrub = HoldsCards(document->bytes, options_.beat);
  if (taken->head) {
    if (Status s = Join(document, taken); !s.ok()) return s;
  }
  taken->bytes = document->bytes.size();
  return Status::Ok();
}

bool DropFolder::BothHalves(const std::string& name, std::string* head) {
  for (const formats::CsvProfile& profile : intake_.csv()) {
    bool is_head = false;
    const std::string other = formats::OtherHalf(profile, name, &is_head);
    if (other.empty()) continue;
    struct stat info {};
    if (fstatat(incoming_.get(), other.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      Waits(name, other);
      return false;
    }
    if (is_head) return false;  // taken with its rows
    *head = other;
    return Ready(other);
  }
  return true;
}

void DropFolder::Waits(const std::string& name, const std::string& other) {
  struct stat info {};
  if (fstatat(incoming_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  const FileState* seen = Watched(info);
  if (seen == nullptr || clock_.Now() - seen->since < kLongForHalf) return;
  ReportTrouble(
      fmt::format("{} has waited for {} for more than {} minutes; drop that file, or take "
                  "this one away if the pair is in done/ already",
                  name, other, kLongForHalf.count()));
}

Status DropFolder::Join(Document* document, InFlightFile* taken) {
  auto heads = Read(*taken->head);
  if (!heads.ok()) return std::move(heads).status();
  taken->head->scrub = HoldsCards(*heads, options_.beat);
  const auto* profile = formats::CsvByFile(intake_.csv(), taken->original.name);
  formats::JoinedCsv joined =
      formats::JoinCsv(*profile, *std::move(heads), std::move(document->bytes), intake_.limits());
  if (joined.error) {
    return Invalid(fmt::format("{} with {}: {}; {}", taken->original.name, taken->head->name,
                               redact::RedactDocument(joined.error->what), joined.error->hint));
  }
  document->bytes = std::move(joined.text);
  return Status::Ok();
}

// Sends what is in the document on its way; otherwise why it is rejected.
Result<std::string> DropFolder::Submit(Document* document, InFlightFile* taken) {
  const std::string& name = taken->original.name;
  auto format = formats::Sniff(document->bytes, name);
  if (!format && formats::CsvByFile(intake_.csv(), name) != nullptr) format = formats::Format::kCsv;
  if (!format) {
    return std::string("neither JSON nor XML nor CSV: nothing is known that looks like this");
  }
  document->format = *format;
  if (*format == formats::Format::kCsv) {
    document->csv = formats::CsvByFile(intake_.csv(), name);
    if (document->csv == nullptr) {
      return std::string("no CSV profile has this name: add [drop_folder.csv.NAME] with `files`");
    }
  }
  DecodedDocument prepared = intake_.Prepare(document);
  if (prepared.no_memory) return Busy("no memory for it now");
  if (!prepared.syntax && prepared.entries.empty()) return std::string("the file holds no event");
  taken->syntax = prepared.syntax;
  taken->hints = HintsOf(prepared);
  auto promise = std::make_shared<std::promise<Result<Answer>>>();
  taken->answer = promise->get_future();
  taken->submitted =
      intake_.Submit(std::move(prepared), journal::FileMark{prepared.payload, document->origin},
                     [promise](Result<Answer> answer) { promise->set_value(std::move(answer)); });
  return std::string();
}

// What may be read at all, judged without opening it.
Status DropFolder::CheckFile(Original* original) const {
  struct stat& info = original->identity;
  if (fstatat(incoming_.get(), original->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? NotFound("gone") : Unavailable(ErrnoText(errno));
  }
  if (S_ISLNK(info.st_mode)) return Invalid("a symbolic link; only plain files are taken");
  if (!S_ISREG(info.st_mode)) return Invalid("not a plain file; only plain files are taken");
  if (info.st_nlink > 1) return Invalid("a file with several names; only plain files are taken");
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size <= options_.file_bytes) return Status::Ok();
  original->scrub = size / kSearchedTimes <= options_.file_bytes;
  return Invalid(fmt::format(
      "larger than {} bytes; split it, or raise limits.file_bytes and drop it again.{}",
      options_.file_bytes,
      original->scrub
          ? ""
          : "\nThe file was not read: should it hold card numbers, they are in it still. Only the "
            "service can read it here; delete it when it is no longer needed."));
}

Result<std::string> DropFolder::Read(const Original& original) const {
  const Fd fd(openat(incoming_.get(), original.name.c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) {
    const bool swapped = errno == ENOENT || errno == ELOOP || errno == ENXIO;
    return swapped ? NotFound("gone") : Unavailable("open: " + ErrnoText(errno));
  }
  const auto unchanged = [&] {
    struct stat now {};
    return fstat(fd.get(), &now) == 0 && SameFile(original.identity, now);
  };
  if (!unchanged()) return NotFound("changed");
  auto bytes = ReadAll(fd.get(), options_.file_bytes);
  if (!bytes.ok()) return std::move(bytes).status();
  if (!unchanged() || bytes->size() != static_cast<size_t>(original.identity.st_size)) {
    return NotFound("changed while it was read");
  }
  return bytes;
}

void DropFolder::Finish(InFlightFile* taken) {
  const std::string& name = taken->original.name;
  if (!taken->refusal.empty()) {
    log::Warning("capture", "{} rejected: {}", name, taken->refusal);
    if (Keep(*taken, DropArchive::Place::kRejected, UnreadReason(taken->refusal))) {
      CountRejected(name, taken->refusal);
    }
    return;
  }
  Result<Answer> answer =
      taken->submitted.ok() ? taken->answer.get() : Result<Answer>(taken->submitted);
  if (!answer.ok()) return Stuck(*taken, answer.status().message());
  if (answer->refused > 0) {
    return Stuck(*taken, fmt::format("{}: {} documents wait, the quarantine is full; a person has "
                                     "to look at it first",
                                     name, answer->refused));
  }
  const bool done = answer->quarantined == 0;
  if (!done) log::Warning("capture", "{}: {} in quarantine", name, answer->quarantined);
  const bool kept = done ? Keep(*taken, DropArchive::Place::kDone, "")
                         : Keep(*taken, DropArchive::Place::kRejected,
                                QuarantineReason(*answer, taken->syntax, taken->hints));
  if (!kept) return;
  counters_.Change(
      [done](CaptureStats* stats) { ++(done ? stats->files_done : stats->files_rejected); });
}

void DropFolder::CountRejected(const std::string& name, const std::string& why) {
  CaptureStats::RejectedFile file{Printable(redact::RedactDocument(name), kNameShown),
                                  Printable(redact::RedactDocument(why), kWhyShown), clock_.Wall()};
  counters_.Change([&file](CaptureStats* stats) {
    ++stats->files_rejected;
    std::erase_if(stats->rejected, [&file](const auto& row) { return row.name == file.name; });
    stats->rejected.push_back(std::move(file));
    if (stats->rejected.size() > CaptureStats::kMaxRejected) {
      stats->rejected.erase(stats->rejected.begin());
    }
  });
}

bool DropFolder::Keep(const InFlightFile& taken, DropArchive::Place place,
                      const std::string& reason) {
  const Status kept = archive_.Keep(taken.original, place, reason);
  if (kept.ok() && taken.head) {
    const Status with_it = archive_.Keep(*taken.head, place, "");
    if (!with_it.ok()) ReportTrouble(taken.head->name + ": " + std::string(with_it.message()));
    if (with_it.ok()) seen_.erase(taken.head->identity.st_ino);
    pass_.taken += with_it.ok() ? 1 : 0;
  }
  if (kept.ok()) {
    seen_.erase(taken.original.identity.st_ino);
    ++pass_.taken;
  } else if (kept.code() != Code::kNotFound) {
    Stuck(taken, taken.original.name + ": " + kept.message());
  }
  return kept.ok();
}

void DropFolder::Beat() const {
  if (options_.beat) options_.beat();
}

// The file stays and is tried again; when the journal refuses everything, with the others.
void DropFolder::Stuck(const InFlightFile& taken, const std::string& why) {
  ReportTrouble(why);
  if (!intake_.Refusing().empty()) return;
  FileState* seen = Watched(taken.original.identity);
  if (seen != nullptr) seen->retry_at = clock_.Now() + kStuckRetry;
}

void DropFolder::ReportTrouble(const std::string& text) {
  last_trouble_ = pass_.trouble = Printable(redact::RedactDocument(text), 300);
  trouble_.Report("drop folder: " + last_trouble_, clock_.Now());
}

// A pass that found no trouble so far does not yet say that there is none.
void DropFolder::UpdateStats() {
  counters_.Change([&](CaptureStats* stats) {
    stats->files_waiting = left() + listing_.left();
    if (!pass_.running || !pass_.trouble.empty()) stats->drop_folder_error = pass_.trouble;
  });
}

}  // namespace tillrelay::capture
