#include "agent/journal/stream_tables.h"

#include <algorithm>

#include "agent/journal/schema.h"
#include "agent/journal/seal.h"
#include "common/event/kind.h"

namespace tillrelay::journal {
namespace {

// The last column of every statement below; a file without seals has none to select.
std::string WithSeal(const char* columns, SealCheck check) {
  return std::string("SELECT ") + columns + (check == SealCheck::kNone ? ",x''" : ",seal");
}

// True: the row is to be taken. Corrupt: it is damaged, and damage is not to be passed over.
Result<bool> Sound(const sqlite::Statement& row, const Seal& expected, bool complete,
                   SealCheck check, const std::string& what) {
  if (check == SealCheck::kNone && complete) return true;
  Seal seal{};
  if (complete && row.CopyBlob(row.columns() - 1, &seal) && seal == expected) return true;
  if (check == SealCheck::kSkip) return false;
  return Corrupt(what + " is damaged");
}

}  // namespace

Result<SealCheck> SealCheckOf(sqlite::Database* db) {
  auto version = db->QueryInt("PRAGMA user_version");
  if (!version.ok()) return std::move(version).status();
  return *version < kSealsSince ? SealCheck::kNone : SealCheck::kStrict;
}

Result<std::vector<StreamRow>> ReadStreamRows(sqlite::Database* db, const std::string& store_id,
                                              SealCheck check) {
  auto select = db->Prepare(WithSeal("stream,base,head,head_chain,confirmed_through,"
                                     "confirmed_chain,acked_through,current,number,first",
                                     check) +
                            " FROM stream ORDER BY number");
  if (!select.ok()) return std::move(select).status();
  std::vector<StreamRow> streams;
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return streams;
    StreamRow stream;
    stream.stream = select->Text(0);
    stream.base = select->Unsigned(1);
    stream.head = select->Unsigned(2);
    stream.confirmed_through = select->Unsigned(4);
    stream.acked_through = select->Unsigned(6);
    stream.current = select->Int(7) != 0;
    stream.number = select->Unsigned(8);
    stream.first = select->Unsigned(9);
    const bool complete =
        select->CopyBlob(3, &stream.head_chain) && select->CopyBlob(5, &stream.confirmed_chain);
    auto sound =
        Sound(*select, SealOfStream(store_id, stream), complete, check, "a row of table stream");
    if (!sound.ok()) return std::move(sound).status();
    if (*sound) streams.push_back(std::move(stream));
  }
}

Result<std::vector<StreamRow>> ReadStreams(sqlite::Database* db, SealCheck check) {
  std::string store_id;
  if (check != SealCheck::kNone) {
    auto store = db->QueryText("SELECT value FROM meta WHERE key='store_id'");
    if (!store.ok()) return std::move(store).status();
    store_id = *std::move(store);
  }
  auto streams = ReadStreamRows(db, store_id, check);
  if (!streams.ok()) return streams;
  // Rows that are kept only because they are owed do not count: the floor lies above them.
  auto lowest = db->QueryInt(
      "SELECT coalesce((SELECT position FROM event WHERE position NOT IN (SELECT position FROM "
      "owed) ORDER BY position LIMIT 1),0)");
  if (!lowest.ok()) return std::move(lowest).status();
  uint64_t floor = static_cast<uint64_t>(*lowest);
  if (floor == 0 && !streams->empty()) floor = streams->back().base + streams->back().head + 1;
  SetFloors(&*streams, floor);
  return streams;
}

Result<std::vector<StreamRow>> ReadStreams(sqlite::Database* db) {
  auto check = SealCheckOf(db);
  if (!check.ok()) return std::move(check).status();
  return ReadStreams(db, *check);
}

const char* const kSaveStream =
    "INSERT INTO stream(stream,base,head,head_chain,confirmed_through,confirmed_chain,"
    "acked_through,opened_at,reason,current,number,first,seal) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) ON CONFLICT(stream) DO UPDATE SET "
    "head=?3,head_chain=?4,confirmed_through=?5,confirmed_chain=?6,acked_through=?7,current=?10,"
    "seal=?13";
const char* const kSaveMark =
    "INSERT OR REPLACE INTO chain_mark(stream,sequence,chain,seal) VALUES(?1,?2,?3,?4)";
const char* const kSaveLoss =
    "INSERT OR IGNORE INTO loss(stream,first,last,chain,reason,compared,open,seal) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8)";
const char* const kSaveOpening =
    "INSERT OR IGNORE INTO opening(stream,id,subject,time,recorded_at,data,seal) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7)";

Status SaveStreamRow(const std::string& store_id, const StreamRow& row, WallTime opened_at,
                     const std::string& reason, sqlite::Statement* save) {
  const Seal seal = SealOfStream(store_id, row);
  save->BindText(1, row.stream).Bind(2, row.base).Bind(3, row.head);
  save->BindBlob(4, BytesOf(row.head_chain)).Bind(5, row.confirmed_through);
  save->BindBlob(6, BytesOf(row.confirmed_chain)).Bind(7, row.acked_through);
  save->Bind(8, Micros(opened_at)).BindText(9, reason).Bind(10, row.current ? 1 : 0);
  return save->Bind(11, row.number).Bind(12, row.first).BindBlob(13, BytesOf(seal)).Run();
}

Status SaveMarkRow(const ChainMark& mark, sqlite::Statement* save) {
  const Seal seal = SealOfMark(mark.stream, mark.sequence, mark.chain);
  save->BindText(1, mark.stream).Bind(2, mark.sequence).BindBlob(3, BytesOf(mark.chain));
  return save->BindBlob(4, BytesOf(seal)).Run();
}

Status SaveLossRow(const wire::Lost& loss, sqlite::Statement* save) {
  const Seal seal = SealOfLoss(loss);
  save->BindText(1, loss.stream).Bind(2, loss.range.first).Bind(3, loss.range.last);
  save->BindBlob(4, BytesOf(loss.chain)).BindText(5, loss.reason);
  save->Bind(6, loss.compared ? 1 : 0).Bind(7, loss.open ? 1 : 0);
  return save->BindBlob(8, BytesOf(seal)).Run();
}

Status SaveOpeningRow(const std::string& stream, const Row& opening, sqlite::Statement* save) {
  const Seal seal = SealOfOpening(stream, opening);
  save->BindText(1, stream).BindBlob(2, BytesOf(opening.id)).BindText(3, opening.subject);
  save->BindText(4, opening.time).Bind(5, Micros(opening.recorded_at)).BindText(6, opening.data);
  return save->BindBlob(7, BytesOf(seal)).Run();
}

void SetFloors(std::vector<StreamRow>* streams, uint64_t lowest) {
  for (StreamRow& row : *streams) {
    const uint64_t end = row.base + row.head + 1;  // the position behind the last one
    row.floor = lowest <= row.first ? 1 : std::min(lowest, end) - row.base;
  }
}

Status ForEachMark(sqlite::Database* db, SealCheck check,
                   const std::function<Status(const ChainMark&)>& take) {
  auto select = db->Prepare(WithSeal("stream,sequence,chain", check) + " FROM chain_mark");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    ChainMark mark{std::string(select->Text(0)), select->Unsigned(1), {}};
    const bool complete = select->CopyBlob(2, &mark.chain);
    auto sound = Sound(*select, SealOfMark(mark.stream, mark.sequence, mark.chain), complete, check,
                       "a chain mark");
    if (!sound.ok()) return std::move(sound).status();
    if (*sound) TRY(take(mark));
  }
}

Result<Row> ReadOpening(sqlite::Database* db, const StreamRow& stream, SealCheck check) {
  auto select = db->Prepare(WithSeal("id,subject,time,recorded_at,data", check) +
                            " FROM opening WHERE stream=?1");
  if (!select.ok()) return std::move(select).status();
  auto found = select->BindText(1, stream.stream).Step();
  if (!found.ok()) return std::move(found).status();
  if (!*found) return NotFound("the opening of stream " + stream.stream + " is missing");
  Row row;
  const bool complete = select->CopyBlob(0, &row.id);
  row.position = stream.base + 1;
  row.kind = event::KindWord(event::Kind::kStreamOpened);
  row.subject = select->Text(1);
  row.time = select->Text(2);
  row.recorded_at = WallTime(std::chrono::microseconds(select->Int(3)));
  row.data = select->Text(4);
  row.data_digest = Sha256(row.data);
  auto sound = Sound(*select, SealOfOpening(stream.stream, row), complete, check,
                     "the opening of stream " + stream.stream);
  if (!sound.ok()) return std::move(sound).status();
  if (!*sound) return NotFound("the opening of stream " + stream.stream + " is damaged");
  return row;
}

Result<std::vector<std::string>> ReadAcknowledged(sqlite::Database* db) {
  std::vector<std::string> streams;
  auto select = db->Prepare(
      "SELECT substr(key,14) FROM meta WHERE key>='acknowledged/' AND key<'acknowledged0'");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return streams;
    streams.emplace_back(select->Text(0));
  }
}

Result<std::vector<wire::Lost>> ReadLosses(sqlite::Database* db, SealCheck check) {
  const char* columns = check == SealCheck::kNone ? "stream,first,last,chain,reason,compared,0"
                                                  : "stream,first,last,chain,reason,compared,open";
  auto select = db->Prepare(WithSeal(columns, check) + " FROM loss ORDER BY stream,first,last");
  if (!select.ok()) return std::move(select).status();
  std::vector<wire::Lost> losses;
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return losses;
    wire::Lost loss{std::string(select->Text(0)),
                    {select->Unsigned(1), select->Unsigned(2)},
                    {},
                    std::string(select->Text(4)),
                    select->Int(5) != 0,
                    false};
    const bool complete = select->CopyBlob(3, &loss.chain);
    loss.open = select->Int(6) != 0;
    auto sound = Sound(*select, SealOfLoss(loss), complete, check, "a declared loss");
    if (!sound.ok()) return std::move(sound).status();
    if (*sound) losses.push_back(std::move(loss));
  }
}

}  // namespace tillrelay::journal
