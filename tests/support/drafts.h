// Drafts for tests: small sales that pass all rules.
#pragma once

#include <string>

#include "common/base/check.h"
#include "common/event/draft.h"

namespace tillrelay::testing {

inline const event::Shop& TestShop() {
  static const event::Shop shop{"0042", {"9"}, event::StoreZone::Load("Europe/Berlin").value()};
  return shop;
}

inline event::Event Sale(const std::string& register_id, int number,
                         const std::string& quantity = "2") {
  event::Event sale;
  sale.kind = event::Kind::kSale;
  auto& t = sale.transaction.emplace();
  t.store_id = "0042";
  t.register_id = register_id;
  t.business_day = "2026-11-21";
  t.transaction_no = std::to_string(number);
  t.end_at = "2026-11-21T17:42:08+01:00";
  auto& line = sale.lines.emplace_back();
  line.item.sku = "100234";
  line.quantity = Decimal::Parse(quantity).value();
  line.uom = "EA";
  return sale;
}

inline event::Draft DraftOf(event::Event event) {
  auto drafted = event::MakeDraft(std::move(event), TestShop());
  CHECK(std::holds_alternative<event::Draft>(drafted));
  return std::get<event::Draft>(std::move(drafted));
}

inline event::Draft SaleDraft(const std::string& register_id, int number,
                              const std::string& quantity = "2") {
  return DraftOf(Sale(register_id, number, quantity));
}

}  // namespace tillrelay::testing
