#!/usr/bin/python3
"""A planted card number, in every field of every format, is found nowhere afterwards."""

import copy
import json
import os
import re
import socket
import subprocess

from harness import GOLDEN, World, check, run, wait_for

CARD = "4111111111111111"
WIDE = "".join(chr(0xFF10 + int(digit)) for digit in CARD)
SPELLINGS = [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111",
             "4111/1111/1111/1111", "4111\u00a01111\u00a01111\u00a01111", "4111  1111 - 1111-1111"
             .replace(" - ", " -"), WIDE, f"PAN{CARD}x", f";{CARD}=29121010000012300000?",
             f"%B{CARD}^DOE/JANE^29121010000000000?"]
CSV = ["[drop_folder.csv.till]", 'files = "till_*.csv"', 'currency = "EUR"',
       "[drop_folder.csv.till.columns]",
       *(f'{name} = "{name}"' for name in (
           "store", "register", "business_day", "number", "time", "sku", "gtin", "description",
           "quantity", "uom", "net_amount", "currency", "grand_amount"))]
CSV_ROW = {"store": "0042", "register": "03", "business_day": "2026-11-21", "number": "4711",
           "time": "2026-11-21T17:42:08+01:00", "sku": "100234", "gtin": "4006381333931",
           "description": "Milk", "quantity": "2", "uom": "EA", "net_amount": "2.00",
           "currency": "EUR", "grand_amount": "2.00", "unmapped": "x"}
LIMITS = ["[limits]", "quarantine_documents = 100000", "quarantine_bytes = 1000000000"]


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return file.read()


def plants(document, spellings):
    """Copies of a JSON document, each with one value or one member name replaced."""
    def walk(node, path):
        if isinstance(node, dict):
            for name, value in node.items():
                yield (*path, name), True
                yield from walk(value, (*path, name))
        elif isinstance(node, list):
            for index, value in enumerate(node):
                yield from walk(value, (*path, index))
        else:
            yield path, False

    def planted(path, is_name, spelling):
        root = copy.deepcopy(document)
        parent = root
        for step in path[:-1]:
            parent = parent[step]
        if is_name:
            parent[spelling] = parent.pop(path[-1])
        else:
            parent[path[-1]] = spelling
        return root
    number = 0
    for path, is_name in walk(document, ()):
        yield planted(path, is_name, CARD)
        number += 1
        yield planted(path, is_name, spellings[number % len(spellings)])
        if not is_name:
            yield planted(path, False, int(CARD))
    for spelling in spellings:  # a member that nobody knows
        yield {**document, spelling: 1}
        yield {**document, "note": f"paid with {spelling}, thanks"}
        if isinstance(document, dict):
            yield {**document, "ext": {"note": spelling}}


def texts(document, spellings):
    """Copies of an XML document, each with one text or one attribute replaced."""
    places = list(re.finditer(r'>([^<>]*[^<>\s][^<>]*)<|="([^"]*)"', document))
    for number, place in enumerate(places):
        group = 1 if place.group(1) is not None else 2
        start, end = place.span(group)
        for spelling in (CARD, spellings[number % len(spellings)]):
            yield document[:start] + spelling + document[end:]


class Numbers:
    """A number of its own for each document, so that none is only another one's duplicate."""

    def __init__(self):
        self.last = 0

    def json(self, event):
        self.last += 1
        for part, name in (("transaction", "transaction_no"), ("transfer", "transfer_id"),
                           ("transfer", "receipt_id"), ("count", "count_id"),
                           ("adjustment", "adjustment_id")):
            holder = event.get(part)
            if isinstance(holder, dict) and CARD not in str(holder.get(name, CARD)):
                holder[name] = str(self.last)
        return event

    def xml(self, text):
        self.last += 1
        return re.sub(r"(SequenceNumber>)[0-9]{1,9}<", rf"\g<1>{self.last}<", text, count=1)


def batches(items, size=200):
    items = list(items)
    return [items[i:i + size] for i in range(0, len(items), size)]


class Finder:
    """Knows the card in every spelling that a reader could put together again."""

    # Up to two separators stand between two digits; either may be written as an escape.
    BETWEEN = (rb"(?:[ \-./]|\xc2\xa0|\\/|\\u00a0|\\u002[0def]|&#(?:x0*(?:a0|2[0def])|"
               rb"0*(?:160|32|4[567]));){0,2}")
    PATTERNS = [re.compile(BETWEEN.join(
        rf"(?:{d}|\xef\xbc\x9{d}|\\u003{d}|\\uff1{d}|&#x0*(?:3|ff1){d};|&#0*{48 + int(d)};|"
        rf"&#{65296 + int(d)};|%3{d})".encode("latin-1") for d in CARD), re.I),
        re.compile(re.escape(CARD.encode("utf-16-le"))),
        re.compile(re.escape(CARD.encode("utf-16-be")))]

    def __init__(self):
        self.looked, self.hits = 0, []

    def look(self, name, content):
        self.looked += len(content)
        for pattern in self.PATTERNS:
            found = pattern.search(content)
            if found:
                around = content[max(0, found.start() - 80):found.end() + 40]
                self.hits.append(f"{name}: {around!r}")
                return

    def look_in(self, folder):
        for where, folders, names in os.walk(folder):
            for name in [*folders, *names]:
                self.look(f"name of {where}/{name}", os.fsencode(name))
            for name in names:
                path = os.path.join(where, name)
                # The broker's files hold what the broker heard, which is searched as such.
                if not os.path.isfile(path) or name.startswith("mosquitto."):
                    continue
                with open(path, "rb") as file:
                    self.look(path, file.read())


def sees_itself():
    finder = Finder()
    for spelling in SPELLINGS:
        before = len(finder.hits)
        finder.look("self", f"x{spelling}y".encode())
        check(len(finder.hits) == before + 1, f"the search is blind for {spelling!r}")
        before = len(finder.hits)
        finder.look("self", json.dumps({"a": spelling}).encode())
        check(len(finder.hits) == before + 1, f"the search is blind for {spelling!r} in escapes")


def post_json(world):
    sent, numbers = 0, Numbers()
    for name in sorted(os.listdir(os.path.join(GOLDEN, "canonical"))):
        if not name.endswith(".json"):
            continue
        document = json.loads(golden(f"canonical/{name}"))
        kind = name.removesuffix(".json")
        event = document.get("data", document)
        if "kind" not in event:
            event = {"kind": kind, **event}
        for batch in batches(map(numbers.json, plants(event, SPELLINGS))):
            code, answer = world.post(json.dumps(batch, ensure_ascii=False).encode())
            check(code == 200, f"{name}: {code} {answer}")
            lines = "\n".join(json.dumps(numbers.json(item), ensure_ascii=sent % 2 == 0)
                              for item in batch)
            code, answer = world.post(lines.encode(), "application/x-ndjson")
            check(code == 200, f"{name} as lines: {code} {answer}")
            sent += 2 * len(batch)
        cloud = {"specversion": "1.0", "id": "A-1", "source": "/till/3", "subject": "register/03",
                 "type": f"org.tillrelay.{kind}.v1", "time": "2026-11-21T17:42:08Z",
                 "datacontenttype": "application/json", "extra": "x", "data": event}
        for batch in batches(plants(cloud, SPELLINGS)):
            code, answer = world.post(json.dumps(batch, ensure_ascii=False).encode(),
                                      "application/cloudevents-batch+json")
            check(code == 200, f"{name} as CloudEvent: {code} {answer}")
            sent += len(batch)
    return sent


def post_each(world, documents, content_type):
    sent = 0
    for document in documents:
        code, answer = world.post(document.encode(), content_type)
        check(code in (200, 400), f"{content_type}: {code} {answer}")
        sent += 1
    return sent


def poslogs():
    numbers = Numbers()
    for name in ("generic/voids_and_returns.in", "generic/edges.in",
                 "wincor-tpnet/sale_with_voided_line_2.2_tpnet.xml", "ncr-acs/SMALL.xml",
                 "retalix-r10/cash_sale_v6_r10.xml"):
        yield from map(numbers.xml, texts(golden("poslog/" + name), SPELLINGS))


def epcis():
    for name in ("epcis/shop.json", "epcis/openepcis/capture/"
                 "Capture_Documents__ObjectEvent_all_possible_fields.json"):
        for planted in plants(json.loads(golden(name)), SPELLINGS):
            yield json.dumps(planted, ensure_ascii=False)


def csvs():
    for column in CSV_ROW:
        for spelling in SPELLINGS:
            for names, row in ((CSV_ROW, {**CSV_ROW, column: spelling}),
                               ([spelling if c == column else c for c in CSV_ROW], CSV_ROW)):
                yield ",".join(names) + "\n" + ",".join(row.values()) + "\n"


def drop_files(world):
    """Each format as a file, under names that hold the card too; returns how many."""
    sale = json.loads(golden("canonical/sale.json"))
    sale = {"kind": "sale", **sale.get("data", sale)}
    sale["lines"][0]["item"]["description"] = f"paid with {SPELLINGS[1]}"
    contents = [(f"{CARD}.json", json.dumps(sale)), (f"bad-{SPELLINGS[2]}.json", "{" + CARD),
                (f"{WIDE}.json", json.dumps({"kind": WIDE})), ("note.txt", f"card {CARD}"),
                ("till_1.csv", next(csvs())), (f"stock {CARD}.csv", f"a,{CARD}\n")]
    contents += [(f"{i} 4111 1111 1111 1111.xml", text) for i, text in enumerate(
        list(texts(golden("poslog/generic/voids_and_returns.in"), SPELLINGS))[:60])]
    contents += [(f"{i}.csv", text) for i, text in enumerate(csvs()) if i % 20 == 0]
    contents += [(f"till_{i}.csv", text) for i, text in enumerate(csvs()) if i % 7 == 0]
    for name, text in contents:
        aside = world.path("planted.log")
        with open(aside, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(aside, os.path.join(world.drop, "incoming", name))
    wide = f"<POSLog><a>{CARD}</a></POSLog>"
    for encoding in ("utf-16", "utf-16-be", "utf-16-le"):
        with open(world.path("planted.log"), "wb") as file:
            file.write(wide.encode(encoding))
        os.rename(world.path("planted.log"),
                  os.path.join(world.drop, "incoming", f"{encoding}.xml"))
    return len(contents) + 3


def send_raw(port, head, body=b""):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        try:
            connection.sendall(head + b"\r\n\r\n" + body)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass  # refused by closing


def odd_requests(world):
    """Where no document is: methods, paths, queries, names and values of headers."""
    for port in (world.intake_port, world.page_port):
        host = f"Host: 127.0.0.1:{port}\r\nConnection: close\r\n".encode()
        for spelling in SPELLINGS:
            raw = spelling.encode("utf-8")
            path = raw.replace(b" ", b"%20").replace(b"%B", b"%25B")
            for line in (b"GET /" + path, b"POST /v1/events/" + path, b"GET /v1/status?c=" + path,
                         b"DELETE /?" + path, raw.replace(b" ", b"-") + b" /"):
                send_raw(port, line + b" HTTP/1.1\r\n" + host + b"Content-Length: 0")
            for header in (b"User-Agent: " + raw, b"Cookie: " + raw, b"X-" + raw + b": 1",
                           b"Origin: http://" + raw, b"Content-Type: " + raw, b"Accept: " + raw,
                           b"Content-Type: text/csv; profile=" + raw):
                send_raw(port, b"POST /v1/events HTTP/1.1\r\n" + host + header +
                         b"\r\nContent-Length: 2", b"{}")
            send_raw(port, b"GET / HTTP/1.1\r\nHost: " + raw + b"\r\nConnection: close")
        send_raw(port, f"{CARD} / HTTP/1.1\r\n{CARD}".encode())
    sale = json.loads(golden("canonical/sale.json"))
    sale = {"kind": "sale", **sale.get("data", sale)}
    for number, spelling in enumerate(SPELLINGS):
        key = spelling.encode("utf-8").decode("latin-1")
        sale["transaction"]["transaction_no"] = str(9000 + number)
        code, answer = world.post(json.dumps(sale).encode(), headers={"Idempotency-Key": key})
        check(code == 200, f"{code} {answer}")
        world.post(b"{", headers={"Idempotency-Key": key})


def a_planted_card_number_is_found_nowhere_afterwards():
    sees_itself()
    with World(agent_lines=[*LIMITS, *CSV]) as world:
        world.start(collector=False)
        heard = open(world.path("heard.log"), "wb")
        listener = subprocess.Popen(["mosquitto_sub", "-p", str(world.broker_port), "-t", "#",
                                     "-q", "1", "-F", "%t %x"], stdout=heard)
        try:
            sent = {"JSON, lines, CloudEvents": post_json(world),
                    "POSLog": post_each(world, poslogs(), "application/xml"),
                    "EPCIS": post_each(world, epcis(), "application/vnd.gs1.epcis+json"),
                    "CSV": post_each(world, csvs(), "text/csv; profile=till")}
            files = drop_files(world)
            odd_requests(world)
            wait_for(lambda: not os.listdir(os.path.join(world.drop, "incoming")),
                     "every file to be taken")
            wait_for(lambda: world.status()["counters"]["files_done"] +
                     world.status()["counters"]["files_rejected"] == files, "the counters")
            status = world.status()
            check(status["head"] > 200 and status["quarantined"] > 1000, f"{status}")
            check(status["counters"]["redactions"] > 200, f"{status['counters']}")
            wait_for(lambda: world.status()["sent_through"] == status["head"], "the sending")
            wait_for(lambda: open(world.path("heard.log"), "rb").read().count(b"tillrelay/v1/0042")
                     >= status["head"], "the subscriber")
            finder = Finder()
            for target in ("/", "/v1/status", "/metrics"):
                finder.look(target, world.get(target)[1])
            world.agent.kill()  # as it stands, with its log
        finally:
            listener.kill()
            listener.wait()
            heard.close()
        with open(world.path("heard.log")) as file:  # payloads in hexadecimal
            for line in file:
                finder.look("MQTT", bytes.fromhex(line.split(" ")[-1].strip()))
                finder.look("MQTT", line.encode())
        finder.look_in(world.dir)
        check(finder.looked > 1_000_000, f"only {finder.looked} bytes were searched")
        check(not finder.hits, f"{len(finder.hits)} places:\n" + "\n".join(finder.hits[:20]))
        return (f"{sent}, {files} files; {status['head']} stored, {status['quarantined']} in "
                f"quarantine; {finder.looked} bytes searched")


if __name__ == "__main__":
    run(a_planted_card_number_is_found_nowhere_afterwards)
