#!/usr/bin/python3
"""A store and head office that are given another broker, or another topic prefix, and later the
former one again: nothing is lost, declared, or counted twice, and nobody sees a second server."""

import glob
import json
import os

from harness import World, check, run_together, wait_for


class Move:
    def __init__(self, world):
        self.world, self.told = world, 0

    def sell(self, count):
        for _ in range(count):
            self.told += 1
            code, answer = self.world.post(json.dumps({
                "kind": "sale",
                "transaction": {"store_id": self.world.store, "register_id": "03",
                                "business_day": "2026-11-21", "transaction_no": str(self.told),
                                "end_at": "2026-11-21T17:42:08+01:00"},
                "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}]}).encode())
            check(code == 200 and answer["results"][0]["outcome"] == "stored", f"{code} {answer}")

    def leave_something_waiting(self):
        """Sold while head office is away; then everything stops."""
        self.world.collector.kill()
        self.sell(30)
        self.world.agent.kill()

    def set(self, name, table, key, value):
        """One key of a table of the configuration file."""
        with open(self.world.path(name)) as file:
            lines = file.read().rstrip("\n").split("\n")
        if f"[{table}]" not in lines:
            lines.append(f"[{table}]")
        at = lines.index(f"[{table}]") + 1
        end = next((i for i in range(at, len(lines)) if lines[i].startswith("[")), len(lines))
        kept = [line for line in lines[at:end] if not line.startswith(key + " = ")]
        lines[at:end] = [f'{key} = "{value}"', *kept]
        with open(self.world.path(name), "w") as file:
            file.write("\n".join(lines))

    def arrive(self):
        world = self.world
        world.collector.start()
        world.agent.start()
        world.wait_ready()
        self.sell(20)
        world.wait_delivered()
        wait_for(lambda: world.central("SELECT count(*) FROM event WHERE counted = 1")
                 == [(self.told,)], "everything to have counted")
        status = world.status()
        check(not status["lost"] and not status["unknown_streams"], f"{status}")
        check(not status["broker"]["alarm"], status["broker"]["alarm"])
        check(len(status["streams"]) == 1, "a new stream was opened")
        check(not glob.glob(world.path("journal.db.*-2*")), "the journal was replaced")
        check("ALARM" not in world.agent.text() + world.collector.text(), "an alarm")


def to_another_broker_and_back():
    with World() as world, World() as other:  # the other one for its broker alone
        world.start()
        move = Move(world)
        move.sell(50)
        world.wait_delivered()
        for server in (other, world):
            move.leave_something_waiting()
            if not server.broker.alive():
                server.start(collector=False, agent=False)
            url = f"mqtt://127.0.0.1:{server.broker_port}"
            move.set("agent.toml", "broker", "url", url)
            move.set("collector.toml", "broker", "url", url)
            move.arrive()
        world.check_exactly_once(move.told)
        return f"{move.told} sales over two brokers counted once"


def to_another_prefix_and_back():
    with World() as world:
        world.start()
        move = Move(world)
        move.sell(50)
        world.wait_delivered()
        for prefix in ("shops/north", "tillrelay/v1"):
            move.leave_something_waiting()
            for name in ("agent.toml", "collector.toml"):
                move.set(name, "delivery", "topic_prefix", prefix)
            move.arrive()
        world.check_exactly_once(move.told)
        return f"{move.told} sales under two prefixes counted once"


def head_offices_database_is_moved_away(how):
    """Nothing is confirmed that nobody finds again; put back, everything has counted once."""
    with World() as world:
        move = Move(world)
        world.start()
        move.sell(40)
        world.wait_delivered()
        files = ("central.db", "central.db-wal", "central.db-shm") if how == "all" else (how,)
        for name in files:
            os.rename(world.path(name), world.path(name + ".away"))
        move.sell(40)
        wait_for(lambda: "ALARM the database fails" in world.collector.text(), "the alarm", 30)
        move.sell(20)
        confirmed = world.status()["streams"][0]["confirmed_through"]
        check(not os.path.exists(world.path("central.db")) or how != "all", "a new one was made")
        world.collector.kill()
        for name in files:
            os.rename(world.path(name + ".away"), world.path(name))
        world.collector.start()
        world.wait_delivered()
        check(confirmed <= 80, f"{confirmed} of 100 were confirmed into nowhere")
        world.check_exactly_once(move.told)
        return f"{how}: confirmed {confirmed} while it was away, {move.told} counted once"


def the_database_is_moved():
    return head_offices_database_is_moved_away("central.db")


def the_log_is_moved():
    return head_offices_database_is_moved_away("central.db-wal")


def all_of_it_is_moved():
    return head_offices_database_is_moved_away("all")


if __name__ == "__main__":
    run_together(to_another_broker_and_back, to_another_prefix_and_back, the_database_is_moved,
                 the_log_is_moved, all_of_it_is_moved)
