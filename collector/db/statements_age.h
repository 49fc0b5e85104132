// What: the SQL of what is deleted by age, and of what is kept of that, for both databases.
// Thread: immutable.
#pragma once

#include "collector/db/sql.h"

namespace tillrelay::collector::sql {

// Old events go in the order of their positions, so that what is left is a whole tail.
inline const Statement kOldest(
    "WITH span AS (SELECT r.a, r.b FROM {rows})"
    " SELECT e.position, e.store_id, e.stream, e.sequence, e.recorded_at, e.hash FROM event e"
    " WHERE e.position > (SELECT a FROM span) AND e.position <= (SELECT b FROM span)"
    " ORDER BY e.position",
    "a# b#");
inline const Statement kPurgeEvents(
    "WITH span AS (SELECT r.a, r.b FROM {rows}) DELETE FROM event"
    " WHERE position > (SELECT a FROM span) AND position <= (SELECT b FROM span)",
    "a# b#");
inline const Statement kPurgeMovements(
    "WITH span AS (SELECT r.a, r.b FROM {rows}) DELETE FROM movement"
    " WHERE position > (SELECT a FROM span) AND position <= (SELECT b FROM span)",
    "a# b#");
inline const Statement kPurged(
    "UPDATE head SET purged = r.p, purged_hash = r.h FROM {rows} WHERE one = 1", "p# h");
// Repetitions under other numbers, below what has been deleted of their stream. What is owed,
// cannot be applied or is doubtful waits for somebody.
inline const Statement kPurgeUncounted(
    "DELETE FROM event WHERE (store_id, stream, sequence) IN"
    " (SELECT e.store_id, e.stream, e.sequence FROM {rows}"
    " JOIN stream s ON s.store_id = r.a AND s.stream = r.b"
    " JOIN event e ON e.store_id = r.a AND e.stream = r.b AND e.sequence <= r.c"
    " WHERE e.counted = 0 AND e.sequence <= s.confirmed_through"
    " AND e.kind NOT IN ('parked', 'unapplied') AND NOT EXISTS (SELECT 1 FROM doubtful d"
    " WHERE d.store_id = e.store_id AND d.stream = e.stream AND d.sequence = e.sequence))",
    "a b c#");
inline const Statement kPurgeDuplicates(
    "DELETE FROM duplicate WHERE (store_id, stream, sequence) IN"
    " (SELECT d.store_id, d.stream, d.sequence FROM {rows}"
    " JOIN duplicate d ON d.store_id = r.a AND d.stream = r.b AND d.sequence <= r.c)",
    "a b c#");

inline const Statement kObserved("SELECT seen_s FROM observed", "");
inline const Statement kSaveObserved("UPDATE observed SET seen_s = r.s FROM {rows} WHERE one = 1",
                                     "s#");
inline const Statement kSaveAgeMark(
    "INSERT INTO age_mark (seen_s, position) SELECT r.a, r.b FROM {rows} WHERE true"
    " ON CONFLICT (seen_s) DO UPDATE SET position = excluded.position",
    "a# b#");
inline const Statement kDropAgeMarks(
    "DELETE FROM age_mark WHERE seen_s < (SELECT MAX(m.seen_s) FROM {rows}"
    " JOIN age_mark m ON m.position <= r.p)",
    "p#");
inline const Statement kAgeMarkBy(
    "SELECT m.position FROM {rows} JOIN age_mark m ON m.seen_s <= r.s"
    " ORDER BY m.seen_s DESC LIMIT 1",
    "s#");
inline const Statement kForgottenRanges(
    "SELECT store_id, first_at, last_at FROM forgotten ORDER BY store_id, first_at", "");
inline const Statement kForgottenOf(
    "SELECT f.store_id, f.first_at, f.last_at FROM {rows} JOIN forgotten f ON f.store_id = r.a"
    " ORDER BY f.store_id, f.first_at",
    "a");
inline const Statement kClearForgotten(
    "DELETE FROM forgotten WHERE store_id IN (SELECT r.a FROM {rows})", "a");
inline const Statement kSaveForgotten(
    "INSERT INTO forgotten (store_id, first_at, last_at) SELECT r.a, r.b, r.c FROM {rows}",
    "a b c");
inline const Statement kSaveDoubtful(
    "INSERT INTO doubtful (store_id, stream, sequence, id, kind, recorded_at, since)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g FROM {rows} WHERE true ON CONFLICT DO NOTHING",
    "a b c# d e f g");

}  // namespace tillrelay::collector::sql
