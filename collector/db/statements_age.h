// What: the SQL of what is deleted by age, and of what is kept of that, for both databases.
// Thread: immutable.
#pragma once

#include "collector/db/sql.h"

namespace tillrelay::collector::sql {

// Old events go in the order of their positions, so that what is left is a whole tail.
inline const Statement kOldest(
    "WITH span AS (SELECT r.a, r.b FROM {rows})"
    " SELECT e.position, e.store_id, e.recorded_at FROM event e"
    " WHERE e.position > (SELECT a FROM span) AND e.position <= (SELECT b FROM span)"
    " ORDER BY e.position",
    "a# b#");
inline const Statement kPurge("DELETE FROM event WHERE position IN (SELECT r.a FROM {rows})", "a#");
inline const Statement kPurged("UPDATE head SET purged = r.p FROM {rows} WHERE one = 1", "p#");

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
