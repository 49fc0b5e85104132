#!/usr/bin/python3
"""The registers' listener as an attacker and as an operator meet it: TLS, tokens, certificates,
crowds, and a service manager that holds the socket."""

import contextlib
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess

from clients import Certificates, ask, once, over_tls, plain, raw, register, sale
from harness import BIN, World, check, run, wait_for

JSON = {"Content-Type": "application/json"}
LAN = ['listen = "0.0.0.0:PORT"', 'allowed_hosts = ["localhost", "127.0.0.1"]',
       'tls_cert_file = "DIR/cert.pem"', 'tls_key_file = "DIR/key.pem"']


def install(pair, folder):
    for source, name in zip(pair, ("cert.pem", "key.pem")):
        shutil.copy(source, os.path.join(folder, "new.tmp"))
        os.rename(os.path.join(folder, "new.tmp"), os.path.join(folder, name))


def bearer(token):
    return {**JSON, "Authorization": f"Bearer {token}"}


@contextlib.contextmanager
def lan_world(*more):
    """A store whose intake listens on its network; with its authority of certificates."""
    with World(intake_lines=[*LAN, *more]) as world:
        with open(world.path("agent.toml")) as file:
            text = file.read().replace("DIR", world.dir)
        with open(world.path("agent.toml"), "w") as file:
            file.write(text)
        ca = Certificates(world.dir)
        install(ca.issue("till", "till"), world.dir)
        world.start(broker=False, collector=False)
        yield world, ca


def post(world, context, token=None, number=1, register_id="03"):
    return once(over_tls(world.intake_port, context), "POST", "/v1/events",
                sale(number, register_id), bearer(token) if token else JSON)


def a_token_opens_the_lan_door_until_it_is_removed():
    with lan_world() as (world, ca):
        token, any_token = register(world, "add", "3"), register(world, "add", "--any")
        check(post(world, ca.client()).status == 401, "no token was needed")
        check(post(world, ca.client(), token).json()["stored"] == 1, "the token does not open")
        foreign = post(world, ca.client(), token, 2, "04")
        check((foreign.status, foreign.problem()) == (403, "not-this-register"), "403")
        check(post(world, ca.client(), any_token, 2, "04").json()["stored"] == 1, "--any")
        files = "".join(open(os.path.join(world.dir, name), errors="replace").read()
                        for name in ("tokens.json", "agent.log"))
        check(token not in files and any_token not in files, "a secret was written down")
        check("last used 20" in register(world, "list"), "the use is not seen")
        kept = over_tls(world.intake_port, ca.client())
        check(ask(kept, "POST", "/v1/events", sale(1), bearer(token)).status == 200, "kept")
        identity = next(line.split()[0] for line in register(world, "list").splitlines()
                        if line.split()[1] == "3")
        register(world, "remove", identity)
        check(ask(kept, "POST", "/v1/events", sale(1), bearer(token)).status == 401,
              "a removed token works on a kept connection")
        world.agent.kill()
        for name in os.listdir(world.dir):  # the journal is lost, the tokens are not
            if name.startswith("journal.db"):
                os.remove(world.path(name))
        world.agent.start()
        world.wait_ready()
        check(post(world, ca.client(), any_token, 2, "04").status == 200, "lost with the journal")
        check(post(world, ca.client(), token).status == 401, "removed, and back again")
        return "401, 403, 200; removed at once; kept when the journal is lost"


def a_certificate_of_the_stores_authority_opens_the_door_for_its_register():
    with lan_world('client_ca_file = "DIR/ca.pem"') as (world, ca):
        mine = ca.client(ca.issue("r03", "03"))
        check(post(world, mine).json()["stored"] == 1, "a good certificate does not open")
        foreign = post(world, mine, None, 2, "04")
        check((foreign.status, foreign.problem()) == (403, "not-this-register"), "403")
        named = post(world, ca.client(ca.issue("odd", "till 3")))
        check((named.status, named.problem()) == (403, "certificate-name"), "odd name")
        other = Certificates(world.dir, "other")
        for context in (ca.client(), ca.client(other.issue("fake", "03"))):
            try:
                answer = post(world, context)
                check(False, f"let in: {answer.status}")
            except (ssl.SSLError, OSError, http.client.HTTPException):
                pass
        check(world.status()["head"] == 1, "something was stored")
        return "its own register's documents only; none and foreign certificates are refused"


def certificates_change_while_running():
    with lan_world() as (world, ca):
        token = register(world, "add", "03")
        kept = over_tls(world.intake_port, ca.client())
        check(ask(kept, "POST", "/v1/events", sale(1), bearer(token)).status == 200, "before")
        fresh = Certificates(world.dir, "fresh")
        certificate, key = fresh.issue("next", "till")
        shutil.copy(certificate, world.path("cert.pem"))  # half of the change
        check(post(world, ca.client(), token).status == 200, "a half change broke the door")
        shutil.copy(key, world.path("key.pem"))
        check(post(world, fresh.client(), token).status == 200, "the new one is not used")
        check(ask(kept, "POST", "/v1/events", sale(1), bearer(token)).status == 200, "kept")
        check("the new certificate is not used" in world.agent.text(), "nothing was logged")
        send = subprocess.run(
            [f"{BIN}/tillrelay", "send", write(world, "s.json", sale(2)), "--intake",
             f"https://localhost:{world.intake_port}", "--ca-file", fresh.path("pem"),
             "--token-file", write(world, "t", token.encode())],
            capture_output=True, text=True, timeout=30)
        check(send.returncode == 0 and "1 stored" in send.stdout, f"{send}")
        return "used at the next connection, half a change is not, open connections go on"


def write(world, name, data):
    with open(world.path(name), "wb") as file:
        file.write(data)
    return world.path(name)


def the_wrong_protocol_is_told_so():
    with lan_world() as (world, ca), World() as loopback:
        answer = raw(world.intake_port, b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check(b"400" in answer and b"problems/tls-required" in answer, f"{answer}")
        loopback.start(broker=False, collector=False)
        try:
            raw(loopback.intake_port, b"x", context=ca.client())
            check(False, "a handshake succeeded")
        except ssl.SSLError:
            pass
        check(world.get("/readyz")[0] == 200 and loopback.get("/readyz")[0] == 200, "not ready")
        return "plain HTTP on the TLS port 400, TLS on the plain port refused"


def an_open_door_to_the_network_refuses_the_start():
    with World(intake_lines=['listen = "0.0.0.0:PORT"']) as world:
        world.agent.start()
        check(world.agent.child.wait(timeout=30) == 78, "not 78")
        check("needs TLS" in world.agent.text(), world.agent.text())
    return "exit 78 with a hint"


def start_with_socket(world, listener):
    """As systemd does: the socket as descriptor 3, and the process's own number."""
    command = ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=intake exec "$@"',
               "sh", *world.agent.arguments]
    keep = os.dup(3) if os.path.exists("/proc/self/fd/3") else None
    os.dup2(listener.fileno(), 3, inheritable=True)
    with open(world.agent.log, "ab") as log:
        world.agent.child = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=(3,))
    os.close(3)
    if keep is not None:
        os.dup2(keep, 3)
        os.close(keep)


def requests_wait_in_an_inherited_socket_while_the_daemon_restarts():
    with World() as world, socket.socket() as listener:
        os.set_inheritable(listener.fileno(), True)
        listener.bind(("127.0.0.1", world.intake_port))
        listener.listen(64)
        start_with_socket(world, listener)
        world.wait_ready()
        check(world.post(sale(1))[1]["stored"] == 1, "not served")
        world.agent.kill(signal.SIGTERM)
        waiting = plain(world.intake_port)  # nobody is there, and yet it is not refused
        waiting.request("POST", "/v1/events", sale(2), JSON)
        start_with_socket(world, listener)
        check(json.loads(waiting.getresponse().read())["stored"] == 1, "the request was lost")
        return "served, and not refused while restarting"


def a_kept_socket_for_another_address_is_not_served():
    with World() as world, socket.create_server(("0.0.0.0", 0)) as listener:
        start_with_socket(world, listener)
        world.wait_ready()
        check(world.post(sale(1))[1]["stored"] == 1, "the configured address is not served")
        check("is not used" in world.agent.text(), world.agent.text())
        with socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 5) as sock:
            sock.settimeout(1)
            sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                check(not sock.recv(1), "an open inherited socket was served")
            except TimeoutError:
                pass
    return "the configured address is served, the other is named in the log"


def an_unwanted_body_is_refused_before_it_comes():
    size = 2 * 1024 * 1024
    with World(intake_lines=['listen = "127.0.0.1:PORT"', "require_token = true"],
               agent_lines=[]) as world:
        world.start(broker=False, collector=False)
        token = register(world, "add", "--any")

        def head(extra, length=size, kind="application/json"):
            return (f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
                    f"Expect: 100-continue\r\nContent-Length: {length}\r\n{extra}\r\n").encode()

        own = f"Authorization: Bearer {token}\r\n"
        for status, data in ((401, head("")), (413, head(own, 99 * size)),
                             (415, head(own, kind="text/plain"))):
            answer = raw(world.intake_port, data)
            check(answer.startswith(b"HTTP/1.1 %d" % status), f"{status}: {answer[:80]}")
        body = b"[" + b",".join(sale(n) for n in range(1, 8001)) + b"]"
        body += b" " * (size - len(body))
        with socket.create_connection(("127.0.0.1", world.intake_port), 60) as sock:
            sock.sendall(head(own))
            check(sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n", "not invited")
            sock.sendall(body)
            check(sock.recv(17).startswith(b"HTTP/1.1 200"), "not taken")
        check(world.status()["head"] == 8000, "not stored")
        return "401, 413 and 415 without the body; 2 MiB after 100"


def attacks_in_bytes_are_refused_and_store_nothing():
    body = sale(1)
    whole = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def request(line=b"POST /v1/events HTTP/1.1", host=b"Host: localhost\r\n", extra=b""):
        return line + b"\r\n" + host + extra + whole

    cases = [
        ("foreign host", 421, request(host=b"Host: evil.example\r\n")),
        ("no host", 400, request(host=b"")),
        ("two hosts", 400, request(host=b"Host: localhost\r\nHost: localhost\r\n")),
        ("cross-site", 403, request(extra=b"Origin: https://evil.example\r\n")),
        ("preflight", 403, b"OPTIONS /v1/events HTTP/1.1\r\nHost: localhost\r\nOrigin: "
                           b"https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n"),
        ("by GET", 405, b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                        b"Connection: close\r\n\r\n"),
        ("traversal", 400, request(b"POST /v1/../v1/events HTTP/1.1")),
        ("hidden traversal", 400, request(b"POST /%2e%2e/v1/events HTTP/1.1")),
        ("NUL", 400, request(b"POST /v1/events%00 HTTP/1.1")),
        ("raw NUL", 400, request(b"POST /v1/ev\0ents HTTP/1.1")),
        ("split by the echoed key", 400, request(extra=b"Idempotency-Key: a\rSet-Cookie: b\r\n")),
        ("NUL in the echoed key", 400, request(extra=b"Idempotency-Key: a\0b\r\n")),
        ("length and chunks", 400, request(extra=b"Transfer-Encoding: chunked\r\n")),
        ("two lengths", 400, request(extra=b"Content-Length: 5\r\n")),
        ("negative length", 400, b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                 b"application/json\r\nContent-Length: -1\r\n\r\n"),
        ("bad chunk", 400, b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                           b"application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ("compressed", 415, request(extra=b"Content-Encoding: gzip\r\n")),
        ("endless header", 431, request(extra=b"X: " + b"a" * 20_000 + b"\r\n")),
        ("TLS hello", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 300),
        ("garbage", 400, bytes(range(256))),
    ]
    with World() as world:
        world.start(broker=False, collector=False)
        for name, status, data in cases:
            answer = raw(world.intake_port, data)
            check(answer.startswith(b"HTTP/1.1 %d " % status), f"{name}: {answer[:200]}")
            check(b"Set-Cookie" not in answer and b"problems/" in answer, f"{name}: {answer}")
        status = world.status()
        check(status["head"] == 0 and status["quarantined"] == 0, f"{status['head']} stored")
        check(world.post(body)[1]["stored"] == 1, "no longer accepting")
        return f"{len(cases)} attacks, each its 4xx, nothing stored"


def a_crowd_of_2000_is_dropped_while_health_answers():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    try:
        with World() as world:
            world.start(broker=False, collector=False)
            crowd = []
            for index in range(2000):
                sock = socket.create_connection(("127.0.0.1", world.intake_port), 30)
                crowd.append(sock)
                with contextlib.suppress(OSError):  # beyond 512 the oldest is closed
                    sock.sendall([b"", b"POST /v1/ev", b"GET /openapi.json HTTP/1.1\r\nHost: "
                                  b"localhost\r\nX: "][index % 3])
                if index % 200 == 0:
                    check(world.get("/healthz")[0] == 200, "health does not answer")

            def served():
                check(world.get("/healthz")[0] == 200, "health does not answer")
                try:
                    return world.post(sale(1))[0] == 200
                except (OSError, http.client.HTTPException):
                    return False
            wait_for(served, "the crowd to be dropped", 30)
            for sock in crowd:
                sock.settimeout(30)
                with contextlib.suppress(ConnectionResetError):
                    while sock.recv(65536):
                        pass
                sock.close()
            check(world.status()["head"] == 1, "something was stored")
            return "health answered throughout; all were closed, and registers served again"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def one_address_cannot_shut_out_another():
    """From one address 2,000 half requests and 520 live streams; from another one sales."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    try:
        with World() as world:
            world.start(broker=False, collector=False)
            crowd = []

            def hold(port, data):
                sock = socket.create_connection(("127.0.0.1", port), 30, ("127.0.0.2", 0))
                with contextlib.suppress(OSError):
                    sock.sendall(data)
                crowd.append(sock)

            register = http.client.HTTPConnection("127.0.0.1", world.intake_port, timeout=30)
            for number in range(1, 101):
                for _ in range(20):
                    hold(world.intake_port, b"POST /v1/events HTTP/1.1\r\nHost: local")
                for _ in range(6 if number > 20 else 2):
                    hold(world.page_port, b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                check(world.post(sale(number))[0] == 200, f"sale {number} found no place")
                register.request("POST", "/v1/events", sale(1000 + number), JSON)
                check(register.getresponse().read() and True, "the register was cut off")
                check(world.get("/healthz")[0] == 200, "health does not answer")
            check(world.status()["head"] == 200, f"stored: {world.status()['head']}")
            check("whoever holds the most" in world.agent.text(), "nothing was logged")
            for sock in crowd:
                sock.close()
            return f"{len(crowd)} connections of a crowd, 200 sales and 100 looks beside them"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    run(a_token_opens_the_lan_door_until_it_is_removed,
        a_certificate_of_the_stores_authority_opens_the_door_for_its_register,
        certificates_change_while_running, the_wrong_protocol_is_told_so,
        an_open_door_to_the_network_refuses_the_start,
        requests_wait_in_an_inherited_socket_while_the_daemon_restarts,
        a_kept_socket_for_another_address_is_not_served,
        an_unwanted_body_is_refused_before_it_comes,
        attacks_in_bytes_are_refused_and_store_nothing,
        a_crowd_of_2000_is_dropped_while_health_answers, one_address_cannot_shut_out_another)
