// What: the journal's tables and the way a file becomes or is recognised as a journal.
//   A version only adds to the one before; each step is written once, in schema.cc.
// Promise: a file of a newer schema, or one that is no journal, is refused and left untouched.
// Thread: journal.
// Errors: conflict (newer schema; go back to the newer program), corrupt (no journal).
#pragma once

#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

inline constexpr int kSchemaVersion = 4;
inline constexpr int kSealsSince = 4;              // rows of stream, chain_mark, opening, loss
inline constexpr int kApplicationId = 0x54524c59;  // "TRLY"
inline constexpr uint64_t kMarkEvery = 256;        // chain marks, docs/journal.md

// Sets WAL and FULL and reads both back; creates the tables in an empty file, and adds what
// an older file lacks, in one transaction.
Status PrepareSchema(sqlite::Database* db);

}  // namespace tillrelay::journal
