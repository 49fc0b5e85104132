#!/usr/bin/python3
"""One truth about settings: what `tillrelay config check` says of a bad value is what the daemon
does at its start and at a reload. Every key of the configuration is tried."""

import contextlib
import json
import os
import shutil
import socket
import subprocess

from clients import Certificates
from harness import BIN, World, check, free_port, run, wait_for

SALE = {"kind": "sale",
        "transaction": {"store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                        "transaction_no": "1", "end_at": "2026-11-21T17:42:08+01:00"},
        "lines": [{"item": {"sku": "100234"}, "quantity": "2", "uom": "EA"}]}
numbers = iter(range(1, 1_000_000))


def command(world, *arguments):
    return subprocess.run([f"{BIN}/tillrelay", "--config", world.path("agent.toml"), *arguments],
                          capture_output=True, text=True, timeout=60)


def checked(world):
    """(verdict, the findings) as `config check` tells them."""
    done = command(world, "--json", "config", "check")
    told = json.loads(done.stdout)
    verdicts = {f["verdict"] for f in told["findings"]}
    codes = {"stop": 78, "uplink off": 1, "files off": 1, "unchecked": 1, "warn": 0}
    worst = next((verdict for verdict in codes if verdict in verdicts), "good")
    code = codes.get(worst, 0)
    check(done.returncode == code, f"{worst}: exit {done.returncode}")
    check(told["good"] == (code == 0), f"{told}")
    return worst, told["findings"]


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Bench:
    """A daemon that is started again and again, each time with one more text in conf.d."""

    def __init__(self, world):
        self.world = world
        os.makedirs(world.path("conf.d"), exist_ok=True)
        os.makedirs(world.path("credentials"), exist_ok=True)
        os.makedirs(world.path("handed-over"), exist_ok=True)
        self.fragment = world.path("conf.d/50-test.toml")
        # As the unit's LoadCredential= does it.
        os.environ["CREDENTIALS_DIRECTORY"] = world.path("handed-over")

    def credential(self, name, text):
        write(self.world.path(f"credentials/{name}"), text, 0o600)
        write(self.world.path(f"handed-over/tillrelay_{name}"), text, 0o600)

    def ready(self):
        return not self.world.agent.alive() or self.world.get("/readyz")[0] == 200

    def observed(self):
        """What the daemon really does."""
        agent = self.world.agent
        if os.path.exists(agent.log):
            os.remove(agent.log)
        agent.start()
        try:
            wait_for(self.ready, "a start or an end", 20)
            if not agent.alive():
                code = agent.child.wait()
                return "stop" if code in (1, 78) else f"exit {code}"
            return self.serves()
        finally:
            agent.kill()

    def serves(self):
        sale = json.loads(json.dumps(SALE))
        sale["transaction"]["transaction_no"] = str(next(numbers))
        code, answer = self.world.post(json.dumps(sale).encode())
        check(code == 200 and answer["stored"] == 1, f"capture has stopped: {code} {answer}")

        def settled():
            broker = self.world.status()["broker"]
            return broker["connected"] or broker["last_error"]
        wait_for(settled, "the first attempt", 20)
        status = self.world.status()
        if status["broker"]["connected"]:
            unusable = any(issue["kind"] == "drop-folder" for issue in status["issues"])
            return "files off" if unusable else "serves"
        check(status["cause"] == "broker-settings", f"{status['cause']}")
        return "uplink off"

    def row(self, text, expected, key):
        write(self.fragment, text)
        verdict, findings = checked(self.world)
        check(verdict == expected, f"{text!r}: {verdict}, expected {expected}; {findings}")
        if key:
            named = [f for f in findings if f["key"] == key and f["verdict"] == expected]
            check(named and named[0]["text"] and named[0]["step"], f"{text!r}: {findings}")
        wanted = expected if expected in ("stop", "files off", "uplink off") else "serves"
        seen = self.observed()
        check(seen == wanted, f"{text!r}: checked as {expected}, but the daemon: {seen}\n"
              + self.world.agent.text())


def table(world, ca):
    """(text in conf.d, verdict, its key)"""
    good = ca.issue("good", "server")
    other = ca.issue("other", "server")
    junk = write(world.path("junk.pem"), "no certificate\n")
    empty = write(world.path("empty"), "\n")
    nowhere = world.path("nowhere.pem")
    tls = f"mqtts://127.0.0.1:{world.broker_port}"
    same = f"127.0.0.1:{world.intake_port}"
    stop, off, no_files, warn = "stop", "uplink off", "files off", "warn"
    yield "", "good", ""
    yield 'time_zone = "Berlin"', stop, "time_zone"
    yield 'store_id = "0043"', stop, "store_id"
    yield '[guard]\nreceipt_pattern = "("', stop, "guard.receipt_pattern"
    yield f'[guard]\noperator_key_file = "{nowhere}"', stop, "guard.operator_key_file"
    yield f'[guard]\noperator_key_file = "{empty}"', stop, "guard.operator_key_file"
    for bad_map in (nowhere, empty, junk):
        yield f'[items]\nmap = "{bad_map}"', warn, "items.map"
    yield f'[status]\nlisten = "{same}"', stop, "status.listen"
    yield f'[status]\nlisten = "0.0.0.0:{world.intake_port}"', stop, "status.listen"
    yield f'[status]\nlisten = "localhost:{world.intake_port}"', stop, "status.listen"
    for again in ("127.1", "[::ffff:127.0.0.1]", "[::]"):
        yield f'[status]\nlisten = "{again}:{world.intake_port}"', stop, "status.listen"
    yield '[status]\nlisten = "8471"', stop, "status.listen"
    yield f'[status]\nlisten = "203.0.113.7:{free_port()}"', stop, "status.listen"
    yield '[intake]\nlisten = "127.0.0.1"', stop, "intake.listen"
    yield '[intake]\nlisten = "127.0.0.1:0"', stop, "intake.listen"
    yield f'[intake]\nlisten = "0.0.0.0:{free_port()}"', stop, "intake.listen"
    for section in ("intake", "status"):
        for cert, key, wrong in ((nowhere, good[1], "tls_cert_file"),
                                 (good[0], nowhere, "tls_key_file"),
                                 (junk, good[1], "tls_cert_file"),
                                 (good[0], other[1], "tls_cert_file"),
                                 ("credential:none", good[1], "tls_cert_file")):
            yield (f'[{section}]\ntls_cert_file = "{cert}"\ntls_key_file = "{key}"', stop,
                   f"{section}.{wrong}")
    for client_ca in (nowhere, junk):
        yield (f'[intake]\ntls_cert_file = "{good[0]}"\ntls_key_file = "{good[1]}"\n'
               f'client_ca_file = "{client_ca}"', stop, "intake.client_ca_file")
    yield f'[control]\nsocket = "/tmp/{"x" * 110}"', warn, "control.socket"
    yield '[control]\nsocket = "/nowhere/control.sock"', warn, "control.socket"
    yield f'[control]\nsocket = "{junk}"', warn, "control.socket"
    yield f'[control]\nsocket = "{world.path("journal.db")}"', stop, "control.socket"
    yield f'[items]\nmap = "{world.path("journal.db-wal")}"', stop, "items.map"
    yield f'[intake]\nlisten = "unix:/nowhere/intake.sock"', stop, "intake.listen"
    yield f'[status]\nlisten = "unix:{world.path("x" * 110)}"', stop, "status.listen"
    fifo = world.path("fifo")
    os.mkfifo(fifo)
    for odd in (world.path("handed-over"), fifo, "/dev/null"):
        yield f'[journal]\npath = "{odd}"', stop, "journal.path"
    yield f'[journal]\npath = "{world.path("j" * 250)}"', stop, "journal.path"
    yield f'[journal]\npath = "{world.drop}/incoming/journal.db"', stop, "journal.path"
    yield '[registers]\nexpected = ["3"]', warn, "registers.expected"
    hours = 'opening_hours = ["mon-sun 00:00-24:00"]'
    yield f'[registers]\nexpected = ["3"]\nsilent_after_min = 60\n{hours}', "good", ""
    yield f'[drop_folder]\npath = "{junk}"', no_files, "drop_folder.path"
    for part in ("incoming", "done", "rejected"):
        for odd, make in (("fifo", os.mkfifo), ("link", lambda at: os.symlink("rejected", at)),
                          ("loop", lambda at: os.symlink(at, at)),
                          ("file", lambda at: write(at, ""))):
            drop = world.path(f"{odd}-at-{part}")
            os.mkdir(drop)
            make(f"{drop}/{part}")
            yield f'[drop_folder]\npath = "{drop}"', no_files, "drop_folder.path"
    split = world.path("split")
    os.makedirs(split + "/incoming")
    os.symlink("/dev/shm", split + "/done")
    yield f'[drop_folder]\npath = "{split}"', no_files, "drop_folder.path"
    yield f'[broker]\npassword_file = "{fifo}"', off, "broker.password_file"
    yield f'[broker]\nurl = "{tls}"\nca_file = "{fifo}"', off, "broker.ca_file"
    yield '[journal]\npath = "/nowhere/journal.db"', stop, "journal.path"
    yield '[drop_folder]\npath = "/nowhere/drop"', no_files, "drop_folder.path"
    for url in ("broker.example", "tcp://broker:1883", "mqtt://", "mqtt://a:1,mqtt://b:2",
                "mqtt://user:secret@broker:1883", "mqtt://broker:x", "mqtt://broker:0",
                "mqtt://broker:70000", "mqtt://[::1", "mqtt://bro ker:1883", "mqtts:/broker"):
        yield f'[broker]\nurl = "{url}"', off, "broker.url"
    for value in (nowhere, "credential:none", world.dir):
        yield f'[broker]\npassword_file = "{value}"', off, "broker.password_file"
        # Without TLS no certificate is used.
        yield f'[broker]\nca_file = "{value}"', warn, "broker.url"
        yield f'[broker]\nurl = "{tls}"\nca_file = "{value}"', off, "broker.ca_file"
        yield (f'[broker]\nurl = "{tls}"\ncert_file = "{value}"\nkey_file = "{good[1]}"', off,
               "broker.cert_file")
        yield (f'[broker]\nurl = "{tls}"\ncert_file = "{good[0]}"\nkey_file = "{value}"', off,
               "broker.key_file")
    yield f'[broker]\npassword_file = "{empty}"', off, "broker.password_file"
    yield f'[broker]\nurl = "{tls}"\nca_file = "{junk}"', off, "broker.ca_file"
    yield (f'[broker]\nurl = "{tls}"\ncert_file = "{good[0]}"\nkey_file = "{other[1]}"', off,
           "broker.cert_file")
    yield f'[broker]\nca_file = "{ca.path("pem")}"', warn, "broker.url"
    yield 'store_id = "0042"\n[broker]\npassword_file = "credential:password"', "good", ""


def every_bad_value_is_judged_as_the_daemon_takes_it():
    with World() as world:
        bench = Bench(world)
        bench.credential("password", "secret\n")
        world.start(collector=False)
        world.agent.kill()
        rows = list(table(world, Certificates(world.dir)))
        for text, expected, key in rows:
            bench.row(text, expected, key)
    return f"{len(rows)} rows"


# Another type, and a value out of bounds or of no meaning.
WRONG = {"string": ["7", "true"], "bool": ['"yes"', "1"], "number": ['"many"', "-1"],
         "list": ['"one"', "[1]"], "table": ['"one"', "7"]}


def kind_of(text):
    if text in ("true", "false"):
        return "bool"
    return {"[": "list", "{": "table"}.get(text[:1],
                                           "number" if text.lstrip("-").isdigit() else "string")


def no_key_takes_a_value_of_another_kind():
    with World() as world:
        bench = Bench(world)
        world.start(collector=False, agent=False)
        keys = json.loads(command(world, "--json", "config", "show").stdout)
        for row in keys:
            section, _, name = row["key"].rpartition(".")
            for value in WRONG[kind_of(row["value"])]:
                text = (f"[{section}]\n" if section else "") + f"{name} = {value}\n"
                write(bench.fragment, text)
                done = command(world, "config", "check")
                check(done.returncode == 78 and "50-test.toml" in done.stderr,
                      f"{text!r}: {done.returncode} {done.stderr}")
                check(bench.observed() == "stop", f"{text!r}: the daemon starts with it")
    return f"{len(keys)} keys"


def a_reload_refuses_what_would_not_start():
    with World() as world:
        bench = Bench(world)
        world.start(collector=False)
        refused = ['time_zone = "Berlin"', 'store_id = "0043"', '[guard]\nreceipt_pattern = "("',
                   f'[status]\nlisten = "127.0.0.1:{world.intake_port}"']
        for text in refused:
            write(bench.fragment, text)
            done = command(world, "reload")
            check(done.returncode == 78, f"{text!r}: {done.returncode} {done.stderr}")
        write(bench.fragment, 'log_level = "warning"\n[broker]\nurl = "broker"')
        done = command(world, "--json", "reload")
        told = json.loads(done.stdout)
        check(done.returncode == 0 and told["applied"] == ["log_level"], f"{told}")
        check(len(told["warnings"]) == 1 and "broker.url" in told["warnings"][0], f"{told}")
        check(world.agent.alive() and world.get("/readyz")[0] == 200, "the daemon has ended")
    return f"{len(refused)} refused, one taken with a warning"


def a_file_that_comes_later_is_used_without_a_restart():
    with World() as world:
        password = world.path("password")
        bench = Bench(world)
        write(bench.fragment, f'[broker]\nusername = "0042"\npassword_file = "{password}"\n')
        world.start(collector=False)
        wait_for(lambda: world.status()["cause"] == "broker-settings", "the fault to be named")
        status = world.status()
        check(status["level"] == "red" and password in status["sentence"], f"{status['sentence']}")
        check(any("config check" in step for step in status["steps"]), f"{status['steps']}")
        write(password, "secret\n")
        wait_for(lambda: world.status()["broker"]["connected"], "the connection")
    return "named, then healed"


def root_judges_with_the_rights_of_the_service():
    if os.geteuid() != 0:
        return "not root: nothing to tell apart"
    with World() as world:
        bench = Bench(world)
        os.chmod(world.dir, 0o755)
        state = world.path("state")
        os.mkdir(state)
        os.chown(state, 65534, 65534)
        drop = world.path("drop")
        os.makedirs(drop, exist_ok=True)
        os.chown(drop, 65534, 65534)
        folder = "/etc/tillrelay-settings-test"
        os.makedirs(folder, exist_ok=True)
        try:
            secret = write(f"{folder}/secret", "x\n", 0o600)
            settings = (f'[journal]\npath = "{state}/journal.db"\n'
                        f'[broker]\npassword_file = "{secret}"\n')
            write(bench.fragment, settings)
            verdict, findings = checked(world)
            check("control.socket" in [f["key"] for f in findings], f"a socket there? {findings}")
            write(bench.fragment, settings + f'[control]\nsocket = "{state}/control.sock"\n')
            verdict, findings = checked(world)
            check(verdict == "uplink off" and "chgrp" in findings[0]["step"], f"{findings}")
            # As the manual wants it: the group may read.
            os.chown(secret, 0, 65534)
            os.chmod(secret, 0o640)
            verdict, findings = checked(world)
            check(verdict == "good", f"{findings}")
            done = command(world, "--json", "doctor", "--no-daemon")
            faults = [c for c in json.loads(done.stdout)["checks"]
                      if c["result"] == "fault" and c["check"] == "secrets"]
            check(not faults, f"{faults}")
        finally:
            shutil.rmtree(folder)
    return "root alone: uplink off; the group too: good, and no fault for the doctor"


if __name__ == "__main__":
    run(every_bad_value_is_judged_as_the_daemon_takes_it,
        no_key_takes_a_value_of_another_kind,
        a_reload_refuses_what_would_not_start,
        a_file_that_comes_later_is_used_without_a_restart,
        root_judges_with_the_rights_of_the_service)
