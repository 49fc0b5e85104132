#!/usr/bin/python3
"""A store on a line of 64 kbit/s: receipts of 1 to 250 KB arrive, each of them once over the line.

Needs root, for a network namespace with a token bucket; skipped (77) without.
"""

import contextlib
import json
import os
import random
import string
import subprocess
import sys

from harness import BIN, World, check, run, wait_for

RATE = "64kbit"
SIZES_KB = [1, 2, 120, 5, 250, 1, 64, 1, 30, 200, 10]
TRIED = f"tillrelay-try-{os.getpid()}"
MOST = 1.3  # bytes on the line for each byte of event
HERE, THERE = "10.213.77.1", "10.213.77.2"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def slow_line(name):
    """A namespace whose only way out, and in, is the slow line: its name, and the bytes sent."""
    # A link goes some time after its namespace: names are used once.
    space = f"tillrelay-{name}-{os.getpid()}"
    ours, theirs = f"tl{name[0]}{os.getpid() % 1000000}", "line"
    ip("netns", "add", space)
    try:
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", space)
        ip("addr", "add", f"{HERE}/30", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", space, "addr", "add", f"{THERE}/30", "dev", theirs)
        for device in ("lo", theirs):
            ip("-n", space, "link", "set", device, "up")
        bucket = ["root", "tbf", "rate", RATE, "burst", "4kb", "latency", "2s"]
        subprocess.run(["tc", "qdisc", "add", "dev", ours, *bucket], check=True)
        subprocess.run(["tc", "-n", space, "qdisc", "add", "dev", theirs, *bucket], check=True)
        yield space, lambda: int(subprocess.run(
            ["ip", "netns", "exec", space, "cat", f"/sys/class/net/{theirs}/statistics/tx_bytes"],
            check=True, capture_output=True, text=True).stdout)
    finally:
        subprocess.run(["ip", "netns", "del", space], check=False)


def words(size):
    """Text that no compression makes much smaller."""
    return "".join(random.choices(string.ascii_letters, k=size))


def receipt(number, kilobytes):
    lines = [{"item": {"sku": "100234", "description": words(1900 if kilobytes > 1 else 500)},
              "quantity": "1", "uom": "EA", "net_amount": "1.00"}
             for _ in range(max(1, kilobytes // 2))]
    return {"kind": "sale", "currency": "EUR", "lines": lines,
            "transaction": {"store_id": "0042", "register_id": "03",
                            "transaction_no": str(number), "business_day": "2026-11-21",
                            "end_at": "2026-11-21T17:42:08+01:00"}}


def deliver(form):
    agent_lines = ["[delivery]", f'form = "{form}"']
    with slow_line(form) as (space, sent), World(agent_lines=agent_lines) as world:
        with open(world.path("broker.conf")) as file:
            text = file.read().replace(f"{world.broker_port} 127.0.0.1",
                                       f"{world.broker_port} 0.0.0.0")
        with open(world.path("broker.conf"), "w") as file:
            file.write(text)
        with open(world.path("agent.toml")) as file:
            text = file.read().replace("mqtt://127.0.0.1", f"mqtt://{HERE}")
        with open(world.path("agent.toml"), "w") as file:
            file.write(text)
        world.start(agent=False)
        world.agent.arguments = ["ip", "netns", "exec", space, f"{BIN}/tillrelayd", "--config",
                                 world.path("agent.toml")]
        world.agent.start()
        wait_for(lambda: os.path.isdir(world.drop + "/incoming"), "the drop folder")
        with open(world.path("day.ndjson"), "w") as file:
            for number, kilobytes in enumerate(SIZES_KB, 1):
                file.write(json.dumps(receipt(number, kilobytes)) + "\n")
        os.rename(world.path("day.ndjson"), world.drop + "/incoming/day.ndjson")

        def arrived():
            with contextlib.suppress(Exception):
                return world.central("SELECT count(*) FROM event WHERE counted = 1 AND "
                                     "kind = 'sale'")[0][0] == len(SIZES_KB)
            return False
        wait_for(arrived, "all receipts at head office", 600)
        (payload,), = world.local("SELECT sum(length(data)) FROM event")
        wait_for(lambda: world.local("SELECT confirmed_through = head FROM stream WHERE "
                                     "current = 1")[0][0] == 1, "their confirmation", 120)
        share = sent() / payload
        check(share <= MOST, f"{sent()} bytes on the line for {payload}: {share:.2f} times")
        return f"{form}: {len(SIZES_KB)} receipts, {payload} bytes, {share:.2f} times on the line"


def large_receipts_pass_a_slow_line():
    return "; ".join(deliver(form) for form in ("auto", "events"))


if __name__ == "__main__":
    possible = os.geteuid() == 0 and subprocess.run(
        ["ip", "netns", "add", TRIED], capture_output=True, check=False).returncode == 0
    if not possible:
        print("skipped: no network namespace can be made here")
        sys.exit(77)
    subprocess.run(["ip", "netns", "del", TRIED], check=False)
    run(large_receipts_pass_a_slow_line)
