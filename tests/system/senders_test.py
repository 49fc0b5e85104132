#!/usr/bin/python3
"""The senders of docs/senders against a real agent: kept, known, put aside, refused, no answer."""

import json
import os
import subprocess

from harness import World, check, run, wait_for

SENDERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "senders")


def document(number, **more):
    return {"kind": "sale", **more,
            "transaction": {"store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                            "transaction_no": str(number), "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}]}


def send(world, sender, text, tries="0"):
    path = world.path("document.json")
    with open(path, "w") as file:
        file.write(text)
    environment = dict(os.environ, TILLRELAY_TRIES=tries)
    return subprocess.run([os.path.join(SENDERS, sender), path, "application/json",
                           f"http://127.0.0.1:{world.intake_port}"],
                          env=environment, capture_output=True, text=True, timeout=120)


def every_sender_keeps_its_promise():
    with World() as world:
        world.start(broker=False, collector=False)
        for number, sender in enumerate(("send.sh", "send.py"), start=1):
            whole = json.dumps(document(number))
            first = send(world, sender, whole)
            check(first.returncode == 0 and '"stored":1' in first.stdout, f"{sender}: {first}")
            again = send(world, sender, whole)
            check(again.returncode == 0 and '"duplicate":1' in again.stdout, f"{sender}: {again}")
            aside = send(world, sender, json.dumps(document(number, unheard=1)))
            check(aside.returncode == 2 and "unknown-field" in aside.stdout, f"{sender}: {aside}")
            cut = send(world, sender, whole[:50])
            check(cut.returncode == 1 and "not-syntax" in cut.stderr, f"{sender}: {cut}")
        check(world.status()["head"] == 2, "each sale once")
        return "stored, duplicate, quarantined, refused by two senders"


def no_answer_is_repeated_until_there_is_one():
    with World() as world:
        world.start(broker=False, collector=False)
        world.agent.kill()
        for number, sender in enumerate(("send.sh", "send.py"), start=1):
            alone = send(world, sender, json.dumps(document(number)), tries="2")
            check(alone.returncode == 3, f"{sender}: {alone}")
            check("again in 1 s" in alone.stderr, f"{sender}: {alone.stderr}")
        return "a dead agent: tried again, then said so"


if __name__ == "__main__":
    run(every_sender_keeps_its_promise, no_answer_is_repeated_until_there_is_one)
