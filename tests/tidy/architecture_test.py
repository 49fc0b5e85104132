#!/usr/bin/python3
"""The map (docs/architecture.md, architecture.svg) speaks of the code that is here: every room,
file and function that it names exists, and every room is on it with the arrows of tidy.py."""

import glob
import os
import re
import sys

from tidy import ARROWS, KNOW_ALL, ROOT, tracked

SOURCE = re.compile(r"[\w/*]+\.(?:cc|h)$")
FOLDER = re.compile(r"(?:agent|collector|common)/[\w/]*$")
FUNCTION = re.compile(r"(?:[A-Z]\w*::)?[A-Z]\w*$")

problems = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def find(name, near):
    """The files of that name, which may be shortened beside a file that was named before."""
    places = [""]
    while near:
        near = os.path.dirname(near)
        places.append(near)
    for place in places:
        found = glob.glob(os.path.join(ROOT, place, name))
        if found:
            return [os.path.relpath(path, ROOT) for path in sorted(found)]
    return []


def with_header(path):
    stem = os.path.splitext(path)[0]
    return "".join(read(stem + end) for end in (".h", ".cc")
                   if os.path.isfile(os.path.join(ROOT, stem + end)))


def items(text):
    """Table rows, list items and paragraphs, each with the number of its first line."""
    item, start = [], 0
    for number, line in enumerate(text.splitlines() + [""], 1):
        if item and (not line.strip() or re.match(r"\||\d+\. ", line)):
            yield start, "\n".join(item)
            item = []
        if line.strip():
            start = start if item else number
            item.append(line)


def check_item(number, item, everything):
    files, text = [], ""
    tokens = re.findall(r"`([^`]+)`", item)
    for token in tokens:
        if SOURCE.match(token) and not token.startswith("*"):
            found = find(token, files[-1] if files else "")
            if not found:
                problems.append(f"docs/architecture.md:{number}: there is no {token}")
            files += found
            text += "".join(with_header(path) for path in found)
        elif FOLDER.match(token) and not os.path.isdir(os.path.join(ROOT, token)):
            problems.append(f"docs/architecture.md:{number}: there is no folder {token}")
    for token in tokens:
        if not FUNCTION.match(token) or token in ("Status", "CHECK"):
            continue
        known = re.search(rf"\b{token}\(", everything) if "::" in token else \
            re.search(rf"\b{token}\b", text or everything)
        if not known:
            problems.append(f"docs/architecture.md:{number}: {token} is not in "
                            f"{', '.join(files) or 'the code'}")


def check_rooms(text, picture):
    rooms = set(ARROWS) | set(KNOW_ALL)
    for top in ("agent", "collector", "common"):
        for folder in sorted(os.listdir(os.path.join(ROOT, top))):
            if os.path.isdir(os.path.join(ROOT, top, folder)):
                rooms.add(f"{top}/{folder}")
    rows = {match[1]: match[2] for match in
            re.finditer(r"^\| `((?:agent|collector|common)/\w+)` \|.*\| ([^|]*) \|$", text, re.M)}
    for room in sorted(rooms | set(rows)):
        if room not in rows:
            problems.append(f"docs/architecture.md: no row for {room}")
        elif room not in rooms:
            problems.append(f"docs/architecture.md: {room} is no room")
        elif room in ARROWS:
            check_arrows(room, rows[room])
    drawn = re.findall(r'font-weight="600">(\w+)</text>', picture)
    names = [room.split("/")[1] for room in rooms]
    if sorted(drawn) != sorted(names):
        problems.append("docs/architecture.svg: drawn and not there, or there and not drawn: "
                        f"{sorted(set(drawn) ^ set(names)) or 'a name of two rooms'}")


def check_arrows(room, cell):
    """Each room of the same side that it may include is named in its row, and no other."""
    top = room.split("/")[0]
    said = set(re.findall(r"\w+", re.sub(r"\([^)]*\)", "", cell)))
    for other in set(ARROWS):
        if other == room or not other.startswith(top + "/"):
            continue
        name, allowed = other.split("/")[1], other in ARROWS[room]
        if allowed and name not in said:
            problems.append(f"docs/architecture.md: {room} may include {other}")
        elif not allowed and name in said and f"common/{name}" not in ARROWS[room]:
            problems.append(f"docs/architecture.md: {room} must not include {other}")


def main():
    text, picture = read("docs/architecture.md"), read("docs/architecture.svg")
    everything = "".join(read(path) for path in tracked()
                         if re.match(r"(agent|collector|common)/.*\.(cc|h)$", path))
    for number, item in items(text):
        check_item(number, item, everything)
    check_rooms(text, picture)
    if not re.search(r"^\| `agent/", text, re.M):
        problems.append("docs/architecture.md: no table of rooms was found")
    for problem in problems:
        print(problem)
    print(f"the map: {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
