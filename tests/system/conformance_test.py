#!/usr/bin/python3
"""The conformance kit judges our own collector, and notices one that counts wrong."""

import os
import subprocess
import sys

from harness import World, check, run_together

KIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance", "kit.py")


def judge(world, column="on_hand"):
    database = world.path("central.db")
    query = f"SELECT {column} FROM stock WHERE store_id='{{store}}' AND item='{{item}}'"
    world.start_collector()
    told = subprocess.run(
        [sys.executable, KIT, "--port", str(world.broker_port), "--settle", "1", "--patience", "15",
         "--on-hand", f'sqlite3 -readonly -cmd ".timeout 5000" {database} "{query}"'],
        capture_output=True, text=True, timeout=120, check=False)
    return told


def our_collector_counts_right():
    with World() as world:
        told = judge(world)
        check(told.returncode == 0, told.stdout + told.stderr)
        return told.stdout.splitlines()[-1]


def a_consumer_that_counts_wrong_is_told():
    with World() as world:
        told = judge(world, "on_hand * 2")
        check(told.returncode == 1, "nothing was noticed")
        check(told.stdout.count("WRONG") >= 15, told.stdout)
        return told.stdout.splitlines()[-1]


if __name__ == "__main__":
    run_together(our_collector_counts_right, a_consumer_that_counts_wrong_is_told)
