#!/usr/bin/python3
"""One hostile store, with its own credential, does everything at once for a minute: values that
only one database cannot take, messages of 2 KB that unpack to 63 MiB, streams and registers without
number. Another store sells meanwhile, and is confirmed as on any other day."""

import contextlib
import json
import os
import struct
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "conformance")]

from harness import World, check, run, wait_for  # noqa: E402
from mqtt_client import Client  # noqa: E402
from postgres import Postgres  # noqa: E402
from store import Stream  # noqa: E402

SECONDS = float(os.environ.get("TILLRELAY_HOSTILE_SECONDS", "60"))
HONEST, HOSTILE = "0042", "6666"
P99_S = 2.0
PROMISED_MIB = 256
BLOCK = 128 * 1024
# As in packaging/mosquitto/tillrelay.conf: with the broker's own 1,000 it drops what it has
# acknowledged to the honest store, which then has to be asked for.
BROKER = ["max_queued_messages 20000", "max_queued_bytes 268435456", "max_inflight_messages 100",
          "set_tcp_nodelay true"]


def bomb(size):
    """zstd: blocks of one byte, repeated."""
    blocks = size // BLOCK
    frame = bytes.fromhex("28b52ffd") + b"\xa0" + struct.pack("<I", blocks * BLOCK)
    for i in range(blocks):
        frame += struct.pack("<I", BLOCK << 3 | 2 | (1 if i == blocks - 1 else 0))[:3] + b"["
    return frame


def ulid(number):
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    text = ""
    for _ in range(10):
        number, digit = divmod(number, 32)
        text = letters[digit] + text
    return "01JD3V7Q8Z5W6K2M" + text


def sale(stream, register="03", sku="apple", end_at="2026-11-21T12:00:00+01:00"):
    number = str(stream.head + 1)
    return stream.add("sale", uuid.uuid4(), {
        "transaction": {"store_id": stream.store, "register_id": register, "kind": "sale",
                        "business_day": "2026-11-21", "transaction_no": number,
                        "status": "completed", "end_at": end_at},
        "lines": [{"line_no": 1, "action": "sale", "item": {"sku": sku}, "quantity": "1",
                   "uom": "EA", "stock_effect": [{"bucket": "on_hand", "location": stream.store,
                                                  "delta": "-1"}]}]})


class Hostile(threading.Thread):
    def __init__(self, port, name, steps):
        super().__init__(daemon=True)
        self.client = Client(port, f"hostile-{name}")
        self.steps, self.end = steps, threading.Event()

    def run(self):
        for topic, payload, retained in self.steps:
            if self.end.is_set() or not self.client.publish(topic, payload, retained):
                return


def poison():
    """A NUL in a type and a time, a long and a torn sku: in a stream of its own each, and numbered
    as they should be."""
    round_ = 0
    while True:
        stream = Stream(HOSTILE, ulid(10_000_000 + round_))
        round_ += 1
        yield events(sale(stream, sku="a\0b").message())
        yield events(sale(stream, sku="x" * 9000).message())
        yield events(sale(stream, end_at="9999-12-31T23:59:59.9999999Z").message())
        good = sale(stream).message()
        yield events(good.replace(b"org.tillrelay.sale.v1", b"org.tillrelay.s\\u0000le.v1"))
        yield events(good.replace(b"2026-11-21T11:00:01.000Z", b"2026-11-21T11:00:01\\u0000"))
        yield events(good)


def bombs():
    small, large = bomb(15 * 1024 * 1024), bomb(63 * 1024 * 1024)
    while True:
        yield events(large)
        yield events(small)


def names():
    """Streams, registers and retained statuses without number."""
    number = 0
    while True:
        number += 1
        stream = Stream(HOSTILE, ulid(number))
        yield events(sale(stream, register=f"r{number}").message())
        state = {"stream": ulid(number + 1_000_000), "head": 5, "chain": "0" * 32,
                 "sent_through": 5, "confirmed_through": 0}
        if number % 10 == 0:
            yield (f"tillrelay/v1/{HOSTILE}/status", json.dumps({
                "v": 1, "state": "online", "store_id": HOSTILE, "session": ulid(number),
                "streams": [state] * 50}).encode(), True)


def events(payload):
    return f"tillrelay/v1/{HOSTILE}/events", payload, False


def resident(process, name="VmHWM"):
    with open(f"/proc/{process.child.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024


def sell(world, seconds, listener):
    """A sale every 100 ms; how long each took from its receipt to its confirmation."""
    sold, confirmed, end, number = {}, {}, time.monotonic() + seconds, 0
    def hear():
        while listener.heard:
            at, _, payload = listener.heard.popleft()
            with contextlib.suppress(ValueError):
                for stream in json.loads(payload)["streams"]:
                    confirmed.setdefault(stream["through"], at)
    while time.monotonic() < end:
        number += 1
        document = {"kind": "sale", "transaction": {
            "store_id": HONEST, "register_id": "03", "business_day": "2026-11-21",
            "transaction_no": str(number), "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}]}
        code, answer = world.post(json.dumps(document).encode())
        check(code == 200 and answer["stored"] == 1, f"{code} {answer}")
        sold[answer["results"][0]["sequence"]] = time.monotonic()
        hear()
        time.sleep(0.1)  # the register's own pace

    def all_confirmed():
        hear()
        return bool(confirmed) and max(confirmed) >= max(sold)
    wait_for(all_confirmed, "the last confirmation", 120)
    took = []
    for sequence, at in sold.items():
        through = min(t for n, t in confirmed.items() if n >= sequence)
        took.append(max(0.0, through - at))
    return sorted(took)


def play(world):
    world.start()
    listener = Client(world.broker_port, "listener")
    listener.subscribe(f"tillrelay/v1/{HONEST}/confirm")
    hostile = [Hostile(world.broker_port, name, steps) for name, steps in
               (("poison", poison()), ("bombs", bombs()), ("names", names()))]
    for one in hostile:
        one.start()
    took = sell(world, SECONDS, listener)
    sent = {one.client.acked for one in hostile}
    for one in hostile:
        one.end.set()
    check(all(not one.client.closed for one in hostile), "the broker has closed a hostile client")
    check(world.collector.alive(), "the collector has died")
    p99 = took[int(len(took) * 0.99)]
    most = resident(world.collector)
    told = (f"{len(took)} sales, confirmed after {took[len(took) // 2]:.2f} s, p99 {p99:.2f} s; "
            f"{sorted(sent)} hostile messages; collector at most {most:.0f} MiB")
    check(p99 < P99_S, told)
    check(most < PROMISED_MIB, told)
    return told


def beside_a_hostile_store_on_sqlite():
    with World(broker_lines=BROKER) as world:
        return play(world)


def beside_a_hostile_store_on_postgresql():
    with Postgres() as server, World(broker_lines=BROKER) as world:
        with open(world.path("collector.toml")) as file:
            text = file.read().replace(f"sqlite:{world.path('central.db')}", server.url)
        with open(world.path("collector.toml"), "w") as file:
            file.write(text)
        return play(world)


if __name__ == "__main__":
    run(beside_a_hostile_store_on_sqlite, beside_a_hostile_store_on_postgresql)
