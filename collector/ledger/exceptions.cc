#include "collector/ledger/exceptions.h"

#include "collector/db/statements_ledger.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMost = 1000;

const Statement kOne(
    "SELECT x.state FROM {rows} JOIN exception x ON x.store_id = r.a AND x.kind = r.b"
    " AND x.subject = r.c",
    "a b c");
const Statement kDecide(
    "UPDATE exception SET state = r.d, note = r.e, actor = r.f, changed_at = r.g FROM {rows}"
    " WHERE exception.store_id = r.a AND exception.kind = r.b AND exception.subject = r.c",
    "a b c d e f g");
const Statement kRetire(
    "INSERT INTO exception (store_id, kind, subject, item, since, state, note, actor, changed_at)"
    " SELECT r.a, 'retired', '', '', r.d, 'acknowledged', r.b, r.c, r.d FROM {rows} WHERE true"
    " ON CONFLICT (store_id, kind, subject) DO UPDATE SET note = excluded.note,"
    " actor = excluded.actor, changed_at = excluded.changed_at",
    "a b c d");
const Statement kBringBack(
    "DELETE FROM exception WHERE kind = 'retired' AND store_id IN (SELECT r.a FROM {rows})", "a");

const Statement kNewTransits(
    "INSERT INTO exception (store_id, kind, subject, item, since, state, note, actor, changed_at)"
    " SELECT t.store_id, 'transit_overdue', t.transfer_id || ' ' || t.item || ' ' || t.uom,"
    " t.item, r.b, 'open', '', '', r.b FROM {rows} JOIN transit t ON t.since > 0 AND t.since < r.a"
    " WHERE true ON CONFLICT DO NOTHING",
    "a# b");
const Statement kTransitsOver(
    "DELETE FROM exception WHERE kind = 'transit_overdue' AND NOT EXISTS (SELECT 1 FROM transit t"
    " WHERE t.store_id = exception.store_id"
    " AND t.transfer_id || ' ' || t.item || ' ' || t.uom = exception.subject)",
    "");
const Statement kNewLosses(
    "INSERT INTO exception (store_id, kind, subject, item, since, state, note, actor, changed_at)"
    " SELECT l.store_id, 'loss', l.stream || ' ' || l.first, '', l.at, 'open', '', '', l.at"
    " FROM loss l WHERE l.last - l.first + 1 > l.filled OR l.open_ended = 1"
    " ON CONFLICT DO NOTHING",
    "");
const Statement kLossesOver(
    "DELETE FROM exception WHERE kind = 'loss' AND NOT EXISTS (SELECT 1 FROM loss l"
    " WHERE l.store_id = exception.store_id AND l.stream || ' ' || l.first = exception.subject"
    " AND (l.last - l.first + 1 > l.filled OR l.open_ended = 1))",
    "");

#define TILLRELAY_NEGATIVES(bucket)                                                              \
  "INSERT INTO exception (store_id, kind, subject, item, since, state, note, actor, changed_at)" \
  " SELECT s.store_id, 'negative_stock', s.item || ' ' || s.uom || ' " bucket                    \
  "', s.item, r.a,"                                                                              \
  " 'open', '', '', r.a FROM {rows} JOIN stock s ON s." bucket                                   \
  " < 0 WHERE true ON CONFLICT DO NOTHING"
const Statement kNegatives[] = {{TILLRELAY_NEGATIVES("on_hand"), "a"},
                                {TILLRELAY_NEGATIVES("reserved"), "a"},
                                {TILLRELAY_NEGATIVES("damaged"), "a"},
                                {TILLRELAY_NEGATIVES("in_transit"), "a"}};
#undef TILLRELAY_NEGATIVES
const Statement kNegativesOver(
    "DELETE FROM exception WHERE kind = 'negative_stock' AND NOT EXISTS (SELECT 1 FROM stock s"
    " WHERE s.store_id = exception.store_id AND s.item = exception.item"
    " AND ((s.on_hand < 0 AND exception.subject = s.item || ' ' || s.uom || ' on_hand')"
    " OR (s.reserved < 0 AND exception.subject = s.item || ' ' || s.uom || ' reserved')"
    " OR (s.damaged < 0 AND exception.subject = s.item || ' ' || s.uom || ' damaged')"
    " OR (s.in_transit < 0 AND exception.subject = s.item || ' ' || s.uom || ' in_transit')))",
    "");

const Statement kList(
    "SELECT x.store_id, x.kind, x.subject, x.item, x.since, x.state, x.note, x.actor, x.changed_at"
    " FROM {rows} JOIN exception x ON r.a IN ('', x.store_id) AND r.b IN ('', x.kind)"
    " AND r.c IN ('', x.state)"
    " ORDER BY x.since, x.store_id, x.kind, x.subject LIMIT 1001",
    "a b c");

Status CheckOrder(const ExceptionOrder& order) {
  if (!IsName(order.store)) return Invalid("store is no store id");
  const bool retires = order.kind == kRetired;
  const bool known = order.state == "acknowledged" ||
                     (retires ? order.state == "resolved" : order.state == "open");
  if (!known) {
    return Invalid(retires ? "state of retired is acknowledged or resolved"
                           : "state is open or acknowledged");
  }
  if (order.actor.empty() || !event::FaultOfId(order.actor).empty()) {
    return Invalid("actor names who decides");
  }
  if (!event::FaultOfText(order.note).empty()) return Invalid("note is no text");
  return Status::Ok();
}

}  // namespace

bool Orders::Push(ExceptionOrder order, Done done) {
  Lock lock(mutex_);
  if (waiting_.size() >= kWaiting) return false;
  waiting_.emplace_back(std::move(order), std::move(done));
  return true;
}

std::vector<std::pair<ExceptionOrder, Orders::Done>> Orders::Take() {
  Lock lock(mutex_);
  return std::exchange(waiting_, {});
}

Status SetException(Sql* sql, const ExceptionOrder& order, const std::string& now) {
  TRY(CheckOrder(order));
  if (order.kind == kRetired) {
    Input back(kBringBack), retire(kRetire);
    if (order.state == "resolved") return sql->Queue(kBringBack, back.Text(order.store));
    retire.Text(order.store).Text(order.note).Text(order.actor).Text(now);
    return sql->Queue(kRetire, retire);
  }
  Input one(kOne), decide(kDecide);
  auto found = sql->Run(kOne, one.Text(order.store).Text(order.kind).Text(order.subject));
  if (!found.ok()) return std::move(found).status();
  if (found->empty()) return NotFound("there is no such exception");
  decide.Text(order.store).Text(order.kind).Text(order.subject).Text(order.state);
  return sql->Queue(kDecide, decide.Text(order.note).Text(order.actor).Text(now));
}

Status DetectExceptions(Sql* sql, WallTime now) {
  Input transits(kNewTransits);
  transits.Int(int64_t{(now - kTransitPatience).time_since_epoch().count()});
  TRY(sql->Queue(kNewTransits, transits.Own(event::UtcText(now))));
  for (const Statement* step : {&kTransitsOver, &kNewLosses, &kLossesOver, &sql::kHeldOver}) {
    TRY(sql->Queue(*step, Input(*step)));
  }
  return Status::Ok();
}

Status RecountNegatives(Sql* sql, const std::string& now) {
  TRY(sql->Queue(kNegativesOver, Input(kNegativesOver)));
  for (const Statement& negatives : kNegatives) {
    Input input(negatives);
    TRY(sql->Queue(negatives, input.Text(now)));
  }
  return Status::Ok();
}

Result<std::string> ExceptionsJson(Sql* sql, const ExceptionsQuestion& question) {
  Input input(kList);
  auto rows = sql->Run(kList, input.Text(question.store).Text(question.kind).Text(question.state));
  if (!rows.ok()) return std::move(rows).status();
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("exceptions").BeginArray();
  for (size_t i = 0; i < rows->size() && i < kMost; ++i) {
    json.BeginObject().Field("store", rows->Text(i, 0)).Field("kind", rows->Text(i, 1));
    json.Field("subject", rows->Text(i, 2)).Field("item", rows->Text(i, 3));
    json.Field("since", rows->Text(i, 4)).Field("state", rows->Text(i, 5));
    json.Field("note", rows->Text(i, 6)).Field("actor", rows->Text(i, 7));
    json.Field("changed_at", rows->Text(i, 8)).EndObject();
  }
  json.EndArray().Field("more", rows->size() > kMost).EndObject();
  return out;
}

}  // namespace tillrelay::collector
