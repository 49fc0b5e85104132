#!/usr/bin/python3
"""A day of trade on a volume of 100 MB: small_volume_day, in a mount name space of its own.

Where this user may not mount, the story says so and counts as skipped (77).
"""

import os
import subprocess
import sys
import tempfile

BIN = os.environ.get("TILLRELAY_BIN", "build/release/bin")
MOUNT = 'mount -t tmpfs -o size=100m tmpfs "$1" && TILLRELAY_SMALL_VOLUME="$1" exec "$2"'


def main():
    with tempfile.TemporaryDirectory(prefix="tillrelay-day-") as folder:
        inside = ["unshare", "--map-root-user", "--mount"]
        probe = subprocess.run(inside + ["mount", "-t", "tmpfs", "tmpfs", folder], check=False,
                               capture_output=True, text=True)
        if probe.returncode != 0:
            print("skipped: no mount name space:", probe.stderr.strip())
            return 77
        program = os.path.join(BIN, "small_volume_day")
        done = subprocess.run(inside + ["sh", "-c", MOUNT, "sh", folder, program], check=False,
                              capture_output=True, text=True)
    print("\n".join(line for line in done.stdout.splitlines() if not line.startswith("[-")))
    if done.returncode != 0:
        print(done.stderr[-2000:])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
