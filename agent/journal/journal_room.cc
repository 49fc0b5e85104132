// The journal's room: what it may still write, what goes when that is little, and how long its log
// may get. docs/journal.md, "Room".
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "agent/journal/journal.h"
#include "agent/journal/paths.h"

namespace tillrelay::journal {
namespace {

constexpr int kBlocksPerLook = 4;   // deleted between two looks at the room
constexpr int kLooksPerCheck = 16;  // so that a commit never waits for more than that
constexpr std::chrono::minutes kForecastAfter{10};
// A checkpoint is one step, which cannot beat: what a slow disk writes in a second.
constexpr uint64_t kSlowestDiskBytesPerS = 4 * 1024 * 1024;
constexpr uint64_t kLongCheckpointBytes = 32 * 1024 * 1024;

uint64_t FileBytes(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace

std::chrono::seconds OpeningPatience(const std::string& path) {
  return std::chrono::seconds(60 + FileBytes(WalPath(path)) / kSlowestDiskBytesPerS);
}

RoomSample Journal::Measure() {
  RoomSample sample = sample_;
  sample.file_bytes = FileBytes(options_.store.path);
  sample.log_bytes = FileBytes(WalPath(options_.store.path));
  sample.content_bytes = sample.file_bytes;
  sample.reusable_bytes = 0;
  struct statvfs disk {};
  if (statvfs(DirectoryOf(options_.store.path).c_str(), &disk) == 0) {
    sample.disk_bytes = static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize;
    sample.disk_free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  if (!store_) return sample;
  // Where this cannot be read, nothing of the file counts as room.
  if (auto pages = store_->Pages(); pages.ok()) {
    sample.content_bytes = pages->file_bytes;
    sample.reusable_bytes = pages->reusable_bytes;
  }
  return sample;
}

DeletionPermit Journal::Permit() const {
  DeletionPermit permit;
  permit.by_broker = options_.confirm_by_broker;
  Lock lock(mutex_);
  for (const auto& [stream, allowed] : allowed_) {
    if (clock_.Now() < allowed.until) permit.through.emplace_back(stream, allowed.through);
  }
  return permit;
}

// Confirmed events go before their retention, the oldest first, until there is some room.
Room Journal::MakeRoom() {
  const RoomLimits limits{options_.max_bytes, options_.min_free_bytes};
  sample_ = Measure();
  Room room = RoomIn(sample_, limits);
  if (room.bytes >= room.margin || !Usable()) return room;
  const DeletionPermit permit = Permit();
  bool more = true;
  for (int look = 0; more && look < kLooksPerCheck && room.bytes < room.margin; ++look) {
    for (int block = 0; more && block < kBlocksPerLook; ++block) {
      auto deleted = store_->TrimForRoom(permit);
      more = deleted.ok() && *deleted;
      if (!deleted.ok()) Failed(std::move(deleted).status().Within("make room"));
    }
    sample_ = Measure();
    room = RoomIn(sample_, limits);
  }
  return room;
}

// Something that lets confirmations be recorded when the disk has nothing left: the reserve, or the
// journal's own free pages, as long as the log has its place.
bool Journal::HasReserve(const RoomSample& sample) {
  if (ballast_.held()) return true;
  const uint64_t log_needs = kLogNeedBytes - std::min(kLogNeedBytes, sample.log_bytes);
  if (sample.disk_free_bytes >= Ballast::kBytes + sample.owed_growth() + log_needs &&
      ballast_.Make().ok()) {
    return true;
  }
  return sample.reusable_bytes >= Ballast::kBytes && sample.disk_free_bytes >= log_needs;
}

void Journal::CheckRoom() {
  if (store_ && working_.poisoned.empty()) BoundLog(kLogLimitBytes);
  const Room room = MakeRoom();
  room_bytes_ = room.bytes;
  working_.journal_bytes = sample_.file_bytes + sample_.log_bytes;
  working_.disk_bytes = sample_.disk_bytes;
  working_.disk_free_bytes = sample_.disk_free_bytes;
  Forecast();
  if (store_) {
    const WallTime through = store_->cut_short_through();
    working_.retention_cut_short =
        through != WallTime{} && through + options_.retention > clock_.Wall();
  }
  if (!working_.poisoned.empty()) return;
  const bool was_refusing = !working_.refusing.empty();
  const bool enough = room.enough(!was_refusing);
  using NoRoom = JournalStats::NoRoom;
  working_.no_room = NoRoom::kDisk;
  if (!enough && room.own_limit) {
    working_.no_room = NoRoom::kOwnLimit;
    working_.refusing = fmt::format("the journal {} has reached journal.max_bytes = {}",
                                    options_.store.path, options_.max_bytes);
  } else if (!enough && sample_.log_is_held()) {
    working_.no_room = NoRoom::kReader;
    working_.refusing = fmt::format(
        "only {} MB of disk are free in {}; a program that reads the journal keeps its log at {} "
        "MB",
        sample_.disk_free_bytes / 1'000'000, DirectoryOf(options_.store.path),
        sample_.log_bytes / 1'000'000);
  } else if (!enough) {
    working_.refusing =
        fmt::format("only {} MB of disk are free in {}, journal.min_free_bytes keeps {} MB",
                    sample_.disk_free_bytes / 1'000'000, DirectoryOf(options_.store.path),
                    options_.min_free_bytes / 1'000'000);
  } else if (!HasReserve(sample_)) {
    working_.refusing = "no room for the reserve of 8 MB in " + DirectoryOf(options_.store.path);
  } else {
    working_.refusing.clear();
  }
  if (was_refusing && working_.refusing.empty()) log::Info("journal", "accepting again");
  if (!was_refusing && !working_.refusing.empty()) {
    log::Error("journal", "refusing new events: {}", working_.refusing);
  }
}

void Journal::Forecast() {
  const auto up = clock_.Now() - opened_at_;
  if (up <= kForecastAfter || appended_bytes_ == 0) return;
  const double days = std::chrono::duration<double>(up).count() / 86400.0;
  working_.disk_days_left = static_cast<double>(sample_.disk_free_bytes + sample_.reusable_bytes) /
                            (static_cast<double>(appended_bytes_) * 1.3 / days);
}

// Cuts a log back that a reader has kept from starting over, as soon as that reader is gone.
void Journal::BoundLog(uint64_t limit_bytes) {
  if (FileBytes(WalPath(options_.store.path)) <= limit_bytes) return;
  ExpectLongCheckpoint();
  WitnessEmptyLog();
  const Status cut = store_->TruncateLog();
  if (!cut.ok() && cut.code() != Code::kBusy) trouble_.Report(cut.message(), clock_.Now());
}

void Journal::ExpectLongCheckpoint() {
  if (!options_.expect_silence || sample_.log_bytes < kLongCheckpointBytes) return;
  options_.expect_silence(std::chrono::seconds(1 + sample_.log_bytes / kSlowestDiskBytesPerS));
}

// Where only the log had no place to grow: whether it begins anew, in the place that it has.
bool Journal::StartLogOver() {
  if (!store_ || store_->quarantine_full() || sample_.log_bytes < kLogNeedBytes) return false;
  store_->Rollback();
  return store_->RestartLog().ok();
}

void Journal::DiskFull() {
  working_.no_room = JournalStats::NoRoom::kDisk;
  working_.refusing = "the disk is full: " + DirectoryOf(options_.store.path);
  ballast_.GiveUp();
  const Status restarted = store_->RestartLog();
  if (!restarted.ok() && restarted.code() != Code::kBusy) {
    trouble_.Report(restarted.message(), clock_.Now());
  }
}

void Journal::Locked(const Status& busy) {
  if (!working_.busy.empty()) return;
  log::Warning("journal", "trying again: {}", busy.message());
  working_.busy = "another program holds the journal locked; trying again";
  UpdateStats();
}

void Journal::ProbeLock() {
  if (!store_) return;
  const Status probe = store_->ProbeLock();
  if (probe.code() == Code::kBusy) return;
  working_.busy.clear();
  if (!probe.ok()) return Failed(probe);
  log::Info("journal", "the lock is gone, accepting again");
  UpdateStats();
}

}  // namespace tillrelay::journal
