#!/usr/bin/python3
"""Bad input at the intake: a clear 4xx or a ticket, never 5xx, nothing stored, memory flat."""

import http.client
import json
import os

from harness import World, check, run, wait_for

SALE = {
    "kind": "sale",
    "transaction": {"store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                    "transaction_no": "1", "end_at": "2026-11-21T17:42:08+01:00"},
    "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}],
}
CARD = "4111 1111 1111 1111"


def sale(number, **line):
    document = json.loads(json.dumps(SALE))
    document["transaction"]["transaction_no"] = str(number)
    document["lines"][0].update(line)
    return document


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def bad_documents_get_a_clear_4xx_and_store_nothing():
    whole = json.dumps(SALE).encode()
    cases = [
        ("cut", whole[:100], "application/json", 400),
        ("empty", b"", "application/json", 400),
        ("deep", b"[" * 100_000 + b"]" * 100_000, "application/json", 400),
        ("deep object", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "application/json", 400),
        ("bad utf-8", whole.replace(b"sale", b"s\xffle", 1), "application/json", 400),
        ("duplicate name", b'{"kind":"sale","kind":"sale"}', "application/json", 400),
        ("1e999", b'{"kind":1e999}', "application/json", 400),
        ("not json", b"hello", "application/json", 400),
        ("wrong type", whole, "application/pdf", 415),
        ("no type", whole, "", 415),
        ("doctype", b'<!DOCTYPE POSLog [<!ENTITY a "b">]><POSLog>&a;</POSLog>',
         "application/xml", 400),
        ("cut xml", b"<POSLog><Transaction>", "application/xml", 400),
        ("deep xml", b"<a>" * 100_000, "application/xml", 400),
    ]
    with World() as world:
        world.start(broker=False, collector=False)
        for name, body, content_type, expected in cases:
            code, answer = world.post(body, content_type)
            check(code == expected, f"{name}: {code} {answer}")
            check(answer["type"].startswith("https://tillrelay.org/problems/"), f"{name}: {answer}")
            check(answer["title"], f"{name}: no title")
            if code == 400 and body:
                check("offset" in answer, f"{name}: no offset in {answer}")
        check(world.status()["head"] == 0, "something bad was stored")
        return f"{len(cases)} documents refused, nothing stored"


def foreign_documents_get_a_ticket_and_the_good_ones_beside_them_are_stored():
    with World() as world:
        world.start(broker=False, collector=False)
        batch = [sale(1), {"kind": "sale"}, sale(2, quantity="-3"), sale(3, uom=None),
                 {"kind": "?"}, sale(4)]
        code, answer = world.post(json.dumps(batch).encode())
        check(code == 200, f"{code} {answer}")
        outcomes = [r["outcome"] for r in answer["results"]]
        check(outcomes == ["stored", "quarantined", "quarantined", "quarantined", "quarantined",
                           "stored"], f"{outcomes}")
        again = world.post(json.dumps(batch).encode())[1]
        check([r["outcome"] for r in again["results"]] ==
              ["duplicate" if o == "stored" else o for o in outcomes], f"{again}")
        check([r.get("ticket") for r in again["results"]] ==
              [r.get("ticket") for r in answer["results"]], "the same document, another ticket")
        status = world.status()
        check(status["head"] == 2 and status["quarantined"] == 4, f"{status}")
        return f"outcomes {outcomes}"


def a_card_number_is_found_nowhere_afterwards():
    with World() as world:
        world.start(broker=True, collector=True)
        text = sale(1)
        text["lines"][0]["item"]["description"] = f"paid with {CARD} ok"
        identifier = sale(2)
        identifier["lines"][0]["item"]["sku"] = CARD.replace(" ", "")
        raw = json.dumps({"kind": "sale", "note": CARD}).encode()
        check(world.post(json.dumps(text).encode())[1]["stored"] == 1, "text was not masked")
        code, answer = world.post(json.dumps(identifier).encode())
        check(answer["results"][0]["reason"] == "card-number", f"{answer}")
        world.post(raw)
        world.post(raw[:-1])
        with open(os.path.join(world.drop, "incoming", ".x"), "w") as file:
            file.write(json.dumps([sale(3, item={"sku": "5", "description": CARD})]))
        os.rename(os.path.join(world.drop, "incoming", ".x"),
                  os.path.join(world.drop, "incoming", "x.json"))
        # The masked copy is there before the file itself goes.
        wait_for(lambda: os.path.exists(world.path("drop/done/x.json"))
                 and not os.path.exists(world.path("drop/incoming/x.json")), "the file to be done")
        world.wait_delivered()
        page = world.get("/")[1] + world.get("/v1/status")[1] + world.get("/metrics")[1]
        hits = [name for name in ("page",) if b"4111" in page]
        for folder, _, names in os.walk(world.dir):
            for name in filter(lambda n: os.path.isfile(os.path.join(folder, n)), names):
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                if b"4111 1111" in content or b"4111111111111111" in content:
                    hits.append(name)
        check(not hits, f"found in {hits}")
        check(b"[REDACTED-PAN]" in open(world.path("drop/done/x.json"), "rb").read(),
              "the archive copy is not scrubbed")
        return "masked in text, refused as identifier, absent from journal, archive, logs and page"


def a_body_of_100_mb_is_refused_before_it_is_read():
    with World() as world:
        world.start(broker=False, collector=False)
        world.post(json.dumps(sale(1)).encode())
        before = resident_kb(world.agent.child.pid)
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", world.intake_port, timeout=30)
            connection.putrequest("POST", "/v1/events")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(100 * 1024 * 1024))
            connection.endheaders()
            answer = connection.getresponse()
            check(answer.status == 413, f"{answer.status}")
            check(json.loads(answer.read())["title"], "no problem document")
            connection.close()
        for _ in range(20):  # bodies just below the limit that are no JSON
            world.post(b" " * (8 * 1024 * 1024 - 1), "application/json")
        grown = resident_kb(world.agent.child.pid) - before
        check(grown < 64 * 1024, f"memory grew by {grown} KiB")
        check(world.post(json.dumps(sale(2)).encode())[1]["stored"] == 1, "no longer accepting")
        return f"413 each time, memory grew by {grown} KiB over 20 bodies of 8 MB"


def a_time_ahead_is_known_at_once_after_a_restart():
    def outcome(world, number):
        document = sale(number)
        document["transaction"]["end_at"] = "2097-11-21T17:42:08+01:00"
        document["transaction"]["business_day"] = "2097-11-21"
        code, answer = world.post(json.dumps(document).encode())
        check(code == 200, f"{code} {answer}")
        return answer["results"][0]["outcome"]

    with World() as world:
        world.start()
        check(outcome(world, 1) == "stored", "without head office's word it is flagged, no more")
        numbers = iter(range(2, 10_000))
        wait_for(lambda: outcome(world, next(numbers)) == "quarantined", "head office's word", 60)
        for collector in (True, False):
            if not collector:
                world.collector.kill()
            world.agent.restart()
            world.wait_ready()
            check(outcome(world, next(numbers)) == "quarantined", "the restart forgot the word")
        return "quarantined before head office was heard again"


if __name__ == "__main__":
    run(bad_documents_get_a_clear_4xx_and_store_nothing,
        a_time_ahead_is_known_at_once_after_a_restart,
        foreign_documents_get_a_ticket_and_the_good_ones_beside_them_are_stored,
        a_card_number_is_found_nowhere_afterwards,
        a_body_of_100_mb_is_refused_before_it_is_read)
