#!/usr/bin/python3
"""Orders of Odoo's point of sale (pos.order, Odoo 14 to 18) to documents of the agent.

    odoo_orders.py STORE_ID < orders.json > documents.ndjson

orders.json: what Odoo's external API answers to search_read on pos.order, with three members
replaced by the records that they point at: `lines` (pos.order.line), `payment_ids` (pos.payment),
and in each line `product_id` (product.product with default_code, barcode, type, uom_id).

The number is the record's id: names and references of refunds are not unique in Odoo. It is
counted by the whole database, so set [registers] numbering = "none". Orders in draft are passed
over: they come again when they are paid. Copy it, change it: Apache License 2.0.
"""

from mapping import Refused, gtin, kind_of, known, need, number, run, text, unit

STATES = {"draft": "draft", "cancel": "cancelled", "paid": "completed", "done": "completed",
          "invoiced": "completed"}
# Whether the product is goods. A combo's parts are lines of their own.
GOODS = {"consu": True, "product": True, "service": False, "combo": False}
FLAGS = {False: False, True: True}
PAYMENTS = {"cash": "cash", "bank": "card", "pay_later": "account"}


def convert(order, store_id):
    state = known(order, "state", STATES)
    if state == "draft":
        return []
    register = need(order, "config_id")[0]
    transaction = {"store_id": store_id, "register_id": str(register),
                   "transaction_no": str(need(order, "id")), "status": state,
                   "end_at": need(order, "date_order").replace(" ", "T") + "Z"}
    if order.get("pos_reference"):
        transaction["receipt_no"] = order["pos_reference"]
    if state == "cancelled":
        return [{"kind": "register_control", "transaction": transaction}]
    if order.get("shipping_date") or known({"to_ship": False, **order}, "to_ship", FLAGS):
        raise Refused("shipping_date: what is shipped later moves no goods here; the delivery does")
    lines = [line for line in map(line_of, need(order, "lines")) if line is not None]
    refund = (known({"is_refund": False, **order}, "is_refund", FLAGS)
              or order.get("refunded_order_id") or order.get("refunded_order_ids"))
    if refund and any(line["action"] == "sale" and not line.get("non_stock") for line in lines):
        raise Refused("is_refund or refunded_order_id of an order that sells goods")
    document = {"kind": kind_of(lines), "transaction": transaction, "lines": lines,
                "totals": {"grand_amount": text(number(order["amount_total"])),
                           "tax_amount": text(number(order["amount_tax"])), "tax_included": True},
                "tenders": [tender_of(each) for each in order.get("payment_ids", [])]}
    if order.get("currency_id"):
        document["currency"] = order["currency_id"][1]
    return [document]


def line_of(line):
    quantity = number(need(line, "qty") if line.get("qty") != 0 else 0)
    if quantity == 0:
        return None
    if line.get("refunded_orderline_id") and quantity > 0:
        raise Refused(f"refunded_orderline_id of a line whose qty is {quantity}")
    product = line.get("product_id")
    if not isinstance(product, dict):
        raise Refused("product_id is not replaced by the product's record")
    item = {"sku": product.get("default_code") or f"odoo-{need(product, 'id')}"}
    if line.get("full_product_name"):
        item["description"] = line["full_product_name"]
    if gtin(product.get("barcode")):
        item["gtin"] = product["barcode"]
    result = {"action": "sale" if quantity > 0 else "return", "item": item,
              "quantity": text(abs(quantity)), "uom": unit(need(product, "uom_id")[1]),
              "net_amount": text(amount_of(line, quantity))}
    # A reward is a line of its own with a price below nothing; a gift card is money.
    if (not known(product, "type", GOODS) or line.get("is_reward_line")
            or line.get("gift_card_id")):
        result["non_stock"] = True
    return result


def amount_of(line, quantity):
    """Signed as the line's action: a return's amount is what went back to the customer."""
    amount = number(line["price_subtotal_incl"])
    return amount if quantity > 0 else -amount


def tender_of(payment):
    method = payment.get("payment_method_id")
    kind = method.get("type") if isinstance(method, dict) else None
    return {"type": PAYMENTS.get(kind, "other"), "amount": text(number(payment["amount"]))}


if __name__ == "__main__":
    run(convert)
