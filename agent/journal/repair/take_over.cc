#include "agent/journal/repair/take_over.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/journal/event_row.h"
#include "agent/journal/repair/side_tables.h"
#include "agent/journal/stream_tables.h"
#include "common/base/log.h"
#include "common/event/stored_document.h"

namespace tillrelay::journal {
namespace {

constexpr int kTries = 3;  // to open a file that the disk fails to read

}  // namespace

Status InsertTakeOver(sqlite::Database* db, const TakeOverRow& row) {
  auto insert = db->Prepare(
      "INSERT INTO take_over SELECT coalesce(max(number),0)+1,?1,?2,?3,?4,?5,?7,?6,0,?4,0,0,0,x'',"
      "x'' FROM take_over");
  if (!insert.ok()) return std::move(insert).status();
  insert->BindText(1, row.file).BindText(2, row.stream).Bind(3, row.base).Bind(4, row.first);
  return insert->Bind(5, row.last).Bind(6, row.open ? 1 : 0).Bind(7, row.youngest ? 1 : 0).Run();
}

Status TakeOver::Open(sqlite::Database* db, const std::string& folder, const std::string& vfs,
                      TakeOverTarget* target) {
  db_ = db;
  folder_ = folder;
  vfs_ = vfs;
  target_ = target;
  jobs_.clear();
  TRY(db->PrepareAll({
      {&save_,
       "UPDATE take_over SET last=?2,step=?3,position=?4,missing_from=?5,taken=?6,lost=?7,"
       "cursor_1=?8,cursor_2=?9 WHERE number=?1"},
      {&save_run_,
       "INSERT INTO take_over_run VALUES(?1,?2,?3,?4) ON CONFLICT(number,first) DO UPDATE SET "
       "last=?3"},
      {&forget_, "DELETE FROM take_over WHERE number=?1"},
      {&forget_runs_, "DELETE FROM take_over_run WHERE number=?1"},
      {&insert_file_, "INSERT OR IGNORE INTO file VALUES(?1,?2,?3,?4)"},
      {&insert_audit_, "INSERT OR IGNORE INTO audit VALUES(?1,?2,?3,?4,?5,?6,?7)"},
  }));
  auto select = db->Prepare(
      "SELECT "
      "number,file,stream,base,first,last,youngest,open,step,position,missing_from,taken,lost,"
      "cursor_1,cursor_2 "
      "FROM take_over ORDER BY number");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto found = select->Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) break;
    TakeOverRow& row = jobs_.emplace_back().row;
    row.number = select->Unsigned(0);
    row.file = select->Text(1);
    row.stream = select->Text(2);
    row.base = select->Unsigned(3);
    row.first = select->Unsigned(4);
    row.last = select->Unsigned(5);
    row.youngest = select->Int(6) != 0;
    row.open = select->Int(7) != 0;
    row.step = static_cast<int>(select->Int(8));
    row.position = select->Unsigned(9);
    row.missing_from = select->Unsigned(10);
    row.taken = select->Unsigned(11);
    row.lost = select->Unsigned(12);
    row.cursor_1 = select->Blob(13);
    row.cursor_2 = select->Blob(14);
  }
  for (Job& job : jobs_) {
    job.committed = job.row;
    TRY(LoadRuns(&job));
  }
  return Status::Ok();
}

Status TakeOver::LoadRuns(Job* job) {
  job->runs.clear();
  auto select =
      db_->Prepare("SELECT first,last,position FROM take_over_run WHERE number=?1 ORDER BY first");
  if (!select.ok()) return std::move(select).status();
  select->Bind(1, job->row.number);
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    job->runs.push_back({select->Unsigned(0), select->Unsigned(1), select->Unsigned(2), false});
  }
}

uint64_t TakeOver::remaining() const {
  uint64_t events = 0;
  for (const Job& job : jobs_) {
    if (job.row.step != kEvents || job.row.position > job.row.last) continue;
    events += job.row.last - job.row.position + 1;
  }
  return events;
}

// What cannot be opened is read by its pages alone. False: the disk failed to read, to be tried
// again.
bool TakeOver::OpenSource(Job* job) {
  if (job->tries >= kTries) return true;
  const bool last_try = ++job->tries == kTries;
  const std::string path = folder_ + "/" + job->row.file;
  sqlite::OpenOptions options;
  options.create = false;
  options.keep_log = true;
  options.vfs = vfs_;
  auto db = sqlite::Database::Open(path, options);
  if (!db.ok()) {
    log::Error("journal", "{}: {}", job->row.file, db.status().message());
    return last_try || db.status().code() == Code::kCorrupt;
  }
  job->db = *std::move(db);
  const std::pair<sqlite::Statement*, std::string> wanted[] = {
      {&job->event, fmt::format("SELECT {} FROM event WHERE position=?1", kEventColumns)},
      {&job->next_event, "SELECT position FROM event WHERE position>=?1 ORDER BY position LIMIT 1"},
      {&job->known, "SELECT key,id,digest,position,at_s FROM known WHERE key>=?1 AND key<=?2"}};
  for (const auto& [statement, sql] : wanted) {
    auto prepared = job->db.Prepare(sql);
    if (prepared.ok()) {
      *statement = *std::move(prepared);
      continue;
    }
    log::Error("journal", "{}: {}", job->row.file, prepared.status().message());
    if (!last_try && prepared.status().code() != Code::kCorrupt) return false;
  }
  job->tries = kTries;
  return true;
}

Status TakeOver::Save(Job* job) {
  const TakeOverRow& row = job->row;
  save_.Bind(1, row.number).Bind(2, row.last).Bind(3, row.step).Bind(4, row.position);
  save_.Bind(5, row.missing_from).Bind(6, row.taken).Bind(7, row.lost);
  save_.BindBlob(8, row.cursor_1).BindBlob(9, row.cursor_2);
  TRY(save_.Run());
  for (Run& run : job->runs) {
    if (!run.changed) continue;
    save_run_.Bind(1, row.number).Bind(2, run.first).Bind(3, run.last);
    TRY(save_run_.Bind(4, run.position).Run());
    run.changed = false;
  }
  return Status::Ok();
}

const TakeOver::Run* TakeOver::RunOf(const Job& job, uint64_t old_position) const {
  auto run = std::upper_bound(job.runs.begin(), job.runs.end(), old_position,
                              [](uint64_t at, const Run& r) { return at < r.first; });
  if (run == job.runs.begin() || (run - 1)->last < old_position) return nullptr;
  return &*(run - 1);
}

// Whose stream a position of that file belonged to; nothing: it had been delivered.
TakeOver::Job* TakeOver::JobOf(const std::string& file, uint64_t old_position) {
  for (Job& job : jobs_) {
    const bool below_end = job.row.youngest || old_position <= job.row.last;
    if (job.row.file == file && old_position >= job.row.first && below_end) return &job;
  }
  return nullptr;
}

// Who brings what `older` had brought into a younger file, at this position of it; null: it had
// been delivered there, or there is no younger one.
TakeOver::Job* TakeOver::NextOwner(const Job& older, uint64_t position) {
  const std::string* file = nullptr;
  for (Job& job : jobs_) {
    if (job.row.number <= older.row.number || job.row.file == older.row.file) continue;
    if (file == nullptr) file = &job.row.file;
    if (job.row.file != *file) break;
    const bool below_end = job.row.youngest || position <= job.row.last;
    if (position >= job.row.first && below_end) return &job;
  }
  return nullptr;
}

// The one whose turn it is; the older streams of a file are done before its youngest, and the
// events of all files before anything else: lists say of an event what it does not say itself.
TakeOver::Job* TakeOver::Current() {
  for (Job& job : jobs_) {
    if (job.row.step == kEvents) return &job;
  }
  for (Job& job : jobs_) {
    if (job.row.step != kDone) return &job;
  }
  return nullptr;
}

void TakeOver::AddRun(Job* job, uint64_t old_position, uint64_t position) {
  const auto behind = std::upper_bound(job->runs.begin(), job->runs.end(), old_position,
                                       [](uint64_t at, const Run& r) { return at < r.first; });
  if (behind != job->runs.begin()) {
    Run& before = *(behind - 1);
    if (before.last + 1 == old_position && before.PositionOf(old_position) == position) {
      before.last = old_position;
      before.changed = true;
      return;
    }
  }
  job->runs.insert(behind, {old_position, old_position, position, true});
}

bool TakeOver::ListIsRead(const Job& job) {
  return job.row.step > kKnownBack && job.row.step != kDelivered;
}

// The event at `position` as the old database gives it; nothing if it does not. `*changed`: it
// gives one, and not as it was written.
std::optional<Row> TakeOver::ReadEvent(Job* job, uint64_t position, bool* changed) {
  sqlite::Statement& select = job->event;
  if (!select.prepared()) return std::nullopt;
  auto found = select.Bind(1, position).Step();
  if (!found.ok() || !*found) return std::nullopt;
  Row row;
  const bool sound = ReadEventRow(select, &row);
  select.Reset();
  if (changed != nullptr) *changed = !sound;
  return sound ? std::optional<Row>(std::move(row)) : std::nullopt;
}

std::vector<Row> TakeOver::RowsAt(Job* job, uint64_t position) {
  bool changed = false;
  if (auto row = ReadEvent(job, position, &changed)) return {*std::move(row)};
  return job->raw != nullptr && !changed ? job->raw->At(position) : std::vector<Row>();
}

// What is known of an event, from the event itself: what the register called it, and behind that
// what it takes back. Nothing for one of the journal's own.
std::vector<KnownRow> KnownOf(const Row& row, uint64_t position) {
  const auto document = event::ReadStoredDocument(row.kind, row.time, row.data);
  std::vector<KnownRow> all;
  if (!document) return all;
  KnownRow& known = all.emplace_back();
  known.key = document->key;
  known.id = row.id;
  known.digest = BytesOf(document->digest).substr(0, kContentDigestBytes);
  known.position = position;
  if (document->time_trusted) known.at_s = document->at_s;
  if (!document->taking_back_key.empty()) {
    KnownRow note = known;
    note.key = document->taking_back_key;
    all.push_back(std::move(note));
  }
  return all;
}

// True: it is in the new journal now. What the old database does not give is looked for in its
// pages, once they have been searched.
Result<bool> TakeOver::TakeEvent(Job* job, uint64_t position) {
  const std::vector<Row> rows = RowsAt(job, position);
  uint64_t into = 0;
  for (const Row& row : rows) {
    auto moved = TakeRow(row, 0);
    if (!moved.ok()) return std::move(moved).status();
    if (*moved > 0) into = *moved;
  }
  if (rows.empty() || position >= ForeignFrom(job)) return false;
  if (into > 0) AddRun(job, position, into);
  return true;
}

// Its new position; 0: a register has told it again meanwhile, and it stands in the new journal
// already (nobody knew it any more, or its commit had failed then). `own`: where it stood itself.
Result<uint64_t> TakeOver::TakeRow(const Row& row, uint64_t own) {
  auto known = KnownOf(row, own);
  auto at = known.empty() ? target_->PositionOf(row.id) : target_->KnownAt(known[0].key, row.id);
  if (!at.ok() || (*at != 0 && *at != own)) return at.ok() ? uint64_t{0} : std::move(at);
  // Told again under settings that name it otherwise.
  if (!known.empty() && own == 0) {
    auto positions = target_->ToldAs(known[0]);
    if (!positions.ok()) return std::move(positions).status();
    for (const uint64_t position : *positions) {
      auto brought = Brought(position);
      if (!brought.ok()) return std::move(brought).status();
      if (!*brought) return uint64_t{0};
    }
  }
  auto moved = target_->AppendOld(row);
  if (!moved.ok()) return moved;
  for (KnownRow& name : known) {
    name.position = *moved;
    TRY(target_->AddKnown(name));
  }
  return moved;
}

// The lowest position from `position` on at which there is a sound event, or 0. Behind the numbers
// that are known to have been given, a damaged row says nothing about how many there were.
uint64_t TakeOver::NextEvent(Job* job, uint64_t position) {
  const auto kept = NextKept(job, position);
  if (kept && *kept > 0 && !RowsAt(job, *kept).empty()) return *kept;
  return job->raw != nullptr ? job->raw->Next(position) : 0;
}

// The hole that is being passed ends before `behind`: its numbers are declared.
Status TakeOver::EndHole(Job* job, uint64_t behind, bool open) {
  TakeOverRow& row = job->row;
  if (row.missing_from == 0 && !open) return Status::Ok();
  wire::Lost loss;
  loss.stream = row.stream;
  loss.range.first = (row.missing_from == 0 ? behind : row.missing_from) - row.base;
  loss.range.last = behind - 1 - row.base;  // no hole: only what may come behind is unknown
  loss.reason = "damaged";
  loss.compared = false;
  loss.open = open;
  row.missing_from = 0;
  if (row.stream.empty()) {
    log::Error("journal", "events are missing in {} whose stream nobody knows", row.file);
    return Status::Ok();
  }
  return target_->DeclareGone(loss);
}

// True: the pages have to be searched further before one can say that an event is gone.
Result<bool> TakeOver::SearchPages(Job* job) {
  if (job->raw == nullptr) {
    const std::string path = folder_ + "/" + job->row.file;
    job->raw =
        std::make_unique<RawRows>(path, path + "-wal", job->row.youngest ? 1 : job->row.first);
  }
  return job->raw->scanned() ? Result<bool>(false) : job->raw->Scan(kScanBytes);
}

Status TakeOver::StepEvents(Job* job) {
  TakeOverRow& row = job->row;
  for (int i = 0; i < kRowsPerStep; ++i) {
    if (row.position > row.last) {
      if (!row.youngest) return EndOfEvents(job);
      const uint64_t next = NextEvent(job, row.position);
      if (next == 0) return EndOfEvents(job);
      row.last = next;
    }
    if (const Run* run = RunOf(*job, row.position)) {
      const uint64_t behind = run->last + 1;
      TRY(EndHole(job, row.position, false));
      row.position = behind;
      continue;
    }
    auto taken = TakeEvent(job, row.position);
    if (taken.ok() && !*taken) {
      auto more = SearchPages(job);
      if (!more.ok() || *more) return more.ok() ? Status::Ok() : std::move(more).status();
      taken = TakeEvent(job, row.position);
    }
    if (!taken.ok()) return std::move(taken).status();
    if (*taken) {
      TRY(EndHole(job, row.position, false));
      ++row.taken;
    } else {
      if (row.missing_from == 0) row.missing_from = row.position;
      ++row.lost;
    }
    ++row.position;
  }
  return Status::Ok();
}

Status TakeOver::EndOfEvents(Job* job) {
  TakeOverRow& row = job->row;
  // Where events may have been given that nobody knows of, the pages are searched for them.
  if (row.youngest && (row.open || row.stream.empty())) {
    auto more = SearchPages(job);
    if (!more.ok() || *more) return more.ok() ? Status::Ok() : std::move(more).status();
    if (NextEvent(job, row.position) > 0) return Status::Ok();
  }
  TRY(EndHole(job, row.last + 1, row.open));
  row.step = row.youngest ? kKnown : kDone;
  return Status::Ok();
}

// An event that had been delivered: its id is known, and what head office has not confirmed goes
// out again. `row` has its old position.
Status TakeOver::TakeDelivered(const Row& row, bool confirmed) {
  auto known = KnownOf(row, row.position);
  for (const KnownRow& name : known) TRY(target_->AddKnown(name));
  auto moved = confirmed ? Result<uint64_t>(0) : TakeRow(row, row.position);
  if (!moved.ok() || *moved == 0) return std::move(moved).status();
  for (KnownRow& name : known) {
    name.position = *moved;
    TRY(target_->MoveKnown(name));
  }
  return Status::Ok();
}

// The lowest position from `position` on at which there is an event, sound or not; 0: none.
std::optional<uint64_t> TakeOver::NextKept(Job* job, uint64_t position) {
  const uint64_t by_pages = job->raw != nullptr ? job->raw->Next(position) : 0;
  if (!job->next_event.prepared()) return by_pages;
  auto found = job->next_event.Bind(1, position).Step();
  if (!found.ok()) return by_pages > 0 ? std::optional(by_pages) : std::nullopt;
  const uint64_t by_database = *found ? job->next_event.Unsigned(0) : 0;
  job->next_event.Reset();
  return by_pages == 0 || by_database == 0 ? std::max(by_pages, by_database)
                                           : std::min(by_pages, by_database);
}

// Where only the broker's word stands behind an event, nothing is left out that can be found.
Status TakeOver::StepDelivered(Job* job) {
  TakeOverRow& row = job->row;
  auto streams = ReadStreams(db_);
  if (!streams.ok()) return std::move(streams).status();
  if (!job->next_event.prepared() || std::any_of(streams->begin(), streams->end(), OnlyBrokerHas)) {
    auto more = SearchPages(job);
    if (!more.ok() || *more) return std::move(more).status();
  }
  uint64_t position = row.cursor_1.empty() ? 1 : std::stoull(row.cursor_1);
  for (int i = 0; i < kRowsPerStep && position < row.first; ++i, ++position) {
    const auto next = NextKept(job, position);
    if (!next) continue;  // a page that cannot be read
    position = *next == 0 ? row.first : *next;
    if (position >= row.first || JobOf(row.file, position) != nullptr) continue;
    const StreamRow* stream = StreamAt(*streams, position);
    const bool confirmed =
        stream == nullptr || position - stream->base <= stream->confirmed_through;
    for (const Row& event : RowsAt(job, position)) {
      if (position < ForeignFrom(job)) {
        TRY(TakeDelivered(event, confirmed));
      } else if (auto moved = TakeRow(event, 0); !moved.ok()) {
        return std::move(moved).status();
      }
    }
  }
  row.cursor_1 = std::to_string(position);
  if (position < row.first) return Status::Ok();
  row.cursor_1.clear();
  row.step = kFiles;
  return Status::Ok();
}

// Where the event of that id stood in the job's file it may be brought now.
Status TakeOver::BringNow(Job* job, const KnownRow& known) {
  if (job->row.step != kEvents || !OpenSource(job)) return Status::Ok();
  auto row = ReadEvent(job, known.position);
  if (!row || row->id != known.id) return Status::Ok();
  auto taken = TakeEvent(job, known.position);
  if (!taken.ok()) return std::move(taken).status();
  return Save(job);
}

// An id whose event is gone, or another one than the id says, is forgotten. The event may have gone
// into a file that is itself being taken over: then that one's job says where it stands.
Status TakeOver::TakeKnown(const std::string& file, KnownRow known, bool on_demand) {
  Job* job = JobOf(file, known.position);
  if (job == nullptr) {
    Job* source = YoungestOf(file);
    const bool foreign = source != nullptr && known.position >= ForeignFrom(source);
    return foreign ? Status::Ok() : target_->AddKnown(known);
  }
  for (;;) {
    if (on_demand && RunOf(*job, known.position) == nullptr) TRY(BringNow(job, known));
    const Run* run = RunOf(*job, known.position);
    if (run == nullptr) return Status::Ok();
    known.position = run->PositionOf(known.position);
    auto id = target_->IdAt(known.position);
    if (!id.ok() && id.status().code() != Code::kNotFound) return std::move(id).status();
    if (id.ok() && *id == known.id) return target_->AddKnown(known);
    job = NextOwner(*job, known.position);
    if (job == nullptr) return id.ok() ? Status::Ok() : target_->AddKnown(known);  // sent, deleted
  }
}

Status TakeOver::TakeSideRow(Job* job, const sqlite::Statement& row) {
  const int step = job->row.step;
  if (step <= kKnownBack) return TakeKnown(job->row.file, KnownFrom(row), false);
  sqlite::Statement& insert = step <= kFilesBack ? insert_file_ : insert_audit_;
  for (int i = 0; i < row.columns(); ++i) row.CopyTo(i, &insert, i + 1);
  return insert.Run();
}

// One piece of a side table.
Status TakeOver::StepTable(Job* job) {
  TakeOverRow& row = job->row;
  const bool back = Backwards(row.step);
  std::string& cursor = back ? row.cursor_2 : row.cursor_1;
  auto select = job->db.open() ? job->db.Prepare(PieceOf(row.step, !cursor.empty(), kRowsPerStep))
                               : Result<sqlite::Statement>(Corrupt("not open"));
  int rows = 0;
  bool damaged = !select.ok(), met = false;
  if (!damaged && !cursor.empty()) BindCursor(row.step, cursor, &*select);
  while (!damaged && !met) {
    auto found = select->Step();
    damaged = !found.ok();
    if (damaged || !*found) break;
    const std::string at = CursorOf(row.step, *select);
    met = back && at == row.cursor_1;  // the front has come this far
    if (met) break;
    Status taken = TakeSideRow(job, *select);
    if (!taken.ok() && taken.code() != Code::kConflict) return taken;  // conflict: its own values
    cursor = at;
    ++rows;
  }
  if (!damaged && !met && rows == kRowsPerStep) return Status::Ok();
  if (damaged) {
    log::Error("journal", "table {} of {} can be read only in part", SideTableOf(row.step),
               row.file);
  }
  const bool turn = damaged && !back;
  row.step += turn || back ? 1 : 2;
  if (row.step == kFiles) row.step = kDelivered;
  if (!turn) row.cursor_1.clear();
  row.cursor_2.clear();
  return Status::Ok();
}

Result<bool> TakeOver::Step() {
  Job* job = Current();
  if (job == nullptr) return false;
  changed_ = true;
  if (!OpenSource(job)) return true;
  switch (job->row.step) {
    case kEvents:
      TRY(StepEvents(job));
      break;
    case kDelivered:
      TRY(StepDelivered(job));
      break;
    default:
      TRY(StepTable(job));
  }
  if (job->row.step != kDone || !job->row.youngest) {
    TRY(Save(job));
    return true;
  }
  // The whole file is done; which of its events went where is of no more use.
  finished_ = job->row.file;
  for (const Job& done : jobs_) {
    if (done.row.file != finished_) continue;
    TRY(forget_.Bind(1, done.row.number).Run());
    TRY(forget_runs_.Bind(1, done.row.number).Run());
  }
  return job != &jobs_.back();
}

void TakeOver::Committed() {
  if (!std::exchange(changed_, false)) return;
  if (const std::string file = std::exchange(finished_, {}); !file.empty()) {
    TakeOverRow& all = finished_rows_.emplace_back();
    all.file = file;
    for (const Job& job : jobs_) {
      if (job.row.file != file) continue;
      all.taken += job.row.taken;
      all.lost += job.row.lost;
    }
    std::erase_if(jobs_, [&](const Job& job) { return job.row.file == file; });
  }
  for (Job& job : jobs_) job.committed = job.row;
}

Status TakeOver::RolledBack() {
  if (!std::exchange(changed_, false)) return Status::Ok();
  finished_.clear();
  for (Job& job : jobs_) {
    job.row = job.committed;
    TRY(LoadRuns(&job));
  }
  return Status::Ok();
}

}  // namespace tillrelay::journal
