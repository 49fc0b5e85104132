"""The browser's side of a story: Debian's Chromium through playwright-core, a line each way."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))
from harness import BIN, Failure  # noqa: E402

MODULES = os.path.abspath(os.path.join(BIN, "..", "e2e"))
SECONDS = 230


def install():
    """What package-lock.json names, once per lock."""
    with open(os.path.join(HERE, "package-lock.json"), "rb") as lock:
        stamp = hashlib.sha256(lock.read()).hexdigest()
    mark = os.path.join(MODULES, "installed")
    if os.path.exists(mark) and open(mark).read() == stamp:
        return
    os.makedirs(MODULES, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), MODULES)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
                   cwd=MODULES, check=True)
    with open(mark, "w") as file:
        file.write(stamp)


def drive(story, script, page="", seconds=SECONDS):
    """Runs the browser's side until it ends."""
    environment = {**os.environ, "TILLRELAY_PAGE": page, "TILLRELAY_E2E_MODULES": MODULES}
    child = subprocess.Popen(["timeout", str(seconds), "node", os.path.join(HERE, script)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env=environment)
    try:
        for line in child.stdout:
            asked = json.loads(line)
            try:
                answer = {"value": story.answer(asked["do"], asked["details"])}
            except Exception as error:  # told to the side that asked, which fails with it
                answer = {"failed": f"{type(error).__name__}: {error}"}
            child.stdin.write(json.dumps(answer) + "\n")
            child.stdin.flush()
        if child.wait(timeout=30) != 0:
            raise Failure("the browser's side failed")
    finally:
        child.kill()
