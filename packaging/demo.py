"""A day in a store in one minute. Started by packaging/demo, which builds first."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

BIN = os.path.join(os.getcwd(), "build", "release", "bin")
EVENTS, RATE = 2400, 60          # documents, and documents per second
OUTAGE_AFTER_S, OUTAGE_S = 10, 15
STORE = "0042"


def port(wanted):
    """The usual port if it is free, else any free one."""
    for candidate in (wanted, 0):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", candidate))
                return s.getsockname()[1]
            except OSError:
                continue
    raise SystemExit("no free port")


class Demo:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tillrelay-demo-")
        self.broker_port, self.intake, self.page = port(1883), port(8470), port(8471)
        self.running = {}
        self.write("broker.conf", f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\n"
                                  f"persistence true\npersistence_location {self.dir}/\n"
                                  "user root\n")
        self.write("agent.toml", f"""store_id = "{STORE}"
time_zone = "Europe/Berlin"
[intake]
listen = "127.0.0.1:{self.intake}"
[status]
listen = "127.0.0.1:{self.page}"
[journal]
path = "{self.dir}/journal.db"
[drop_folder]
path = "{self.dir}/drop"
[broker]
url = "mqtt://127.0.0.1:{self.broker_port}"
# A store waits up to two minutes between two tries of a line that is down; a demo has no such time.
retry_max_ms = 2000
""")
        self.write("collector.toml", f"""[broker]
url = "mqtt://127.0.0.1:{self.broker_port}"
[store]
url = "sqlite:{self.dir}/central.db"
""")

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w") as file:
            file.write(text)

    def start(self, name, *command):
        with open(f"{self.dir}/{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log,
                                                  stdin=subprocess.DEVNULL)

    def start_broker(self):
        broker = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.start("broker", broker, "-c", f"{self.dir}/broker.conf")

    def stop(self):
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def status(self):
        url = f"http://127.0.0.1:{self.page}/v1/status"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def wait(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                status = self.status()
                if condition(status):
                    return status
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit(f"the demo waited {seconds} s for {what}; logs are in {self.dir}")

    def simulate(self, seed, *more):
        self.start(f"registers-{seed}", f"{BIN}/tillrelay", "simulate", "--yes", "--intake",
                   f"127.0.0.1:{self.intake}", "--store", STORE, "--seed", str(seed), "--sums",
                   f"{self.dir}/sums-{seed}.json", *more)


def say(text):
    print(text, flush=True)


def play(demo):
    say("Starting a broker, the collector, the agent and five registers ...")
    demo.start_broker()
    demo.start("collector", f"{BIN}/tillrelay-collector", "--config", f"{demo.dir}/collector.toml")
    demo.start("agent", f"{BIN}/tillrelayd", "--config", f"{demo.dir}/agent.toml")
    demo.wait(lambda s: True, 30, "the agent")
    say(f"\n  Status page:  http://127.0.0.1:{demo.page}/\n")
    files = EVENTS // 4
    demo.simulate(1, "--events", str(EVENTS - files), "--rate", str(RATE * 3 // 4),
                  "--registers", "5")
    demo.simulate(2, "--events", str(files), "--rate", str(RATE // 4), "--group", "10",
                  "--drop", f"{demo.dir}/drop", "--day", "2026-11-22", "--registers", "9")

    watch(demo, OUTAGE_AFTER_S)
    say("\n  The line to head office is cut (the broker is killed). Sales go on ...\n")
    demo.running["broker"].kill()
    demo.running["broker"].wait()
    worst = watch(demo, OUTAGE_S)
    say("\n  The line is back.\n")
    demo.start_broker()
    for seed in (1, 2):
        while demo.running[f"registers-{seed}"].poll() is None:
            worst = max(worst, watch(demo, 2))
    say("\n  All has been played; waiting until head office has confirmed the last event ...\n")
    deadline = time.monotonic() + 180
    while (status := demo.status())["waiting"] > 0:
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing was confirmed for long; logs are in {demo.dir}")
        line(status)
        time.sleep(2)
    return worst, status


def line(status):
    say(f"  {status['head']:6} stored  {status['waiting']:6} waiting   {status['sentence']}")


def watch(demo, seconds):
    """Prints one line every two seconds; returns the most that waited."""
    worst, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        status = demo.status()
        worst = max(worst, status["waiting"])
        line(status)
        time.sleep(2)
    return max(worst, demo.status()["waiting"])


def own_sums(demo):
    total = {}
    documents = 0
    for seed in (1, 2):
        with open(f"{demo.dir}/sums-{seed}.json") as file:
            played = json.load(file)
        documents += played["documents"]
        for row in played["stock"]:
            key = (row["item"], row["uom"])
            old = total.get(key, (0, 0, 0, 0))
            new = tuple(row[f"{b}_thousandths"]
                        for b in ("on_hand", "reserved", "damaged", "in_transit"))
            total[key] = tuple(a + b for a, b in zip(old, new))
    return documents, {k: v for k, v in total.items() if any(v)}


def report(demo, worst, status):
    """The table; True if it balances."""
    played, registers = own_sums(demo)
    db = sqlite3.connect(f"file:{demo.dir}/central.db?mode=ro", uri=True)
    stored_once, distinct = db.execute(
        "SELECT count(*), count(DISTINCT id) FROM event WHERE counted = 1").fetchone()
    again = db.execute("SELECT coalesce(sum(seen), 0) FROM duplicate").fetchone()[0]
    ledger = {(item, uom): tuple(round(float(x) * 1000) for x in buckets)
              for item, uom, *buckets in db.execute(
                  "SELECT item, uom, on_hand, reserved, damaged, in_transit FROM stock "
                  "WHERE store_id = ?", (STORE,)) if any(buckets)}
    equal = sum(1 for key in registers if ledger.get(key) == registers[key])
    balanced = (played == status["head"] == status["confirmed_through"] == stored_once == distinct
                and ledger == registers)
    rows = [("told by the registers", played),
            ("accepted by the agent", status["head"]),
            ("waiting at the worst moment", worst),
            ("delivered and confirmed", status["confirmed_through"]),
            ("stored once at head office", stored_once),
            ("came twice and was recognised", again),
            ("articles whose stock equals the registers' own sums", f"{equal} of {len(registers)}")]
    say("")
    for label, value in rows:
        say(f"  {label:<52} {value:>12}")
    say(f"\n  {'Everything balances.' if balanced else 'IT DOES NOT BALANCE.'}")
    return balanced


def main():
    stay = sys.stdout.isatty() and "--once" not in sys.argv[1:]
    demo = Demo()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        worst, status = play(demo)
        balanced = report(demo, worst, status)
        if stay:
            say(f"\n  Look around: http://127.0.0.1:{demo.page}/   (Ctrl-C ends the demo)"
                f"\n  Send a file: {BIN}/tillrelay --config {demo.dir}/agent.toml send FILE"
                f"\n  Drop a file: {demo.dir}/drop/incoming/\n")
            signal.pause()
    except KeyboardInterrupt:
        balanced = True
    finally:
        demo.stop()
    sys.exit(0 if balanced else 1)


if __name__ == "__main__":
    main()
