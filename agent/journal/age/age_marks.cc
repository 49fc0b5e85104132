#include "agent/journal/age/age_marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "agent/journal/repair/witness.h"
#include "common/base/digest.h"
#include "common/base/log.h"

namespace tillrelay::journal {
namespace {

// Keys of `day_mark`: a kind and a stamp of 16 digits.
constexpr std::string_view kSeen = "seen/", kAudit = "audit/", kClock = "clock/";
constexpr size_t kSealDigits = 16;
constexpr SeenMs kPageMarkEvery = 24 * 3600 * 1000;
// What `day_mark` held before: days of the wall clock, by which no age can be told.
constexpr const char* kDropDays = "DELETE FROM day_mark WHERE day<'a'";

std::string Key(std::string_view kind, SeenMs stamp) {
  return fmt::format("{}{:016}", kind, std::max<SeenMs>(stamp, 0));
}

SeenMs StampOf(std::string_view key, std::string_view kind) {
  SeenMs stamp = 0;
  key.remove_prefix(std::min(kind.size(), key.size()));
  std::from_chars(key.data(), key.data() + key.size(), stamp);
  return stamp;
}

Result<std::vector<ObservedTime::Run>> ReadRuns(sqlite::Database* db) {
  std::vector<ObservedTime::Run> runs;
  auto rows = db->Prepare(
      "SELECT day,position FROM day_mark WHERE day>='clock/' AND day<'clock0' ORDER BY day");
  if (!rows.ok()) return std::move(rows).status();
  for (;;) {
    auto row = rows->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return runs;
    runs.push_back(
        {StampOf(rows->Text(0), kClock), WallTime(std::chrono::microseconds(rows->Int(1)))});
  }
}

// "boot instant wall seal": the agreement with head office's clock.
std::string TrustText(const std::string& boot, const ClockTrust::Agreed& agreed) {
  std::string text =
      fmt::format("{} {} {} ", boot, agreed.at.time_since_epoch().count(), Micros(agreed.wall));
  return text + ToHex(BytesOf(Sha256(text))).substr(0, kSealDigits);
}

// Nothing where it is not there, or not whole.
Result<std::optional<ObservedTime>> ReadTime(sqlite::Database* db) {
  auto text = db->QueryText("SELECT value FROM meta WHERE key='observed_time'");
  if (!text.ok()) {
    if (text.status().code() == Code::kNotFound) return std::optional<ObservedTime>();
    return std::move(text).status();
  }
  auto time = ObservedTime::Read(*text);
  if (!time) log::Warning("journal", "the observed time cannot be read: it goes on from its marks");
  return time;
}

Status DropMarksBehind(sqlite::Database* db, SeenMs now) {
  auto drop = db->Prepare("DELETE FROM day_mark WHERE day>?1 AND day<?2");
  if (!drop.ok()) return std::move(drop).status();
  for (const std::string_view kind : {kSeen, kAudit, kClock}) {
    const std::string end = std::string(kind.substr(0, kind.size() - 1)) + "0";
    TRY(drop->BindText(1, Key(kind, now)).BindText(2, end).Run());
  }
  return Status::Ok();
}

}  // namespace

Status AgeMarks::Open(sqlite::Database* db, Duration mark_every) {
  *this = AgeMarks();
  db_ = db;
  mark_every_ = mark_every;
  TRY(db->PrepareAll({
      {&save_time_, "INSERT OR REPLACE INTO meta VALUES('observed_time',?1)"},
      {&save_mark_, "INSERT OR REPLACE INTO day_mark VALUES(?1,?2)"},
      {&find_mark_,
       "SELECT day,position FROM day_mark WHERE day>=?1 AND day<=?2 ORDER BY day DESC LIMIT 1"},
      {&newest_audit_, "SELECT coalesce(max(number),0) FROM audit"},
      {&mark_page_,
       "INSERT INTO day_mark VALUES('page/'||?1,?2) ON CONFLICT(day) DO UPDATE SET "
       "position=excluded.position WHERE abs(excluded.position-day_mark.position)>?3"},
      {&drop_, "DELETE FROM day_mark WHERE day>=?1 AND day<?2"},
  }));
  auto saved = ReadTime(db);
  if (!saved.ok()) return std::move(saved).status();
  // Marks go with the time that names them. Those behind it are of another file's time (a salvage
  // took them over) and would make what comes now look old.
  if (*saved) {
    time_ = **std::move(saved);
    TRY(DropMarksBehind(db, time_.now()));
  }
  auto runs = ReadRuns(db);
  if (!runs.ok()) return std::move(runs).status();
  SeenMs highest = 0;
  if (auto row = find_mark_.BindText(1, kSeen).BindText(2, "seen0").Step(); !row.ok()) {
    return std::move(row).status();
  } else if (*row) {
    any_mark_ = true;
    highest = marked_at_ = StampOf(find_mark_.Text(0), kSeen);
    marked_ = find_mark_.Unsigned(1);
  }
  find_mark_.Reset();
  if (!runs->empty()) runs_saved_to_ = runs->back().from;
  time_.Restore(*std::move(runs), highest);
  return Status::Ok();
}

Status AgeMarks::Observe(Instant tick, WallTime wall, uint64_t newest, bool save) {
  unsaved_ = time_.Observe(tick, wall) || unsaved_;
  const bool due = unsaved_ || !saved_at_ || tick - *saved_at_ >= kSaveEvery;
  if (!save || !due) return Status::Ok();
  TRY(Save(newest));
  saved_at_ = tick;
  return Status::Ok();
}

Status AgeMarks::Save(uint64_t newest) {
  const bool due = !any_mark_ || std::chrono::milliseconds(time_.now() - marked_at_) >= mark_every_;
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  if (!any_mark_) TRY(db_->Exec(kDropDays));
  TRY(save_time_.BindText(1, time_.Text()).Run());
  TRY(SaveRuns());
  auto audit = NewestAudit();
  if (!audit.ok()) return std::move(audit).status();
  if (due) TRY(Mark(newest, *audit));
  TRY(transaction.Commit());
  unsaved_ = false;
  if (!time_.runs().empty()) runs_saved_to_ = time_.runs().back().from;
  if (!due) return Status::Ok();
  any_mark_ = true;
  marked_at_ = time_.now();
  marked_ = newest;
  marked_audit_ = *audit;
  return Status::Ok();
}

Status AgeMarks::SaveTrust(const std::optional<ClockTrust::Agreed>& agreed) {
  auto save = db_->Prepare(agreed ? "INSERT OR REPLACE INTO meta VALUES('clock_agreed',?1)"
                                  : "DELETE FROM meta WHERE key='clock_agreed'");
  if (!save.ok()) return std::move(save).status();
  const std::string text = agreed ? TrustText(BootId(), *agreed) : "";
  if (agreed) save->BindText(1, text);
  return save->Run();
}

std::optional<ClockTrust::Agreed> AgeMarks::Trust(const Clock& clock) const {
  auto text = db_->QueryText("SELECT value FROM meta WHERE key='clock_agreed'");
  if (!text.ok()) return std::nullopt;
  std::istringstream parts(*text);
  std::string boot;
  int64_t at = 0, wall = 0;
  if (!(parts >> boot >> at >> wall)) return std::nullopt;
  ClockTrust::Agreed agreed{Instant(Duration(at)), WallTime(std::chrono::microseconds(wall))};
  if (TrustText(boot, agreed) != *text) return std::nullopt;
  if (!boot.empty() && boot == BootId()) return agreed;
  const WallTime now = clock.Wall();
  if (now < agreed.wall || now < time_.LastShown() - ClockTrust::kAgreement) return std::nullopt;
  agreed.at = clock.Now() - std::chrono::duration_cast<Duration>(now - agreed.wall);
  return agreed;
}

Status AgeMarks::SaveRuns() {
  bool any = false;
  for (const ObservedTime::Run& run : time_.runs()) {
    if (run.from <= runs_saved_to_) continue;
    TRY(save_mark_.BindText(1, Key(kClock, run.from)).Bind(2, Micros(run.wall)).Run());
    any = true;
  }
  if (!any) return Status::Ok();
  return drop_.BindText(1, kClock).BindText(2, Key(kClock, time_.runs().front().from)).Run();
}

// Where nothing has come since the last mark, that one already says as much, of an earlier time.
Status AgeMarks::Mark(uint64_t newest, uint64_t audit) {
  if (!any_mark_ || newest != marked_) {
    TRY(save_mark_.BindText(1, Key(kSeen, time_.now())).Bind(2, newest).Run());
  }
  if (audit == marked_audit_) return Status::Ok();
  return save_mark_.BindText(1, Key(kAudit, time_.now())).Bind(2, audit).Run();
}

Result<uint64_t> AgeMarks::NewestAudit() {
  auto row = newest_audit_.Step();
  if (!row.ok()) return std::move(row).status();
  const uint64_t newest = newest_audit_.Unsigned(0);
  newest_audit_.Reset();
  return newest;
}

Status AgeMarks::Drop(Duration longest) {
  const SeenMs cutoff = time_.Cutoff(longest);
  if (cutoff < 0) return Status::Ok();
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  for (const std::string_view kind : {kSeen, kAudit}) {
    auto row = find_mark_.BindText(1, kind).BindText(2, Key(kind, cutoff)).Step();
    if (!row.ok()) return std::move(row).status();
    const std::string last(*row ? find_mark_.Text(0) : kind);
    find_mark_.Reset();
    TRY(drop_.BindText(1, kind).BindText(2, last).Run());
  }
  return transaction.Commit();
}

Result<uint64_t> AgeMarks::MarkAt(std::string_view kind, Duration keep) {
  const SeenMs cutoff = time_.Cutoff(keep);
  if (cutoff < 0) return uint64_t{0};
  auto row = find_mark_.BindText(1, kind).BindText(2, Key(kind, cutoff)).Step();
  if (!row.ok()) return std::move(row).status();
  const uint64_t found = *row ? find_mark_.Unsigned(1) : 0;
  find_mark_.Reset();
  return found;
}

Result<uint64_t> AgeMarks::PositionOf(Duration keep) { return MarkAt(kSeen, keep); }
Result<uint64_t> AgeMarks::AuditOf(Duration keep) { return MarkAt(kAudit, keep); }

Status AgeMarks::MarkPage(std::string_view key) {
  return mark_page_.BindText(1, key).Bind(2, time_.now()).Bind(3, kPageMarkEvery).Run();
}

Status DropMarksFrom(sqlite::Database* db, uint64_t from) {
  auto drop =
      db->Prepare("DELETE FROM day_mark WHERE day>='seen/' AND day<'seen0' AND position>=?1");
  if (!drop.ok()) return std::move(drop).status();
  return drop->Bind(1, from).Run();
}

}  // namespace tillrelay::journal
