#!/usr/bin/python3
"""The browser's outbox of docs/senders, in a real browser, against a real agent of another origin:
the page reloaded and the browser killed at random instants; then the service worker alone.

TILLRELAY_SENDER_CUTS: at how many instants (5), TILLRELAY_SEED: which ones."""

import http.server
import os
import subprocess
import threading

from drive import HERE, drive, install  # first: it says where the others are
from clients import once, plain, register
from harness import World, check, free_port, run, wait_for

SENDERS = os.path.join(HERE, "..", "..", "docs", "senders")
CUTS = int(os.environ.get("TILLRELAY_SENDER_CUTS", "5"))
SEED = int(os.environ.get("TILLRELAY_SEED", "20261121"))
PAGE = b"""<!doctype html><title>till</title><script src="outbox.js"></script>"""


class Till(http.server.SimpleHTTPRequestHandler):
    """The till's own site: one page, and the sender's two files."""

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=SENDERS)

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class Story:
    """Answers what the browser's side asks for."""

    def __init__(self, world, origin):
        self.world, self.origin, self.promised, self.told = world, origin, set(), ""

    def answer(self, what, details):
        if what == "settings":
            return {"url": f"http://127.0.0.1:{self.world.intake_port}", "cuts": CUTS,
                    "seed": SEED, "token": register(self.world, "add", "03").split()[-1],
                    "profile": self.world.path("profile")}
        if what == "promised":
            self.promised.update(details[0])
        if what == "agent-stop":
            self.world.agent.kill()
        if what == "agent-start":
            self.world.agent.start()
            self.world.wait_ready()
        if what == "stored":
            wait_for(lambda: self.numbers() >= set(details[0]), f"{details[0]} to be stored", 20)
        if what == "done":
            self.told = details[0]
        return None

    def numbers(self):
        return {number for (number,) in self.world.central("SELECT transaction_no FROM receipt")}


def the_outbox_of_a_browser():
    install()
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Till) as site:
        origin = f"http://localhost:{site.server_port}"
        threading.Thread(target=site.serve_forever, daemon=True).start()
        lines = ['listen = "127.0.0.1:PORT"', f'allowed_origins = ["{origin}"]']
        with World(intake_lines=lines) as world:
            world.start()
            story = Story(world, origin)
            pages_of_other_sites_are_refused(world, origin)
            drive(story, "sender.mjs", origin, seconds=60 + 3 * CUTS)
            world.wait_delivered()
            world.check_exactly_once(world.status()["head"])
            lost = story.promised - {int(number) for number in story.numbers()}
            check(not lost, f"lost {sorted(lost)[:20]}, seed {SEED}")
            check(len(story.promised) >= CUTS, f"only {len(story.promised)} promised")
            tickets = world.local("SELECT count(*) FROM quarantine")[0][0]
            check(tickets == 1, f"{tickets} in quarantine, one was sent wrongly")
            site.shutdown()
            return story.told


def pages_of_other_sites_are_refused(world, origin):
    """The page's own port admits nobody, and the intake only the origin that is named."""
    preflight = {"Access-Control-Request-Method": "POST"}
    for port, path, named, status in ((world.intake_port, "/v1/events", origin, 204),
                                      (world.intake_port, "/v1/events", origin + "0", 403),
                                      (world.page_port, "/v1/delivery/pause", origin, 403)):
        answer = once(plain(port), "OPTIONS", path, None, {**preflight, "Origin": named})
        allowed = answer.headers.get("Access-Control-Allow-Origin")
        check((answer.status, allowed) == (status, origin if status == 204 else None),
              f"{port} {named}: {answer.status} {allowed}")
    answer = once(plain(world.intake_port), "POST", "/v1/events", b"{}",
                  {"Content-Type": "application/json", "Origin": origin})
    check((answer.status, answer.problem()) == (401, "no-token"), f"{answer.status}")
    check(answer.headers["Access-Control-Allow-Origin"] == origin, "the page cannot read why")


run(the_outbox_of_a_browser)
