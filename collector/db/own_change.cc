#include "collector/db/own_change.h"

#include "common/base/digest.h"
#include "common/event/identity.h"

namespace tillrelay::collector {

EventRow OwnChangeRow(const OwnChange& change, uint64_t position, std::string_view hash,
                      const std::string& now) {
  EventRow row;
  row.position = row.sequence = position;
  row.key = {change.store, std::string(kLedgerStream)};
  row.kind = change.kind;
  std::string name = row.kind;
  name.append("\x1f").append(hash).append("\x1f").append(std::to_string(position));
  row.id = UuidText(UuidV5(event::IdentityNamespace(), name));
  row.occurred_at = row.recorded_at = row.stored_at = now;
  row.body = change.body;
  return row;
}

}  // namespace tillrelay::collector
