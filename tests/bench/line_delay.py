#!/usr/bin/python3
"""Drain of a backlog over a line with delay: single events against batches, plain and compressed.

line_delay.py [EVENTS]: an own proxy delays each direction by half of the round trip; mosquitto
allows 20 messages in flight; the broker's word counts, so that no collector is measured."""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import World, free_port, wait_for  # noqa: E402


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


def measure(form, zstd, round_trip, events):
    lines = ["[delivery]", f'form = "{form}"', 'confirm = "broker"',
             f"zstd = {'true' if zstd else 'false'}"]
    with World(agent_lines=lines) as world:
        proxy = Proxy(world.broker_port, round_trip / 2)
        config = world.path("agent.toml")
        with open(config) as file:
            text = file.read().replace(f"mqtt://127.0.0.1:{world.broker_port}",
                                       f"mqtt://127.0.0.1:{proxy.port}")
        with open(config, "w") as file:
            file.write(text)
        world.start(broker=False, collector=False)
        world.simulate(events, 1)[0].wait(timeout=600)
        world.agent.kill()
        world.start(agent=False, collector=False)
        world.agent.start()
        world.wait_ready()
        wait_for(lambda: world.status()["broker"]["connected"], "the connection")
        before, started = world.status()["acked_through"], time.monotonic()
        head = world.status()["head"]
        wait_for(lambda: world.status()["acked_through"] >= head, "the drain", 600)
        seconds = time.monotonic() - started
        return (head - before) / seconds, proxy.up_bytes / head


def main():
    base = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    print("| round trip | form | events/s | bytes an event |\n|---|---|---|---|")
    for round_trip in (0.0, 0.05, 0.2):
        for form, zstd in (("events", False), ("batches", False), ("batches", True)):
            # Single events over a slow line: fewer of them, so that a run ends.
            events = base if form == "batches" or round_trip == 0 else max(500, base // 20)
            rate, size = measure(form, zstd, round_trip, events)
            print(f"| {round_trip * 1000:.0f} ms | {form}{' zstd' if zstd else ''} | {rate:,.0f} | "
                  f"{size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
