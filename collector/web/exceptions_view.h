// What: exceptions as JSON, and the ids by which they are asked for.
// Promise: reads only what is committed; answers are bounded.
// Thread: the reader's; the rest any (pure).
// Errors: those of the database; invalid (the question), not found (no such exception).
#pragma once

#include <optional>
#include <string>

#include "collector/exceptions/exception_table.h"

namespace tillrelay::collector {

inline constexpr size_t kExceptionsLimit = 500, kExceptionsDefault = 100;

// Opaque, and the same for ever.
std::string ExceptionId(const ExceptionKey& key);
std::optional<ExceptionKey> ReadExceptionId(const std::string& id);

// Where the page behind `last` begins.
std::string ExceptionsPage(const Exception& last);
std::optional<Exception> ReadExceptionsPage(const std::string& page);

Status CheckQuestion(const ExceptionsQuestion& question);
Result<std::string> ExceptionsJson(Sql* sql, const ExceptionsQuestion& question);
// With its history.
Result<std::string> ExceptionJson(Sql* sql, const ExceptionKey& key);

// When the last round of the detectors was complete; "" before the first.
Result<std::string> ReadLastRound(Sql* sql);
// What holds was seen by the last round.
std::string LastSeen(const Exception& x, const std::string& last_round);

}  // namespace tillrelay::collector
