// What: the SQL of the tables that a warehouse reads, for both databases.
// Thread: immutable.
#pragma once

#include "collector/db/sql.h"

namespace tillrelay::collector::sql {

inline const Statement kSaveReceipts(
    "INSERT INTO receipt (position, store_id, business_day, register_id, transaction_no, kind,"
    " status, occurred_at, currency, net_amount, tax_amount, grand_amount, voids_business_day,"
    " voids_register_id, voids_transaction_no)"
    " SELECT r.p, r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h, CAST(r.i AS NUMERIC),"
    " CAST(r.j AS NUMERIC), CAST(r.k AS NUMERIC), r.l, r.m, r.n FROM {rows}",
    "p# a b c d e f g h i j k l m n");
inline const Statement kSaveReceiptLines(
    "INSERT INTO receipt_line (position, line, store_id, action, item, gtin, lot, uom, quantity,"
    " unit_price, discount_amount, net_amount)"
    " SELECT r.p, r.o, r.a, r.b, r.c, r.d, r.e, r.f, CAST(r.g AS NUMERIC), CAST(r.h AS NUMERIC),"
    " CAST(r.i AS NUMERIC), CAST(r.j AS NUMERIC) FROM {rows}",
    "p# o# a b c d e f g h i j");
inline const Statement kSaveTenders(
    "INSERT INTO tender (position, line, type, amount)"
    " SELECT r.p, r.o, r.a, CAST(r.b AS NUMERIC) FROM {rows}",
    "p# o# a b");
inline const Statement kSaveTaxes(
    "INSERT INTO tax (position, line, rate, base, amount)"
    " SELECT r.p, r.o, CAST(r.a AS NUMERIC), CAST(r.b AS NUMERIC), CAST(r.c AS NUMERIC)"
    " FROM {rows}",
    "p# o# a b c");

inline const Statement kReceiptFill("SELECT filled_through, fill_through FROM warehouse", "");
inline const Statement kSaveReceiptFill(
    "UPDATE warehouse SET filled_through = r.p FROM {rows} WHERE version > 0", "p#");

#define TILLRELAY_PURGE(table)                                    \
  "WITH span AS (SELECT r.a, r.b FROM {rows}) DELETE FROM " table \
  " WHERE position > (SELECT a FROM span) AND position <= (SELECT b FROM span)"
inline const Statement kPurgeReceipts[] = {{TILLRELAY_PURGE("receipt"), "a# b#"},
                                           {TILLRELAY_PURGE("receipt_line"), "a# b#"},
                                           {TILLRELAY_PURGE("tender"), "a# b#"},
                                           {TILLRELAY_PURGE("tax"), "a# b#"}};
#undef TILLRELAY_PURGE

}  // namespace tillrelay::collector::sql
