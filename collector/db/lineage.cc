#include "collector/db/lineage.h"

#include <algorithm>

#include "collector/db/statements.h"
#include "collector/db/statements_ledger.h"

namespace tillrelay::collector {

uint64_t KeptAfter(const Tables::Head& head) { return std::max(head.purged, head.changes_after); }

Result<std::string> HashAt(Sql* sql, const Tables::Head& head, uint64_t position) {
  if (position == head.position) return head.hash;
  if (position == KeptAfter(head)) return head.purged_hash;
  Input input(sql::kHashAt);
  auto rows = sql->Run(sql::kHashAt, input.Int(position));
  if (!rows.ok()) return std::move(rows).status();
  if (rows->empty()) return Corrupt("position " + std::to_string(position) + " has no hash");
  return rows->Text(0, 0);
}

Status CheckCursor(Sql* sql, const Tables::Head& head, const Cursor& cursor) {
  const Cursor::Place& furthest = cursor.seen ? *cursor.seen : cursor.at;
  if (furthest.position > head.position) {
    return Conflict("the last position is " + std::to_string(head.position));
  }
  if (cursor.at.position < KeptAfter(head)) {
    return NotFound("changes up to position " + std::to_string(KeptAfter(head)) +
                    " are no longer kept");
  }
  auto hash = HashAt(sql, head, furthest.position);
  if (!hash.ok()) return std::move(hash).status();
  if (*hash == furthest.hash) return Status::Ok();
  return Conflict("the cursor is of another history: this database was restored or replaced");
}

Status CheckCursor(Sql* sql, const Cursor& cursor) {
  auto head = sql->Run(sql::kHead);
  if (!head.ok()) return std::move(head).status();
  return CheckCursor(sql, Tables::HeadOf(*head), cursor);
}

}  // namespace tillrelay::collector
