// What: what may travel from a store to the centre: the bounds of every text, number and time of an
//   event (docs/formats.md, "Bounds"). The agent asks before it stores, the collector before it
//   applies.
// Promise: pure. Whatever passes here, SQLite and PostgreSQL can store, index and add up exactly;
//   whatever does not is named by its field and never gets a number.
// Thread: any.
// Limits: the constants below.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/decimal.h"
#include "common/event/event.h"
#include "common/event/time_text.h"

namespace tillrelay::event {

inline constexpr size_t kMaxIdBytes = 128;     // identifiers, codes and words; they become columns
inline constexpr size_t kMaxTextBytes = 2000;  // free text
inline constexpr size_t kMaxExtensionBytes = 256;
inline constexpr size_t kMaxParts = 10'000;     // lines, tenders
inline constexpr size_t kMaxSerials = 100'000;  // of all lines
// A cell of stock is exact in a double as long as it stays below 2^53 micro-units.
inline constexpr int64_t kMaxQuantity = 1'000'000'000;
inline constexpr int64_t kMaxInteger =
    9'007'199'254'740'991;  // the largest that every JSON reader keeps

// Whether a member of that name is a quantity; every other number is an amount.
bool IsQuantity(std::string_view member);

// Each gives the hint for a person, or "" where the value is in bounds.
std::string_view FaultOfId(std::string_view text);
std::string_view FaultOfText(std::string_view text);
std::string_view FaultOfQuantity(const Decimal& quantity);
// Of an effect, which may be the sum of three quantities of its line.
std::string_view FaultOfDelta(const Decimal& delta);
// A time that carries an offset. Whoever does not know the store's zone takes what can be in bounds
// on any clock face.
std::string_view FaultOfTime(std::string_view text);

// Control characters of free text become blanks, and what is no UTF-8 becomes "?": they say nothing
// to a person, and a receipt is not refused for them. True if there were any.
bool CleanTexts(Event* event);

// The first member of the event that is out of bounds. Times are read on the clock face of `zone`.
std::optional<Rejection> OutOfBounds(const Event& event, const StoreZone& zone);

}  // namespace tillrelay::event
