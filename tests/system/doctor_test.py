#!/usr/bin/python3
"""The doctor and its patients: faults are planted one by one, and each is named by its right name.

A finding counts only if it is the check that the fault belongs to, says what was planted, and tells
what to do.
"""

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess

from clients import Certificates
from harness import BIN, World, check, free_port, run, wait_for


# A web server that knows nothing.
STRANGER = r"""
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    client, _ = listener.accept()
    client.recv(9999)
    client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    client.close()
"""


def examine(world, *arguments):
    done = subprocess.run([f"{BIN}/tillrelay", "--config", world.path("agent.toml"), "--json",
                           "doctor", *arguments], capture_output=True, text=True, timeout=60)
    told = json.loads(done.stdout)
    return done.returncode, [c for c in told["checks"] if c["result"] == "fault"]


def finds(world, name, says, *arguments, code=1, centre=True):
    """Exactly this fault, and no other; without a centre its confirmation is missing too."""
    status, faults = examine(world, *arguments)
    named = [f for f in faults if f["check"] == name and says in f["what"]]
    check(len(named) == 1 and status == code, f"{name}, {says}: exit {status}, {faults}")
    others = [f for f in faults if f not in named and (centre or f["check"] != "confirmation")]
    check(not others, f"{name}: also {others}")
    check(len(named[0]["remedy"]) > 10, f"no remedy: {named[0]}")
    return name


def status_says(world, cause, text):
    """The running daemon names the same, in the words of the other side."""
    world.agent.start()
    try:
        world.wait_ready()

        def named():
            status = world.status()
            return status if status["cause"] == cause and text in status["sentence"] else None
        return wait_for(named, f"{cause}: {text}", 20)
    finally:
        world.agent.kill()


def edit(world, old, new):
    with open(world.path("agent.toml")) as file:
        text = file.read()
    check(old in text, f"{old} is not in the configuration")
    with open(world.path("agent.toml"), "w") as file:
        file.write(text.replace(old, new, 1))


@contextlib.contextmanager
def changed(world, old, new):
    """The configuration with one text replaced, for a while."""
    shutil.copy(world.path("agent.toml"), world.path("agent.saved"))
    edit(world, old, new)
    try:
        yield
    finally:
        shutil.copy(world.path("agent.saved"), world.path("agent.toml"))


def sound_world(*broker_lines):
    world = World(broker_lines=broker_lines)
    for part in ("incoming", "done", "rejected"):
        os.makedirs(os.path.join(world.drop, part), exist_ok=True)
    return world


def a_sound_store_has_no_fault_and_a_stopped_one_has_one():
    with sound_world() as world:
        world.start()
        world.simulate(20, 1)[0].wait(timeout=60)
        world.wait_delivered()
        code, faults = examine(world)
        check(code == 0 and not faults, f"{code} {faults}")
        code, faults = examine(world, "--deep")
        check(code == 0 and not faults, f"--deep: {code} {faults}")
        check(world.central("SELECT count(*) FROM event")[0][0] == 20, "the doctor was counted")
        world.agent.kill()
        finds(world, "daemon", "does not run")
        check("not read" not in world.collector.text(), "head office could not read the doctor")
        planted_in_configuration_and_places(world)
        planted_in_the_journal(world)
    return "0 faults while it runs, also with every row read; then 13 planted ones"


def planted_in_configuration_and_places(world):
    quiet = "--no-daemon"
    with changed(world, "retry_min_ms", "retry_mim_ms"):
        finds(world, "configuration", "did you mean", quiet, code=78)
    with changed(world, 'store_id = "0042"', 'store_id = ""'):
        finds(world, "store", "no store_id", quiet)
    with changed(world, "Europe/Berlin", "Europe/Berlyn"):
        finds(world, "time zone", "Europe/Berlyn", quiet)
    with changed(world, "[journal]", "[journal]\nmin_free_bytes = 1099511627776"):
        finds(world, "disk", "are needed", quiet)
    with changed(world, "[broker]", '[broker]\npassword_file = "/nowhere/password"'):
        code, faults = examine(world, quiet)
        check([f["check"] for f in faults] == ["secrets"] and code == 1, f"{faults}")
    secret = world.path("password")
    with open(secret, "w") as file:
        file.write("x\n")
    os.chmod(secret, 0o644)
    with changed(world, "[broker]", f'[broker]\npassword_file = "{secret}"'):
        finds(world, "secrets", "read by others", quiet)
    os.rename(os.path.join(world.drop, "done"), os.path.join(world.drop, "gone"))
    finds(world, "folders", "done", quiet)
    os.rename(os.path.join(world.drop, "gone"), os.path.join(world.drop, "done"))
    with changed(world, f"mqtt://127.0.0.1:{world.broker_port}", "mqtt://broker.invalid:1883"):
        finds(world, "broker name", "broker.invalid", quiet)
    with changed(world, str(world.broker_port), str(free_port())):
        finds(world, "broker TCP", "refused", quiet)
    with changed(world, "mqtt://127", "mqtts://127"):
        finds(world, "broker TLS", "", quiet)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with changed(world, str(world.broker_port), str(deaf.getsockname()[1])):
            finds(world, "broker login", "", quiet)


def planted_in_the_journal(world):
    quiet = "--no-daemon"
    with changed(world, 'store_id = "0042"', 'store_id = "0043"'):
        finds(world, "journal", "belongs to store 0042", quiet, centre=False)
    with contextlib.closing(sqlite3.connect(world.path("journal.db"))) as db:
        kept = db.execute("SELECT recorded_at, data FROM event WHERE position = 20").fetchone()
        db.execute("UPDATE event SET data = replace(data, ',', ', ') WHERE position = 20")
        db.commit()
        finds(world, "journal", "number 20", quiet)
        db.execute("UPDATE event SET data = ? WHERE position = 20", kept[1:])
        db.commit()
    os.chmod(world.path("journal.db"), 0o644)
    os.chmod(world.dir, 0o755)
    finds(world, "permissions", "read by everybody", quiet)
    os.chmod(world.dir, 0o700)
    os.chmod(world.path("journal.db"), 0o600)


def another_program_on_the_pages_port_is_named():
    with sound_world() as world, socket.create_server(("127.0.0.1", world.page_port)) as listener:
        world.start(collector=False, agent=False)
        os.set_inheritable(listener.fileno(), True)
        stranger = subprocess.Popen(["python3", "-c", STRANGER, str(listener.fileno())],
                                    close_fds=False)
        try:
            return finds(world, "daemon", "another program", centre=False)
        finally:
            stranger.kill()
            stranger.wait()


def login_and_rights_are_told_apart():
    with World() as world:
        for part in ("incoming", "done", "rejected"):
            os.makedirs(os.path.join(world.drop, part))
        subprocess.run(["mosquitto_passwd", "-b", "-c", world.path("users"), "0042", "right"],
                       check=True, capture_output=True)
        with open(world.path("acl"), "w") as file:
            file.write("user 0042\ntopic read tillrelay/v1/0042/#\n"
                       "topic write tillrelay/v1/0042/reply\n")
        with open(world.path("broker.conf")) as file:
            lines = file.read().replace("allow_anonymous true", "allow_anonymous false")
        with open(world.path("broker.conf"), "w") as file:
            file.write(lines + f"password_file {world.path('users')}\n"
                       f"acl_file {world.path('acl')}\n")
        world.start(collector=False, agent=False)
        with open(world.path("password"), "w") as file:
            file.write("wrong\n")
        os.chmod(world.path("password"), 0o600)
        edit(world, "[broker]", f'[broker]\nusername = "0042"\npassword_file = '
             f'"{world.path("password")}"')
        finds(world, "broker login", "refused the login", "--no-daemon")
        status_says(world, "broker-login", "user name and password do not fit")
        with open(world.path("password"), "w") as file:
            file.write("right\n")
        return finds(world, "broker rights", "tillrelay/v1/0042/events", "--no-daemon")


def every_fault_of_tls_has_its_own_remedy():
    with sound_world() as world:
        ca, other = Certificates(world.dir), Certificates(world.dir, "other")
        good = ca.issue("good", "broker")
        stale = ca.issue("stale", "broker")
        subprocess.run(["openssl", "x509", "-req", "-in", ca.path("csr", "stale"), "-CA",
                        ca.path("pem"), "-CAkey", ca.path("key"), "-CAcreateserial", "-days", "-1",
                        "-extfile", ca.path("ext", "stale"), "-out", stale[0]], check=True,
                       capture_output=True)
        with open(ca.path("ext", "named"), "w"):
            pass
        named = ca.issue("named", "broker")
        with open(ca.path("ext", "named"), "w") as file:
            file.write("subjectAltName=DNS:broker.example\n")
        subprocess.run(["openssl", "x509", "-req", "-in", ca.path("csr", "named"), "-CA",
                        ca.path("pem"), "-CAkey", ca.path("key"), "-CAcreateserial", "-days", "1",
                        "-extfile", ca.path("ext", "named"), "-out", named[0]], check=True,
                       capture_output=True)
        edit(world, "mqtt://127", "mqtts://127")
        edit(world, "[broker]", f'[broker]\nca_file = "{ca.path("pem")}"')
        with open(world.path("broker.conf")) as file:
            plain = file.read()

        def serve(pair):
            world.broker.kill()
            with open(world.path("broker.conf"), "w") as file:
                file.write(plain + f"cafile {ca.path('pem')}\ncertfile {pair[0]}\n"
                           f"keyfile {pair[1]}\n")
            world.broker.start()
            wait_for(lambda: socket.create_connection(("127.0.0.1", world.broker_port), 1),
                     "the broker")

        serve(good)
        finds(world, "confirmation", "does not run", "--no-daemon")
        with changed(world, ca.path("pem"), other.path("pem")):
            finds(world, "broker TLS", "certificate", "--no-daemon")
        serve(named)
        finds(world, "broker TLS", "mismatch", "--no-daemon")
        serve(stale)
        finds(world, "broker TLS", "has expired on 20", "--no-daemon")
        status = status_says(world, "broker-tls", 'the certificate of "broker" has expired on 20')
        check("Head office" in status["steps"][0], f"{status['steps']}")
        serve(good)
        with changed(world, "[intake]", f'[intake]\ntls_cert_file = "{stale[0]}"\ntls_key_file = '
                     f'"{stale[1]}"'):
            finds(world, "certificates", "has expired", "--no-daemon", centre=False)
    return "another authority, another name, expired, our own expired"


def a_silent_head_office_is_a_fault():
    """No collector at all, then a collector that this store must not hear."""
    with sound_world() as world:
        world.start(collector=False)
        world.simulate(5, 1)[0].wait(timeout=60)
        finds(world, "confirmation", "tillrelay/v1/0042/confirm")
    with sound_world("acl_file ACL") as world:
        with open(world.path("acl"), "w") as file:
            file.write("topic readwrite tillrelay/v1/+/events\n"
                       "topic readwrite tillrelay/v1/+/status\n"
                       "topic write tillrelay/v1/#\ntopic read tillrelay/v1/+/command\n")
        with open(world.path("broker.conf")) as file:
            text = file.read()
        with open(world.path("broker.conf"), "w") as file:
            file.write(text.replace("acl_file ACL", f"acl_file {world.path('acl')}"))
        world.start()
        world.simulate(5, 1)[0].wait(timeout=60)
        wait_for(lambda: world.central("SELECT count(*) FROM event")[0][0] == 5, "5 at the centre")
        code, faults = examine(world)
        named = {f["check"] for f in faults}
        check(code == 1 and named & {"confirmation", "broker rights"}, f"{code} {faults}")
    return "no collector; no right to read its word"


run(a_silent_head_office_is_a_fault,
    a_sound_store_has_no_fault_and_a_stopped_one_has_one,
    another_program_on_the_pages_port_is_named,
    login_and_rights_are_told_apart,
    every_fault_of_tls_has_its_own_remedy)
