#!/usr/bin/python3
"""docs/operations.md explains every cause that the diagnosis can give, and invents none."""

import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def text(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def main():
    code = text("agent/monitor/diagnosis.cc")
    given = set(re.findall(r'Set\("[a-z]+", Level::\w+, "([a-z-]+)"\)', code))
    given |= set(re.findall(r'Level::kRed, "([a-z-]+)"\);', code))
    given |= set(re.findall(r'v_\.cause = "([a-z-]+)"', code))
    given |= set(re.findall(r'\{LinkCause::k\w+,\s+"([a-z-]+)"', code))
    doubt = re.search(r"^std::string_view CentreDoubt\(.*?^}", code, re.M | re.S)
    given |= set(re.findall(r'"([a-z-]+)"', doubt.group(0)) if doubt else [])
    told = set(re.findall(r"^\| `([a-z-]+)` \|", text("docs/operations.md"), re.M))
    for cause in sorted(given - told):
        print(f"docs/operations.md does not explain {cause}")
    for cause in sorted(told - given):
        print(f"docs/operations.md explains {cause}, which nothing says")
    print(f"{len(given)} causes")
    sys.exit(1 if given != told or len(given) < 15 else 0)


if __name__ == "__main__":
    main()
