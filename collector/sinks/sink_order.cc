#include "collector/sinks/sink_order.h"

#include <algorithm>

#include "collector/db/lineage.h"
#include "collector/db/statements_ledger.h"
#include "collector/ledger/changes.h"
#include "collector/sinks/sink_table.h"
#include "common/event/bounds.h"
#include "common/event/item_rules.h"

namespace tillrelay::collector {
namespace {

constexpr std::string_view kActions[] = {kSinkPause, kSinkResume,  kSinkRetry,
                                         kSinkSkip,  kSinkRestart, kSinkRemove};

bool IsBlank(std::string_view text) { return event::WithoutBlanks(text).empty(); }

// It is tried anew, at once.
void Release(SinkRow* row) {
  row->halted.clear();
  row->failure.clear();
  row->failures = 0;
}

Status Skip(Sql* sql, const SinkOrder& order, SinkRow* row) {
  if (row->halted != kHaltedRefused || row->sending <= row->cursor.at.position) {
    return Conflict("no change of this sink was refused");
  }
  Input at(sql::kHashAt);
  auto rows = sql->Run(sql::kHashAt, at.Int(row->sending));
  if (!rows.ok()) return std::move(rows).status();
  if (rows->empty()) return Conflict("the change that was refused is no longer kept");
  const Cursor refused{{row->sending, rows->Text(0, 0)}, {}};
  if (CursorText(refused) != order.cursor) return Conflict("another change is the refused one");
  row->cursor = refused;
  row->sending = 0;
  Release(row);
  return Status::Ok();
}

Status Restart(Sql* sql, const SinkOrder& order, SinkRow* row) {
  const auto cursor = ReadCursor(order.cursor);
  if (!cursor) return Invalid("cursor is not one that /v1/changes or /v1/stock gave");
  if (Status placed = CheckCursor(sql, *cursor); !placed.ok()) {
    const bool gone = placed.code() == Code::kNotFound;
    return gone ? Conflict(placed.message()) : placed;
  }
  auto now = DatabaseMicros(sql);
  if (!now.ok()) return std::move(now).status();
  row->cursor = *cursor;
  row->sending = 0;
  // Behind every one that a witness can have seen, also if the row was set back.
  row->lineage = std::max(row->lineage + 1, static_cast<uint64_t>(std::max<int64_t>(*now, 0)));
  Release(row);
  return Status::Ok();
}

Status Remove(Sql* sql, const SinkRow& row) {
  auto now = DatabaseMicros(sql);
  if (!now.ok()) return std::move(now).status();
  if (!row.owner.empty() && row.leased_until > *now) {
    return Conflict("a collector delivers it: take it out of the configuration first");
  }
  return RemoveSink(sql, row.name);
}

}  // namespace

Status CheckSinkOrder(const SinkOrder& order) {
  if (std::find(std::begin(kActions), std::end(kActions), order.action) == std::end(kActions)) {
    return Invalid("action is pause, resume, retry, skip, restart or remove");
  }
  if (IsBlank(order.actor) || !event::FaultOfId(order.actor).empty()) {
    return Invalid("actor names who decides");
  }
  if (!order.note.empty() && !event::FaultOfText(order.note).empty()) {
    return Invalid("note is no text");
  }
  const bool moves = order.action == kSinkSkip || order.action == kSinkRestart;
  if ((moves || order.action == kSinkRemove) && IsBlank(order.note)) {
    return Invalid("a note says why");
  }
  if (moves == order.cursor.empty()) {
    return Invalid("cursor says which change is skipped, or where to begin anew, and only then");
  }
  return Status::Ok();
}

Status OrderSink(Sql* sql, const SinkOrder& order) {
  TRY(CheckSinkOrder(order));
  auto found = ReadSink(sql, order.name);
  if (!found.ok()) return std::move(found).status();
  if (!*found) return NotFound("there is no such sink");
  SinkRow& row = **found;
  if (order.action == kSinkRemove) return Remove(sql, row);
  if (order.action == kSinkPause) row.paused = true;
  if (order.action == kSinkResume) row.paused = false;
  if (order.action == kSinkRetry) Release(&row);
  if (order.action == kSinkSkip) TRY(Skip(sql, order, &row));
  if (order.action == kSinkRestart) TRY(Restart(sql, order, &row));
  ++row.orders;
  return SaveSink(sql, row);
}

}  // namespace tillrelay::collector
