#!/usr/bin/python3
"""Plays awkward sequences at a consumer of Tillrelay's events and says whether it counts
right. The kit is the broker: point the consumer at it (MQTT 5 or 3.1.1, no login), and tell how to
ask the consumer what it holds of an item:

  kit.py --port 1899 --on-hand 'sqlite3 central.db "SELECT on_hand FROM stock
                                WHERE store_id=\\"{store}\\" AND item=\\"{item}\\""'

The command prints a number, or nothing for 0. A consumer that does not confirm is judged by its
stock alone: --no-confirmations. docs/wire.md says what a consumer has to do."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from fake_broker import FakeBroker  # noqa: E402
from sequences import ALL  # noqa: E402
from store import ITEM, PREFIX, Stream  # noqa: E402


class Wrong(Exception):
    pass


class Broker(FakeBroker):
    def __init__(self, port):
        self.players, self.confirmed = {}, {}
        super().__init__(port)

    def take(self, client, topic, payload, retained):
        store, _, leaf = topic.removeprefix(PREFIX + "/").partition("/")
        if leaf == "confirm":
            with contextlib.suppress(ValueError):
                self.confirmed.setdefault(store, []).append(json.loads(payload))
        player = self.players.get(store)
        if leaf == "command" and player is not None:
            threading.Thread(target=player.asked, args=(json.loads(payload),)).start()
        self.send_on(topic, payload, retained)
        return 0


class Player:
    """One sequence: the hands that it works with."""

    def __init__(self, broker, number, options):
        self.broker, self.options = broker, options
        self.store = f"kit{number:02}"
        self.stream = Stream(self.store, f"01JD3V7Q8Z5W6K2M9T4RHXK{number:03}")
        self.streams, self.answers, self.parked = [self.stream], True, set()
        self.session = f"01JD3V7Q8Z5W6K2M9T4RHXS{number:03}"
        self.others = 0
        broker.players[self.store] = self

    def _name(self):
        self.others += 1
        return self.stream.name[:-4] + "XYZ"[self.others - 1] + self.stream.name[-3:]

    def new_stream(self):
        self.streams.append(Stream(self.store, self._name()))
        return self.streams[-1]

    def twin(self):
        """Another history of the same stream, as on a copied disk."""
        return Stream(self.store, self.stream.name)

    def send(self, *events):
        self.tell_status()
        for event in events:
            self.send_raw(event.message())

    def send_raw(self, payload, topic=None):
        self.broker.send_on(topic or f"{PREFIX}/{self.store}/events", payload)

    @staticmethod
    def batch(events):
        return b"[" + b",".join(event.message() for event in events) + b"]"

    def tell_status(self, lost=None):
        s = self.stream
        streams = [{"stream": x.name, "head": x.head, "chain": x.chains[-1].hex(),
                    "sent_through": x.head, "acked_through": 0, "confirmed_through": 0,
                    "confirmed_chain": x.chains[0].hex(), "floor": 1} for x in self.streams]
        status = {"v": 1, "state": "online", "store_id": self.store, "host": "kit",
                  "session": self.session, "streams": streams,
                  "parked": [{"stream": s.name, "sequence": n} for n in self.parked]}
        if lost:
            status["lost"] = [{"stream": s.name, "from": lost[0], "through": lost[1],
                               "chain": s.chains[lost[1]].hex(), "reason": "damaged"}]
        self.broker.send_on(f"{PREFIX}/{self.store}/status", json.dumps(status).encode(), True)

    def asked(self, command):
        """The consumer wants a range again."""
        if command.get("command") != "replay" or not self.answers:
            return
        stream = next((s for s in self.streams if s.name == command.get("stream")), None)
        if stream is None or command.get("session") != self.session:
            return
        for number in range(command["from"], min(command["through"], stream.head) + 1):
            self.send_raw(stream.events[number].message())
        reply = {"v": 1, "command_id": command["command_id"], "state": "done", "sent": 1, "of": 1}
        self.broker.send_on(f"{PREFIX}/{self.store}/reply", json.dumps(reply).encode())

    def expect(self, through, on_hand, owed=None):
        self.expect_stream(self.stream, through, owed)
        self._wait(lambda: self._on_hand() == Decimal(on_hand),
                   lambda: f"{self._on_hand()} on hand instead of {on_hand}")
        # It must also stay so: what counts twice often counts late.
        until = time.monotonic() + self.options.settle
        while time.monotonic() < until:
            if self._on_hand() != Decimal(on_hand):
                raise Wrong(f"{self._on_hand()} on hand, a moment after {on_hand}")
            time.sleep(0.1)
        self.expect_stream(self.stream, through, owed)

    def expect_stream(self, stream, through, owed=None):
        if self.options.no_confirmations:
            return
        wanted = (through, stream.chains[through].hex())

        def right():
            word = self._word(stream)
            return (word is not None and (word["through"], word["chain"]) == wanted and
                    (owed is None or word.get("owed", []) == owed))
        self._wait(right, lambda: f"confirmed {self._word(stream)} instead of {wanted}, "
                                  f"owed {owed}")

    def _word(self, stream):
        for confirm in reversed(self.broker.confirmed.get(self.store, [])):
            for word in confirm.get("streams", []):
                if word.get("stream") == stream.name:
                    return word
        return None

    def _on_hand(self):
        command = self.options.on_hand.replace("{store}", self.store).replace("{item}", ITEM)
        told = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30,
                              check=False).stdout.strip()
        return Decimal(told or "0")

    def _wait(self, condition, what):
        until = time.monotonic() + self.options.patience
        while not condition():
            if time.monotonic() > until:
                raise Wrong(what())
            time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=1899)
    parser.add_argument("--on-hand", required=True, help="prints a number; {store}, {item}")
    parser.add_argument("--patience", type=float, default=30, help="seconds for each result")
    parser.add_argument("--settle", type=float, default=2, help="seconds that a result must stand")
    parser.add_argument("--no-confirmations", action="store_true")
    options = parser.parse_args()
    broker = Broker(options.port)
    print(f"waiting for a consumer of {PREFIX}/+/events on port {options.port} ...", flush=True)
    while not any(c.filters for c in list(broker.clients.values())):
        time.sleep(0.1)

    def play(number, sequence):
        name = sequence.__name__.replace("_", " ")
        try:
            sequence(Player(broker, number, options))
            print(f"ok    {number:2} {name}", flush=True)
            return 1
        except Wrong as wrong:
            print(f"WRONG {number:2} {name}: {wrong}", flush=True)
            return 0
    results = [0] * len(ALL)
    threads = [threading.Thread(target=lambda i=i, s=s: results.__setitem__(i, play(i + 1, s)))
               for i, s in enumerate(ALL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    right = sum(results)
    print(f"{right} of {len(ALL)} sequences counted right")
    sys.exit(0 if right == len(ALL) else 1)


if __name__ == "__main__":
    main()
