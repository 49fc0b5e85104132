#include "collector/ledger/receipt_fill.h"

#include <algorithm>

#include "collector/ledger/receipt.h"

namespace tillrelay::collector {
namespace {

std::vector<Receipt> ReceiptsOf(std::vector<EventRow>* events) {
  JsonParser parser;
  std::vector<Receipt> receipts;
  for (EventRow& e : *events) {
    auto data = parser.Parse(e.body);
    if (!data.ok()) continue;
    auto receipt = ReadReceipt({e.key.store, e.kind, e.occurred_at}, *data);
    if (!receipt) continue;
    receipt->position = e.position;
    receipts.push_back(*std::move(receipt));
  }
  return receipts;
}

}  // namespace

Result<bool> FillReceipts(Sql* sql, uint64_t most) {
  Tables tables(sql);
  Tables::Head head;
  auto begun = tables.Begin({}, &head);
  if (!begun.ok()) return std::move(begun).status();
  auto fill = tables.ReadReceiptFill();
  if (!fill.ok()) return std::move(fill).status();
  if (fill->complete()) {
    TRY(tables.Commit());
    return true;
  }
  const uint64_t after = std::max(fill->through, head.purged);
  const uint64_t through = std::min(after + most, std::max(after, fill->end));
  auto events = tables.Counted(after, through - after);
  if (!events.ok()) return std::move(events).status();
  TRY(tables.ClearReceipts(after, through));  // what an older program wrote
  TRY(tables.WriteReceipts(ReceiptsOf(&*events)));
  TRY(tables.SaveReceiptFill(through));
  TRY(tables.Commit());
  return through >= fill->end;
}

}  // namespace tillrelay::collector
