// What: the one way in which a journal takes another's place: salvage, restore-backup, moving to
//   another store and putting a vanished file back all end here.
// Promise: a stop at any instruction leaves either the old set (database and write-ahead log
//   together, under their names) or, from the commit point on, the finished new file; what a stop
//   left half done is finished by the next FinishReplacement. The old set is renamed, never deleted
//   and never written over. No failure of a rename or a sync is passed over.
// Thread: any, under the journal's lock (JournalLock).
// Errors: unavailable, full (nothing has changed; or, past the commit point, call again).
//
// The new file is made as BuildingPath(), closed, and given to CommitReplacement, which syncs it
// and renames it to `<journal>.next-<why>-<stamp>`: this rename is the commit point, and its name
// says where the old set goes: `<journal>.<why>-<stamp>` and `…-wal`. A log that belongs to the new
// file waits as `<journal>.placing-log` until the file has its name. docs/journal.md, "Replacing".
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/base/status.h"

namespace tillrelay::journal {

// The only one that may open the journal at `path` for writing, as long as it lives. `path` has no
// symbolic links (ResolveJournal). Unavailable: another process holds it.
Result<Fd> LockJournal(const std::string& path);

// The path without symbolic links; the file itself need not exist. Conflict: the file has a second
// name (hard link) under which another daemon could write to it.
Result<std::string> ResolveJournal(const std::string& path);

std::string BuildingPath(const std::string& journal);
// The log of a new file that is damaged, and has to keep it: it takes its place with the file.
std::string BuildingLogPath(const std::string& journal);
// Where nothing has been committed, what a stop left of a file being made is removed.
Status DiscardBuilding(const std::string& journal);

// Where the old set will be, in a name that is not taken: `why` is a word (damaged, replaced,
// vanished …).
std::string AsidePath(const std::string& journal, const std::string& why, WallTime now);

// BuildingPath() takes the journal's place, which nothing takes back once it is committed; the old
// set, as far as it exists, goes to `aside`.
Status CommitReplacement(const std::string& journal, const std::string& aside);

// Whether that point is passed, finished or not; also where nobody can know.
bool IsCommitted(const std::string& journal, const std::string& aside);

// Finishes what was committed; true if there was something to finish.
Result<bool> FinishReplacement(const std::string& journal);

}  // namespace tillrelay::journal
