// What a document says of its money, gathered for turnover.h.
#include "common/base/json_reader.h"
#include "common/event/turnover.h"

namespace tillrelay::event {
namespace {

using Amount = Turnover::Amount;

Amount NumberOf(JsonValue from, std::string_view member) {
  const JsonValue value = from.Find(member);
  if (!value.is_string() && !value.is_number()) return std::nullopt;
  const auto number = Decimal::Parse(value.text());
  return number.ok() ? Amount(*number) : std::nullopt;
}

void AddLine(JsonValue line, Turnover* turnover) {
  const std::string_view action = line.String("action");
  turnover->AddLine({action, NumberOf(line, "net_amount"), NumberOf(line, "extended_amount"),
                     NumberOf(line, "discount_amount"), NumberOf(line, "unit_price"),
                     NumberOf(line, "quantity"), line.Find("non_stock").is_true()});
  for (const JsonValue tax : line.Find("taxes")) {
    turnover->AddLineTax(action, NumberOf(tax, "rate"), NumberOf(tax, "amount"));
  }
}

Totals TotalsOf(JsonValue from) {
  Totals totals;
  totals.net_amount = NumberOf(from, "net_amount");
  totals.tax_amount = NumberOf(from, "tax_amount");
  const JsonValue included = from.Find("tax_included");
  if (included.is_bool()) totals.tax_included = included.is_true();
  totals.discount_amount = NumberOf(from, "discount_amount");
  totals.fee_amount = NumberOf(from, "fee_amount");
  totals.rounding_amount = NumberOf(from, "rounding_amount");
  totals.grand_amount = NumberOf(from, "grand_amount");
  return totals;
}

}  // namespace

Turnover TurnoverOf(const Event& event) {
  Turnover turnover(event.kind);
  for (const Line& line : event.lines) {
    turnover.AddLine({line.action, line.net_amount, line.extended_amount, line.discount_amount,
                      line.unit_price, line.quantity, line.non_stock.value_or(false)});
    for (const Tax& tax : line.taxes) turnover.AddLineTax(line.action, tax.rate, tax.amount);
  }
  if (!turnover.CanTurn()) return turnover;
  if (event.totals) turnover.SetTotals(*event.totals);
  for (const Tender& tender : event.tenders) turnover.AddTender(tender.type, tender.amount);
  for (const Tax& tax : event.taxes) turnover.AddTax(tax.rate, tax.base, tax.amount);
  turnover.SetAmounts(event.amounts);
  if (event.origin) turnover.SetDialect(event.origin->dialect);
  return turnover;
}

Turnover TurnoverOf(Kind kind, JsonValue data) {
  Turnover turnover(kind);
  for (const JsonValue line : data.Find("lines")) AddLine(line, &turnover);
  if (!turnover.CanTurn()) return turnover;
  turnover.SetTotals(TotalsOf(data.Find("totals")));
  for (const JsonValue tender : data.Find("tenders")) {
    turnover.AddTender(tender.String("type"), NumberOf(tender, "amount"));
  }
  for (const JsonValue tax : data.Find("taxes")) {
    turnover.AddTax(NumberOf(tax, "rate"), NumberOf(tax, "base"), NumberOf(tax, "amount"));
  }
  turnover.SetAmounts(data.String("amounts"));
  turnover.SetDialect(data.Find("origin").String("dialect"));
  return turnover;
}

}  // namespace tillrelay::event
