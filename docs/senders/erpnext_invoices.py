#!/usr/bin/python3
"""POS invoices of ERPNext (POS Invoice, ERPNext 13 to 15) to documents of the agent.

    erpnext_invoices.py STORE_ID < invoices.json > documents.ndjson

invoices.json: what /api/resource/POS Invoice/NAME answers, one or a list of them. Times are in
the system's zone, which should be the store's. The number is the invoice's name; the register is
its POS Profile. Drafts are passed over. An invoice that was cancelled gives two documents, the
invoice and what takes it back, so that it does not matter whether the first one was sent before.
Items that are no goods are not marked in an invoice: name them in [items] non_stock of the agent.
Copy it, change it: Apache License 2.0.
"""

import re

from mapping import Refused, gtin, known, need, number, run, text, unit

DOCTYPES = {"POS Invoice": True}
STATES = {0: "draft", 1: "submitted", 2: "cancelled"}
# They tell of money, and are here to be refused where a new one says more.
STATUSES = dict.fromkeys((
    "Draft", "Return", "Credit Note Issued", "Consolidated", "Submitted", "Paid", "Partly Paid",
    "Unpaid", "Partly Paid and Discounted", "Unpaid and Discounted", "Overdue and Discounted",
    "Overdue", "Cancelled"), True)
FLAGS = {0: False, 1: True}
# Of a workflow, where there is one: the states in which an invoice is what its docstatus says.
# Add yours.
WORKFLOWS = {"submitted": dict.fromkeys((None, "", "Approved", "Submitted", "Completed"), True),
             "cancelled": dict.fromkeys((None, "", "Approved", "Submitted", "Completed",
                                         "Cancelled"), True)}
TENDERS = {"Cash": "cash", "Bank": "card", "Phone": "mobile", "General": "other"}


def convert(invoice, store_id):
    known(invoice, "doctype", DOCTYPES)
    known(invoice, "status", STATUSES)
    state = known(invoice, "docstatus", STATES)
    if state == "draft":
        return []
    agree(invoice, state)
    sold = document_of(invoice, store_id)
    return [sold] if state == "submitted" else [sold, taken_back(invoice, sold)]


def agree(invoice, state):
    """What an invoice says twice, it says once each way; else nobody knows whether goods moved."""
    known(invoice, "workflow_state", WORKFLOWS[state])
    status, back = invoice["status"], known(invoice, "is_return", FLAGS)
    if (status == "Cancelled") != (state == "cancelled") or status == "Draft":
        raise Refused(f"status {status} of an invoice that is {state}")
    if status == "Return" and not back:
        raise Refused("status Return of an invoice whose is_return is 0")
    if invoice.get("return_against") and not back:
        raise Refused("return_against of an invoice whose is_return is 0")
    if known({"is_debit_note": 0, **invoice}, "is_debit_note", FLAGS):
        raise Refused("is_debit_note: it changes what was to be paid, and moves no goods")
    if not known({"update_stock": 1, **invoice}, "update_stock", FLAGS):
        raise Refused("update_stock 0: the invoice moves no goods")


def document_of(invoice, store_id):
    back = known(invoice, "is_return", FLAGS)
    day = need(invoice, "posting_date")
    transaction = {
        "store_id": store_id, "register_id": register_of(need(invoice, "pos_profile")),
        "business_day": day, "transaction_no": need(invoice, "name"),
        "end_at": f"{day}T{clock(need(invoice, 'posting_time'))}"}
    bundles = {packed["parent_item"] for packed in invoice.get("packed_items", [])}
    action = "return" if back else "sale"
    lines = [line_of(row, action, bundles) for row in need(invoice, "items")]
    lines += [packed_line(row, action) for row in invoice.get("packed_items", [])]
    return {
        "kind": action, "transaction": transaction, "currency": need(invoice, "currency"),
        "lines": lines,
        "totals": {"grand_amount": text(number(invoice["grand_total"])),
                   "tax_amount": text(number(invoice["total_taxes_and_charges"])),
                   "tax_included": False},
        "tenders": [{"type": TENDERS.get(row.get("type"), "other"),
                     "amount": text(number(row["amount"]))}
                    for row in invoice.get("payments", [])]}


def line_of(row, action, bundles):
    quantity = number(row["qty"])
    if (quantity < 0) != (action == "return") or quantity == 0:
        raise Refused(f"qty {quantity} in an invoice that is a {action}")
    if row.get("delivery_note"):
        raise Refused("delivery_note: what was delivered before moves no goods here")
    item = {"sku": need(row, "item_code"), "description": row.get("item_name") or ""}
    if gtin(row.get("barcode")):
        item["gtin"] = row["barcode"]
    # In the unit in which ERPNext keeps the stock.
    stock = number(row["stock_qty"]) if row.get("stock_qty") else (
        quantity * number(row.get("conversion_factor") or 1))
    if (stock < 0) != (quantity < 0) or stock == 0:
        raise Refused(f"stock_qty {stock} of a row whose qty is {quantity}")
    line = {"action": action, "item": item, "quantity": text(abs(stock)),
            "uom": unit(row.get("stock_uom") or need(row, "uom")),
            "net_amount": text(number(row["net_amount"]) * (-1 if action == "return" else 1))}
    if row["item_code"] in bundles or known({"delivered_by_supplier": 0, **row},
                                            "delivered_by_supplier", FLAGS):
        line["non_stock"] = True  # the bundle's parts move; the supplier's goods were never here
    if row.get("serial_no"):
        line["serials"] = row["serial_no"].split()
    if row.get("batch_no"):
        line["lot"] = row["batch_no"]
    return line


def packed_line(row, action):
    if number(need(row, "qty")) < 0 and action == "sale":
        raise Refused(f"qty {row['qty']} of a bundle's part in an invoice that is a sale")
    return {"action": action, "item": {"sku": need(row, "item_code")}, "net_amount": "0",
            "quantity": text(abs(number(need(row, "qty")))), "uom": unit(need(row, "uom"))}


def taken_back(invoice, sold):
    """Cancelling takes a submitted invoice back as a whole, at the time of the last change."""
    at = need(invoice, "modified")
    original = sold["transaction"]
    transaction = {**original, "transaction_no": original["transaction_no"] + "/cancelled",
                   "business_day": at[:10], "end_at": f"{at[:10]}T{clock(at[11:])}"}
    return {"kind": "transaction_voided", "transaction": transaction,
            "voids": {each: original[each] for each in
                      ("store_id", "register_id", "business_day", "transaction_no")},
            **{each: sold[each] for each in ("currency", "lines", "totals")}}


def register_of(profile):
    return re.sub(r"[^A-Za-z0-9._-]+", "-", profile)[:32]


def clock(told):
    """09:05:00 from 9:05:00.123456."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})(\.\d+)?", told)
    if not found:
        raise Refused(f"{told!r} is no time of a day")
    return f"{int(found[1]):02}:{found[2]}:{found[3]}"


if __name__ == "__main__":
    run(convert)
