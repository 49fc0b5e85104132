#!/usr/bin/python3
"""A till's outbox: what was put in is on disk, and is sent until the store's server has it.

    outbox.py put FOLDER FILE          keep a document; "-": each line of standard input is one
    outbox.py run FOLDER [URL]         send what is there, and what comes, without end
    outbox.py once FOLDER [URL]        the same until the folder is empty

In a till: call Outbox(folder).put(bytes) before the receipt is printed; "run" is a process of its
own. Documents are sent in the order in which they were put in. What the server cannot take lies in
aside/ with its answer beside it, and lets the others pass: show it to a person.

TILLRELAY_TOKEN is sent as a bearer token where it is set. Copy it, change it: Apache License 2.0.
"""

import fcntl
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

MOST_WAIT_S = 60


class Outbox:
    """One folder. put() may be called by many processes, deliver() by one at a time."""

    def __init__(self, folder):
        self.folder = folder
        self.aside = os.path.join(folder, "aside")
        for path in (folder, self.aside):
            if not os.path.isdir(path):
                os.makedirs(path, exist_ok=True)
                self._sync_folder(os.path.dirname(os.path.abspath(path)))
        self.count = 0

    def put(self, body, content_type="application/json"):
        """Returns when the document would survive a power cut; raises OSError when it would not."""
        self.count += 1
        kind = content_type.replace("/", "~")
        name = f"{time.time_ns():020}-{os.getpid()}-{self.count:06}.{kind}"
        self._write(self.folder, name, body)
        return name

    def waiting(self):
        """The names of what is still to be sent, the oldest first."""
        return sorted(name for name in os.listdir(self.folder)
                      if not name.startswith(".") and name != "aside")

    def deliver(self, send):
        """Sends the oldest. None: there is nothing; else the seconds to wait before the next."""
        names = self.waiting()
        if not names:
            return None
        path = os.path.join(self.folder, names[0])
        with open(path, "rb") as file:
            body = file.read()
        status, asked, answer = send(body, names[0].split(".", 1)[1].replace("~", "/"))
        verdict = judge(status, answer)
        if verdict == "again":
            self.wait_s = min(MOST_WAIT_S, getattr(self, "wait_s", 0) * 2 or 1)
            if asked and asked.isascii() and asked.isdigit():
                return max(1, min(MOST_WAIT_S, int(asked)))
            return self.wait_s
        self.wait_s = 0
        if verdict == "aside":
            self._write(self.aside, names[0], body)
            self._write(self.aside, names[0] + ".answer", answer)
        # Only now: a cut before this sends it again, and the server knows it.
        os.unlink(path)
        self._sync_folder(self.folder)
        return 0

    def lock(self):
        """So that two processes do not send at once; kept until this one ends."""
        self.locked = os.open(os.path.join(self.folder, ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self.locked, fcntl.LOCK_EX)

    def _write(self, folder, name, body):
        # Under a name that is left alone, then renamed: what has its name is whole.
        hidden = os.path.join(folder, "." + name)
        out = os.open(hidden, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            rest = memoryview(body)
            while rest:
                rest = rest[os.write(out, rest):]
            os.fsync(out)
        finally:
            os.close(out)
        os.rename(hidden, os.path.join(folder, name))
        self._sync_folder(folder)

    @staticmethod
    def _sync_folder(folder):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def judge(status, answer):
    """done: it is on the server's disk. aside: a person has to look. again: nobody knows."""
    if status == 200:
        try:
            counts = json.loads(answer)
            results = [result["outcome"] for result in counts["results"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "again"  # something between answered, not the server
        if "refused" in results or not results:
            return "again"
        known = all(outcome in ("stored", "duplicate") for outcome in results)
        return "done" if known else "aside"
    if 400 <= status < 500 and status not in (401, 403, 404, 408, 429):
        return "aside"
    return "again"  # also a wrong token or address: the document is not at fault


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for the store's server alone: an answer that points elsewhere is no answer."""
    def redirect_request(self, *_):
        return None


def sender(base):
    """Calls the server: (status, Retry-After, answer), status 0 where there was no answer."""
    opener = urllib.request.build_opener(NoRedirect)

    def send(body, content_type):
        headers = {"Content-Type": content_type}
        if os.environ.get("TILLRELAY_TOKEN"):
            headers["Authorization"] = "Bearer " + os.environ["TILLRELAY_TOKEN"]
        request = urllib.request.Request(base + "/v1/events", body, headers)
        try:
            try:
                response = opener.open(request, timeout=30)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                return response.status, response.headers.get("Retry-After"), response.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, None, str(error).encode()
    return send


def main():
    what, folder = sys.argv[1], sys.argv[2]
    outbox = Outbox(folder)
    if what == "put" and sys.argv[3] == "-":
        for line in sys.stdin.buffer:
            print(outbox.put(line.rstrip(b"\n")), flush=True)
        return
    if what == "put":
        with open(sys.argv[3], "rb") as file:
            print(outbox.put(file.read()))
        return
    outbox.lock()
    send = sender(sys.argv[3] if len(sys.argv) > 3 else "http://127.0.0.1:8470")
    while True:
        wait_s = outbox.deliver(send)
        if wait_s is None and what == "once":
            return
        if wait_s != 0:
            time.sleep(1 if wait_s is None else wait_s)


if __name__ == "__main__":
    main()
