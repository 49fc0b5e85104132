#!/usr/bin/python3
"""End-to-end figures of real processes: capture, drain, memory, start. Prints a table and JSON.

Absolute figures drift with the machine: medians over rounds, yardsticks in the same run.
"""

import argparse
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from clients import plain, sale  # noqa: E402  (the path is set above)
from harness import World, wait_for  # noqa: E402


# As in packaging/mosquitto/tillrelay.conf.
BROKER = ["set_tcp_nodelay true", "max_queued_messages 20000", "max_inflight_messages 100"]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(x.split()[1]) for x in file if x.startswith("VmRSS")) / 1024


def capture(world, seed, events, **options):
    cpu = cpu_seconds(world.agent.child.pid)
    # A business day of its own for each: the same register and number again would be a conflict.
    process, sums = world.simulate(events, seed, day=f"2026-{seed:02}-01", **options)
    assert process.wait(timeout=600) == 0
    with open(sums) as file:
        seconds = json.load(file)["seconds"]
    spent = cpu_seconds(world.agent.child.pid) - cpu
    return events / seconds, spent / events * 100_000


def receipt(number):
    """As large as the simulated ones."""
    document = json.loads(sale(number, "98"))
    document["lines"] = [{"action": "sale", "item": {"sku": f"10023{line}"}, "quantity": "1",
                          "uom": "EA", "net_amount": "2.99"} for line in range(5)]
    return json.dumps(document).encode()


def prepared(world, events):
    """Arrays of 100 whose bodies were made before, one after the other on one connection."""
    bodies = [b"[" + b",".join(map(receipt, range(first, first + 100))) + b"]"
              for first in range(1, events, 100)]
    connection = plain(world.intake_port)
    started = time.monotonic()
    for body in bodies:
        connection.request("POST", "/v1/events", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200 and b'"stored":100,' in answer.read()
    return len(bodies) * 100 / (time.monotonic() - started)


def one_round(events, figures):
    def add(name, value):
        figures.setdefault(name, []).append(value)
    with World(broker_lines=BROKER) as world:
        world.start(broker=False, collector=False)
        add("memory idle, MB", resident_mb(world.agent.child.pid))
        rate, _ = capture(world, 1, max(500, events // 10), connections=1)
        add("1 register, one sale per POST, events/s", rate)
        rate, cpu = capture(world, 2, events, connections=64, registers=64)
        add("64 connections, one sale per POST, events/s", rate)
        add("CPU-s per 100,000 in, one per POST", cpu)
        rate, cpu = capture(world, 3, events * 4, connections=1, group=100)
        add("arrays of 100 on one connection, events/s", rate)
        add("CPU-s per 100,000 in, arrays", cpu)
        add("the same, bodies made before", prepared(world, events * 2))
        waiting = world.status()["waiting"]
        add("memory with the backlog, MB", resident_mb(world.agent.child.pid))
        world.agent.kill()
        started = time.monotonic()
        world.agent.start()
        world.wait_ready()
        add("start to ready, ms", (time.monotonic() - started) * 1000)
        # Head office is there before the store is: a broker drops what nobody subscribes to.
        world.agent.kill()
        world.start(agent=False)
        wait_for(lambda: "subscribed" in world.collector.text(), "the subscription")
        world.agent.start()
        world.wait_ready()
        first = wait_for(lambda: world.status()["confirmed_through"], "the first confirmation")
        started, cpu = time.monotonic(), cpu_seconds(world.agent.child.pid)
        wait_for(lambda: world.status()["waiting"] == 0, "the drain", 300)
        seconds = time.monotonic() - started
        add("drain to confirmed, single events, events/s", (waiting - first) / seconds)
        add("CPU-s per 100,000 out, agent",
            (cpu_seconds(world.agent.child.pid) - cpu) / (waiting - first) * 100_000)
        journal = sum(os.path.getsize(world.path(name)) for name in os.listdir(world.dir)
                      if name in ("journal.db", "journal.db-wal"))
        data = world.local("SELECT sum(length(data)) FROM event")[0][0]
        add("journal bytes per byte of data", journal / data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures = {}
    for _ in range(options.rounds):
        one_round(options.events, figures)
    print(f"{'figure':<48} {'median':>10} {'least':>10} {'most':>10}")
    for name, values in figures.items():
        print(f"{name:<48} {statistics.median(values):>10.1f} {min(values):>10.1f} "
              f"{max(values):>10.1f}")
    print(json.dumps({name: statistics.median(values) for name, values in figures.items()}))


if __name__ == "__main__":
    main()
