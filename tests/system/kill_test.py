#!/usr/bin/python3
"""The main job while broker, agent and collector are killed with SIGKILL under it.

20,000 documents over HTTP and the drop folder; the broker dies five times, the agent ten times, the
collector three times. Afterwards: accepted = applied, in order, and the ledger equals the
registers' own sums.
"""

import os
import random

from harness import World, check, read_sums, run, wait_for

EVENTS = int(os.environ.get("TILLRELAY_KILL_EVENTS", "20000"))
SEED = int(os.environ.get("TILLRELAY_KILL_SEED", "7"))


def nothing_is_lost_or_doubled_by_kill_9():
    dice = random.Random(SEED)
    with World() as world:
        world.start()
        by_http, http_sums = world.simulate(EVENTS * 3 // 4, 1, connections=8, rate=EVENTS / 25,
                                            patience=300)
        by_file, file_sums = world.simulate(EVENTS // 4, 2, drop=world.drop, group=25,
                                            day="2026-11-22", registers=9,
                                            rate=EVENTS / 75, patience=300)
        victims = ([world.broker] * 5 + [world.agent] * 10 + [world.collector] * 3)
        dice.shuffle(victims)
        worst = 0
        for number, victim in enumerate(victims, 1):
            # The next victim falls when another slice of the work has been accepted.
            target = EVENTS * number // (len(victims) + 1)
            wait_for(lambda: world.status()["head"] >= target or
                     (by_http.poll() is not None and by_file.poll() is not None),
                     f"{target} accepted", 300)
            worst = max(worst, world.status()["waiting"])
            victim.restart()
            if victim is world.agent:
                world.wait_ready()
        check(by_http.wait(timeout=400) == 0, "the simulated registers were not all served")
        check(by_file.wait(timeout=400) == 0, "the dropped files were not all taken")
        status = world.wait_delivered(300)
        check(status["head"] == EVENTS, f"accepted {status['head']} of {EVENTS}")
        world.check_exactly_once(EVENTS)
        check(world.ledger() == read_sums(http_sums, file_sums), "ledger and registers differ")
        return (f"{EVENTS} accepted = applied, {len(victims)} kills, at worst {worst} waiting, "
                f"ledger of {len(world.ledger())} items equal")


if __name__ == "__main__":
    run(nothing_is_lost_or_doubled_by_kill_9)
