#include "agent/journal/id_blocks.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace tillrelay::journal {
namespace {

constexpr uint64_t kIds = IdBlockWriter::kIds;
constexpr size_t kPlace = sizeof(uint64_t);
constexpr int kLooks = 256;  // blocks that are there already, passed by in one step
constexpr uint64_t kBlocksAtOnce = 64;
constexpr uint64_t kTop = uint64_t{1} << 53;  // above every position
constexpr uint64_t kRowsAtOnce = 1'000;  // as in search.h: the log can be written back in between

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS id_block(number INTEGER PRIMARY KEY, ids BLOB NOT NULL) STRICT";

// A place without an event is 0; a UUID has its version among its first 8 bytes.
uint64_t BeginningOf(std::string_view id) {
  uint64_t beginning = 0;
  std::memcpy(&beginning, id.data(), std::min(id.size(), kPlace));
  return beginning;
}

// What one piece of blocks says.
struct BlockPiece {
  std::vector<uint64_t> candidates;                  // positions
  std::vector<std::pair<uint64_t, uint64_t>> holes;  // from, before: no block covers them
  uint64_t unseen = 0;                               // positions from here up are dealt with
  bool last = false;
};

class IdLookup {
 public:
  IdLookup(sqlite::Database* db, const Uuid& id) : db_(*db), id_(BytesOf(id)) {}

  Result<std::optional<uint64_t>> Find() {
    TRY(db_.PrepareAll({{&id_at_, "SELECT id FROM event WHERE position=?1"},
                        {&in_rows_,
                         "SELECT position FROM event WHERE position>=?1 AND position<?2 AND "
                         "id=?3"}}));
    // A file that never had a writer of this version has no such table: all of it is one hole.
    auto blocks = db_.Prepare(
        "SELECT number,ids FROM id_block WHERE number<?1 ORDER BY number DESC LIMIT ?2");
    const bool has_blocks = blocks.ok();
    if (has_blocks) blocks_ = *std::move(blocks);
    uint64_t unseen = kTop;
    for (bool last = false; !last;) {
      auto piece = has_blocks ? ReadPiece(unseen) : BlockPiece{{}, {{0, unseen}}, 0, true};
      if (!piece.ok()) return std::move(piece).status();
      auto found = Check(*piece);
      if (!found.ok() || *found) return found;
      unseen = piece->unseen;
      last = piece->last;
    }
    return std::optional<uint64_t>();
  }

 private:
  Result<BlockPiece> ReadPiece(uint64_t unseen) {
    BlockPiece piece;
    piece.unseen = unseen;
    uint64_t read = 0;
    blocks_.Bind(1, unseen / kIds).Bind(2, kBlocksAtOnce);
    for (;;) {
      auto row = blocks_.Step();
      if (!row.ok()) return std::move(row).status();
      if (!*row) break;
      ++read;
      const uint64_t first = blocks_.Unsigned(0) * kIds, behind = first + kIds;
      if (behind < piece.unseen) piece.holes.emplace_back(behind, piece.unseen);
      piece.unseen = first;
      Collect(blocks_.Blob(1), first, &piece.candidates);
    }
    piece.last = read < kBlocksAtOnce;
    if (piece.last && piece.unseen > 0) piece.holes.emplace_back(0, piece.unseen);
    return piece;
  }

  void Collect(std::string_view ids, uint64_t first, std::vector<uint64_t>* candidates) const {
    const uint64_t wanted = BeginningOf(id_);
    if (wanted == 0) return;  // no id of an event begins so
    for (size_t at = 0; at + kPlace <= ids.size(); at += kPlace) {
      if (BeginningOf(ids.substr(at, kPlace)) == wanted) candidates->push_back(first + at / kPlace);
    }
  }

  Result<std::optional<uint64_t>> Check(const BlockPiece& piece) {
    for (const uint64_t position : piece.candidates) {
      auto row = id_at_.Bind(1, position).Step();
      if (!row.ok()) return std::move(row).status();
      if (!*row) return std::optional(position);  // deleted; 64 equal bits are no accident
      const bool same = id_at_.Blob(0) == id_;
      id_at_.Reset();
      if (same) return std::optional(position);
    }
    for (const auto& [from, before] : piece.holes) {
      auto found = InRows(from, before);
      if (!found.ok() || *found) return found;
    }
    return std::optional<uint64_t>();
  }

  Result<std::optional<uint64_t>> InRows(uint64_t from, uint64_t before) {
    auto lowest = db_.QueryInt("SELECT ifnull(min(position),0) FROM event");
    if (!lowest.ok()) return std::move(lowest).status();
    auto highest = db_.QueryInt("SELECT ifnull(max(position),-1) FROM event");
    if (!highest.ok()) return std::move(highest).status();
    from = std::max(from, static_cast<uint64_t>(*lowest));
    before = std::min(before, static_cast<uint64_t>(*highest) + 1);
    for (; from < before; from += kRowsAtOnce) {
      in_rows_.Bind(1, from).Bind(2, std::min(before, from + kRowsAtOnce)).BindBlob(3, id_);
      auto row = in_rows_.Step();
      if (!row.ok()) return std::move(row).status();
      if (!*row) continue;
      const uint64_t position = in_rows_.Unsigned(0);
      in_rows_.Reset();
      return std::optional(position);
    }
    return std::optional<uint64_t>();
  }

  sqlite::Database& db_;
  const std::string_view id_;
  sqlite::Statement id_at_, in_rows_, blocks_;
};

}  // namespace

Status IdBlockWriter::Open(sqlite::Database* db) {
  TRY(db->Exec(kTable));
  TRY(db->PrepareAll({{&has_, "SELECT 1 FROM id_block WHERE number=?1"},
                      {&save_, "INSERT OR REPLACE INTO id_block VALUES(?1,?2)"},
                      {&rows_, "SELECT position,id FROM event WHERE position>=?1 AND position<?2"},
                      {&next_row_, "SELECT min(position) FROM event WHERE position>=?1"},
                      {&forget_, "DELETE FROM id_block WHERE number<?1"}}));
  db_ = db;
  return Status::Ok();
}

// After a rollback, or a start, the block that grows is not whole: MakeOne makes it later.
Status IdBlockWriter::Add(uint64_t position, const Uuid& id) {
  if (db_ == nullptr) return Status::Ok();
  const uint64_t number = position / kIds, place = position % kIds;
  if (number != open_number_ || place == 0) {
    open_ = {};
    open_number_ = number;
    whole_ = place == 0;
  }
  open_[place] = BeginningOf(BytesOf(id));
  return whole_ && place == kIds - 1 ? Save(number, open_) : Status::Ok();
}

Status IdBlockWriter::Save(uint64_t number, const Block& block) {
  const std::string_view bytes(reinterpret_cast<const char*>(block.data()), sizeof(block));
  return save_.Bind(1, number).BindBlob(2, bytes).Run();
}

Result<bool> IdBlockWriter::Has(uint64_t number) {
  auto row = has_.Bind(1, number).Step();
  has_.Reset();
  return row;
}

Result<bool> IdBlockWriter::MakeOne(uint64_t newest) {
  if (db_ == nullptr) return false;
  const uint64_t growing = (newest + 1) / kIds;
  for (int looks = 0; unchecked_ < growing && looks < kLooks; ++looks) {
    auto has = Has(unchecked_);
    if (!has.ok()) return has;
    if (!*has) {
      TRY(Make(unchecked_, growing));
      break;
    }
    ++unchecked_;
  }
  return unchecked_ < growing;
}

Status IdBlockWriter::Make(uint64_t number, uint64_t growing) {
  auto next = next_row_.Bind(1, number * kIds).Step();
  if (!next.ok()) return std::move(next).status();
  const uint64_t first = next_row_.IsNull(0) ? growing : next_row_.Unsigned(0) / kIds;
  next_row_.Reset();
  if (first != number) {  // nothing is kept that low
    unchecked_ = std::min(first, growing);
    return Status::Ok();
  }
  Block block{};
  rows_.Bind(1, number * kIds).Bind(2, (number + 1) * kIds);
  for (;;) {
    auto row = rows_.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    block[rows_.Unsigned(0) % kIds] = BeginningOf(rows_.Blob(1));
  }
  sqlite::Transaction transaction(db_);
  TRY(transaction.Begin());
  TRY(Save(number, block));
  TRY(transaction.Commit());
  ++unchecked_;
  return Status::Ok();
}

Status IdBlockWriter::Forget(uint64_t position) {
  const uint64_t number = position / kIds;
  if (db_ == nullptr || number <= forgotten_) return Status::Ok();
  TRY(forget_.Bind(1, number).Run());
  forgotten_ = number;
  return Status::Ok();
}

Result<std::optional<uint64_t>> FindId(sqlite::Database* db, const Uuid& id) {
  return IdLookup(db, id).Find();
}

}  // namespace tillrelay::journal
