// What: the one table of members: for each part of an event its members in canonical order, with
//   what kind of value each is. The reader, the writer, the guard and the schema all walk this.
// How: `Fields(v, part)` calls on the visitor `v`, per member,
//     Id      an identifier or a code            Text    free text, may be redacted
//     Word    one of a fixed list                Time    RFC 3339, offset optional
//     Day     YYYY-MM-DD                         Number  exact decimal
//     Integer whole number                       Flag    true or false
//     Object, List   parts                       Ids     list of identifiers
//     Counts, Sums   name -> number maps
// Thread: any.
#pragma once

#include "common/event/event.h"

namespace tillrelay::event {

template <class V>
void Fields(V& v, Item& x) {
  v.Id("sku", x.sku);
  v.Id("gtin", x.gtin);
  v.Scan("scan_data", x.scan_data);
  v.Text("description", x.description);
  v.Id("key", x.key);
  v.Id("key_map", x.key_map);
  v.Number("key_factor", x.key_factor);
}

template <class V>
void Fields(V& v, Tax& x) {
  v.Id("code", x.code);
  v.Number("rate", x.rate);
  v.Number("base", x.base);
  v.Number("amount", x.amount);
}

template <class V>
void Fields(V& v, StockEffect& x) {
  v.Word("bucket", x.bucket, kBucketWords);
  v.Id("location", x.location);
  v.Id("ref", x.ref);
  v.Number("delta", x.delta);
}

template <class V>
void Fields(V& v, Original& x) {
  v.Id("store_id", x.store_id);
  v.Id("register_id", x.register_id);
  v.Day("business_day", x.business_day);
  v.Id("transaction_no", x.transaction_no);
  v.Integer("line_no", x.line_no);
  v.Id("event_id", x.event_id);
}

template <class V>
void Fields(V& v, Line& x) {
  v.Integer("line_no", x.line_no);
  v.Id("source_line_no", x.source_line_no);
  v.Integer("original_line_no", x.original_line_no);
  v.Word("action", x.action, kActionWords);
  v.Object("item", x.item);
  v.Number("quantity", x.quantity);
  v.Number("quantity_damaged", x.quantity_damaged);
  v.Number("quantity_expected", x.quantity_expected);
  v.Word("bucket", x.bucket, kBucketWords);
  v.Word("direction", x.direction, kDirectionWords);
  v.Number("counted", x.counted);
  v.Number("book", x.book);
  v.Id("uom", x.uom);
  v.Number("each_count", x.each_count);
  v.Number("unit_price", x.unit_price);
  v.Number("extended_amount", x.extended_amount);
  v.Number("discount_amount", x.discount_amount);
  v.Number("net_amount", x.net_amount);
  v.List("taxes", x.taxes);
  v.Id("entry_method", x.entry_method);
  v.Word("fulfilment", x.fulfilment, kFulfilmentWords);
  v.Ids("serials", x.serials);
  v.Id("lot", x.lot);
  v.Day("expiry", x.expiry);
  v.Day("best_before", x.best_before);
  v.Number("net_weight", x.net_weight);
  v.Number("quantity_short", x.quantity_short);
  v.Id("discrepancy", x.discrepancy);
  v.Id("reason", x.reason);
  v.Word("condition", x.condition, kConditionWords);
  v.Flag("non_stock", x.non_stock);
  v.Object("original", x.original);
  v.List("stock_effect", x.stock_effect);
}

template <class V>
void Fields(V& v, Transaction& x) {
  v.Id("store_id", x.store_id);
  v.Id("store_gln", x.store_gln);
  v.Id("register_id", x.register_id);
  v.Integer("register_epoch", x.register_epoch);
  v.Day("business_day", x.business_day);
  v.Id("transaction_no", x.transaction_no);
  v.Id("receipt_no", x.receipt_no);
  v.Word("kind", x.kind, kKindWords);
  v.Word("status", x.status, kStatusWords);
  v.Flag("training", x.training);
  v.Flag("captured_offline", x.captured_offline);
  v.Time("begin_at", x.begin_at);
  v.Time("end_at", x.end_at);
  v.Word("time_quality", x.time_quality, kTimeQualityWords);
  v.Id("operator_ref", x.operator_ref);
}

template <class V>
void Fields(V& v, Transfer& x) {
  v.Id("transfer_id", x.transfer_id);
  v.Id("receipt_id", x.receipt_id);
  v.Id("from_store_id", x.from_store_id);
  v.Id("from_gln", x.from_gln);
  v.Id("to_store_id", x.to_store_id);
  v.Id("to_gln", x.to_gln);
  v.Day("business_day", x.business_day);
  v.Time("shipped_at", x.shipped_at);
  v.Time("expected_at", x.expected_at);
  v.Time("received_at", x.received_at);
  v.Time("voided_at", x.voided_at);
  v.Flag("final", x.is_final);
  v.Id("carrier_ref", x.carrier_ref);
  v.Id("shipment_sscc", x.shipment_sscc);
  v.Id("document_no", x.document_no);
  v.Id("operator_ref", x.operator_ref);
}

template <class V>
void Fields(V& v, IncludesThrough& x) {
  v.Id("source", x.source);
  v.Id("sequence", x.sequence);
}

template <class V>
void Fields(V& v, Count& x) {
  v.Id("count_id", x.count_id);
  v.Id("store_id", x.store_id);
  v.Id("kind", x.kind);
  v.Time("as_of", x.as_of);
  v.Object("includes_through", x.includes_through);
  v.Day("business_day", x.business_day);
  v.Id("operator_ref", x.operator_ref);
}

template <class V>
void Fields(V& v, Adjustment& x) {
  v.Id("adjustment_id", x.adjustment_id);
  v.Id("store_id", x.store_id);
  v.Day("business_day", x.business_day);
  v.Time("adjusted_at", x.adjusted_at);
  v.Word("reason", x.reason, kReasonWords);
  v.Id("operator_ref", x.operator_ref);
}

template <class V>
void Fields(V& v, Close& x) {
  v.Id("store_id", x.store_id);
  v.Id("register_id", x.register_id);
  v.Integer("register_epoch", x.register_epoch);
  v.Day("business_day", x.business_day);
  v.Id("z_no", x.z_no);
  v.Time("closed_at", x.closed_at);
}

template <class V>
void Fields(V& v, PosControl& x) {
  v.Id("first_transaction_no", x.first_transaction_no);
  v.Id("last_transaction_no", x.last_transaction_no);
  v.Integer("transaction_count", x.transaction_count);
  v.Counts("by_status", x.by_status);
  v.Integer("sale_count", x.sale_count);
  v.Integer("return_count", x.return_count);
  v.Integer("post_void_count", x.post_void_count);
  v.Number("net_amount", x.net_amount);
  v.Number("tax_amount", x.tax_amount);
  v.Number("grand_total_non_resettable", x.grand_total_non_resettable);
}

template <class V>
void Fields(V& v, Totals& x) {
  v.Number("net_amount", x.net_amount);
  v.Number("tax_amount", x.tax_amount);
  v.Flag("tax_included", x.tax_included);
  v.Number("discount_amount", x.discount_amount);
  v.Number("fee_amount", x.fee_amount);
  v.Number("rounding_amount", x.rounding_amount);
  v.Number("grand_amount", x.grand_amount);
}

template <class V>
void Fields(V& v, Tender& x) {
  v.Word("type", x.type, kTenderWords);
  v.Number("amount", x.amount);
}

template <class V>
void Fields(V& v, Audit& x) {
  v.Integer("voided_line_count", x.voided_line_count);
  v.Number("voided_amount", x.voided_amount);
}

template <class V>
void Fields(V& v, Control& x) {
  v.Integer("line_count", x.line_count);
  v.Sums("quantity_by_uom", x.quantity_by_uom);
  v.Sums("stock_delta_by_bucket", x.stock_delta_by_bucket);
}

template <class V>
void Fields(V& v, Origin& x) {
  v.Id("channel", x.channel);
  v.Id("dialect", x.dialect);
  v.Text("file", x.file);
  v.Text("request_id", x.request_id);
  v.Text("source_event_id", x.source_event_id);
  v.Text("source_event_source", x.source_event_source);
  v.Integer("index", x.index);
  v.Id("payload_sha256", x.payload_sha256);
  v.Id("content_sha256", x.content_sha256);
  v.Id("mapper", x.mapper);
  v.Ids("flags", x.flags);
}

// The members of `data`.
template <class V>
void Fields(V& v, Event& x) {
  v.Object("transaction", x.transaction);
  v.Object("transfer", x.transfer);
  v.Object("count", x.count);
  v.Object("adjustment", x.adjustment);
  v.Object("close", x.close);
  v.Object("voids", x.voids);
  v.Word("amounts", x.amounts, kAmountsWords);
  v.Id("reason", x.reason);
  v.Id("currency", x.currency);
  v.List("lines", x.lines);
  v.Object("totals", x.totals);
  v.List("taxes", x.taxes);
  v.List("tenders", x.tenders);
  v.Object("audit", x.audit);
  v.Object("pos_control", x.pos_control);
  v.Extension("ext", x.ext);
  v.Object("control", x.control);
  v.Object("origin", x.origin);
}

}  // namespace tillrelay::event
