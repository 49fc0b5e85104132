#!/usr/bin/python3
"""docs/problems.md lists exactly the problem types, with their status, that the code can answer."""

import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ROOMS = ("agent", "common")
CALL = re.compile(r"\b(?:Problem|Fail|TryLater|Unauthorized)\(")
WORD = re.compile(r'"([a-z]+(?:-[a-z]+)*)"')
# Functions that make problems of one status from a word of their caller.
HELPERS = {"TryLater(": 503, "Unauthorized(": 401}


def in_code():
    """{word: {status}} of every call, up to its end, that names a word."""
    found = {}
    for room in ROOMS:
        for folder, _, names in os.walk(os.path.join(ROOT, room)):
            for name in names:
                if not name.endswith(".cc"):
                    continue
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    text = re.sub(r"//.*", "", file.read())
                for call in CALL.finditer(text):
                    status = HELPERS.get(call.group())
                    rest = text[call.end():text.index(";", call.end())]
                    number = re.match(r"\s*(\d{3})\b", rest)
                    status = int(number.group(1)) if number else status
                    word = WORD.search(rest)
                    if status is None or word is None or "{" in rest[:word.start()]:
                        continue
                    words = [word.group(1)]
                    if "?" in rest[:word.start()]:  # one of two
                        words = WORD.findall(rest)[:2]
                    for each in words:
                        found.setdefault(each, set()).add(status)
    return found


def in_table(found):
    """Adds what common/base/status.cc says of every code but ok."""
    with open(os.path.join(ROOT, "common", "base", "status.cc"), encoding="utf-8") as file:
        for word, status in re.findall(r'\{"([a-z-]+)", (\d{3}), \d+\}', file.read()):
            if word != "ok":
                found.setdefault(word, set()).add(int(status))
    return found


def in_docs():
    found = {}
    with open(os.path.join(ROOT, "docs", "problems.md"), encoding="utf-8") as file:
        for line in file:
            row = re.match(r"\| `([a-z-]+)` \| (\d{3}) \|", line)
            if row:
                found.setdefault(row.group(1), set()).add(int(row.group(2)))
    return found


def main():
    code, docs = in_table(in_code()), in_docs()
    wrong = [f"{word}: code answers {sorted(code.get(word, []))}, docs say "
             f"{sorted(docs.get(word, []))}"
             for word in sorted(set(code) | set(docs)) if code.get(word) != docs.get(word)]
    for line in wrong:
        print(line)
    print(f"problems: {len(code)} types in the code, {len(docs)} in docs, {len(wrong)} disagree")
    sys.exit(1 if wrong or len(code) < 30 else 0)


if __name__ == "__main__":
    main()
