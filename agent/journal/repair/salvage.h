// What: opens the journal whatever has become of its files: a damaged, emptied, missing or older
// one
//   is recognised, and a new one goes on that holds, in the end, everything that can still be read.
// Promise: the damaged files are moved aside, never deleted. The new file takes over at once what
// is
//   small (streams, owed bodies, quarantine, books, marks); events, ids and what is large follow
//   step by step (take_over.h) while it already accepts. What cannot be read, and what a witness
//   saw and no file has any more, is declared lost.
// Thread: journal (before it starts, or between two groups).
// Errors: those of opening and of making the new file; nothing is changed then. Conflict: a newer
//   schema, another store's journal, or a file with two names; a person has to look.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/journal/store.h"

namespace tillrelay::journal {

struct Salvaged {
  std::string why;       // empty: nothing was wrong
  std::string moved_to;  // the damaged file; empty: it was the witness that told of a loss
};

// Opens the journal; a damaged one, or one that is `known_damaged` with a reason, is salvaged first
// and described in `*salvaged`.
Result<std::unique_ptr<JournalStore>> OpenOrSalvage(const StoreOptions& options, WallTime now,
                                                    Random* random, Salvaged* salvaged,
                                                    const std::string& known_damaged = {});

}  // namespace tillrelay::journal
