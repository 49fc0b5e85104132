"""Asks the centre what its stock is and what changes it, for as long as it takes.

Copy it, change it: Apache License 2.0.
"""

import http.client
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MOST_WAIT_S = 30
SILENCE_S = 70  # an answer may wait for 50 s; a stream speaks every 15 s


class BeginAgain(Exception):
    """The cursor has no place any more: begin with the stock."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for the centre alone: an answer that points elsewhere is no answer."""
    def redirect_request(self, *_):
        return None


class Centre:
    def __init__(self, base, token=""):
        self.base = base.rstrip("/")
        self.token = token
        self.opener = urllib.request.build_opener(NoRedirect)
        self.pause_s = 0

    def stock(self):
        """All cells, and the cursor from which their changes follow: the last page's."""
        cells, page = [], {}
        while True:
            answer = self._get("/v1/stock", page)
            cells += answer["cells"]
            if answer["next_page"] is None:
                return cells, answer["cursor"]
            page = {"page": answer["next_page"]}

    def changes(self, cursor):
        """Answers with changes, without end. Each has the cursor that follows it: `next`."""
        while True:
            answer = self._get("/v1/changes", {"cursor": cursor, "limit": 1000, "wait": 30})
            cursor = answer["next"]
            if answer["changes"]:
                yield answer

    def streamed(self, cursor):
        """The same as server-sent events: sooner, and one connection."""
        while True:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": cursor}
            with self._open("/v1/changes", {"limit": 1000}, headers) as stream:
                try:
                    if not stream.headers.get("Content-Type", "").startswith("text/event-stream"):
                        raise ValueError("something between answered")
                    for cursor, data in events(stream, cursor):
                        self.pause_s = 0
                        if data:
                            yield json.loads(data)
                except (OSError, http.client.HTTPException, ValueError):
                    pass  # what came whole counts; the rest comes again
            self._pause("")

    def _get(self, path, parameters):
        while True:
            with self._open(path, parameters, {}) as answer:
                try:
                    value = json.loads(answer.read())
                    self.pause_s = 0
                    return value
                except (OSError, http.client.HTTPException, ValueError):
                    pass  # cut, or something between answered
            self._pause("")

    def _open(self, path, parameters, headers):
        """Asks until there is an answer."""
        target = self.base + path + "?" + urllib.parse.urlencode(parameters)
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        while True:
            asked = ""
            try:
                return self.opener.open(urllib.request.Request(target, None, headers), None,
                                        SILENCE_S)
            except urllib.error.HTTPError as error:
                with error:
                    self._refused(path, error)
                    asked = error.headers.get("Retry-After", "")
            except (OSError, http.client.HTTPException):
                pass
            self._pause(asked)

    @staticmethod
    def _refused(path, error):
        """Returns where asking again helps."""
        try:
            body = error.read(100_000)
        except (OSError, http.client.HTTPException):
            return
        if error.code in (409, 410) and b'"snapshot"' in body:
            raise BeginAgain(body.decode(errors="replace"))
        if 300 <= error.code < 500 and error.code not in (408, 409, 410, 429):
            raise SystemExit(f"{path}: {error.code} {body.decode(errors='replace')}")

    def _pause(self, asked):
        self.pause_s = min(MOST_WAIT_S, self.pause_s * 2 or 0.25)
        if asked.isascii() and asked.isdigit():
            time.sleep(max(1, min(MOST_WAIT_S, int(asked))))
        else:
            time.sleep(self.pause_s)


def events(stream, cursor):
    """(id, data) of each event that came whole; data is empty where only the cursor moved."""
    data = b""
    for line in stream:
        if not line.endswith(b"\n"):
            return  # cut
        name, _, value = line.rstrip(b"\r\n").partition(b":")
        if name == b"id":
            cursor = value.strip().decode("ascii")
        elif name == b"data":
            data += value
        elif not name and not value:
            yield cursor, data
            data = b""


def follow(tables, begin, apply):
    """DATABASE URL [--stream], for ever. `begin` takes the whole stock and gives its cursor,
    `apply` an answer of changes; both keep the cursor in `follows` with what they store."""
    db = sqlite3.connect(sys.argv[1])
    db.executescript(tables)
    centre = Centre(sys.argv[2], os.environ.get("TILLRELAY_TOKEN", ""))
    answers = centre.streamed if "--stream" in sys.argv else centre.changes
    while True:
        try:
            known = db.execute("SELECT cursor FROM follows").fetchone()
            for answer in answers(known[0] if known else begin(db, centre)):
                apply(db, answer)
        except BeginAgain as why:
            print("begins again:", why, file=sys.stderr, flush=True)
            with db:
                db.execute("DELETE FROM follows")
