#!/usr/bin/python3
"""Runs the suites of faults and writes what they saw to docs/faults.md.

    tests/model/faults.py [--bin build/release/bin] [--stride 1] [--seeds 3000] [--jobs 2]
                          [--salvage FOLDER ...] [--report FILE ...]

FOLDER: where tests/system/salvage_interrupt.py keeps its state.json. With a stride above 1 only
every so many-th cut and byte is played, and the page says so. FILE: what the suites have reported
already (their own --report), in as many parts as they were played in; nothing is run then. Without
FOLDER the page keeps the interrupted salvages that it has.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PAGE = os.path.join(ROOT, "docs/faults.md")
WORDS = "agent/monitor/strings.h"
COLUMNS = ("failed", "lost", "doubled", "altered", "declared")

# What the page says in the situation; each sentence is looked for in the product.
SAID = {
    "a changed byte": ("agent/journal/journal_repair.cc", "the journal was damaged: "),
    "one operation finds the disk full":
        (WORDS, "New events are refused: this server is out of room."),
    "one operation fails":
        (WORDS, "Nothing can be stored: the journal has failed."),
    "a salvage": ("agent/journal/journal_repair.cc", "the journal was damaged: "),
}


def said(situation):
    for beginning, (file, sentence) in SAID.items():
        if not situation.startswith(beginning):
            continue
        with open(os.path.join(ROOT, file), encoding="utf-8") as source:
            if sentence not in source.read():
                sys.exit(f"{file} does not say \"{sentence}\" any more")
        return sentence.strip().rstrip(":")
    return "nothing: the next start is as any other"


def run_suites(options, report):
    suites = [
        ["journal_cuts", "--stride", str(options.stride), "--jobs", str(options.jobs)],
        ["journal_bytes", "--stride", str(options.stride), "--jobs", str(options.jobs)],
        ["sim_test", "--seed", "1", "--seeds", str(options.seeds), "--jobs", str(options.jobs)]]
    good = True
    for suite in suites:
        done = subprocess.run([os.path.join(options.bin, suite[0]), *suite[1:], "--report", report],
                              check=False)
        good = good and done.returncode == 0
    return good


def read(reports):
    """One row for each situation, with the numbers of all parts."""
    rows = {}
    for report in reports:
        with open(report, encoding="utf-8") as file:
            for line in file:
                part = json.loads(line)
                row = rows.setdefault((part["suite"], part["situation"]), {})
                for name, value in part.items():
                    both = isinstance(value, int) and name in row
                    row[name] = row[name] + value if both else value
    return list(rows.values())


def salvage_rows(folders):
    for folder in folders:
        with open(os.path.join(folder, "state.json"), encoding="utf-8") as file:
            rounds = json.load(file)["rounds"]
        for full, how in ((False, "kill -9"), (True, "a full disk and kill -9")):
            mine = [r for r in rounds if r["full"] == full and r["interrupts"]]
            if mine:
                yield {"situation": f"a salvage interrupted by {how} ({os.path.basename(folder)})",
                       "run": sum(r["interrupts"] for r in mine),
                       "failed": sum(1 for r in mine if r["undeclared"]),
                       "lost": sum(r["undeclared"] for r in mine), "doubled": 0, "altered": 0,
                       "declared": sum(r["declared"] for r in mine),
                       "back": f"{max(r['accepts_s'] for r in mine):.1f} s at the slowest"}


def kept_salvages():
    with open(PAGE, encoding="utf-8") as file:
        return [line.rstrip() for line in file if line.startswith("| a salvage interrupted")]


def page(rows, simulated, options):
    kept = [] if options.salvage else kept_salvages()
    share = options.note or ("" if options.stride == 1 else
                             f"Every {options.stride}th cut, failure and byte was played.")
    text = [
        "# What was done to it",
        "",
        "Written by `tests/model/faults.py`, which runs the suites; do not edit.",
        share,
        "",
        "*Failed*: times in which anything was not as promised. *Lost*: accepted, and neither in",
        "the journal nor at the centre nor declared. *Doubled*: a number that was given to two",
        "events. *Altered*: an event that is not as it was told, sent as sound. *Declared*: gone,",
        "and both sides know it. *Back after*: until a sale is accepted again.",
        "",
        "| situation | times | failed | lost | doubled | altered | declared | back after | "
        "the page says |",
        "|---|--:|--:|--:|--:|--:|--:|---|---|"]
    for row in rows:
        back = row.get("back") or (
            f"{row['seconds refused']} s in all" if row.get("seconds refused") else "at once")
        counts = " | ".join(str(row.get(name, 0)) for name in COLUMNS)
        text.append(f"| {row['situation']} | {row['run']} | {counts} | {back} | "
                    f"{said(row['situation'])} |")
    text += kept
    for row in simulated:
        hours = row["simulated minutes"] // 60
        text += ["", f"Simulated stores: {row['run']} runs of two stores, {hours} hours in all, "
                 f"{row['accepted']} events accepted, {row.get('power cuts', 0)} power cuts,",
                 f"{row.get('salvages', 0)} salvages, {row['forks']} forks; {row['failed']} runs "
                 "in which anything was lost, doubled or not delivered in the end."]
    return "\n".join(text) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    arguments.add_argument("--stride", type=int, default=1)
    arguments.add_argument("--seeds", type=int, default=3000)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--salvage", nargs="*", default=[])
    arguments.add_argument("--note", default="", help="which part was played, in a sentence")
    arguments.add_argument("--report", nargs="*", default=[], help="what earlier runs reported")
    options = arguments.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        reports = options.report or [os.path.join(folder, "report")]
        if not options.report:
            good = run_suites(options, reports[0])
        rows = read(reports)
    simulated = [r for r in rows if r["suite"] == "sim_test"]
    rows = [r for r in rows if r["suite"] != "sim_test"] + list(salvage_rows(options.salvage))
    text = page(rows, simulated, options)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
