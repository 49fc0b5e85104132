#include "collector/exceptions/orders.h"

#include "collector/exceptions/exception_table.h"

namespace tillrelay::collector {

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

}  // namespace tillrelay::collector
