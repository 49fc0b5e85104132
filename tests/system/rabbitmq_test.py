#!/usr/bin/python3
"""The relay against RabbitMQ's MQTT plugin, which speaks MQTT 3.1.1 only."""

import contextlib
import os
import socket
import sys
import time

from harness import World, check, free_port, read_sums, run, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from rabbitmq import RabbitMq  # noqa: E402


@contextlib.contextmanager
def rabbit_world():
    world = World()
    world.broker = RabbitMq(world.path("rabbitmq"), world.broker_port,
                            [free_port() for _ in range(3)])
    with contextlib.ExitStack() as stack:
        stack.enter_context(world)
        stack.callback(world.broker.end)
        start_broker(world)
        world.start(broker=False)
        yield world


def start_broker(world):
    world.broker.start()
    wait_for(lambda: socket.create_connection(("127.0.0.1", world.broker_port), 1), "RabbitMQ", 120)


def sales_go_through_and_outlive_a_killed_broker():
    with rabbit_world() as world:
        start = time.monotonic()
        first, first_sums = world.simulate(2000, 1)
        check(first.wait(timeout=120) == 0, "the registers gave up")
        world.wait_delivered()
        drained = time.monotonic() - start
        check("3.1.1" in world.agent.text(), "the agent did not say that it fell back")

        second, second_sums = world.simulate(3000, 2, day="2026-11-22")
        wait_for(lambda: world.status()["head"] > 2300, "the second lot to be under way")
        world.broker.kill()
        check(second.wait(timeout=120) == 0, "the registers gave up during the outage")
        waiting = world.status()["waiting"]
        check(waiting > 0, "the broker was not away")
        start_broker(world)
        start = time.monotonic()
        status = world.wait_delivered(180)
        again = time.monotonic() - start
        wait_for(lambda: world.central("SELECT count(*) FROM gap")[0][0] == 0, "no gap")
        world.check_exactly_once(status["head"])
        check(world.ledger() == read_sums(first_sums, second_sums), "the ledger is wrong")
        return (f"2,000 events in {drained:.1f} s; broker killed with {waiting} waiting, all "
                f"confirmed {again:.1f} s after it was back")


if __name__ == "__main__":
    run(sales_go_through_and_outlive_a_killed_broker)
