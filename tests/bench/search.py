#!/usr/bin/python3
"""How long searches take over the admin API, with many events in the journal.

search.py [EVENTS]: fills a journal with generated rows (they are not sent anywhere), starts the
agent on it and asks each kind of question again and again, while a register goes on selling."""

import datetime
import hashlib
import json
import os
import sqlite3
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from clients import control, ask, sale  # noqa: E402
from harness import World, wait_for  # noqa: E402

ASKED = 31
BLOCK = 1024  # positions of one row of id_block
REGISTERS = 20
DAYS = 200
FIRST_DAY = datetime.date(2026, 5, 1)
EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000


def event(position):
    number, register = position // REGISTERS + 1, position % REGISTERS + 1
    days = position * DAYS // EVENTS  # since the first; each has its share, recorded on it
    day = (FIRST_DAY + datetime.timedelta(days=days)).isoformat()
    noon = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    identity = hashlib.sha256(str(position).encode()).digest()
    data = json.dumps({"kind": "sale", "transaction": {
        "store_id": "0042", "register_id": str(register), "business_day": day,
        "transaction_no": str(number)}, "lines": [{"item": {"sku": f"sku-{position % 5000}"},
                                                   "quantity": "1", "uom": "EA"}] * 8})
    sortable = chr(ord("A") + len(str(number)) - 1) + str(number)
    if position % 100 == 0:
        kind, subject = "transfer_sent", f"transfer/TR-{position}"
        key = "\x1f".join(("d", kind, f"TR-{position}", ""))
    else:
        kind, subject = "sale", f"register/{register:02}/{day}/{number:06}"
        key = "\x1f".join(("r", str(register), sortable, day))
    return (position, identity[:16], kind, subject,
            f"{day}T12:00:00+01:00",
            int(noon) * 1_000_000 + position % (EVENTS // DAYS) * 1000, data,
            hashlib.sha256(data.encode()).digest(), identity[:8],
            key)


def fill(world, events):
    db = sqlite3.connect(world.path("journal.db"), isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    ids = [bytes(8)] * BLOCK
    for position in range(1, events + 1):
        row = event(position)
        db.execute("INSERT INTO event VALUES(?,?,?,?,?,?,?,?,?)", row[:9])
        db.execute("INSERT INTO known VALUES(?,?,?,?,NULL)",
                   (row[9], row[1], row[7][:16], position))
        ids[position % BLOCK] = row[1][:8]
        if position % BLOCK == BLOCK - 1:
            db.execute("INSERT OR REPLACE INTO id_block VALUES(?,?)",
                       (position // BLOCK, b"".join(ids)))
            ids = [bytes(8)] * BLOCK
        if position % 100_000 == 0:
            db.execute("COMMIT")
            db.execute("BEGIN")
    db.execute("UPDATE stream SET head=? WHERE current=1", (events,))
    db.execute("COMMIT")
    db.close()


def main():
    events = EVENTS
    with World() as world:
        world.start(broker=False, collector=False)
        wait_for(lambda: world.post(sale(1))[0] == 200, "the first sale")
        world.agent.kill(15)
        with sqlite3.connect(world.path("journal.db")) as db:
            db.execute("DELETE FROM event")
            db.execute("DELETE FROM known")
        started = time.monotonic()
        fill(world, events)
        size = os.path.getsize(world.path("journal.db")) / 1e9
        print(f"{events} events, {size:.1f} GB, filled in {time.monotonic() - started:.0f} s")
        world.start(broker=False, collector=False)
        stop, sold = threading.Event(), []

        def sell():
            number = 10_000_000
            while not stop.is_set():
                number += 1
                began = time.monotonic()
                world.post(sale(number))
                sold.append(1000 * (time.monotonic() - began))
        selling = threading.Thread(target=sell)
        selling.start()
        middle, transfer = event(events // 2 + 1), f"TR-{events // 2}"
        old = "-".join((middle[1].hex()[:8], middle[1].hex()[8:12], middle[1].hex()[12:16],
                        middle[1].hex()[16:20], middle[1].hex()[20:]))
        _, register, day, number = middle[3].split("/")
        for name, query in (
                ("newest", "limit=100"), ("receipt", f"register={register}&number={number}"),
                ("number", f"number={number}"),
                ("transfer's number", f"number={transfer}"), ("register", f"register={register}"),
                ("day", f"business_day={day}"), ("kind that is there", "kind=sale"),
                ("kind that is not", "kind=return"), ("text that is there", "text=sku-17"),
                ("text of the newest", "text=10000001"),
                ("text that is not", "text=nowhere"), ("id", f"id={old}"),
                ("id that is not", "id=00000000-0000-5000-8000-000000000000"),
                ("day and register", f"business_day={day}&register={register}"),
                ("by sequence", f"after={events // 2}&limit=100")):
            took, answer = [], None
            connection = control(world)
            for _ in range(ASKED):
                began = time.monotonic()
                answer = ask(connection, "GET", f"/v1/events?{query}").json()
                took.append(1000 * (time.monotonic() - began))
            print(f"{name:20} median {statistics.median(took):7.1f} ms  most {max(took):7.1f} ms  "
                  f"{len(answer['events']):4} found, goes on: {'go_on_before' in answer}")
        stop.set()
        selling.join()
        wal = os.path.getsize(world.path("journal.db-wal")) / 1e6
        print(f"meanwhile {len(sold)} sales, median {statistics.median(sold):.1f} ms, "
              f"p99 {sorted(sold)[len(sold) * 99 // 100]:.1f} ms, log {wal:.1f} MB")


if __name__ == "__main__":
    main()
