#!/usr/bin/python3
"""Somebody who has only the manual: every command is taken from docs/operations.md and README.md,
in containers that boot. A command that is not there cannot be run. What has to be known besides
are the names that the manual calls examples, and the answers that people type.

One centre, a store that is asked, a store with an answer file, rings and a roll-back, a server that
is replaced with a backup and one without. Needs the packages in TILLRELAY_DIST (dist/).
"""

import glob
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import textwrap
import time

from booted import Booted, command, repack
from harness import check, run, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.join(HERE, "..", "..")
DIST = os.environ.get("TILLRELAY_DIST", os.path.join(TREE, "dist"))
OLD = "0.0.9"
BESIDE = ("mosquitto", "curl", "procps")  # which a Debian's own mirror would give
APT = (r"\[Y/n\]", "y\n")
PASSWORDS = {"collector": "central station", "0042": "forty-two", "0043": "forty-three"}


class Manual:
    """A page by its headings: blocks of commands, and commands within a sentence."""

    def __init__(self, name):
        self.name, self.sections = name, {}
        heading, fenced = "", False
        with open(os.path.join(TREE, name), encoding="utf-8") as file:
            for line in file:
                fenced = fenced != line.strip().startswith("```")
                if line.startswith("#") and not fenced:
                    heading = line.strip("# \n")
                    continue
                self.sections[heading] = self.sections.get(heading, "") + line

    def section(self, heading):
        check(heading in self.sections, f"{self.name} has no \"{heading}\"")
        return self.sections[heading]

    def block(self, heading, having, language="sh"):
        blocks = re.findall(rf"^ *```{language}\n(.*?)^ *```", self.section(heading), re.M | re.S)
        found = [block for block in blocks if having in block]
        check(len(found) == 1, f"{heading}: {len(found)} blocks have {having!r}")
        return textwrap.dedent(found[0])

    def said(self, heading, beginning):
        """The command that stands in the sentences of a section."""
        for span in re.findall(r"`([^`\n]+)`", self.section(heading)):
            if span.startswith(beginning):
                return span
        check(False, f"{heading} names no command that begins with {beginning!r}")
        return ""


class Server(Booted):
    """A server with a person in front of it."""

    def __init__(self, debs, number, known):
        super().__init__(debs, number, BESIDE)
        self.known = known

    def address(self):
        return f"10.203.{self.number}.2"

    def types(self, script, answers=(), code=0):
        """Runs commands on a terminal; each answer is (what is asked, what is typed)."""
        for example, ours in self.known.items():
            script = script.replace(example, ours)
        main, sub = pty.openpty()
        child = subprocess.Popen(self._inside(["setsid", "-c", "sh", "-e", "-c", script]),
                                 stdin=sub, stdout=sub, stderr=sub, close_fds=True)
        os.close(sub)
        text, asked, left = "", 0, list(answers)
        end = time.monotonic() + 240
        while time.monotonic() < end:
            ready = select.select([main], [], [], 1)[0]
            if ready:
                try:
                    text += os.read(main, 65536).decode(errors="replace")
                except OSError:  # nobody has the terminal open any more
                    break
            if left and re.search(left[0][0], text[asked:]):
                asked = len(text)
                os.write(main, left.pop(0)[1].encode())
            if not ready and child.poll() is not None:
                break
        os.close(main)
        check(child.wait(timeout=10) == code, f"{script}\n{child.returncode}:\n{text[-3000:]}")
        left = [one for one in left if one != APT]  # some machines let apt assume it
        check(not left, f"{script}\nnever asked for {[ask for ask, _ in left]}:\n{text[-2000:]}")
        return text

    def put(self, path, source):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        shutil.copy(source, self.root + path)


class Retailer:
    def __init__(self, debs, work):
        self.debs, self.work = debs, work
        self.manual, self.readme = Manual("docs/operations.md"), Manual("README.md")
        self.repository = os.path.join(work, "repository")
        self.old = [repack(deb, OLD, work) for deb in debs]
        self.servers, self.sold, self.number = [], 0, 4711
        self.known = {"https://packages.example/tillrelay": "file:/srv/repository",
                      "tillrelay=0.1.0": f"tillrelay={OLD}",
                      "2026-11-25": time.strftime("%F", time.gmtime())}
        self.centre = self.first = self.second = None

    # --- the company's own: names, certificates, a repository ---
    def here(self, script, **known):
        """On the server of the packages, which is this machine."""
        for example, ours in {"REPOSITORY": self.repository, **known}.items():
            script = script.replace(example, ours)
        home = os.path.join(self.work, "gnupg")
        os.makedirs(home, mode=0o700, exist_ok=True)
        command("sh", "-e", "-c", script, cwd=TREE, env={**os.environ, "GNUPGHOME": home})
        for server in self.servers:
            self.shows(server)

    def shows(self, server):
        """What its web server would show."""
        shutil.rmtree(server.root + "/srv/repository", ignore_errors=True)
        shutil.copytree(os.path.realpath(self.repository + "/public"),
                        server.root + "/srv/repository")

    def authority(self):
        make = ("openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=authority "
                "-keyout ca.key -out ca.crt; "
                "openssl req -newkey rsa:2048 -nodes -subj /CN=broker.example -keyout server.key "
                "-out server.csr; printf subjectAltName=DNS:broker.example >names; "
                "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial "
                "-days 30 -extfile names -out server.crt")
        command("sh", "-e", "-c", make, cwd=self.work)

    def server(self, known=None):
        server = Server(self.debs, len(self.servers), {**self.known, **(known or {})})
        self.servers.append(server)
        server.boot()
        self.shows(server)
        hosts = os.path.join(server.root, "etc/hosts")
        with open(hosts, "a") as file:
            file.write("10.203.0.2 broker.example\n")
        for other in self.servers[:-1]:
            if other.nspawn is None:  # switched off for good
                continue
            server.reach(other)
            other.reach(server)
        return server

    def installs(self, server, package="tillrelay"):
        """With the repository's key, as "Install" says."""
        server.put("/root/tillrelay-archive-keyring.gpg",
                   server.root + "/srv/repository/tillrelay-archive-keyring.gpg")
        block = self.manual.block("Install", "tillrelay.sources")
        if package != "tillrelay":
            block = block.replace("apt-get install tillrelay\n", "true\n")
        answers = [APT] if package == "tillrelay" else []
        server.types("cd /root\n" + block, answers)

    # --- a register ---
    def sells(self, server, store):
        """The README's own curl."""
        block = self.readme.block("Use it", "curl -H")
        block = block[block.index("curl"):]
        self.number += 1
        block = block.replace('"0042"', f'"{store}"').replace("004711", f"{self.number:06}")
        said = server.types(block)
        check('"stored":1' in said, said)
        self.sold += 1

    def counted(self):
        path = "http://127.0.0.1:8472/v1/stock"
        text = self.centre.run("curl", "-s", path)
        return sum(int(on_hand) for on_hand in re.findall(r'"on_hand":"(-?\d+)"', text))

    def arrived(self):
        wait_for(lambda: self.counted() == -2 * self.sold, f"{self.sold} sales of two pieces", 60)

    def is_good(self, server):
        step = self.manual.block("Install", "tillrelay doctor")
        for line in step.splitlines()[1:]:
            wait_for(lambda line=line: server.try_run("sh", "-c", line)[0] == 0, line, 60)

    # --- the stories, each a claim ---
    def a_repository_is_made(self):
        self.authority()
        block = self.manual.block("Repository", "publish init")
        names = {f"{name}_*.deb": next(deb for deb in self.old
                                       if os.path.basename(deb).startswith(name + "_"))
                 for name in ("tillrelay-collector", "tillrelay-doc", "tillrelay")}
        self.here(block, **names)
        return "a key, three packages, two rings"

    def the_centre_step_by_step(self):
        heading = "The centre, step by step"
        box = self.centre = self.server()
        self.installs(box, "the collector's")
        box.types(self.manual.said(heading, "apt-get install tillrelay-collector"),
                  [APT])
        twice = [(f"{word}.*: ", PASSWORDS[name] + "\n") for name in ("collector", "0042")
                 for word in ("Password", "Reenter password")]
        made = self.manual.block(heading, "mosquitto_passwd")
        box.types("mkdir -p /etc/mosquitto/certs\n" + made, twice)
        for name in ("ca.crt", "server.crt", "server.key"):
            box.put(f"/etc/mosquitto/certs/{name}", os.path.join(self.work, name))
        box.types("chown -R mosquitto: /etc/mosquitto/certs\n"
                  + self.manual.said(heading, "systemctl restart mosquitto"))
        box.types(self.manual.block(heading, "collector-credentials"),
                  [("", PASSWORDS["collector"] + "\n\x04")])
        box.write("/etc/tillrelay/collector.toml", self.manual.block(heading, "[metrics]", "toml"))
        box.types(self.manual.said(heading, "systemctl enable --now"))
        log = self.manual.said(heading, "journalctl -u tillrelay-collector")
        wait_for(lambda: "connected" in box.run("sh", "-c", log), "that it says so")
        page = box.run("curl", "-s", re.search(r"<(http://127.0.0.1:8472/)>",
                                               self.manual.section(heading)).group(1))
        check("0042" in page and "0043" in page, page)
        return "mosquitto with TLS, the collector, its page with two stores that never spoke"

    def a_store_is_asked(self):
        box = self.first = self.server()
        self.asks(box)
        self.sells(box, "0042")
        self.arrived()
        self.is_good(box)
        return "installed, asked six questions, its first sale at head office"

    def asks(self, box, told="No fault was found", code=0):
        self.installs(box)
        box.put("/root/ca.pem", os.path.join(self.work, "ca.crt"))
        answers = [("Store id.*: ", "0042\n"), ("Time zone.*: ", "Europe/Berlin\n"),
                   ("Broker.*: ", "mqtts://broker.example:8883\n"), ("User name.*: ", "0042\n"),
                   ("Password.*: ", PASSWORDS["0042"] + "\n"),
                   ("authority.*: ", "/root/ca.pem\n")]
        setup = self.manual.block("Install", "tillrelay setup").splitlines()[0]
        said = box.types(setup, answers, code)
        check(told in said, said)

    def a_second_store_answers_by_file(self):
        added = self.manual.block("The centre, step by step", "mosquitto_passwd").splitlines()
        add = next(line for line in added if line.startswith("mosquitto_passwd /")).replace(
            "0042", "0043")
        self.centre.types(add, [(f"{word}.*: ", PASSWORDS["0043"] + "\n")
                                for word in ("Password", "Reenter password")])
        self.centre.types(self.manual.said("Enrol", "systemctl reload mosquitto"))
        box = self.second = self.server()
        self.installs(box)
        box.put("/root/tillrelay-ca.pem", os.path.join(self.work, "ca.crt"))
        box.write("/root/tillrelay-password", PASSWORDS["0043"] + "\n", 0o600)
        with open(box.root + "/usr/share/doc/tillrelay/examples/answers.toml") as file:
            box.write("/root/answers.toml", file.read().replace('"0042"', '"0043"'))
        said = box.types(self.manual.block("Enrol", "--answers"))
        check("No fault was found" in said, said)
        self.sells(box, "0043")
        self.arrived()
        return "one answer file"

    def the_rings_and_the_way_back(self):
        heading = "In rings"
        new = next(deb for deb in self.debs if os.path.basename(deb).startswith("tillrelay_"))
        self.here("packaging/repository/" + self.manual.said(heading, "publish canary"),
                  **{"tillrelay_*.deb": new})
        sources = "/etc/apt/sources.list.d/tillrelay.sources"
        with open(self.first.root + sources) as file:
            self.first.write(sources, file.read().replace("Suites: stable", "Suites: canary"))
        upgrade = "apt-get update\n" + self.manual.said("Upgrade", "apt-get install tillrelay")
        self.first.types(upgrade)
        self.second.types(upgrade)
        check((self.version(self.first), self.version(self.second)) == (self.new_version(), OLD),
              "the rings")
        self.sells(self.first, "0042")
        self.here("packaging/repository/" + self.manual.said(heading, "publish promote"))
        self.second.types(upgrade)
        check(self.version(self.second) == self.new_version(), "promoted")
        self.sells(self.second, "0043")
        back = self.manual.block("Roll back", "publish rollback").splitlines()
        self.here(back[0])
        for box in (self.first, self.second):
            box.types(back[2], [APT])
            check(self.version(box) == OLD, "rolled back")
        self.sells(self.first, "0042")
        self.sells(self.second, "0043")
        self.arrived()
        self.is_good(self.first)
        self.is_good(self.second)
        return f"{OLD} -> {self.new_version()} in rings, and back, selling all the while"

    def new_version(self):
        return command("dpkg-deb", "-f", self.debs[0], "Version").strip()

    @staticmethod
    def version(server):
        return server.run("dpkg-query", "-W", "-f", "${Version}", "tillrelay")

    def a_server_is_replaced_by_its_backup(self):
        old = self.second
        old.types("mkdir -p /backup\n" + self.manual.block("Back up", "tillrelay backup"))
        self.sells(old, "0043")  # behind the backup
        self.arrived()
        old.poweroff()
        box = self.second = self.server()
        self.installs(box)
        for path in ("/etc/tillrelay", "/backup"):
            shutil.rmtree(box.root + path, ignore_errors=True)
            command("cp", "-a", old.root + path, box.root + path)
        box.types(self.manual.block("Restore", "restore-backup"), [(r"\[y/N\]|yes", "yes\n")])
        self.sells(box, "0043")
        self.arrived()
        return "its stream goes on in a new one, nothing counted twice"

    def a_server_is_replaced_without_anything(self):
        self.first.poweroff()
        box = self.first = self.server()
        self.asks(box, "A journal of this store is missing here", 1)
        self.sells(box, "0042")
        self.arrived()
        box.types(self.manual.said("Replace a server", "tillrelay resume"))
        self.is_good(box)
        return "the same id, a new stream, acknowledged by a person"


def main():
    debs = [path for name in ("tillrelay", "tillrelay-collector", "tillrelay-doc")
            for path in glob.glob(os.path.join(DIST, f"{name}_*.deb"))]
    if len(debs) != 3:
        sys.exit(f"no packages in {DIST}: packaging/build-deb makes them")
    work = command("mktemp", "-d", "/var/tmp/tillrelay-newcomer-XXXXXX").strip()
    r = Retailer(debs, work)
    try:
        run(r.a_repository_is_made, r.the_centre_step_by_step, r.a_store_is_asked,
            r.a_second_store_answers_by_file, r.the_rings_and_the_way_back,
            r.a_server_is_replaced_by_its_backup, r.a_server_is_replaced_without_anything)
    finally:
        kind = sys.exc_info()[0]
        for server in r.servers:
            server.__exit__(kind, sys.exc_info()[1], None)
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
