#!/usr/bin/python3
"""The admin port of a real daemon under attack: whoever has no right gets nothing, and is written
down; whoever has one can act."""

import contextlib
import hashlib
import json
import os
import re
import resource
import socket
import ssl
import subprocess
import warnings

from clients import control, once, over_tls, plain, raw
from harness import BIN, World, check, run, wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PASSWORD = "correct horse battery"
EVIL = "<script>alert(1)</script>"


def command(world, *arguments, stdin=""):
    ran = subprocess.run([f"{BIN}/tillrelay", "--config", world.path("agent.toml"), *arguments],
                         input=stdin, capture_output=True, text=True, timeout=30)
    check(ran.returncode == 0, f"{arguments}: {ran.stderr}")
    return ran.stdout.strip()


def page(world, method, target, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return once(plain(world.page_port), method, target, body, headers)


def login(world, form, **headers):
    return page(world, "POST", "/login", form.encode(), **{**FORM, **headers})


TOKENS = {}  # of a cookie: what the login tells the browser alone


def cookie_in(answer):
    check(answer.status == 303, f"not signed in: {answer.status} {answer.body[:200]}")
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    TOKENS[cookie] = answer.headers["Location"].partition("#csrf=")[2]  # with TLS the pages tell it
    return cookie


def csrf_of(world, cookie):
    """Whoever has the cookie alone, as another port of this machine may, does not get it."""
    token = TOKENS[cookie]
    for target in ("/", "/delivery", "/events", "/quarantine", "/audit", "/system", "/issues",
                   "/days", "/login", "/v1/session", "/v1/status", "/v1/live?once"):
        answer = page(world, "GET", target, Cookie=cookie)
        check(token.encode() not in answer.body, f"{target} tells the token")
    return token


def links_passwords_and_tokens(world):
    link = command(world, "login").split("token=")[1]
    for _ in range(2):  # a preview burns nothing
        check(link in page(world, "GET", f"/login/link?token={link}").body.decode(), "no button")
    by_link = cookie_in(login(world, f"token={link}"))
    check(login(world, f"token={link}").problem() == "link-used", "a replayed link")
    check(page(world, "GET", "/v1/events", Cookie=by_link).status == 200, "by link")
    command(world, "set-password", "anna", stdin=PASSWORD + "\n")
    signed_in = login(world, f"user=anna&password={PASSWORD.replace(' ', '+')}")
    check(re.fullmatch(r"sid=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Strict",
                       signed_in.headers["Set-Cookie"]), signed_in.headers["Set-Cookie"])
    token = command(world, "token", "add", "script", "--role", "operate")
    return by_link, cookie_in(signed_in), token


def changes_need_the_sessions_own_form(world, by_link, anna):
    pause = "/v1/delivery/pause"
    mine, foreign = csrf_of(world, anna), csrf_of(world, by_link)
    check(page(world, "POST", pause, Cookie=anna).problem() == "csrf", "no csrf")
    check(page(world, "POST", pause, Cookie=anna, X_CSRF_Token=foreign).problem() == "csrf",
          "another session's csrf")
    for name, headers in (("origin", {"Origin": "https://evil.example"}),
                          ("null", {"Origin": "null"}),
                          ("fetch", {"Sec-Fetch-Site": "cross-site"}),
                          ("sibling", {"Sec-Fetch-Site": "same-site"})):
        answer = page(world, "POST", pause, Cookie=anna, X_CSRF_Token=mine, **headers)
        check((answer.status, answer.problem()) == (403, "cross-site"), f"{name}: {answer.body}")
    preflight = page(world, "OPTIONS", pause, Origin="https://evil.example",
                     Access_Control_Request_Method="POST")
    check(preflight.status == 403 and "Access-Control-Allow-Origin" not in preflight.headers,
          "a preflight")
    check(page(world, "GET", pause, Cookie=anna).status == 405, "a change by GET")
    check(world.status()["state"] != "paused", "paused by an attack")
    check(page(world, "POST", pause, Cookie=anna, X_CSRF_Token=mine).status == 200, "pause")
    check(page(world, "POST", "/v1/delivery/resume", f"csrf={mine}".encode(), Cookie=anna,
               **FORM).status == 200, "resume by form")


def nobody_gets_further_than_the_overview(world):
    for target in ("/v1/events", "/v1/quarantine", "/v1/audit", "/v1/days", "/v1/registers"):
        check(page(world, "GET", target).problem() == "login-required", target)
        browser = page(world, "GET", target, Accept="text/html")
        check((browser.status, browser.headers["Location"]) == (303, f"/login?next={target}"),
              f"{target}: {browser.status}")
        check(page(world, "GET", target, Cookie="sid=" + "0" * 32).problem() == "session-ended",
              "a made-up session")
    check(page(world, "GET", "/v1/events", Authorization="Bearer tra_" + "a" * 32).problem() ==
          "unknown-token", "a made-up token")
    for target in ("/v1/tokens", "/v1/users", "/v1/login-links"):
        check(page(world, "GET", target).status in (401, 404), f"{target} is on the page's port")


def bytes_that_lie(world):
    """Hosts, lengths and targets that are not what they seem."""
    def status(head, body=b""):
        return int(raw(world.page_port, head.encode() + b"\r\n\r\n" + body).split()[1])

    get, post = "GET /v1/status HTTP/1.1\r\nHost: ", "POST /login HTTP/1.1\r\nHost: localhost\r\n"
    check(status(get + "evil.example") == 421, "rebinding")
    check(status(get + "localhost\r\nHost: evil.example") == 400, "two hosts")
    check(status("GET /v1/status HTTP/1.1\r\nX: y") == 400, "no host")
    check(status("GET http://evil.example/v1/status HTTP/1.1\r\nHost: evil.example") == 421, "form")
    check(status(post + "Content-Length: 3\r\nTransfer-Encoding: chunked",
                 b"0\r\n\r\nGET /v1/events HTTP/1.1\r\n\r\n") == 400, "CL and TE")
    check(status(post + "Content-Length: 3\r\nContent-Length: 4", b"abc") == 400, "two lengths")
    check(status("GET /login?next=/a%0d%0aSet-Cookie:x=1 HTTP/1.1\r\nHost: localhost\r\n"
                 "Connection: close") in (200, 400), "splitting")
    split = raw(world.page_port, b"GET /login?next=/a%0d%0aSet-Cookie:%20x=1 HTTP/1.1\r\n"
                b"Host: localhost\r\nConnection: close\r\n\r\n")
    check(b"\r\nSet-Cookie" not in split, "a header was planted")
    check(status("GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost") == 400, "..")


def what_is_typed_comes_back_escaped(world):
    answer = login(world, f"user={EVIL}&password=x&next=/{EVIL}", Accept="text/html")
    check(answer.status == 401 and EVIL.encode() not in answer.body, "an unescaped user name")
    check(b"&lt;script&gt;" in answer.body, "the name is not shown again")
    for header, value in (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"),
                          ("Referrer-Policy", "same-origin")):
        check(answer.headers[header] == value, header)
    check("frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], "policy")


def guessing_gets_slower(world):
    def guess():
        answer = login(world, "user=anna&password=wrong")
        return answer.status, answer.problem(), int(answer.headers.get("Retry-After", 0))
    first = [guess() for _ in range(4)]  # one failed before
    check(all(seen[:2] == (401, "wrong-login") for seen in first), f"{first}")
    wait_for(lambda: guess()[0] == 429, "a lockout")
    locked = login(world, f"user=anna&password={PASSWORD.replace(' ', '+')}")
    check(locked.problem() == "locked-out", f"the right password during a lockout: {locked.body}")
    waits = []
    wait_for(lambda: waits.append(guess()[2]) or max(waits) >= 4, "a growing delay", 20)
    cookie_in(login(world, f"token={command(world, 'login').split('token=')[1]}"))


def everything_is_written_down(world, token):
    answer = page(world, "POST", "/v1/delivery/retry", Authorization=f"Bearer {token}")
    check(answer.status == 200, f"by token: {answer.body}")
    wanted = {("anna@127.0.0.1", "login", "done"), ("anna@127.0.0.1", "login", "wrong-login"),
              ("unknown user@127.0.0.1", "login", "link-used"),
              ("anna@127.0.0.1", "delivery-pause", "done"),
              ("token:script@127.0.0.1", "delivery-retry", "done"),
              ("anna@127.0.0.1", "logout", "done")}

    def seen():
        rows = once(control(world), "GET", "/v1/audit?limit=1000").json()["audit"]
        there = {(row["actor"], row["action"], row["outcome"]) for row in rows}
        check(not any(EVIL in row["actor"] for row in rows), "an unknown name is in the audit")
        return wanted <= there and any(a[:2] == ("link:uid:0@127.0.0.1", "login") for a in there)
    wait_for(seen, "all of it in the audit", 10)
    for secret in (token, PASSWORD):
        with open(world.path("access.json")) as file:
            check(secret not in file.read(), "a secret in the file")
        check(secret not in world.agent.text(), "a secret in the log")


def the_admin_port_takes_only_from_those_who_may():
    with World() as world:
        world.start(broker=False, collector=False)
        nobody_gets_further_than_the_overview(world)
        by_link, anna, token = links_passwords_and_tokens(world)
        changes_need_the_sessions_own_form(world, by_link, anna)
        bytes_that_lie(world)
        what_is_typed_comes_back_escaped(world)
        check(page(world, "POST", "/logout", f"csrf={csrf_of(world, anna)}".encode(), Cookie=anna,
                   **FORM).status == 303, "logout")
        check(page(world, "GET", "/v1/events", Cookie=anna).problem() == "session-ended", "ended")
        guessing_gets_slower(world)
        everything_is_written_down(world, token)
        world.agent.restart()
        world.wait_ready()
        check(page(world, "GET", "/v1/events", Cookie=by_link).status == 401, "after a restart")
        check(page(world, "GET", "/v1/events", Authorization=f"Bearer {token}").status == 200,
              "a token after a restart")
    return "links, passwords, tokens, forms, hosts and bytes"


def a_port_for_the_network_speaks_tls_with_a_certificate_of_its_own():
    with World() as world:
        with open(world.path("agent.toml")) as file:
            text = file.read()
        with open(world.path("agent.toml"), "w") as file:
            file.write(text.replace(f'listen = "{world.page}"',
                                    f'listen = "0.0.0.0:{world.page_port}"'))
        world.agent.start()
        wait_for(lambda: once(control(world), "GET", "/readyz").status == 200, "the agent")
        context = ssl.create_default_context(cafile=world.path("admin-cert.pem"))
        check(os.stat(world.path("admin-key.pem")).st_mode & 0o777 == 0o600, "the key's mode")

        def over(method, target, body=None, headers=None):
            return once(over_tls(world.page_port, context), method, target, body, headers)

        told = subprocess.run([f"{BIN}/tillrelay", "--config", world.path("agent.toml"), "login"],
                              capture_output=True, text=True, timeout=30)
        der = ssl.PEM_cert_to_DER_cert(open(world.path("admin-cert.pem")).read())
        fingerprint = ":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest())
        check(fingerprint in told.stderr, f"another fingerprint: {told.stderr}")
        check(told.stdout.startswith("https://"), told.stdout)
        signed_in = over("POST", "/login", told.stdout.strip().split("?")[1].encode(), FORM)
        check(re.fullmatch(r"__Host-sid=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Strict; Secure",
                           signed_in.headers["Set-Cookie"]), signed_in.headers["Set-Cookie"])
        check(over("GET", "/v1/events", None, {"Cookie": cookie_in(signed_in)}).status == 200, "in")
        check(b"tls-required" in raw(world.page_port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              "plain HTTP was served")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that these versions are old is the point
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            over_tls(world.page_port, old).request("GET", "/")
            check(False, "TLS 1.1 was spoken")
        except (ssl.SSLError, ConnectionError):
            pass
        world.agent.restart()
        wait_for(lambda: over("GET", "/readyz").status == 200, "the same certificate again")
    return "made once, fingerprint told, Secure cookie, nothing below TLS 1.2"


def a_crowd_at_the_page_leaves_capture_and_health_alone():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    try:
        with World() as world, contextlib.ExitStack() as crowd:
            world.start(broker=False, collector=False)
            for index in range(2000):
                sock = crowd.enter_context(
                    socket.create_connection(("127.0.0.1", world.page_port), 30))
                with contextlib.suppress(OSError):  # more than 512 at once are closed
                    sock.sendall([b"", b"POST /login HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"
                                  b"X: "][index % 3])
                if index % 200 == 0:
                    check(once(control(world), "GET", "/healthz").status == 200, "health")
                    check(world.post(json.dumps({}).encode())[0] in (200, 400), "the intake")
            wait_for(lambda: world.get("/healthz")[0] == 200, "the crowd to be dropped", 30)
            return "health and intake answered throughout, the page again within 30 s"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    run(the_admin_port_takes_only_from_those_who_may,
        a_port_for_the_network_speaks_tls_with_a_certificate_of_its_own,
        a_crowd_at_the_page_leaves_capture_and_health_alone)
