#include "agent/journal/repair/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "agent/journal/issue_table.h"
#include "agent/journal/paths.h"
#include "agent/journal/repair/replacement.h"
#include "agent/journal/schema.h"
#include "agent/journal/stream_tables.h"
#include "common/base/files.h"
#include "common/event/time_text.h"

namespace tillrelay::journal {
namespace {

constexpr int kRowsPerRead = 1000;  // some milliseconds each: the log is never held back for long
constexpr int kTries = 3;           // a fork or a deletion in the middle of it starts it again
constexpr size_t kMaxTokenBytes = 4 * 1024 * 1024;
constexpr size_t kCopyBytes = 1024 * 1024;

void RemoveDatabase(const std::string& path) {
  for (const char* end : {"", "-wal", "-shm", "-journal"}) unlink((path + end).c_str());
}

Status Sync(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return Unavailable(path + ": " + ErrnoText(errno));
  return Status::Ok();
}

// The table's key, by which it is read in pieces (its columns stand first), and what of the table
// belongs into the backup.
struct Table {
  const char* name;
  std::vector<const char*> key;
  std::string where;
};

class Copier {
 public:
  Copier(sqlite::Database* from, sqlite::Database* to, const ShowProgress& progress)
      : from_(*from), to_(*to), progress_(progress) {}

  // One consistent look at what is small: which streams there are, and up to where.
  Status Small() {
    auto pending = from_.QueryText("SELECT coalesce(max(file),'') FROM take_over");
    if (pending.ok() && !pending->empty()) {
      return Unavailable("events of " + *pending +
                         " are still being taken over: make the backup when that is done");
    }
    TRY(from_.Exec("BEGIN"));
    Status copied = Status::Ok();
    for (const char* name : {"meta", "gone", "stream", "opening", "owed", "loss", "day_mark"}) {
      if (copied.ok()) copied = Whole(name);
    }
    auto streams = ReadStreams(&from_);
    TRY(from_.Exec("COMMIT"));
    TRY(std::move(copied));
    if (!streams.ok()) return std::move(streams).status();
    if (streams->empty()) return Invalid("the journal has no stream yet");
    head_ = streams->back();
    of_ = 2 * (head_.head - std::min(head_.head, head_.floor - 1));
    return Status::Ok();
  }

  Status Large() {
    const std::string kept = fmt::format("position<={}", head_.base + head_.head);
    const Table tables[] = {
        {"event", {"position"}, kept},
        {"known", {"key", "id"}, kept},
        {"chain_mark",
         {"stream", "sequence"},
         fmt::format("(stream<>'{}' OR sequence<={})", head_.stream, head_.head)},
        {"quarantine", {"ticket"}, "1"},
        {"file", {"sha256"}, "1"},
        {"book", {"key"}, "1"},
        {"audit", {"number"}, "1"},
    };
    for (const Table& table : tables) TRY(InPieces(table));
    TRY(CopyIssues(&from_, &to_));
    // A ticket that was resolved is never given away again.
    TRY(to_.Exec("DELETE FROM sqlite_sequence"));
    return Whole("sqlite_sequence");
  }

  // Did the daemon fork, or delete what the backup still calls unconfirmed, meanwhile?
  Result<bool> Torn() {
    auto now = ReadStreams(&from_);
    if (!now.ok()) return std::move(now).status();
    // Behind a fork, the position below the stream's own is an event of the stream before.
    const uint64_t done = std::max(head_.confirmed_through, head_.own_first() - 1);
    auto kept = to_.QueryInt(fmt::format(
        "SELECT count(*) FROM event WHERE position>{} AND position<={}",
        static_cast<int64_t>(head_.base + done), static_cast<int64_t>(head_.base + head_.head)));
    if (!kept.ok()) return std::move(kept).status();
    return now->back().stream != head_.stream || static_cast<uint64_t>(*kept) != head_.head - done;
  }

 private:
  Result<std::string> Holes(const std::string& table) {
    auto columns = to_.QueryInt("SELECT count(*) FROM pragma_table_info('" + table + "')");
    if (!columns.ok()) return std::move(columns).status();
    std::string holes = "?1";
    for (int64_t i = 2; i <= *columns; ++i) holes += ",?" + std::to_string(i);
    return holes;
  }

  Status Whole(const std::string& table) {
    auto select = from_.Prepare("SELECT * FROM " + table);
    if (!select.ok()) return std::move(select).status();
    auto holes = Holes(table);
    if (!holes.ok()) return std::move(holes).status();
    auto insert = to_.Prepare("INSERT INTO " + table + " VALUES(" + *holes + ")");
    if (!insert.ok()) return std::move(insert).status();
    for (;;) {
      auto row = select->Step();
      if (!row.ok()) return std::move(row).status();
      if (!*row) return Status::Ok();
      for (int i = 0; i < select->columns(); ++i) select->CopyTo(i, &*insert, i + 1);
      TRY(insert->Run());
    }
  }

  Status InPieces(const Table& table) {
    const std::string key = fmt::format("{}", fmt::join(table.key, ","));
    const bool pair = table.key.size() == 2;
    const auto select = [&](const std::string& after) {
      return from_.Prepare(fmt::format("SELECT * FROM {} WHERE {}{} ORDER BY {} LIMIT {}",
                                       table.name, table.where, after, key, kRowsPerRead));
    };
    auto first = select("");
    auto rest = select(pair ? " AND (" + key + ")>(?1,?2)" : " AND " + key + ">?1");
    auto cursor = from_.Prepare(pair ? "SELECT ?1,?2" : "SELECT ?1");  // holds the last key
    auto holes = Holes(table.name);
    if (!holes.ok()) return std::move(holes).status();
    auto insert = to_.Prepare(fmt::format("INSERT INTO {} VALUES({})", table.name, *holes));
    for (const auto* prepared : {&first, &rest, &cursor, &insert}) {
      if (!prepared->ok()) return prepared->status();
    }
    const int parts = pair ? 2 : 1;
    auto rows = CopyPart(&*first, {&*cursor, &*insert}, parts);
    while (rows.ok() && *rows == kRowsPerRead) {
      auto key_row = cursor->Step();
      if (!key_row.ok()) return std::move(key_row).status();
      for (int i = 0; i < parts; ++i) cursor->CopyTo(i, &*rest, i + 1);
      cursor->Reset();
      rows = CopyPart(&*rest, {&*cursor, &*insert}, parts);
    }
    return rows.status();
  }

  struct Into {
    sqlite::Statement *cursor, *insert;
  };
  Result<int> CopyPart(sqlite::Statement* reading, const Into& into, int parts) {
    sqlite::Transaction transaction(&to_);
    TRY(transaction.Begin());
    int rows = 0;
    for (; rows < kRowsPerRead; ++rows) {
      auto row = reading->Step();
      if (!row.ok()) return std::move(row).status();
      if (!*row) break;
      for (int i = 0; i < reading->columns(); ++i) reading->CopyTo(i, into.insert, i + 1);
      TRY(into.insert->Run());
      if (rows + 1 < kRowsPerRead) continue;
      for (int i = 0; i < parts; ++i) reading->CopyTo(i, into.cursor, i + 1);
    }
    reading->Reset();
    TRY(transaction.Commit());
    done_ += static_cast<uint64_t>(rows);
    if (progress_) progress_(done_, of_);
    return rows;
  }

  sqlite::Database& from_;
  sqlite::Database& to_;
  const ShowProgress& progress_;
  StreamRow head_;
  uint64_t done_ = 0, of_ = 0;  // rows, as many as two large tables have
};

Result<std::string> FileSha256(const std::string& path, uint64_t* bytes) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat file {};
  if (!fd.valid() || fstat(fd.get(), &file) != 0)
    return Unavailable(path + ": " + ErrnoText(errno));
  const auto size = static_cast<size_t>(file.st_size);
  void* map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (map == MAP_FAILED) return Unavailable(path + ": " + ErrnoText(errno));
  const Sha256Digest digest = Sha256({static_cast<const char*>(map), size});
  munmap(map, size);
  *bytes = size;
  return ToHex(BytesOf(digest));
}

// The registers' tokens stand beside the journal; a backup is one file.
Status PutTokens(const std::string& journal, sqlite::Database* to) {
  auto tokens = ReadFile(TokensPath(journal), kMaxTokenBytes);
  if (tokens.status().code() == Code::kNotFound) return Status::Ok();
  if (!tokens.ok()) return std::move(tokens).status();
  auto insert = to->Prepare("INSERT OR REPLACE INTO meta VALUES('tokens',?1)");
  if (!insert.ok()) return std::move(insert).status();
  return insert->BindText(1, *tokens).Run();
}

Status HasRoom(const std::string& from, const std::string& to) {
  struct stat file {};
  struct statvfs disk {};
  if (stat(from.c_str(), &file) != 0) return Unavailable(from + ": " + ErrnoText(errno));
  if (statvfs(DirectoryOf(to).c_str(), &disk) != 0) {
    return Unavailable(DirectoryOf(to) + ": " + ErrnoText(errno));
  }
  const uint64_t free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (static_cast<uint64_t>(file.st_size) < free) return Status::Ok();
  return Unavailable(fmt::format("{} has {} MB free, the journal has {} MB", DirectoryOf(to),
                                 free / 1'000'000, file.st_size / 1'000'000));
}

// True: done. False: the journal changed under it, try again.
Result<bool> CopyOnce(const std::string& from, const std::string& partial,
                      const ShowProgress& progress) {
  RemoveDatabase(partial);
  auto source = sqlite::Database::Open(from, {.read_only = true, .create = false, .vfs = {}});
  if (!source.ok()) return std::move(source).status().Within(from);
  auto version = source->QueryInt("PRAGMA user_version");
  if (!version.ok()) return std::move(version).status();
  if (*version != kSchemaVersion) {
    return Conflict(fmt::format("{} has schema {}, this program copies {}: start the daemon once",
                                from, *version, kSchemaVersion));
  }
  auto target = sqlite::Database::Open(partial, {});
  if (!target.ok()) return std::move(target).status().Within(partial);
  TRY(PrepareSchema(&*target));
  TRY(target->Exec("PRAGMA synchronous=OFF"));  // it is synced as a whole before it has its name
  Copier copier(&*source, &*target, progress);
  TRY(copier.Small());
  TRY(copier.Large());
  auto torn = copier.Torn();
  if (!torn.ok() || *torn) return torn.ok() ? Result<bool>(false) : std::move(torn).status();
  TRY(PutTokens(from, &*target));
  auto mode = target->QueryText("PRAGMA journal_mode=DELETE");  // one file, nothing beside it
  if (!mode.ok()) return std::move(mode).status();
  return true;
}

// As the folder is owned: a journal that root puts there must be the daemon's.
Status GiveAway(const std::string& path) {
  struct stat folder {};
  if (stat(DirectoryOf(path).c_str(), &folder) != 0 || chmod(path.c_str(), 0600) != 0) {
    return Unavailable(path + ": " + ErrnoText(errno));
  }
  if (geteuid() == 0 && chown(path.c_str(), folder.st_uid, folder.st_gid) != 0) {
    return Unavailable(path + ": " + ErrnoText(errno));
  }
  return Status::Ok();
}

Status CopyFile(const std::string& from, const std::string& to) {
  const Fd in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.valid()) return Unavailable(from + ": " + ErrnoText(errno));
  const Fd out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.valid()) return Unavailable(to + ": " + ErrnoText(errno));
  std::string block(kCopyBytes, '\0');
  for (;;) {
    const ssize_t count = read(in.get(), block.data(), block.size());
    if (count < 0) return Unavailable(from + ": " + ErrnoText(errno));
    if (count == 0) return Status::Ok();
    TRY(WriteAll(out.get(), {block.data(), static_cast<size_t>(count)}));
  }
}

// The tokens go back where none are; the journal itself does not keep them.
Status TakeTokens(const std::string& database, const std::string& journal) {
  auto db = sqlite::Database::Open(database, {});
  if (!db.ok()) return std::move(db).status();
  TRY(db->Exec("DELETE FROM meta WHERE key='witness'"));  // the restored file has none yet
  auto tokens = db->QueryText("SELECT value FROM meta WHERE key='tokens'");
  if (tokens.status().code() == Code::kNotFound) return Status::Ok();
  if (!tokens.ok()) return std::move(tokens).status();
  TRY(db->Exec("DELETE FROM meta WHERE key='tokens'"));
  const std::string path = TokensPath(journal);
  if (access(path.c_str(), F_OK) == 0) return Status::Ok();
  TRY(WriteFileDurably(path, *tokens, 0600));
  return GiveAway(path);
}

// What the daemon had given in the journal that is replaced, and what of it was confirmed or
// declared lost: as its witness says, and the journal itself where it can be read.
Witness StateOfReplaced(const std::string& journal, const std::string& store_id) {
  auto witness = WitnessFile(WitnessPath(journal)).Read();
  Witness state;
  if (witness.ok() && *witness && (*witness)->store_id == store_id) state = **witness;
  auto db = sqlite::Database::Open(journal, {.read_only = true, .create = false});
  if (!db.ok()) return state;
  auto check = SealCheckOf(&*db);
  if (!check.ok()) return state;
  auto rows = ReadStreamRows(&*db, store_id, *check);
  if (!rows.ok() || rows->empty()) return state;
  state.streams = *std::move(rows);
  state.clean = true;
  if (auto losses = ReadLosses(&*db, *check); losses.ok()) state.losses = *std::move(losses);
  return state;
}

// The streams of the journal that is replaced are known to whoever replaces it, and so is what was
// known there: nobody has to be told that they are not here.
Status AcknowledgeReplaced(const std::string& journal, const Witness& state, JournalStore* store,
                           WallTime now) {
  std::vector<std::string> streams;
  for (const StreamRow& row : state.streams) streams.push_back(row.stream);
  auto db = sqlite::Database::Open(journal, {.read_only = true, .create = false});
  if (db.ok()) {
    auto known = ReadAcknowledged(&*db);
    if (known.ok()) streams.insert(streams.end(), known->begin(), known->end());
  }
  for (const std::string& stream : streams) {
    const auto& here = store->streams();
    const bool ours = std::any_of(here.begin(), here.end(),
                                  [&](const StreamRow& row) { return row.stream == stream; });
    if (!ours) TRY(store->AcknowledgeStream(stream, now));
  }
  return Status::Ok();
}

// In the copy, before it is anybody's journal: a new stream behind the centre's word.
Result<std::string> OpenNewStream(const std::string& path, StoreOptions options, WallTime now,
                                  Random* random) {
  const std::string journal = options.path;
  options.path = path;
  options.books = nullptr;
  auto store = JournalStore::OpenLocked(options, now, random, nullptr);
  if (!store.ok()) return std::move(store).status();
  const StreamRow& stream = (*store)->current();
  const uint64_t from = stream.base + stream.confirmed_through + 1;
  // What the journal that is replaced had given since, and nobody has confirmed, is gone with it.
  const Witness replaced = StateOfReplaced(journal, options.store_id);
  const std::vector<wire::Lost> gone = (*store)->MissingOf(replaced, false);
  TRY((*store)->Fork(from, "restored from a backup", now, random, gone));
  TRY((*store)->Begin());
  TRY(AcknowledgeReplaced(journal, replaced, &**store, now));
  AuditRow row;
  row.actor = fmt::format("uid:{}", getuid());
  row.action = "restore";
  row.subject = (*store)->current().stream;
  row.outcome = "done";
  if (Status s = (*store)->Audit(row, now); !s.ok()) return s;
  TRY((*store)->Commit());
  const std::string opened = (*store)->current().stream;
  TRY((*store)->CloseWhole());
  return opened;
}

}  // namespace

Result<BackupTold> Backup(const std::string& from, const std::string& to,
                          const ShowProgress& progress) {
  if (access(to.c_str(), F_OK) == 0) return Unavailable(to + ": it exists already");
  TRY(HasRoom(from, to));
  const std::string partial = to + ".partial";
  BackupTold reported;
  const auto copy = [&]() -> Status {
    for (int attempt = 1;; ++attempt) {
      auto done = CopyOnce(from, partial, progress);
      if (!done.ok()) return std::move(done).status();
      if (*done) break;
      if (attempt == kTries) return Unavailable("the journal does not stand still; try again");
    }
    auto verified = Verify(partial, nullptr);
    if (!verified.ok()) return std::move(verified).status();
    reported.verified = *std::move(verified);
    auto sha256 = FileSha256(partial, &reported.bytes);
    if (!sha256.ok()) return std::move(sha256).status();
    reported.sha256 = *std::move(sha256);
    TRY(Sync(partial));
    if (rename(partial.c_str(), to.c_str()) != 0) return Unavailable(to + ": " + ErrnoText(errno));
    return SyncDirectory(DirectoryOf(to));
  };
  if (Status s = copy(); !s.ok()) {
    RemoveDatabase(partial);
    return s;
  }
  return reported;
}

Result<std::string> MoveJournalAside(const std::string& journal, const std::string& why,
                                     WallTime now) {
  auto path = ResolveJournal(journal);
  if (!path.ok()) return std::move(path).status();
  if (access(path->c_str(), F_OK) != 0) return std::string();
  auto lock = LockJournal(*path);
  if (!lock.ok()) return std::move(lock).status();
  TRY(GiveAway(LockPath(*path)));
  auto finished = FinishReplacement(*path);
  if (!finished.ok()) return std::move(finished).status();
  TRY(DiscardBuilding(*path));
  {
    // Its log goes into it, if it can still be read: what a person keeps is one file.
    auto old = sqlite::Database::Open(*path, {.read_only = false, .create = false});
    if (old.ok()) old->TruncateLog().ok();
  }
  // An empty file takes its place for a moment, so that the set moves as a whole or not at all.
  TRY(WriteFileDurably(BuildingPath(*path), "", 0600));
  TRY(GiveAway(BuildingPath(*path)));
  const std::string to = AsidePath(*path, why, now);
  TRY(CommitReplacement(*path, to));
  if (unlink(path->c_str()) != 0) return Unavailable(*path + ": " + ErrnoText(errno));
  TRY(SyncDirectory(DirectoryOf(*path)));
  return to;
}

Result<RestoreTold> RestoreBackup(const std::string& backup, const StoreOptions& wanted,
                                  WallTime now, Random* random) {
  StoreOptions options = wanted;
  auto path = ResolveJournal(wanted.path);
  if (!path.ok()) return std::move(path).status();
  options.path = *path;
  const std::string& journal = options.path;
  auto lock = LockJournal(journal);
  if (!lock.ok()) {
    return std::move(lock).status().Within("tillrelayd runs: systemctl stop tillrelay first");
  }
  TRY(GiveAway(LockPath(journal)));
  auto finished = FinishReplacement(journal);
  if (!finished.ok()) return std::move(finished).status();
  RestoreTold reported;
  auto verified = Verify(backup, nullptr);
  if (!verified.ok()) return std::move(verified).status().Within(backup);
  reported.verified = *std::move(verified);
  if (!reported.verified.faults.empty()) {
    return Corrupt(fmt::format("{}: {}", backup, reported.verified.faults.front()));
  }
  TRY(DiscardBuilding(journal));
  const std::string fresh = BuildingPath(journal);
  const auto make = [&]() -> Status {
    TRY(HasRoom(backup, fresh));
    TRY(CopyFile(backup, fresh));
    TRY(TakeTokens(fresh, journal));
    auto stream = OpenNewStream(fresh, options, now, random);
    if (!stream.ok()) return std::move(stream).status();
    reported.stream = *std::move(stream);
    return GiveAway(fresh);
  };
  if (Status made = make(); !made.ok()) {
    DiscardBuilding(journal).ok();  // what is left of it is removed at the next start
    return made;
  }
  const bool replaced = access(journal.c_str(), F_OK) == 0;
  const std::string aside = AsidePath(journal, "replaced", now);
  TRY(CommitReplacement(journal, aside));
  if (replaced) reported.moved_to = aside;
  return reported;
}

}  // namespace tillrelay::journal
