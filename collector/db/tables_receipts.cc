// How the tables that a warehouse reads are written: tables.h.
#include "collector/db/statements_receipts.h"
#include "collector/db/tables.h"
#include "common/base/decimal.h"

namespace tillrelay::collector {
namespace {

void Put(const Amount& amount, Input* input) {
  if (!amount) {
    input->Null();
  } else {
    input->Own(Decimal::FromMicros(*amount).Shortest());
  }
}

void PutUnlessEmpty(const std::string& text, Input* input) {
  if (text.empty()) {
    input->Null();
  } else {
    input->Text(text);
  }
}

void AddHead(const Receipt& receipt, Input* input) {
  input->Int(receipt.position).Text(receipt.store).Text(receipt.business_day);
  input->Text(receipt.register_id).Text(receipt.transaction_no).Text(receipt.kind);
  input->Text(receipt.status).Text(receipt.occurred_at).Text(receipt.currency);
  for (const Amount* amount : {&receipt.net, &receipt.tax, &receipt.grand}) Put(*amount, input);
  for (const std::string* text : {&receipt.voids_day, &receipt.voids_register, &receipt.voids_no}) {
    PutUnlessEmpty(*text, input);
  }
}

void AddLines(const Receipt& receipt, Input* input) {
  uint64_t number = 0;
  for (const Receipt::Line& line : receipt.lines) {
    input->Int(receipt.position).Int(++number).Text(receipt.store).Text(line.action);
    input->Text(line.item).Text(line.gtin).Text(line.lot).Text(line.uom);
    for (const Amount* amount : {&line.quantity, &line.unit_price, &line.discount, &line.net}) {
      Put(*amount, input);
    }
  }
}

void AddTenders(const Receipt& receipt, Input* input) {
  uint64_t number = 0;
  for (const Receipt::Tender& tender : receipt.tenders) {
    Put(tender.amount, &input->Int(receipt.position).Int(++number).Text(tender.type));
  }
}

void AddTaxes(const Receipt& receipt, Input* input) {
  uint64_t number = 0;
  for (const Receipt::Tax& tax : receipt.taxes) {
    input->Int(receipt.position).Int(++number);
    for (const Amount* amount : {&tax.rate, &tax.base, &tax.amount}) Put(*amount, input);
  }
}

}  // namespace

Status Tables::WriteReceipts(const std::vector<Receipt>& receipts) {
  Input heads(sql::kSaveReceipts), lines(sql::kSaveReceiptLines);
  Input tenders(sql::kSaveTenders), taxes(sql::kSaveTaxes);
  for (const Receipt& receipt : receipts) {
    AddHead(receipt, &heads);
    AddLines(receipt, &lines);
    AddTenders(receipt, &tenders);
    AddTaxes(receipt, &taxes);
  }
  TRY(sql_.Queue(sql::kSaveReceipts, heads));
  TRY(sql_.Queue(sql::kSaveReceiptLines, lines));
  TRY(sql_.Queue(sql::kSaveTenders, tenders));
  return sql_.Queue(sql::kSaveTaxes, taxes);
}

Status Tables::ClearReceipts(uint64_t after, uint64_t through) {
  for (const Statement& purge : sql::kPurgeReceipts) {
    Input span(purge);
    TRY(sql_.Queue(purge, span.Int(after).Int(through)));
  }
  return Status::Ok();
}

Tables::ReceiptFill Tables::FillOf(const Rows& rows) {
  return {rows.Unsigned(0, 0), rows.Unsigned(0, 1)};
}

Result<Tables::ReceiptFill> Tables::ReadReceiptFill() {
  auto rows = sql_.Run(sql::kReceiptFill);
  if (!rows.ok()) return std::move(rows).status();
  if (rows->empty()) return Corrupt("table warehouse is empty");
  return FillOf(*rows);
}

Status Tables::SaveReceiptFill(uint64_t through) {
  Input input(sql::kSaveReceiptFill);
  return sql_.Queue(sql::kSaveReceiptFill, input.Int(through));
}

}  // namespace tillrelay::collector
