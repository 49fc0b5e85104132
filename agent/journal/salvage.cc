#include "agent/journal/salvage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "agent/journal/paths.h"
#include "agent/journal/schema.h"
#include "agent/journal/seal.h"
#include "common/base/log.h"
#include "common/event/time_text.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kProbe = 10'000;  // absent positions in a row that mean the end

// Tables that go over as they are; `known` and `event` need their positions changed.
constexpr const char* kSideTables[] = {"quarantine", "file",       "book",   "audit",
                                       "day_mark",   "chain_mark", "opening"};

std::string MoveAside(const std::string& path, WallTime now) {
  std::string stamp = event::UtcText(now);
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-' || c == '.'; });
  const std::string to = path + ".damaged-" + stamp;
  for (const char* end : {"", "-wal"}) {
    std::rename((path + end).c_str(), (to + end).c_str());
  }
  std::remove((path + "-shm").c_str());  // an index over the log, made again when it is opened
  return to;
}

class Salvage {
 public:
  Salvage(sqlite::Database* from, sqlite::Database* to, Salvaged* told)
      : from_(*from), to_(*to), told_(*told) {}

  // What is known of the old streams; none if that cannot be read.
  std::vector<StreamRow> OldStreams() {
    auto streams = ReadStreams(&from_);
    if (streams.ok()) return *std::move(streams);
    log::Error("journal", "the streams of the damaged journal: {}", streams.status().message());
    return {};
  }

  // Rows behind `position`, in their order; what is missing between them is listed.
  Status Rows(uint64_t position, uint64_t end, uint64_t into) {
    auto select = from_.Prepare(
        "SELECT id,kind,subject,time,recorded_at,data,data_sha256,seal FROM event "
        "WHERE position=?1");
    auto insert = to_.Prepare("INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)");
    if (!insert.ok()) return std::move(insert).status();
    uint64_t absent = 0;
    for (; end > 0 ? position <= end : absent < kProbe; ++position) {
      Row row;
      row.position = position;
      if (!select.ok() || !ReadOne(&*select, &row)) {
        ++absent;
        if (end > 0) missing_.push_back(position);
        continue;
      }
      absent = 0;
      moved_[position] = into;
      TRY(Write(&*insert, row, into++));
      ++told_.rows;
    }
    return Status::Ok();
  }

  Status Known() {
    auto insert = to_.Prepare("INSERT OR IGNORE INTO known VALUES(?1,?2,?3,?4,?5)");
    if (!insert.ok()) return std::move(insert).status();
    return FromBothEnds("known", "key,id", [&](sqlite::Statement& row) {
      const uint64_t position = row.Unsigned(3);
      // A row that is gone must not make the register's second telling a duplicate.
      if (std::binary_search(missing_.begin(), missing_.end(), position)) return Status::Ok();
      const auto moved = moved_.find(position);
      insert->BindText(1, row.Text(0)).BindBlob(2, row.Blob(1)).BindBlob(3, row.Blob(2));
      insert->Bind(4, moved == moved_.end() ? position : moved->second);
      if (row.IsNull(4)) {
        insert->BindNull(5);
      } else {
        insert->Bind(5, row.Int(4));
      }
      return insert->Run();
    });
  }

  Status Side(const std::string& table) {
    auto columns = to_.QueryInt("SELECT count(*) FROM pragma_table_info('" + table + "')");
    if (!columns.ok()) return std::move(columns).status();
    std::string holes = "?1";
    for (int64_t i = 2; i <= *columns; ++i) holes += ",?" + std::to_string(i);
    auto insert = to_.Prepare("INSERT OR IGNORE INTO " + table + " VALUES(" + holes + ")");
    if (!insert.ok()) return std::move(insert).status();
    return FromBothEnds(table, "1", [&](sqlite::Statement& row) {
      for (int i = 0; i < *columns; ++i) row.CopyTo(i, &*insert, i + 1);
      return insert->Run();
    });
  }

  const std::vector<uint64_t>& missing() const { return missing_; }

 private:
  static bool ReadOne(sqlite::Statement* select, Row* row) {
    auto found = select->Bind(1, row->position).Step();
    if (!found.ok() || !*found) return false;
    row->kind = select->Text(1);
    row->subject = select->Text(2);
    row->time = select->Text(3);
    row->recorded_at = WallTime(std::chrono::microseconds(select->Int(4)));
    row->data = select->Text(5);
    Seal seal{};
    const bool whole = select->CopyBlob(0, &row->id) && select->CopyBlob(6, &row->data_digest) &&
                       select->CopyBlob(7, &seal);
    select->Reset();
    const Seal expected = SealOf({row->position, row->id, Micros(row->recorded_at),
                                  row->data_digest, row->kind, row->subject, row->time});
    return whole && seal == expected && Sha256(row->data) == row->data_digest;
  }

  static Status Write(sqlite::Statement* insert, const Row& row, uint64_t position) {
    const Seal seal = SealOf({position, row.id, Micros(row.recorded_at), row.data_digest, row.kind,
                              row.subject, row.time});
    insert->Bind(1, position).BindBlob(2, BytesOf(row.id)).BindText(3, row.kind);
    insert->BindText(4, row.subject).BindText(5, row.time).Bind(6, Micros(row.recorded_at));
    insert->BindText(7, row.data).BindBlob(8, BytesOf(row.data_digest));
    return insert->BindBlob(9, BytesOf(seal)).Run();
  }

  // Up to the damage from the front, then up to it from the back.
  template <class F>
  Status FromBothEnds(const std::string& table, const std::string& order, F&& take) {
    for (const char* direction : {"", " DESC"}) {
      std::string by = order;
      if (const size_t comma = by.find(','); comma != std::string::npos) {
        by.insert(comma, direction);
      }
      auto select = from_.Prepare("SELECT * FROM " + table + " ORDER BY " + by + direction);
      if (!select.ok()) continue;
      for (;;) {
        auto row = select->Step();
        if (!row.ok()) break;
        if (!*row) return Status::Ok();
        if (Status taken = take(*select); taken.ok()) {
          ++told_.side_rows;
        } else if (taken.code() == Code::kFull || taken.code() == Code::kUnavailable) {
          return taken;
        }
      }
      log::Error("journal", "table {} of the damaged journal can be read only in part", table);
    }
    return Status::Ok();
  }

  sqlite::Database& from_;
  sqlite::Database& to_;
  Salvaged& told_;
  std::map<uint64_t, uint64_t> moved_;  // old position -> new
  std::vector<uint64_t> missing_;       // ascending
};

}  // namespace

// In one transaction: either the new file holds all of it, or it is empty.
Status JournalStore::TakeOver(sqlite::Database* damaged, Salvaged* told) {
  sqlite::Transaction transaction(&db_);
  TRY(transaction.Begin());
  Salvage salvage(damaged, &db_, told);
  const std::vector<StreamRow> old = salvage.OldStreams();
  StreamRow end = committed_;
  if (!old.empty()) {
    end = old.back();
    TRY(db_.Exec("DELETE FROM stream"));
    for (StreamRow row : old) {
      row.current = row.number == end.number;
      // What was confirmed stays where it was; the rest goes on under other numbers.
      row.head = row.confirmed_through;
      row.head_chain = row.confirmed_chain;
      if (row.head > 0) TRY(SaveMark(row.stream, row.head, row.head_chain));
      TRY(SaveStream(row));
    }
  }
  const uint64_t from = end.base + end.confirmed_through + 1;
  const uint64_t last = old.empty() ? 0 : end.base + end.head;
  TRY(salvage.Rows(from, last, from));
  TRY(salvage.Known());
  for (const char* table : kSideTables) TRY(salvage.Side(table));
  TRY(DropMarksFrom(&db_, from));
  TRY(TakeOverObservedTime(damaged, &db_));
  TRY(transaction.Commit());
  TRY(ages_.Open(&db_, options_.age_mark_every));
  TRY(LoadStreams());
  committed_.head += told->rows;  // for the fork that moves them
  streams_.back() = pending_ = committed_;
  told->lost = salvage.missing().size();
  for (const uint64_t position : salvage.missing()) {
    const uint64_t number = position - end.base;
    const bool follows = !lost_.empty() && lost_.back().last + 1 == number;
    if (follows) {
      lost_.back().last = number;
    } else {
      lost_.push_back({end.stream, number, number, {}, "damaged", false});
    }
  }
  return Status::Ok();
}

Result<std::unique_ptr<JournalStore>> OpenOrSalvage(const StoreOptions& options, WallTime now,
                                                    Random* random, Salvaged* salvaged,
                                                    bool known_damaged) {
  if (!known_damaged) {
    auto store = JournalStore::Open(options, now, random);
    if (store.ok() || store.status().code() != Code::kCorrupt) return store;
    log::Error("journal", "{}", store.status().message());
  }
  salvaged->moved_to = MoveAside(options.path, now);
  auto store = JournalStore::Open(options, now, random);
  if (!store.ok()) return store;
  auto damaged = sqlite::Database::Open(salvaged->moved_to,
                                        {.read_only = false, .create = false, .vfs = options.vfs});
  if (!damaged.ok()) return store;  // nothing of it can be read
  TRY((*store)->TakeOver(&*damaged, salvaged));
  TRY((*store)->FinishTakeOver(now, random));
  log::Error("journal", "salvaged {} unconfirmed events, {} are lost; the damaged file is {}",
             salvaged->rows, salvaged->lost, salvaged->moved_to);
  return store;
}

Status JournalStore::FinishTakeOver(WallTime now, Random* random) {
  const uint64_t from = committed_.base + committed_.confirmed_through + 1;
  TRY(Fork(from, "the journal was damaged", now, random));
  if (lost_.empty()) return Status::Ok();
  TRY(Begin());
  for (const LossRow& loss : std::exchange(lost_, {})) {
    if (Status s = DeclareLoss(loss, now); !s.ok()) {
      Rollback();
      return s;
    }
  }
  return Commit();
}

}  // namespace tillrelay::journal
