#!/usr/bin/python3
"""ERP, web shop and warehouse follow the centre while everything is killed and the centre is set
back to a backup once: what they hold is what the ledger holds.

TILLRELAY_CONSUMERS=long: 100,000 events of 60 stores, on SQLite and on PostgreSQL;
TILLRELAY_CONSUMER_EVENTS: as many.
"""

import contextlib
import http.server
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.request

from harness import BIN, Place, check, free_port, run, run_together, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
CONSUMERS = os.path.join(HERE, "..", "consumers")
for folder in ("support", "consumers"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import warehouse  # noqa: E402
from postgres import Postgres  # noqa: E402

LONG = os.environ.get("TILLRELAY_CONSUMERS") == "long"
STORES, EVENTS, RATE, BLOWS = (60, 100_020, 2500, 60) if LONG else (8, 3200, 500, 8)
EVENTS = int(os.environ.get("TILLRELAY_CONSUMER_EVENTS", EVENTS))
PATIENCE = 3000 if LONG else 200
BUCKETS = ("on_hand", "reserved", "damaged", "in_transit")
SECRET = "stock-for-consumers"
ROLE = """CREATE ROLE tillrelay_warehouse LOGIN;
GRANT USAGE ON SCHEMA public TO tillrelay_warehouse;
GRANT SELECT ON receipt, receipt_line, tender, tax, warehouse, stock, movement
  TO tillrelay_warehouse;
GRANT SELECT (position, hash) ON event TO tillrelay_warehouse;"""


class SqliteCentre:
    """The centre's database, and its backup."""
    readers_must_stop = True  # whoever has the file open while it is replaced

    def __init__(self, folder):
        self.path = os.path.join(folder, "central.db")
        self.url = "sqlite:" + self.path
        self.source = self.path

    def start(self):
        pass

    def stop(self):
        pass

    def ready(self):
        pass

    def query(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True,
                                                timeout=10)) as db:
            return [[str(value) for value in row] for row in db.execute(sql)]

    def backup(self):
        with contextlib.closing(sqlite3.connect(self.path, timeout=10)) as source, \
                contextlib.closing(sqlite3.connect(self.path + ".backup")) as copy:
            source.backup(copy)

    def restore(self):
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path + end)
        os.replace(self.path + ".backup", self.path)

    def cut(self, _rng):
        pass  # there is no connection


class PostgresCentre:
    readers_must_stop = False

    def __init__(self, _folder):
        self.postgres = Postgres()
        self.url = self.postgres.url
        self.source = self.url.replace("//postgres@", "//tillrelay_warehouse@")
        self.saved = self.postgres.dir + "-backup"

    def start(self):
        self.postgres.__enter__()

    def stop(self):
        self.postgres.__exit__()
        shutil.rmtree(self.saved, ignore_errors=True)

    def ready(self):
        self.query(ROLE)

    def query(self, sql):
        try:
            return self.postgres.query(sql)
        except subprocess.CalledProcessError as error:
            raise OSError(error.stderr) from error

    def backup(self):
        self._while_down(lambda data: subprocess.run(["cp", "-a", data, self.saved], check=True))

    def restore(self):
        self._while_down(lambda data: (shutil.rmtree(data), os.rename(self.saved, data)))

    def _while_down(self, action):
        self.postgres.stop()
        action(self.postgres.dir + "/data")
        self.postgres.start()

    def cut(self, rng):
        if rng.random() < 0.3:
            self.postgres.stop(signal.SIGQUIT)
            self.postgres.start()
        else:
            self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")


class Scene(Place):
    """Broker, collector, stores, and those who follow."""

    def __init__(self, database):
        self.dir = tempfile.mkdtemp(prefix="tillrelay-system-")
        self.database = database(self.dir)
        self.port, self.http = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.http}"
        self.write("broker.conf", [f"listener {self.port} 127.0.0.1", "allow_anonymous true",
                                   "set_tcp_nodelay true", "user root"])
        self.write("token", [SECRET])
        os.chmod(self.path("token"), 0o600)
        self.write("collector.toml", [
            "[broker]", f'url = "mqtt://127.0.0.1:{self.port}"',
            "[store]", f'url = "{self.database.url}"',
            "[metrics]", f'listen = "127.0.0.1:{self.http}"',
            "[api.tokens.consumers]", f'file = "{self.path("token")}"', 'scopes = ["stock"]'])
        if self.database.url.startswith("postgresql:"):
            os.chmod(self.path("collector.toml"), 0o600)
        self.broker = self.process("broker", ["mosquitto", "-c", self.path("broker.conf")])
        self.collector = self.process("collector", [
            f"{BIN}/tillrelay-collector", "--config", self.path("collector.toml")])
        self.consumers = {
            "erp": self.consumer("erp", "erp.py", self.base),
            "erp_streamed": self.consumer("erp_streamed", "erp.py", self.base, "--stream"),
            "shop": self.consumer("shop", "web_shop.py", self.base),
            "shop_streamed": self.consumer("shop_streamed", "web_shop.py", self.base, "--stream"),
            "warehouse": self.consumer("warehouse", "warehouse.py", self.database.source)}
        self.player = None

    def __enter__(self):
        try:
            self.database.start()
            self.broker.start()
            wait_for(lambda: socket.create_connection(("127.0.0.1", self.port), 1), "the broker")
            self.collector.start()
            wait_for(lambda: self.database.query("SELECT version FROM warehouse"), "the tables")
            self.database.ready()
            for consumer in self.consumers.values():
                consumer.start()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, kind, *_):
        processes = [*self.consumers.values(), self.collector, self.broker]
        if self.player is not None and self.player.poll() is None:
            self.player.kill()
        self.end(processes, kind is not None)
        self.database.stop()

    def consumer(self, name, program, *arguments):
        return self.process(name, [sys.executable, "-B", os.path.join(CONSUMERS, program),
                                   self.path(name + ".db"), *arguments])

    def play(self):
        self.player = subprocess.Popen([
            f"{BIN}/play_stores", f"mqtt://127.0.0.1:{self.port}", str(STORES),
            str(EVENTS // STORES), self.path("sums"), str(PATIENCE), f"rate={RATE}"])

    def supervise(self):
        """A collector that finds no database at its start ends; the service manager starts it."""
        if not self.collector.alive():
            self.collector.start()

    def head(self):
        return int(self.database.query("SELECT position FROM head")[0][0])

    def wait_position(self, position):
        def reached():
            check(self.player.poll() in (None, 0), "the stores gave up")
            self.supervise()
            return self.head() >= position
        wait_for(reached, f"position {position}", PATIENCE)

    # --- what each holds ---

    def held(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.path(name + ".db"), timeout=10)) as db:
            return db.execute(sql).fetchall()

    def ledger(self):
        rows = self.database.query("SELECT store_id, item, uom, on_hand, reserved, damaged, "
                                   "in_transit FROM stock")
        return cells((tuple(row[:3]), row[3:]) for row in rows)

    def served(self):
        found, page = [], ""
        while page is not None:
            request = urllib.request.Request(f"{self.base}/v1/stock?limit=150{page}")
            request.add_header("Authorization", "Bearer " + SECRET)
            with urllib.request.urlopen(request, timeout=30) as response:
                answer = json.load(response)
            found += answer["cells"]
            page = answer["next_page"] and "&page=" + answer["next_page"]
        return cells(((c["store"], c["item"], c["uom"]), [c[b] for b in BUCKETS]) for c in found)

    def booked(self, name):
        wrong = self.held(name, "SELECT * FROM stock s WHERE micros <> COALESCE((SELECT "
                                "SUM(micros) FROM booking b WHERE (b.store, b.item, b.uom, "
                                "b.bucket) = (s.store, s.item, s.uom, s.bucket)), 0)")
        check(not wrong, f"{name}: the bookings are not the stock: {wrong[:3]}")
        stock = self.held(name, "SELECT store, item, uom, bucket, micros FROM stock")
        return {tuple(row[:4]): row[4] for row in stock if row[4]}

    def shown(self, name):
        rows = self.held(name, f"SELECT store, item, uom, {', '.join(BUCKETS)} FROM shown")
        return cells((row[:3], row[3:]) for row in rows)

    def copied(self, table):
        columns = ", ".join(warehouse.COLUMNS[table])
        return sorted(self.held("warehouse", f"SELECT {columns} FROM {table}"), key=repr)

    def original(self, table):
        read = warehouse.read_sqlite if isinstance(self.database, SqliteCentre) else \
            warehouse.read_postgresql
        rows = []
        for after in range(0, self.head(), warehouse.SLICE):
            rows += map(tuple, read(self.database.source, after)[table])
        return sorted(rows, key=repr)


def cells(rows):
    """(store, item, uom, bucket) -> millionths, where there is something."""
    found = {}
    for key, quantities in rows:
        for bucket, quantity in zip(BUCKETS, quantities):
            micros = round(float(quantity) * 1_000_000)
            if micros:
                found[(*key, bucket)] = micros
    return found


def kill_something(scene, rng):
    victim = rng.choice(["collector", "broker", "database", *scene.consumers])
    if victim == "collector":
        scene.collector.restart()
    elif victim == "broker":
        scene.broker.restart()
    elif victim == "database":
        scene.database.cut(rng)
    else:
        scene.consumers[victim].restart()


def position_of(scene, name):
    column = "position" if name == "warehouse" else "CAST(cursor AS INTEGER)"
    rows = scene.held(name, f"SELECT {column} FROM follows")
    return rows[0][0] if rows else 0


def set_back(scene):
    """Everybody has seen what the backup has not; the stores send it again in another order."""
    backup = scene.database.saved_position
    for name in scene.consumers:
        wait_for(lambda: position_of(scene, name) > backup,
                 f"{name} to be behind the backup")
    scene.collector.kill()
    if scene.database.readers_must_stop:
        scene.consumers["warehouse"].kill()
    before = dict(scene.database.query(f"SELECT position, id FROM event WHERE position > {backup}"))
    scene.database.restore()
    scene.collector.start()
    if scene.database.readers_must_stop:
        scene.consumers["warehouse"].start()
    return before


def follow_through_everything(database):
    rng = random.Random(7)
    with Scene(database) as scene:
        total = EVENTS // STORES * STORES
        scene.play()
        blows = sorted(rng.sample(range(total // 20, total * 19 // 20), BLOWS))
        before = None
        for position in blows:
            scene.wait_position(position)
            if not hasattr(scene.database, "saved_position") and position > total // 3:
                scene.database.saved_position = scene.head()
                scene.database.backup()
            elif before is None and position > total * 2 // 3:
                before = set_back(scene)
            kill_something(scene, rng)
        check(before, "the centre was not set back")
        scene.write("sums.over", [])
        wait_for(lambda: scene.supervise() or scene.player.poll() is not None, "the stores' end",
                 PATIENCE)
        check(scene.player.returncode == 0, "not everything was confirmed")
        check(scene.head() >= total, f"{scene.head()} of {total} counted")
        after = dict(scene.database.query("SELECT position, id FROM event"))
        moved = sum(after.get(position) != known for position, known in before.items())
        check(moved > 0, "the stores sent in the same order")
        ledger = scene.ledger()
        check(ledger and scene.served() == ledger, "/v1/stock is not the ledger")
        for name in ("erp", "erp_streamed"):
            wait_for(lambda: scene.booked(name) == ledger, f"{name} to hold the ledger")
        for name in ("shop", "shop_streamed"):
            wait_for(lambda: scene.shown(name) == ledger, f"{name} to hold the ledger")
        for table in warehouse.TABLES:
            original = scene.original(table)
            check(original, f"no {table}")
            wait_for(lambda: scene.copied(table) == original, f"the warehouse's {table}")
        for name in ("erp", "erp_streamed", "shop", "shop_streamed"):
            check("begins again" in scene.consumers[name].text(), f"{name} saw no other history")
        return (f"{total} events of {STORES} stores, {BLOWS} kills, set back to "
                f"{scene.database.saved_position}, {moved} positions with another event")


def on_sqlite_they_hold_what_the_ledger_holds():
    return follow_through_everything(SqliteCentre)


def on_postgresql_they_hold_what_the_ledger_holds():
    return follow_through_everything(PostgresCentre)


STOCK = {"cursor": "7-" + "0" * 32, "position": 7, "stores": [], "next_page": None, "cells": [
    {"store": "0042", "item": "apple", "uom": "EA", "on_hand": "5", "reserved": "0",
     "damaged": "0", "in_transit": "0", "position": 7}]}
CHANGES = {"changes": [{"position": 8, "kind": "sale", "cells": [
    {"store": "0042", "item": "apple", "uom": "EA", "bucket": "on_hand", "change": "-1",
     "quantity": "4"}]}], "next": "8-" + "0" * 32, "last": 8, "more": False}


def bad_answers_are_no_answers():
    """What a proxy, a full centre and a cut line give between the right answers."""
    problem = json.dumps({"status": 410, "snapshot": "/v1/stock"})
    script = [(200, json.dumps(STOCK)), (200, "<html>Login</html>"), (409, "<html>Conflict</html>"),
              (503, ""), (429, "{}"), (410, problem), (200, json.dumps(STOCK)),
              (200, json.dumps(CHANGES))]
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = script[len(asked)] if len(asked) < len(script) else (401, "{}")
            asked.append(self.path.partition("?")[0])
            self.send_response(status)
            if status in (429, 503):
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server, \
            tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = subprocess.run([sys.executable, "-B", os.path.join(CONSUMERS, "erp.py"),
                               folder + "/erp.db", url], capture_output=True, text=True, timeout=60)
        server.shutdown()
        check(done.returncode != 0 and "401" in done.stderr, f"a wrong token: {done.stderr}")
        stock, changes = "/v1/stock", "/v1/changes"
        check(asked == [stock, *[changes] * 5, stock, changes, changes], f"asked {asked}")
        with contextlib.closing(sqlite3.connect(folder + "/erp.db")) as db:
            held = db.execute("SELECT micros FROM stock WHERE bucket = 'on_hand'").fetchall()
            bookings = db.execute("SELECT reason, micros FROM booking WHERE bucket = 'on_hand' "
                                  "ORDER BY number").fetchall()
        check(held == [(4_000_000,)], f"holds {held}")
        check(bookings == [("correction", 5_000_000), ("sale", -1_000_000)],
              f"booked {bookings}")
        return f"{len(asked)} questions, 6 of them without a right answer"


class Tables:
    """A centre's tables as the warehouse reads them."""

    def __init__(self):
        self.events, self.deleted = {}, 0

    def read(self, after):
        kept = {at: digest for at, digest in self.events.items() if at > self.deleted}
        slice_end = after + 3
        new = [[at, kept[at]] for at in sorted(kept) if after < at <= slice_end]
        rows = {table: [] for table in warehouse.TABLES}
        rows["tax"] = [[at, 1, "19", "1", digest] for at, digest in new]
        return {"first": [[min(kept, default=None)]], "last": new[-1:],
                "here": [[after, kept[after]]] if after in kept else [],
                "warehouse": [[2, 0, 0]], **rows}


def a_warehouse_follows_one_history_and_keeps_what_is_deleted():
    rng = random.Random(3)
    rounds = 100
    for _ in range(rounds):
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            warehouse.prepare(db)
            centre, backup = Tables(), None
            for number in range(60):
                act = rng.randrange(8)
                head = max(centre.events, default=0)
                if act < 4:
                    centre.events[head + 1] = f"{head + 1}-{number}"
                elif act == 4:
                    warehouse.step(db, centre.read)
                elif act == 5 and head:
                    centre.deleted = rng.randrange(centre.deleted, head)
                elif act == 6:
                    backup = dict(centre.events), centre.deleted
                elif backup:
                    centre.events, centre.deleted = dict(backup[0]), backup[1]
            while warehouse.step(db, centre.read):
                pass
            held = {at: digest for at, digest in db.execute("SELECT position, amount FROM tax")}
            kept = {at: d for at, d in centre.events.items() if at > centre.deleted}
            check(kept.items() <= held.items(), f"{kept} is not all in {held}")
            beyond = [at for at in held if at > max(kept, default=10**9)]
            check(not beyond, f"{beyond} never were")
    return f"{rounds} histories with deletions and backups"


if __name__ == "__main__":
    os.environ["TILLRELAY_TOKEN"] = SECRET
    only = os.environ.get("TILLRELAY_ONLY", "")
    stories = [on_sqlite_they_hold_what_the_ledger_holds, bad_answers_are_no_answers,
               a_warehouse_follows_one_history_and_keeps_what_is_deleted]
    if LONG:
        stories.append(on_postgresql_they_hold_what_the_ledger_holds)
    (run if LONG else run_together)(*(story for story in stories if only in story.__name__))
