#!/usr/bin/python3
"""Sends one document to the agent and does not stop before it has an answer that counts.

    send.py FILE [CONTENT-TYPE] [http://127.0.0.1:8470]

Exit: 0 kept (stored, or known already), 1 refused (correct it), 2 put aside for a person.
TILLRELAY_TOKEN is sent as a bearer token where it is set; TILLRELAY_TRIES bounds the repeats.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request


def send_once(base, body, content_type):
    """(status, Retry-After, answer); status 0 where there was no answer."""
    headers = {"Content-Type": content_type}
    if os.environ.get("TILLRELAY_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["TILLRELAY_TOKEN"]
    request = urllib.request.Request(base + "/v1/events", body, headers)
    try:
        try:
            response = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return response.status, response.headers.get("Retry-After"), response.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, None, str(error).encode()


def send(base, body, content_type, tries):
    wait_s = 1
    for attempt in range(1, sys.maxsize):
        status, asked, answer = send_once(base, body, content_type)
        if status == 200:
            print(answer.decode())
            counts = json.loads(answer)
            if counts["quarantined"] == 0:
                return 0
            if not counts.get("refused"):
                print("put aside for a person: see ticket and reason above", file=sys.stderr)
                return 2
        # No answer means that nobody knows what became of it: the same again is always right.
        if 400 <= status < 500 and status not in (408, 429):
            print(answer.decode(errors="replace"), file=sys.stderr)
            return 1
        if tries and attempt >= tries:
            print(f"no answer that counts after {attempt} tries (last: {status})", file=sys.stderr)
            return 3
        if asked and asked.isdigit():
            wait_s = int(asked)
        print(f"answer {status}, again in {wait_s} s", file=sys.stderr)
        time.sleep(wait_s)
        wait_s = min(60, wait_s * 2)


def main():
    with open(sys.argv[1], "rb") as file:
        body = file.read()
    content_type = sys.argv[2] if len(sys.argv) > 2 else "application/json"
    base = sys.argv[3] if len(sys.argv) > 3 else "http://127.0.0.1:8470"
    return send(base, body, content_type, int(os.environ.get("TILLRELAY_TRIES", "0")))


if __name__ == "__main__":
    sys.exit(main())
