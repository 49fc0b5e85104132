// What: the SQL of the ledger, for both databases: its cells, in the tables that are served and in
//   those that a rebuild fills; movements; counts that wait; the running hash of positions.
// Thread: immutable.
#pragma once

#include "collector/db/sql.h"

namespace tillrelay::collector::sql {

// One set of tables that hold a ledger.
struct LedgerStatements {
  Statement cells, counted_at, transit, save_cells, save_counted_at, save_transit, drop_transit;
  Statement clear_cells, clear_counted_at, clear_transit;
};

#define TILLRELAY_LEDGER(stock, counted_at, transit)                                             \
  {                                                                                              \
    {"SELECT s.store_id, s.item, s.uom, CAST(ROUND(s.on_hand * 1000000) AS BIGINT),"             \
     " CAST(ROUND(s.reserved * 1000000) AS BIGINT), CAST(ROUND(s.damaged * 1000000) AS BIGINT)," \
     " CAST(ROUND(s.in_transit * 1000000) AS BIGINT), s.position FROM {rows} JOIN " stock        \
     " s ON s.store_id = r.a AND s.item = r.b AND s.uom = r.c",                                  \
     "a b c"},                                                                                   \
        {"SELECT c.store_id, c.item, c.uom, c.bucket, c.as_of, c.position FROM {rows} "          \
         "JOIN " counted_at " c ON c.store_id = r.a AND c.item = r.b AND c.uom = r.c",           \
         "a b c"},                                                                               \
        {"SELECT t.store_id, t.transfer_id, t.item, t.uom,"                                      \
         " CAST(ROUND(t.quantity * 1000000) AS BIGINT), t.since FROM {rows} JOIN " transit       \
         " t ON t.store_id = r.a AND t.transfer_id = r.b AND t.item = r.c AND t.uom = r.d",      \
         "a b c d"},                                                                             \
        {"INSERT INTO " stock                                                                    \
         " (store_id, item, uom, on_hand, reserved, damaged, in_transit, position)"              \
         " SELECT r.a, r.b, r.c, CAST(r.d AS NUMERIC), CAST(r.e AS NUMERIC),"                    \
         " CAST(r.f AS NUMERIC), CAST(r.g AS NUMERIC), r.h FROM {rows} WHERE true"               \
         " ON CONFLICT (store_id, item, uom) DO UPDATE SET on_hand = excluded.on_hand,"          \
         " reserved = excluded.reserved, damaged = excluded.damaged,"                            \
         " in_transit = excluded.in_transit, position = excluded.position",                      \
         "a b c d e f g h#"},                                                                    \
        {"INSERT INTO " counted_at                                                               \
         " (store_id, item, uom, bucket, as_of, position)"                                       \
         " SELECT r.a, r.b, r.c, r.d, r.e, r.f FROM {rows} WHERE true"                           \
         " ON CONFLICT (store_id, item, uom, bucket)"                                            \
         " DO UPDATE SET as_of = excluded.as_of, position = excluded.position",                  \
         "a b c d e# f#"},                                                                       \
        {"INSERT INTO " transit                                                                  \
         " (store_id, transfer_id, item, uom, quantity, since)"                                  \
         " SELECT r.a, r.b, r.c, r.d, CAST(r.e AS NUMERIC), r.f FROM {rows} WHERE true"          \
         " ON CONFLICT (store_id, transfer_id, item, uom)"                                       \
         " DO UPDATE SET quantity = excluded.quantity, since = excluded.since",                  \
         "a b c d e f#"},                                                                        \
        {"DELETE FROM " transit                                                                  \
         " WHERE (store_id, transfer_id, item, uom) IN (SELECT r.a, r.b, r.c, r.d FROM {rows})", \
         "a b c d"},                                                                             \
        {"DELETE FROM " stock, ""}, {"DELETE FROM " counted_at, ""}, {                           \
      "DELETE FROM " transit, ""                                                                 \
    }                                                                                            \
  }

inline const LedgerStatements kServed TILLRELAY_LEDGER("stock", "counted_at", "transit");
inline const LedgerStatements kRebuilt TILLRELAY_LEDGER("rebuilt_stock", "rebuilt_counted_at",
                                                        "rebuilt_transit");
#undef TILLRELAY_LEDGER

inline const Statement kSaveMovements(
    "INSERT INTO movement (position, line, store_id, item, uom, bucket, ref, at, delta, applied,"
    " change, quantity)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j, r.k, r.l FROM {rows}",
    "a# b# c d e f g h# i# j k# l#");
// Whole units and what is left of them apart: neither sum can overflow.
inline const Statement kMovedSince(
    "SELECT r.n, SUM(m.delta / 1000000), SUM(m.delta % 1000000) FROM {rows} JOIN movement m"
    " ON m.store_id = r.a AND m.item = r.b AND m.uom = r.c AND m.bucket = r.d AND m.at > r.e"
    " AND m.position < r.f GROUP BY r.n",
    "n# a b c d e# f#");
inline const Statement kMovements(
    "WITH span AS (SELECT r.a, r.b FROM {rows})"
    " SELECT m.position, m.line, m.store_id, m.item, m.uom, m.bucket, m.ref, m.at, m.delta,"
    " m.applied, m.change, m.quantity FROM movement m"
    " WHERE m.position > (SELECT a FROM span) AND m.position <= (SELECT b FROM span)"
    " ORDER BY m.position, m.line",
    "a# b#");
inline const Statement kDropMovements(
    "DELETE FROM movement WHERE position IN (SELECT r.a FROM {rows})", "a#");
// The earliest known time, where an older program kept none.
inline const Statement kTransitSince(
    "UPDATE transit SET since = r.f FROM {rows} WHERE transit.store_id = r.a"
    " AND transit.transfer_id = r.b AND transit.item = r.c AND transit.uom = r.d"
    " AND (transit.since = 0 OR transit.since > r.f)",
    "a b c d f#");

inline const Statement kSaveHeld(
    "INSERT INTO held_count (position, line, store_id, item, uom, bucket, counted, as_of, reason,"
    " since) SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j FROM {rows} WHERE true"
    " ON CONFLICT DO NOTHING",
    "a# b# c d e f g# h# i j");
inline const Statement kDropHeld(
    "DELETE FROM held_count WHERE (position, line) IN (SELECT r.a, r.b FROM {rows})", "a# b#");
inline const Statement kDueHeld(
    "SELECT h.position, h.line, h.store_id, h.item, h.uom, h.bucket, h.counted, h.as_of, h.reason,"
    " h.since FROM {rows} JOIN held_count h ON h.as_of <= r.a AND h.reason <> 'too_old'"
    " ORDER BY h.as_of, h.position, h.line LIMIT 500",
    "a#");
inline const Statement kNextHeld(
    "SELECT as_of FROM held_count WHERE reason <> 'too_old' ORDER BY as_of LIMIT 1", "");
// A count that can never be computed is over when its cell has been counted later.
inline const Statement kHeldOver(
    "DELETE FROM held_count WHERE reason = 'too_old' AND EXISTS (SELECT 1 FROM counted_at c"
    " WHERE c.store_id = held_count.store_id AND c.item = held_count.item"
    " AND c.uom = held_count.uom AND c.bucket = held_count.bucket"
    " AND c.as_of >= held_count.as_of)",
    "");

inline const Statement kNegative(
    "INSERT INTO negative_cell (store_id, item, uom, bucket, since)"
    " SELECT r.a, r.b, r.c, r.d, r.e FROM {rows} WHERE true ON CONFLICT DO NOTHING",
    "a b c d e");
inline const Statement kNoLongerNegative(
    "DELETE FROM negative_cell WHERE (store_id, item, uom, bucket) IN"
    " (SELECT r.a, r.b, r.c, r.d FROM {rows})",
    "a b c d");

inline const Statement kHashAt(
    "SELECT e.hash FROM {rows} JOIN event e ON e.position = r.a AND e.position IS NOT NULL", "a#");
inline const Statement kSaveFilled("UPDATE head SET filled_through = r.p FROM {rows} WHERE one = 1",
                                   "p#");
inline const Statement kSaveRebuilt(
    "UPDATE head SET rebuilt_through = r.p FROM {rows} WHERE one = 1", "p#");
inline const Statement kTouchHead("UPDATE head SET position = position WHERE one = 1", "");
inline const Statement kRebuiltThrough("SELECT rebuilt_through FROM head", "");

// Cells that a rebuild finds otherwise, with what both say; corrected ones are found no more.
#define TILLRELAY_MICROS(column) "CAST(ROUND(" column " * 1000000) AS BIGINT)"
inline const Statement kWrongCells(
    "SELECT b.store_id, b.item, b.uom, " TILLRELAY_MICROS("b.on_hand") ", " TILLRELAY_MICROS(
        "b.reserved") ", " TILLRELAY_MICROS("b.damaged") ", " TILLRELAY_MICROS("b.in_transit")
    ", " TILLRELAY_MICROS("COALESCE(a.on_hand, 0)") ", " TILLRELAY_MICROS(
        "COALESCE(a.reserved, 0)") ", " TILLRELAY_MICROS("COALESCE(a.damaged, 0)")
    ", " TILLRELAY_MICROS("COALESCE(a.in_transit, 0)")
    " FROM rebuilt_stock b LEFT JOIN stock a"
    " ON a.store_id = b.store_id AND a.item = b.item AND a.uom = b.uom"
    " WHERE a.store_id IS NULL OR a.on_hand <> b.on_hand OR a.reserved <> b.reserved"
    " OR a.damaged <> b.damaged OR a.in_transit <> b.in_transit"
    " ORDER BY b.store_id, b.item, b.uom LIMIT 500",
    "");
inline const Statement kStrayCells(
    "SELECT a.store_id, a.item, a.uom, 0, 0, 0, 0, " TILLRELAY_MICROS("a.on_hand") ", "
    TILLRELAY_MICROS("a.reserved") ", " TILLRELAY_MICROS("a.damaged") ", "
    TILLRELAY_MICROS("a.in_transit")
    " FROM stock a LEFT JOIN rebuilt_stock b"
    " ON a.store_id = b.store_id AND a.item = b.item AND a.uom = b.uom WHERE b.store_id IS NULL"
    " AND (a.on_hand <> 0 OR a.reserved <> 0 OR a.damaged <> 0 OR a.in_transit <> 0)"
    " ORDER BY a.store_id, a.item, a.uom LIMIT 500",
    "");
#undef TILLRELAY_MICROS
inline const Statement kTakeCountedAt(
    "INSERT INTO counted_at (store_id, item, uom, bucket, as_of, position)"
    " SELECT store_id, item, uom, bucket, as_of, position FROM rebuilt_counted_at",
    "");
inline const Statement kTakeTransit(
    "INSERT INTO transit (store_id, transfer_id, item, uom, quantity, since)"
    " SELECT store_id, transfer_id, item, uom, quantity, since FROM rebuilt_transit",
    "");

}  // namespace tillrelay::collector::sql
