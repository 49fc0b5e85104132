// What: what one event does to stock, read once out of its bytes.
// Promise: only effects that the publishing store may cause: its own buckets, and `in_transit` of
//   others; another store's are left out and counted. What cannot be read, or is out of
//   common/event/bounds.h, is said in `fault`: such an event is not applied in part.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/db/rows.h"
#include "common/base/json_reader.h"

namespace tillrelay::collector {

struct Effect {
  CellKey cell;
  size_t bucket = 0;
  int64_t micros = 0;
  std::string ref;  // the transfer, for in_transit
};

struct CountedLine {
  CellKey cell;
  size_t bucket = 0;
  int64_t micros = 0;
};

struct Posting {
  std::string store;
  int64_t at = 0;  // microseconds since 1970
  bool is_count = false;
  int64_t as_of = 0;
  uint64_t counted_as = 0;  // the position of a count that was held and is applied now
  std::vector<Effect> effects;
  std::vector<CountedLine> lines;
  uint64_t skipped = 0;
  std::string fault;               // why the event cannot be applied; empty: it can
  std::optional<Receipt> receipt;  // what the tables for the warehouse get; receipt.h
};

struct PostingSource {
  std::string_view store, kind, time;
};
// Without the receipt.
Posting ReadEffectsOnly(const PostingSource& from, JsonValue data);
// All of it.
Posting ReadPosting(const PostingSource& from, JsonValue data);

// What the register calls the item; the GTIN where it has no name of its own.
std::string_view ItemOf(JsonValue line);

}  // namespace tillrelay::collector
