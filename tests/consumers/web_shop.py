#!/usr/bin/python3
"""A web shop that shows what is there: it sets.

    web_shop.py DATABASE URL [--stream]

Every change says what its cell holds now. The cursor is stored in the transaction of what was set,
so that nothing is left out and nothing old is set over something new, wherever this program is
killed. When the cursor has no place any more, the whole stock is read anew; until that is done the
shop shows what it has.

TILLRELAY_TOKEN: a token with the scope `stock`. Copy it, change it: Apache License 2.0.
"""

from centre import follow

BUCKETS = ("on_hand", "reserved", "damaged", "in_transit")
TABLES = """
CREATE TABLE IF NOT EXISTS shown (store TEXT, item TEXT, uom TEXT, on_hand TEXT DEFAULT '0',
  reserved TEXT DEFAULT '0', damaged TEXT DEFAULT '0', in_transit TEXT DEFAULT '0',
  position INTEGER DEFAULT 0, PRIMARY KEY (store, item, uom));
CREATE TABLE IF NOT EXISTS follows (cursor TEXT);
"""


def begin(db, centre):
    """The way in, and the way back."""
    cells, cursor = centre.stock()
    with db:
        db.execute("DELETE FROM shown")
        db.executemany("INSERT INTO shown VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [
            (cell["store"], cell["item"], cell["uom"], *(cell[bucket] for bucket in BUCKETS),
             cell["position"]) for cell in cells])
        remember(db, cursor)
    return cursor


def remember(db, cursor):
    db.execute("DELETE FROM follows")
    db.execute("INSERT INTO follows VALUES (?)", (cursor,))


def apply(db, answer):
    with db:
        for change in answer["changes"]:
            for cell in change["cells"]:  # the same cell may come several times: the last one holds
                bucket = BUCKETS[BUCKETS.index(cell["bucket"])]
                key = (cell["store"], cell["item"], cell["uom"])
                db.execute("INSERT OR IGNORE INTO shown (store, item, uom) VALUES (?, ?, ?)", key)
                # `position`: a later page of the stock had it already.
                db.execute(f"UPDATE shown SET {bucket} = ? WHERE store = ? AND item = ? AND "
                           "uom = ? AND position < ?", (cell["quantity"], *key, change["position"]))
        remember(db, answer["next"])


if __name__ == "__main__":
    follow(TABLES, begin, apply)
