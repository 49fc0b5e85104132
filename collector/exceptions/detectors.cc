#include "collector/exceptions/detectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "collector/ledger/reconciliation.h"
#include "common/base/decimal.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kPositionsAtOnce = 100'000;
constexpr uint64_t kLastLine = INT64_MAX;

// What the exceptions of `kind` do not say yet of the conditions that `source` gives: store_id,
// subject, item, uom, since, weight, detail.
#define TILLRELAY_NEW(kind, source)                                                             \
  "SELECT f.store_id, f.subject, f.item, f.uom, f.since, f.weight, f.detail FROM (" source      \
  ") f LEFT JOIN exception x ON x.store_id = f.store_id AND x.kind = '" kind                    \
  "' AND x.subject = f.subject WHERE x.store_id IS NULL OR x.ended = 1 OR x.weight <> f.weight" \
  " LIMIT 500"
// `keys` gives store_id and subject of all conditions.
#define TILLRELAY_GONE(kind, keys)                                      \
  "SELECT x.store_id, x.subject FROM exception x WHERE x.kind = '" kind \
  "' AND x.ended = 0"                                                   \
  " EXCEPT SELECT " keys " LIMIT 500"

// Sinks that wait for a person are another kind.
#define TILLRELAY_BEHIND                                                            \
  "{rows} JOIN sink k ON k.halted = '' JOIN event e ON e.position = k.position + 1" \
  " AND e.position IS NOT NULL AND e.stored_at < r.a"

#define TILLRELAY_HELD(reason)                                                              \
  "SELECT h.store_id, h.item || ' ' || h.uom || ' ' || h.bucket AS subject, h.item, h.uom," \
  " MIN(h.since) AS since, COUNT(*) AS weight, MIN(h.as_of) AS detail FROM held_count h"    \
  " WHERE h.reason = '" reason "' GROUP BY h.store_id, h.item, h.uom, h.bucket"
#define TILLRELAY_HELD_KEYS(reason) \
  "store_id, item || ' ' || uom || ' ' || bucket FROM held_count WHERE reason = '" reason "'"
// Of the streams in which something came lately, everything.
#define TILLRELAY_ASIDE(table, at)                                                           \
  "SELECT d.store_id, d.stream AS subject, '' AS item, '' AS uom, MIN(d." at                 \
  ") AS since,"                                                                              \
  " COUNT(*) AS weight, '' AS detail FROM (SELECT DISTINCT n.store_id, n.stream FROM {rows}" \
  " JOIN " table " n ON n." at " >= r.a) k JOIN " table                                      \
  " d ON d.store_id = k.store_id AND d.stream = k.stream GROUP BY d.store_id, d.stream"

enum class Cutoff { kNone, kTransit, kGap, kLately, kSink };

struct Detector {
  const char* kind;
  Statement fresh, gone;
  Cutoff cutoff = Cutoff::kNone;
};

const Detector kDetectors[] = {
    {"negative_stock",
     {TILLRELAY_NEW("negative_stock",
                    "SELECT n.store_id, n.item || ' ' || n.uom || ' ' || n.bucket AS subject,"
                    " n.item, n.uom, n.since, CAST(ROUND(-1000000 * CASE n.bucket"
                    " WHEN 'on_hand' THEN s.on_hand WHEN 'reserved' THEN s.reserved"
                    " WHEN 'damaged' THEN s.damaged ELSE s.in_transit END) AS BIGINT) AS weight,"
                    " n.bucket AS detail FROM negative_cell n JOIN stock s"
                    " ON s.store_id = n.store_id AND s.item = n.item AND s.uom = n.uom"),
      ""},
     {TILLRELAY_GONE("negative_stock",
                     "store_id, item || ' ' || uom || ' ' || bucket FROM negative_cell"),
      ""}},
    {"transit_overdue",
     {TILLRELAY_NEW("transit_overdue",
                    "SELECT t.store_id, t.transfer_id || ' ' || t.item || ' ' || t.uom AS subject,"
                    " t.item, t.uom, t.since, CAST(ROUND(ABS(t.quantity) * 1000000) AS BIGINT)"
                    " AS weight, t.transfer_id AS detail FROM {rows} JOIN transit t"
                    " ON t.since > 0 AND t.since < r.a"),
      "a#"},
     {TILLRELAY_GONE("transit_overdue",
                     "store_id, transfer_id || ' ' || item || ' ' || uom FROM transit"),
      ""},
     Cutoff::kTransit},
    {"count_ahead",
     {TILLRELAY_NEW("count_ahead", TILLRELAY_HELD("ahead")), ""},
     {TILLRELAY_GONE("count_ahead", TILLRELAY_HELD_KEYS("ahead")), ""}},
    {"count_too_old",
     {TILLRELAY_NEW("count_too_old", TILLRELAY_HELD("too_old")), ""},
     {TILLRELAY_GONE("count_too_old", TILLRELAY_HELD_KEYS("too_old")), ""}},
    {"loss",
     {TILLRELAY_NEW("loss",
                    "SELECT l.store_id, l.stream || ' ' || l.first AS subject, '' AS item,"
                    " '' AS uom, l.at AS since, l.last - l.first + 1 - l.filled + l.open_ended"
                    " AS weight, l.reason AS detail FROM loss l"
                    " WHERE l.last - l.first + 1 > l.filled OR l.open_ended = 1"),
      ""},
     {TILLRELAY_GONE("loss",
                     "store_id, stream || ' ' || first FROM loss"
                     " WHERE last - first + 1 > filled OR open_ended = 1"),
      ""}},
    {"conflict",
     {TILLRELAY_NEW("conflict", TILLRELAY_ASIDE("diverged", "at")), "a"},
     {},
     Cutoff::kLately},
    {"doubtful",
     {TILLRELAY_NEW("doubtful", TILLRELAY_ASIDE("doubtful", "since")), "a"},
     {},
     Cutoff::kLately},
    {"owed_body",
     {TILLRELAY_NEW("owed_body",
                    "SELECT o.store_id, o.stream || ' ' || o.sequence AS subject, '' AS item,"
                    " '' AS uom, o.since, 1 AS weight, o.kind || ', ' || o.bytes || ' bytes'"
                    " AS detail FROM owed o"),
      ""},
     {TILLRELAY_GONE("owed_body", "store_id, stream || ' ' || sequence FROM owed"), ""}},
    {"unapplied_event",
     {TILLRELAY_NEW("unapplied_event",
                    "SELECT u.store_id, u.stream || ' ' || u.sequence || ' '"
                    " || SUBSTR(u.chain, 1, 8) AS subject, '' AS item, '' AS uom, u.since,"
                    " 1 AS weight, u.kind || ', ' || u.reason AS detail FROM unapplied u"),
      ""},
     {TILLRELAY_GONE("unapplied_event",
                     "store_id, stream || ' ' || sequence || ' ' || SUBSTR(chain, 1, 8)"
                     " FROM unapplied"),
      ""}},
    {"day_not_balanced",
     {TILLRELAY_NEW("day_not_balanced",
                    "SELECT y.store_id, y.business_day AS subject, '' AS item, '' AS uom,"
                    " y.closed_at AS since, y.difference + 1 AS weight, y.currency || ' ' ||"
                    " y.blocks AS detail FROM store_day y WHERE y.blocks <> ''"
                    " AND y.signed_at = '' AND y.agrees = 1"),
      ""},
     {TILLRELAY_GONE("day_not_balanced",
                     "store_id, business_day FROM store_day WHERE blocks <> ''"
                     " AND signed_at = '' AND agrees = 1"),
      ""}},
    {"day_disagreement",
     {TILLRELAY_NEW("day_disagreement",
                    "SELECT y.store_id, y.business_day AS subject, '' AS item, '' AS uom,"
                    " y.closed_at AS since, y.difference + 1 AS weight, y.currency || ' ' ||"
                    " y.blocks AS detail FROM store_day y WHERE y.blocks <> ''"
                    " AND y.signed_at = '' AND y.agrees = 0"),
      ""},
     {TILLRELAY_GONE("day_disagreement",
                     "store_id, business_day FROM store_day WHERE blocks <> ''"
                     " AND signed_at = '' AND agrees = 0"),
      ""}},
    {"return_rate",
     {TILLRELAY_NEW("return_rate",
                    "SELECT y.store_id, y.business_day AS subject, '' AS item, '' AS uom,"
                    " y.closed_at AS since, y.returned AS weight, y.business_day || ': ' ||"
                    " y.returns_off AS detail FROM store_day y WHERE y.returns_off <> ''"
                    " AND y.signed_at = ''"),
      ""},
     {TILLRELAY_GONE("return_rate",
                     "store_id, business_day FROM store_day WHERE returns_off <> ''"
                     " AND signed_at = ''"),
      ""}},
    {"missing_numbers",
     {TILLRELAY_NEW("missing_numbers",
                    "SELECT g.store_id, g.stream AS subject, '' AS item, '' AS uom,"
                    " MIN(g.since) AS since, CAST(SUM(g.last - g.first + 1) AS BIGINT) AS weight,"
                    " '' AS detail FROM {rows} JOIN gap g ON g.since < r.a"
                    " GROUP BY g.store_id, g.stream"),
      "a"},
     {TILLRELAY_GONE("missing_numbers", "store_id, stream FROM gap"), ""},
     Cutoff::kGap},
    {"sink_halted",
     {TILLRELAY_NEW("sink_halted",
                    "SELECT '' AS store_id, k.name AS subject, '' AS item, '' AS uom,"
                    " k.failed_at AS since, k.position + 1 AS weight,"
                    " k.name || ': ' || k.failure AS detail FROM sink k WHERE k.halted <> ''"),
      ""},
     {TILLRELAY_GONE("sink_halted", "'' AS store_id, name FROM sink WHERE halted <> ''"), ""}},
    {"sink_behind",
     {TILLRELAY_NEW("sink_behind",
                    "SELECT '' AS store_id, k.name AS subject, '' AS item, '' AS uom,"
                    " e.stored_at AS since, 1 AS weight, k.name || CASE WHEN k.paused = 1"
                    " THEN ': paused' WHEN k.failure <> '' THEN ': ' || k.failure ELSE"
                    " ': not delivered in time' END AS detail FROM " TILLRELAY_BEHIND),
      "a"},
     {TILLRELAY_GONE("sink_behind", "'' AS store_id, k.name FROM " TILLRELAY_BEHIND), "a"},
     Cutoff::kSink},
};

const Statement kFarOff(
    "SELECT m.store_id, m.item || ' ' || m.uom || ' ' || m.bucket, m.item, m.uom, m.at,"
    " ABS(m.change), m.quantity, m.quantity - m.change, m.position, m.line FROM {rows}"
    " JOIN movement m ON m.applied = 'set' AND m.position >= r.a AND m.position <= r.b"
    " AND (m.position, m.line) > (r.a, r.e)"
    " AND m.quantity - m.change > 0 AND ABS(m.change) >= r.c"
    " AND ABS(m.change) >= (m.quantity - m.change) / 100 * r.d ORDER BY m.position, m.line"
    " LIMIT 500",
    "a# b# c# d# e#");
// The unit price that a register told last, among the last movements of the cell.
const Statement kPrices(
    "SELECT r.a, r.b, r.c, (SELECT CAST(ROUND(ABS(l.unit_price) * 1000000) AS BIGINT) || ' ' ||"
    " p.currency FROM (SELECT m.position FROM movement m WHERE m.store_id = r.a AND m.item = r.b"
    " AND m.uom = r.c AND m.bucket = 'on_hand' ORDER BY m.at DESC, m.position DESC LIMIT 8) n"
    " JOIN receipt_line l ON l.position = n.position AND l.item = r.b AND l.unit_price IS NOT NULL"
    " JOIN receipt p ON p.position = n.position ORDER BY n.position DESC LIMIT 1) FROM {rows}",
    "a b c");

// A finding and the unit of its item.
struct PricedFinding {
  Finding finding;
  std::string uom;
};

std::string Quantity(int64_t micros) { return Decimal::FromMicros(micros).Shortest(); }
std::string TimeOf(int64_t micros) {
  return event::UtcText(WallTime(std::chrono::microseconds(micros)));
}

std::string DetailOf(std::string_view kind, int64_t weight, const std::string& uom,
                     const std::string& raw) {
  if (kind == "negative_stock") return fmt::format("-{} {} {}", Quantity(weight), uom, raw);
  if (kind == "transit_overdue") {
    return fmt::format("{} {} of transfer {}", Quantity(weight), uom, raw);
  }
  if (kind == "count_ahead" || kind == "count_too_old") {
    int64_t as_of = 0;
    (void)std::from_chars(raw.data(), raw.data() + raw.size(), as_of);
    return "counted as of " + TimeOf(as_of);
  }
  if (kind == "loss") return fmt::format("{} numbers: {}", weight, raw);
  if (kind == "missing_numbers") return fmt::format("{} numbers", weight);
  return raw.empty() ? fmt::format("{} events", weight) : raw;
}

// "EUR register 3: mismatch": what is over or short, and why.
void SplitDay(const std::string& text, Finding* f) {
  const size_t blank = text.find(' ');
  f->detail = f->key.subject + ", " + text.substr(blank + 1);
  if (f->weight == 1 || text.substr(0, blank) == kSeveralCurrencies) return;
  f->money = f->weight - 1;
  f->currency = text.substr(0, blank);
}

PricedFinding SeenOf(const Rows& rows, size_t i, std::string_view kind) {
  PricedFinding seen;
  Finding& f = seen.finding;
  f.key = {rows.Text(i, 0), std::string(kind), rows.Text(i, 1)};
  f.item = rows.Text(i, 2);
  seen.uom = rows.Text(i, 3);
  f.since = kind == "transit_overdue" ? TimeOf(rows.Int(i, 4)) : rows.Text(i, 4);
  f.weight = rows.Int(i, 5);
  f.detail = DetailOf(kind, f.weight, seen.uom, rows.Text(i, 6));
  f.level = FindKind(kind)->level;
  if (kind.starts_with("day_")) SplitDay(rows.Text(i, 6), &f);
  return seen;
}

// Whole units times the price and parts of a unit times the price; what is beyond the limit is the
// limit.
int64_t Worth(int64_t quantity, int64_t price) {
  constexpr int64_t kUnit = Decimal::kUnit, kMost = Decimal::kMaxMicros;
  const int64_t whole = quantity / kUnit, part = quantity % kUnit;
  if (price > 0 && whole > kMost / price) return kMost;
  const bool small = price < 9'000'000 * kUnit;  // else parts of a unit do not matter
  return std::min(whole * price + (small ? price * part / kUnit : 0), kMost);
}

// Money where a register told what one of it costs.
Result<std::vector<Finding>> Priced(Sql* sql, std::vector<PricedFinding> seen) {
  Input input(kPrices);
  std::map<std::array<std::string, 3>, std::vector<Finding*>> by_cell;
  for (PricedFinding& s : seen) {
    if (s.uom.empty()) continue;
    auto& wanting = by_cell[{s.finding.key.store, s.finding.item, s.uom}];
    if (wanting.empty()) input.Text(s.finding.key.store).Text(s.finding.item).Text(s.uom);
    wanting.push_back(&s.finding);
  }
  if (!by_cell.empty()) {
    auto rows = sql->Run(kPrices, input);
    if (!rows.ok()) return std::move(rows).status();
    for (size_t i = 0; i < rows->size(); ++i) {
      const std::string& text = rows->Text(i, 3);
      const size_t blank = text.find(' ');
      if (blank == std::string::npos) continue;
      const int64_t price = rows->Int(i, 3);
      for (Finding* f : by_cell[{rows->Text(i, 0), rows->Text(i, 1), rows->Text(i, 2)}]) {
        f->money = Worth(f->weight, price);
        f->currency = text.substr(blank + 1);
      }
    }
  }
  std::vector<Finding> findings;
  for (PricedFinding& s : seen) findings.push_back(std::move(s.finding));
  return findings;
}

}  // namespace

size_t TableDetectors::count() { return std::size(kDetectors); }

void TableDetectors::AddCutoff(size_t detector, const DetectorTimes& times, Input* input) const {
  const Cutoff cutoff = kDetectors[detector].cutoff;
  const WallTime overdue = times.now - std::chrono::hours(24 * thresholds_.transit_overdue_days);
  const WallTime behind = times.now - std::chrono::minutes(thresholds_.sink_behind_minutes);
  if (cutoff == Cutoff::kTransit) input->Int(int64_t{overdue.time_since_epoch().count()});
  if (cutoff == Cutoff::kGap) input->Own(event::UtcText(times.now - kGapPatience));
  if (cutoff == Cutoff::kLately) input->Own(event::UtcText(times.looked_at));
  if (cutoff == Cutoff::kSink) input->Own(event::UtcText(behind));
}

Result<std::vector<Finding>> TableDetectors::New(Sql* sql, size_t detector,
                                                 const DetectorTimes& times) const {
  const Detector& d = kDetectors[detector];
  Input input(d.fresh);
  AddCutoff(detector, times, &input);
  auto rows = sql->Run(d.fresh, input);
  if (!rows.ok()) return std::move(rows).status();
  std::vector<PricedFinding> seen;
  for (size_t i = 0; i < rows->size(); ++i) seen.push_back(SeenOf(*rows, i, d.kind));
  return Priced(sql, std::move(seen));
}

Result<std::vector<ExceptionKey>> TableDetectors::Gone(Sql* sql, size_t detector,
                                                       const DetectorTimes& times) const {
  const Detector& d = kDetectors[detector];
  std::vector<ExceptionKey> gone;
  if (*d.gone.text == '\0') return gone;
  Input input(d.gone);
  if (*d.gone.columns != '\0') AddCutoff(detector, times, &input);
  auto rows = sql->Run(d.gone, input);
  if (!rows.ok()) return std::move(rows).status();
  for (size_t i = 0; i < rows->size(); ++i) {
    gone.push_back({rows->Text(i, 0), d.kind, rows->Text(i, 1)});
  }
  return gone;
}

Result<std::vector<Finding>> TableDetectors::FarOffCounts(Sql* sql, const LineMark& after,
                                                          uint64_t head, LineMark* through) const {
  *through = {std::min(head, after.position + kPositionsAtOnce), kLastLine};
  Input input(kFarOff);
  input.Int(after.position).Int(through->position);
  input.Int(thresholds_.count_off_units * Decimal::kUnit).Int(thresholds_.count_off_percent);
  auto rows = sql->Run(kFarOff, input.Int(after.line));
  if (!rows.ok()) return std::move(rows).status();
  std::vector<PricedFinding> seen;
  for (size_t i = 0; i < rows->size(); ++i) {
    PricedFinding& s = seen.emplace_back();
    Finding& f = s.finding;
    f.key = {rows->Text(i, 0), "count_far_off", rows->Text(i, 1)};
    f.item = rows->Text(i, 2);
    s.uom = rows->Text(i, 3);
    f.since = TimeOf(rows->Int(i, 4));
    f.weight = rows->Int(i, 5);
    f.detail = fmt::format("counted {}, expected {}", Quantity(rows->Int(i, 6)),
                           Quantity(rows->Int(i, 7)));
  }
  if (rows->size() == kAtOnce)
    *through = {rows->Unsigned(kAtOnce - 1, 8), rows->Unsigned(kAtOnce - 1, 9)};
  return Priced(sql, std::move(seen));
}

}  // namespace tillrelay::collector
