// What: changes that the collector makes itself, without an event of a store: a count that was held
//   is applied, a rebuild corrects cells. They have positions and stand in `event`, under the
//   stream "ledger" of their store, so that whoever follows the changes sees them.
// Thread: any (values).
#pragma once

#include <string>
#include <vector>

#include "collector/db/rows.h"

namespace tillrelay::collector {

inline constexpr std::string_view kCountApplied = "count_applied";
inline constexpr std::string_view kLedgerCorrected = "ledger_corrected";

struct OwnChange {
  std::string store;
  std::string_view kind;
  std::string body;  // JSON
};

// Its row at `position`; `hash` is the running one before it.
EventRow OwnChangeRow(const OwnChange& change, uint64_t position, std::string_view hash,
                      const std::string& now);

}  // namespace tillrelay::collector
