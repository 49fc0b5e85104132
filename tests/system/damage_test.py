#!/usr/bin/python3
"""A journal that is damaged, and damaged again, before head office is heard: in the end every
accepted sale has counted, or stands as lost at head office, and the store goes on sending."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import uuid

from harness import World, check, run_together, wait_for

PAGE = 4096


def document_of(store, number):
    return {"kind": "sale",
            "transaction": {"store_id": store, "register_id": "03", "business_day": "2026-11-21",
                            "transaction_no": str(number), "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "100234"}, "quantity": "1", "uom": "EA"}]}


class Store:
    """What the registers of one store were told."""

    def __init__(self, world):
        self.world, self.accepted = world, {}

    def sell(self, count):
        for _ in range(count):
            number = len(self.accepted) + 1
            code, answer = self.world.post(
                json.dumps(document_of(self.world.store, number)).encode())
            check(code == 200 and answer["results"][0]["outcome"] == "stored",
                  f"sale {number} was answered with {code} {answer}")
            row = answer["results"][0]
            self.accepted[row["id"]] = {(row["stream"], row["sequence"])}

    def survey(self):
        """What a salvage has saved has another number now."""
        streams = self.world.local("SELECT stream, base, first FROM stream ORDER BY number DESC")
        for position, raw in self.world.local("SELECT position, id FROM event"):
            number = str(uuid.UUID(bytes=bytes(raw)))
            if number in self.accepted:
                stream, base, _ = next(s for s in streams if s[2] <= position)
                self.accepted[number].add((stream, position - base))

    def wait_settled(self):
        """Until nothing waits, and each sale has counted or is declared lost at head office."""
        def settled():
            status = self.world.status()
            return status["waiting"] == 0 and not status["broker"]["alarm"] and not self.missing()
        try:
            wait_for(settled, "every sale to have counted or to be declared", 90)
        except Exception:
            status = self.world.status()
            print(f"waiting {status['waiting']}, alarm {status['broker']['alarm']}, not declared "
                  f"{len(self.missing())}", file=sys.stderr)
            raise

    def lost(self):
        counted = {row[0] for row in self.world.central("SELECT id FROM event WHERE counted = 1")}
        return {id: place for id, place in self.accepted.items() if id not in counted}

    def lost_and_found(self):
        """Declared lost under a former number, and counted: it had only moved."""
        ranges = self.world.central("SELECT stream, first, last FROM loss")
        lost = self.lost()
        return [id for id, places in self.accepted.items() if id not in lost and any(
            place[0] == stream and first <= place[1] <= last
            for stream, first, last in ranges for place in places)]

    def missing(self):
        """Neither counted nor within a loss that head office has noted."""
        ranges = self.world.central("SELECT stream, first, last, open_ended FROM loss")
        return [places for places in self.lost().values() if not any(
            place[0] == stream and (first <= place[1] <= last or (is_open and place[1] > last))
            for stream, first, last, is_open in ranges for place in places)]


def zero_pages(path, every, start):
    """Zeroes every so many-th page from page 2 on."""
    size = os.path.getsize(path) if os.path.exists(path) else 0
    with open(path, "r+b") as file:
        for page in range(1 + start, (size + PAGE - 1) // PAGE, every):
            file.seek(page * PAGE)
            file.write(b"\0" * min(PAGE, size - page * PAGE))


def damage(world, every, start):
    world.agent.kill()
    for name in ("journal.db", "journal.db-wal"):
        zero_pages(world.path(name), every, start)


def no_false_fork(world, store):
    check("told to fork" not in world.collector.text(), "the collector told the store to fork")
    check(world.central("SELECT count(*) FROM diverged")[0][0] == 0, "events were kept aside")
    status = world.status()
    check(not status["unknown_streams"], f"unknown streams: {status['unknown_streams']}")
    return f"{len(store.accepted)} accepted, {len(store.lost())} lost, all of them declared"


def damaged_before_the_centre_is_heard(rounds, sales, every):
    with World() as world:
        store = Store(world)
        world.start()
        store.sell(100)
        world.wait_delivered()
        world.collector.kill()
        for number in range(rounds):
            store.sell(sales)
            damage(world, every, number % every)
            world.agent.start()
            world.wait_ready()
            store.survey()
        world.collector.start()
        store.wait_settled()
        store.sell(20)
        store.wait_settled()
        check(rounds > 1 or not store.lost_and_found(),
              f"{len(store.lost_and_found())} sales are declared lost that have counted")
        return no_false_fork(world, store)


def once():
    return damaged_before_the_centre_is_heard(1, 150, 2)


def twice():
    return damaged_before_the_centre_is_heard(2, 150, 2)


def five_times():
    return damaged_before_the_centre_is_heard(5, 60, 2)


def nine_times_without_a_sale_between_some():
    return damaged_before_the_centre_is_heard(9, 7, 3)


def the_list_of_known_ids_goes():
    """Everything is delivered, and only the list by which receipts are known again is damaged."""
    with World() as world:
        store = Store(world)
        world.start()
        store.sell(60)
        world.wait_delivered()
        world.agent.kill(signal.SIGTERM)
        path = world.path("journal.db")
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name='known'").fetchone()[0]
        with open(path, "r+b") as file:
            file.seek((root - 1) * PAGE)
            file.write(b"\xa5" * PAGE)
        world.agent.start()
        world.wait_ready()
        # The first document meets the damage.
        fresh = json.dumps(document_of(world.store, 61)).encode()
        wait_for(lambda: world.post(fresh)[0] == 200, "the repair", 30)
        wait_for(lambda: world.local("SELECT count(*) FROM take_over")[0][0] == 0, "its end", 30)
        for number, outcome in ((1, "duplicate"), (2, "quarantined"), (3, "quarantined")):
            document = document_of(world.store, number)
            if number == 2:
                document["lines"][0]["quantity"] = "5"
            if number == 3:
                document["transaction"]["end_at"] = "2026-11-21T17:42:15+01:00"
            code, answer = world.post(json.dumps(document).encode())
            check(code == 200 and answer["results"][0]["outcome"] == outcome, f"{code} {answer}")
        world.wait_delivered()
        after = world.central("SELECT count(*) FROM event WHERE counted = 1 AND "
                              "kind = 'sale'")[0][0]
        check(after == 61, f"{after} sales counted")
        return "60 delivered receipts are known again from their events"


def the_log_goes_and_another_page_is_damaged():
    """Whatever page it is that the declaration would have to write to."""
    told = []
    for table in ("known", "chain_mark", "opening", "stream"):
        with World() as world:
            store = Store(world)
            world.start(broker=False, collector=False)
            store.sell(30)
            world.agent.kill(signal.SIGTERM)
            world.agent.start()
            world.wait_ready()
            store.sell(30)
            world.agent.kill()
            with contextlib.closing(sqlite3.connect(f"file:{world.path('journal.db')}?immutable=1",
                                                    uri=True)) as db:
                root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                                  [table]).fetchone()[0]
            os.remove(world.path("journal.db-wal"))
            with open(world.path("journal.db"), "r+b") as file:
                file.seek((root - 1) * PAGE)
                file.write(b"\0" * PAGE)
            world.start()
            store.survey()
            store.sell(5)
            store.wait_settled()
            told.append(f"{table} {len(store.lost())}")
    return "declared lost: " + ", ".join(told)


def the_file_goes_while_what_it_held_is_on_its_way():
    """The store cannot know that head office has it; head office says so."""
    with World() as world:
        store = Store(world)
        world.start()
        store.sell(100)
        world.wait_delivered()
        world.collector.child.send_signal(signal.SIGSTOP)
        store.sell(50)
        wait_for(lambda: world.status()["acked_through"] == 150, "the broker to have everything")
        world.agent.kill()
        for name in ("journal.db", "journal.db-wal"):
            os.remove(world.path(name))
        world.collector.child.send_signal(signal.SIGCONT)
        wait_for(lambda: not store.lost(), "head office to have everything")
        world.agent.start()
        world.wait_ready()
        store.sell(20)
        store.wait_settled()
        wait_for(lambda: not world.status()["lost"], "the store to hear that nothing is lost", 60)
        check(world.central("SELECT count(*) FROM loss")[0][0] == 0, "head office noted a loss")
        return "50 events that the store took for lost were not"


def the_brokers_word_was_all_there_was():
    """Acknowledged by a broker without a centre behind it, damaged, and only then a centre."""
    def confirm(world, by):
        with open(world.path("agent.toml")) as file:
            lines = file.read().split("[delivery]")[0]
        with open(world.path("agent.toml"), "w") as file:
            file.write(f'{lines}[delivery]\nconfirm = "{by}"\n')

    with World() as world:
        store = Store(world)
        confirm(world, "broker")
        world.start(collector=False)
        store.sell(40)
        wait_for(lambda: world.local("SELECT acked_through FROM stream")[0][0] == 40,
                 "the broker's word on everything to be written down")
        damage(world, 4096, 0)  # the first page alone: every event is still there
        world.agent.start()
        world.wait_ready()
        store.sell(5)
        wait_for(lambda: world.local("SELECT count(*) FROM take_over")[0][0] == 0, "its end", 30)
        store.survey()
        world.agent.kill(signal.SIGTERM)
        confirm(world, "centre")
        world.collector.start()
        world.agent.start()
        world.wait_ready()
        store.sell(5)
        store.wait_settled()
        check(not store.lost(), f"{len(store.lost())} sales are lost")
        return "50 sales counted, 40 of which only a broker had acknowledged"


def nobody_knows_how_many_were_given_while_events_wait():
    """The loss at the stream's end passes head office together with what waits before it."""
    with World() as world:
        store = Store(world)
        world.start()
        store.sell(20)
        world.wait_delivered()
        world.collector.kill()
        store.sell(10)
        world.agent.kill(signal.SIGTERM)
        with open(world.path("journal.db.witness"), "r+b") as file:
            file.write(b"\xff" * os.path.getsize(file.name))
        world.agent.start()
        world.wait_ready()
        store.sell(5)
        store.survey()
        wait_for(lambda: world.status()["acked_through"] == world.status()["head"],
                 "everything that can be sent to have been sent")
        world.start_collector()
        store.wait_settled()
        check(not store.lost(), f"{len(store.lost())} sales are lost")
        return no_false_fork(world, store)


def files_of(world, name):
    return [world.path(name + end) for end in ("", "-wal", "-shm")]


def keep(world, name):
    for file in files_of(world, name):
        if os.path.exists(file):
            shutil.copyfile(file, file + ".kept")


def set_back(world, name):
    for file in files_of(world, name):
        with contextlib.suppress(FileNotFoundError):
            os.remove(file)
        if os.path.exists(file + ".kept"):
            shutil.copyfile(file + ".kept", file)


def store_and_centre_are_set_back(backup, waiting):
    """What the journal's copy does not have is gone with head office's database."""
    with World() as world:
        store = Store(world)
        world.start()
        store.sell(26)
        world.wait_delivered()
        world.agent.kill(signal.SIGTERM)
        keep(world, "journal.db")
        world.agent.start()
        world.wait_ready()
        world.collector.kill()
        if backup:
            keep(world, "central.db")
        world.start_collector()
        store.sell(300)
        world.wait_delivered()
        if waiting:
            world.collector.kill()
            store.sell(waiting)
        world.agent.kill()
        set_back(world, "journal.db")
        world.agent.start()
        world.wait_ready()
        if waiting:
            world.start_collector()
        store.sell(5)
        store.survey()
        store.wait_settled()
        wait_for(lambda: world.status()["streams"][-1]["confirmed_through"] > 5, "the new stream")
        world.collector.kill()
        set_back(world, "central.db")
        world.start_collector()
        store.sell(5)
        store.wait_settled()
        return f"{len(store.accepted)} accepted, {len(store.lost())} lost, all of them declared"


def both_are_set_back():
    return store_and_centre_are_set_back(True, 0)


def the_store_is_set_back_and_the_centre_begins_anew():
    return store_and_centre_are_set_back(False, 2)


if __name__ == "__main__":
    run_together(the_brokers_word_was_all_there_was,
                 the_log_goes_and_another_page_is_damaged, once, twice, five_times,
                 nine_times_without_a_sale_between_some,
                 nobody_knows_how_many_were_given_while_events_wait, both_are_set_back,
                 the_store_is_set_back_and_the_centre_begins_anew,
                 the_list_of_known_ids_goes, the_file_goes_while_what_it_held_is_on_its_way)
