#!/usr/bin/python3
"""The packages in a Debian that boots: installed, configured, hurt, upgraded, taken away.

The stories build on each other, in this order, in one container. `packaging/package-test` builds
the packages and runs this; TILLRELAY_UPGRADE_EVENTS says how many events wait at the upgrade. With
names of stories only these are told.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import sqlite3
import sys
import time

from booted import OUTSIDE, Booted, command, repack
from harness import Process, check, free_port, run, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
DIST = os.environ.get("TILLRELAY_DIST", os.path.join(HERE, "..", "..", "dist"))
PUBLISH = os.path.join(HERE, "..", "..", "packaging", "repository", "publish")
WAITING = int(os.environ.get("TILLRELAY_UPGRADE_EVENTS", "20000"))
OLD = "0.0.9"
SECRET = "correct horse battery staple"
UNIT = "tillrelay.service"
INSTALL = ["apt-get", "install", "-y", "-qq", "--no-install-recommends",
           "-o", "Dpkg::Options::=--force-confold"]
# A machine's own settings may have switched both off.
CHECK_DATES = ["apt-get", "update", "-o", "Acquire::Check-Valid-Until=true", "-o",
               "Acquire::Check-Date=true"]
ALLOWED = {"write its state", "write its spool", "read its secret", "connect"}

BROKER = """listener {port} {address}
allow_anonymous false
password_file {passwords}
user root
"""
# Asks for the intake's health every 10 ms, with a connection each; says how many were refused and
# how long the longest wait for an answer was.
KNOCK = """
import os, socket, time
refused, longest, last = 0, 0, time.monotonic()
while not os.path.exists('/run/knock-end'):
    try:
        with socket.create_connection(('127.0.0.1', 8470), 60) as s:
            s.sendall(b'GET /openapi.json HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')
            if s.recv(1):
                longest, last = max(longest, time.monotonic() - last), time.monotonic()
    except ConnectionRefusedError:
        refused += 1
    except OSError:
        pass
    time.sleep(0.01)
print(refused, round(longest, 1))
"""
COLLECTOR = """[broker]
url = "{url}"
username = "collector"
password_file = "credential:password"
"""


# What version 2 of the journal's schema left behind; the daemon brings it forward at its start.
AS_VERSION_2 = """DROP TABLE opening; DROP TABLE owed; DROP TABLE loss;
DROP TABLE take_over; DROP TABLE take_over_run; DROP TABLE gone;
ALTER TABLE stream DROP COLUMN number; ALTER TABLE stream DROP COLUMN first;
ALTER TABLE stream DROP COLUMN seal; ALTER TABLE chain_mark DROP COLUMN seal;
PRAGMA user_version=2; PRAGMA wal_checkpoint(TRUNCATE);"""
KILLS = 10
# On every server with systemd; argon2 through its cryptsetup.
PRESENT = {"libargon2-1", "libc6", "libgcc-s1", "libssl3", "libstdc++6", "libzstd1", "systemd",
           "tzdata", "zlib1g"}


def unsigned(text):
    """The Release inside a clear-signed one."""
    return text.split("\n\n", 1)[1].split("-----BEGIN PGP SIGNATURE")[0]


class Packages:
    """All stories; each is named as a claim."""

    def __init__(self, box, new):
        self.box, self.new = box, new
        self.version = command("dpkg-deb", "-f", new[0], "Version").strip()
        self.accepted = 0
        self.repository = os.path.join(box.dir, "repository")
        self.old = [repack(deb, OLD, box.dir) for deb in new]

    # --- helpers ---
    def publish(self, action, *arguments):
        home = os.path.join(self.box.dir, "gnupg")
        command(PUBLISH, action, self.repository, *arguments, env={**os.environ, "GNUPGHOME": home})
        public = os.path.join(self.repository, "public")
        if os.path.exists(public):
            shutil.rmtree(self.box.root + "/srv/repository", ignore_errors=True)
            shutil.copytree(os.path.realpath(public), self.box.root + "/srv/repository")

    def sign(self, text):
        home = os.path.join(self.box.dir, "gnupg")
        plain = os.path.join(self.box.dir, "Release")
        with open(plain, "w") as file:
            file.write(text)
        command("gpg", "--batch", "--yes", "--clearsign", "-o", plain + ".signed", plain,
                env={**os.environ, "GNUPGHOME": home})
        with open(plain + ".signed") as file:
            return file.read()

    def follow(self, suite):
        self.box.write("/etc/apt/sources.list.d/tillrelay.sources",
                       "Types: deb\nURIs: file:/srv/repository\nComponents: main\n"
                       f"Suites: {suite}\nSigned-By: /etc/apt/keyrings/tillrelay.gpg\n")

    def install(self, *what):
        return self.box.run(*INSTALL, *what)

    def simulate(self, events, seed, **options):
        # A year of its own, so that no receipt number comes twice.
        arguments = ["--events", str(events), "--seed", str(seed), "--store", "0042",
                     "--day", f"{2001 + seed}-01-05", "--patience", "300"]
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        self.accepted += events
        return ["tillrelay", "simulate", "--yes", "--json", *arguments]

    def play(self, events, seed, **options):
        return json.loads(self.box.run(*self.simulate(events, seed, **options)))

    def central(self, query):
        path = self.box.root + "/var/lib/tillrelay-collector/central.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True,
                                                timeout=30)) as db:
            return db.execute(query).fetchall()

    def all_arrived(self, seconds=180):
        """accepted = confirmed = applied once, without gaps."""
        self.box.wait_status(lambda s: s["head"] == s["confirmed_through"] == self.accepted,
                             f"{self.accepted} confirmed", seconds)
        counted = self.central("SELECT count(*), count(DISTINCT id), min(sequence), max(sequence) "
                               "FROM event WHERE counted = 1")[0]
        check(counted == (self.accepted, self.accepted, 1, self.accepted),
              f"accepted {self.accepted}, applied {counted}")

    def broker_outside(self):
        """A broker on this machine, at the other end of the container's line; its address."""
        passwords, port = os.path.join(self.box.dir, "passwords"), free_port()
        command("mosquitto_passwd", "-b", "-c", passwords, "0042", SECRET)
        command("mosquitto_passwd", "-b", passwords, "collector", "c")
        path = os.path.join(self.box.dir, "broker.conf")
        with open(path, "w") as file:
            file.write(BROKER.format(port=port, address=OUTSIDE, passwords=passwords))
        broker = Process("mosquitto", ["mosquitto", "-c", path], path + ".log")
        self.box.outside.append(broker)
        broker.start()
        return f"mqtt://{OUTSIDE}:{port}"

    def goes_on_in_a_new_stream(self, seed):
        """50 more arrive, and all of all streams has been applied once."""
        self.play(50, seed)
        self.box.wait_status(lambda s: s["head"] == s["confirmed_through"] and s["head"] >= 50,
                             "50 more")
        counted = self.central("SELECT count(*), count(DISTINCT id) FROM event WHERE counted = 1 "
                               "AND kind NOT IN ('stream_opened', 'loss')")[0]
        check(counted == (self.accepted, self.accepted), f"{counted} of {self.accepted}")

    def restarted(self, before, seconds=90):
        wait_for(lambda: int(self.box.show(UNIT, "NRestarts")) > before
                 and self.box.show(UNIT, "ActiveState") == "active", "the restart", seconds)

    # --- stories ---
    def the_packages_are_small(self):
        sizes = {os.path.basename(deb): os.path.getsize(deb) for deb in self.new}
        check(max(sizes.values()) < 2_000_000, str(sizes))
        needed = {re.split(r"[ (]|-fmt", part.strip())[0] for deb in self.new
                  if "/tillrelay_" in deb
                  for part in command("dpkg-deb", "-f", deb, "Depends").split(",")}
        new = needed - PRESENT
        weight = sum(int(size) for size in self.box.run(
            "dpkg-query", "-W", "-f", "${Installed-Size}\\n", *sorted(new)).split())
        check(weight < 6_000, f"{weight} kB for {sorted(new)}")
        return f"{sizes}; {len(new)} libraries beside them, {weight} kB installed"

    def an_unsigned_or_changed_repository_is_refused(self):
        home = os.path.join(self.box.dir, "gnupg")
        os.makedirs(home, mode=0o700)
        command("gpg", "--batch", "--passphrase", "", "--quick-generate-key",
                "Repository test <test@example.invalid>", "ed25519", "sign", "0",
                env={**os.environ, "GNUPGHOME": home})
        self.publish("init", "test@example.invalid")
        self.publish("canary", *self.old)
        self.publish("promote")
        self.publish("canary", *self.new)
        os.makedirs(self.box.root + "/etc/apt/keyrings", exist_ok=True)
        shutil.copy(self.box.root + "/srv/repository/tillrelay-archive-keyring.gpg",
                    self.box.root + "/etc/apt/keyrings/tillrelay.gpg")
        self.follow("stable")
        self.box.run("apt-get", "update", "-qq")
        signed = self.box.root + "/srv/repository/dists/stable/InRelease"
        good = open(signed).read()
        self.box.write("/srv/repository/dists/stable/InRelease",
                       good.replace("Label: Tillrelay", "Label: Tillrelai"))
        code, said = self.box.try_run("apt-get", "update")
        check("BADSIG" in said or "invalid" in said, f"a changed Release was taken: {code} {said}")
        # A copy of long ago, signed well, that somebody holds back. (apt looks away by itself where
        # it has a newer one.)
        self.box.run("sh", "-c", "rm -r /var/lib/apt/lists/*")
        self.box.write("/srv/repository/dists/stable/InRelease", self.sign(re.sub(
            r"Valid-Until: .*", "Valid-Until: Sun, 01 Nov 2020 00:00:00 UTC", re.sub(
                r"^Date: .*", "Date: Wed, 02 Sep 2020 00:00:00 UTC", unsigned(good), flags=re.M))))
        code, said = self.box.try_run(*CHECK_DATES)
        check("expired" in said, f"a frozen Release was taken: {code} {said}")
        os.unlink(signed)
        os.rename(os.path.dirname(signed) + "/Release.gpg", self.box.dir + "/Release.gpg")
        code, said = self.box.try_run("apt-get", "update")
        check("not signed" in said, f"an unsigned repository was taken: {code} {said}")
        shutil.move(self.box.dir + "/Release.gpg", os.path.dirname(signed) + "/Release.gpg")
        self.box.write("/srv/repository/dists/stable/InRelease", good)
        self.box.run("apt-get", "update", "-qq")
        # The index is signed, the package is not the one that it names.
        package = glob.glob(self.box.root + "/srv/repository/pool/**/tillrelay_*.deb",
                            recursive=True)[0]
        with open(package, "ab") as file:
            file.write(b"x")
        code, said = self.box.try_run("apt-get", "install", "-y", "tillrelay")
        check(code != 0, "a changed package was installed")
        self.publish("show")
        return "changed, frozen and unsigned indexes and a changed package are refused"

    def a_new_server_runs_unconfigured_and_says_what_is_missing(self):
        self.install("tillrelay", "tillrelay-collector")
        active, kind = self.box.show(UNIT, "ActiveState", "Type")
        check((active, kind) == ("active", "notify"), f"{active} {kind}")
        status = self.box.wait_status(lambda s: True, "the status")
        check(status["state"] == "unconfigured", status["state"])
        check("store" in self.box.show(UNIT, "StatusText"), "the unit's status says nothing")
        modes = self.box.run(
            "stat", "-c", "%n %a %U:%G", "/var/lib/tillrelay", "/var/spool/tillrelay/incoming",
            "/var/spool/tillrelay/done", "/var/spool/tillrelay/rejected", "/run/tillrelay",
            "/run/tillrelay/control.sock", "/etc/tillrelay/credentials").splitlines()
        check(modes == ["/var/lib/tillrelay 750 tillrelay:tillrelay",
                        "/var/spool/tillrelay/incoming 2770 tillrelay:tillrelay-drop",
                        "/var/spool/tillrelay/done 700 tillrelay:tillrelay",
                        "/var/spool/tillrelay/rejected 700 tillrelay:tillrelay",
                        "/run/tillrelay 2750 tillrelay:tillrelay-admin",
                        "/run/tillrelay/control.sock 660 tillrelay:tillrelay-admin",
                        "/etc/tillrelay/credentials 700 root:root"], "\n".join(modes))
        self.box.run("systemd-analyze", "verify", "--man=no", UNIT, "tillrelay-verify.timer",
                     "tillrelay-collector.service")
        return f"version {OLD} installed from the signed repository"

    def setup_makes_events_flow(self):
        broker = self.broker_outside()
        self.box.write("/etc/tillrelay/collector.toml", COLLECTOR.format(url=broker))
        self.box.write("/etc/tillrelay/collector-credentials/password", "c\n", 0o600)
        self.box.run("systemctl", "enable", "--now", "tillrelay-collector")
        said = self.box.run("tillrelay", "setup", "--store-id", "0042", "--time-zone",
                            "Europe/Berlin", "--broker-url", broker,
                            "--username", "0042", "--password-file", "-", text=SECRET + "\n")
        check("No fault was found" in said, said)
        self.play(500, 1)
        self.all_arrived()
        shown = self.box.run("tillrelay", "config", "show")
        check(re.search(r'store_id = "0042" +# /etc/tillrelay/conf.d/50-setup.toml', shown), shown)
        check(SECRET not in shown, "config show tells the secret")
        return "500 stored, confirmed over a broker outside, applied once"

    def a_secret_is_readable_by_root_and_the_service_alone(self):
        pid = self.box.show(UNIT, "MainPID")
        for path in ("/etc/tillrelay/credentials/broker-password",
                     f"/run/credentials/{UNIT}/tillrelay_broker-password",
                     "/var/lib/tillrelay/journal.db"):
            self.box.run("test", "-s", path)
            code, _ = self.box.try_run("setpriv", "--reuid=65534", "--regid=65534",
                                       "--clear-groups", "cat", path)
            check(code != 0, f"everybody can read {path}")
        told = self.box.run("sh", "-c", f"cat /proc/{pid}/environ /proc/{pid}/cmdline; "
                            "journalctl --no-pager; cat /etc/tillrelay/*.toml "
                            "/etc/tillrelay/conf.d/*")
        check(SECRET not in told, "the secret is in environment, arguments, log or configuration")
        return "not in files, environment, arguments or log"

    def the_sandbox_holds(self):
        unit = open(self.box.root + "/lib/systemd/system/" + UNIT).read()
        shutil.copy(os.path.join(HERE, "package_probe.py"), self.box.root + "/usr/bin/probe.py")
        for old, new in (("Type=notify", "Type=oneshot"), ("Restart=always", "Restart=no"),
                         (r"ExecStart=.*", "ExecStart=/usr/bin/python3 /usr/bin/probe.py"),
                         (r"WatchdogSec=.*", ""), ("StateDirectory=.*\nStateDirectoryMode.*",
                                                   "ReadWritePaths=/var/lib/tillrelay")):
            unit, count = re.subn(old, new, unit)
            check(count == 1, f"{old} is not in the unit once")
        self.box.run("sh", "-c", "cat > /run/systemd/system/probe.service && systemctl "
                     "daemon-reload && systemctl start probe", text=unit)
        told = json.loads(self.box.run("journalctl", "-u", "probe", "-o", "cat", "_COMM=python3"))
        for attempt, result in told.items():
            check((result == "allowed") == (attempt in ALLOWED), f"{attempt}: {result}")
        self.box.run("rm", "/usr/bin/probe.py")
        return f"{len(told) - len(ALLOWED)} attempts refused, {len(ALLOWED)} needed ones work"

    def a_file_of_the_pos_software_is_taken(self):
        self.box.run("useradd", "-G", "tillrelay-drop", "pos")
        self.box.run("useradd", "stranger")
        sale = json.dumps({
            "kind": "sale", "transaction": {
                "store_id": "0042", "register_id": "77", "business_day": "2026-11-21",
                "transaction_no": "1", "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}]})
        place = "cd /var/spool/tillrelay/incoming && umask 007 && cat > .x && mv .x sale.json"
        code, _ = self.box.try_run("setpriv", "--reuid=stranger", "--regid=stranger",
                                   "--init-groups", "sh", "-c", place, text=sale)
        check(code != 0, "a stranger can write into incoming")
        self.box.run("setpriv", "--reuid=pos", "--regid=pos", "--init-groups", "sh", "-c", place,
                     text=sale)
        self.accepted += 1
        self.all_arrived()
        done = self.box.root + "/var/spool/tillrelay/done/sale.json"
        wait_for(lambda: os.path.exists(done), "the file in done/")
        return "by a member of tillrelay-drop, not by a stranger"

    def kill_9_and_a_hang_end_in_a_restart(self):
        before = int(self.box.show(UNIT, "NRestarts"))
        self.box.send_signal(UNIT, 9)
        self.restarted(before)
        self.play(200, 2)
        started = time.monotonic()
        self.box.send_signal(UNIT, 19)
        self.restarted(before + 1, 120)
        told = self.box.run("journalctl", "-u", UNIT, "--no-pager")
        check("watchdog" in told.lower(), "the watchdog is not in the log")
        self.play(200, 3)
        self.all_arrived()
        return f"a stopped process was replaced after {time.monotonic() - started:.0f} s"

    def a_reload_applies_or_names_and_a_wrong_one_changes_nothing(self):
        pid = self.box.show(UNIT, "MainPID")
        self.box.write("/etc/tillrelay/conf.d/60-test.toml",
                       'log_level = "warning"\n[journal]\nretention_days = 31\n')
        said = json.loads(self.box.run("tillrelay", "reload", "--json"))
        check(said == {"applied": ["log_level"], "needs_restart": ["journal.retention_days"],
                       "warnings": []}, str(said))
        self.box.run("systemctl", "reload", UNIT)
        self.box.write("/etc/tillrelay/conf.d/60-test.toml", 'log_levle = "debug"\n')
        code, said = self.box.try_run("tillrelay", "reload")
        check(code == 78 and "did you mean log_level" in said, f"{code} {said}")
        code, _ = self.box.try_run("systemctl", "reload", UNIT)
        check(code != 0, "systemctl reload hides the mistake")
        active, now = self.box.show(UNIT, "ActiveState", "MainPID")
        check((active, now) == ("active", pid), "a wrong reload has hurt the daemon")
        os.unlink(self.box.root + "/etc/tillrelay/conf.d/60-test.toml")
        self.box.run("systemctl", "reload", UNIT)
        return "log level live, the rest named, 78 for a mistake"

    def what_only_a_person_can_mend_is_not_tried_again(self):
        self.box.write("/etc/tillrelay/conf.d/60-test.toml", 'store_id = "0043"\n')
        self.box.try_run("systemctl", "restart", UNIT)
        wait_for(lambda: self.box.show(UNIT, "ActiveState") == "failed", "the refusal")
        status, restarts = self.box.show(UNIT, "ExecMainStatus", "NRestarts")
        check((status, restarts) == ("78", "0"), f"exit {status}, {restarts} restarts")
        os.unlink(self.box.root + "/etc/tillrelay/conf.d/60-test.toml")
        self.box.run("systemctl", "start", UNIT)
        return "another store's journal: exit 78, no restart"

    def without_the_folder_of_secrets_events_are_still_taken(self):
        folder = self.box.root + "/etc/tillrelay/credentials"
        os.rename(folder, folder + ".away")
        try:
            self.box.run("systemctl", "restart", UNIT)
            status = self.box.wait_status(lambda s: s["cause"] == "broker-settings", "the cause")
            check("credential" in status["sentence"], status["sentence"])
            self.play(20, 7)
        finally:
            os.rename(folder + ".away", folder)
        self.box.run("systemctl", "restart", UNIT)
        self.all_arrived()
        return "20 taken and kept, delivered once the folder was back"

    def a_reboot_keeps_everything(self):
        self.box.poweroff()
        self.box.boot()
        status = self.box.wait_status(lambda s: s["head"] == self.accepted, "the same head")
        check(status["store_id"] == "0042", "another store")
        self.play(100, 4)
        self.all_arrived()
        return f"{self.accepted} events and the settings are there"

    def an_upgrade_under_load_loses_nothing(self):
        self.box.run("systemctl", "stop", "tillrelay-collector")
        self.play(WAITING, 5, group=200, connections=2)
        self.box.write("/etc/tillrelay/tillrelay.toml", open(
            self.box.root + "/etc/tillrelay/tillrelay.toml").read() + "# by the administrator\n")
        self.publish("promote")
        self.box.run("apt-get", "update", "-qq")
        knocks = self.box.start("python3", "-c", KNOCK)
        upgrade = self.box.start(*INSTALL, "tillrelay", "tillrelay-collector")
        posted = retries = rounds = 0
        while upgrade.poll() is None or rounds < 2:
            rounds += 1
            retries += self.play(300, 100 + rounds, rate=150)["retries"]
            posted += 300
        check(upgrade.returncode == 0, upgrade.stdout.read())
        self.box.run("touch", "/run/knock-end")
        refused, longest = knocks.communicate(timeout=60)[0].split()
        version = self.box.run("dpkg-query", "-W", "-f", "${Version}", "tillrelay")
        check(version == self.version, version)
        check("by the administrator" in open(
            self.box.root + "/etc/tillrelay/tillrelay.toml").read(), "the conffile was replaced")
        check(refused == "0", f"{refused} connections were refused")
        self.box.run("systemctl", "start", "tillrelay-collector")
        self.all_arrived(600)
        return (f"{WAITING} waiting, {posted} posted meanwhile, {retries} requests repeated, "
                f"{refused} connections refused, no answer for at most {longest} s")

    def a_killed_dpkg_and_a_killed_migration_heal(self):
        """Ten times: dpkg dies somewhere, and so does the daemon that has to migrate."""
        killed = 0
        for deb in self.old + self.new:
            shutil.copy(deb, self.box.root + "/srv/")
        marks = ("upgrade ", "status half-configured", "status unpacked", "status half-installed",
                 "status config-files", "trigproc ", "startup packages configure",
                 "configure tillrelay", "status installed", "startup archives")
        log = self.box.root + "/var/log/dpkg.log"
        for number in range(KILLS):
            target = self.old if number % 2 == 0 else self.new
            names = ["/srv/" + os.path.basename(deb) for deb in target]
            self.as_version_2()
            registers = self.box.start(*self.simulate(100, 10 + number, rate=50))
            size = os.path.getsize(log)
            dpkg = self.box.start("sh", "-c", "exec dpkg --force-confold --force-downgrade -i "
                                  + " ".join(names))
            wait_for(lambda: marks[number] in open(log).read()[size:] or dpkg.poll() is not None,
                     marks[number])
            killed += self.box.kill_started(dpkg)
            self.kill_in_migration(number)
            # A package that was cut half-unpacked has to be unpacked again; dpkg says so itself.
            code, said = self.box.try_run("dpkg", "--force-confold", "--configure", "-a")
            check(code == 0 or "reinstall it" in said, said)
            self.box.run("dpkg", "--force-confold", "--force-downgrade", "-i", *names)
            check(registers.wait(timeout=300) == 0, "the registers were not served")
            states = self.box.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "tillrelay")
            check(states.strip() == "ii", states)
        self.all_arrived()
        check(killed >= KILLS // 2, f"only {killed} of {KILLS} were killed in time")
        return f"dpkg killed {killed} times in {KILLS} states, up and down, and {KILLS} daemons"

    def as_version_2(self):
        self.box.run("systemctl", "stop", UNIT)
        journal = self.box.root + "/var/lib/tillrelay/journal.db"
        with contextlib.closing(sqlite3.connect(journal)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] > 2:
                db.executescript(AS_VERSION_2)
        self.box.run("sh", "-c", "chown tillrelay: /var/lib/tillrelay/journal.db*")

    def kill_in_migration(self, number):
        """The daemon starts on the old schema and dies at one of its writes."""
        self.as_version_2()
        program = "/usr/sbin/tillrelayd"
        if not os.access(self.box.root + program, os.X_OK):
            return  # dpkg had moved it away
        command("sh", "-c", 'timeout -s KILL 30 strace -f -qq -o /dev/null -e trace=pwrite64 '
                f'-e inject=pwrite64:signal=KILL:when={number + 1} chroot --userspec=tillrelay '
                f'"$0" {program} --config /etc/tillrelay/tillrelay.toml >"$1" 2>&1; [ $? -ge 128 ]',
                self.box.root, os.path.join(self.box.dir, "killed.log"))
        self.box.run("systemctl", "start", UNIT)

    def a_downgrade_works_and_a_newer_journal_is_left_alone(self):
        self.box.run("apt-get", "install", "-y", "-qq", "--allow-downgrades",
                     *["/srv/" + os.path.basename(deb) for deb in self.old])
        self.play(100, 20)
        self.all_arrived()
        self.box.run("systemctl", "stop", UNIT)
        journal = self.box.root + "/var/lib/tillrelay/journal.db"
        with contextlib.closing(sqlite3.connect(journal)) as db:
            known = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute(f"PRAGMA user_version = {known + 1}")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = open(journal, "rb").read()
        self.box.try_run("systemctl", "start", UNIT)
        wait_for(lambda: self.box.show(UNIT, "ActiveState") == "failed", "the refusal")
        check(self.box.show(UNIT, "ExecMainStatus") == "78", "not 78")
        check(open(journal, "rb").read() == before, "the newer journal was changed")
        with contextlib.closing(sqlite3.connect(journal)) as db:
            db.execute(f"PRAGMA user_version = {known}")
        self.box.run("chown", "tillrelay:", "/var/lib/tillrelay/journal.db")
        self.box.run("systemctl", "start", UNIT)
        self.box.wait_status(lambda s: s["head"] == self.accepted, "the events")
        return "downgraded and served; schema of tomorrow: exit 78, not a byte changed"

    def the_journal_is_verified_beside_the_daemon(self):
        timer = self.box.show("tillrelay-verify.timer", "ActiveState")
        check(timer == "active", f"the timer is {timer}")
        self.box.run("systemctl", "start", "tillrelay-verify.service")
        told = self.box.run("journalctl", "-u", "tillrelay-verify.service", "-o", "cat")
        check("Every row is as it was written." in told, told)
        return re.search("store .*", told).group(0)

    def a_backup_comes_back_as_a_new_stream(self):
        self.box.run("tillrelay", "backup", "/root/journal.db")
        before = self.box.status()["stream"]
        self.play(50, 30)
        self.all_arrived()
        code, said = self.box.try_run("tillrelay", "restore-backup", "--yes", "/root/journal.db")
        check(code == 1 and "stop" in said, f"restored under the daemon: {code} {said}")
        self.box.run("systemctl", "stop", UNIT)
        self.box.run("tillrelay", "restore-backup", "--yes", "/root/journal.db")
        owners = self.box.run("sh", "-c", "stat -c '%U %a' /var/lib/tillrelay/journal.db*")
        check(set(owners.splitlines()) <= {"tillrelay 600", "tillrelay 644"}, owners)
        self.box.run("systemctl", "start", UNIT)
        status = self.box.wait_status(lambda s: s["head"] == s["confirmed_through"], "confirmed")
        check(status["stream"] != before, "the old stream goes on")
        self.goes_on_in_a_new_stream(31)
        return "nothing counted twice, nothing missing"

    def a_roll_back_with_the_backup_works(self):
        """The new version has changed the journal for good; the old one goes on from its backup."""
        self.box.run("tillrelay", "backup", "/root/before-upgrade.db")
        self.box.run("dpkg", "--force-confold", "-i",
                     *["/srv/" + os.path.basename(deb) for deb in self.new])
        self.play(100, 40)
        self.box.wait_status(lambda s: s["head"] == s["confirmed_through"], "confirmed")
        self.box.run("systemctl", "stop", UNIT)
        journal = self.box.root + "/var/lib/tillrelay/journal.db"
        with contextlib.closing(sqlite3.connect(journal)) as db:
            known = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute(f"PRAGMA user_version = {known + 1}")  # as a later version would leave it
        self.box.run("chown", "tillrelay:", "/var/lib/tillrelay/journal.db")
        self.box.run("apt-get", "install", "-y", "-qq", "--allow-downgrades",
                     *["/srv/" + os.path.basename(deb) for deb in self.old])
        wait_for(lambda: self.box.show(UNIT, "ActiveState") == "failed", "the refusal")
        told = self.box.run("journalctl", "-u", UNIT, "-n", "20", "-o", "cat")
        check("install the newer tillrelay again" in told, told)
        self.box.run("tillrelay", "restore-backup", "--yes", "/root/before-upgrade.db")
        self.box.run("systemctl", "start", UNIT)
        self.goes_on_in_a_new_stream(41)
        return "what the new version had taken counts once, and so does what came after"

    def another_store_moves_in(self):
        said = self.box.run("tillrelay", "setup", "--move-store", "--store-id", "0043",
                            "--no-doctor")
        check("journal.db.store-0042-" in said, said)
        status = self.box.wait_status(lambda s: s["store_id"] == "0043", "the new store")
        check(status["head"] == 0, "the old journal goes on")
        return "the old journal is set aside"

    def purge_leaves_only_the_users(self):
        self.box.run("apt-get", "remove", "-y", "-qq", "tillrelay")
        check(os.path.exists(self.box.root + "/var/lib/tillrelay/journal.db"),
              "remove has taken the journal")
        self.box.run("apt-get", "purge", "-y", "-qq", "tillrelay", "tillrelay-collector")
        self.box.run("systemctl", "daemon-reload")
        left = self.box.run("find", "/etc", "/usr", "/lib", "/var/lib", "/var/spool", "/run",
                            "-xdev", "-name", "*tillrelay*", "-not", "-path", "/run/credentials/*")
        allowed = ("/etc/apt", "/var/lib/apt", "/var/lib/systemd")
        rest = [line for line in left.splitlines() if not line.startswith(allowed)]
        check(not rest, "left behind: " + " ".join(rest))
        check("tillrelay" in self.box.run("getent", "passwd", "tillrelay"), "the user is gone")
        return "only the system users stay"


def main():
    new = [path for name in ("tillrelay", "tillrelay-collector")
           for path in glob.glob(os.path.join(DIST, f"{name}_*.deb"))]
    if len(new) != 2:
        sys.exit(f"no packages in {DIST}: packaging/build-deb makes them")
    with Booted(new) as box:
        box.boot()
        s = Packages(box, new)
        stories = [s.the_packages_are_small,
                   s.an_unsigned_or_changed_repository_is_refused,
                   s.a_new_server_runs_unconfigured_and_says_what_is_missing,
                   s.setup_makes_events_flow,
                   s.a_secret_is_readable_by_root_and_the_service_alone,
                   s.the_sandbox_holds,
                   s.a_file_of_the_pos_software_is_taken,
                   s.kill_9_and_a_hang_end_in_a_restart,
                   s.a_reload_applies_or_names_and_a_wrong_one_changes_nothing,
                   s.what_only_a_person_can_mend_is_not_tried_again,
                   s.without_the_folder_of_secrets_events_are_still_taken,
                   s.a_reboot_keeps_everything,
                   s.an_upgrade_under_load_loses_nothing,
                   s.the_journal_is_verified_beside_the_daemon,
                   s.a_killed_dpkg_and_a_killed_migration_heal,
                   s.a_downgrade_works_and_a_newer_journal_is_left_alone,
                   s.a_backup_comes_back_as_a_new_stream,
                   s.a_roll_back_with_the_backup_works,
                   s.another_store_moves_in,
                   s.purge_leaves_only_the_users]
        wanted = sys.argv[1:]
        run(*(story for story in stories if not wanted or story.__name__ in wanted))


if __name__ == "__main__":
    main()
