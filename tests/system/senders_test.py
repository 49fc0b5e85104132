#!/usr/bin/python3
"""The senders of docs/senders against a real agent: kept, known, put aside, refused, no answer;
those with an outbox of their own are killed, and lose what was not synced, at random instants.

TILLRELAY_SENDER_CUTS: at how many instants (5 each), TILLRELAY_SEED: which ones."""

import concurrent.futures
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import BIN, World, check, run, wait_for

SENDERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "senders")
CUTS = int(os.environ.get("TILLRELAY_SENDER_CUTS", "5"))
SEED = int(os.environ.get("TILLRELAY_SEED", "20261121"))
SHIM = os.path.abspath(f"{BIN}/libtillrelay_power.so")


def document(number, register="03", **more):
    return {"kind": "sale", **more,
            "transaction": {"store_id": "0042", "register_id": register,
                            "business_day": "2026-11-21", "transaction_no": str(number),
                            "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}]}


def send(world, sender, text, tries="0"):
    path = world.path("document.json")
    with open(path, "w") as file:
        file.write(text)
    environment = dict(os.environ, TILLRELAY_TRIES=tries)
    return subprocess.run([os.path.join(SENDERS, sender), path, "application/json",
                           f"http://127.0.0.1:{world.intake_port}"],
                          env=environment, capture_output=True, text=True, timeout=120)


def every_sender_keeps_its_promise():
    with World() as world:
        world.start(broker=False, collector=False)
        for number, sender in enumerate(("send.sh", "send.py"), start=1):
            whole = json.dumps(document(number))
            first = send(world, sender, whole)
            check(first.returncode == 0 and '"stored":1' in first.stdout, f"{sender}: {first}")
            again = send(world, sender, whole)
            check(again.returncode == 0 and '"duplicate":1' in again.stdout, f"{sender}: {again}")
            aside = send(world, sender, json.dumps(document(number, unheard=1)))
            check(aside.returncode == 2 and "unknown-field" in aside.stdout, f"{sender}: {aside}")
            cut = send(world, sender, whole[:50])
            check(cut.returncode == 1 and "not-syntax" in cut.stderr, f"{sender}: {cut}")
        check(world.status()["head"] == 2, "each sale once")
        return "stored, duplicate, quarantined, refused by two senders"


def no_answer_is_repeated_until_there_is_one():
    with World() as world:
        world.start(broker=False, collector=False)
        world.agent.kill()
        for number, sender in enumerate(("send.sh", "send.py"), start=1):
            alone = send(world, sender, json.dumps(document(number)), tries="2")
            check(alone.returncode == 3, f"{sender}: {alone}")
            check("again in 1 s" in alone.stderr, f"{sender}: {alone.stderr}")
        return "a dead agent: tried again, then said so"


class Outbox:
    """A sender with an outbox of its own, as a till runs it: one process puts, one sends."""

    def __init__(self, name, command, folder, power=None):
        self.name, self.command, self.folder = name, command, folder
        self.environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        if power:
            self.environment.update(LD_PRELOAD=SHIM, TILLRELAY_TEST_POWER=power)

    def call(self, *arguments, **options):
        return subprocess.Popen([*self.command, *arguments], env=self.environment, **options)

    def put(self, documents):
        with tempfile.TemporaryFile() as lines:
            lines.writelines(json.dumps(each).encode() + b"\n" for each in documents)
            lines.seek(0)
            return self.call("put", self.folder, "-", stdin=lines, stdout=subprocess.PIPE)


def commands(folder):
    """How each of them is started; the C# one is compiled first."""
    program = os.path.join(folder, "Outbox.exe")
    subprocess.run(["mcs", "-warnaserror", f"-out:{program}", "-r:System.Runtime.Serialization",
                    os.path.join(SENDERS, "Outbox.cs")], check=True)
    # What it calls of the C library goes by the shim as well.
    with open(program + ".config", "w") as file:
        file.write(f'<configuration><dllmap dll="libc" target="{SHIM}"/></configuration>\n')
    return {"outbox.py": [os.path.join(SENDERS, "outbox.py")], "Outbox.cs": ["mono", program]}


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives every document one wrong answer, then the right one."""

    table, asked = [], []

    def do_POST(self):
        number = int(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["number"])
        self.asked.append(number)
        status, body = self.table[number]
        if number in self.asked[:-1]:
            status, body = 200, b'{"results":[{"outcome":"stored"}]}'
        if status == 0:
            self.close_connection = True
            return
        self.send_response(abs(status))
        self.send_header("Content-Length", str(len(body) + (1 if status < 0 else 0)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = status < 0  # the answer is cut

    def log_message(self, *_):
        pass


STORED = b'{"results":[{"outcome":"stored"},{"outcome":"duplicate"}]}'
DONE = [(200, STORED), (200, b'{"results":[{"outcome":"duplicate"}]}')]
ASIDE = [(200, b'{"results":[{"outcome":"stored"},{"outcome":"quarantined","ticket":7}]}'),
         (200, b'{"results":[{"outcome":"a word of tomorrow"}]}'),
         (400, b"{}"), (413, b""), (415, b"{}"), (422, b"{}")]
AGAIN = [(0, b""), (503, b"{}"), (500, b""), (502, b"<html>"), (429, b"{}"), (408, b"{}"),
         (401, b"{}"), (403, b"{}"), (404, b"{}"), (200, b"<html>sign in</html>"), (200, b""),
         (200, b"{}"), (200, b"[]"), (200, b"null"), (200, b'{"results":[]}'),
         (200, b'{"results":[{}]}'), (200, b'{"results":[null]}'), (200, b'{"results":7}'),
         (200, b'{"results":[{"outcome":"refused"},{"outcome":"stored"}]}'),
         (200, STORED[:30]), (200, b"[" * 100_000), (-200, STORED), (-503, b"{}"),
         (302, b""), (204, b""), (201, STORED)]


def every_answer(name, command, base):
    """One table for all: what is sent once, what again, what is put aside."""
    folder = os.path.join(base, "answers-" + name)
    handler = type("Handler", (Answers,), {"table": [*DONE, *ASIDE, *AGAIN], "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outbox = Outbox(name, command, folder)
        count = len(handler.table)
        putting = outbox.put([{"number": number} for number in range(count)])
        check(len(putting.communicate()[0].split()) == count and putting.returncode == 0, name)
        sending = outbox.call("once", folder, f"http://127.0.0.1:{server.server_port}")
        check(sending.wait(timeout=60) == 0, f"{name}: {sending.returncode}")
        server.shutdown()
    once = len(DONE) + len(ASIDE)
    expected = [n for number in range(count) for n in [number] * (1 if number < once else 2)]
    check(handler.asked == expected, f"{name}: {handler.asked}")
    aside = sorted(os.listdir(os.path.join(folder, "aside")))
    check(len(aside) == 2 * len(ASIDE), f"{name}: {aside}")
    with open(os.path.join(folder, "aside", aside[1]), "rb") as file:
        check(file.read() == ASIDE[0][1], f"{name}: the answer lies beside it")
    left = [each for each in os.listdir(folder) if each not in ("aside", ".lock")]
    check(not left, f"{name}: {left}")
    return count


def every_answer_of_a_server():
    with tempfile.TemporaryDirectory() as base:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            counts = list(pool.map(lambda each: every_answer(*each, base), commands(base).items()))
        return f"{counts} answers"


def after_the_cut(folder, power, names_survive):
    """Puts into the folder's place what was synced: names and bytes, or the bytes alone."""
    old = folder + ".before"
    os.rename(folder, old)
    for each in ("", "aside"):
        source = os.path.join(old, each)
        if not os.path.isdir(source):
            continue
        names = {name: os.lstat(os.path.join(source, name)).st_ino for name in os.listdir(source)}
        synced = os.path.join(power, f"names-{os.stat(source).st_ino}")
        if not names_survive:
            lines = open(synced).read().splitlines() if os.path.exists(synced) else []
            names = {name: int(inode) for inode, name in (line.split(" ", 1) for line in lines)}
        target = os.path.join(folder, each)
        os.makedirs(target)
        for name, inode in names.items():
            if name == "aside":
                continue
            kept = os.path.join(power, f"inode-{inode}")
            with open(os.path.join(target, name), "wb") as file:
                file.write(open(kept, "rb").read() if os.path.exists(kept) else b"")
    shutil.rmtree(old)
    shutil.rmtree(power)
    os.makedirs(power)
    remember(folder, power)


def remember(folder, power):
    """What lies there after the cut is on the disk."""
    for path, _, files in os.walk(folder):
        with open(os.path.join(power, f"names-{os.stat(path).st_ino}"), "w") as out:
            out.writelines(f"{os.lstat(os.path.join(path, name)).st_ino} {name}\n"
                           for name in os.listdir(path))
        for name in files:
            number = os.stat(os.path.join(path, name)).st_ino
            shutil.copy(os.path.join(path, name), os.path.join(power, f"inode-{number}"))


class Till:
    """One sender, killed again and again while it puts and sends."""

    def __init__(self, world, name, command, register):
        self.world, self.name, self.register = world, name, register
        self.random = random.Random(f"{SEED} {name}")
        self.folder, self.power = world.path("till-" + name), world.path("power-" + name)
        os.makedirs(self.power)
        self.outbox = Outbox(name, command, self.folder, self.power)
        self.url = f"http://127.0.0.1:{world.intake_port}"
        self.next, self.promised = 1, set()
        self.start_s = self.measure()

    def measure(self):
        """How long one document takes, the start of the program included."""
        began = time.monotonic()
        self.sell(1, None)
        return time.monotonic() - began

    def sell(self, count, patience_s):
        first, self.next = self.next, self.next + count
        putting = self.outbox.put(document(n, self.register) for n in range(first, self.next))
        if patience_s is not None:
            time.sleep(patience_s)  # the instant of the cut, not a wait for anything
            putting.send_signal(signal.SIGKILL)
        told = putting.communicate()[0].count(b"\n")
        self.promised.update(range(first, first + told))

    def cut(self):
        if len(os.listdir(self.folder)) > 200:
            self.finish()  # a slow machine kills the sender before it has begun
            self.start_s = self.measure()
        sending = self.outbox.call("run", self.folder, self.url)
        self.sell(60, self.start_s * self.random.uniform(0.5, 3))
        sending.kill()
        sending.wait()
        after_the_cut(self.folder, self.power, self.random.random() < 0.5)

    def finish(self):
        sending = self.outbox.call("once", self.folder, self.url)
        check(sending.wait(timeout=300) == 0, f"{self.name}: {sending.returncode}")

    def verdict(self):
        stored = [int(number) for (number,) in self.world.central(
            "SELECT transaction_no FROM receipt WHERE register_id = ?", self.register)]
        lost = self.promised - set(stored)
        check(not lost, f"{self.name}: lost {sorted(lost)[:20]}, seed {SEED}")
        check(len(stored) == len(set(stored)), f"{self.name}: doubled, seed {SEED}")
        check(set(stored) <= set(range(1, self.next)), f"{self.name}: never sold")
        check(len(self.promised) > CUTS, f"{self.name}: only {len(self.promised)} promised")
        return f"{self.name} {len(self.promised)} of {self.next - 1} kept"


def play_till(till):
    for _ in range(CUTS):
        till.cut()
    till.finish()


def nothing_is_lost_at_any_instant():
    with World() as world:
        world.start()
        tills = [Till(world, *each, f"0{register}")
                 for register, each in enumerate(commands(world.dir).items(), start=3)]
        with concurrent.futures.ThreadPoolExecutor(len(tills)) as pool:
            for played in [pool.submit(play_till, till) for till in tills]:
                played.result()
        check(world.local("SELECT count(*) FROM quarantine")[0][0] == 0, "something was torn")
        world.wait_delivered()
        world.check_exactly_once(world.status()["head"])
        return ", ".join(till.verdict() for till in tills) + f", cut {CUTS} times each"


def mapped(name, system):
    with open(os.path.join(SENDERS, "..", "..", "tests", "golden", "senders", system)) as records:
        done = subprocess.run([os.path.join(SENDERS, name), "0042"], stdin=records,
                              capture_output=True, check=True,
                              env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    return done.stdout


def records_of_shop_systems_move_the_right_stock():
    """Up to the ledger, and once only, however often an export holds them."""
    with World(agent_lines=["[registers]", 'numbering = "none"']) as world:
        world.start()
        count = 0
        for name, system in (("odoo_orders.py", "odoo.json"),
                             ("erpnext_invoices.py", "erpnext.json")):
            documents = mapped(name, system)
            count += documents.count(b"\n")
            for outcome in ("stored", "duplicate"):
                status, answer = world.post(documents, "application/x-ndjson")
                check(answer[outcome] == documents.count(b"\n"), f"{name}: {status} {answer}")
        world.wait_delivered()
        world.check_exactly_once(count)
        stock = {key: buckets[0] for key, buckets in world.ledger().items()}
        # Odoo sold 2 and took back 1 and 1, ERPNext sold 2 and took back 1.
        expected = {"100234": ("EA", -1000), "odoo-6": ("KGM", -420), "100235": ("EA", -1000),
                    "700551": ("EA", -12_000), "100300": ("EA", -1000), "100301": ("KGM", -250)}
        check(stock == {(item, uom): moved for item, (uom, moved) in expected.items()}, str(stock))
        unchecked = [event for event in map(json.loads, documents.splitlines())
                     if "grand_amount" not in event["totals"]]
        check(not unchecked, f"{unchecked}")
        return f"{count} documents, {len(stock)} articles"


if __name__ == "__main__":
    run(records_of_shop_systems_move_the_right_stock,
        every_sender_keeps_its_promise, no_answer_is_repeated_until_there_is_one,
        every_answer_of_a_server, nothing_is_lost_at_any_instant)
