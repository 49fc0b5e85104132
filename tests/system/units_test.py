#!/usr/bin/python3
"""The units' secrets under a real systemd: without their folder the service still starts, since
systemd judges LoadCredential= before the program can. Needs root, debootstrap, systemd-nspawn."""

import glob
import os
import re
import shutil
import sys

from booted import Booted
from harness import check, run

UNITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "systemd")
PROBE = "ExecStart=/bin/sh -c 'cat $CREDENTIALS_DIRECTORY/tillrelay_password || true'"


def with_secrets():
    """(unit, its lines about credentials, the folder that they name)"""
    for path in sorted(glob.glob(os.path.join(UNITS, "*.service"))):
        with open(path) as file:
            lines = re.findall(r"^(?:Load|Set)Credential=.*$", file.read(), re.M)
        if lines:
            folder = re.search(r"LoadCredential=\w+:(\S+)", "\n".join(lines)).group(1)
            yield os.path.basename(path).removesuffix(".service"), lines, folder


def a_missing_folder_of_secrets_keeps_no_service_from_starting():
    units = list(with_secrets())
    check(len(units) >= 2, f"{units}")
    with Booted([]) as box:
        box.boot()

        def started(name, lines):
            box.write(f"/etc/systemd/system/{name}.service", "\n".join(
                ["[Service]", "Type=oneshot", "DynamicUser=yes", *lines, PROBE]) + "\n")
            box.run("systemctl", "daemon-reload")
            code, _ = box.try_run("systemctl", "start", name)
            status = box.show(name, "ExecMainStatus")
            box.try_run("systemctl", "reset-failed", name)
            return code == 0, status, box.run("journalctl", "-o", "cat", "-u", name)

        for unit, lines, folder in units:
            bare = [line for line in lines if line.startswith("Load")]
            good, status, _ = started(f"bare-{unit}", bare)
            check(not good and status == "243", f"{unit}: the default is not what helps: {status}")
            good, status, _ = started(f"missing-{unit}", lines)
            check(good, f"{unit} does not start without {folder}: {status}")
            box.write(f"{folder}/password", "the-secret\n", 0o600)
            good, status, log = started(f"there-{unit}", lines)
            check(good and "the-secret" in log, f"{unit}: {status} {log}")
    return ", ".join(unit for unit, _, _ in units)


if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn") or not shutil.which("debootstrap"):
        print("root, systemd-nspawn and debootstrap are needed")
        sys.exit(77)
    run(a_missing_folder_of_secrets_keeps_no_service_from_starting)
