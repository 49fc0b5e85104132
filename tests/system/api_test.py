#!/usr/bin/python3
"""The OpenAPI documents against the real daemon: every route answers as documented, with every
documented status, and bodies and headers are what the schemas say."""

import hashlib
import json
import os
import re
import threading

import jsonschema
from clients import Answer, control, once, plain, raw, sale
from harness import World, check, run, wait_for

JSON = {"Content-Type": "application/json"}


class Contract:
    """One OpenAPI document; remembers which answers it has seen."""

    def __init__(self, document):
        self.document, self.seen = document, set()
        check(document["openapi"] == "3.1.0", "not OpenAPI 3.1")
        for reference in re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(document)):
            part = document
            for name in reference.split("/"):
                check(name in part, f"#/{reference} is not there")
                part = part[name]
        ids = [o["operationId"] for _, _, o in self.operations()]
        check(len(ids) == len(set(ids)), "an operationId is used twice")

    def operations(self, listener=None):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if listener is None or listener in operation["x-listeners"]:
                    yield path, method, operation

    def _resolved(self, part):
        while "$ref" in part:
            name = part["$ref"].rsplit("/", 1)[1]
            part = self.document["components"]["responses"][name]
        return part

    def check(self, path, method, answer):
        """This answer is one of those documented for the operation."""
        where = f"{method.upper()} {path}: {answer.status}"
        responses = self.document["paths"][path][method]["responses"]
        check(str(answer.status) in responses, f"{where} is not documented: {answer.body[:300]}")
        response = self._resolved(responses[str(answer.status)])
        for name, header in response.get("headers", {}).items():
            value = answer.headers.get(name)
            check(value is not None or not header.get("required"), f"{where}: no {name}")
            if value is not None:
                self._valid(value, header["schema"], f"{where}: {name}")
        self.seen.add((path, method, answer.status))
        if "content" not in response:
            check(not answer.body, f"{where} has a body")
            return answer
        check(answer.type in response["content"], f"{where}: {answer.type}")
        body = answer.json() if "json" in answer.type else answer.body.decode("latin-1")
        self._valid(body, response["content"][answer.type]["schema"], where)
        if answer.type == "application/problem+json":
            check(answer.json()["status"] == answer.status, f"{where}: another status inside")
        return answer

    def _valid(self, value, schema, where):
        schema = {**schema, "components": self.document["components"]}
        try:
            jsonschema.Draft202012Validator(schema).validate(value)
        except jsonschema.ValidationError as error:
            check(False, f"{where}: {error.message} at {list(error.absolute_path)}")

    def check_all_seen(self, skip=()):
        """`skip` names answers that cannot be provoked from outside."""
        wanted = {(path, method, int(status)) for path, method, operation in self.operations()
                  for status, answer in operation["responses"].items()
                  if answer.get("$ref", "").rsplit("/", 1)[-1] not in skip}
        check(wanted <= self.seen, f"never seen: {sorted(wanted - self.seen)}")
        return len(wanted)

    def check_methods(self, connect, listener=None):
        """No path takes a method that is not documented: 405 names those that it takes."""
        methods = {}
        for path, method, operation in self.operations(listener):
            methods.setdefault(path, set()).add(method.upper())
        for path, documented in methods.items():
            answer = once(connect(), "PATCH", re.sub(r"{\w+}", "x", path))
            allowed = set(answer.headers.get("Allow", "").split(", ")) - {"HEAD"}
            check(answer.status == 405 and allowed == documented,
                  f"{path}: {answer.status}, allows {allowed}, documented {documented}")


def answer_in(text):
    """A raw answer as an Answer."""
    class Raw:
        def __init__(self):
            head, _, self.content = text.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            self.status = int(lines[0].split()[1])
            self.headers = dict(line.split(": ", 1) for line in lines[1:])

        def read(self):
            return self.content
    return Answer(Raw())


def head(extra, target="/v1/events", host="localhost"):
    return (f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"{extra}\r\n").encode()


def provoke(contract, world, token):
    """Every refusal of POST /v1/events that its head or body can earn."""
    port = world.intake_port
    auth = {**JSON, "Authorization": f"Bearer {token['token']}"}

    def post(status, problem, body, headers, target="/v1/events"):
        answer = once(plain(port), "POST", target, body=body, headers=headers)
        contract.check("/v1/events", "post", answer)
        check(answer.status == status, f"expected {status}: {answer.status} {answer.body}")
        check(problem is None or answer.problem() == problem, f"{problem}: {answer.body}")
        return answer

    def send(status, problem, data):
        answer = contract.check("/v1/events", "post", answer_in(raw(port, data)))
        check((answer.status, answer.problem()) == (status, problem), f"{answer.body}")

    key = {**auth, "Idempotency-Key": "k-1"}
    check(post(200, None, sale(1), key).headers["Idempotency-Key"] == "k-1", "key")
    check(post(200, None, sale(1), auth).json()["duplicate"] == 1, "no duplicate")
    mixed = post(200, None, b"[" + sale(2) + b',{"kind":"sale"}]', auth).json()
    check(mixed["stored"] == 1 and mixed["quarantined"] == 1, f"{mixed}")
    check(post(200, None, sale(3), auth, "/v1/events?dry_run=true").json()["stored"] == 1, "dry")
    check(post(400, "not-syntax", b'{"kind":}', auth).json()["offset"] == 8, "offset")
    post(400, "empty", b"[]", auth)
    post(401, "no-token", sale(4), JSON)
    post(401, "unknown-token", sale(4), {**JSON, "Authorization": "Bearer trt_x"})
    check(post(403, "not-this-register", b"[" + sale(4, "04") + b"]", auth).json()["document"] == 1,
          "which document")
    post(415, "content-type", sale(4), {**auth, "Content-Type": "application/pdf"})
    post(415, "content-encoding", sale(4), {**auth, "Content-Encoding": "gzip"})
    post(403, "cross-site", sale(4), {**auth, "Origin": "https://evil.example"})
    bearer = f"Authorization: Bearer {token['token']}\r\n"
    send(413, "body-too-large", head(bearer + "Content-Length: 99999999\r\n"))
    send(417, "unknown-expectation", head(bearer + "Expect: x\r\nContent-Length: 2\r\n"))
    send(421, "foreign-host", head(bearer + "Content-Length: 2\r\n", host="evil.example"))
    send(431, "header-too-large", head("X: " + "a" * 20_000 + "\r\n"))
    send(400, "host-required", head("Host: localhost\r\nContent-Length: 2\r\n"))


def too_many(contract, world, token):
    headers = {**JSON, "Authorization": f"Bearer {token['token']}"}
    for _ in range(20):
        answer = once(plain(world.intake_port), "POST", "/v1/events", body=b"[]", headers=headers)
        if answer.status == 429:
            check(answer.problem() == "too-many-requests", f"{answer.body}")
            return contract.check("/v1/events", "post", answer)
    check(False, "never too many")


def the_intake_answers_as_documented():
    with World(intake_lines=["require_token = true", "rate_per_s = 1", "burst = 15",
                             'listen = "127.0.0.1:PORT"']) as world:
        world.start(broker=False, collector=False)
        slow = {}
        patient = threading.Thread(target=lambda: slow.update(
            answer=raw(world.intake_port, b"POST /v1/events HTTP/1.1\r\nHost: loc")))
        patient.start()
        contract = Contract(once(plain(world.intake_port), "GET", "/openapi.json").json())
        contract.check("/openapi.json", "get", once(plain(world.intake_port), "GET",
                                                    "/openapi.json"))
        made = once(control(world), "POST", "/v1/registers/tokens", b'{"register":"3"}', JSON)
        provoke(contract, world, made.json())
        too_many(contract, world, made.json())
        contract.check_methods(lambda: plain(world.intake_port))
        check(world.status()["head"] == 2, f"stored: {world.status()['head']}")
        patient.join()
        check(contract.check("/v1/events", "post", answer_in(slow["answer"])).status == 408, "408")
    with World(store="") as world:
        world.start(broker=False, collector=False, agent=False)
        world.agent.start()
        unconfigured = answer_when_up(world)
        check(unconfigured.problem() == "not-configured", f"{unconfigured.body}")
        contract.check("/v1/events", "post", unconfigured)
    return f"{contract.check_all_seen()} documented answers seen and valid"



def answer_when_up(world):
    return wait_for(lambda: once(plain(world.intake_port), "POST", "/v1/events", body=sale(1),
                                 headers=JSON), "an answer")


def filled_book(count):
    return json.dumps({"v": 1, "tokens": [{"sha256": hashlib.sha256(str(i).encode()).hexdigest(),
                                           "created_at": "2026-11-24T00:00:00Z"}
                                          for i in range(count)]})


def check_tokens(contract, world):
    path, one = "/v1/registers/tokens", "/v1/registers/tokens/{id}"

    def add(status, body, headers=None):
        answer = contract.check(path, "post", once(control(world), "POST", path, body,
                                                   headers or JSON))
        check(answer.status == status, f"expected {status}: {answer.status} {answer.body}")
        return answer

    def remove(status, name):
        answer = contract.check(one, "delete", once(control(world), "DELETE", f"{path}/{name}"))
        check(answer.status == status, f"expected {status}: {answer.status}")

    made = add(201, b'{"register":"03"}').json()
    add(409, b'{"any":true}')
    remove(204, made["id"])
    remove(404, made["id"])
    add(201, b'{"any":true}')
    listed = contract.check(path, "get", once(control(world), "GET", path)).json()["tokens"]
    check(len(listed) == 4096, f"{len(listed)} tokens")
    add(400, b"{}")
    add(413, b" " * 5000)
    add(415, b"{}", {"Content-Type": "text/plain"})
    remove(204, listed[0]["id"])
    os.mkdir(world.path("tokens.json.tmp"))  # in the way of the new file
    add(503, b'{"any":true}')
    remove(503, listed[1]["id"])


def full_access():
    """64 users and 255 tokens; nobody knows a password of theirs."""
    hash_of_nobody = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
    return json.dumps({"v": 1, "users": [{"name": f"user{i}", "role": "view",
                                          "password": hash_of_nobody} for i in range(64)],
                       "tokens": [{"name": "script", "role": "view", "created_at":
                                   "2026-11-24T00:00:00Z", "sha256":
                                   hashlib.sha256(str(i).encode()).hexdigest()}
                                  for i in range(255)]})


def check_access(contract, world):
    """Users, API tokens, links and logins, with every answer that they can have."""
    def call(status, method, path, body=None, headers=None, connect=None, **parts):
        connection = connect(world) if connect else control(world)
        answer = once(connection, method, path.format(**parts), body, headers or JSON)
        contract.check(path, method.lower(), answer)
        check(answer.status == status, f"{method} {path}: expected {status}: {answer.body}")
        return answer

    user, one = "/v1/users/{name}", "/v1/tokens/{id}"
    secret = b'{"password":"correct horse battery","role":"operate"}'
    call(409, "PUT", user, secret, name="anna")
    call(204, "DELETE", user, name="user1")
    call(404, "DELETE", user, name="user1")
    call(204, "PUT", user, secret, name="anna")
    call(400, "PUT", user, b"{}", name="anna")
    call(415, "PUT", user, b"{}", {"Content-Type": "text/plain"}, name="anna")
    check(len(call(200, "GET", "/v1/users").json()["users"]) == 64, "users")
    made = call(201, "POST", "/v1/tokens", b'{"name":"script","role":"view"}').json()
    call(409, "POST", "/v1/tokens", b'{"name":"script","role":"view"}')
    call(400, "POST", "/v1/tokens", b"{}")
    call(415, "POST", "/v1/tokens", b"{}", {"Content-Type": "text/plain"})
    call(204, "DELETE", one, id=made["id"])
    call(404, "DELETE", one, id=made["id"])
    listed = call(200, "GET", "/v1/tokens").json()["tokens"]
    os.mkdir(world.path("access.json.tmp"))  # in the way of the new file
    call(503, "PUT", user, secret, name="anna")
    call(503, "DELETE", user, name="anna")
    call(503, "DELETE", one, id=listed[0]["id"])
    call(503, "POST", "/v1/tokens", b'{"name":"script","role":"view"}')
    os.rmdir(world.path("access.json.tmp"))
    call(204, "DELETE", one, id=listed[0]["id"])

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    link = call(201, "POST", "/v1/login-links").json()["url"].split("token=")[1]

    def page(status, method, path, body=None, headers=None):
        return call(status, method, path, body, headers or form, lambda w: plain(w.page_port))

    page(303, "POST", "/login", f"token={link}".encode())
    page(401, "POST", "/login", f"token={link}".encode())
    page(401, "POST", "/login", b"user=x&password=y", {**form, "Accept": "text/html"})
    page(303, "POST", "/logout")
    page(303, "POST", "/language", b"language=de&next=/events")
    page(400, "POST", "/language", b"language=xx")
    for _ in range(6):
        answer = once(plain(world.page_port), "POST", "/login", b"user=x&password=y", form)
    check(contract.check("/login", "post", answer).status == 429, f"no lockout: {answer.status}")


def check_roles(contract, world):
    """On the page's port each role may what x-role says, and no more."""
    def token(role):
        made = once(control(world), "POST", "/v1/tokens",
                    json.dumps({"name": role, "role": role}).encode(), JSON)
        return {"Authorization": f"Bearer {made.json()['token']}", **JSON}

    viewer, link = token("view"), once(control(world), "POST", "/v1/login-links").json()["url"]
    answer = once(plain(world.page_port), "POST", "/login", f"token={link.split('=')[1]}".encode(),
                  {"Content-Type": "application/x-www-form-urlencoded"})
    cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0], **JSON}
    for path, method, operation in contract.operations("status"):
        if operation["x-role"] not in ("view", "operate"):
            continue
        target, operate = re.sub(r"{\w+}", "1", path), operation["x-role"] == "operate"

        def answered(headers):
            answer = once(plain(world.page_port), method.upper(), target, None, headers)
            return answer.status, answer.problem() if "problem" in answer.type else None

        check(answered({}) == (401, "login-required"), f"{method} {path} without login")
        if operate:
            check(answered(viewer) == (403, "not-allowed"), f"{method} {path} by a viewer")
            check(answered(cookie) == (403, "csrf"), f"{method} {path} without the token")
        else:
            if path == "/v1/session":
                contract.check(path, method, once(plain(world.page_port), "GET", path, None,
                                                  viewer))
            check(answered(viewer)[0] in (200, 404), f"{path}: {answered(viewer)}")
            check(answered(cookie)[0] in (200, 404), f"{path}: {answered(cookie)}")


# The pages are looked at in a browser, tests/e2e.
PAGES = ("View", "Elsewhere", "ViewOfFailure")


def acknowledge_an_issue(call):
    issues = call(200, "GET", "/v1/issues", query="?state=all")["issues"]
    names = [issue["issue"] for issue in issues]
    check("quarantine" in names, f"{names}")
    call(400, "GET", "/v1/issues", query="?state=some")
    path = "/v1/issues/acknowledge"
    call(400, "POST", path, b'{"issue":"quarantine"}')
    call(404, "POST", path, b'{"issue":"none","note":"seen"}')
    call(200, "POST", path, b'{"issue":"quarantine","note":"the till is being mended"}')
    call(409, "POST", path, b'{"issue":"quarantine","note":"once more"}')


def check_admin(contract, world):
    """Quarantine, events, books and delivery over the control socket."""
    stored = once(plain(world.intake_port), "POST", "/v1/events", b"[" + sale(1) + b"," + sale(2) +
                  b',{"kind":"sale"},{"kind":"return"},{"kind":"exchange"}]', JSON)
    check(stored.json()["quarantined"] == 3, f"{stored.body}")

    def call(status, method, path, body=None, **parts):
        target = path.format(**parts)
        answer = once(control(world), method, target + parts.get("query", ""), body, JSON)
        contract.check(path, method.lower(), answer)
        check(answer.status == status, f"{target}: expected {status}: {answer.body}")
        return answer.json()

    for path in ("/v1/events", "/v1/quarantine", "/v1/audit"):
        call(200, "GET", path, query="?limit=2")
        call(400, "GET", path, query="?before=x")
    check(len(call(200, "GET", "/v1/events", query="?after=0")["events"]) == 2, "after")
    call(200, "GET", "/v1/events/{id}", id=1)
    call(404, "GET", "/v1/events/{id}", id=99)
    life = [step["step"] for step in call(200, "GET", "/v1/events/{id}", id=1)["life"]]
    check(life[:2] == ["captured", "stored"], f"{life}")
    for span, places in (("1h", 60), ("24h", 288), ("7d", 168), ("90d", 2160)):
        series = call(200, "GET", "/v1/history", query=f"?range={span}")["series"]
        check(all(len(values) == places for values in series.values()), f"{span}: {series}")
    call(400, "GET", "/v1/history", query="?range=1y")
    lines = call(200, "GET", "/v1/log", query="?level=info")["lines"]
    check(any("is ready" in line["text"] for line in lines), "no line of the start")
    call(400, "GET", "/v1/log", query="?level=loud")
    shown = {s["key"]: s["file"] for s in call(200, "GET", "/v1/system")["settings"]}
    check(shown["store_id"].endswith("agent.toml") and shown["limits.depth"] == "", "who set it")
    contract.check("/v1/support-bundle", "get", once(control(world), "GET", "/v1/support-bundle"))
    check(call(200, "GET", "/v1/registers")["registers"][0]["sales"] == 2, "registers")
    check(len(call(200, "GET", "/v1/days")["days"]) == 1, "days")
    check_day_sheet(contract, world, call)
    acknowledge_an_issue(call)
    one = "/v1/quarantine/{ticket}"
    call(200, "GET", one, ticket=1)
    call(404, "GET", one, ticket="x")
    corrected = b'{"document":%s}' % sale(3)
    for way, bad, good in (("retry", b"[]", None), ("resubmit", b"{}", corrected),
                           ("discard", b"{}", b'{"reason":"a test"}')):
        call(400, "POST", f"{one}/{way}", bad, ticket=1)
        call(404, "POST", f"{one}/{way}", good, ticket=99)
        gone = call(200, "POST", f"{one}/{way}", good, ticket=2 if way == "discard" else 1)
        check(gone["resolved"] == (way != "retry"), f"{way}: {gone}")
    check_worklist(contract, world, call)
    call(200, "POST", "/v1/reload")
    with open(world.path("agent.toml"), "a") as file:
        file.write("[nonsense]\n")
    call(409, "POST", "/v1/reload")
    for way in ("pause", "resume", "retry"):
        call(200, "POST", f"/v1/delivery/{way}")
    check_replays(call, world)
    check_trail(call, world)
    check_refused_parameters(contract, world, call)
    check_whole_export(contract, world)
    wait_for(lambda: len(call(200, "GET", "/v1/audit")["audit"]) >= 7, "the acts in the audit", 20)


def check_day_sheet(contract, world, call):
    """What came beside what the register reported, late ones, totals."""
    def send(document):
        answer = once(plain(world.intake_port), "POST", "/v1/events",
                      json.dumps(document).encode(), JSON)
        check(answer.json()["stored"] == 1, f"{answer.body}")

    def bill(number, amount):
        document = json.loads(sale(number, "09"))
        document["transaction"]["business_day"] = "2026-11-20"
        document.update(currency="EUR", totals={"net_amount": amount},
                        tenders=[{"type": "cash", "amount": amount}])
        return document

    path = "/v1/days/{day}/{register}"
    day = {"day": "2026-11-20", "register": "09"}
    call(404, "GET", path, **day)
    call(404, "GET", path, day="20.11.2026", register="9")
    call(400, "GET", path, **day, query="?format=xml")
    for number, amount in ((1, "10.00"), (2, "2.50")):
        send(bill(number, amount))
    send({"kind": "day_closed",
          "close": {"store_id": "0042", "register_id": "09", "business_day": "2026-11-20",
                    "z_no": "17", "closed_at": "2026-11-20T22:05:00+01:00"},
          "pos_control": {"transaction_count": 4, "first_transaction_no": 1,
                          "last_transaction_no": 4, "net_amount": "17.00"}})
    send(bill(4, "4.00"))
    sheet = call(200, "GET", path, **day)
    figures = {name: tuple(figure.values()) for name, figure in sheet["figures"].items()}
    check(figures["documents"] == ("3", "4", "-1"), f"{figures}")
    check(figures["net_amount"] == ("16.50", "17.00", "-0.50"), f"{figures}")
    check(figures["last_number"] == ("4", "4", "0") and sheet["gaps"] == "3", f"{sheet}")
    check(sheet["totals_by_tender"] == [{"type": "cash", "currency": "EUR", "payments": 3,
                                         "amount": "16.50"}], f"{sheet}")
    check([late["subject"][-2:] for late in sheet["late"]] == ["/4"], f"{sheet['late']}")
    check(sheet["counted"] == 3 and not sheet["confirmed"], f"{sheet}")
    exported = once(control(world), "GET", "/v1/days/2026-11-20/9?format=csv")
    contract.check(path, "get", exported)
    check(b'"figure","net_amount","16.50","17.00","-0.50"' in exported.body, f"{exported.body}")


def check_worklist(contract, world, call):
    """Many documents at once: filtered, ordered, exported, resolved."""
    def wrong(number, register="07"):
        document = json.loads(sale(number, register))
        document["lines"][0]["quantity"] = "1,5"
        return json.dumps(document).encode()

    path = "/v1/quarantine"
    for number in range(100, 110):
        once(plain(world.intake_port), "POST", "/v1/events", wrong(number), JSON)
    once(plain(world.intake_port), "POST", "/v1/events", wrong(110, "-1-2"), JSON)
    of_seven = call(200, "GET", path, query="?register=7&order=oldest&limit=4")
    check(of_seven["matching"] == 10, f"{of_seven}")
    found = of_seven["documents"]
    check([(row["register_id"], row["number"]) for row in found] ==
          [("7", str(number)) for number in range(100, 104)], f"{found}")
    check(of_seven["reasons"]["bad-value"] == 11, f"{of_seven['reasons']}")
    rest = call(200, "GET", path, query="?register=07&order=oldest&limit=100&skip=4")["documents"]
    check([row["number"] for row in rest] == [str(number) for number in range(104, 110)], f"{rest}")
    check(call(200, "GET", path, query="?text=no+such+word")["matching"] == 0, "text")
    for query in ("?order=age", "?skip=x", "?format=xml"):
        call(400, "GET", path, query=query)
    exported = once(control(world), "GET", path + "?register=-1-2&format=csv")
    contract.check(path, "get", exported)
    check(b'"\'-1-2"' in exported.body and exported.body.count(b"\r\n") == 2, f"{exported.body}")
    for lists in ("/v1/events", "/v1/days"):
        contract.check(lists, "get", once(control(world), "GET", lists + "?format=csv"))
    for query in ("/v1/events?business_day=29.11.2026", "/v1/events?kind=sales",
                  "/v1/days?from=yesterday"):
        call(400, "GET", query.split("?")[0], query="?" + query.split("?")[1])
    tickets = [row["ticket"] for row in found + rest]
    for bad in ({}, {"tickets": []}, {"tickets": ["1"]}, {"tickets": tickets},
                {"tickets": tickets, "reason": " "}, {"tickets": tickets, "reason": "x" * 501}):
        call(400, "POST", f"{path}/discard", json.dumps(bad).encode())
    call(400, "POST", f"{path}/retry", b"")
    tried = call(200, "POST", f"{path}/retry", json.dumps({"tickets": tickets}).encode())
    check(tried == {"resolved": 0, "gone": 0, "left": tickets}, f"{tried}")
    order = json.dumps({"tickets": tickets + [9999], "reason": "ü" * 500}).encode()
    check(call(200, "POST", f"{path}/discard", order) ==
          {"resolved": 10, "gone": 1, "left": []}, "discarded")
    check(call(200, "GET", path, query="?register=7")["matching"] == 0, "left")
    acts = call(200, "GET", "/v1/audit", query="?limit=1000")["audit"]
    check(sum(act["reason"] == "ü" * 500 for act in acts) == 10, "one act for each")


def check_trail(call, world):
    """What differs from the stored document, and what a correction leaves behind."""
    def send(quantity, number="4711", **more):
        document = json.loads(sale(number, "08"))
        document["lines"][0].update(quantity=quantity, **more)
        answer = once(plain(world.intake_port), "POST", "/v1/events",
                      json.dumps(document).encode(), JSON).json()
        return answer["results"][0], document

    path = "/v1/quarantine/{ticket}"
    first, _ = send("2")
    other, _ = send("3", net_amount="9.99")
    check(other["reason"] == "changed", f"{other}")
    ticket = call(200, "GET", path, ticket=other["ticket"])
    check(ticket["stored"]["id"] == first["id"], f"{ticket}")
    differences = {one["member"]: (one["stored"], one["new"]) for one in ticket["difference"]}
    check(differences["lines[0].quantity"] == ("2", "3"), f"{differences}")
    check(not any(member.startswith("origin") for member in differences), f"{differences}")
    check_trail_of_documents(call, world)
    wrong, document = send("1,5", number="4712")
    card = "4111111111111111"
    document["lines"][0].update(quantity="1.5")
    document["lines"][0]["item"]["description"] = f"card {card}"
    body = json.dumps({"document": document}).encode()
    done = call(200, "POST", path + "/resubmit", body, ticket=wrong["ticket"])
    check(done["resolved"], f"{done}")
    event = call(200, "GET", "/v1/events/{id}", id=done["results"][0]["id"])
    step = next(step for step in event["life"] if step["step"] == "corrected")
    for told in (f"ticket/{wrong['ticket']}", "lines[0].quantity: 1,5 -> 1.5", "uid:"):
        check(told in step["detail"], f"{told} is missing in {step}")
    act = next(act for act in call(200, "GET", "/v1/audit")["audit"]
               if act["subject"] == f"ticket/{wrong['ticket']}")
    check(event["id"] in act["outcome"] and "1,5 -> 1.5" in act["outcome"], f"{act}")
    check(card not in json.dumps([event["life"], act]), "a card number is in the trail")
    kept, document = send("2", number="4713", uom="EA")
    call(404, "GET", path, ticket=9999)
    life = call(200, "GET", "/v1/events/{id}", id=kept["id"])["life"]
    check("corrected" not in str(life), "nobody corrected this one")


def check_trail_of_documents(call, world):
    """What has no receipt's number, told again with other content."""
    day = "2026-11-21"
    goods = [{"item": {"sku": "A"}, "quantity": "1", "uom": "EA"}]
    moved = {"transfer_id": "T-9", "receipt_id": "R-9", "from_store_id": "0017",
             "to_store_id": "0042", "business_day": day, "received_at": f"{day}T10:00:00+01:00"}
    documents = {
        "stock_counted": ({"count": {"count_id": "C-9", "store_id": "0042", "kind": "cycle",
                                     "business_day": day, "as_of": f"{day}T21:30:00+01:00"},
                           "lines": [{"item": {"sku": "A"}, "counted": "17", "uom": "EA"}]},
                          lambda d: d["lines"][0].update(counted="18"), "lines[0].counted"),
        "transfer_received": ({"transfer": moved, "lines": goods},
                              lambda d: d["lines"][0].update(quantity="2"), "lines[0].quantity"),
        "stock_adjusted": ({"adjustment": {"adjustment_id": "A-9", "store_id": "0042",
                                           "business_day": day, "reason": "theft",
                                           "adjusted_at": f"{day}T20:00:00+01:00"},
                            "lines": goods},
                           lambda d: d["lines"][0].update(quantity="2"), "lines[0].quantity"),
        "day_closed": ({"close": {"store_id": "0042", "register_id": "08", "business_day": day,
                                  "z_no": "99", "closed_at": f"{day}T22:05:00+01:00"},
                        "pos_control": {"transaction_count": 7}},
                       lambda d: d["pos_control"].update(transaction_count=8),
                       "pos_control.transaction_count")}
    for kind, (document, change, member) in documents.items():
        document = {"kind": kind, **document}
        before = json.dumps(document)
        document = json.loads(before)
        change(document)
        told = [once(plain(world.intake_port), "POST", "/v1/events", body.encode(), JSON).json()
                for body in (before, json.dumps(document))]
        first, other = (answer["results"][0] for answer in told)
        check(other.get("reason") == "changed", f"{kind}: {told}")
        ticket = call(200, "GET", "/v1/quarantine/{ticket}", ticket=other["ticket"])
        check(ticket["stored"]["id"] == first["id"], f"{kind}: {ticket}")
        check(member in [one["member"] for one in ticket["difference"]], f"{kind}: {ticket}")


def check_refused_parameters(contract, world, call):
    """A misspelt filter is no filter that finds nothing."""
    for path, query in (("/v1/events", "?regsiter=3"), ("/v1/quarantine", "?reason=chnaged"),
                        ("/v1/quarantine", "?resaon=changed"), ("/v1/days", "?form=2026-11-21"),
                        ("/v1/audit", "?limt=2"), ("/v1/issues", "?State=all"),
                        ("/v1/log", "?lvl=info"), ("/v1/history", "?span=1h"),
                        ("/v1/status", "?x"), ("/v1/system", "?x=1"), ("/v1/registers", "?x=1"),
                        ("/v1/replays", "?x=1"), ("/v1/users", "?x=1"), ("/v1/tokens", "?x=1")):
        answer = once(control(world), "GET", path + query)
        check(answer.status == 400, f"{path}{query}: {answer.status} {answer.body}")
    for page in ("/?x=1", "/quarantine?reason=chnaged", "/quarantine?order=age", "/events?text=a",
                 "/events?before=x", "/days?day=2026-11-21", "/system?level=loud",
                 "/charts?range=1y", "/audit?before=-1", "/issues?x=1"):
        check(once(control(world), "GET", page).status == 400, page)
    for path in ("/healthz", "/metrics", "/assets/style.css"):  # of load balancers and caches
        check(once(control(world), "GET", path + "?x=1").status == 200, path)
    for query in ("?dryrun=true", "?dry_run=yes"):
        answer = once(plain(world.intake_port), "POST", "/v1/events" + query, sale(990), JSON)
        check(answer.status == 400, f"{query}: {answer.body}")
    check(call(200, "GET", "/v1/events", query="?number=990")["events"] == [], "nothing was stored")


def check_whole_export(contract, world):
    """As many rows as there are, however many pieces they are read in."""
    sales = b"[" + b",".join(sale(number, "11") for number in range(5000, 6100)) + b"]"
    stored = once(plain(world.intake_port), "POST", "/v1/events", sales, JSON).json()["stored"]
    check(stored == 1100, f"{stored}")
    for query, rows in (("?format=csv&register=11", 1100), ("?format=csv&after=0", None),
                        ("?format=csv&register=11&limit=1050", 1050)):
        answer = once(control(world), "GET", "/v1/events" + query)
        contract.check("/v1/events", "get", answer)
        lines = answer.body.splitlines()[1:]
        check(len(set(lines)) == len(lines), f"{query}: a row comes twice")
        check(len(lines) == rows or (rows is None and len(lines) > 1100), f"{query}: {len(lines)}")


def check_replays(call, world):
    """Previews, refusals, and one that a cap of one event a second keeps running."""
    def order(status, **wish):
        return call(status, "POST", "/v1/replays", json.dumps(wish).encode())

    wait_for(lambda: world.status()["sent_through"] == world.status()["head"], "all sent", 30)
    day = call(200, "GET", "/v1/days")["days"][0]["business_day"]
    check(order(200, business_day=day, preview=True) == {"events": 3, "exact": True}, "day")
    check(order(200, **{"from": 2, "through": 9}, preview=True) == {"events": 6, "exact": True},
          "numbers")
    hour = {"recorded_from": "2020-01-01T00:00:00Z", "recorded_through": "2099-01-01T00:00:00Z"}
    check(order(200, **hour, preview=True) == {"events": 7, "exact": True}, "time")
    for wrong in ({}, {"from": 1}, {"from": 3, "through": 2}, {"business_day": "2026-02-30"},
                  {"recorded_from": "yesterday", "recorded_through": "today"},
                  {"from": 1, "through": 2, "business_day": day}, {"from": 99, "through": 99}):
        order(400, **wrong)
    order(404, **{"from": 1, "through": 1}, stream="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    started = order(202, business_day=day, reason="a test")
    order(409, business_day=day)
    call(404, "GET", "/v1/replays/{id}", id="x")
    wait_for(lambda: call(200, "GET", "/v1/replays/{id}", id=started["id"])["state"] == "done",
             "the end of the replay", 30)
    replays = call(200, "GET", "/v1/replays")["replays"]
    check([r["id"] for r in replays] == [started["id"]] and replays[0]["sent"] == 3, f"{replays}")


def the_page_and_the_control_socket_answer_as_documented():
    with World(agent_lines=["[delivery]", "max_events_per_s = 1"]) as world:
        with open(world.path("tokens.json"), "w") as file:
            file.write(filled_book(4095))
        with open(world.path("access.json"), "w") as file:
            file.write(full_access())
        world.start(collector=False)
        contract = Contract(once(plain(world.page_port), "GET", "/api/openapi.json").json())
        for listener, connect in (("status", lambda: plain(world.page_port)),
                                  ("control", lambda: control(world))):
            for path, method, operation in contract.operations(listener):
                if method != "get" or path.startswith("/v1/") and path != "/v1/status":
                    continue
                if listener == "status" and operation["x-role"] == "view":
                    continue  # check_roles
                for parameter in operation.get("parameters", []):
                    path_now = path.replace("{%s}" % parameter["name"],
                                            parameter.get("example", ""))
                    if parameter["in"] == "path":
                        break
                else:
                    path_now = path
                contract.check(path, method, once(connect(), "GET", path_now))
            for query, status in (("once", 200), ("once&language=de", 200), ("language=xx", 400)):
                answer = once(connect(), "GET", f"/v1/live?{query}")
                check(contract.check("/v1/live", "get", answer).status == status, query)
            contract.check_methods(connect, listener)
        tag = once(plain(world.page_port), "GET", "/assets/style.css").headers["ETag"]
        for name, headers in (("none", {}), ("style.css", {"If-None-Match": tag})):
            contract.check("/assets/{name}", "get", once(plain(world.page_port), "GET",
                                                         f"/assets/{name}", headers=headers))
        for path, _, operation in contract.operations():
            if "status" not in operation["x-listeners"]:
                there = once(plain(world.page_port), "GET", re.sub(r"{\w+}", "x", path))
                # A name of these may also fit /v1/.../{...} of the page, which then needs a login.
                check(there.status in (404, 405), f"{path} is open on the page's port")
        check_tokens(contract, world)
        check_access(contract, world)
        check_roles(contract, world)
        check_admin(contract, world)
        check(once(control(world), "POST", "/v1/events", sale(1), JSON).status == 405, "intake")
    with World(store="") as world:
        world.agent.start()
        answer_when_up(world)
        contract.check("/readyz", "get", once(plain(world.page_port), "GET", "/readyz"))
    return f"{contract.check_all_seen(skip=['Later', *PAGES])} documented answers seen and valid"


if __name__ == "__main__":
    run(the_intake_answers_as_documented,
        the_page_and_the_control_socket_answer_as_documented)
