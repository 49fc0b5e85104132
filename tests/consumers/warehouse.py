#!/usr/bin/python3
"""A data warehouse that copies receipts: it reads the centre's tables.

    warehouse.py DATABASE SOURCE

SOURCE: postgresql://ROLE@HOST/NAME (psql is called), or the path of the centre's SQLite file. How
far it has come is the position and the running hash of the centre's last event, read in one
snapshot with the receipts and stored in one transaction with them. Where the centre has another
hash at that position, it was restored from a backup: what it still keeps is copied again, and what
it has deleted by age stays here.

Copy it, change it: Apache License 2.0.
"""

import json
import sqlite3
import subprocess
import sys
import time

SLICE = 2000  # positions of one transaction
TABLES = {
    "receipt": "position store_id business_day register_id transaction_no kind status occurred_at "
               "currency net_amount tax_amount grand_amount voids_business_day voids_register_id "
               "voids_transaction_no",
    "receipt_line": "position line store_id action item gtin lot uom quantity unit_price "
                    "discount_amount net_amount",
    "tender": "position line type amount",
    "tax": "position line rate base amount"}
COLUMNS = {table: names.split() for table, names in TABLES.items()}


def questions(after):
    """What is read in one snapshot; every row is one JSON text."""
    yield "first", "SELECT {array}(MIN(position)) FROM event WHERE position IS NOT NULL"
    yield "here", f"SELECT {{array}}(position, hash) FROM event WHERE position = {after}"
    yield "last", (f"SELECT {{array}}(position, hash) FROM event WHERE position > {after} AND "
                   f"position <= {after + SLICE} ORDER BY position DESC LIMIT 1")
    yield "warehouse", "SELECT {array}(version, fill_through, filled_through) FROM warehouse"
    for table, columns in COLUMNS.items():
        yield table, (f"SELECT {{array}}({', '.join(columns)}) FROM {table} WHERE position > "
                      f"{after} AND position <= {after + SLICE}")


def read_sqlite(path, after):
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        source.execute("BEGIN")
        return {name: [json.loads(row[0], parse_float=str) for row in
                       source.execute(sql.format(array="json_array"))]
                for name, sql in questions(after)}
    finally:
        source.close()


def read_postgresql(url, after):
    script = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
    for name, sql in questions(after):
        script += f"SELECT '\"{name}\"';\n{sql.format(array='json_build_array')};\n"
    lines = subprocess.run(["psql", url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
                           input=script + "COMMIT;\n", check=True, capture_output=True, text=True,
                           timeout=300).stdout.splitlines()
    found, rows = {}, None
    for line in lines:
        value = json.loads(line, parse_float=str)
        if isinstance(value, str):
            rows = found.setdefault(value, [])
        else:
            rows.append(value)
    return found


def begin(db, first):
    """The way in, and the way back: nothing is held of what the centre keeps."""
    with db:
        for table in TABLES:
            db.execute(f"DELETE FROM {table} WHERE position >= ?", (first,))
        remember(db, first, first - 1, "")


def remember(db, first, position, digest):
    """What the centre keeps is held from `first` to `position`, where it has that hash."""
    db.execute("DELETE FROM follows")
    db.execute("INSERT INTO follows VALUES (?, ?, ?)", (first, position, digest))


def step(db, read):
    """True: there was something, and there may be more."""
    begun, position, digest = db.execute("SELECT * FROM follows").fetchone() or (0, 0, None)
    found = read(position)
    version, fill, filled = found["warehouse"][0]
    if version != 2:
        raise SystemExit(f"the tables are of version {version}")
    if filled < fill or found["first"][0][0] is None:
        return False  # the centre still fills them in after an upgrade, or has nothing yet
    first = found["first"][0][0]
    same = found["here"] == [[position, digest]] or (digest == "" and first == begun)
    if not same or first < begun:
        begin(db, first)
        return True
    if not found["last"]:
        return False
    with db:
        for table, columns in COLUMNS.items():
            marks = ", ".join("?" * len(columns))
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", found[table])
        remember(db, begun, *found["last"][0])
    return True


def prepare(db):
    for table, columns in COLUMNS.items():
        key = "position, line" if "line" in columns else "position"
        db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}, "
                   f"PRIMARY KEY ({key}))")
    db.execute("CREATE TABLE IF NOT EXISTS follows (first, position, hash)")


def main():
    db = sqlite3.connect(sys.argv[1])
    source = sys.argv[2]
    prepare(db)
    read = read_postgresql if source.startswith("postgresql:") else read_sqlite
    while True:
        try:
            more = step(db, lambda after: read(source, after))
        except (sqlite3.DatabaseError, subprocess.SubprocessError, ValueError, KeyError,
                IndexError) as error:
            print("the centre's database:", error, file=sys.stderr, flush=True)
            more = False
        if not more:
            time.sleep(1)


if __name__ == "__main__":
    main()
