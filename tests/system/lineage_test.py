#!/usr/bin/python3
"""Copied disks, snapshots set back, a damaged journal, brokers that lose what they acknowledged, a
collector set back to a backup: in the end everything has counted exactly once."""

import glob
import os
import shutil
import sqlite3
import sys

from harness import BIN, Process, World, check, run, wait_for


def copy_journal(world, name):
    for end in ("", "-wal"):
        source = world.path("journal.db" + end)
        if os.path.exists(source):
            shutil.copyfile(source, world.path(name + end))


def put_journal(world, name):
    for end in ("", "-wal", "-shm"):
        if os.path.exists(world.path("journal.db" + end)):
            os.remove(world.path("journal.db" + end))
    for end in ("", "-wal"):
        if os.path.exists(world.path(name + end)):
            shutil.copyfile(world.path(name + end), world.path("journal.db" + end))


def sell(world, count, seed):
    """Accepted by the agent when it returns."""
    day = f"2026-11-{seed:02}"  # a day of its own: numbers may repeat
    check(world.simulate(count, seed, day=day)[0].wait(timeout=120) == 0, "the registers gave up")


def counted(world):
    return world.central("SELECT count(*), count(DISTINCT id) FROM event WHERE counted = 1 AND "
                         "kind NOT IN ('stream_opened', 'loss')")[0]


def wait_counted(world, count, seconds=120):
    wait_for(lambda: counted(world) == (count, count), f"{count} events to have counted once",
             seconds)


def a_snapshot_set_back_under_a_running_centre_becomes_a_new_stream():
    with World() as world:
        world.start()
        sell(world, 100, 1)
        world.wait_delivered()
        world.agent.kill()
        copy_journal(world, "snapshot.db")
        world.agent.start()
        world.wait_ready()
        sell(world, 100, 2)
        world.wait_delivered()
        world.agent.kill()
        put_journal(world, "snapshot.db")
        world.agent.start()
        world.wait_ready()
        sell(world, 100, 3)
        status = world.wait_delivered()
        wait_counted(world, 300)
        check(len(status["streams"]) == 2, f"{len(status['streams'])} streams")
        return "300 sales counted once, 100 of them from the history that was set back"


def both_twins_of_a_copied_disk_deliver_what_they_sell():
    with World() as world:
        world.start()
        sell(world, 50, 1)
        world.wait_delivered()
        copy_journal(world, "twin.db")
        twin = World()  # for its ports and files only
        try:
            twin.broker_port = world.broker_port
            with open(twin.path("agent.toml")) as file:
                text = file.read()
            text = text[:text.index("url = ")] + f'url = "mqtt://127.0.0.1:{world.broker_port}"\n'
            with open(twin.path("agent.toml"), "w") as file:
                file.write(text + "retry_min_ms = 100\nretry_max_ms = 1000\n")
            for end in ("", "-wal"):
                if os.path.exists(world.path("twin.db" + end)):
                    shutil.copyfile(world.path("twin.db" + end), twin.path("journal.db" + end))
            # The twin sells without a line to the broker; then it comes up and takes over.
            world.agent.kill()
            twin.agent.start()
            twin.wait_ready()
            sell(twin, 50, 2)
            twin.wait_delivered()
            twin.agent.kill()
            world.agent.start()
            world.wait_ready()
            sell(world, 50, 3)
            world.wait_delivered()
            wait_counted(world, 150)
            return "150 sales of two servers with one identity counted once"
        finally:
            twin.agent.kill()
            shutil.rmtree(twin.dir, ignore_errors=True)


def two_servers_with_one_name_are_told_of_each_other_within_ten_seconds():
    with World() as world, World() as other:  # the other one for its agent alone
        with open(other.path("agent.toml")) as file:
            text = file.read()
        with open(other.path("agent.toml"), "w") as file:
            file.write(text[:text.index("url = ")] +
                       f'url = "mqtt://127.0.0.1:{world.broker_port}"\n'
                       "retry_min_ms = 100\nretry_max_ms = 1000\n")
        for server, seed in ((world, 1), (other, 2)):
            server.start(broker=False, collector=False)
            sell(server, 60, seed)
        world.start(agent=False)

        alarm = "another server speaks for this store"
        wait_for(lambda: any(alarm in server.agent.text() for server in (world, other)),
                 "one of the two to be told", 10)
        # Whatever they see of each other first, the one that was started last goes on.
        wait_for(lambda: other.status()["waiting"] == 0, "the later one to deliver", 20)
        wait_for(lambda: "this one gives way" in world.agent.text(), "the other one to wait", 20)
        check("this one gives way" not in other.agent.text(), "both gave way")
        events, ids = counted(world)
        check(events == ids >= 60, f"{events} events of {ids} ids")
        return "told of, and the later one delivers while the other one waits"


def a_collector_set_back_to_its_backup_gets_everything_again():
    with World() as world:
        world.start()
        sell(world, 100, 1)
        world.wait_delivered()
        world.collector.kill()
        for end in ("", "-wal"):
            if os.path.exists(world.path("central.db" + end)):
                shutil.copyfile(world.path("central.db" + end), world.path("backup.db" + end))
        world.collector.start()
        sell(world, 200, 2)
        world.wait_delivered()
        world.collector.kill()
        for end in ("", "-wal", "-shm"):
            if os.path.exists(world.path("central.db" + end)):
                os.remove(world.path("central.db" + end))
            if os.path.exists(world.path("backup.db" + end)):
                shutil.copyfile(world.path("backup.db" + end), world.path("central.db" + end))
        world.collector.start()
        wait_counted(world, 300)
        return "300 sales after an hour of the centre was lost"


def a_broker_that_drops_what_it_acknowledged_delays_only():
    with World(broker_lines=["max_queued_messages 100"]) as world:
        world.start(collector=False)
        sell(world, 1000, 1)
        wait_for(lambda: world.status()["acked_through"] >= 1000, "the broker's word")
        world.broker.kill()
        world.broker.start()
        world.collector.start()
        wait_counted(world, 1000, 180)
        return "1,000 acknowledged for nobody, then counted once"


def a_damaged_journal_is_salvaged_and_accepts_again():
    with World() as world:
        world.start(broker=False, collector=False)
        sell(world, 200, 1)
        world.agent.kill()
        with sqlite3.connect(world.path("journal.db")) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (number,) = db.execute("SELECT position FROM event WHERE kind = 'sale' "
                                   "ORDER BY position LIMIT 1 OFFSET 100").fetchone()
            db.execute("UPDATE event SET data = substr(data, 2) WHERE position = ?", (number,))
        world.start()
        wait_for(lambda: glob.glob(world.path("journal.db.damaged-*")), "the salvage", 60)
        wait_for(lambda: world.get("/readyz")[0] == 200, "the agent to accept again", 20)
        sell(world, 10, 2)
        wait_counted(world, 209)
        lost = world.central("SELECT body FROM event WHERE kind = 'loss'")
        check(len(lost) == 1 and "damaged" in lost[0][0], f"declared: {lost}")
        return "199 of 200 saved, one declared lost, 10 more accepted"


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    check(os.path.exists(f"{BIN}/tillrelayd"), f"no programs in {BIN}")
    run(a_snapshot_set_back_under_a_running_centre_becomes_a_new_stream,
        both_twins_of_a_copied_disk_deliver_what_they_sell,
        two_servers_with_one_name_are_told_of_each_other_within_ten_seconds,
        a_collector_set_back_to_its_backup_gets_everything_again,
        a_broker_that_drops_what_it_acknowledged_delays_only,
        a_damaged_journal_is_salvaged_and_accepts_again)
