#!/usr/bin/python3
"""The drop folder under load: a hundred thousand files at once, and a death in the middle."""

import json
import os

from harness import World, check, run, wait_for

FILES = int(os.environ.get("TILLRELAY_DROP_FILES", "20000"))


def sale(register, number):
    return {"kind": "sale",
            "transaction": {"store_id": "0042", "register_id": register,
                            "business_day": "2026-11-21", "transaction_no": str(number),
                            "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "100234", "description": "Milk"}, "quantity": "2",
                       "uom": "EA", "net_amount": "3.98"}]}


def resident_mb(pid, what):
    with open(f"/proc/{pid}/status") as file:
        return next(int(x.split()[1]) for x in file if x.startswith(what)) // 1024


def files_wait_at_once_and_are_counted_once_each():
    with World() as world:
        world.start(broker=False, collector=False)
        incoming, done = (os.path.join(world.drop, x) for x in ("incoming", "done"))
        world.agent.kill()
        whole = json.dumps(sale("drop", 0))
        for number in range(1, FILES + 1):
            with open(os.path.join(incoming, f"{number:06}.json"), "w") as file:
                file.write(whole.replace('"transaction_no": "0"', f'"transaction_no": "{number}"'))
        world.agent.start()
        world.wait_ready()
        most, posted = 0, 0

        def taken(share):
            nonlocal most, posted
            posted += 1
            code, answer = world.post(json.dumps(sale("till", posted)).encode())
            check(code == 200 and answer["stored"] == 1, f"the register got {code} {answer}")
            most = max(most, resident_mb(world.agent.child.pid, "VmHWM"))
            return world.status()["head"] - posted >= share
        wait_for(lambda: taken(FILES // 4), "a quarter", 300)
        world.agent.restart()
        world.wait_ready()
        wait_for(lambda: taken(FILES), "all of them", 600)
        wait_for(lambda: not os.listdir(incoming), "the folder to be empty")
        counted = world.local("SELECT count(*), count(DISTINCT id) FROM event")[0]
        check(counted == (FILES + posted,) * 2, f"{FILES} files, {posted} sales, found {counted}")
        check(len(os.listdir(done)) == FILES, f"{len(os.listdir(done))} files in done/")
        check(most < 128, f"memory rose to {most} MB")
        return f"{FILES} files and {posted} sales counted once, killed once, at most {most} MB"


def a_thousand_receipts_in_one_file_are_counted_once_each():
    with World() as world:
        world.start(broker=False, collector=False)
        for name in ("a.ndjson", "again.ndjson"):
            with open(os.path.join(world.drop, "incoming", ".x"), "w") as file:
                file.writelines(json.dumps(sale("drop", n)) + "\n" for n in range(1000))
            os.rename(os.path.join(world.drop, "incoming", ".x"),
                      os.path.join(world.drop, "incoming", name))
        wait_for(lambda: len(os.listdir(os.path.join(world.drop, "done"))) == 2, "both files")
        counted = world.local("SELECT count(*), count(DISTINCT id) FROM event")[0]
        check(counted == (1000, 1000), f"found {counted}")
        counters = world.status()["counters"]
        check(counters["file_duplicate"] == 1000, f"{counters}")
        return "1,000 stored once; the same file again: 1,000 duplicates"


if __name__ == "__main__":
    run(files_wait_at_once_and_are_counted_once_each,
        a_thousand_receipts_in_one_file_are_counted_once_each)
