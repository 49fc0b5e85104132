#include "collector/exceptions/orders.h"

#include <fmt/format.h>

#include "collector/exceptions/exception_table.h"
#include "common/redact/card_redaction.h"

namespace tillrelay::collector {
namespace {

void Redact(std::initializer_list<std::string*> texts) {
  for (std::string* text : texts) *text = redact::RedactNote(*text);
}

void Redact(Order* order) {
  if (auto* d = std::get_if<ExceptionOrder>(order)) Redact({&d->note, &d->actor, &d->assignee});
  if (auto* s = std::get_if<DaySigning>(order)) Redact({&s->note, &s->actor});
  if (auto* s = std::get_if<SinkOrder>(order)) Redact({&s->note, &s->actor});
}

Status DecideSink(Sql* sql, const SinkOrder& order, const std::string& now) {
  TRY(OrderSink(sql, order));
  const std::string note =
      order.cursor.empty() ? order.note : fmt::format("{} ({})", order.note, order.cursor);
  return SaveAudit(sql, {{{"", std::string(kSinkHistory), order.name},
                          {now, order.actor, order.token, order.action, "", note}}});
}

}  // namespace

bool Orders::Push(Order order, Done done) {
  Redact(&order);
  Lock lock(mutex_);
  if (waiting_.size() >= kWaiting) return false;
  waiting_.emplace_back(std::move(order), std::move(done));
  return true;
}

std::vector<std::pair<Order, Orders::Done>> Orders::Take() {
  Lock lock(mutex_);
  return std::exchange(waiting_, {});
}

Status DecideException(Sql* sql, const ExceptionOrder& order, const std::string& now) {
  TRY(CheckOrder(order));
  auto known = ReadExceptions(sql, {order.key});
  if (!known.ok()) return std::move(known).status();
  if (known->empty()) return NotFound("there is no such exception");
  auto decided = AfterOrder(known->begin()->second, order, now);
  if (!decided.ok()) return std::move(decided).status();
  TRY(SaveExceptions(sql, {*decided}));
  return SaveAudit(
      sql,
      {{order.key, {now, order.actor, order.token, decided->state, order.assignee, order.note}}});
}

Status CarryOut(Sql* sql, const Order& order, const std::string& now) {
  if (const auto* decision = std::get_if<ExceptionOrder>(&order)) {
    return DecideException(sql, *decision, now);
  }
  if (const auto* sink = std::get_if<SinkOrder>(&order)) return DecideSink(sql, *sink, now);
  return SignDay(sql, std::get<DaySigning>(order), now);
}

std::string OrderText(const Order& order) {
  if (const auto* d = std::get_if<ExceptionOrder>(&order)) {
    return fmt::format("{}: {} of store {} is {}", d->actor, d->key.kind, d->key.store, d->state);
  }
  if (const auto* s = std::get_if<SinkOrder>(&order)) {
    return fmt::format("{}: sink {}: {}", s->actor, s->name, s->action);
  }
  const auto& s = std::get<DaySigning>(order);
  return fmt::format("{}: day {} of store {} is {}", s.actor, s.business_day, s.store,
                     s.is_signed ? "signed" : "open");
}

}  // namespace tillrelay::collector
