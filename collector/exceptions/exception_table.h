// What: table exception and the audit of who did what (docs/collector.md, Tables).
// Promise: nothing is decided here. Writing is queued: it is part of the caller's transaction.
// Thread: whoever owns the connection.
// Errors: those of the database.
// Limits: 100 entries of the audit for each exception, the oldest go.
#pragma once

#include <map>
#include <vector>

#include "collector/db/sql.h"
#include "collector/exceptions/exception.h"

namespace tillrelay::collector {

// Who did what to one.
struct AuditEntry {
  std::string at, actor, token, state, assignee, note;
};

Result<std::map<ExceptionKey, Exception>> ReadExceptions(Sql* sql,
                                                         const std::vector<ExceptionKey>& keys);
Status SaveExceptions(Sql* sql, const std::vector<Exception>& exceptions);
Status SaveAudit(Sql* sql, const std::vector<std::pair<ExceptionKey, AuditEntry>>& entries);
Result<std::vector<AuditEntry>> ReadAudit(Sql* sql, const ExceptionKey& key);  // the newest first

// Those of the kinds that are found in statuses and have not ended.
Result<std::vector<Exception>> ReadByStatus(Sql* sql);

struct ExceptionsQuestion {
  std::string store, kind, state;  // state "": all that have not ended; "all": those too
  std::string page_end = {};       // what tells the pages of this question from another's
  size_t limit = 100;
  std::optional<Exception> after;  // the last one of the page before
};
// Open ones first, then the worst: by level, money, age. One more than `limit` if there are more.
Result<std::vector<Exception>> ListExceptions(Sql* sql, const ExceptionsQuestion& question);

// How many there are that have not ended, by kind and state.
using ExceptionCounts = std::map<std::string, std::map<std::string, uint64_t>>;
Result<ExceptionCounts> CountExceptions(Sql* sql);

// Reads the columns of a row, beginning with the first.
Exception ExceptionOf(const Rows& rows, size_t row);

}  // namespace tillrelay::collector
