#!/usr/bin/python3
"""docs/senders/outbox.py, cut before each of its operations on the disk, what was not synced lost,
and answered in every way a server can: nothing that was kept is lost, nothing counts twice."""

import importlib.util
import itertools
import json
import os
import shutil
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
problems = []


def check(condition, what):
    if not condition:
        problems.append(what)


def load(disk):
    """A fresh copy of the module whose operations go through `disk`."""
    spec = importlib.util.spec_from_file_location(
        "outbox", os.path.join(ROOT, "docs", "senders", "outbox.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.os = disk
    return module


class Cut(BaseException):
    """The power is gone."""


class Disk:
    """The os module, with a power switch. Knows what a sync has made durable."""

    def __init__(self, root, cut_at=None):
        self.root = root
        self.cut_at = cut_at
        self.operations = 0
        self.paths = {}       # handle -> path
        self.synced = {}      # inode -> bytes
        self.entries = {}     # folder -> {name: inode}
        self.path = os.path
        for name in ("O_CREAT", "O_WRONLY", "O_TRUNC", "O_RDONLY", "O_RDWR", "environ"):
            setattr(self, name, getattr(os, name))
        self.getpid, self.close, self.listdir = os.getpid, os.close, os.listdir
        for folder, _, files in os.walk(root):
            self.remember(folder)
            for name in files:
                self.sync_file(os.path.join(folder, name))

    def step(self):
        if self.operations == self.cut_at:
            raise Cut()
        self.operations += 1

    def sync_file(self, path):
        with open(path, "rb") as file:
            self.synced[os.stat(path).st_ino] = file.read()

    def remember(self, folder):
        self.entries[folder] = {name: os.lstat(os.path.join(folder, name)).st_ino
                                for name in os.listdir(folder)}

    def makedirs(self, path, exist_ok):
        self.step()
        os.makedirs(path, exist_ok=exist_ok)

    def open(self, path, flags, mode=0o600):
        self.step()
        handle = os.open(path, flags, mode)
        self.paths[handle] = path
        return handle

    def write(self, handle, data):
        self.step()
        return os.write(handle, bytes(data[:max(1, len(data) // 2)]))  # in pieces

    def fsync(self, handle):
        self.step()
        path = self.paths[handle]
        if os.path.isdir(path):
            self.remember(path)
        else:
            self.sync_file(path)

    def rename(self, old, new):
        self.step()
        os.rename(old, new)

    def unlink(self, path):
        self.step()
        os.unlink(path)

    def after_the_cut(self, names_survive):
        """What is on the disk: synced names alone, or all of them; of files only synced bytes."""
        kept = tempfile.mkdtemp(dir=os.path.dirname(self.root))
        for folder in [self.root, os.path.join(self.root, "aside")]:
            if not os.path.isdir(folder):
                continue
            names = dict(self.entries.get(folder, {}))
            if names_survive:
                names = {name: os.lstat(os.path.join(folder, name)).st_ino
                         for name in os.listdir(folder)}
            target = os.path.join(kept, os.path.relpath(folder, self.root))
            os.makedirs(target, exist_ok=True)
            for name, inode in names.items():
                if os.path.isdir(os.path.join(folder, name)):
                    continue
                with open(os.path.join(target, name), "wb") as file:
                    file.write(self.synced.get(inode, b""))
        return kept


class Server:
    """Stores by content, as the agent does; answers as it is told, then well."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.stored = []

    def __call__(self, body, content_type):
        answer = self.answers.pop(0) if self.answers else "stored"
        if answer == "lost before":
            return 0, None, b"no answer"
        outcome = "duplicate" if body in self.stored else "stored"
        if answer in ("stored", "lost behind"):
            if body not in self.stored:
                self.stored.append(body)
            if answer == "lost behind":
                return 0, None, b"no answer"
            return 200, None, json.dumps({"results": [{"outcome": outcome}]}).encode()
        if answer == "quarantined":
            return 200, None, b'{"results":[{"outcome":"quarantined","ticket":1}]}'
        if answer == "refused":
            return 200, "60", b'{"results":[{"outcome":"refused"}]}'
        if answer == "proxy":
            return 200, None, b"<html>log in</html>"
        if answer == "empty":
            return 200, None, b'{"results":[]}'
        return int(answer), None, b"{}"


def documents():
    return [json.dumps({"kind": "sale", "number": number}).encode() for number in range(3)]


def play(disk, server, promised):
    """A till puts three documents in, and the sender sends them; what put() said is `promised`."""
    module = load(disk)
    outbox = module.Outbox(disk.root)
    for body in documents():
        outbox.put(body)
        promised.append(body)
        disk.step()  # the customer goes, the power too
    while outbox.deliver(server) is not None:
        pass


def every_cut_and_another_in_the_repair():
    cuts = 0
    for names_survive in (False, True):
        for cut_at in itertools.count():
            base = tempfile.mkdtemp()
            try:
                root = os.path.join(base, "outbox")
                server, promised = Server(), []
                disk = Disk(root, cut_at)
                try:
                    play(disk, server, promised)
                    check(server.stored == documents(), f"uncut: {server.stored}")
                    break
                except Cut:
                    cuts += 1
                for again in (3, 9, None):  # and again, while it sends what is left
                    root = disk.after_the_cut(names_survive)
                    disk = Disk(root, again)
                    try:
                        outbox = load(disk).Outbox(root)
                        while outbox.deliver(server) is not None:
                            pass
                        break
                    except Cut:
                        cuts += 1
                missing = [body for body in promised if body not in server.stored]
                check(not missing, f"cut at {cut_at}, names {names_survive}: lost {missing}")
                foreign = [body for body in server.stored if body not in documents()]
                check(not foreign, f"cut at {cut_at}, names {names_survive}: sent {foreign}")
                check(len(server.stored) == len(set(server.stored)), "stored twice")
            finally:
                shutil.rmtree(base)
    return cuts


def every_answer():
    waits = {"lost before", "lost behind", "refused", "proxy", "empty", "401", "403", "404", "408",
             "429", "500", "503"}
    for answer in sorted(waits | {"stored", "quarantined", "400", "413", "415"}):
        with tempfile.TemporaryDirectory() as base:
            outbox = load(Disk(base)).Outbox(base)
            server = Server([answer])
            outbox.put(documents()[0])
            outbox.put(documents()[1])
            wait = outbox.deliver(server)
            kept = len(outbox.waiting())
            if answer in waits:
                check(wait > 0 and kept == 2, f"{answer}: waits {wait}, keeps {kept}")
            else:
                check(wait == 0 and kept == 1, f"{answer}: waits {wait}, keeps {kept}")
            aside = sorted(os.listdir(os.path.join(base, "aside")))
            check(bool(aside) == (answer in ("quarantined", "400", "413", "415")),
                  f"{answer}: {aside}")
            while outbox.deliver(server) is not None:
                pass
            check(documents()[1] in server.stored, f"{answer}: the next one is kept back")


def waits_grow_and_end():
    with tempfile.TemporaryDirectory() as base:
        outbox = load(Disk(base)).Outbox(base)
        outbox.put(documents()[0])
        server = Server(["500"] * 8 + ["stored"])
        waits = [outbox.deliver(server) for _ in range(9)]
        check(waits == [1, 2, 4, 8, 16, 32, 60, 60, 0], f"waits {waits}")


def main():
    cuts = every_cut_and_another_in_the_repair()
    check(cuts > 60, f"only {cuts} cuts")
    every_answer()
    waits_grow_and_end()
    print("\n".join(problems) or f"outbox: {cuts} cuts, nothing lost")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
