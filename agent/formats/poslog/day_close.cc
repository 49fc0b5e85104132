#include "agent/formats/poslog/day_close.h"

#include <charconv>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/lines.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

bool Settles(std::string_view name) {
  return OneOf(name, {"BusinessEOD", "POSEOD", "TillSettle", "TillSettlement", "WorkstationSettle",
                      "WorkstationSettlement", "WorkstationClose"});
}

class Totals {
 public:
  explicit Totals(XmlElement settlement) : settlement_(settlement) {}

  // Of the settlement itself or of its Totals.
  std::string_view Text(std::initializer_list<std::string_view> names) const {
    const std::string_view own = FirstText(settlement_, names);
    return own.empty() ? FirstText(settlement_.Child("Totals"), names) : own;
  }
  void Amount(std::initializer_list<std::string_view> names, std::optional<Decimal>* out) {
    if (!ReadNumber(Text(names), out, &rounded)) Refuse(*names.begin());
  }
  void Count(std::initializer_list<std::string_view> names, std::optional<int64_t>* out) {
    const std::string_view text = Text(names);
    if (text.empty()) return;
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end) return Refuse(*names.begin());
    *out = value;
  }

  bool rounded = false;
  std::optional<Rejection> rejection;

 private:
  void Refuse(std::string_view field) {
    if (!rejection) rejection = Rejection{"bad-value", std::string(field), "expected a number"};
  }
  const XmlElement settlement_;
};

}  // namespace

XmlElement SettlementOf(XmlElement root) {
  for (const XmlElement body : root) {
    if (Settles(body.name())) return body;
    if (!OneOf(body.name(), {"ControlTransaction", "TenderControlTransaction"})) continue;
    for (const XmlElement child : body) {
      if (Settles(child.name())) return child;
    }
  }
  return {};
}

std::optional<Rejection> ReadDayClose(const event::Transaction& head, XmlElement settlement,
                                      event::Event* event, bool* mapped) {
  Totals totals(settlement);
  const std::string_view z_no =
      totals.Text({"ZNumber", "ZReportNumber", "ZNo", "SettlementNumber", "ReportingPeriodID"});
  *mapped = !z_no.empty() && !head.register_id.empty() && !head.business_day.empty();
  if (!*mapped) return std::nullopt;
  event->kind = event::Kind::kDayClosed;
  event->close.emplace(event::Close{head.store_id, head.register_id, std::nullopt,
                                    head.business_day, Short(z_no, kMaxIdBytes), head.end_at});
  event::PosControl& control = event->pos_control.emplace();
  const auto id = [&totals](std::initializer_list<std::string_view> names) {
    return Short(totals.Text(names), kMaxIdBytes);
  };
  control.first_transaction_no = id({"FirstTransactionSequenceNumber", "FirstSequenceNumber"});
  control.last_transaction_no = id({"LastTransactionSequenceNumber", "LastSequenceNumber"});
  totals.Count({"TotalTransactionCount", "TransactionCount"}, &control.transaction_count);
  totals.Count({"TotalSaleTransactionCount", "SaleCount"}, &control.sale_count);
  totals.Count({"TotalReturnTransactionCount", "ReturnCount"}, &control.return_count);
  totals.Count({"TotalPostTransactionVoidCount", "PostVoidCount"}, &control.post_void_count);
  totals.Amount({"NetSalesTotalAmount", "TotalNetSalesAmount", "NetSalesAmount"},
                &control.net_amount);
  totals.Amount({"TaxTotalAmount", "TotalTaxAmount", "TaxAmount"}, &control.tax_amount);
  totals.Amount({"NonResettableGrandTotalAmount", "GrandTotalNonResettable"},
                &control.grand_total_non_resettable);
  if (totals.rounded) event->origin->flags.emplace_back("rounded");
  return std::move(totals.rejection);
}

}  // namespace tillrelay::formats::poslog
