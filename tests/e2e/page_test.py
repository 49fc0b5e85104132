#!/usr/bin/python3
"""The status page in a real browser: Debian's Chromium, a real daemon, a real broker.

This side owns the world; page.mjs owns the browser and asks for changes, a line each way. The two
npm packages (package-lock.json) are installed beside the build, without their scripts.
"""

import json
import os
import re
import signal
import sqlite3
import struct
import subprocess
import time
import urllib.parse

from drive import drive, install  # first: it says where the others are
from clients import once, plain, sale
from harness import BIN, World, check, run, wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Story:
    """Answers what the browser's side asks for."""

    def __init__(self, world):
        self.world, self.next, self.told = world, 4691, ""

    def cli(self, *arguments):
        done = subprocess.run([f"{BIN}/tillrelay", "--config", self.world.path("agent.toml"),
                               *arguments], capture_output=True, text=True, timeout=30)
        check(done.returncode == 0, f"tillrelay {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def sell(self, count):
        for _ in range(count):
            status, answer = self.world.post(sale(self.next))
            check(status == 200 and answer["stored"] == 1, f"{status} {answer}")
            self.next += 1

    def prepare(self):
        self.sell(20)
        status, answer = self.world.post(sale("004711"))
        check(answer["stored"] == 1, f"{status} {answer}")
        self.next = 4713  # 4712 will come in a form that cannot be taken
        self.sell_on("01", 3)
        self.live_through_a_day()
        self.sell_on("02", 4)
        self.world.wait_delivered()

    def live_through_a_day(self):
        """A history as a day leaves it behind, with an outage of two hours."""
        self.world.agent.kill(signal.SIGTERM)
        now = int(time.time()) // 60
        with sqlite3.connect(self.world.path("journal.db")) as db:
            for minute in range(now - 24 * 60, now):
                age = now - minute
                out, rate = 300 < age < 420, 0.2 + 0.15 * (minute % 7)
                waits = (420 - age) * 9 if out else minute % 3
                db.execute("INSERT OR REPLACE INTO history VALUES(0,?,?,?,?,?,?,?,?,?,?)", (
                    minute % (7 * 24 * 60), minute * 60, waits * 1000, int(rate * 1000),
                    0 if out else int(rate * 1000), *((None,) * 4 if out else
                                                      (4_000, 19_000, 31_000, 140_000)),
                    0 if out else 1000))
        self.world.agent.start()
        self.world.wait_ready()

    def leap(self, seconds):
        """The agent's monotonic clock is ahead by so much."""
        with open(self.world.path("leap"), "r+b" if os.path.exists(self.world.path("leap"))
                  else "wb") as file:
            file.write(struct.pack("=q", seconds * 1_000_000_000))

    def sell_on(self, register, count):
        for number in range(1, count + 1):
            self.world.post(sale(number, register))

    def sell_wrongly(self, number):
        document = json.loads(sale(number))
        document["lines"][0]["quantity"] = "1,5"
        status, answer = self.world.post(json.dumps(document).encode())
        check(answer["quarantined"] == 1, f"{status} {answer}")

    def sell_changed(self, number):
        """A document under a number that is stored with other lines; the ticket."""
        document = json.loads(sale(number))
        document["lines"].append({"item": {"sku": "99", "description": "Umbrella"},
                                  "quantity": "1", "uom": "EA", "net_amount": "12.00"})
        _, answer = self.world.post(json.dumps(document).encode())
        check(answer["results"][0]["reason"] == "changed", f"{answer}")
        return answer["results"][0]["ticket"]

    def views(self):
        self.sell_wrongly("5000")
        changed = self.sell_changed("004711")
        self.world.broker.kill()  # every view while something is wrong says more
        self.sell(2)
        event = self.world.local("SELECT max(position) FROM event")[0][0]
        ticket = changed - 1
        return ["/", "/delivery", "/charts?range=24h", "/registers", "/quarantine",
                f"/quarantine/{ticket}", "/events", "/events?q=004711+register+3",
                f"/quarantine/{changed}", f"/events/{event}", "/days", "/days/2026-11-21/3",
                "/issues", "/system", "/audit"]

    def answer(self, what, details):
        world = self.world
        if what == "broker-stop":
            world.broker.kill()
        elif what == "broker-start":
            world.start(agent=False, collector=False)
            world.collector.restart()  # instead of waiting for its next try
        elif what == "agent-freeze":
            world.agent.child.send_signal(signal.SIGSTOP)
        elif what == "agent-thaw":
            world.agent.child.send_signal(signal.SIGCONT)
        elif what == "login-link":
            return re.search(r"https?://\S+", self.cli("login"))[0]
        elif what == "end-sessions":
            world.agent.restart()
            world.wait_ready()
        elif what == "centre-page":
            return f"http://{world.centre_page}/"
        elif what == "done":
            self.told = details[0]
        else:
            return getattr(self, what.replace("-", "_"))(*details)
        return None


def signed_in(story):
    """(cookie, token for forms) of a session that a one-time link has opened."""
    token = story.answer("login-link", []).split("token=")[1]
    answer = once(plain(story.world.page_port), "POST", "/login", f"token={token}".encode(), FORM)
    check(answer.status == 303, f"login: {answer.status}")
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    return cookie, answer.headers["Location"].split("#csrf=")[1]


def page_refuses_who_should_not_be_there():
    with World() as world:
        world.start(collector=False)
        wait_for(lambda: world.status()["state"] == "online", "the connection")
        cookie, csrf = signed_in(Story(world))
        own = {**FORM, "Cookie": cookie}

        def post(body, headers):
            answer = once(plain(world.page_port), "POST", "/delivery/pause", body, headers)
            return answer.status, answer.headers.get("Location")

        good = f"csrf={csrf}".encode()
        for what, expected, body, headers in (
                ("another Host", 421, good, {**own, "Host": "attacker.example"}),
                ("a foreign Origin", 403, good, {**own, "Origin": "https://attacker.example"}),
                ("another site's form", 403, good, {**own, "Sec-Fetch-Site": "cross-site"}),
                ("no token", 403, b"", own),
                ("another token", 403, b"csrf=" + b"0" * len(csrf), own),
                ("no session", 401, good, FORM),
                ("an unknown session", 401, good, {**FORM, "Cookie": "sid=" + "0" * 32})):
            status, _ = post(body, headers)
            check(status == expected, f"{what}: {status}, expected {expected}")
        check(world.status()["state"] == "online", "one of them was obeyed")
        check(post(good, own) == (303, "/delivery?done=pause"), "the right one is refused")
        once(plain(world.page_port), "POST", "/logout", good, own)
        check(post(good, own)[0] == 401, "a session outlives its logout")
        check(post(good, {**own, "Accept": "text/html"}) == (303, "/login"), "no way to sign in")
        return "7 kinds of strangers refused"


def a_login_that_may_only_look_is_offered_no_change():
    with World() as world:
        world.start(broker=False, collector=False)
        story = Story(world)
        story.sell_wrongly("4712")
        looker = {"Authorization": "Bearer " + re.search(
            r"tra_\S+", story.cli("token", "add", "looker", "--role", "view"))[0]}
        tried = 0
        for view in ("/", "/delivery", "/charts", "/registers", "/quarantine", "/quarantine/1",
                     "/events", "/days", "/issues", "/system", "/audit"):
            page = once(plain(world.page_port), "GET", view, None, looker)
            check(page.status == 200, f"{view}: {page.status}")
            offered = re.sub(rb'<footer class="languages">.*?</footer>', b"", page.body)
            check(b'method="post"' not in offered, f"{view} offers what would be refused")
            tried += 1
        for change in ("/delivery/pause", "/quarantine/1/discard", "/replays"):
            answer = once(plain(world.page_port), "POST", change, b"reason=x", {**FORM, **looker})
            check(answer.status == 403, f"{change}: {answer.status}")
        return f"{tried} views, 3 changes"


def a_reader_is_told_in_the_own_language():
    """Browser, setting and own choice; programs, log and stored issues stay English."""
    with World() as world:
        world.start(broker=False, collector=False)
        story = Story(world)
        story.sell_wrongly("4712")
        cookie, csrf = signed_in(story)
        german = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}

        def shown(target, headers):
            return once(plain(world.page_port), "GET", target, None,
                        {"Cookie": cookie, **headers}).body.decode()

        wait_for(lambda: "1 Beleg in Quarantäne" in shown("/issues", german), "the issue")
        own = {"Cookie": f"{cookie}; language=en"}
        check("1 document in quarantine" in shown("/issues", {**german, **own}), "own choice")
        check("Bitte anmelden" in once(plain(world.page_port), "GET", "/", None,
                                       german).body.decode(), "a stranger's page")
        check("<h1>Anmelden</h1>" in shown("/login", german), "the login")
        for target in ("/v1/issues", "/v1/quarantine", "/v1/nothing", "/v1/days"):
            check(shown(target, german) == shown(target, {}), f"{target} depends on the reader")
        wrong = once(plain(world.page_port), "POST", "/quarantine/1/discard",
                     f"csrf={csrf}&reason=+".encode(), {**FORM, "Cookie": cookie, **german})
        check("bitte angeben, warum der Beleg verworfen wird" in wrong.body.decode(), wrong.body)
        check("Beleg" not in world.agent.text() and "Filiale" not in world.agent.text(), "log")
        with open(world.path("agent.toml"), encoding="utf-8") as file:
            settings = file.read().replace("[status]", '[status]\nlanguage = "de"')
        with open(world.path("agent.toml"), "w", encoding="utf-8") as file:
            file.write(settings)
        world.agent.restart()
        world.wait_ready()
        check('<html lang="de">' in once(plain(world.page_port), "GET", "/login", None,
                                         {"Accept-Language": "en"}).body.decode(), "the setting")
        return "browser, setting, choice"


def many_documents_are_worked_off():
    """Ten equal tickets: filter, all of them, one button; and what the API refuses is refused."""
    with World() as world:
        world.start(broker=False, collector=False)
        story = Story(world)
        for number in range(100, 110):
            story.sell_wrongly(str(number))
        cookie, csrf = signed_in(story)

        def shown(target):
            answer = once(plain(world.page_port), "GET", target, None, {"Cookie": cookie})
            check(answer.status == 200, f"{target}: {answer.status}")
            return answer.body.decode()

        def order(way, status, **fields):
            body = urllib.parse.urlencode({"csrf": csrf, **fields}, doseq=True).encode()
            answer = once(plain(world.page_port), "POST", f"/quarantine/{way}", body,
                          {**FORM, "Cookie": cookie})
            check(answer.status == status, f"{way} {fields}: {answer.status} {answer.body}")
            return answer.body.decode()

        page = shown("/quarantine?reason=bad-value&register=3")
        check(page.count('name="ticket"') == 10 and "All that match: 10 documents" in page, page)
        check("A value is not possible" in page and "data-k=\"Receipt\">105</td>" in page, page)
        check("All that match" not in shown("/quarantine?register=4"), "another register's")
        check("Ticket 6" in shown("/events?q=where+is+receipt+000105+of+register+3%3F"), "search")
        check("Ticket 6" not in shown("/events?q=receipt+105+of+register+4"), "another register")
        newest = re.search(r'name="newest" value="(\d+)"', page)[1]
        story.sell_wrongly("110")  # nobody has looked at this one yet
        chosen = order("discard", 400, ticket=[1, 2], reason=" ")
        check(chosen.count(" checked") == 2, "the choice is lost")
        order("discard", 400, ticket=[1], reason="x" * 501)
        order("discard", 400, ticket=[1], reason=b"\xff\xfe")
        order("discard", 400, reason="nothing is chosen")
        order("1/discard", 422, reason="x" * 1_000_000)
        check("Still in quarantine: 2 documents" in order("retry", 409, ticket=[1, 2]), "retry")
        done = order("discard", 200, all=1, newest=newest, reason="a test", **{
            "filter-reason": "bad-value", "filter-register": "3"})
        check("Discarded: 10 documents" in done, done)
        check(world.status()["quarantined"] == 1, "not those that were seen")
        acts = shown("/audit")
        check(acts.count(">a test<") == 10 and "@127.0.0.1" in acts, acts)
        return "10 at once; 5 orders refused"


def the_same_words_everywhere():
    """Page, /v1/status, the retained status and the command line say the same sentence."""
    with World() as world:
        world.start()
        story = Story(world)
        story.sell(3)
        world.wait_delivered()
        sentence = "3 events delivered, nothing waiting."
        page = world.get("/")[1].decode()
        check(f"<h1>{sentence}</h1>" in page, "page")
        check(world.status()["sentence"] == sentence, "status")
        check(sentence in story.cli("status"), "command line")
        retained = ["mosquitto_sub", "-p", str(world.broker_port), "-t", "tillrelay/v1/+/status",
                    "-C", "1", "-W", "5"]
        wait_for(lambda: sentence in subprocess.run(retained, capture_output=True,
                                                    text=True).stdout, "the retained status", 30)
        return sentence


def page_in_a_browser():
    install()
    with World(collector_http=True) as world:
        story = Story(world)
        story.leap(0)
        world.agent.arguments = ["env", f"LD_PRELOAD={BIN}/libtillrelay_leap.so",
                                 f"TILLRELAY_TEST_LEAP={world.path('leap')}",
                                 *world.agent.arguments]
        world.start()
        story.prepare()
        drive(story, "page.mjs", f"http://{world.page}")
        return story.told


class Situations:
    """The page of each situation that the diagnosis knows, one server each."""

    def __init__(self):
        self.server, self.told = None, ""

    def answer(self, what, details):
        if what == "names":
            return subprocess.run([f"{BIN}/status_page_sample"], capture_output=True, text=True,
                                  check=True).stdout.split()
        if what == "situation":
            self.end()
            self.server = subprocess.Popen([f"{BIN}/status_page_sample", details[0], "0"],
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            return self.server.stdout.readline().strip()
        self.told = details[0]
        return None

    def end(self):
        if self.server is not None:
            self.server.stdin.close()
            self.server.wait(timeout=30)
            self.server = None


def every_situation_can_be_read():
    install()
    situations = Situations()
    try:
        drive(situations, "situations.mjs")
    finally:
        situations.end()
    return situations.told


run(page_refuses_who_should_not_be_there,
    a_login_that_may_only_look_is_offered_no_change,
    a_reader_is_told_in_the_own_language,
    many_documents_are_worked_off,
    the_same_words_everywhere,
    page_in_a_browser,
    every_situation_can_be_read)
