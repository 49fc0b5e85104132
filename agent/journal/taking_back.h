// What: a document that takes another one back (a post-void, a voided transfer), held against what
// it
//   takes back, where that is stored here.
// Promise: no cell of stock is moved back by more than it was moved, and none that was not. What is
//   not stored here (another store's, or deleted by age) cannot be compared: the document counts as
//   it says.
// Thread: journal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "agent/journal/repair/take_over.h"
#include "common/event/draft.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// The draft as it counts, or why it does not.
using TakingBack = std::variant<event::Draft, event::Rejection>;

struct TakenBack {
  event::Kind kind = event::Kind::kSale;
  std::string data;
};

// What `draft` takes back; nothing if that is not here, or is one of several of its number.
Result<std::optional<TakenBack>> TakenBackBy(const event::Draft& draft, sqlite::Database* db);

// How a post-void that does not show it tells its amounts; "" if what it takes back does not show
// it either.
std::string AmountsBy(const TakenBack& original, const event::Draft& draft);

// Why it cannot take that back; nothing: it can.
std::optional<event::Rejection> WrongTakingBack(const TakenBack& original,
                                                const event::Draft& draft);

// Whether as much has been taken back as there is: a document once, those of one number as often as
// there are of them, and a line that is named by itself beside other lines. `is_gone`: of a
// position.
Result<bool> WasTakenBack(const event::Draft& draft, sqlite::Database* db,
                          const std::function<Result<bool>(uint64_t)>& is_gone);
// That it takes that back, to be known as long as ids are. Only of a draft with a taking_back_key.
KnownRow NoteOfTakingBack(const event::Draft& draft, uint64_t position);

}  // namespace tillrelay::journal
