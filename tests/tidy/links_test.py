#!/usr/bin/python3
"""Every link of a page leads to something, in the source tree and in the package of the manual."""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages(root):
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("build", ".git", "node_modules", "golden")]
        for name in files:
            if name.endswith(".md"):
                yield os.path.join(folder, name)


def anchors(path):
    with open(path, encoding="utf-8") as file:
        heads = re.findall(r"^#+ (.*)$", file.read(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(root):
    count = 0
    for page in pages(root):
        with open(page, encoding="utf-8") as file:
            text = re.sub(r"```.*?```", "", file.read(), flags=re.S)
        for link in LINK.findall(text):
            if re.match(r"[a-z]+:", link):
                continue
            count += 1
            path, _, anchor = link.partition("#")
            target = os.path.join(os.path.dirname(page), path) if path else page
            if not os.path.exists(target):
                yield f"{os.path.relpath(page, root)}: {link} is not there"
            elif anchor and target.endswith(".md") and anchor not in anchors(target):
                yield f"{os.path.relpath(page, root)}: {link} has no such heading"
    if count < 30:
        yield f"only {count} links were found in {root}"


def shipped(folder):
    """As debhelper lays the package of the manual out."""
    with open(os.path.join(ROOT, "packaging/debian/tillrelay-doc.install")) as file:
        for line in file:
            source, place = line.split()
            target = os.path.join(folder, place)
            os.makedirs(target, exist_ok=True)
            subprocess.run(["cp", "-r", os.path.join(ROOT, source), target], check=True)
    return os.path.join(folder, "usr/share/doc/tillrelay-doc")


def main():
    problems = list(broken(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        problems += [f"as shipped: {problem}" for problem in broken(shipped(folder))]
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
