#!/usr/bin/python3
"""Drain of a backlog over a line with delay: `auto` against single events and batches, plain and
compressed.

line_delay.py [EVENTS]: an own proxy delays each direction by half of the round trip; mosquitto
allows 20 messages in flight; what counts is the broker's acknowledgement, and who confirms only
says that it is there and what it accepts, so that no collector is measured. A form that takes
longer than 30 s is measured for so long."""

import contextlib
import glob
import json
import os
import shutil
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", folder) for folder in ("system", "support", "conformance")]
from harness import World, check, free_port, wait_for  # noqa: E402
from mqtt_client import Client  # noqa: E402
from store import first_chain  # noqa: E402

LONGEST_S = 30
FORMS = (("events", False), ("batches", False), ("batches", True), ("auto", False))


class Proxy:
    """Copies bytes both ways, each piece so many seconds later; counts what goes up."""

    def __init__(self, to_port, delay):
        self.port, self.to_port, self.delay, self.up_bytes = free_port(), to_port, delay, 0
        self.server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:  # not up yet
                client.close()
                continue
            for s in (client, broker):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.copy(client, broker, True)
            self.copy(broker, client, False)

    def copy(self, source, sink, up):
        pieces, more = [], threading.Condition()

        def read():
            while True:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                with more:
                    pieces.append((time.monotonic() + self.delay, data))
                    more.notify()
                if up:
                    self.up_bytes += len(data)
                if not data:
                    return

        def write():
            while True:
                with more:
                    more.wait_for(lambda: pieces)
                    due, data = pieces.pop(0)
                time.sleep(max(0, due - time.monotonic()))
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        for work in (read, write):
            threading.Thread(target=work, daemon=True).start()


class Centre(threading.Thread):
    """Says every second that it is there, has nothing yet, and takes every form."""

    def __init__(self, world, stream):
        super().__init__(daemon=True)
        self.client, self.end = Client(world.broker_port, "centre"), threading.Event()
        self.topic = f"tillrelay/v1/{world.store}/confirm"
        self.word = json.dumps({
            "v": 1, "store": world.store, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "streams": [{"stream": stream, "through": 0, "owed": [],
                         "chain": first_chain(world.store, stream).hex()}],
            "accepts": ["batches", "zstd"]}).encode()
        self.client.publish(self.topic, self.word, True)

    def run(self):
        while not self.end.wait(1):
            self.client.publish(self.topic, self.word)


@contextlib.contextmanager
def backlog(events):
    """The files of a journal in which so many events wait, and its stream."""
    with World() as world:
        world.start(broker=False, collector=False)
        check(world.simulate(events, 1)[0].wait(timeout=1200) == 0, "the registers gave up")
        stream = world.status()["stream"]
        world.agent.kill()
        yield glob.glob(world.path("journal.db*")), stream


def measure(files, stream, form, zstd, round_trip):
    lines = ["[delivery]", f'form = "{form}"', "max_unconfirmed = 1000000",
             f"zstd = {'true' if zstd else 'false'}"]
    with World(agent_lines=lines) as world:
        for file in files:
            shutil.copy(file, world.dir)
        proxy = Proxy(world.broker_port, round_trip / 2)
        config = world.path("agent.toml")
        with open(config) as file:
            text = file.read().replace(f"mqtt://127.0.0.1:{world.broker_port}",
                                       f"mqtt://127.0.0.1:{proxy.port}")
        with open(config, "w") as file:
            file.write(text)
        world.start(agent=False, collector=False)
        centre = Centre(world, stream)
        centre.start()
        world.agent.start()
        world.wait_ready()
        head = world.status()["head"]
        wait_for(lambda: world.status()["acked_through"] > 0, "the first event")
        before, started, first_bytes = (world.status()["acked_through"], time.monotonic(),
                                        proxy.up_bytes)
        acked = before
        while acked < head and time.monotonic() - started < LONGEST_S:
            time.sleep(0.05)
            acked = world.status()["acked_through"]
        seconds, sent = time.monotonic() - started, proxy.up_bytes - first_bytes
        centre.end.set()
        return (acked - before) / seconds, sent / max(1, acked - before)


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print("| round trip | form | events/s | bytes an event |\n|---|---|---|---|")
    with backlog(events) as (files, stream):
        for round_trip in (0.0, 0.05, 0.2):
            for form, zstd in FORMS:
                rate, size = measure(files, stream, form, zstd, round_trip)
                print(f"| {round_trip * 1000:.0f} ms | {form}{' zstd' if zstd else ''} | "
                      f"{rate:,.0f} | {size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
