#!/usr/bin/python3
"""An ERP that books what changed: it adds.

    erp.py DATABASE URL [--stream]

Every change of a quantity is a booking. The cursor is stored in the transaction of the bookings
that came with it, so that each is booked once, wherever this program is killed. When the centre
was restored from a backup, or this program was away for longer than changes are kept, what the
stock differs by is booked as a correction.

TILLRELAY_TOKEN: a token with the scope `stock`. Copy it, change it: Apache License 2.0.
"""

from decimal import Decimal

from centre import follow

BUCKETS = ("on_hand", "reserved", "damaged", "in_transit")
TABLES = """
CREATE TABLE IF NOT EXISTS booking (number INTEGER PRIMARY KEY, position INTEGER, reason TEXT,
  store TEXT, item TEXT, uom TEXT, bucket TEXT, micros INTEGER);
CREATE TABLE IF NOT EXISTS stock (store TEXT, item TEXT, uom TEXT, bucket TEXT, micros INTEGER,
  position INTEGER, PRIMARY KEY (store, item, uom, bucket));
CREATE INDEX IF NOT EXISTS booking_cell ON booking (store, item, uom, bucket);
CREATE TABLE IF NOT EXISTS follows (cursor TEXT);
"""


def micros(text):
    """Exact: quantities have at most six decimals."""
    return int(Decimal(text) * 1_000_000)


def book(db, position, reason, cell, change):
    if change:
        db.execute("INSERT INTO booking (position, reason, store, item, uom, bucket, micros) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?)", (position, reason, *cell, change))
    db.execute("INSERT INTO stock VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET "
               "micros = micros + excluded.micros", (*cell, change))


def begin(db, centre):
    """The way in, and the way back."""
    cells, cursor = centre.stock()
    with db:
        known = {tuple(row[:4]): row[4] for row in
                 db.execute("SELECT store, item, uom, bucket, micros FROM stock")}
        db.execute("UPDATE stock SET position = 0")
        for cell in cells:
            for bucket in BUCKETS:
                key = (cell["store"], cell["item"], cell["uom"], bucket)
                change = micros(cell[bucket]) - known.pop(key, 0)
                book(db, cell["position"], "correction", key, change)
                db.execute("UPDATE stock SET position = ? WHERE store = ? AND item = ? AND "
                           "uom = ? AND bucket = ?", (cell["position"], *key))
        for key, held in known.items():  # the centre does not know of it any more
            book(db, 0, "correction", key, -held)
        remember(db, cursor)
    return cursor


def remember(db, cursor):
    db.execute("DELETE FROM follows")
    db.execute("INSERT INTO follows VALUES (?)", (cursor,))


def apply(db, answer):
    with db:
        for change in answer["changes"]:
            for cell in change["cells"]:  # the same cell may come several times: all count
                key = (cell["store"], cell["item"], cell["uom"], cell["bucket"])
                held = db.execute("SELECT position FROM stock WHERE store = ? AND item = ? AND "
                                  "uom = ? AND bucket = ?", key).fetchone()
                if held and change["position"] <= held[0]:
                    continue  # a later page of the stock had it already
                book(db, change["position"], change["kind"], key, micros(cell["change"]))
        remember(db, answer["next"])


if __name__ == "__main__":
    follow(TABLES, begin, apply)
