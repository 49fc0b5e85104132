#include "collector/ledger/receipt.h"

#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/turnover.h"

namespace tillrelay::collector {
namespace {

std::string Text(JsonValue from, std::string_view member) {
  const std::string_view text = from.String(member);
  return event::FaultOfId(text).empty() ? std::string(text) : Printable(text, event::kMaxIdBytes);
}

// A number, or a text that is one.
Amount Number(JsonValue from, std::string_view member) {
  const JsonValue value = from.Find(member);
  if (!value.is_string() && !value.is_number()) return std::nullopt;
  const auto number = Decimal::Parse(value.text());
  return number.ok() ? Amount(number->micros()) : std::nullopt;
}

Amount Counted(Amount amount, bool turns) { return amount && turns ? Amount(-*amount) : amount; }

// What `read` makes of each element of a list.
template <typename Part, typename Read>
std::vector<Part> Parts(JsonValue list, Read read) {
  std::vector<Part> parts;
  if (!list.is_array()) return parts;
  for (const JsonValue part : list) {
    if (parts.size() == event::kMaxParts) break;
    parts.push_back(read(part));
  }
  return parts;
}

Receipt::Line LineOf(JsonValue from) {
  Receipt::Line line;
  const JsonValue item = from.Find("item");
  line.item = Text(item, item.String("sku").empty() ? "gtin" : "sku");
  line.gtin = Text(item, "gtin");
  line.action = Text(from, "action");
  line.uom = Text(from, "uom");
  line.lot = Text(from, "lot");
  line.quantity = Number(from, "quantity");
  line.unit_price = Number(from, "unit_price");
  line.discount = Number(from, "discount_amount");
  line.net = Number(from, "net_amount");
  return line;
}

Receipt::Tender TenderOf(JsonValue from) { return {Text(from, "type"), Number(from, "amount")}; }

Receipt::Tax TaxOf(JsonValue from) {
  return {Number(from, "rate"), Number(from, "base"), Number(from, "amount")};
}

}  // namespace

std::optional<Receipt> ReadReceipt(const PostingSource& from, JsonValue data) {
  const JsonValue transaction = data.Find("transaction");
  if (!transaction.is_object()) return std::nullopt;
  Receipt receipt;
  receipt.store = from.store;
  receipt.kind = from.kind;
  receipt.occurred_at = from.time;
  receipt.business_day = Text(transaction, "business_day");
  receipt.register_id = Text(transaction, "register_id");
  receipt.transaction_no = Text(transaction, "transaction_no");
  receipt.status = Text(transaction, "status");
  receipt.currency = Text(data, "currency");
  const JsonValue totals = data.Find("totals"), voids = data.Find("voids");
  const auto turns =
      event::TurnoverOf(event::ParseKind(from.kind).value_or(event::Kind::kSale), data).Decide();
  receipt.net = Counted(Number(totals, "net_amount"), turns.net);
  receipt.tax = Counted(Number(totals, "tax_amount"), turns.tax);
  receipt.grand = Counted(Number(totals, "grand_amount"), turns.grand);
  receipt.voids_day = Text(voids, "business_day");
  receipt.voids_register = Text(voids, "register_id");
  receipt.voids_no = Text(voids, "transaction_no");
  receipt.lines = Parts<Receipt::Line>(data.Find("lines"), LineOf);
  receipt.tenders = Parts<Receipt::Tender>(data.Find("tenders"), TenderOf);
  receipt.taxes = Parts<Receipt::Tax>(data.Find("taxes"), TaxOf);
  for (Receipt::Tender& tender : receipt.tenders) {
    tender.amount = Counted(tender.amount, turns.tenders);
  }
  for (Receipt::Tax& tax : receipt.taxes) {
    tax.base = Counted(tax.base, turns.taxes);
    tax.amount = Counted(tax.amount, turns.taxes);
  }
  return receipt;
}

}  // namespace tillrelay::collector
