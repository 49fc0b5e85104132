#!/usr/bin/python3
"""A salvage that is interrupted at random moments, with the real daemon.

    tests/system/salvage_interrupt.py [--rows 100000] [--interrupts 200] [--state FOLDER]

A journal of so many unconfirmed rows gets a damaged header and some damaged rows. The daemon
starts, finds it and salvages; it is killed with SIGKILL, or its disk is full, at a random moment,
up to four times in a row, and then left alone. Every row must then be in the new journal or
declared lost, and nothing but the damaged rows may be lost. What was measured is kept in
FOLDER/state.json after each round, so that the same command goes on where it was stopped. As root,
every other round has its full disk on a small file system of its own; otherwise all are killed.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

from harness import BIN, Failure, Process, check, free_port, wait_for

DAMAGED_ROWS = 3
ACCEPTS_WITHIN_S = 10
NEVER_S = 60
STANDS_STILL_S = 20  # nothing more is taken over
ROOM = 40_000_000  # more than a salvage needs beside what it copies


class Daemon:
    """tillrelayd without a broker, on a journal in `folder`."""

    def __init__(self, folder, logs):
        self.folder = folder
        self.intake, self.page = free_port(), free_port()
        config = os.path.join(logs, "agent.toml")
        with open(config, "w") as file:
            file.write("\n".join([
                'store_id = "0042"', 'time_zone = "Europe/Berlin"',
                "[intake]", f'listen = "127.0.0.1:{self.intake}"',
                "[status]", f'listen = "127.0.0.1:{self.page}"',
                "[control]", f'socket = "{logs}/control.sock"',
                "[journal]", f'path = "{folder}/journal.db"', "min_free_bytes = 0",
                "[drop_folder]", 'path = ""']) + "\n")
        self.process = Process("agent", [f"{BIN}/tillrelayd", "--config", config],
                               os.path.join(logs, "agent.log"))

    def tell(self, number):
        body = json.dumps({
            "kind": "sale",
            "transaction": {"store_id": "0042", "register_id": "77",
                            "business_day": "2026-11-21", "transaction_no": str(number),
                            "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "100234"}, "quantity": "1", "uom": "EA"}]}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.intake}/v1/events", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["results"][0]["outcome"]

    def keep_alive(self):
        """Starts the daemon again when it has ended, as its service manager would."""
        if not self.process.alive():
            self.process.child = None
            self.process.start()

    def accepts_after(self, number):
        """Starts it, and says after how many seconds a sale was stored."""
        began = time.monotonic()

        def told():
            self.keep_alive()
            return self.tell(number) in ("stored", "duplicate")
        with contextlib.suppress(Failure):  # never: the time is told, and it is too long
            wait_for(told, "a sale to be stored", NEVER_S)
        return time.monotonic() - began


def make_template(folder, rows):
    """A journal of so many rows that no centre has confirmed; its ids by number."""
    path = os.path.join(folder, f"template-{rows}")
    if not os.path.exists(os.path.join(path, "complete")):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        daemon = Daemon(path, path)
        daemon.process.start()
        wait_for(lambda: daemon.tell(1) == "stored", "the first sale")
        try:
            subprocess.run([f"{BIN}/tillrelay", "simulate", "--yes", "--intake",
                            f"127.0.0.1:{daemon.intake}", "--store", "0042", "--events",
                            str(rows - 1), "--group", "200", "--seed", "5"], check=True,
                           stdout=subprocess.DEVNULL)
        finally:
            daemon.process.kill(signal.SIGTERM)
        with contextlib.closing(sqlite3.connect(os.path.join(path, "journal.db"))) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is damaged has to be what is read
        open(os.path.join(path, "complete"), "w").close()
    return path


def copy_journal(template, folder):
    for name in os.listdir(template):
        if name.startswith("journal.db") and not name.endswith((".lock", ".ballast", "-shm")):
            subprocess.run(["cp", "--reflink=auto", os.path.join(template, name), folder],
                           check=True)


def ids_of(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        stream = db.execute("SELECT stream, base FROM stream WHERE current = 1").fetchone()
        return stream, dict(db.execute("SELECT position, id FROM event"))


def damage(path, dice):
    """The header's application id, and the text of some rows."""
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        for _ in range(DAMAGED_ROWS):
            while True:
                file.seek(dice.randrange(size // 4096) * 4096)
                page = file.read(4096)
                at = page.find(b'"transaction_no":"')
                if page[:1] == b"\x0d" and at > 0:
                    file.seek(-4096 + at + 3, os.SEEK_CUR)
                    file.write(b"?!")
                    break
        file.seek(68)
        file.write(b"\x01")


class SmallDisk:
    """A file system with little room, to be filled and freed; root only."""

    def __init__(self, folder, size):
        self.folder, self.size = folder, size
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)

    def fill_but(self, free):
        with open(os.path.join(self.folder, "filler"), "wb") as file:
            room = os.statvfs(self.folder)
            take = room.f_bavail * room.f_frsize - free
            if take > 0:
                os.posix_fallocate(file.fileno(), 0, take)

    def free(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, "filler"))

    def close(self):
        subprocess.run(["umount", "--lazy", self.folder], check=False)


class Round:
    """One damaged copy: some interruptions, then peace, then the count."""

    def __init__(self, number, template, state):
        self.number, self.template, self.state = number, template, state
        self.dice = random.Random(number)
        self.full = os.geteuid() == 0 and number % 2 == 1
        self.folder = tempfile.mkdtemp(prefix="tillrelay-salvage-")
        self.disk = None

    def __enter__(self):
        place = os.path.join(self.folder, "place")
        os.makedirs(place)
        if self.full:
            size = os.path.getsize(os.path.join(self.template, "journal.db"))
            self.disk = SmallDisk(place, 4 * size + 2 * ROOM)
        self.daemon = Daemon(place, self.folder)
        self.place = place
        return self

    def __exit__(self, kind, value, trace):
        with contextlib.suppress(Exception):
            self.daemon.process.kill()
        if kind is not None:
            print(self.daemon.process.text()[-4000:], file=sys.stderr)
        if self.disk:
            self.disk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self):
        return os.path.join(self.place, "journal.db")

    def interrupt(self, length):
        """Kills the daemon at a random moment of its salvage, perhaps with a full disk before."""
        if self.full:
            size = os.path.getsize(os.path.join(self.template, "journal.db"))
            self.disk.fill_but(int(self.dice.random() * (size + ROOM)))
        self.daemon.process.start()
        deadline = time.monotonic() + self.dice.random() ** 2 * length
        with contextlib.suppress(subprocess.TimeoutExpired):
            while time.monotonic() < deadline:
                left = max(0.001, deadline - time.monotonic())
                self.daemon.process.child.wait(timeout=left)
                if not self.full:
                    raise AssertionError("the daemon ended by itself")
                self.daemon.keep_alive()  # until the moment comes
        self.daemon.process.kill()
        if self.full:
            self.disk.free()

    def missing(self, ids):
        """Rows that are neither in the new journal nor declared, and those declared."""
        (stream, base) = self.state["stream"]
        with contextlib.closing(sqlite3.connect(f"file:{self.path()}?mode=ro", uri=True,
                                                timeout=10)) as db:
            db.execute("BEGIN")  # one moment of a salvage that goes on
            kept, doubled = set(), 0
            for i, data, digest in db.execute("SELECT id, data, data_sha256 FROM event"):
                doubled += i in kept
                if hashlib.sha256(data.encode()).digest() == digest:
                    kept.add(i)
            losses = db.execute("SELECT first, last FROM loss WHERE stream = ?",
                                (stream,)).fetchall()
        check(not doubled, f"{doubled} events stand in the journal twice")
        gone = [position for position, i in ids.items() if i not in kept]
        declared = [p for p in gone if any(a <= p - base <= b or b < a for a, b in losses)]
        return len(gone) - len(declared), len(declared)

    def play(self, ids, interrupts):
        copy_journal(self.template, self.place)
        damage(self.path(), self.dice)
        for _ in range(interrupts):
            self.interrupt(self.state["salvage_s"])
        waited = self.daemon.accepts_after(self.number + 1_000_000)
        began = moved_at = time.monotonic()
        undeclared, declared = self.missing(ids)
        while undeclared and time.monotonic() - moved_at < STANDS_STILL_S:
            self.daemon.keep_alive()
            with contextlib.suppress(OSError):
                self.daemon.tell(self.number + 1_000_000)  # it answers all the while
            before, (undeclared, declared) = undeclared, self.missing(ids)
            if undeclared != before:
                moved_at = time.monotonic()
        salvage_s = waited + time.monotonic() - began
        return {"accepts_s": waited, "salvage_s": salvage_s, "undeclared": undeclared,
                "declared": declared, "interrupts": interrupts, "full": self.full}


def save(state, folder):
    name = os.path.join(folder, "state.json")
    with open(name + ".new", "w") as file:
        json.dump(state, file, indent=1)
    os.replace(name + ".new", name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--interrupts", type=int, default=200)
    arguments.add_argument("--state", default="")
    options = arguments.parse_args()
    folder = options.state or f"/var/tmp/tillrelay-salvage-{options.rows}"
    os.makedirs(folder, exist_ok=True)
    template = make_template(folder, options.rows)
    stream, ids = ids_of(os.path.join(template, "journal.db"))
    check(len(ids) >= options.rows, f"only {len(ids)} rows in the template")
    state = {"rounds": [], "salvage_s": 2.0}
    with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, "state.json")) as file:
        state = json.load(file)
    state["stream"] = stream
    if not state["rounds"]:  # how long it takes undisturbed
        with Round(0, template, state) as first:
            state["rounds"].append(first.play(ids, 0))
            state["salvage_s"] = state["rounds"][0]["salvage_s"]
        save(state, folder)
    while (done := sum(r["interrupts"] for r in state["rounds"])) < options.interrupts:
        number = len(state["rounds"])
        with Round(number, template, state) as one:
            result = one.play(ids, min(1 + one.dice.randrange(4), options.interrupts - done))
        state["rounds"].append(result)
        save(state, folder)
        print(f"round {number}: {result}", flush=True)
    rounds = state["rounds"]
    slowest = max(r["accepts_s"] for r in rounds)
    undeclared = sum(r["undeclared"] for r in rounds)
    wrong = sum(1 for r in rounds if r["undeclared"] or r["declared"] > DAMAGED_ROWS or
                r["accepts_s"] > ACCEPTS_WITHIN_S)
    print(f"{options.rows} rows, {done} interruptions in {len(rounds)} rounds "
          f"({sum(r['interrupts'] for r in rounds if r['full'])} with a full disk): "
          f"{undeclared} lost without a declaration, {wrong} rounds wrong, accepts again after "
          f"{slowest:.1f} s at the slowest, a salvage takes {rounds[0]['salvage_s']:.1f} s")
    sys.exit(0 if wrong == 0 else 1)


if __name__ == "__main__":
    main()
