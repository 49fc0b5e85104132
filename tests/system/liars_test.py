#!/usr/bin/python3
"""Brokers that lie, refuse, fall silent and break lines: nothing is lost or doubled, and nobody has
to restart anything."""

import contextlib
import json
import os
import sys
import threading
import time

from harness import World, check, run_together, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from fake_broker import FakeBroker  # noqa: E402

STORE = "tillrelay-0042"


@contextlib.contextmanager
def liar_world(**options):
    with World(**options) as world:
        broker = FakeBroker(world.broker_port)
        try:
            world.start(broker=False)
            wait_for(lambda: STORE in broker.clients and len(broker.clients) == 2, "both clients")
            yield world, broker
        finally:
            broker.stop()


def sell(world, count, seed):
    sending, _ = world.simulate(count, seed, day=f"2026-11-{seed:02}")
    check(sending.wait(timeout=120) == 0, "the registers gave up")


def delivered(world, since, seconds=180):
    status = world.wait_delivered(seconds)
    wait_for(lambda: world.central("SELECT count(*) FROM gap")[0][0] == 0, "no gap", 30)
    world.check_exactly_once(status["head"])
    return f"{time.monotonic() - since:.1f} s"


def every_seventh_acknowledged_event_is_swallowed():
    with liar_world() as (world, broker):
        broker.swallow_every = 7
        start = time.monotonic()
        sell(world, 2000, 1)
        took = delivered(world, start)
        check(broker.swallowed > 250, f"only {broker.swallowed} swallowed")
        return f"2,000 events, {broker.swallowed} swallowed, {broker.events} messages, {took}"


def a_broker_that_pings_and_never_acknowledges_is_left():
    with liar_world() as (world, broker):
        broker.never_acks = True
        sell(world, 300, 1)
        before = len(broker.connects)
        wait_for(lambda: broker.connects[before:].count(STORE) >= 1, "a new connection", 40)
        check(world.status()["confirmed_through"] == 0, "confirmed by nobody")
        broker.never_acks = False
        return f"after it acknowledges again: {delivered(world, time.monotonic())}"


def levels_over(world, connects, enough):
    """(level, state) of the status, asked again and again, until there were so many connects."""
    seen = []
    def looked():
        status = world.status()
        seen.append((status["level"], status["state"], status["cause"]))
        return connects() >= enough
    wait_for(looked, f"{enough} more connections", 120)
    return seen


def a_new_connection_makes_nothing_green():
    """While an event waits, neither connection nor subscription is proof that it arrives."""
    for fault, level in (("never_acks", "amber"), ("refused", "red")):
        with liar_world() as (world, broker):
            sell(world, 5, 1)
            world.wait_delivered()
            if fault == "never_acks":
                broker.never_acks = True
            else:
                broker.publish_codes = [0x87] * 1000
            sell(world, 1, 2)
            wait_for(lambda: world.status()["level"] == level, "the fault to be seen", 30)
            before = broker.connects.count(STORE)
            seen = levels_over(world, lambda: broker.connects.count(STORE) - before, 3)
            bad = [row for row in seen if row[0] == "green" or (level == "red" and row[0] != level)]
            check(not bad, f"{fault}: {bad[:5]} of {len(seen)} looks")
            # A start proves no more.
            world.agent.restart()
            world.wait_ready()
            before = broker.connects.count(STORE)
            seen = levels_over(world, lambda: broker.connects.count(STORE) - before, 1)
            check(all(row[0] != "green" for row in seen), f"{fault}, after a start: {seen}")
            broker.never_acks, broker.publish_codes = False, []
            delivered(world, time.monotonic())
            wait_for(lambda: world.status()["level"] == "green", "green", 30)
    return "amber and red hold over 3 connections and a start, until the confirmation"


def every_refusal_of_a_connection_is_said_and_outlived():
    codes = (0x80, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x95, 0x97, 0x99, 0x9A, 0x9C, 0x9D, 0x9F)
    with liar_world() as (world, broker):
        start, told = time.monotonic(), {}
        for seed, code in enumerate(codes, 1):
            broker.connect_codes = [code, code]
            broker.cut(STORE)
            sell(world, 10, seed)
            wait_for(lambda: len(broker.connect_codes) < 2, f"a try against {code:#x}", 30)
            error = wait_for(lambda: world.status()["broker"]["last_error"] or
                             not broker.connect_codes and "(over already)", "the reason", 30)
            told[code] = error
            wait_for(lambda: not broker.connect_codes and STORE in broker.clients, "back", 30)
        took = delivered(world, start)
        seen = [error for error in told.values() if error != "(over already)"]
        check(len(seen) >= len(codes) // 2, f"reasons seldom told: {told}")
        check(not any("no connection" in error for error in seen), f"{seen}")
        check(len(set(seen)) >= 5, f"all refusals sound alike: {set(seen)}")
        return f"{len(codes)} codes, {took}; {len(set(seen))} different words"


def every_refusal_of_an_event_is_outlived():
    with liar_world() as (world, broker):
        start = time.monotonic()
        for seed, code in enumerate((0x10, 0x80, 0x83, 0x87, 0x90, 0x97), 1):
            broker.publish_codes = [0, 0, code, 0, code]
            sell(world, 20, seed)
            wait_for(lambda: world.status()["waiting"] == 0, f"after {code:#x}", 60)
        took = delivered(world, start)
        check(not broker.publish_codes, "not all codes were used")
        check("does not answer" not in world.agent.text(), "a new connection was not asked for")
        return f"6 codes, {took}"


def what_a_broker_never_takes_is_parked_and_nothing_waits_behind_it():
    with liar_world() as (world, broker):
        for seed, code in enumerate((0x95, 0x99), 1):
            sell(world, 5, seed)
            world.wait_delivered()
            broker.publish_codes = [code]
            sell(world, 30, seed + 2)
            status = wait_for(lambda: world.status() if world.status()["waiting"] == 0 else None,
                              "all but the parked body", 60)
            owed = world.central("SELECT count(*) FROM event WHERE kind LIKE '%parked%'")[0][0]
            check(owed >= 1, "nothing was parked")
        return f"{owed} parked, head {status['head']}, waiting 0"


def a_half_open_line_is_noticed():
    with liar_world() as (world, broker):
        sell(world, 20, 1)
        world.wait_delivered()
        start = time.monotonic()
        broker.silent.add(STORE)
        sell(world, 50, 2)
        before = len(broker.connects)
        wait_for(lambda: STORE in broker.connects[before:], "a new connection", 60)
        return f"new connection and all confirmed after {delivered(world, start)}"


def a_flapping_line_delays_only():
    with liar_world() as (world, broker):
        start, stop = time.monotonic(), threading.Event()

        def flap():
            while not stop.wait(0.7):
                broker.cut(STORE)
        flapping = threading.Thread(target=flap)
        flapping.start()
        sell(world, 3000, 1)
        wait_for(lambda: time.monotonic() - start > 8, "some flapping", 20)
        stop.set()
        flapping.join()
        cuts = broker.connects.count(STORE)
        return f"{cuts} connections, 3,000 events, {delivered(world, start)}"


def garbage_from_the_broker_breaks_nothing():
    with liar_world() as (world, broker):
        start = time.monotonic()
        topic = f"tillrelay/v1/{world.store}"
        for seed, data in enumerate((b"\xff" * 64, b"\x00\x00", b"\x30\xff\xff\xff\x7f" + b"a" * 99,
                                     b"\x40\x02\xff\xff", os.urandom(4096)), 1):
            sell(world, 10, seed)
            broker.garbage(STORE, data)
            wait_for(lambda: STORE in broker.clients, "back", 60)
        forged = {"v": 1, "store": world.store, "at": "2026-11-25T00:00:00Z", "streams": [
            {"stream": world.status()["stream"], "through": 10_000, "chain": "0" * 32}]}
        for payload in (b"", b"{", b"[" * 100_000, b"\xff\xfe", json.dumps(forged).encode(),
                        b'{"v":1,"command":"replay"}', b"x" * 300_000):
            broker.send_on(topic + "/confirm", payload)
            broker.send_on(topic + "/command", payload)
        sell(world, 10, 9)
        took = delivered(world, start)
        check(world.agent.alive() and world.collector.alive(), "somebody died")
        check(world.status()["confirmed_through"] == world.status()["head"] < 10_000, "forged")
        return took


def a_receipt_above_the_packet_limit_is_parked_and_fetched_when_the_limit_is_gone():
    with liar_world() as (world, broker):
        broker.max_packet = 256 * 1024
        broker.cut(STORE)
        wait_for(lambda: STORE in broker.clients, "back")
        line = {"item": {"sku": "A" * 40}, "quantity": "1", "uom": "EA", "ext": {}}
        sale = {"kind": "sale", "transaction": {
            "store_id": world.store, "register_id": "03", "business_day": "2026-11-24",
            "transaction_no": "1", "end_at": "2026-11-24T10:00:00+01:00"}}
        big = {**sale, "lines": [line] * 3500}
        del line["ext"]
        body = json.dumps(big).encode()
        check(300_000 < len(body) < 1_000_000, f"{len(body)} bytes")
        answer = world.post(body)
        check(answer[0] == 200 and answer[1]["stored"] == 1, f"{answer}")
        sell(world, 50, 1)
        status = wait_for(lambda: world.status() if world.status()["waiting"] == 0 else None,
                          "nothing to wait behind it")
        check(status["head"] >= 51, f"head {status['head']}")
        sold = world.central("SELECT count(*) FROM event WHERE kind LIKE '%sale%' AND counted=1 "
                             "AND sequence=1")[0][0]
        check(sold == 0, "the large one cannot have arrived")
        check(broker.event_bytes < 1_000_000, f"sent all the same: {broker.event_bytes} bytes")
        return f"{len(body):,} bytes parked; {status['head'] - 1} others confirmed"


def an_old_broker_is_spoken_to_in_its_own_version():
    with World() as world:
        broker = FakeBroker(world.broker_port)
        broker.version = 4
        try:
            world.start(broker=False)
            sell(world, 200, 1)
            return f"MQTT 3.1.1, 200 events, {delivered(world, time.monotonic())}"
        finally:
            broker.stop()


if __name__ == "__main__":
    run_together(every_seventh_acknowledged_event_is_swallowed,
                 a_broker_that_pings_and_never_acknowledges_is_left,
                 a_new_connection_makes_nothing_green,
                 every_refusal_of_a_connection_is_said_and_outlived,
                 every_refusal_of_an_event_is_outlived,
                 what_a_broker_never_takes_is_parked_and_nothing_waits_behind_it,
                 a_half_open_line_is_noticed,
                 a_flapping_line_delays_only,
                 garbage_from_the_broker_breaks_nothing,
                 a_receipt_above_the_packet_limit_is_parked_and_fetched_when_the_limit_is_gone,
                 an_old_broker_is_spoken_to_in_its_own_version)
