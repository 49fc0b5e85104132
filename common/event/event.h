// What: one thing that a register or a back office reported, as plain values: what every format
//   decodes into and what the one JSON writer writes. Member names are those of the documents.
// Promise: no behaviour; empty text and unset numbers mean "the document does not say".
// Thread: any (value).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/decimal.h"
#include "common/event/kind.h"

namespace tillrelay::event {

struct Item {
  std::string sku;
  std::string gtin;  // 14 digits once normalised (GS1 General Specifications, 3.2)
  std::string scan_data;
  std::string description;
  // The shop's one name for the article, by its item map; made by the agent.
  std::string key, key_map;           // and the version of the map
  std::optional<Decimal> key_factor;  // of the key's unit are in one of the line's; none: one
};

// A tax as the till computed it.
struct Tax {
  std::string code;                           // the till's name of its group
  std::optional<Decimal> rate, base, amount;  // the rate in percent
};

struct StockEffect {
  std::string bucket;
  std::string location;  // store id
  std::string ref;       // transfer id, for in_transit
  std::optional<Decimal> delta;
};

struct Original {
  std::string store_id, register_id, business_day, transaction_no;
  std::optional<int64_t> line_no;
  std::string event_id;
};

struct Line {
  std::optional<int64_t> line_no;
  std::string source_line_no;
  std::optional<int64_t> original_line_no;
  std::string action;
  Item item;
  std::optional<Decimal> quantity;
  std::optional<Decimal> quantity_damaged, quantity_expected, quantity_short;
  std::string bucket, direction;         // counts and adjustments
  std::optional<Decimal> counted, book;  // counts
  std::string uom;                       // UN/ECE Recommendation 20
  std::optional<Decimal> each_count;
  std::optional<Decimal> unit_price, extended_amount, discount_amount, net_amount;
  std::vector<Tax> taxes;  // without sign: the action gives the direction
  std::string entry_method, fulfilment;
  std::vector<std::string> serials;
  std::string lot, expiry, best_before;
  std::optional<Decimal> net_weight;  // of one piece in kilograms, as its code says
  std::string discrepancy, reason, condition;
  std::optional<bool> non_stock;  // a deposit, a service: in the receipt, but in no stock
  std::optional<Original> original;
  std::vector<StockEffect> stock_effect;
};

struct Transaction {
  std::string store_id, store_gln, register_id;
  std::optional<int64_t> register_epoch;
  std::string business_day;  // YYYY-MM-DD, not the calendar day
  std::string transaction_no, receipt_no;
  std::string kind, status;
  std::optional<bool> training, captured_offline;
  std::string begin_at, end_at, time_quality;
  std::string operator_ref;
};

struct Transfer {
  std::string transfer_id, receipt_id;
  std::string from_store_id, from_gln, to_store_id, to_gln;
  std::string business_day;
  std::string shipped_at, expected_at, received_at, voided_at;
  std::optional<bool> is_final;
  std::string carrier_ref, shipment_sscc, document_no, operator_ref;
};

struct IncludesThrough {
  std::string source, sequence;
};

struct Count {
  std::string count_id, store_id, kind, as_of;
  std::optional<IncludesThrough> includes_through;
  std::string business_day, operator_ref;
};

struct Adjustment {
  std::string adjustment_id, store_id, business_day, adjusted_at, reason, operator_ref;
};

struct Close {
  std::string store_id, register_id;
  std::optional<int64_t> register_epoch;
  std::string business_day, z_no, closed_at;
};

struct PosControl {
  std::string first_transaction_no, last_transaction_no;
  std::optional<int64_t> transaction_count;
  std::vector<std::pair<std::string, int64_t>> by_status;
  std::optional<int64_t> sale_count, return_count, post_void_count;
  std::optional<Decimal> net_amount, tax_amount, grand_total_non_resettable;
};

struct Totals {
  std::optional<Decimal> net_amount, tax_amount;
  std::optional<bool> tax_included;
  std::optional<Decimal> discount_amount;  // positive: taken off the whole, in no line
  std::optional<Decimal> fee_amount, rounding_amount, grand_amount;
};

struct Tender {
  std::string type;
  std::optional<Decimal> amount;
};

struct Audit {
  std::optional<int64_t> voided_line_count;
  std::optional<Decimal> voided_amount;
};

// Sums over the event's own lines, so that a consumer can check its parsing.
struct Control {
  std::optional<int64_t> line_count;
  std::vector<std::pair<std::string, Decimal>> quantity_by_uom, stock_delta_by_bucket;
};

struct Origin {
  std::string channel, dialect, file, request_id;
  std::string source_event_id, source_event_source;  // of a CloudEvent that came in
  std::optional<int64_t> index;
  std::string payload_sha256, content_sha256, mapper;
  std::vector<std::string> flags;  // "rounded", "gtin_as_sku", "redacted", "unchecked",
                                   // "expired"
};

struct Event {
  Kind kind = Kind::kSale;
  std::optional<Transaction> transaction;
  std::optional<Transfer> transfer;
  std::optional<Count> count;
  std::optional<Adjustment> adjustment;
  std::optional<Close> close;
  std::optional<Original> voids;
  std::string amounts;  // of a post-void: how they are told where its lines do not show it
  std::string reason, currency;
  std::vector<Line> lines;
  std::optional<Totals> totals;
  std::vector<Tax> taxes;  // of the whole, signed as the totals
  std::vector<Tender> tenders;
  std::optional<Audit> audit;
  std::optional<PosControl> pos_control;
  std::vector<std::pair<std::string, std::string>> ext;
  std::optional<Control> control;
  std::optional<Origin> origin;
};

// Why a document cannot be kept as an event: a stable word, where, and what to do.
struct Rejection {
  std::string reason;  // one of docs/formats.md, "Rejections"
  std::string field;   // "lines[2].quantity"
  std::string hint;
};

}  // namespace tillrelay::event
