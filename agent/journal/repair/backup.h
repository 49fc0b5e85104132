// What: a copy of the journal into one file while the daemon runs, and the way back.
// Promise: a backup holds every row up to the head that it names, and is verified row by row before
//   it has its name. A restore verifies again, moves what is there aside and never deletes it, and
//   always opens a new stream behind what the centre had confirmed, so that a restored disk can
//   never speak under numbers that were used after the backup. Cut at any point, the old journal or
//   the restored one is in place, each whole.
// Thread: its owner's; the source is read in short reads (docs/journal.md, "Backup").
// Errors: unavailable (I/O, or the daemon runs), conflict (another store's, or a newer schema),
//   corrupt (the first thing that is not as it was written).
#pragma once

#include <string>

#include "agent/journal/repair/verify.h"
#include "agent/journal/store.h"

namespace tillrelay::journal {

struct BackupTold {
  Verified verified;
  uint64_t bytes = 0;
  std::string sha256;  // of the file, in hex
};
// `to` must not exist.
Result<BackupTold> Backup(const std::string& from, const std::string& to,
                          const ShowProgress& progress);

struct RestoreTold {
  Verified verified;     // what was in the backup
  std::string stream;    // the new one
  std::string moved_to;  // the journal that was there; empty: none
};
Result<RestoreTold> RestoreBackup(const std::string& backup, const StoreOptions& options,
                                  WallTime now, Random* random);

// Gives the journal another name beside its own, `<path>.<why>-<time>`; that name, or "" if there
// was none. The daemon must not run.
Result<std::string> MoveJournalAside(const std::string& journal, const std::string& why,
                                     WallTime now);

}  // namespace tillrelay::journal
