#!/usr/bin/python3
"""Two collectors share the events of 50 stores into PostgreSQL while things die under them; one
collector comes back from a backup; one process is watched by its service manager."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request

from harness import BIN, Place, World, check, free_port, run, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from postgres import Postgres  # noqa: E402

STORES = 50
EVENTS = int(os.environ.get("TILLRELAY_SHARED_EVENTS", "20000"))


class Centre(Place):
    """A broker, PostgreSQL and two collectors that share a subscription."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tillrelay-system-")
        self.port = free_port()
        self.postgres = Postgres()
        self.http = [free_port(), free_port()]
        self.write("broker.conf", [f"listener {self.port} 127.0.0.1", "allow_anonymous true",
                                   "set_tcp_nodelay true", "user root"])
        self.broker = self.process("broker", ["mosquitto", "-c", self.path("broker.conf")])
        self.collectors, self.player = [], None
        for n in (1, 2):
            self.write(f"collector{n}.toml", [
                "[broker]", f'url = "mqtt://127.0.0.1:{self.port}"',
                "[store]", f'url = "{self.postgres.url}"',
                "[delivery]", 'shared_group = "centre"', f"instance = {n}",
                "[metrics]", f'listen = "127.0.0.1:{self.http[n - 1]}"'])
            self.collectors.append(self.process(f"collector{n}", [
                f"{BIN}/tillrelay-collector", "--config", self.path(f"collector{n}.toml")]))

    def __enter__(self):
        self.postgres.__enter__()
        self.broker.start()
        wait_for(lambda: socket.create_connection(("127.0.0.1", self.port), 1), "the broker")
        for collector in self.collectors:
            collector.start()
        for port in self.http:
            wait_for(lambda: self.metric(port, "broker_connected") == 1, "a collector")
        return self

    def __exit__(self, kind, *_):
        processes = [*self.collectors, self.broker]
        if self.player is not None and self.player.poll() is None:
            self.player.kill()
        self.end(processes, kind is not None)
        self.postgres.__exit__()

    def get(self, port, target):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=30) as answer:
            return answer.read().decode()

    def metric(self, port, name):
        for line in self.get(port, "/metrics").splitlines():
            if line.startswith(f"tillrelay_collector_{name} "):
                return float(line.split()[1])
        return None

    def number(self, sql):
        try:
            return int(self.postgres.query(sql)[0][0])
        except subprocess.CalledProcessError as error:  # the server is down
            raise OSError(error.stderr) from error

    def play(self):
        sums = self.path("sums")
        self.player = subprocess.Popen([f"{BIN}/play_stores", f"mqtt://127.0.0.1:{self.port}",
                                        str(STORES), str(EVENTS // STORES), sums, "600"])
        return self.player, sums

    def wait_counted(self, least):
        wait_for(lambda: self.number("SELECT position FROM head") >= least, f"{least} counted",
                 300)

    def check_exact(self, sums):
        counted = self.postgres.query(
            "SELECT count(*), count(DISTINCT id), min(position), max(position) FROM event "
            "WHERE counted = 1")[0]
        check(counted == [str(EVENTS), str(EVENTS), "1", str(EVENTS)], f"counted {counted}")
        check(self.number("SELECT count(*) FROM event WHERE counted = 0") == 0, "islands are left")
        check(self.number("SELECT count(*) FROM diverged") == 0, "forks")
        disorder = self.number(
            "SELECT count(*) FROM (SELECT position, lag(position) OVER "
            "(PARTITION BY store_id, stream ORDER BY sequence) AS before FROM event) x "
            "WHERE position < before")
        check(disorder == 0, f"{disorder} events out of order")
        with open(sums) as file:
            sold = sorted(line.split() for line in file)
        stock = sorted([store, item, str(int(float(q)))] for store, item, q in self.postgres.query(
            "SELECT store_id, item, on_hand FROM stock"))
        check(stock == sold, "the ledger is not what was sold")

    def changes(self, port):
        """Every position that the HTTP interface gives, asked for 1,000 at a time, and the stock
        of one who adds what the changes did."""
        positions, added, cursor = [], {}, ""
        while True:
            answer = json.loads(self.get(port, f"/v1/changes?limit=1000{cursor}"))
            for change in answer["changes"]:
                positions.append(change["position"])
                for cell in change["cells"]:
                    key = (cell["store"], cell["item"])
                    added[key] = added.get(key, 0) + int(cell["change"])
            cursor = "&cursor=" + answer["next"]
            if not answer["more"]:
                return positions, added


def two_share_and_one_is_killed_in_the_middle():
    with Centre() as centre:
        player, sums = centre.play()
        centre.wait_counted(EVENTS // 3)
        centre.collectors[0].kill()
        centre.wait_counted(EVENTS * 2 // 3)
        centre.collectors[0].start()
        check(player.wait(timeout=600) == 0, "not everything was confirmed")
        centre.check_exact(sums)
        positions, added = centre.changes(centre.http[1])
        check(positions == list(range(1, EVENTS + 1)), "changes have holes")
        with open(sums) as file:
            sold = {(store, item): int(q) for store, item, q in map(str.split, file)}
        check(added == sold, "adding the changes does not give the ledger")
        for collector in centre.collectors:
            collector.kill(signal.SIGTERM)
        rebuilt = subprocess.run([f"{BIN}/tillrelay-collector", "rebuild-ledger", "--config",
                                  centre.path("collector1.toml")], capture_output=True, text=True)
        check(rebuilt.stdout.strip() == f"rebuilt from {EVENTS} events, 0 cells corrected",
              rebuilt.stdout)
        centre.check_exact(sums)
        return f"{EVENTS} events of {STORES} stores, each once, in order; rebuild agrees"


def postgresql_crashes_and_nothing_unwritten_is_confirmed():
    with Centre() as centre:
        player, sums = centre.play()
        for share in (4, 2):
            centre.wait_counted(EVENTS // share)
            centre.postgres.stop(signal.SIGQUIT)
            centre.postgres.start()
        check(player.wait(timeout=600) == 0, "not everything was confirmed")
        centre.check_exact(sums)
        return f"{EVENTS} events, the server killed twice"


def a_collector_restored_from_a_backup_gets_the_rest_again():
    with World() as world:
        world.start()
        world.simulate(300, 11)[0].wait(timeout=60)
        world.wait_delivered()
        backup = world.path("backup.db")
        with contextlib.closing(sqlite3.connect(world.path("central.db"))) as source, \
                contextlib.closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        world.simulate(300, 12, day="2026-11-23")[0].wait(timeout=60)
        world.wait_delivered()
        world.collector.kill(signal.SIGTERM)
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(world.path("central.db") + end)
        shutil.copy(backup, world.path("central.db"))
        world.collector.start()
        wait_for(lambda: world.central("SELECT count(*) FROM event WHERE counted = 1")[0][0] == 600,
                 "the second half again", 120)
        world.wait_delivered()
        wait_for(lambda: world.central("SELECT count(*) FROM gap")[0][0] == 0, "the gap to close")
        world.check_exactly_once(600)
        return "600 events, the second 300 sent again"


def the_service_manager_is_told_and_exit_codes_are_kept():
    with World() as world:
        port = free_port()
        with open(world.path("collector.toml"), "a") as file:
            file.write(f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
        path = world.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(30)
            child = subprocess.Popen(world.collector.arguments, stderr=subprocess.DEVNULL, env={
                **os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"})
            said = []
            while not any("WATCHDOG=1" in s for s in said):
                said.append(manager.recv(4096).decode())
            check("READY=1" in said[0] and "STATUS=" in said[0], f"first word {said[0]!r}")
            # READY without a broker, and the page answers.
            check(b"broker cannot be reached" in world.get("/", port)[1], "the page")
            check(world.get("/healthz", port)[0] == 200, "healthz")
            child.send_signal(signal.SIGTERM)
            check(child.wait(timeout=30) == 0, "exit code after SIGTERM")
            while not any("STOPPING=1" in s for s in said):
                said.append(manager.recv(4096).decode())
        with open(world.path("collector.toml"), "a") as file:
            file.write("colour = 1\n")
        wrong = subprocess.run(world.collector.arguments, capture_output=True, text=True)
        check(wrong.returncode == 78 and "colour" in wrong.stderr, wrong.stderr)
        return "READY before the broker, watchdog, STOPPING, exit 0 and 78"


if __name__ == "__main__":
    run(two_share_and_one_is_killed_in_the_middle,
        postgresql_crashes_and_nothing_unwritten_is_confirmed,
        a_collector_restored_from_a_backup_gets_the_rest_again,
        the_service_manager_is_told_and_exit_codes_are_kept)
