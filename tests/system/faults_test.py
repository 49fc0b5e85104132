#!/usr/bin/python3
"""The diagnosis table: each fault is planted in a store of its own, and is named by its own cause,
with a step that helps, by the doctor, the status, the page and the command line; or, where the
daemon does not start, by its message, its exit code and `config check`."""

import concurrent.futures
import contextlib
import dataclasses
import datetime
import html
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from clients import Certificates, sale  # noqa: E402
from fake_broker import FakeBroker  # noqa: E402
from harness import BIN, Failure, World, check, free_port, wait_for  # noqa: E402
from numbering_test import close, sale as receipt  # noqa: E402

WITHIN_S = 10
AT_ONCE = int(os.environ.get("TILLRELAY_FAULTS_AT_ONCE", "8"))
COMMANDS_S, DOCTOR_S = 90, 20


class LongCertificates(Certificates):
    """Good for longer than any warning looks ahead."""

    def _openssl(self, *arguments):
        given = list(arguments)
        if "-days" in given:
            given[given.index("-days") + 1] = "400"
        super()._openssl(*given)


class Store:
    """A sound store, with what a fault needs to be planted in it."""

    def __init__(self, stack):
        self.stack, self.world = stack, stack.enter_context(World())
        for part in ("incoming", "done", "rejected"):
            os.makedirs(os.path.join(self.world.drop, part))

    # --- settings ---
    def set(self, table, *lines):
        """Settings of one table, in place of those of the same names; "" is the top."""
        path = self.world.path("agent.toml")
        with open(path) as file:
            rows = file.read().rstrip("\n").split("\n")
        keys = {line.split(" = ")[0] for line in lines}
        if table and f"[{table}]" not in rows:
            rows.append(f"[{table}]")
        start = rows.index(f"[{table}]") + 1 if table else 0
        end = next((i for i in range(start, len(rows)) if rows[i].startswith("[")), len(rows))
        kept = [row for row in rows[start:end] if row.split(" = ")[0] not in keys]
        rows[start:end] = [*lines, *kept]
        with open(path, "w") as file:
            file.write("\n".join(rows) + "\n")

    def broker_conf(self, *lines, plain=True):
        path = self.world.path("broker.conf")
        with open(path) as file:
            text = file.read()
        if not plain:
            text = text.replace("allow_anonymous true", "allow_anonymous false")
        with open(path, "w") as file:
            file.write(text + "\n".join(lines) + "\n")

    def file(self, name, text="", mode=0o600):
        path = self.world.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def url(self, port, scheme="mqtt", host="127.0.0.1"):
        self.set("broker", f'url = "{scheme}://{host}:{port}"')

    # --- running ---
    def answers(self):
        """Whether a broker, or what stands for it, is there already."""
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.world.broker_port), 1).close()
            return True
        return False

    def run(self, events=5, **parts):
        self.world.start(**parts)
        if events:
            self.sell(1, events)
            if parts.get("collector", True) and parts.get("broker", True):
                self.world.wait_delivered(30)

    def sell(self, first, last, **more):
        for number in range(first, last + 1):
            code, answer = self.world.post(json.dumps(receipt(number, number, **more)).encode())
            check(code == 200, f"sale {number}: {code} {answer}")

    def tell(self, *documents):
        return self.world.post(json.dumps(documents).encode())

    def ran_before(self, events=20):
        self.run(events)
        self.world.agent.kill(signal.SIGTERM)

    def is_settled(self):
        """Clocks are compared only when what had waited at the broker has come."""
        broker = self.world.status()["broker"]
        since = datetime.datetime.fromisoformat(broker["since"].replace("Z", "+00:00"))
        age = datetime.datetime.now(datetime.timezone.utc) - since
        return broker["connected"] and age > datetime.timedelta(seconds=11)

    def drop(self, name, content):
        path = self.world.path(name)
        with open(path, "wb") as file:
            file.write(content)
        os.rename(path, os.path.join(self.world.drop, "incoming", name))

    # --- the other side ---
    def fake_broker(self, **faults):
        broker = FakeBroker(self.world.broker_port)
        for name, value in faults.items():
            setattr(broker, name, value)
        self.stack.callback(broker.stop)
        return broker

    def publish(self, topic, payload):
        subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.world.broker_port), "-q", "1",
                        "-t", f"tillrelay/v1/0042/{topic}", "-m", json.dumps(payload)], check=True,
                       timeout=30)

    def confirm(self, ahead_s=0, **more):
        """What a collector would say of the current stream, now or by another clock."""
        stream = self.world.status()["streams"][0]
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead_s))
        self.publish("confirm", {
            "v": 1, "store": "0042", "at": at,
            "streams": [{"stream": stream["stream"], "through": stream["head"],
                         "chain": stream["chain"], **more}]})

    def keep_saying(self, say):
        """Again and again until the end of this case."""
        end = threading.Event()

        def speak():
            while not end.wait(0.5):
                with contextlib.suppress(Exception):
                    say()
        thread = threading.Thread(target=speak)
        thread.start()
        self.stack.callback(thread.join)
        self.stack.callback(end.set)

    def tls_broker(self, pair, ca, *lines):
        self.url(self.world.broker_port, "mqtts")
        self.set("broker", f'ca_file = "{ca}"')
        self.broker_conf(f"cafile {self.ca.path('pem')}", f"certfile {pair[0]}",
                         f"keyfile {pair[1]}", *lines)
        self.world.start(agent=False, collector=False)

    def __getattr__(self, name):
        if name != "ca":
            raise AttributeError(name)
        self.ca = LongCertificates(self.world.dir)
        return self.ca

    def certificate(self, name, start, end, names="DNS:localhost,IP:127.0.0.1"):
        """From and to as openssl writes them: 20200101000000Z."""
        pair = self.ca.issue(name, name, names)
        folder = self.world.path("authority")
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/index", "w"):
            pass
        with open(f"{folder}/conf", "w") as file:
            file.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nrand_serial=yes\n"
                       f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
                       "[p]\ncommonName=supplied\n")
        subprocess.run(["openssl", "ca", "-batch", "-notext", "-config", f"{folder}/conf", "-cert",
                        self.ca.path("pem"), "-keyfile", self.ca.path("key"), "-in",
                        self.ca.path("csr", name), "-out", pair[0], "-startdate", start,
                        "-enddate", end, "-extfile", self.ca.path("ext", name)], check=True,
                       capture_output=True)
        return pair

    def in_days(self, days):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86_400))

    # --- places ---
    def volume(self, options, where="volume"):
        path = self.world.path(where)
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        self.stack.callback(subprocess.run, ["umount", "-l", path], check=False)
        return path


# ---------- configuration ----------

def cold(*settings):
    """A setting, before the start."""
    def plant(store):
        for table, *lines in settings:
            store.set(table, *[line.replace("DIR", store.world.dir) for line in lines])
    return plant


def broken_toml(store):
    store.set("intake", 'rate_per_s = = 3')


def drop_in(store):
    os.mkdir(store.world.path("conf.d"))
    store.file("conf.d/50-local.toml", '[broker]\nurls = "no list"\n')


def foreign_store_id(store):
    store.ran_before()
    store.set("", 'store_id = "0043"')


def equal_ports(store):
    store.set("status", f'listen = "{store.world.intake}"')


def lan_without_tls(store):
    store.set("intake", f'listen = "0.0.0.0:{store.world.intake_port}"')


def foreign_address(store):
    store.set("intake", f'listen = "192.0.2.7:{store.world.intake_port}"', 'tls_cert_file = "CERT"')
    cert, key = store.ca.issue("own", "till")
    store.set("intake", f'tls_cert_file = "{cert}"', f'tls_key_file = "{key}"')


def tls_of_two_pairs(store):
    cert, _ = store.ca.issue("one", "one")
    _, key = store.ca.issue("two", "two")
    store.set("intake", f'tls_cert_file = "{cert}"', f'tls_key_file = "{key}"')


def page_port_taken(store):
    """By a web server that knows nothing."""
    server = socket.create_server(("127.0.0.1", store.world.page_port))
    store.stack.callback(server.close)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                client.recv(9999)
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                client.close()
    threading.Thread(target=serve, daemon=True).start()


# ---------- what the uplink alone needs ----------

def no_broker(store):
    path = store.world.path("agent.toml")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(re.sub(r'^url = .*\n', "", text, flags=re.M))


def ca_is_text(store):
    store.url(store.world.broker_port, "mqtts")
    store.set("broker", f'ca_file = "{store.file("ca-text", "no certificate")}"')


def empty_password(store):
    store.set("broker", 'username = "0042"', f'password_file = "{store.file("empty")}"')


# ---------- places ----------

def move_journal(store, folder):
    store.set("journal", f'path = "{folder}/journal.db"')


def disk_full(store):
    folder = store.volume("size=48m,mode=0700")
    move_journal(store, folder)
    store.set("journal", "min_free_bytes = 16777216")
    store.run()
    with open(f"{folder}/ballast", "wb") as file:
        file.write(b"x" * (34 * 1024 * 1024))


def no_inodes(store):
    folder = store.volume("size=48m,nr_inodes=6,mode=0700")
    move_journal(store, folder)
    store.set("journal", "min_free_bytes = 1048576")
    with contextlib.suppress(OSError):
        for number in range(99):
            with open(f"{folder}/small-{number}", "w"):
                pass


def read_only(store):
    folder = store.volume("size=48m,mode=0700")
    move_journal(store, folder)
    store.set("journal", "min_free_bytes = 1048576")
    store.ran_before()
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


def drop_on_two_file_systems(store):
    store.volume("size=8m", os.path.join("drop", "done"))


# ---------- journal ----------

def changed_row(store):
    store.run(10)
    store.world.collector.kill()
    store.sell(11, 20)
    store.world.agent.kill(signal.SIGTERM)
    with contextlib.closing(sqlite3.connect(store.world.path("journal.db"))) as db:
        db.execute("UPDATE event SET data = replace(data, ',', ', ') WHERE position = 20")
        db.commit()


def journal_is_text(store):
    store.ran_before()
    for end in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(store.world.path("journal.db" + end))
    store.file("journal.db", "this was a journal\n" * 999)


def journal_locked(store):
    store.run()
    db = sqlite3.connect(store.world.path("journal.db"), isolation_level=None,
                         check_same_thread=False)
    db.execute("BEGIN IMMEDIATE")
    store.stack.callback(db.close)
    threading.Thread(target=lambda: store.world.post(sale(77)), daemon=True).start()


def journal_removed(store):
    store.run()
    for end in ("", "-wal", "-shm"):
        os.rename(store.world.path("journal.db" + end), store.world.path("away.db" + end))


def journal_lost(store):
    store.ran_before()
    for name in os.listdir(store.world.dir):
        if name.startswith("journal.db"):
            os.unlink(store.world.path(name))
    store.world.agent.start()


def undelivered_rows_gone(store):
    store.run(10)
    store.world.collector.kill()
    store.sell(11, 40)
    store.world.agent.kill(signal.SIGTERM)
    with contextlib.closing(sqlite3.connect(store.world.path("journal.db"))) as db:
        db.execute("DELETE FROM event WHERE position > 30")
        db.commit()
    store.world.collector.start()


def another_daemon(store):
    """With the same journal, from another configuration."""
    store.run()
    other = store.world.process("other", [f"{BIN}/tillrelayd", "--config",
                                          store.world.path("other.toml")])
    shutil.copy(store.world.path("agent.toml"), store.world.path("other.toml"))
    first = store.world.agent
    store.stack.callback(first.kill)
    store.set("intake", f'listen = "127.0.0.1:{free_port()}"')
    store.set("status", f'listen = "127.0.0.1:{free_port()}"')
    store.set("control", f'socket = "{store.world.path("second.sock")}"')
    del other
    store.world.agent = store.world.process("second", first.arguments)


# ---------- broker ----------

def serving(store):
    store.world.start(agent=False, collector=False)


def broker_name(store):
    store.url(1883, host="broker.invalid")


def broker_refuses_connections(store):
    store.url(free_port())


def tls_other_authority(store):
    other = LongCertificates(store.world.dir, "other")
    store.tls_broker(store.ca.issue("good", "broker"), other.path("pem"))


def tls_expired(store):
    pair = store.certificate("stale", "20200101000000Z", "20210101000000Z")
    store.tls_broker(pair, store.ca.path("pem"))


def tls_not_yet_valid(store):
    pair = store.certificate("early", store.in_days(30), store.in_days(60))
    store.tls_broker(pair, store.ca.path("pem"))


def users(store, *acl, password="right"):
    subprocess.run(["mosquitto_passwd", "-b", "-c", store.world.path("users"), "0042", "right"],
                   check=True, capture_output=True)
    lines = [f"password_file {store.world.path('users')}"]
    if acl:
        store.file("acl", "user 0042\n" + "\n".join(acl) + "\n")
        lines.append(f"acl_file {store.world.path('acl')}")
    store.broker_conf(*lines, plain=False)
    store.set("broker", 'username = "0042"',
              f'password_file = "{store.file("password", password)}"')
    serving(store)


def wrong_password(store):
    users(store, password="wrong")


OWN = "tillrelay/v1/0042/"


def may_not_write_events(store):
    users(store, f"topic read {OWN}#", f"topic write {OWN}reply", f"topic write {OWN}status")
    store.run(3, broker=False, collector=False)


def subscription_refused(store):
    store.fake_broker(refused_filters={"command": 0x87})


def packet_limit(store):
    store.broker_conf("max_packet_size 6000")
    store.run(3)
    lines = [{"item": {"sku": f"article-{n}"}, "quantity": "1", "uom": "EA"} for n in range(200)]
    document = receipt(10, 10)
    document["lines"] = lines
    store.tell(document)


def restarted_broker(store):
    store.run()
    port, old = store.world.broker_port, store.world.broker
    old.kill()
    broker = FakeBroker(port)
    store.stack.callback(broker.stop)
    store.keep_saying(lambda: broker.cut("tillrelay-0042"))


def second_server(store):
    """The same disk, copied, on a second server."""
    store.run()
    twin = store.world.path("twin")
    os.mkdir(twin)
    with contextlib.closing(sqlite3.connect(store.world.path("journal.db"))) as db:
        db.execute("VACUUM INTO ?", (f"{twin}/journal.db",))
    with open(store.world.path("agent.toml")) as file:
        text = file.read()
    text = text.replace(store.world.intake, f"127.0.0.1:{free_port()}")
    text = text.replace(store.world.page, f"127.0.0.1:{free_port()}")
    text = text.replace(store.world.path("journal.db"), f"{twin}/journal.db")
    text = text.replace(store.world.path("control.sock"), f"{twin}/control.sock")
    text = text.replace(store.world.drop, f"{twin}/drop")
    store.file("twin.toml", text)
    other = store.world.process("twin", [f"{BIN}/tillrelayd", "--config",
                                         store.world.path("twin.toml")])
    store.stack.callback(other.kill)
    other.start()


def old_broker(store):
    store.fake_broker(version=4)
    store.set("delivery", 'confirm = "broker"')
    store.run(3, broker=False, collector=False)


def never_acknowledges(store):
    store.fake_broker(never_acks=True)
    store.run(3, broker=False, collector=False)


def proxy_not_understood(store):
    store.set("broker", 'proxy = "socks5://127.0.0.1:1080"')
    serving(store)


def paused(store):
    store.run()
    done = subprocess.run([f"{BIN}/tillrelay", "--config", store.world.path("agent.toml"), "pause"],
                          capture_output=True, text=True)
    check(done.returncode == 0, f"pause: {done}")


# ---------- head office ----------

def no_collector(store):
    store.run(5, collector=False)


def forged(store):
    store.set("delivery", f'confirm_keys = ["{"ab" * 32}"]')
    store.run(5, collector=False)
    store.keep_saying(store.confirm)


def unapplied(store):
    store.run(5, collector=False)
    store.keep_saying(lambda: store.confirm(unapplied=[[2, 2]]))


def clock_apart(seconds):
    def plant(store):
        store.run(5, collector=False)
        wait_for(store.is_settled, "a connection whose delays are known", 30)
        store.keep_saying(lambda: store.confirm(seconds))
    return plant


# ---------- registers ----------

def numbers_missing(store):
    store.world.start()
    store.tell(receipt(1, 1), receipt(4, 4), close(1, 4, 4))
    store.world.wait_delivered()


def other_totals(store):
    store.world.start()
    store.tell(*[receipt(n, n) for n in (1, 2, 3)], close(1, 3, 9))
    store.world.wait_delivered()


def shared_counter(store):
    store.world.start()
    for number in range(1, 301):
        store.sell(number, number, register=f"0{1 + number % 2}")
    store.world.wait_delivered()


def silent_register(store):
    store.set("registers", 'expected = ["07"]', "silent_after_min = 1",
              'opening_hours = ["mon-sun 00:00-24:00"]')
    store.run(0)
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 60, "the minute in which it should have spoken", 70)


def quarantined(store):
    store.run()
    store.world.post(b'{"kind": "sale"}')


# ---------- drop folder ----------

def rejected_file(store):
    store.run()
    store.drop("nothing.bin", b"\x00\x01\x02\x03 no document")


def file_too_large(store):
    store.set("limits", "file_bytes = 1024")
    store.run()
    store.drop("large.json", b" " * 4000)


def unreadable_file(store):
    store.run()
    os.symlink("/proc/1/mem", os.path.join(store.world.drop, "incoming", "sale.json"))


# ---------- certificates ----------

def intake_certificate(days):
    def plant(store):
        pair = store.certificate("till", "20240101000000Z", store.in_days(days))
        store.set("intake", f'tls_cert_file = "{pair[0]}"', f'tls_key_file = "{pair[1]}"')
        store.world.start()
        wait_for(lambda: store.world.status()["broker"]["connected"], "the connection")
    return plant


def client_certificate_ends(store):
    store.tls_broker(store.ca.issue("good", "broker"), store.ca.path("pem"))
    pair = store.certificate("client", "20240101000000Z", store.in_days(11.5))
    store.set("broker", f'cert_file = "{pair[0]}"', f'key_file = "{pair[1]}"')
    store.world.agent.start()
    store.world.wait_ready()
    wait_for(lambda: store.world.status()["broker"]["connected"], "the connection")


@dataclasses.dataclass
class Row:
    """One fault. `told` is "cause WORD" or "issue KIND" (or its id) of a daemon that runs,
    "exit CODE" of one that does not; `step` is what the daemon advises, or `config check` for one
    that does not run, if it can know."""
    name: str
    plant: object
    check: str
    what: str
    remedy: str
    told: str
    text: str
    step: str = ""
    seconds: int = WITHIN_S  # more only where the daemon waits on purpose before it judges
    also: tuple = ()         # checks of the doctor that name a consequence of the same fault


ROWS = [
    # --- configuration: the daemon does not start ---
    Row("an unknown key", cold(("broker", "retry_mim_ms = 100")),
        "configuration", "broker.retry_mim_ms: unknown key", "put the named line right",
        "exit 78", "broker.retry_mim_ms: unknown key", "did you mean broker.retry_min_ms?"),
    Row("a text in place of a number", cold(("journal", 'retention_days = "long"')),
        "configuration", "journal.retention_days: expected a whole number", "put the named line",
        "exit 78", "journal.retention_days: expected", "a whole number from 0 to 3650"),
    Row("a line that is no TOML", broken_toml,
        "configuration", "agent.toml:4:14: Error while parsing value", "put the named line right",
        "exit 78", "agent.toml:4:14: Error while parsing", "could not determine value type"),
    Row("a wrong file in conf.d", drop_in,
        "configuration", "conf.d/50-local.toml:2:8: broker.urls", "put the named line right",
        "exit 78", "50-local.toml:2:8", "expected a list of texts"),
    Row("an unknown time zone", cold(("", 'time_zone = "Berlin"')),
        "time zone", '"Berlin" is not in', "Europe/Berlin",
        "exit 78", 'time zone "Berlin" is not in', "timedatectl list-timezones"),
    Row("another store's journal", foreign_store_id,
        "journal", "belongs to store 0042, the configuration says 0043", "setup --move-store",
        "exit 78", "belongs to store 0042", "put store_id right"),
    Row("two listeners on one port", equal_ports,
        "configuration", "are the same port", "give one of them another port",
        "exit 78", "are the same port", "give one of them another port"),
    Row("a pattern that is none", cold(("guard", 'receipt_pattern = "("')),
        "configuration", '"(" is no regular expression', "correct it, or remove the line",
        "exit 78", '"(" is no regular expression', "correct it, or remove the line"),
    Row("a key file that is not there", cold(("guard", 'operator_key_file = "/nowhere/key"')),
        "secrets", "guard.operator_key_file: /nowhere/key", "put the file there",
        "exit 78", "guard.operator_key_file: /nowhere/key", "put the file there"),
    Row("an open intake without TLS", lan_without_tls,
        "configuration", "needs TLS", "set the certificate and its key",
        "exit 78", "needs TLS", "or listen on 127.0.0.1"),
    Row("an address of another machine", foreign_address,
        "configuration", "does not have that address", "use an address of this server",
        "exit 1", "does not have that address", "use an address of this server"),
    Row("a certificate with another's key", tls_of_two_pairs,
        "secrets", "key values mismatch", "a certificate and its own key",
        "exit 78", "intake.tls_cert_file", "a certificate and its own key"),
    Row("another program on the page's port", page_port_taken,
        "daemon", "another program answers on", "ss -ltnp",
        "exit 1", "Address already in use (another program listens there"),

    # --- configuration: what is left of the daemon runs ---
    Row("a server that is no store yet", cold(("", 'store_id = ""')),
        "store", "no store_id is configured", "tillrelay setup --store-id ID",
        "cause not-configured", "does not know yet which store it is", "tillrelay setup"),
    Row("no broker", no_broker,
        "broker", "none is configured", "tillrelay setup --broker-url",
        "cause no-broker", "no broker is configured", "setup --broker-url URL"),
    Row("a broker's address without a scheme", cold(("broker", 'url = "127.0.0.1:1883"')),
        "broker", "must start with mqtt://", "setup --broker-url mqtts://HOST:8883",
        "cause broker-settings", "it must start with mqtt://", "tillrelay config check"),
    Row("no password file", cold(("broker", 'username = "0042"',
                                  'password_file = "/nowhere/password"')),
        "secrets", "/nowhere/password: No such file", "put the file there",
        "cause broker-settings", "/nowhere/password: No such file", "tillrelay config check"),
    Row("an empty password file", empty_password,
        "secrets", "empty is empty", "write the secret into it",
        "cause broker-settings", "broker.password_file", "Correct the setting or the file"),
    Row("an authority's file without one", ca_is_text,
        "secrets", "no certificate or crl found", "must hold the authority's certificate",
        "cause broker-settings", "no certificate or crl found", "Correct the setting or the file",
        also=("broker TLS",)),
    Row("a proxy of another kind", proxy_not_understood,
        "configuration", "broker.proxy: it must start with http://", "correct broker.proxy",
        "cause broker-settings", "broker.proxy: it must start with http://", "config check"),

    # --- places ---
    Row("a full disk", disk_full,
        "disk", "are needed: new events are refused", "make room on this disk",
        "cause disk", "of disk are free in", "Make room on the disk"),
    Row("no inode left", no_inodes,
        "disk", "no inode is free", "delete small files",
        "exit 1", "journal.db.lock: No space left on device"),
    Row("a read-only mount", read_only,
        "disk", "is mounted read-only", "mount -o remount,rw",
        "exit 1", "Read-only file system", "Read-only file system", also=("folders",)),
    Row("no folder for the journal", cold(("journal", 'path = "/nowhere/journal.db"')),
        "folders", "/nowhere: No such file or directory", "install -d -o tillrelay",
        "exit 1", "/nowhere: No such file or directory", "install -d -o tillrelay"),
    Row("a drop folder on two file systems", drop_on_two_file_systems,
        "drop folder", "is on another file system than incoming", "all three must be on one",
        "exit 1", "is on another file system than incoming"),

    # --- journal ---
    Row("a changed row", changed_row,
        "journal", "number 20: the row is damaged", "systemctl restart tillrelay",
        "issue repaired", "9 events that wait were saved, 1 are lost", "Have the disk examined"),
    Row("rows that are gone", undelivered_rows_gone,
        "journal", "numbers 31 to 40 are missing", "the daemon saves what can be read",
        "issue loss", "10 events lost", "Have the stock of the days around"),
    Row("a journal that is text", journal_is_text,
        "journal", "file is not a database", "salvage, or restore-backup",
        "issue repaired", "what is left of the old file is journal.db.damaged",
        "Keep the old file"),
    Row("a locked journal", journal_locked,
        "daemon", "another program holds the journal locked", "such as sqlite3",
        "cause journal-busy", "another program holds the journal locked", "End the program"),
    Row("a journal taken away under the daemon", journal_removed,
        "daemon", "The journal was repaired", "Have the disk examined",
        "issue repaired", "was taken away while it was open", "Have the disk examined"),
    Row("a lost journal", journal_lost,
        "daemon", "A journal of this store is missing here", "Put the former journal back",
        "issue unknown-stream", "A journal of this store is missing here",
        "Put the former journal back"),
    Row("a second daemon with the same journal", another_daemon,
        "daemon", "runs with this journal but does not answer", "systemctl cat tillrelay",
        "exit 1", "another tillrelayd has this journal open"),

    # --- the broker and the way to it ---
    Row("a broker's name that nobody knows", broker_name,
        "broker name", "broker.invalid could not be looked up", "check the spelling in broker.url",
        "cause broker-name", "broker.invalid could not be looked up",
        "the DNS server of this site"),
    Row("a closed port", broker_refuses_connections,
        "broker TCP", "Connection refused", "is the broker up and the port right",
        "cause broker-tcp", "does not take connections", "may be reached from this store"),
    Row("a certificate of another authority", tls_other_authority,
        "broker TLS", "self-signed certificate in certificate chain", "broker.ca_file must be",
        "cause broker-tls", "self-signed certificate in certificate chain",
        "the certificate files named in the configuration"),
    Row("an expired certificate of the broker", tls_expired,
        "broker TLS", 'the certificate of "stale" has expired on 2021-01-01', "renewed at head",
        "cause broker-tls", 'the certificate of "stale" has expired on 2021-01-01',
        "the broker's certificate has to be renewed"),
    Row("a certificate from tomorrow", tls_not_yet_valid,
        "broker TLS", 'the certificate of "early" is not yet valid', "check this server's clock",
        "cause broker-tls", 'the certificate of "early" is not yet valid',
        "Check this server's clock"),
    Row("a wrong password", wrong_password,
        "broker login", "user name and password do not fit", "tillrelay setup --username",
        "cause broker-login", "user name and password do not fit", "Check user name, password"),
    Row("no right to write events", may_not_write_events,
        "broker rights", "tillrelay/v1/0042/events cannot be written", "must be allowed to write",
        "cause broker-rights", "refused a message: not authorised", "Ask the broker's admin",
        also=("confirmation",)),
    Row("no right to read commands", subscription_refused,
        "broker rights", "tillrelay/v1/0042/command cannot be read", "must be allowed to read",
        "cause broker-rights", "refused the subscription: not authorised",
        "Ask the broker's administrator"),
    Row("a broker that takes small packets only", packet_limit,
        "daemon", "larger than the line takes", "raise its packet size limit",
        "issue parked", "larger than the line takes", "raise its packet size limit",
        also=("head office",)),
    Row("a broker that ends every connection", restarted_broker,
        "daemon", "The connection to the broker was lost", "Check the router",
        "cause broker-lost", "The connection to the broker was lost", "Check the router"),
    Row("a second server for this store", second_server,
        "daemon", "another server speaks for this store: host", "Look for a second server",
        "cause take-over", "Another client has taken this store's place",
        "Look for a second server"),
    Row("a broker of MQTT 3.1.1 where its word counts", old_broker,
        "daemon", "speaks MQTT 3.1.1 only", "Renew the broker",
        "cause mqtt-3.1.1", "speaks MQTT 3.1.1 only", "Renew the broker"),
    Row("a broker that acknowledges nothing", never_acknowledges,
        "daemon", "does not acknowledge what it is sent", "journalctl",
        "cause broker-silent", "does not acknowledge what it is sent", "journalctl -u tillrelay",
        seconds=90, also=("confirmation", "head office", "broker rights", "broker answers")),
    Row("sending paused by a person", paused,
        "daemon", "Sending has been paused by a person", "tillrelay resume",
        "cause paused", "Sending has been paused by a person", "tillrelay resume"),

    # --- head office ---
    Row("no collector", no_collector,
        "head office", "not one confirmation has come", "does the collector run?",
        "cause no-confirmation", "not one confirmation has come", "whether the collector runs",
        seconds=40, also=("confirmation",)),
    Row("confirmations that nobody signed", forged,
        "daemon", "A confirmation was not believed", "whether its signing key has changed",
        "issue confirmation-refused", "it is not signed", "whether its signing key has changed",
        also=("confirmation",)),
    Row("events that head office could not apply", unapplied,
        "daemon", "Head office could not apply 1 event", "Tell head office",
        "issue unapplied", "Head office could not apply 1 event", "Tell head office"),
    Row("a clock that is behind", clock_apart(3600),
        "daemon", "This server's clock is wrong", "timedatectl",
        "issue clock", "behind the clock of head office", "Check the time on this server"),
    Row("a clock that is ahead", clock_apart(-3600),
        "daemon", "This server's clock is wrong", "timedatectl",
        "issue clock", "ahead of the clock of head office", "Check the time on this server"),

    # --- registers ---
    Row("a day closed with missing numbers", numbers_missing,
        "daemon", "Register 3 has missing numbers", "Send the missing receipts again",
        "issue day", "day 2026-11-21 was closed without 2-3", "Send the missing receipts again"),
    Row("a day closed with other totals", other_totals,
        "daemon", "Register 3 closed with other totals", "Send the missing receipts again",
        "issue day", "its Z report of day 2026-11-21 differs", "Send the missing receipts again"),
    Row("registers that share one counter", shared_counter,
        "daemon", "The registers share one counter", 'numbering = "store"',
        "issue shared-counter", "The registers share one counter", 'numbering = "store"'),
    Row("a silent register", silent_register,
        "daemon", "Register 7 is silent", "Ask the shop whether the register is in use",
        "issue silent", "Register 7 is silent", "Ask the shop whether the register is in use"),
    Row("a document in quarantine", quarantined,
        "daemon", "1 document in quarantine", "correct each document",
        "issue quarantine", "1 document in quarantine", "Look at the quarantine"),

    # --- drop folder ---
    Row("a file of no known form", rejected_file,
        "daemon", "File nothing.bin was rejected", "Look at the file and its .reason",
        "issue file-rejected", "neither JSON nor XML nor CSV", "Look at the file and its .reason"),
    Row("a file that is too large", file_too_large,
        "daemon", "File large.json was rejected", "Look at the file and its .reason",
        "issue file-rejected", "larger than 1024 bytes", "Look at the file and its .reason"),
    Row("a link in place of a file", unreadable_file,
        "daemon", "File sale.json was rejected", "Look at the file and its .reason",
        "issue file-rejected", "a symbolic link", "Look at the file and its .reason"),

    # --- certificates ---
    Row("an expired certificate of the intake", intake_certificate(-5),
        "certificates", "till.pem has expired", "Rotate certificates",
        "issue certificate/intake.tls_cert_file", "A certificate has expired",
        "Renew the certificate in the file"),
    Row("a certificate of the intake that ends soon", intake_certificate(11.5),
        "certificates", "intake.tls_cert_file: 11 days left", "replace it before that day",
        "issue certificate/intake.tls_cert_file", "A certificate expires in 11 days",
        "Renew the certificate in the file"),
    Row("the client's certificate ends soon", client_certificate_ends,
        "certificates", "broker.cert_file: 11 days left", "replace it before that day",
        "issue certificate/broker.cert_file", "A certificate expires in 11 days",
        "Renew the certificate in the file", also=("confirmation", "head office")),
]


class Case:
    """One row of the table, played in a store of its own."""

    def __init__(self, row, store):
        self.row, self.store, self.world = row, store, store.world

    def command(self, *arguments):
        return subprocess.run(
            [f"{BIN}/tillrelay", "--config", self.world.path("agent.toml"), *arguments],
            capture_output=True, text=True, timeout=COMMANDS_S)

    def play(self):
        self.row.plant(self.store)
        if self.world.agent.alive():
            self.daemon_names_it()
            self.doctor_names_it_in_time()
            return
        if not self.store.answers():
            self.world.start(agent=False)
        self.doctor_names_it()
        self.world.agent.start()
        if self.row.told.startswith("exit "):
            self.start_is_refused()
        else:
            self.daemon_names_it()

    def doctor_names_it(self):
        row, running = self.row, self.world.agent.alive()
        done = self.command("--json", "doctor")
        found = [c for c in json.loads(done.stdout)["checks"] if c["result"] in ("fault", "note")]
        named = [c for c in found if c["check"] == row.check and row.what in c["what"]]
        check(named and row.remedy in named[0]["remedy"],
              f"the doctor does not name {row.check}: {row.what} -> {row.remedy}: {found}")
        # The doctor repeats what a daemon says, says of a stopped one that it does not run, and
        # misses confirmations for a store that has never run.
        known = {row.check, *row.also, "daemon", *(() if running else ("confirmation",))}
        others = [c for c in found if c["result"] == "fault" and c["check"] not in known]
        check(not others, f"the doctor names also {others}")

    def doctor_names_it_in_time(self):
        """What comes and goes by itself, as each attempt to connect does, may be away just now."""
        deadline = time.monotonic() + DOCTOR_S
        while True:
            try:
                return self.doctor_names_it()
            except Failure:
                if time.monotonic() > deadline:
                    raise

    def start_is_refused(self):
        row, agent = self.row, self.world.agent
        wait_for(lambda: not agent.alive(), f"the end of the daemon; {agent.text()[-300:]}",
                 row.seconds)
        code = f"exit {agent.child.returncode}"
        check(code == row.told and row.text in agent.text(), f"{code}: {agent.text()[-600:]}")
        if row.step:
            told = self.command("config", "check")
            check(told.returncode == 78 and row.step in told.stdout + told.stderr,
                  f"config check: {told}")

    def daemon_names_it(self):
        row, seen = self.row, {}
        word, _, kind = row.told.partition(" ")

        def named():
            seen["status"] = status = self.world.status()
            page = html.unescape(self.world.get("/")[1].decode())
            if word == "cause":
                right = status["cause"] == kind and row.text in status["sentence"]
            else:
                right = any(kind in (i["kind"], i["issue"]) and
                            row.text in f"{i['title']}: {i['detail']}" for i in status["issues"])
            seen["page"] = all(text in page for text in (
                status["sentence"].split(". ")[0], row.text, row.step))
            return right and any(row.step in step for step in status["steps"]) and seen["page"]
        try:
            wait_for(named, row.told, row.seconds)
        except Exception as error:
            shown = {k: seen.get("status", {}).get(k) for k in
                     ("cause", "level", "sentence", "steps", "issues")}
            raise AssertionError(f"{error}; page {seen.get('page')}; {shown}") from error
        wait_for(self.command_names_it, f"tillrelay status: {row.text}", row.seconds)

    def command_names_it(self):
        told = self.command("status").stdout
        return self.row.text in told and self.row.step in told


def play(row):
    began = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            Case(row, Store(stack)).play()
        print(f"PASS {row.name} ({time.monotonic() - began:.1f} s)", flush=True)
        return True
    except Exception as error:  # a test reports every failure the same way
        print(f"FAIL {row.name}: {type(error).__name__}: {error}", flush=True)
        return False


def main():
    wanted = sys.argv[1:]
    rows = [row for row in ROWS if not wanted or any(word in row.name for word in wanted)]
    check(len({row.name for row in ROWS}) == len(ROWS), "a name stands twice")
    check(len({(row.told, row.text) for row in ROWS}) == len(ROWS), "two faults are told alike")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        print("skipped: full and read-only disks need the right to mount")
        sys.exit(77)
    rows.sort(key=lambda row: row.plant is not silent_register)  # the one that takes longest
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        held = list(zip(rows, pool.map(play, rows)))
    at_once = [good for row, good in held if row.seconds == WITHIN_S]
    patient = [good for row, good in held if row.seconds != WITHIN_S]
    if patient:
        print(f"{sum(patient)} of {len(patient)} that are judged later on purpose")
    print(f"{sum(at_once)} of {len(at_once)} within {WITHIN_S} s")
    sys.exit(0 if all(good for _, good in held) else 1)


if __name__ == "__main__":
    main()
