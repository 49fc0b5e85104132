#!/usr/bin/python3
"""10,000 stores and one centre: what they cost while nothing is sold, and an hour's sales of all at
once after an outage, with holes that have to be named.

TILLRELAY_MANY_STORES, TILLRELAY_MANY_EVENTS (of each): as many; the bounds are those of 10,000.
"""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.request

from consumers_test import PostgresCentre, SqliteCentre
from harness import BIN, Place, check, free_port, run, wait_for

STORES = int(os.environ.get("TILLRELAY_MANY_STORES", 10_000))
EVENTS = int(os.environ.get("TILLRELAY_MANY_EVENTS", 60))
HOLES_EVERY = max(STORES // 20, 1)
HEARTBEAT_S = 60  # as stores send it
PATIENCE = 3000
TICKS = os.sysconf("SC_CLK_TCK")


class Fleet(Place):
    def __init__(self, database):
        self.dir = tempfile.mkdtemp(prefix="tillrelay-system-")
        self.database = database(self.dir)
        self.port, self.http = free_port(), free_port()
        self.write("broker.conf", [
            f"listener {self.port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true",
            "max_queued_messages 0", "user root"])
        self.write("collector.toml", [
            "[broker]", f'url = "mqtt://127.0.0.1:{self.port}"',
            "[store]", f'url = "{self.database.url}"',
            "[metrics]", f'listen = "127.0.0.1:{self.http}"'])
        os.chmod(self.path("collector.toml"), 0o600)
        self.broker = self.process("broker", ["mosquitto", "-c", self.path("broker.conf")])
        self.collector = self.process("collector", [
            f"{BIN}/tillrelay-collector", "--config", self.path("collector.toml")])
        self.player = None

    def __enter__(self):
        self.database.start()
        self.broker.start()
        wait_for(lambda: socket.create_connection(("127.0.0.1", self.port), 1), "the broker")
        self.collector.start()
        self.player = subprocess.Popen([
            f"{BIN}/play_stores", f"mqtt://127.0.0.1:{self.port}", str(STORES), str(EVENTS),
            self.path("sums"), str(PATIENCE), f"status={HEARTBEAT_S}",
            f"begin={self.path('begin')}", f"holes={HOLES_EVERY}", f"fill={self.path('fill')}"])
        return self

    def __exit__(self, kind, *_):
        if self.player is not None and self.player.poll() is None:
            self.player.kill()
        self.end((self.collector, self.broker), kind is not None)
        self.database.stop()

    def get(self, target, language="application/json"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{target}")
        request.add_header("Accept", language)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def number(self, sql):
        with contextlib.suppress(Exception):
            return int(self.database.query(sql)[0][0])
        return -1

    def cpu_s(self):
        with open(f"/proc/{self.collector.child.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self, line="VmRSS"):
        with open(f"/proc/{self.collector.child.pid}/status") as file:
            return next(int(row.split()[1]) for row in file if row.startswith(line)) / 1024

    def metric(self, name):
        """Summed over its labels."""
        rows = self.get("/metrics", "*/*").decode().splitlines()
        return sum(float(row.rsplit(" ", 1)[1]) for row in rows
                   if row.startswith(("tillrelay_collector_" + name + " ",
                                      "tillrelay_collector_" + name + "{")))


def page_figures(fleet):
    """Size of the page, and the middle of five times."""
    took = []
    for _ in range(5):
        begin = time.monotonic()
        page = fleet.get("/", "text/html")
        took.append(time.monotonic() - begin)
    check(len(page) <= 300_000, f"the page has {len(page)} bytes")
    return f"page {len(page) // 1000} kB in {sorted(took)[2] * 1000:.0f} ms"


def idle(fleet):
    wait_for(lambda: fleet.metric("stores") == STORES, "every store to be known", 400)
    # What a round of heartbeats costs, whose end is known by its confirmations.
    confirmed, cpu = fleet.metric("confirmations_total"), fleet.cpu_s()
    wait_for(lambda: fleet.metric("confirmations_total") >= confirmed + STORES, "a round", 400)
    share = (fleet.cpu_s() - cpu) / HEARTBEAT_S
    check(share < 0.05, f"a round of {STORES} heartbeats: {share:.1%} of a core")
    check(fleet.resident_mib() < 500, f"{fleet.resident_mib():.0f} MiB")
    return f"idle {share:.1%} of a core, {fleet.resident_mib():.0f} MiB"


def outage(fleet):
    fleet.collector.kill()
    fleet.write("begin", [])
    begin = time.monotonic()
    fleet.collector.start()
    holes = [f"{i + 1:04}" for i in range(0, STORES, HOLES_EVERY)]
    behind = len(holes) * (EVENTS - EVENTS // 2 + 1)
    through = STORES * EVENTS - behind
    wait_for(lambda: fleet.number("SELECT position FROM head") >= through, "what has no hole",
             PATIENCE)
    applied = time.monotonic() - begin

    def named():
        rows = fleet.database.query("SELECT store_id, first, last FROM gap")
        return sorted(rows) == sorted([s, str(EVENTS // 2), str(EVENTS // 2)] for s in holes)
    wait_for(named, f"{len(holes)} holes to be named and nothing else", 60)
    wait_for(lambda: fleet.metric("missing_events") == len(holes), "the page to count them", 60)
    figures = page_figures(fleet)
    fleet.write("fill", [])
    check(fleet.player.wait(timeout=PATIENCE) == 0, "not everything was confirmed")
    counted = fleet.database.query("SELECT count(*), count(DISTINCT id), max(position) FROM event "
                                   "WHERE counted = 1")[0]
    check(counted == [str(STORES * EVENTS)] * 3, f"counted {counted}")
    with open(fleet.path("sums")) as file:
        sold = sorted(line.split() for line in file)
    stock = sorted([row[0], row[1], str(int(float(row[2])))] for row in fleet.database.query(
        "SELECT store_id, item, on_hand FROM stock"))
    check(stock == sold, "the ledger is not what was sold")
    return (f"{STORES * EVENTS} events applied in {applied:.0f} s, {len(holes)} holes named, "
            f"{figures}, at most {fleet.resident_mib('VmHWM'):.0f} MiB")


def on(database):
    with Fleet(database) as fleet:
        return idle(fleet) + "; " + outage(fleet)


def on_sqlite():
    return on(SqliteCentre)


def on_postgresql():
    return on(PostgresCentre)


if __name__ == "__main__":
    run(on_sqlite, on_postgresql)
