#include "collector/db/schema.h"

#include <string_view>
#include <utility>

namespace tillrelay::collector {
namespace {

// {t} text compared by bytes, {i} a 64-bit integer, {b} bytes, {wr} a table that is its primary
// key. position: the order of commit over counted rows, without holes; NULL elsewhere. counted: 0
// while the row lies above the watermark, and for ever if its id had already counted.
constexpr const char* kFirst = R"sql(
CREATE TABLE event (
  position {i}, store_id {t} NOT NULL, stream {t} NOT NULL, sequence {i} NOT NULL,
  id {t} NOT NULL, kind {t} NOT NULL, occurred_at {t} NOT NULL, recorded_at {t} NOT NULL,
  stored_at {t} NOT NULL, chain {t} NOT NULL, counted {i} NOT NULL, body {t} NOT NULL,
  UNIQUE (store_id, stream, sequence));
CREATE UNIQUE INDEX event_counted_id ON event (id) WHERE counted = 1;
CREATE UNIQUE INDEX event_position ON event (position) WHERE position IS NOT NULL;

CREATE TABLE stream (
  store_id {t} NOT NULL, stream {t} NOT NULL, confirmed_through {i} NOT NULL,
  chain {t} NOT NULL, highest_seen {i} NOT NULL, opened_at {t} NOT NULL, reason {t},
  revision {i} NOT NULL DEFAULT 0,
  UNIQUE (store_id, stream));

CREATE TABLE gap (
  store_id {t} NOT NULL, stream {t} NOT NULL, first {i} NOT NULL, last {i} NOT NULL,
  since {t} NOT NULL, asked_at {t},
  PRIMARY KEY (store_id, stream, first)) {wr};

CREATE TABLE stock (
  store_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL,
  on_hand NUMERIC NOT NULL, reserved NUMERIC NOT NULL, damaged NUMERIC NOT NULL,
  in_transit NUMERIC NOT NULL,
  PRIMARY KEY (store_id, item, uom)) {wr};

CREATE TABLE transit (
  store_id {t} NOT NULL, transfer_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL,
  quantity NUMERIC NOT NULL,
  PRIMARY KEY (store_id, transfer_id, item, uom)) {wr};

CREATE TABLE duplicate (
  store_id {t} NOT NULL, stream {t} NOT NULL, sequence {i} NOT NULL, id {t} NOT NULL,
  seen {i} NOT NULL, last_at {t} NOT NULL,
  PRIMARY KEY (store_id, stream, sequence, id)) {wr};

CREATE TABLE fork (
  store_id {t} NOT NULL, stream {t} NOT NULL, sequence {i} NOT NULL, chain {t} NOT NULL,
  body {t} NOT NULL, at {t} NOT NULL, id {t} NOT NULL, kind {t} NOT NULL,
  occurred_at {t} NOT NULL, recorded_at {t} NOT NULL,
  PRIMARY KEY (store_id, stream, sequence, chain));

CREATE TABLE loss (
  store_id {t} NOT NULL, stream {t} NOT NULL, first {i} NOT NULL, last {i} NOT NULL,
  reason {t} NOT NULL, at {t} NOT NULL, filled {i} NOT NULL DEFAULT 0,
  PRIMARY KEY (store_id, stream, first)) {wr};

CREATE TABLE counted_at (
  store_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL, bucket {t} NOT NULL,
  as_of {i} NOT NULL,
  PRIMARY KEY (store_id, item, uom, bucket)) {wr};

CREATE TABLE timeline (
  store_id {t} NOT NULL, at {i} NOT NULL, position {i} NOT NULL,
  PRIMARY KEY (store_id, at, position)) {wr};
)sql";

constexpr const char* kSecond = R"sql(
CREATE TABLE head (
  one {i} PRIMARY KEY CHECK (one = 1), position {i} NOT NULL, purged {i} NOT NULL);
INSERT INTO head SELECT 1, COALESCE(MAX(position), 0), 0 FROM event;

CREATE TABLE late (
  position {i} NOT NULL, store_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL,
  bucket {t} NOT NULL, delta NUMERIC NOT NULL, as_of {i} NOT NULL);
CREATE INDEX late_store ON late (store_id, position);

CREATE TABLE owed (
  store_id {t} NOT NULL, stream {t} NOT NULL, sequence {i} NOT NULL, kind {t} NOT NULL,
  bytes {i} NOT NULL, reason {t} NOT NULL, data_hash {t} NOT NULL, since {t} NOT NULL,
  PRIMARY KEY (store_id, stream, sequence)) {wr};

CREATE INDEX stream_open ON stream (store_id, stream) WHERE confirmed_through < highest_seen;
)sql";

// A loss may lie above its stream's watermark, or have no known end.
constexpr const char* kOpenLosses = R"sql(
ALTER TABLE stream ADD COLUMN lost_through {i} NOT NULL DEFAULT 0;
UPDATE stream SET lost_through = (SELECT COALESCE(MAX(l.last), 0) FROM loss l
  WHERE l.store_id = stream.store_id AND l.stream = stream.stream);
ALTER TABLE loss ADD COLUMN chain {t} NOT NULL DEFAULT '00000000000000000000000000000000';
ALTER TABLE loss ADD COLUMN open_ended {i} NOT NULL DEFAULT 0;
)sql";

// Deletion by the time that was seen to pass. Where ids were deleted before, it is not known of
// when: everything before what is kept is doubted.
constexpr const char* kObservedAge = R"sql(
CREATE TABLE observed (one {i} PRIMARY KEY CHECK (one = 1), seen_s {i} NOT NULL);
INSERT INTO observed VALUES (1, 0);
CREATE TABLE age_mark (seen_s {i} PRIMARY KEY, position {i} NOT NULL);
CREATE TABLE forgotten (
  store_id {t} NOT NULL, first_at {t} NOT NULL, last_at {t} NOT NULL,
  PRIMARY KEY (store_id, first_at)) {wr};
INSERT INTO forgotten SELECT store_id, '1970-01-01T00:00:00.000Z', MIN(recorded_at) FROM event
  WHERE counted = 1 AND (SELECT MAX(purged) FROM head) > 0 GROUP BY store_id;
CREATE TABLE doubtful (
  store_id {t} NOT NULL, stream {t} NOT NULL, sequence {i} NOT NULL, id {t} NOT NULL,
  kind {t} NOT NULL, recorded_at {t} NOT NULL, since {t} NOT NULL,
  PRIMARY KEY (store_id, stream, sequence)) {wr};
)sql";

// Events that could not be applied, kept whole.
constexpr const char* kUnapplied = R"sql(
CREATE TABLE unapplied (
  store_id {t} NOT NULL, stream {t} NOT NULL, sequence {i} NOT NULL, chain {t} NOT NULL,
  id {t} NOT NULL, kind {t} NOT NULL, reason {t} NOT NULL, since {t} NOT NULL,
  bytes {i} NOT NULL, raw {b} NOT NULL,
  PRIMARY KEY (store_id, stream, sequence, chain));
CREATE INDEX unapplied_id ON unapplied (id);
)sql";

// What each change did, cell by cell; a running hash for each position; counts that wait. `event`
// is found by its own time through an index now.
constexpr const char* kMovements = R"sql(
CREATE TABLE movement (
  position {i} NOT NULL, line {i} NOT NULL, store_id {t} NOT NULL, item {t} NOT NULL,
  uom {t} NOT NULL, bucket {t} NOT NULL, ref {t} NOT NULL, at {i} NOT NULL, delta {i} NOT NULL,
  applied {t} NOT NULL, change {i} NOT NULL, quantity {i} NOT NULL,
  PRIMARY KEY (position, line)) {wr};
CREATE INDEX movement_cell ON movement (store_id, item, uom, bucket, at, position, delta);
CREATE TABLE held_count (
  position {i} NOT NULL, line {i} NOT NULL, store_id {t} NOT NULL, item {t} NOT NULL,
  uom {t} NOT NULL, bucket {t} NOT NULL, counted {i} NOT NULL, as_of {i} NOT NULL,
  reason {t} NOT NULL, since {t} NOT NULL,
  PRIMARY KEY (position, line)) {wr};
CREATE INDEX held_count_time ON held_count (as_of, position, line);
CREATE TABLE exception (
  store_id {t} NOT NULL, kind {t} NOT NULL, subject {t} NOT NULL, item {t} NOT NULL,
  since {t} NOT NULL, state {t} NOT NULL, note {t} NOT NULL, actor {t} NOT NULL,
  changed_at {t} NOT NULL,
  PRIMARY KEY (store_id, kind, subject)) {wr};
CREATE TABLE rebuilt_stock (
  store_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL,
  on_hand NUMERIC NOT NULL, reserved NUMERIC NOT NULL, damaged NUMERIC NOT NULL,
  in_transit NUMERIC NOT NULL, position {i} NOT NULL,
  PRIMARY KEY (store_id, item, uom)) {wr};
CREATE TABLE rebuilt_transit (
  store_id {t} NOT NULL, transfer_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL,
  quantity NUMERIC NOT NULL, since {i} NOT NULL,
  PRIMARY KEY (store_id, transfer_id, item, uom)) {wr};
CREATE TABLE rebuilt_counted_at (
  store_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL, bucket {t} NOT NULL,
  as_of {i} NOT NULL, position {i} NOT NULL,
  PRIMARY KEY (store_id, item, uom, bucket)) {wr};
ALTER TABLE stock ADD COLUMN position {i} NOT NULL DEFAULT 0;
CREATE INDEX stock_item ON stock (item, store_id, uom);
ALTER TABLE transit ADD COLUMN since {i} NOT NULL DEFAULT 0;
ALTER TABLE counted_at ADD COLUMN position {i} NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN hash {t};
CREATE INDEX event_time ON event (store_id, occurred_at) WHERE position IS NOT NULL;
ALTER TABLE head ADD COLUMN hash {t} NOT NULL DEFAULT '';
ALTER TABLE head ADD COLUMN purged_hash {t} NOT NULL DEFAULT '';
ALTER TABLE head ADD COLUMN changes_after {i} NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN filled_through {i} NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN rebuilt_through {i} NOT NULL DEFAULT 0;
UPDATE head SET hash = {seed}, changes_after = position, filled_through = purged;
UPDATE head SET purged_hash = hash;
INSERT INTO exception SELECT s.store_id, 'negative_stock',
  s.item || ' ' || s.uom || ' ' || b.bucket, s.item, {now}, 'open', '', '', {now}
  FROM stock s JOIN (SELECT 'on_hand' AS bucket UNION SELECT 'reserved' UNION SELECT 'damaged'
  UNION SELECT 'in_transit') b ON (CASE b.bucket WHEN 'on_hand' THEN s.on_hand
  WHEN 'reserved' THEN s.reserved WHEN 'damaged' THEN s.damaged ELSE s.in_transit END) < 0;
DROP TABLE timeline;
DROP TABLE late;
)sql";

// What a warehouse reads, a row for each receipt and each of its lines, tenders and taxes. Lines
// are indexed in blocks of positions (kReceiptBlock): an index by item alone would write another
// page for each line of a transaction, in blocks it writes a few; a search asks block by block.
constexpr const char* kReceipts = R"sql(
CREATE TABLE receipt (
  position {i} NOT NULL PRIMARY KEY, store_id {t} NOT NULL, business_day {t} NOT NULL,
  register_id {t} NOT NULL, transaction_no {t} NOT NULL, kind {t} NOT NULL, status {t} NOT NULL,
  occurred_at {t} NOT NULL, currency {t} NOT NULL, net_amount NUMERIC, tax_amount NUMERIC,
  grand_amount NUMERIC, voids_business_day {t}, voids_register_id {t}, voids_transaction_no {t});
CREATE INDEX receipt_day ON receipt (store_id, business_day, position);
CREATE INDEX receipt_number ON receipt (store_id, transaction_no, position);
CREATE TABLE receipt_line (
  position {i} NOT NULL, line {i} NOT NULL, store_id {t} NOT NULL, action {t} NOT NULL,
  item {t} NOT NULL, gtin {t} NOT NULL, lot {t} NOT NULL, uom {t} NOT NULL, quantity NUMERIC,
  unit_price NUMERIC, discount_amount NUMERIC, net_amount NUMERIC,
  PRIMARY KEY (position, line)) {wr};
CREATE INDEX receipt_line_item ON receipt_line ((position / 2048), item, store_id);
CREATE INDEX receipt_line_lot ON receipt_line (lot, store_id, position) WHERE lot <> '';
CREATE TABLE tender (
  position {i} NOT NULL, line {i} NOT NULL, type {t} NOT NULL, amount NUMERIC,
  PRIMARY KEY (position, line)) {wr};
CREATE TABLE tax (
  position {i} NOT NULL, line {i} NOT NULL, rate NUMERIC, base NUMERIC, amount NUMERIC,
  PRIMARY KEY (position, line)) {wr};
CREATE TABLE warehouse (
  version {i} PRIMARY KEY, fill_through {i} NOT NULL, filled_through {i} NOT NULL);
INSERT INTO warehouse SELECT 1, position, purged FROM head;
)sql";

// Exceptions as work. What an older program knew of them stays; how bad it was when a person
// decided is not known (-1). Of a store that was retired the silence is.
constexpr const char* kExceptions = R"sql(
CREATE TABLE negative_cell (
  store_id {t} NOT NULL, item {t} NOT NULL, uom {t} NOT NULL, bucket {t} NOT NULL,
  since {t} NOT NULL,
  PRIMARY KEY (store_id, item, uom, bucket)) {wr};
INSERT INTO negative_cell SELECT s.store_id, s.item, s.uom, b.bucket, x.since
  FROM exception x JOIN stock s ON s.store_id = x.store_id AND s.item = x.item
  JOIN (SELECT 'on_hand' AS bucket UNION SELECT 'reserved' UNION SELECT 'damaged'
  UNION SELECT 'in_transit') b ON x.subject = s.item || ' ' || s.uom || ' ' || b.bucket
  WHERE x.kind = 'negative_stock';
ALTER TABLE exception ADD COLUMN level {i} NOT NULL DEFAULT 1;
ALTER TABLE exception ADD COLUMN last_seen {t} NOT NULL DEFAULT '';
ALTER TABLE exception ADD COLUMN ended {i} NOT NULL DEFAULT 0;
ALTER TABLE exception ADD COLUMN assignee {t} NOT NULL DEFAULT '';
ALTER TABLE exception ADD COLUMN weight {i} NOT NULL DEFAULT 0;
ALTER TABLE exception ADD COLUMN decided_weight {i} NOT NULL DEFAULT -1;
ALTER TABLE exception ADD COLUMN money {i};
ALTER TABLE exception ADD COLUMN currency {t} NOT NULL DEFAULT '';
ALTER TABLE exception ADD COLUMN detail {t} NOT NULL DEFAULT '';
ALTER TABLE exception ADD COLUMN times {i} NOT NULL DEFAULT 1;
UPDATE exception SET kind = 'silent_store', state = 'retired', level = 2
  WHERE kind = 'retired';
UPDATE exception SET last_seen = changed_at;
CREATE INDEX exception_kind ON exception (kind, ended);
CREATE INDEX exception_item ON exception (store_id, item);
CREATE INDEX exception_standing ON exception (store_id, kind) WHERE ended = 0;
CREATE INDEX exception_closed ON exception (changed_at) WHERE state = 'resolved';
CREATE TABLE exception_audit (
  store_id {t} NOT NULL, kind {t} NOT NULL, subject {t} NOT NULL, number {i} NOT NULL,
  at {t} NOT NULL, actor {t} NOT NULL, token {t} NOT NULL, state {t} NOT NULL,
  assignee {t} NOT NULL, note {t} NOT NULL,
  PRIMARY KEY (store_id, kind, subject, number)) {wr};
CREATE TABLE detector (
  name {t} NOT NULL PRIMARY KEY, position {i} NOT NULL, line {i} NOT NULL, at {t} NOT NULL) {wr};
INSERT INTO detector SELECT 'count_far_off', position, 0, '' FROM head;
INSERT INTO detector VALUES ('round', 0, 0, '');
INSERT INTO detector SELECT 'store_day', position, 0, '' FROM head;
CREATE TABLE day_close (
  store_id {t} NOT NULL, business_day {t} NOT NULL, position {i} NOT NULL,
  PRIMARY KEY (store_id, business_day, position)) {wr};
CREATE TABLE store_day (
  store_id {t} NOT NULL, business_day {t} NOT NULL, received {i} NOT NULL,
  closes {i} NOT NULL, dirty {i} NOT NULL, closed_at {t} NOT NULL DEFAULT '',
  result {t} NOT NULL DEFAULT '', agrees {i} NOT NULL DEFAULT 1, blocks {t} NOT NULL DEFAULT '',
  late {i} NOT NULL DEFAULT 0, registers {t} NOT NULL DEFAULT '[]',
  difference {i} NOT NULL DEFAULT 0, currency {t} NOT NULL DEFAULT '',
  judged_at {t} NOT NULL DEFAULT '', signed_at {t} NOT NULL DEFAULT '',
  signed_by {t} NOT NULL DEFAULT '', signed_note {t} NOT NULL DEFAULT '',
  reopened_at {t} NOT NULL DEFAULT '',
  PRIMARY KEY (store_id, business_day)) {wr};
CREATE INDEX store_day_day ON store_day (business_day);
CREATE INDEX store_day_dirty ON store_day (store_id, business_day)
  WHERE dirty = 1 AND closes > 0;
CREATE INDEX store_day_blocked ON store_day (store_id, business_day)
  WHERE blocks <> '' AND signed_at = '';
CREATE INDEX event_closed ON event (position) WHERE kind = 'day_closed';
CREATE INDEX movement_set ON movement (position, line) WHERE applied = 'set';
CREATE INDEX loss_unfilled ON loss (store_id, stream, first)
  WHERE last - first + 1 > filled OR open_ended = 1;
CREATE INDEX diverged_at ON diverged (at);
CREATE INDEX doubtful_since ON doubtful (since);
)sql";

// Amounts of receipts, tenders and taxes bear the signs that count: all of them are written again.
constexpr const char* kCountedAmounts =
    "UPDATE warehouse SET version = 2, fill_through = (SELECT position FROM head),"
    " filled_through = (SELECT purged FROM head);\n";
// How far each sink has been delivered, and by whom.
constexpr const char* kSinks = R"sql(
CREATE TABLE sink (
  name {t} NOT NULL PRIMARY KEY, position {i} NOT NULL, hash {t} NOT NULL, sending {i} NOT NULL,
  epoch {i} NOT NULL, owner {t} NOT NULL, leased_until {i} NOT NULL, paused {i} NOT NULL,
  halted {t} NOT NULL, failure {t} NOT NULL, failures {i} NOT NULL, failed_at {t} NOT NULL,
  delivered_at {t} NOT NULL, orders {i} NOT NULL, lineage {i} NOT NULL) {wr};
)sql";

// Of what was judged before, nothing is counted: those days prove nothing.
constexpr const char* kReturnRate = R"sql(
ALTER TABLE store_day ADD COLUMN sold {i} NOT NULL DEFAULT 0;
ALTER TABLE store_day ADD COLUMN returned {i} NOT NULL DEFAULT 0;
ALTER TABLE store_day ADD COLUMN returns_off {t} NOT NULL DEFAULT '';
CREATE INDEX store_day_returns ON store_day (store_id, business_day)
  WHERE returns_off <> '' AND signed_at = '';
)sql";

// Named as what it holds: events of another history than ours.
constexpr const char* kDiverged = "ALTER TABLE fork RENAME TO diverged;\n";

// Publications of all tables, which change data capture uses, need a primary key on each.
constexpr const char* kPrimaryKeys = R"sql(
ALTER TABLE event ADD PRIMARY KEY (store_id, stream, sequence);
ALTER TABLE event DROP CONSTRAINT event_store_id_stream_sequence_key;
ALTER TABLE stream ADD PRIMARY KEY (store_id, stream);
ALTER TABLE stream DROP CONSTRAINT stream_store_id_stream_key;
ALTER TABLE schema_version ADD PRIMARY KEY (version);
)sql";

// Tables of version 1 existed in SQLite only.
constexpr const char* kFromFirst = R"sql(
ALTER TABLE moved RENAME TO timeline;
ALTER TABLE stream ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE loss ADD COLUMN filled INTEGER NOT NULL DEFAULT 0;
)sql";

std::string In(Dialect dialect, std::string text) {
  const bool sqlite = dialect == Dialect::kSqlite;
  const std::pair<std::string_view, std::string_view> words[] = {
      {"{t}", sqlite ? "TEXT" : "TEXT COLLATE \"C\""},
      {"{i}", sqlite ? "INTEGER" : "BIGINT"},
      {"{b}", sqlite ? "BLOB" : "BYTEA"},
      {"{seed}", sqlite ? "lower(hex(randomblob(16)))"
                        : "md5(clock_timestamp()::text || random()::text || pg_backend_pid())"},
      {"{now}", sqlite ? "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
                       : "to_char(now() AT TIME ZONE 'utc',"
                         " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"},
      {"{wr}", sqlite ? "WITHOUT ROWID" : ""},
  };
  for (const auto& [word, meaning] : words) {
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
      text.replace(at, word.size(), meaning);
    }
  }
  return text;
}

}  // namespace

Result<std::string> SchemaSteps(Dialect dialect, int64_t from) {
  const std::string ninth = std::string(kCountedAmounts) + kSinks + kReturnRate,
                    eighth = kExceptions + ninth;
  const std::string seventh = std::string(kDiverged) + kReceipts + eighth;
  const std::string keys = dialect == Dialect::kPostgres ? kPrimaryKeys : "";
  const std::string sixth = kMovements + keys + seventh;
  const std::string fifth = kUnapplied + sixth;
  const std::string fourth = kObservedAge + fifth, third = kOpenLosses + fourth;
  if (from == 0) return In(dialect, std::string(kFirst) + kSecond + third);
  if (from == 1 && dialect == Dialect::kSqlite) {
    return In(dialect, std::string(kFromFirst) + kSecond + third);
  }
  if (from == 2) return In(dialect, third);
  if (from == 3) return In(dialect, fourth);
  if (from == 4) return In(dialect, fifth);
  if (from == 5) return In(dialect, sixth);
  if (from == 6) return In(dialect, seventh);
  if (from == 7) return In(dialect, eighth);
  if (from == 8) return In(dialect, ninth);
  return Invalid("the database was written by a newer tillrelay-collector; install that");
}

}  // namespace tillrelay::collector
