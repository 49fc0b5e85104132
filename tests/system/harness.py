"""Real processes for system tests: a broker, the agent, the collector, a simulated store.

Every wait is for a condition with a deadline; nothing sleeps for luck. Everything runs below one
temporary directory and is killed at the end, whatever happens.
"""

import concurrent.futures
import contextlib
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
import time
import urllib.request

BIN = os.environ.get("TILLRELAY_BIN", "build/release/bin")
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")


class Failure(AssertionError):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


_ports_given = set()


def free_port():
    """Below the ephemeral range, so that no client's own end takes it before its server does, and
    never twice in one run."""
    while True:
        port = random.randrange(15_000, 32_000)
        if port in _ports_given:
            continue
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            _ports_given.add(port)
            return port


def wait_for(condition, what, seconds=60):
    """Returns the first truthy value of condition()."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
        except (OSError, sqlite3.Error, ValueError) as error:
            last = error
        time.sleep(0.05)
    raise Failure(f"waited {seconds} s for {what}" + (f" (last: {last})" if last else ""))


class Process:
    def __init__(self, name, arguments, log):
        self.name, self.arguments, self.log = name, arguments, log
        self.child = None

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.arguments, stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL)

    def kill(self, how=signal.SIGKILL):
        if self.child is not None:
            self.child.send_signal(how)
            self.child.wait(timeout=30)
            self.child = None

    def restart(self):
        self.kill()
        self.start()

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as log:
            return log.read()


class Place:
    """A folder of its own (`dir`) for programs, their files and their logs."""

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, lines):
        with open(self.path(name), "w") as file:
            file.write("\n".join(lines) + "\n")

    def process(self, name, arguments):
        return Process(name, arguments, self.path(name + ".log"))

    def end(self, processes, show):
        """Kills what runs and removes the folder; `show` prints what the programs said last."""
        for process in processes:
            with contextlib.suppress(Exception):
                process.kill()
        if show:
            for process in processes:
                print(f"--- {process.name} ---", process.text()[-4000:], sep="\n", file=sys.stderr)
        shutil.rmtree(self.dir, ignore_errors=True)


class World(Place):
    """One store, one broker, one centre."""

    def __init__(self, broker_lines=(), agent_lines=(), store="0042", intake_lines=(),
                 collector_http=False):
        self.store = store
        self.dir = tempfile.mkdtemp(prefix="tillrelay-system-")
        self.broker_port, self.intake_port, self.page_port = (free_port() for _ in range(3))
        self.intake = f"127.0.0.1:{self.intake_port}"
        self.page = f"127.0.0.1:{self.page_port}"
        self.drop = self.path("drop")
        self.write("broker.conf", [
            f"listener {self.broker_port} 127.0.0.1", "allow_anonymous true",
            "persistence true", f"persistence_location {self.dir}/", "autosave_interval 1",
            "user root", *broker_lines])
        self.write("agent.toml", [
            f'store_id = "{store}"', 'time_zone = "Europe/Berlin"', *agent_lines,
            "[intake]", *(line.replace("PORT", str(self.intake_port)) for line in
                         (intake_lines or ['listen = "127.0.0.1:PORT"'])),
            "[control]", f'socket = "{self.path("control.sock")}"',
            "[status]", f'listen = "{self.page}"',
            "[journal]", f'path = "{self.path("journal.db")}"',
            "[drop_folder]", f'path = "{self.drop}"', "settle_s = 1",
            "[broker]", f'url = "mqtt://127.0.0.1:{self.broker_port}"',
            "retry_min_ms = 100", "retry_max_ms = 1000"])
        self.centre_page = f"127.0.0.1:{free_port()}" if collector_http else ""
        self.write("collector.toml", [
            "[broker]", f'url = "mqtt://127.0.0.1:{self.broker_port}"',
            "[store]", f'url = "sqlite:{self.path("central.db")}"',
            *(["[metrics]", f'listen = "{self.centre_page}"'] if collector_http else [])])
        self.broker = self.process("mosquitto", ["mosquitto", "-c", self.path("broker.conf")])
        self.agent = self.process("agent", [f"{BIN}/tillrelayd", "--config",
                                             self.path("agent.toml")])
        self.collector = self.process("collector", [f"{BIN}/tillrelay-collector", "--config",
                                                     self.path("collector.toml")])

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.end((self.agent, self.collector, self.broker), kind is not None)

    def start(self, *, broker=True, collector=True, agent=True):
        if broker:
            self.broker.start()
            wait_for(lambda: socket.create_connection(("127.0.0.1", self.broker_port), 1),
                     "the broker")
        if collector:
            self.start_collector()
        if agent:
            self.agent.start()
            self.wait_ready()

    def start_collector(self):
        """Until it has made its tables: a story may read them before the first event comes."""
        said = len(self.collector.text())
        self.collector.start()
        wait_for(lambda: " runs on " in self.collector.text()[said:], "the collector")

    def wait_ready(self):
        wait_for(lambda: self.get("/readyz")[0] == 200, "the agent to be ready")

    def get(self, target, port=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.page_port}{target}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def post(self, body, content_type="application/json", headers=None):
        request = urllib.request.Request(
            f"http://{self.intake}/v1/events", data=body, method="POST",
            headers={"Content-Type": content_type, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def status(self):
        return json.loads(self.get("/v1/status")[1])

    def simulate(self, events, seed, **options):
        """Starts a simulated store; returns (process, file that will hold its own sums)."""
        sums = self.path(f"sums-{seed}.json")
        arguments = [f"{BIN}/tillrelay", "simulate", "--yes", "--intake", self.intake, "--store",
                     self.store, "--events", str(events), "--seed", str(seed), "--sums", sums]
        for name, value in options.items():
            arguments += [f"--{name.replace('_', '-')}", str(value)]
        return subprocess.Popen(arguments), sums

    def central(self, query, *parameters):
        with contextlib.closing(sqlite3.connect(f"file:{self.path('central.db')}?mode=ro",
                                                uri=True, timeout=10)) as db:
            return db.execute(query, parameters).fetchall()

    def local(self, query, *parameters):
        with contextlib.closing(sqlite3.connect(f"file:{self.path('journal.db')}?mode=ro",
                                                uri=True, timeout=10)) as db:
            return db.execute(query, parameters).fetchall()

    def wait_delivered(self, seconds=120):
        """Until everything in the journal is confirmed; returns the status."""
        def done():
            status = self.status()
            return status if status["waiting"] == 0 and status["head"] > 0 else None
        return wait_for(done, "everything to be confirmed", seconds)

    def ledger(self):
        """(item, uom) -> thousandths of on_hand, reserved, damaged, in_transit of this store."""
        rows = self.central("SELECT item, uom, on_hand, reserved, damaged, in_transit FROM stock "
                            "WHERE store_id = ?", self.store)
        return {(item, uom): tuple(round(float(x) * 1000) for x in buckets)
                for item, uom, *buckets in rows if any(buckets)}

    def check_exactly_once(self, accepted):
        """The checker behind every story: lost 0, doubled 0, gaps 0, out of order 0."""
        counted = self.central(
            "SELECT count(*), count(DISTINCT id) FROM event WHERE counted = 1")[0]
        check(counted == (accepted, accepted), f"accepted {accepted}, applied {counted}")
        for stream, through, highest in self.central(
                "SELECT stream, confirmed_through, highest_seen FROM stream"):
            numbers = [n for (n,) in self.central(
                "SELECT sequence FROM event WHERE stream = ? AND counted = 1 ORDER BY position",
                stream)]
            check(numbers == list(range(1, through + 1)), f"stream {stream} is not in order")
            check(highest == through, f"stream {stream}: seen {highest}, confirmed {through}")
        # A gap that was closed leaves the table with the collector's next writing of it.
        wait_for(lambda: self.central("SELECT count(*) FROM gap")[0][0] == 0, "the gaps' end", 10)
        for table in ("diverged", "loss"):
            rows = self.central(f"SELECT count(*) FROM {table}")[0][0]
            check(rows == 0, f"{rows} rows in {table}")
        mine = [(n, bytes(i).hex()) for n, i in self.local(
            "SELECT position, id FROM event ORDER BY position")]
        theirs = [(n, i.replace("-", "")) for n, i in self.central(
            "SELECT sequence, id FROM event WHERE counted = 1 ORDER BY sequence")]
        check(mine == theirs, "journal and centre hold different events")


def read_sums(*files):
    """The registers' own sums, added up: (item, uom) -> four buckets in thousandths."""
    total = {}
    for name in files:
        with open(name) as file:
            for row in json.load(file)["stock"]:
                key = (row["item"], row["uom"])
                old = total.get(key, (0, 0, 0, 0))
                total[key] = tuple(a + row[f"{bucket}_thousandths"] for a, bucket in zip(
                    old, ("on_hand", "reserved", "damaged", "in_transit")))
    return {key: value for key, value in total.items() if any(value)}


def play(story):
    """Prints what the story saw; False if it failed."""
    started = time.monotonic()
    try:
        told = story()
        print(f"PASS {story.__name__} ({time.monotonic() - started:.1f} s): {told or ''}")
        return True
    except Exception as error:  # a test reports every failure the same way
        print(f"FAIL {story.__name__}: {type(error).__name__}: {error}")
        return False


def run(*stories):
    """Runs each story; exits 1 if one failed."""
    sys.exit(0 if all([play(story) for story in stories]) else 1)


def run_together(*stories):
    """The same, all at once: for stories of worlds of their own that mostly wait."""
    with concurrent.futures.ThreadPoolExecutor(len(stories)) as pool:
        sys.exit(0 if all(list(pool.map(play, stories))) else 1)
