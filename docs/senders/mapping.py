"""What the mappings of shop systems (odoo_orders.py, erpnext_invoices.py) have in common.

Copy it, change it: Apache License 2.0.
"""

import decimal
import json
import sys

# Names of units, in small letters, to UN/ECE Recommendation 20.
UNITS = {
    "units": "EA", "unit": "EA", "unit(s)": "EA", "nos": "EA", "each": "EA", "piece": "EA",
    "pcs": "EA", "stück": "EA", "stueck": "EA", "stk": "EA", "unité": "EA", "unités": "EA",
    "unité(s)": "EA", "unidad": "EA", "unidades": "EA", "unidad(es)": "EA", "unidade(s)": "EA",
    "unità": "EA", "unità(s)": "EA", "pezzi": "EA", "pièce": "EA", "pièces": "EA",
    "eenheden": "EA", "eenheid": "EA", "stuks": "EA", "szt.": "EA", "ks": "EA",
    "dozens": "DZN", "dozen": "DZN", "pair": "PR", "kg": "KGM", "kilogram": "KGM", "g": "GRM",
    "gram": "GRM", "lb": "LBR", "lbs": "LBR", "pound": "LBR", "oz": "ONZ", "ounce": "ONZ",
    "l": "LTR", "liter": "LTR", "liters": "LTR", "litre": "LTR", "ml": "MLT", "millilitre": "MLT",
    "m": "MTR", "meter": "MTR", "metre": "MTR", "cm": "CMT", "centimeter": "CMT"}


class Refused(ValueError):
    """What may decide whether goods moved, and is not known here."""


def known(record, member, meanings):
    """What the record's word means; a word that is not known refuses the record."""
    word = record.get(member)
    if word not in meanings:
        words = ", ".join(str(each) for each in meanings)
        raise Refused(f"{member} = {word!r} is not known; known are {words}")
    return meanings[word]


def need(record, member):
    value = record.get(member)
    if value is None or value is False or value in ("", []):
        raise Refused(f"{member} is missing")
    return value


def number(value):
    """A decimal from what the JSON holds; never through a binary fraction."""
    if isinstance(value, bool) or not isinstance(value, (int, str, decimal.Decimal)):
        raise Refused(f"{value!r} is no number")
    try:
        result = decimal.Decimal(value)
    except decimal.InvalidOperation:
        raise Refused(f"{value!r} is no number") from None
    if not result.is_finite():
        raise Refused(f"{value!r} is no number")
    return result


def text(value):
    return format(value, "f")


def unit(name):
    if not isinstance(name, str) or name.strip().lower() not in UNITS:
        raise Refused(f"the unit {name!r} is not known; add it to UNITS of mapping.py")
    return UNITS[name.strip().lower()]


def gtin(code):
    """The code, where it has the form and the check digit of a GTIN; else nothing."""
    if not isinstance(code, str) or not code.isascii() or not code.isdigit():
        return None
    if len(code) not in (8, 12, 13, 14):
        return None
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code[::-1]))
    return code if total % 10 == 0 else None


def kind_of(lines):
    """sale, return or exchange, as the lines say; each gets its action where both are there."""
    actions = {line["action"] for line in lines}
    if actions == {"sale", "return"}:
        return "exchange"
    return actions.pop() if actions else "register_control"


def run(convert):
    """Reads JSON (a record or a list) from standard input; prints a document a line.

    Exit 1: some records were refused, their reasons are on standard error; the others are printed.
    """
    if len(sys.argv) != 2:
        sys.exit("usage: PROGRAM STORE_ID < records.json > documents.ndjson")
    records = json.load(sys.stdin, parse_float=decimal.Decimal)
    if isinstance(records, dict) and set(records) <= {"data", "result", "jsonrpc", "id"}:
        records = records.get("data", records.get("result"))
    refused = 0
    for record in records if isinstance(records, list) else [records]:
        try:
            for document in convert(record, sys.argv[1]):
                print(json.dumps(document, ensure_ascii=False))
        except (Refused, KeyError, IndexError, TypeError, AttributeError) as reason:
            refused += 1
            name = record.get("name") if isinstance(record, dict) else None
            what = reason if isinstance(reason, Refused) else f"not of the shape: {reason!r}"
            print(f"{name or repr(record)[:80]}: {what}", file=sys.stderr)
    sys.exit(1 if refused else 0)
