// What: from a damaged journal to a new one that holds everything that can still be read.
// Promise: the damaged files are moved aside, never deleted. What the centre had not confirmed is
//   read row by row, each verified by its own hashes, and goes on in a new stream under the same
//   ids; the numbers that could not be read are declared lost. Ids, quarantine, books and audit are
//   taken over as far as they can be read, so that a document told again is known again.
// Thread: journal (before it starts, or between two groups).
// Errors: those of opening the new file; nothing is changed then but the names of the old files.
// Limits: reads from both ends up to the damage in the side tables; single rows in between are
// given
//   up there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/journal/store.h"

namespace tillrelay::journal {

struct Salvaged {
  std::string moved_to;
  uint64_t rows = 0, lost = 0, side_rows = 0;
};

// Opens the journal; a damaged one, or one that is `known_damaged`, is salvaged first and described
// in `*salvaged`.
Result<std::unique_ptr<JournalStore>> OpenOrSalvage(const StoreOptions& options, WallTime now,
                                                    Random* random, Salvaged* salvaged,
                                                    bool known_damaged = false);

}  // namespace tillrelay::journal
