"""The cases of tests/golden/cases through real processes: dropped into the folder and sent over
HTTP, until the collector's stock is what it should be."""

import concurrent.futures
import glob
import json
import os
import sys
import time

from harness import GOLDEN, World, check, wait_for

CASES = os.path.join(GOLDEN, "cases")
TYPES = {".csv": "text/csv; profile=case", ".txt": "text/csv; profile=case",
         ".xml": "application/xml"}
ONE_PIECE = '[drop_folder.csv.case.constants]\nquantity = "1"\n'

# (item, unit) -> thousandths of on_hand, reserved, damaged, in_transit; and what a person gets.
EXPECTED = {
    "csv-cancelled-rows-in-the-file": ({("A", "EA"): (-1000, 0, 0, 0)}, 0),
    "csv-date-and-time-in-two-columns": ({("A", "EA"): (-1000, 0, 0, 0)}, 0),
    "csv-files-pattern-with-another-ending": ({("A", "EA"): (-1000, 0, 0, 0)}, 0),
    "csv-number-restarts-next-day": (
        {("A", "EA"): (-1000, 0, 0, 0), ("B", "EA"): (-2000, 0, 0, 0)}, 0),
    "csv-offset-in-time-format": ({("A", "EA"): (-1000, 0, 0, 0)}, 0),
    "csv-one-row-a-unit": ({("A", "EA"): (-2000, 0, 0, 0)}, 0),
    "csv-refund-told-by-amount": ({}, 1),
    "csv-refund-told-by-type-column": ({("A", "EA"): (1000, 0, 0, 0)}, 0),
    "csv-utc-time-after-midnight": ({("A", "EA"): (-1000, 0, 0, 0)}, 0),
    "epcis-received-damaged": ({("09521234000013", "EA"): (0, 0, 5000, -5000)}, 0),
    "poslog-discount-already-in-the-price": ({("A", "EA"): (-2000, 0, 0, 0)}, 0),
    "poslog-flags-in-other-spellings": ({}, 0),
    "poslog-inventory-state-unknown": ({}, 4),
    "poslog-inventory-voided-line": ({}, 0),
    "poslog-itemtype-with-prefix": ({}, 0),
    "poslog-loss-with-own-reason-word": ({("L", "EA"): (-3000, 0, 0, 0)}, 0),
    "poslog-status-with-prefix": ({}, 0),
    "poslog-total-with-typecode": ({}, 1),
    "poslog-transaction-type-training": ({}, 0),
    "poslog-unknown-goods-element": ({}, 1),
    "poslog-voidedflag-suspendedflag": ({}, 0),
    "units-that-all-mean-one-piece": ({("A", "EA"): (-3000, 0, 0, 0)}, 0),
}


def settings(name):
    text = ""
    path = os.path.join(CASES, name, "profile.toml")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = "\n" + file.read()
    return text + ("\n" + ONE_PIECE if name == "csv-one-row-a-unit" else "")


def aliases(name):
    path = os.path.join(CASES, name, "store.json")
    if not os.path.exists(path):
        return ()
    with open(path, encoding="utf-8") as file:
        return (f"store_aliases = {json.dumps(json.load(file)['aliases'])}",)


def by_folder(world, files):
    for file in files:
        with open(file, "rb") as source:
            data = source.read()
        target = os.path.join(world.drop, "incoming", os.path.basename(file))
        with open(target + ".part", "wb") as part:
            part.write(data)
        os.rename(target + ".part", target)
        wait_for(lambda name=target: not os.path.exists(name), f"{target} to be taken")


def by_http(world, files):
    for file in files:
        with open(file, "rb") as source:
            data = source.read()
        ending = os.path.splitext(file)[1]
        kind = TYPES.get(ending, "application/json")
        if b'"@context"' in data:
            kind = "application/ld+json"
        status, answer = world.post(data, kind)
        check(status == 200, f"{file}: {status} {answer}")


def item_of(name):
    return name.removeprefix("sku:")


def play(name, door):
    stock, tickets = EXPECTED[name]
    files = sorted(glob.glob(os.path.join(CASES, name, "[0-9]*")))
    with World(agent_lines=aliases(name)) as world:
        with open(world.path("agent.toml"), "a", encoding="utf-8") as config:
            config.write(settings(name))
        world.start()
        door(world, files)
        quarantined = world.local("SELECT count(*) FROM quarantine")[0][0]
        check(quarantined == tickets, f"{name}: {quarantined} tickets, expected {tickets}")
        if world.status()["head"] > 0:
            world.wait_delivered()
        ledger = {(item_of(item), unit): cells for (item, unit), cells in world.ledger().items()}
        stored = {(item, unit): cells for (item, unit), cells in ledger.items()}
        # Goods in transit belong to the other store's row, too.
        check(stored == stock or {k: v[:3] for k, v in stored.items()} ==
              {k: v[:3] for k, v in stock.items()}, f"{name}: {stored}, expected {stock}")


def main():
    there = {os.path.basename(path) for path in glob.glob(os.path.join(CASES, "*"))}
    check(there == set(EXPECTED), f"cases without an expectation: {there ^ set(EXPECTED)}")
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(play, name, door) for name in sorted(EXPECTED)
                for door in (by_folder, by_http)]
        for run in concurrent.futures.as_completed(runs):
            run.result()
    print(f"{len(runs)} runs of {len(EXPECTED)} cases in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
