// What: the small tables that decide what is sent under which number: stream, chain_mark, opening,
//   loss; read in one place, each row against its seal.
// Promise: a row whose seal does not fit is never handed out.
// Thread: its owner's; borrows the connection.
// Errors: corrupt (a damaged row), not found (no such row), those of SQLite.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/journal/record.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// What becomes of a row whose seal does not fit. A file older than schema 4 has none.
enum class SealCheck {
  kStrict,  // corrupt
  kSkip,    // left out: salvage takes what is sound
  kNone     // taken: there are no seals yet
};

// kStrict, or kNone where the file is older than the seals.
Result<SealCheck> SealCheckOf(sqlite::Database* db);

// All streams of the file by number, with their floors. The seals are those of the store that the
// file itself names.
Result<std::vector<StreamRow>> ReadStreams(sqlite::Database* db, SealCheck check);
Result<std::vector<StreamRow>> ReadStreams(sqlite::Database* db);
// The same against the seals of `store_id`, without floors.
Result<std::vector<StreamRow>> ReadStreamRows(sqlite::Database* db, const std::string& store_id,
                                              SealCheck check);
struct ChainMark {
  std::string stream;
  uint64_t sequence = 0;
  wire::Chain chain{};
};

// Writes a stream's row with its seal; what was written once (base, number, first, opened_at,
// reason) is left as it is. `save` is prepared from kSaveStream.
extern const char* const kSaveStream;
Status SaveStreamRow(const std::string& store_id, const StreamRow& row, WallTime opened_at,
                     const std::string& reason, sqlite::Statement* save);
// The same for a mark, from kSaveMark; and a loss.
extern const char* const kSaveMark;
Status SaveMarkRow(const ChainMark& mark, sqlite::Statement* save);
extern const char* const kSaveLoss;
Status SaveLossRow(const wire::Lost& loss, sqlite::Statement* save);
extern const char* const kSaveOpening;
Status SaveOpeningRow(const std::string& stream, const Row& opening, sqlite::Statement* save);

// Sets the floors from the lowest position from which upward nothing is missing.
void SetFloors(std::vector<StreamRow>* streams, uint64_t lowest);

Status ForEachMark(sqlite::Database* db, SealCheck check,
                   const std::function<Status(const ChainMark&)>& take);

// The `stream_opened` event of a later stream: its number 1.
Result<Row> ReadOpening(sqlite::Database* db, const StreamRow& stream, SealCheck check);

Result<std::vector<wire::Lost>> ReadLosses(sqlite::Database* db, SealCheck check);

// Streams of this store that are not in this file, and that a person knows not to be.
Result<std::vector<std::string>> ReadAcknowledged(sqlite::Database* db);

// Under which id and key a loss is declared: the same range is declared once.
Uuid LossId(std::string_view store_id, const wire::Lost& loss);
std::string LossKey(const wire::Lost& loss);

}  // namespace tillrelay::journal
