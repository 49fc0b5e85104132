#!/usr/bin/python3
"""What live viewers of the page cost: the daemon's CPU with and without them, 10 events a second.

page_cost.py [VIEWERS] [SECONDS]; TILLRELAY_BIN names the programs. Also the bytes of all assets and
of the overview, and the time of its answer.
"""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from clients import sale  # noqa: E402
from harness import World, check  # noqa: E402

ASSETS = ("style.css", "live.js", "state-green.svg", "state-amber.svg", "state-red.svg",
          "state-unknown.svg")
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Viewer(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.received = self.events = 0

    def run(self):
        while True:
            data = self.socket.recv(65536)
            if not data:
                return
            self.received += len(data)
            self.events += data.count(b"data: ")


def spend(world, first, seconds, events=10):
    """So many events a second; the share of a core that the daemon takes meanwhile, in percent."""
    began, before = time.monotonic(), cpu_seconds(world.agent.child.pid)
    for n in range(seconds * 10):
        if events:
            check(world.post(sale(first + n))[0] == 200, "not stored")
        left = began + (n + 1) / 10 - time.monotonic()
        threading.Event().wait(max(0, left))
    return 100 * (cpu_seconds(world.agent.child.pid) - before) / seconds


def main():
    count, seconds = [int(x) for x in (sys.argv[1:] + ["20", "30"][len(sys.argv) - 1:])]
    with World() as world:
        world.start()
        spend(world, 1, 3)
        without = spend(world, 1000, seconds), spend(world, 0, seconds, 0)
        viewers = [Viewer(world.page_port) for _ in range(count)]
        for viewer in viewers:
            viewer.start()
        spend(world, 50_000, 2)
        with_them = spend(world, 100_000, seconds), spend(world, 0, seconds, 0)
        check(all(viewer.events > seconds * 1.6 for viewer in viewers), "a viewer saw too little")
        sizes = {name: len(world.get(f"/assets/{name}")[1]) for name in ASSETS}
        times = []
        for _ in range(50):
            began = time.monotonic()
            page = world.get("/")[1]
            times.append(time.monotonic() - began)
        print(f"{count} viewers: {with_them[0]:.2f} % of a core at 10 events/s and "
              f"{with_them[1]:.2f} % at none; without viewers {without[0]:.2f} % and "
              f"{without[1]:.2f} %")
        print(f"assets {sum(sizes.values())} bytes {sizes}; overview {len(page)} bytes, "
              f"{sorted(times)[25] * 1000:.1f} ms")


main()
