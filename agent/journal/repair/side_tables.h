// What: the tables beside the events as a take-over reads them out of a damaged file: in pieces,
//   from the front, and behind damage from the back, so that what stands behind it is kept.
// Promise: a cursor is the key of the last row that was read; the piece after it begins behind it.
// Thread: any.
// Errors: none of its own.
// Limits: steps from kKnown to kAuditBack.
#pragma once

#include <string>

#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// What is brought over, in this order. Behind the known ids come those that the delivered events
// themselves tell: the list may have lost some without a trace.
enum TakeOverStep {
  kEvents,
  kKnown,
  kKnownBack,
  kFiles,
  kFilesBack,
  kAudit,
  kAuditBack,
  kDone,
  kDelivered  // behind kKnown and kKnownBack
};

bool Backwards(int step);
const char* SideTableOf(int step);  // its name

// Where a piece of a side table ended.
std::string CursorOf(int step, const sqlite::Statement& row);
void BindCursor(int step, const std::string& cursor, sqlite::Statement* select);
// The statement that reads the next `rows` rows, from the front without a cursor.
std::string PieceOf(int step, bool has_cursor, int rows);

}  // namespace tillrelay::journal
