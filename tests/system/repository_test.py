#!/usr/bin/python3
"""The rings of the package repository: a version that was rolled back is never shipped again, and
what a rollback needs is not pushed out by the monthly renewal."""

import os
import shutil
import subprocess
import tempfile

from harness import check, run

PUBLISH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging",
                       "repository", "publish")


class Repository:
    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "repository")
        self.home = os.path.join(folder, "gnupg")
        os.mkdir(self.home, 0o700)
        self.env = {**os.environ, "GNUPGHOME": self.home}
        subprocess.run(["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key",
                        "rings@example.org", "rsa2048", "sign", "never"], check=True, env=self.env,
                       capture_output=True)
        self.publish("init", "rings@example.org")

    def publish(self, action, *arguments, refused=False):
        done = subprocess.run([PUBLISH, action, self.path, *arguments], env=self.env,
                              capture_output=True, text=True, timeout=120)
        check((done.returncode != 0) == refused,
              f"{action}: {done.returncode} {done.stdout}{done.stderr}")
        return done.stdout

    def package(self, version, maintainer="test@example.org"):
        root = os.path.join(self.folder, version)
        os.makedirs(root + "/DEBIAN")
        with open(root + "/DEBIAN/control", "w") as file:
            file.write(f"Package: tillrelay\nVersion: {version}\nArchitecture: amd64\n"
                       f"Maintainer: Test <{maintainer}>\nSection: net\nPriority: optional\n"
                       "Description: a package of a test\n")
        deb = os.path.join(self.folder, f"tillrelay_{version}_amd64.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, deb], check=True,
                       capture_output=True)
        return deb

    def rings(self):
        """Suite -> version, as a reader of the published tree sees it."""
        rings = {}
        for suite in ("canary", "stable", "previous"):
            index = f"{self.path}/public/dists/{suite}/main/binary-amd64/Packages"
            with open(index) as file:
                lines = file.read().splitlines()
            rings[suite] = [line[9:] for line in lines if line.startswith("Version: ")]
        return rings


def a_version_that_was_rolled_back_is_not_shipped_again():
    folder = tempfile.mkdtemp(prefix="tillrelay-rings-")
    try:
        ring = Repository(folder)
        good, bad, mended = (ring.package(v) for v in ("1.0", "1.1", "1.2"))
        ring.publish("canary", ring.package("0.9", "somebody@tillrelay.invalid"), refused=True)
        for deb in (good, bad):
            ring.publish("canary", deb)
            ring.publish("promote")
        check(ring.rings() == {"canary": ["1.1"], "stable": ["1.1"], "previous": ["1.0"]},
              f"{ring.rings()}")
        # The monthly renewal keeps what a rollback needs.
        for action in ("promote", "refresh"):
            ring.publish(action)
            check(ring.rings()["previous"] == ["1.0"], f"{action}: {ring.rings()}")
        ring.publish("rollback")
        back = {"canary": ["1.0"], "stable": ["1.0"], "previous": ["1.0"]}
        check(ring.rings() == back, f"{ring.rings()}")
        for action in ("promote", "refresh"):
            ring.publish(action)
            check(ring.rings() == back, f"{action} ships it again: {ring.rings()}")
        ring.publish("rollback", refused=True)
        ring.publish("canary", bad, refused=True)
        ring.publish("canary", mended)
        ring.publish("promote")
        check(ring.rings() == {"canary": ["1.2"], "stable": ["1.2"], "previous": ["1.0"]},
              f"{ring.rings()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return "rolled back, renewed, corrected"


if __name__ == "__main__":
    run(a_version_that_was_rolled_back_is_not_shipped_again)
