#!/usr/bin/python3
"""A webhook whose receiver fails, is slow, cuts and redirects, and Kafka whose brokers come and go,
under a collector that is killed: every change arrives in order and none is left out; a webhook's is
signed, and what is repeated has its former id."""

import base64
import collections
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
import urllib.request

from harness import BIN, World, check, run, wait_for

KEY = os.urandom(32)
TIMEOUT_S = 1


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers as `server.plan` says, else 200."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        with server.lock:
            server.requests += 1
            message = self.headers["webhook-id"]
            stamp = self.headers["webhook-timestamp"]
            signed = f"{message}.{stamp}.".encode() + body
            expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
            if self.headers["webhook-signature"] != f"v1,{expected}":
                server.wrong.append(f"signature of {message}")
            if server.bodies.setdefault(message, body) != body:
                server.wrong.append(f"{message} has two bodies")
            answer = server.plan.popleft() if server.plan else "200"
            if answer in ("200", "cut"):
                server.taken.append(json.loads(body))
        if answer == "slow":
            server.released.wait(20)
        if answer in ("slow", "cut"):
            self.close_connection = True
            return
        with contextlib.suppress(OSError):
            self.send_response(int(answer))
            self.send_header("Content-Length", "0")
            if answer == "301":
                self.send_header("Location", "/elsewhere")
            self.end_headers()

    def do_GET(self):
        self.server.wrong.append(f"GET {self.path}")

    def log_message(self, *_):
        pass


class Proxy(socketserver.BaseRequestHandler):
    """Takes CONNECT and carries bytes."""

    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.request.recv(1024)
            if not part:
                return
            head += part
        self.server.asked.append(head.split(b"\r\n")[0].decode())
        host, port = head.split()[1].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as onward:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self.carry, args=(onward, self.request))
            back.start()
            self.carry(self.request, onward)
            back.join()

    @staticmethod
    def carry(source, target):
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(world):
    """Of 127.0.0.1, with its key in one file; its own authority."""
    cert, key = world.path("cert.pem"), world.path("both.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=erp",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", cert, "-keyout", key],
                   check=True, capture_output=True)
    with open(cert) as file, open(key, "a") as both:
        both.write(file.read())
    return cert, key


@contextlib.contextmanager
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    server.lock, server.released = threading.Lock(), threading.Event()
    server.requests, server.taken, server.wrong, server.bodies = 0, [], [], {}
    server.plan = collections.deque()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def ask(world, target, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{world.centre_page}{target}", data,
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def sink(world):
    with contextlib.suppress(OSError):
        found = ask(world, "/v1/sinks")["sinks"]
        return found[0] if found else None
    return None


def everything(world):
    changes, cursor = [], None
    while True:
        answer = ask(world, "/v1/changes?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
        changes += answer["changes"]
        cursor = answer["next"]
        if not answer["more"]:
            return changes


def check_everything(world, server):
    """What was taken is what /v1/changes says, in order, without a hole."""
    changes = everything(world)
    last, place = 0, None
    for message in server.taken:
        positions = [change["position"] for change in message["changes"]]
        check(positions == sorted(positions) and positions[0] <= last + 1,
              f"position {positions[0]} behind {last}")
        check(positions[0] <= last or place is None or message["after"] == place,
              f"{message['after']} does not follow {place}")
        for change in message["changes"]:
            check(change == changes[change["position"] - 1], f"another change {change}")
        last, place = max(last, positions[-1]), message["next"]
    check(last == len(changes), f"taken up to {last} of {len(changes)}")
    check(not server.wrong, f"{server.wrong[:3]}")


@contextlib.contextmanager
def kafka():
    """Answers of brokers, by command; the first one says where they are."""
    with subprocess.Popen([f"{BIN}/mock_kafka"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as program:
        def ask_it(command):
            program.stdin.write(command + "\n")
            program.stdin.flush()
            return program.stdout.readline().strip()
        try:
            yield program.stdout.readline().strip(), ask_it
        finally:
            program.kill()


def check_records(world, records):
    """What /v1/changes says, in one partition for each store, in order, without a hole."""
    changes = everything(world)
    last = {}
    for record in records:
        value = record["value"]
        check(record["key"] == value["store"] and record["kind"] == value["kind"], f"{record}")
        check(value == changes[value["position"] - 1], f"another change {value}")
        partition, _ = last.setdefault(value["store"], (record["partition"], []))
        check(partition == record["partition"], f"{value['store']} in two partitions")
        last[value["store"]][1].append(value["position"])
    for store, (_, positions) in last.items():
        expected = [c["position"] for c in changes if c["store"] == store]
        once = list(dict.fromkeys(positions))
        check(once == expected, f"{store}: {len(once)} of {len(expected)}, or in another order")
    check(sum(len(set(p)) for _, p in last.values()) == len(changes), "changes are missing")


def add_sink(world, *lines, secret=True):
    if not secret:
        with open(world.path("collector.toml"), "a") as file:
            file.write("\n".join(["[sink.erp]", *lines]) + "\n")
        return
    secret = world.path("hook")
    with open(secret, "w") as file:
        file.write("whsec_" + base64.b64encode(KEY).decode() + "\n")
    os.chmod(secret, 0o600)
    with open(world.path("collector.toml"), "a") as file:
        file.write("\n".join(["[sink.erp]", f'secret_file = "{secret}"', *lines]) + "\n")


def everything_is_told_in_order_whatever_the_receiver_does():
    with receiver() as server, World(collector_http=True) as world:
        add_sink(world, f'url = "http://127.0.0.1:{server.server_port}/hook?k=s3cret"',
                 "batch = 7", f"timeout_s = {TIMEOUT_S}", "data = true")
        server.plan.extend(["200", "503", "cut", "slow", "200"])
        world.start(agent=False)
        wait_for(lambda: sink(world), "the sink")
        world.agent.start()
        world.wait_ready()
        registers = world.simulate(200, 1)[0]
        for taken in (4, 10, 16):
            wait_for(lambda: len(server.taken) >= taken, f"{taken} messages", 60)
            world.collector.kill()
            world.collector.start()
        check(registers.wait(timeout=60) == 0, "the registers gave up")
        world.wait_delivered()
        wait_for(lambda: (sink(world) or {}).get("behind") == 0, "everything to be taken")
        # A redirect needs a person.
        server.plan.extend(["301"] * 20)
        check(world.simulate(9, 2, day="2026-11-02")[0].wait(timeout=60) == 0, "the registers")
        halted = wait_for(lambda: (sink(world) or {}).get("state") == "halted" and sink(world),
                          "the sink to halt")
        check("redirects" in halted["failure"] and halted["refused"], f"{halted}")
        world.wait_delivered()
        world.collector.kill()
        world.collector.start()
        requests = server.requests
        wait_for(lambda: (sink(world) or {}).get("behind", 0) >= 9, "the sink after the kill")
        check(server.requests == requests, "a halted sink sends")
        server.plan.clear()
        ask(world, "/v1/sinks/erp", {"action": "retry", "actor": "Ms Berg"})
        wait_for(lambda: sink(world)["behind"] == 0, "everything to be taken")
        check_everything(world, server)
        check(sink(world)["state"] == "idle", f"{sink(world)}")
        check("s3cret" not in world.collector.text(), "the path is in the log")
        history = ask(world, "/v1/sinks/erp")["history"]
        check([entry["action"] for entry in history] == ["retry"], f"{history}")
        return f"{len(server.taken)} messages taken of {server.requests} sent"


def encrypted_it_goes_through_the_proxy_and_trusts_its_own_authority_alone():
    with receiver() as server, proxy() as way, World(collector_http=True) as world:
        cert, key = certificate(world)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f'url = "https://127.0.0.1:{server.server_port}/hook"'
        add_sink(world, url, "data = true", f'proxy = "http://127.0.0.1:{way.server_address[1]}"')
        world.start(agent=False)
        wait_for(lambda: sink(world), "the sink")
        world.agent.start()
        world.wait_ready()
        check(world.simulate(5, 1)[0].wait(timeout=60) == 0, "the registers gave up")
        wait_for(lambda: "certificate" in ((sink(world) or {}).get("failure") or ""),
                 "an unknown authority to be refused")
        check(server.requests == 0, "something was told to whom nobody trusts")
        world.collector.kill()
        with open(world.path("collector.toml"), "a") as file:
            file.write(f'ca_file = "{cert}"\n')
        world.collector.start()
        world.wait_delivered()
        wait_for(lambda: (sink(world) or {}).get("behind") == 0 and server.taken,
                 "everything to be taken")
        check_everything(world, server)
        target = f"CONNECT 127.0.0.1:{server.server_port} HTTP/1.1"
        check(way.asked and set(way.asked) == {target}, f"{way.asked}")
        return f"{len(server.taken)} messages through the proxy"


def kafka_gets_every_change_under_its_store_whatever_its_brokers_do():
    with kafka() as (servers, brokers), World(collector_http=True) as world:
        add_sink(world, f'url = "kafka://{servers}/stock"', "batch = 7",
                 f"timeout_s = {TIMEOUT_S}", "data = true", secret=False)
        brokers("down")
        world.start(agent=False)
        wait_for(lambda: sink(world), "the sink")
        world.agent.start()
        world.wait_ready()
        registers = world.simulate(200, 1)[0]
        failing = wait_for(lambda: (sink(world) or {}).get("state") == "failing" and sink(world),
                           "the sink to say that nobody answers")
        check("refused" in failing["failure"], f"{failing}")
        for _ in range(3):
            brokers("up")
            wait_for(lambda: sink(world)["position"] > failing["position"], "a message", 60)
            failing = sink(world)
            brokers("down")
            world.collector.kill()
            world.collector.start()
            wait_for(lambda: sink(world), "the sink")
        brokers("up")
        check(registers.wait(timeout=60) == 0, "the registers gave up")
        world.wait_delivered()
        wait_for(lambda: (sink(world) or {}).get("behind") == 0, "everything to be taken", 60)
        records = json.loads(brokers("read stock"))
        check_records(world, records)
        return f"{len(records)} records"


if __name__ == "__main__":
    run(kafka_gets_every_change_under_its_store_whatever_its_brokers_do,
        everything_is_told_in_order_whatever_the_receiver_does,
        encrypted_it_goes_through_the_proxy_and_trusts_its_own_authority_alone)
