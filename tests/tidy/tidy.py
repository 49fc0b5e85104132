#!/usr/bin/python3
"""House rules as a test: arrows between rooms, sizes, banned words, every test registered."""

import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOP = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
       "SECURITY.md", "README.md", "agent", "cmake", "collector", "common", "docs", "packaging",
       "systemd", "tests"}

COMMON = {"common/http", "common/web", "common/language", "common/metrics", "common/event",
          "common/base"}
# room -> rooms that it may include (docs/architecture.md)
ARROWS = {
    "common/base": set(),
    "common/event": {"common/base"},
    "common/language": {"common/base"},
    "common/reconcile": {"common/event", "common/base"},
    "common/redact": {"common/event", "common/base"},
    "common/wire": {"common/event", "common/base"},
    "common/sqlite": {"common/base"},
    "common/net": {"common/base"},
    "common/mqtt": {"common/net", "common/base"},
    "common/http": {"common/net", "common/base"},
    "common/web": {"common/http", "common/language", "common/base"},
    "common/metrics": {"common/base"},
    "common/service": {"common/base"},
    "agent/config": {"common/language", "common/event", "common/base"},
    "agent/formats": {"common/event", "common/base"},
    "agent/redact": {"common/redact", "common/event", "common/base"},
    "agent/reconcile": {"common/reconcile", "common/event", "common/base"},
    "agent/journal": {"common/sqlite", "common/wire", "common/event", "common/metrics",
                      "common/base"},
    "agent/capture": {"agent/formats", "agent/redact", "agent/reconcile", "agent/journal",
                      "common/redact", "common/http", "common/event", "common/base"},
    "agent/uplink": {"agent/journal", "common/mqtt", "common/wire", "common/event",
                     "common/metrics", "common/base"},
    "agent/access": {"common/redact"} | COMMON,
    "agent/admin": {"common/event", "common/base"},
    "agent/monitor": {"common/web", "common/language", "common/event", "common/base"},
    "agent/api": {"agent/admin", "agent/monitor", "agent/access"} | COMMON,
    "agent/web": {"agent/admin", "agent/monitor", "agent/access"} | COMMON,
    "agent/validation": {"agent/capture", "agent/config", "agent/formats", "agent/redact", "agent/journal",
                         "common/http", "common/mqtt", "common/service", "common/event",
                         "common/base"},
    "agent/cli": {"agent/admin", "agent/config", "agent/validation", "agent/journal", "common/http",
                  "common/language", "common/mqtt", "common/wire", "common/event", "common/base"},
    "collector/db": {"common/sqlite", "common/wire", "common/event", "common/base"},
    "collector/ledger": {"collector/db", "common/reconcile", "common/wire", "common/event", "common/base"},
    "collector/intake": {"collector/ledger", "collector/db", "common/mqtt", "common/wire",
                         "common/event", "common/base"},
    "collector/control": {"collector/intake", "collector/db", "common/wire", "common/event",
                          "common/base"},
    "collector/fleet": {"collector/db", "common/web", "common/wire", "common/event", "common/base"},
    "collector/sinks": {"collector/ledger", "collector/db", "common/http", "common/event",
                        "common/base"},
    "collector/exceptions": {"collector/sinks", "collector/fleet", "collector/ledger", "collector/db",
                             "common/redact", "common/web", "common/event", "common/base"},
    "collector/web": {"collector/exceptions", "collector/sinks", "collector/fleet", "collector/ledger",
                      "collector/db", "common/reconcile"} | COMMON,
}
# The rooms that know all others of their program.
KNOW_ALL = {"agent/daemon": "agent/", "collector/service": "collector/"}
# The plain statistics of a room, the journal's plain rows, and the collector's configuration may be
# read by any room.
VALUES = re.compile(r"agent/\w+/\w+_stats\.h|agent/journal/rows\.h|collector/\w+/\w+_stats\.h|"
                    r"collector/service/config\.h")
MAX_ROOM = 40  # files, headers and sources counted

# third-party header -> rooms that may name it
THIRD_PARTY = {
    r"sqlite3\.h": {"common/sqlite"},
    r"boost/": {"common/http"},
    r"mqtt/": {"common/mqtt"},
    r"zlib\.h": {"common/base"},
    r"expat\.h": {"agent/formats"},
    r"simdjson": {"common/base"},
    r"spdlog/": {"common/base"},
    r"toml\+\+": {"common/base"},
    r"openssl/": {"common/base", "common/http", "common/wire"},
    r"date/": {"common/event"},
    r"argon2\.h": {"agent/access"},
    r"CLI/": {"agent/cli", "agent/daemon", "collector/service"},
    r"libpq": {"collector/db"},
}
HEADER_THIRD_PARTY_ALLOWED = {"fmt/core.h"}  # log.h, for compile-time checked formats

BANNED = {
    r"\b(TODO|FIXME|XXX|HACK)\b": "finish it or write an issue",
    r"\bstd::rand\b|\bsrand\(": "use Random",
    r"\bsystem\(": "run programs in scripts",
    r"\bsprintf\(|\bstrcpy\(|\bstrcat\(": "use fmt or std::string",
    r"\bstd::cout\b|\bstd::cerr\b": "use log, or fmt::print in the command line",
    r"\bGTEST_SKIP\b|\bDISABLED_": "a test runs or does not exist",
}
# Names that say less than the field's own term. They may stand in prose, not in code. Verbs and
# nouns of everyday code (Take, Lower, Place, Page, Store) are left to whoever reads.
BANNED_NAMES = re.compile(r"\b(" + "|".join("""
    Look LookAgain OnLooked AdminDesk FrontDesk OpenFrontDesk StartDesk ReloadDesk LoginDesk
    ReplayDesk AccessDesk Viewer Asked Faces Queries Piece insight Crossings crossings crossings_
    Courier Pump sender_beliefs Cause Disagree StreamWord SaveWord Happening Unfit Kept Heard
    Taken Seen AccessBook TokenBook Books DayPage HttpDoor DoorGuard Gatekeeper page_door
    SetGate told told_ Tell island islands islands_ Aside Rescue Forgotten Trouble Judge Notice
    Surroundings News Breath Want Foresee Know Alone IdHunt Standing Moment Scrub ScrubLine ScrubFile
    """.split()) + r")\b")
BANNED_FILES = re.compile(r"(^|/|_)(desk|insight|look|crossings|courier|pump|beliefs|gatekeeper|guard|"
                          r"door|scrub|trouble|notice|book|aside|island|hunt)(_|\.)|"
                          r"(^|/)(page_|view_)?words\.|(^|/)retention\.")
CODE_ONLY = re.compile(r'"(?:[^"\\]|\\.)*"|//.*')

# Which files open a database for writing (docs/decisions/0005-one-connection-writes.md).
WRITERS = {"agent/journal/store_open.cc", "agent/journal/schema.cc",
           "agent/journal/repair/salvage.cc", "agent/journal/repair/backup.cc",
           "agent/journal/repair/take_over.cc", "collector/db/sqlite_sql.cc"}
READ_ONLY = re.compile(r"read_only\s*=\s*true")

SLEEP = re.compile(r"sleep_for|usleep\(|\bsleep\(")
SLEEP_ALLOWED = {"agent/cli/simulate_command.cc",       # plays registers that pause between repeats
                 "agent/cli/doctor/broker_checks.cc",  # asks another process again
                 "agent/cli/doctor/place_checks.cc"}   # the same

MAX_FILE, MAX_TEST_FILE, MAX_COLUMNS, MAX_FUNCTION, MAX_HEADER = 600, 800, 100, 70, 250

problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def tracked():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         cwd=ROOT, capture_output=True, text=True)
    if out.returncode == 0:
        return [name for name in out.stdout.splitlines()
                if os.path.isfile(os.path.join(ROOT, name))]
    names = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
        names += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files]
    return names


def room_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else None


def check_includes(path, lines):
    room = room_of(path)
    if room is None or room not in ARROWS and room not in KNOW_ALL:
        problem(path, 1, f"{room or path} has no arrows in tests/tidy/tidy.py")
        return
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include ["<]([^">]+)[">]', line)
        if not match:
            continue
        header = match.group(1)
        for pattern, rooms in THIRD_PARTY.items():
            if re.match(pattern, header):
                if room not in rooms:
                    problem(path, number, f"<{header}> belongs to {', '.join(sorted(rooms))}")
                elif path.endswith(".h") and header not in HEADER_THIRD_PARTY_ALLOWED and \
                        not re.search(r"_fixture|_tree|_reader|session|beast", path):
                    problem(path, number, f"<{header}> must stay out of headers")
        other = room_of(header) if header.split("/")[0] in ("agent", "common", "collector") \
            else None
        if other is None or other == room or VALUES.fullmatch(header):
            continue
        allowed = other.startswith((KNOW_ALL[room], "common/")) if room in KNOW_ALL \
            else other in ARROWS[room]
        if not allowed:
            problem(path, number, f"{room} must not include {other}")


def check_rooms(names):
    folders = {}
    for name in names:
        if re.match(r"(agent|collector|common)/.*\.(cc|h)$", name):
            folders.setdefault(os.path.dirname(name), []).append(name)
    for folder, files in sorted(folders.items()):
        if len(files) > MAX_ROOM:
            problem(folder, 1, f"{len(files)} files, at most {MAX_ROOM}")


def check_functions(path, lines):
    start = None
    for number, line in enumerate(lines, 1):
        if start is None:
            opens = re.match(r"( {0,4})\S.*\{$", line)
            is_function = opens and ")" in line + "".join(lines[max(0, number - 6):number]) and \
                not re.match(r"\s*(namespace|class|struct|enum|union|switch|if|for|while|do|else|"
                             r"const struct|static const|constexpr|\}|TEST|return|case)", line)
            if is_function:
                start, indent = number, opens.group(1)
        elif re.match(rf"{indent}\}}", line):
            if number - start - 1 > MAX_FUNCTION:
                problem(path, start, f"function of {number - start - 1} lines, at most "
                                     f"{MAX_FUNCTION}")
            start = None


def check_source(path, lines):
    is_test = path.startswith("tests/")
    limit = MAX_TEST_FILE if is_test else MAX_FILE
    if len(lines) > limit:
        problem(path, len(lines), f"{len(lines)} lines, at most {limit}")
    if path.endswith(".h") and len(lines) > MAX_HEADER:
        problem(path, len(lines), f"header of {len(lines)} lines, at most {MAX_HEADER}")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            problem(path, number, f"{len(line)} columns, at most {MAX_COLUMNS}")
        for pattern, instead in BANNED.items():
            if re.search(pattern, line):
                problem(path, number, f"{line.strip()[:40]}: {instead}")
        if SLEEP.search(line) and path not in SLEEP_ALLOWED:
            problem(path, number, "wait for a condition instead of sleeping")
        if not is_test and (name := BANNED_NAMES.search(CODE_ONLY.sub("", line))):
            problem(path, number, f"{name.group(0)} says too little: use the field's own term")
    text = "\n".join(lines)
    if not is_test and path not in WRITERS and "Database::Open(" in text and \
            not path.startswith("common/") and not READ_ONLY.search(text):
        problem(path, 1, "one connection writes: open read-only, or say in tidy.py why not")
    if path.endswith(".h") and "#pragma once" not in lines:
        problem(path, 1, "#pragma once is missing")
    if not is_test:
        check_includes(path, lines)
        check_functions(path, lines)


def check_registered(names):
    lists = "".join(open(os.path.join(ROOT, n)).read() for n in names
                    if n.endswith("CMakeLists.txt"))
    for name in names:
        base = os.path.basename(name)
        source = re.fullmatch(r"(?:agent|common|collector|tests)/.*\.cc", name)
        script = re.fullmatch(r"tests/.*_test\.(py|sh|mjs)", name)
        if (source or script) and base not in lists and \
                os.path.splitext(base)[0] not in lists:
            problem(name, 1, "no CMakeLists.txt names this file")


def main():
    names = tracked()
    for entry in sorted({n.split("/")[0] for n in names}):
        if entry not in TOP and not entry.startswith("."):
            problem(entry, 1, "the top level shows the product only")
    for name in names:
        if name.startswith("tests/golden/") or name == "tests/tidy/tidy.py":
            continue
        if re.match(r"(agent|collector|common)/.*\.(cc|h)$", name) and \
                BANNED_FILES.search(os.path.basename(name)):
            problem(name, 1, "the file's name says too little: use the field's own term")
        if re.search(r"\.(cc|h|py|js|mjs|sh)$", name):
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                lines = file.read().splitlines()
            if name.endswith((".cc", ".h")):
                check_source(name, lines)
            elif any(len(line) > MAX_COLUMNS for line in lines):
                problem(name, 1, f"a line is longer than {MAX_COLUMNS} columns")
    check_registered(names)
    check_rooms(names)
    for text in problems:
        print(text)
    print(f"tidy: {len(names)} files, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
