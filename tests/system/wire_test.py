#!/usr/bin/python3
"""What a stranger's MQTT client sees, and how fast the backlog drains through a narrow window."""

import json
import os
import subprocess
import time

import jsonschema

from harness import GOLDEN, World, check, run, wait_for

SCHEMA = os.path.join(GOLDEN, "schema", "cloudevents-1.0.2.schema.json")


def listen(world, topic, count):
    return subprocess.Popen(["mosquitto_sub", "-p", str(world.broker_port), "-t", topic, "-q", "1",
                             "-C", str(count), "-W", "60"], stdout=subprocess.PIPE, text=True)


def every_message_is_a_cloudevent_and_the_numbers_are_whole():
    with open(SCHEMA) as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    count = 300
    with World(broker_lines=["log_type all"],
               agent_lines=["[delivery]", 'form = "events"']) as world:
        world.start(agent=False)
        listener = listen(world, "tillrelay/v1/0042/events", count)
        wait_for(lambda: "tillrelay/v1/0042/events (QoS 1)" in world.broker.text(),
                 "the listener's subscription")
        world.agent.start()
        world.wait_ready()
        simulated, _ = world.simulate(count, 3)
        out, _ = listener.communicate(timeout=90)
        simulated.wait(timeout=60)
        world.wait_delivered()
        messages = [json.loads(line) for line in out.splitlines()]
        check(len(messages) == count, f"{len(messages)} messages")
        for message in messages:
            validator.validate(message)
        numbers = [int(m["sequence"]) for m in messages]
        check(numbers == list(range(1, count + 1)), "numbers are not 1, 2, 3 ...")
        for before, after in zip(messages, messages[1:]):
            check(after["previouschain"] == before["chain"], "the chain is broken")
        check({m["partitionkey"] for m in messages} == {"0042"}, "partitionkey")
        check(len({m["source"] for m in messages}) == 1, "more than one source")
        mode = os.stat(world.path("central.db")).st_mode & 0o777
        check(mode == 0o600, f"the central database can be read by others: {mode:o}")
        return f"{count} messages valid against the CloudEvents 1.0.2 schema, chain whole"


def status_and_confirmation_are_retained_and_the_will_speaks_when_the_agent_dies():
    with World() as world:
        world.start()
        world.simulate(50, 4)[0].wait(timeout=60)
        world.wait_delivered()
        def retained(leaf):
            out = subprocess.run(
                ["mosquitto_sub", "-p", str(world.broker_port), "-t", f"tillrelay/v1/0042/{leaf}",
                 "-C", "1", "-W", "10"], capture_output=True, text=True, timeout=30).stdout
            return json.loads(out)
        wait_for(lambda: retained("status").get("confirmed_through") == 50, "the retained status")
        confirm = retained("confirm")
        check(confirm["streams"][0]["through"] == 50, f"{confirm}")
        status = retained("status")
        for name in ("v", "state", "store_id", "stream", "head", "sent_through", "acked_through",
                     "confirmed_through", "waiting", "oldest_waiting_at", "quarantined", "broker",
                     "journal_bytes", "disk_days_left", "version", "session", "host", "streams"):
            check(name in status, f"{name} is missing in the status")
        world.agent.kill()
        wait_for(lambda: retained("status")["state"] == "offline", "the will")
        return "status with all members, confirmation at 50, will after kill -9"


def an_in_flight_limit_of_20_does_not_stall_the_drain():
    count = int(os.environ.get("TILLRELAY_DRAIN_EVENTS", "20000"))
    with World(broker_lines=["max_inflight_messages 20"]) as world:
        world.start(broker=False, collector=False)
        simulated, _ = world.simulate(count, 5, group=200)
        check(simulated.wait(timeout=120) == 0, "not all were accepted")
        world.start(agent=False)
        wait_for(lambda: world.status()["confirmed_through"] > 0, "the first confirmation")
        first, started = world.status()["confirmed_through"], time.monotonic()
        world.wait_delivered(120)
        seconds = max(time.monotonic() - started, 0.001)
        world.check_exactly_once(count)
        return f"{(count - first) / seconds:.0f} events/s drained and confirmed, {count} in all"


if __name__ == "__main__":
    run(every_message_is_a_cloudevent_and_the_numbers_are_whole,
        status_and_confirmation_are_retained_and_the_will_speaks_when_the_agent_dies,
        an_in_flight_limit_of_20_does_not_stall_the_drain)
