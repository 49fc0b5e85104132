#!/usr/bin/python3
"""docs/senders/odoo_orders.py and erpnext_invoices.py: whatever decides whether goods moved is
known, or the record is refused by that word; nothing of it is passed over."""

import copy
import decimal
import importlib
import json
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "docs", "senders"))
problems = []


def check(condition, what):
    if not condition:
        problems.append(what)


def load(module, records):
    with open(os.path.join(ROOT, "tests", "golden", "senders", records)) as file:
        return (importlib.import_module(module).convert,
                json.load(file, parse_float=decimal.Decimal))


def changed(record, path, value):
    """The record with another value at the path; what ends in None is taken away."""
    copied = copy.deepcopy(record)
    at = copied
    for step in path[:-1]:
        at = at[step]
    if value is Ellipsis:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copied


def refuses(convert, record, path, value):
    from mapping import Refused
    try:
        made = convert(changed(record, path, value), "0042")
    except (Refused, KeyError, TypeError, IndexError, AttributeError):
        return
    check(False, f"{path} = {value!r} became {made}")


LINE = ("lines", 0)
ROW = ("items", 0)
ODOO = [(("state",), value) for value in ("Paid", "posted", "", None, 7, ..., "sent")] + [
    ((*LINE, "product_id", "type"), value) for value in ("Service", "kit", None, ..., "")] + [
    ((*LINE, "product_id", "uom_id"), value)
    for value in ([1, "Barrel"], [1, ""], [], None, ...)] + [
    ((*LINE, "qty"), value) for value in ("two", None, True, ..., "NaN")] + [
    ((*LINE, "price_subtotal_incl"), value) for value in (None, "x", ..., "Infinity")] + [
    ((*LINE, "product_id"), value) for value in (5, [5, "Poncho"], False, ...)] + [
    (("id",), ...), (("date_order",), False), (("config_id",), False), (("lines",), ...),
    (("amount_total",), None), (("amount_tax",), ...), (("lines",), [7, 8]), (("lines",), []),
    (("shipping_date",), "2026-11-30"), (("to_ship",), True), (("to_ship",), "yes"),
    (("is_refund",), True), (("is_refund",), "yes"),
    (("refunded_order_id",), [6, "Shop/0006"]), (("refunded_order_ids",), [6]),
    ((*LINE, "refunded_orderline_id"), [1, "Shop/0006"]), ((*LINE, "refunded_orderline_id"), 9)]
ERPNEXT = [(("docstatus",), value) for value in (3, "1", None, ..., -1)] + [
    (("status",), value) for value in ("Voided", "paid", None, ..., "Lost")] + [
    (("doctype",), value) for value in ("Sales Invoice", "POS Opening Entry", None, ...)] + [
    (("is_return",), value) for value in (2, "yes", None, ...)] + [
    ((*ROW, "qty"), value) for value in (-2, 0, "two", None, ...)] + [
    ((*ROW, "stock_uom"), value) for value in ("Barrel", 7)] + [
    ((*ROW, "delivery_note"), "MAT-DN-1"), ((*ROW, "delivered_by_supplier"), 2),
    ((*ROW, "item_code"), ""), ((*ROW, "net_amount"), ...), (("items",), []), (("name",), ""),
    (("posting_time",), "noon"), (("posting_date",), None), (("currency",), None),
    (("grand_total",), None), (("pos_profile",), None), (("update_stock",), 0),
    (("update_stock",), None), (("is_debit_note",), 1), (("is_debit_note",), "yes"),
    (("status",), "Cancelled"), (("status",), "Draft"),
    (("status",), "Return"), (("return_against",), "ACC-PSINV-2026-00009"),
    ((*ROW, "stock_qty"), -2), ((*ROW, "stock_qty"), "0"),
    (("workflow_state",), "Rejected"), (("workflow_state",), "Pending"), (("docstatus",), 2),
    (("packed_items",), [{"parent_item": "X", "item_code": "Y", "qty": -1, "uom": "Nos"}])]


def each_decisive_word_refuses():
    for (convert, records), table in ((load("odoo_orders", "odoo.json"), ODOO),
                                      (load("erpnext_invoices", "erpnext.json"), ERPNEXT)):
        for path, value in table:
            refuses(convert, records[0], path, value)


def meanings():
    convert, records = load("odoo_orders", "odoo.json")
    kinds = [[d["kind"] for d in convert(record, "0042")] for record in records]
    check(kinds == [["sale"], ["return"], ["exchange"], ["register_control"], []], f"{kinds}")
    lines = convert(records[0], "0042")[0]["lines"]
    no_goods = [line.get("non_stock", False) for line in lines]
    check(no_goods == [False, False, True, True], f"{no_goods}")
    check("gtin" not in lines[1]["item"], "2100006 is no GTIN")
    card = convert(changed(records[0], (*LINE, "gift_card_id"), [3, "044"]), "0042")[0]
    check(card["lines"][0].get("non_stock"), "a gift card is goods")
    for piece in ("Stück", "Unité(s)", "Unidades", "Unità", "Eenheden", "UNITS"):
        named = convert(changed(records[0], (*LINE, "product_id", "uom_id"), [1, piece]), "0042")
        check(named[0]["lines"][0]["uom"] == "EA", f"{piece} is no piece")
    for member, value in (("is_refund", True), ("shipping_date", False), ("to_ship", False)):
        same = convert(changed(records[1], (member,), value), "0042")
        check(same == convert(records[1], "0042"), f"{member} {value} of a refund changes it")
    convert, records = load("erpnext_invoices", "erpnext.json")
    kinds = [[d["kind"] for d in convert(record, "0042")] for record in records]
    check(kinds == [["sale"], ["return"], ["sale", "transaction_voided"], ["sale"], []], f"{kinds}")
    # Cancelled later or seen as cancelled at once: the first document is the same.
    submitted = changed(changed(records[2], ("docstatus",), 1), ("status",), "Paid")
    check(convert(submitted, "0042") == convert(records[2], "0042")[:1], "told once each way")
    for state in ("Approved", "", None):
        approved = changed(records[0], ("workflow_state",), state)
        check(convert(approved, "0042") == convert(records[0], "0042"), f"workflow_state {state}")
    consolidated = changed(records[0], ("status",), "Consolidated")
    check(convert(consolidated, "0042") == convert(records[0], "0042"), "the day's end changes it")


def main():
    each_decisive_word_refuses()
    meanings()
    print("\n".join(problems) or f"mappings: {len(ODOO) + len(ERPNEXT)} changes refused")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
