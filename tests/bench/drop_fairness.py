#!/usr/bin/python3
"""One register's answers while the drop folder works: idle, 100,000 small files, large files.

Prints the register's p50 and p99 in each and the ratio to idle, the files' rate, and checks in the
journal that everything was captured once. Figures drift with the machine; compare ratios.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from harness import World, check, wait_for  # noqa: E402  (the path is set above)


def sale(register, number):
    return {"kind": "sale",
            "transaction": {"store_id": "0042", "register_id": register,
                            "business_day": "2026-11-21", "transaction_no": str(number),
                            "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "100234", "description": "Milk"}, "quantity": "2",
                       "uom": "EA", "net_amount": "3.98"}]}


class Register(threading.Thread):
    """Posts one sale after the other, a pause between, and keeps each answer's time."""

    def __init__(self, world, name, pause):
        super().__init__()
        self.world, self.name_, self.pause = world, name, pause
        self.times, self.stop, self.stored = [], False, 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.world.intake_port, timeout=60)
        number = 0
        while not self.stop:
            number += 1
            body = json.dumps(sale(self.name_, number))
            started = time.perf_counter()
            connection.request("POST", "/v1/events", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
            self.times.append((time.perf_counter() - started) * 1000)
            check(answer.status == 200, f"{answer.status} {told}")
            self.stored += told["stored"]
            time.sleep(self.pause)
        connection.close()


def measured(world, name, pause, work):
    register = Register(world, name, pause)
    register.start()
    try:
        seconds = work()
    finally:
        register.stop = True
        register.join()
    times = sorted(register.times)
    return {"posts": len(times), "stored": register.stored, "seconds": seconds,
            "p50": statistics.median(times), "p99": times[int(len(times) * 0.99)],
            "most": times[-1]}


def fill(world, folder, count, per_file):
    """Writes the files beside incoming/, so that one rename each brings them in."""
    os.makedirs(folder)
    for i in range(count):
        with open(os.path.join(folder, f"{i:06}.ndjson"), "w") as file:
            for k in range(per_file):
                file.write(json.dumps(sale(os.path.basename(folder), i * per_file + k + 1)) + "\n")


def drop(world, folder, done_before):
    names = sorted(os.listdir(folder))
    started = time.monotonic()
    for name in names:
        os.rename(os.path.join(folder, name),
                  os.path.join(world.drop, "incoming", os.path.basename(folder) + name))
    wait_for(lambda: world.status()["counters"]["files_done"] >= done_before + len(names),
             "the files to be done", 600)
    return time.monotonic() - started


def idle(seconds):
    time.sleep(seconds)
    return seconds


def figures(files, large, pause):
    with World() as world:
        world.start(broker=False, collector=False)
        fill(world, world.path("small"), files, 1)
        fill(world, world.path("large"), large, 1000)
        resident = lambda: next(  # noqa: E731
            int(x.split()[1]) for x in open(f"/proc/{world.agent.child.pid}/status")
            if x.startswith("VmHWM")) // 1024
        rows = {}
        rows["idle"] = measured(world, "r1", pause, lambda: idle(8))
        rows[f"{files} files"] = measured(world, "r2", pause,
                                          lambda: drop(world, world.path("small"), 0))
        small_memory = resident()
        rows[f"{large} files of 1,000"] = measured(
            world, "r3", pause, lambda: drop(world, world.path("large"), files))
        rows["idle again"] = measured(world, "r4", pause, lambda: idle(8))
        expected = files + large * 1000 + sum(row["stored"] for row in rows.values())
        wait_for(lambda: world.status()["head"] >= expected, "the journal")
        counted = world.local("SELECT count(*), count(DISTINCT id) FROM event")[0]
        check(counted == (expected, expected), f"expected {expected} once each, found {counted}")
        base = max(rows["idle"]["p99"], rows["idle again"]["p99"])
        print(f"{'':<24} {'posts':>6} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8} {'x idle':>7} "
              f"{'s':>6}")
        for name, row in rows.items():
            print(f"{name:<24} {row['posts']:>6} {row['p50']:>8.2f} {row['p99']:>8.2f} "
                  f"{row['most']:>8.1f} {row['p99'] / base:>7.2f} {row['seconds']:>6.1f}")
        print(f"most memory: {small_memory} MB after the small files, {resident()} MB at the end")
        print(json.dumps(rows))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.002, help="of the register, in seconds")
    options = parser.parse_args()
    figures(options.files, options.large, options.pause)


if __name__ == "__main__":
    main()
