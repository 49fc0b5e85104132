#!/usr/bin/python3
"""docs/formats.md against the code: every rejection reason, every link, and the published schema
against every canonical document."""

import glob
import json
import os
import re
import sys

import jsonschema

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..")
ROOMS = ("agent/formats", "agent/redact", "agent/capture", "agent/journal", "common/event")
# A reason is the first word of a Rejection, however it is written.
REASON = re.compile(r'(?:Rejection(?: why)?\{|Refuse\(|RefuseLine\(|return \{)'
                    r'\s*"([a-z][a-z_-]*)"')
CHOICE = re.compile(r'(?:Refuse|RefuseLine|Rejection)[({][^;"]*'
                    r'\?\s*"([a-z_-]+)"\s*:\s*"([a-z_-]+)"')
CONFLICT = re.compile(r'return std::string\("([a-z]+(?:_[a-z]+)?)"\)')

problems = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def reasons_of_the_code():
    found = set()
    for room in ROOMS:
        for path in glob.glob(os.path.join(ROOT, room, "**", "*.cc"), recursive=True):
            text = read(os.path.relpath(path, ROOT))
            found.update(REASON.findall(text))
            for pair in CHOICE.findall(text):
                found.update(pair)
            if path.endswith("journal/store.cc"):
                found.update(CONFLICT.findall(text))
    return found


def reasons_of_the_page():
    table = read("docs/formats.md").split("## Rejections\n", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^\| `([a-z_-]+)` \|", table, re.MULTILINE))


def check_reasons():
    code, page = reasons_of_the_code(), reasons_of_the_page()
    for reason in sorted(code - page):
        problems.append(f"docs/formats.md does not explain the reason {reason}")
    for reason in sorted(page - code):
        problems.append(f"docs/formats.md explains {reason}, which no code gives")
    return len(code)


def check_links():
    for target in re.findall(r"\]\(([^)#:]+)\)", read("docs/formats.md")):
        if not os.path.exists(os.path.join(ROOT, "docs", target)):
            problems.append(f"docs/formats.md links to {target}, which is not there")


def documents():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/golden/canonical/*.json"))):
        with open(path, encoding="utf-8") as file:
            event = json.load(file)
        yield os.path.basename(path), {"kind": event["type"].split(".")[2], **event["data"]}


def check_schema():
    schema = json.loads(read("docs/schema/canonical.json"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    count = 0
    for name, document in documents():
        count += 1
        for error in validator.iter_errors(document):
            problems.append(f"{name}: {list(error.absolute_path)}: {error.message[:200]}")
        for wrong in ({**document, "unheard": 1}, {**document, "kind": "unheard"}, {}):
            if validator.is_valid(wrong):
                problems.append(f"{name}: the schema takes a wrong document")
        head = next(part for part in ("transaction", "transfer", "count", "adjustment", "close")
                    if part in document)
        if validator.is_valid({k: v for k, v in document.items() if k != head}):
            problems.append(f"{name}: the schema takes it without its {head}")
    return count


def main():
    reasons, count = check_reasons(), check_schema()
    check_links()
    for problem in problems:
        print(problem)
    if reasons < 10 or count < 7:
        print(f"only {reasons} reasons and {count} documents were found: this test is blind")
        return 1
    print(f"{reasons} reasons, {count} documents, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
