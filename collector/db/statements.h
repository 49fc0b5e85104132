// What: the SQL of the collector's tables, one text for both databases.
// Thread: immutable.
#pragma once

#include "collector/db/sql.h"

namespace tillrelay::collector::sql {

inline const Statement kHead(
    "SELECT position, purged, hash, purged_hash, changes_after, filled_through FROM head", "");
inline const Statement kSaveHead(
    "UPDATE head SET position = r.p, hash = r.h FROM {rows} WHERE one = 1", "p# h");
inline const Statement kStreams(
    "SELECT s.store_id, s.stream, s.confirmed_through, s.chain, s.highest_seen, s.opened_at,"
    " s.reason, s.revision, s.lost_through FROM {rows} JOIN stream s ON s.store_id = r.a AND "
    "s.stream = r.b",
    "a b");
inline const Statement kAllStreams(
    "SELECT store_id, stream, confirmed_through, chain, highest_seen, opened_at, reason, revision,"
    " lost_through FROM stream ORDER BY opened_at, stream",
    "");
inline const Statement kStreamCount("SELECT COUNT(*) FROM {rows} JOIN stream s ON s.store_id = r.a",
                                    "a");
inline const Statement kOpenStreams(
    "SELECT store_id, stream, confirmed_through, chain, highest_seen, opened_at, reason, revision,"
    " lost_through FROM stream WHERE confirmed_through < highest_seen",
    "");
inline const Statement kSaveStreams(
    "INSERT INTO stream (store_id, stream, confirmed_through, chain, highest_seen, opened_at,"
    " reason, revision, lost_through)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i FROM {rows} WHERE true"
    " ON CONFLICT (store_id, stream) DO UPDATE SET"
    " confirmed_through = excluded.confirmed_through, chain = excluded.chain,"
    " highest_seen = excluded.highest_seen, reason = excluded.reason,"
    " revision = excluded.revision, lost_through = excluded.lost_through",
    "a b c# d e# f g h# i#");
inline const Statement kStreamsOfStores(
    "SELECT s.store_id, s.stream, s.confirmed_through, s.chain FROM {rows}"
    " JOIN stream s ON s.store_id = r.a ORDER BY s.store_id, s.opened_at DESC, s.stream DESC",
    "a");
// Where the watermark stands on a number that is lost: the last event below it.
inline const Statement kStoredOfStores(
    "SELECT e.store_id, e.stream, e.sequence, e.chain FROM {rows}"
    " JOIN stream s ON s.store_id = r.a JOIN event e ON e.store_id = s.store_id"
    " AND e.stream = s.stream AND e.sequence = (SELECT MAX(x.sequence) FROM event x"
    " WHERE x.store_id = s.store_id AND x.stream = s.stream AND x.sequence <= s.confirmed_through)"
    " WHERE s.lost_through >= s.confirmed_through AND e.sequence < s.confirmed_through",
    "a");
inline const Statement kOwedOfStores(
    "SELECT o.store_id, o.stream, o.sequence FROM {rows} JOIN owed o ON o.store_id = r.a"
    " ORDER BY o.store_id, o.stream, o.sequence",
    "a");

// A question for each id: as a join it is planned by guesses about how many rows have counted, and
// PostgreSQL then reads all of them.
inline const Statement kCountedIds(
    "SELECT r.a, (SELECT 1 FROM event e WHERE e.id = r.a AND e.counted = 1),"
    " (SELECT 1 FROM unapplied u WHERE u.id = r.a LIMIT 1) FROM {rows}",
    "a");
inline const Statement kEvents(
    "SELECT e.store_id, e.stream, e.sequence, e.id, e.kind, e.occurred_at, e.recorded_at,"
    " e.stored_at, e.chain, e.position, e.body FROM {rows} JOIN event e"
    " ON e.store_id = r.a AND e.stream = r.b AND e.sequence = r.c",
    "a b c#");
inline const Statement kIslands(
    "SELECT e.sequence FROM {rows} JOIN event e"
    " ON e.store_id = r.a AND e.stream = r.b AND e.sequence > r.c ORDER BY e.sequence",
    "a b c#");
// The bounds as scalars: joined to rows PostgreSQL would read the whole table for them.
inline const Statement kCounted(
    "WITH span AS (SELECT r.a, r.b FROM {rows})"
    " SELECT e.store_id, e.stream, e.sequence, e.id, e.kind, e.occurred_at, e.recorded_at,"
    " e.stored_at, e.chain, e.position, e.body FROM event e"
    " WHERE e.position > (SELECT a FROM span) AND e.position <= (SELECT b FROM span)"
    " AND e.position IS NOT NULL ORDER BY e.position",
    "a# b#");
inline const Statement kInsertEvents(
    "INSERT INTO event (position, store_id, stream, sequence, id, kind, occurred_at, recorded_at,"
    " stored_at, chain, counted, body, hash)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j, r.k, r.l, r.m FROM {rows}",
    "a# b c d# e f g h i j k# l m");
inline const Statement kCountEvents(
    "UPDATE event SET counted = 1, position = r.p, hash = r.h FROM {rows}"
    " WHERE event.store_id = r.a AND event.stream = r.b AND event.sequence = r.c",
    "p# h a b c#");
inline const Statement kFillEvents(
    "UPDATE event SET kind = r.k, body = r.l, occurred_at = r.o, counted = r.n, position = r.p,"
    " hash = r.h FROM {rows}"
    " WHERE event.store_id = r.a AND event.stream = r.b AND event.sequence = r.c",
    "k l o n# p# h a b c#");
inline const Statement kDropEvents(
    "DELETE FROM event WHERE (store_id, stream, sequence) IN (SELECT r.a, r.b, r.c FROM {rows})",
    "a b c#");

inline const Statement kDuplicates(
    "INSERT INTO duplicate (store_id, stream, sequence, id, seen, last_at)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f FROM {rows} WHERE true"
    " ON CONFLICT (store_id, stream, sequence, id) DO UPDATE SET"
    " seen = duplicate.seen + excluded.seen, last_at = excluded.last_at",
    "a b c# d e# f");
inline const Statement kDiverged(
    "INSERT INTO diverged (store_id, stream, sequence, chain, body, at, id, kind, occurred_at,"
    " recorded_at) SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j FROM {rows} WHERE true"
    " ON CONFLICT DO NOTHING",
    "a b c# d e f g h i j");
// What has no effect of its own (parked, stream_opened, loss) stays where it is.
inline const Statement kForgotten(
    "SELECT f.store_id, f.stream, f.sequence, f.id, f.kind, f.occurred_at, f.recorded_at, f.at,"
    " f.chain, 0, f.body FROM {rows} JOIN diverged f ON f.at < r.a"
    " WHERE f.kind NOT IN ('parked', 'stream_opened', 'loss', 'unapplied') AND NOT EXISTS"
    " (SELECT 1 FROM event e WHERE e.id = f.id AND e.counted = 1)"
    " ORDER BY f.at, f.store_id, f.stream, f.sequence LIMIT 200",
    "a");
inline const Statement kLosses(
    "SELECT l.first, l.last, l.reason, l.filled, l.chain, l.open_ended FROM {rows} JOIN loss l"
    " ON l.store_id = r.a AND l.stream = r.b ORDER BY l.first",
    "a b");
// Rows do not overlap, so a conflict is between numbers and an unknown end just before them: one
// row says both.
inline const Statement kSaveLosses(
    "INSERT INTO loss (store_id, stream, first, last, reason, at, chain, open_ended)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h FROM {rows} WHERE true"
    " ON CONFLICT (store_id, stream, first) DO UPDATE SET"
    " chain = CASE WHEN excluded.last > loss.last THEN excluded.chain ELSE loss.chain END,"
    " last = CASE WHEN excluded.last > loss.last THEN excluded.last ELSE loss.last END,"
    " open_ended = CASE WHEN excluded.open_ended > loss.open_ended"
    " THEN excluded.open_ended ELSE loss.open_ended END",
    "a b c# d# e f g h#");
inline const Statement kLossFilled(
    "UPDATE loss SET filled = filled + r.n FROM {rows}"
    " WHERE loss.store_id = r.a AND loss.stream = r.b AND loss.first = r.c",
    "n# a b c#");
inline const Statement kOwed(
    "SELECT o.sequence, o.kind, o.bytes, o.reason, o.data_hash FROM {rows} JOIN owed o"
    " ON o.store_id = r.a AND o.stream = r.b",
    "a b");
inline const Statement kSaveOwed(
    "INSERT INTO owed (store_id, stream, sequence, kind, bytes, reason, data_hash, since)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h FROM {rows} WHERE true"
    " ON CONFLICT DO NOTHING",
    "a b c# d e# f g h");
inline const Statement kOwedOver(
    "DELETE FROM owed WHERE (store_id, stream, sequence) IN (SELECT r.a, r.b, r.c FROM {rows})",
    "a b c#");
inline const Statement kSaveUnapplied(
    "INSERT INTO unapplied (store_id, stream, sequence, chain, id, kind, reason, since, bytes, raw)"
    " SELECT r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, r.i, r.j FROM {rows} WHERE true"
    " ON CONFLICT DO NOTHING",
    "a b c# d e f g h i# j!");
inline const Statement kUnappliedOver(
    "DELETE FROM unapplied WHERE (store_id, stream, sequence, chain) IN"
    " (SELECT r.a, r.b, r.c, r.d FROM {rows})",
    "a b c# d");
inline const Statement kUnappliedKept(
    "SELECT COUNT(*), COALESCE(SUM(u.bytes), 0) FROM {rows} JOIN unapplied u"
    " ON u.store_id = r.a",
    "a");
inline const Statement kUnappliedOfStores(
    "SELECT u.store_id, u.stream, u.sequence FROM {rows} JOIN unapplied u ON u.store_id = r.a"
    " ORDER BY u.store_id, u.stream, u.sequence",
    "a");
// The next ones in the order of their keys.
inline const Statement kUnapplied(
    "SELECT u.store_id, u.stream, u.sequence, u.chain, u.id, u.kind, u.reason, u.since, u.raw"
    " FROM {rows} JOIN unapplied u"
    " ON (u.store_id, u.stream, u.sequence, u.chain) > (r.a, r.b, r.c, r.d)"
    " ORDER BY u.store_id, u.stream, u.sequence, u.chain LIMIT 20",
    "a b c# d");

inline const Statement kGaps(
    "SELECT store_id, stream, first, last, since, asked_at FROM gap ORDER BY 1, 2, 3", "");
inline const Statement kClearGaps(
    "DELETE FROM gap WHERE (store_id, stream) IN (SELECT r.a, r.b FROM {rows})", "a b");
inline const Statement kSaveGaps(
    "INSERT INTO gap (store_id, stream, first, last, since, asked_at)"
    " SELECT r.a, r.b, r.c, r.d, r.e, NULLIF(r.f, '') FROM {rows}",
    "a b c# d# e f");

}  // namespace tillrelay::collector::sql
