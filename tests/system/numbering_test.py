#!/usr/bin/python3
"""The store's own books, conflicts and quarantine, from the register to the central ledger."""

import http.client
import json
import os
import socket
import subprocess

from harness import BIN, World, check, run, wait_for

DAY = "2026-11-21"


class Socket(http.client.HTTPConnection):
    """HTTP over the control socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)



class Shop(World):
    def __init__(self, *agent_lines):
        super().__init__()
        with open(self.path("agent.toml"), "a") as file:
            file.write("\n".join(agent_lines) + "\n")

    def admin(self, method, target, body=None):
        connection = Socket(self.path("control.sock"))
        data = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, target, data, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def tool(self, *arguments):
        done = subprocess.run([f"{BIN}/tillrelay", "--config", self.path("agent.toml"),
                               *arguments], capture_output=True, text=True)
        check(done.returncode == 0, f"tillrelay {arguments}: {done.stdout} {done.stderr}")
        return done.stdout

    def tell(self, *documents):
        code, answer = self.post(json.dumps(documents).encode())
        check(code == 200, f"{code} {answer}")
        return [r["outcome"] if r["outcome"] != "quarantined" else r["reason"]
                for r in answer["results"]]

    def stock(self, item):
        return self.ledger().get((item, "EA"), (0, 0, 0, 0))[0] / 1000


def sale(number, minute, quantity="1", register="03", store="0042", item="100234", **more):
    return {"kind": "sale",
            "transaction": {"store_id": store, "register_id": register, "business_day": DAY,
                            "transaction_no": str(number),
                            "end_at": f"{DAY}T{8 + minute // 60:02}:{minute % 60:02}:00+01:00"},
            "lines": [{"item": {"sku": item}, "quantity": quantity, "uom": "EA"}], **more}


def close(first, last, count, register="03", z="1187"):
    return {"kind": "day_closed",
            "close": {"store_id": "0042", "register_id": register, "business_day": DAY, "z_no": z,
                      "closed_at": f"{DAY}T22:05:00+01:00"},
            "pos_control": {"first_transaction_no": str(first), "last_transaction_no": str(last),
                            "transaction_count": count}}


def conflicts_never_count_twice_and_lose_nothing():
    with Shop() as shop:
        shop.start()
        check(shop.tell(*[sale(n, n) for n in range(1, 11)]) == ["stored"] * 10, "first day")
        told = [
            (sale(3, 3), "duplicate"),                       # the same again
            (sale("0003", 3, "1.000", register="3"), "duplicate"),
            (sale(3, 3, store="9"), "foreign-store"),
            (sale(4, 4, "2"), "changed"),                    # a corrected line
            (sale(5, 200), "time_changed"),                  # the same, stamped by an export
            (sale(1, 120, "7"), "changed"),                  # first behind a restart: no proof yet
            (sale(2, 121, "8"), "stored"),                   # the counter was seen to jump
            (sale(1, 120, "7"), "stored"),                   # sent again, now it is known
        ]
        for document, expected in told:
            check(shop.tell(document) == [expected], f"{document}: not {expected}")
        # The same receipt by the other door.
        with open(shop.path("again.json"), "w") as file:
            json.dump(sale(7, 7), file)
        os.rename(shop.path("again.json"), f"{shop.drop}/incoming/again.json")
        wait_for(lambda: os.path.exists(f"{shop.drop}/done/again.json"), "the file to be done")
        shop.wait_delivered()
        check(shop.stock("100234") == -(10 + 8 + 7), f"stock {shop.stock('100234')}")
        shop.check_exactly_once(12)
        _, registers = shop.admin("GET", "/v1/registers")
        row = registers["registers"][0]
        check(row["counter_restarts"] == 1 and row["duplicates"] == 3, row)
        return f"12 applied, stock {shop.stock('100234')}"


def timed(number, second, register="03", **more):
    """A receipt of one article; the second of the day is free."""
    document = sale(number, 0, register=register, **more)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    document["transaction"]["end_at"] = f"{DAY}T{clock}+01:00"
    return document


def a_counter_that_starts_again_is_retried_by_itself():
    with Shop() as shop:
        shop.start()
        # Three articles; behind the restart every third number sells what it sold before.
        first, second = ("A0", "A1", "A2"), ("A0", "A2", "A1")
        morning = [timed(n, 8 * 3600 + n * 97, item=first[n % 3]) for n in range(1, 41)]
        noon = [timed(n, 12 * 3600 + n * 101, item=second[n % 3]) for n in range(1, 30)]
        check(shop.tell(*morning) == ["stored"] * 40, "the morning")
        check(shop.tell(noon[2]) == ["time_changed"], "the same goods prove nothing")
        check(shop.tell(noon[0]) == ["changed"], "one alone proves nothing")
        shop.tell(*noon[3:11])
        wait_for(lambda: shop.status()["quarantined"] == 0, "what waited to be retried", 20)
        check(shop.tell(noon[1]) == ["stored"], "the hole")
        # A restart between, and the rest twice.
        shop.agent.restart()
        shop.wait_ready()
        shop.tell(*noon[11:])
        shop.tell(*noon[11:])
        wait_for(lambda: shop.status()["head"] == 69, "all of the day", 20)
        # Exports of the morning: as fast as they can, and in the pace of a till.
        for pace in (1, 60):
            again = [timed(n, 14 * 3600 + n * pace, item=first[n % 3]) for n in range(1, 41)]
            check(set(shop.tell(*again)) == {"time_changed"}, "an export is no sale")
        # Another register, of which a person knows what nothing tells.
        other = [timed(n, 8 * 3600 + n * 97, "04") for n in range(1, 41)]
        shifted = [timed(n, 13 * 3600 + n * 97, "04") for n in range(1, 31)]
        evening = [timed(n, 18 * 3600 + n * 91, "04") for n in range(1, 21)]
        check(shop.tell(*other) == ["stored"] * 40, "the other register's morning")
        check(set(shop.tell(*shifted)) == {"time_changed"}, "nothing tells it from an export")
        told = shop.tool("quarantine", "restarted", "4", DAY, "--reason", "new till at noon")
        check(told.endswith("30 of 30 were stored\n"), told[-200:])
        check(set(shop.tell(*evening)) == {"time_changed"}, "once more")
        ticket = shop.admin("GET", "/v1/quarantine?register=04")[1]["documents"][0]["ticket"]
        for often in (0, 9, "2"):
            code, answer = shop.admin("POST", f"/v1/quarantine/{ticket}/retry",
                                      {"restarts": often})
            check(code == 400 and "restarts" in answer["detail"], answer)
        told = shop.tool("quarantine", "restarted", "4", DAY, "--times", "2", "--reason", "again")
        check(told.endswith("20 of 20 were stored\n"), told[-200:])
        shop.wait_delivered()
        check(shop.stock("100234") == -90, f"stock {shop.stock('100234')}")
        shop.check_exactly_once(159)
        _, registers = shop.admin("GET", "/v1/registers")
        gaps = [(row["register_id"], row["missing_numbers"]) for row in registers["registers"]]
        check(gaps == [("3", 0), ("4", 0)], gaps)
        _, audit = shop.admin("GET", "/v1/audit")
        actors = {row["actor"] for row in audit["audit"] if row["action"] == "quarantine-retry"}
        check(actors == {"agent", "uid:0"}, actors)
        return "159 of two registers, two exports of 40 told again count nothing"


def a_lost_journal_gives_the_same_ids_again():
    with Shop() as shop:
        shop.start()
        shop.tell(*[sale(n, n) for n in range(1, 6)])
        shop.wait_delivered()
        shop.agent.kill()
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            if os.path.exists(shop.path(name)):
                os.remove(shop.path(name))
        shop.agent.start()
        shop.wait_ready()
        check(shop.tell(*[sale(n, n) for n in range(1, 8)]) == ["stored"] * 7, "a new journal")
        shop.wait_delivered()
        check(shop.stock("100234") == -7, f"stock {shop.stock('100234')}")
        return "7 told twice over two journals, stock -7"


def days_close_reopen_and_balance():
    with Shop() as shop:
        shop.start()
        shop.tell(*[sale(n, n) for n in (1, 2, 3, 5, 6)])
        check(shop.tell(close(1, 6, 6)) == ["stored"], "the close")
        shop.wait_delivered()
        body = json.loads(shop.central("SELECT body FROM event WHERE kind='day_closed'")[0][0])
        check(body["result"] == "gaps" and body["agent_control"]["gaps"] == ["4"], body)
        _, metrics = shop.get("/metrics")
        check(b'tillrelay_register_missing_numbers{register="3"} 1' in metrics, metrics[-2000:])
        check(b"missing 4" in shop.get("/")[1], "the page does not show the gap")
        check(shop.tell(sale(4, 4)) == ["stored"], "late documents are never refused")
        _, days = shop.admin("GET", f"/v1/days?from={DAY}&through={DAY}")
        day = days["days"][0]
        check((day["day_close"], day["reopened"], day["missing_numbers"]) == ("balanced", True, 0),
              day)
        check(day["units_by_bucket"] == {"on_hand:EA": "-6"}, day)
        shop.wait_delivered()

        def sheet_of():
            return shop.admin("GET", f"/v1/days/{DAY}/3")[1]
        wait_for(lambda: sheet_of()["confirmed"], "the confirmation of the day", 20)
        sheet = sheet_of()
        check([late["subject"][-2:] for late in sheet["late"]] == ["/4"], sheet)
        check(sheet["figures"]["documents"]["difference"] == "0", sheet)
        shop.agent.restart()
        shop.wait_ready()
        row = wait_for(lambda: shop.admin("GET", "/v1/registers")[1]["registers"], "registers")[0]
        check(row["day_close"] == "balanced" and row["sales"] == 6, row)
        return "gap told to head office, closed late, balanced, remembered"


def a_silent_register_is_an_alarm_only_in_opening_hours():
    hours = ['[registers]', 'expected = ["07"]', "silent_after_min = 1",
             'opening_hours = ["mon-sun 00:00-24:00"]']
    with Shop(*hours) as shop:
        shop.start(broker=False, collector=False)
        _, registers = shop.admin("GET", "/v1/registers")
        row = registers["registers"][0]
        check(row["register_id"] == "7" and row["expected"] and not row["silent"], row)
        shop.agent.kill()
    return "expected and not yet silent"


def tickets_are_retried_corrected_and_discarded_with_an_audit():
    with Shop() as shop:
        shop.start()
        check(shop.tell(sale(1, 1, store="17"), {"kind": "sale"}, {"kind": "sold"})
              == ["foreign-store", "missing-field", "bad-value"], "three unfit documents")
        _, listed = shop.admin("GET", "/v1/quarantine")
        foreign, empty, wrong = sorted(row["ticket"] for row in listed["documents"])
        code, answer = shop.admin("POST", f"/v1/quarantine/{foreign}/retry")
        check(code == 200 and not answer["resolved"], answer)
        check(answer["results"][0]["reason"] == "foreign-store", answer)
        check(answer["results"][0]["hint"], answer)
        # The shop's alias is configured; now the same document is good.
        with open(shop.path("agent.toml")) as file:
            text = file.read()
        with open(shop.path("agent.toml"), "w") as file:
            file.write('store_aliases = ["17"]\n' + text)
        shop.agent.restart()
        shop.wait_ready()
        code, answer = shop.admin("POST", f"/v1/quarantine/{foreign}/retry", {})
        check(code == 200 and answer["resolved"], answer)
        code, answer = shop.admin("POST", f"/v1/quarantine/{empty}/resubmit",
                                  {"document": sale(2, 2), "reason": "typed from the receipt"})
        check(code == 200 and answer["resolved"], answer)
        code, answer = shop.admin("POST", f"/v1/quarantine/{wrong}/discard", {})
        check(code == 400, answer)
        code, answer = shop.admin("POST", f"/v1/quarantine/{wrong}/discard",
                                  {"reason": "a test of the till"})
        check(code == 200 and answer["resolved"], answer)
        code, answer = shop.admin("POST", f"/v1/quarantine/{wrong}/discard", {"reason": "again"})
        check(code == 404, answer)
        check(shop.status()["quarantined"] == 0, shop.status())
        _, audit = shop.admin("GET", "/v1/audit")
        acts = [row for row in audit["audit"] if row["actor"] != "system"]
        actions = [(row["action"], row["reason"]) for row in reversed(acts)]
        check(actions == [("quarantine-retry", ""),
                          ("quarantine-resubmit", "typed from the receipt"),
                          ("quarantine-discard", "a test of the till")], actions)
        check(all(row["actor"] == "uid:0" for row in acts), audit)
        shop.wait_delivered()
        check(shop.stock("100234") == -2, shop.stock("100234"))
        shop.tell({"kind": "sell"})
        ticket = json.loads(shop.tool("--json", "quarantine", "list"))[0]["ticket"]
        shop.tool("quarantine", "discard", str(ticket), "--reason", "typed twice", "--yes")
        check(shop.status()["quarantined"] == 0, "not discarded by the command")
        code, _ = shop.get(f"/v1/quarantine/{foreign}/discard")
        check(code in (404, 405), f"the open page's port answers {code}")
        return "retry, resubmit and discard, each once"


def events_are_found_by_what_the_shop_calls_them():
    with Shop() as shop:
        shop.start()
        shop.tell(*[sale(n, n % 600, register=f"{n % 4 + 1:02}") for n in range(1, 401)])
        shop.wait_delivered()
        _, found = shop.admin("GET", "/v1/events?register=4&number=0143")
        check([e["subject"] for e in found["events"]] == [f"register/04/{DAY}/143"], found)
        event = found["events"][0]
        check(event["state"] == "confirmed", event)
        for name in (event["id"], event["sequence"]):
            code, one = shop.admin("GET", f"/v1/events/{name}")
            check(code == 200 and one["data"]["transaction"]["transaction_no"] == "143", one)
        _, after = shop.admin("GET", "/v1/events?after=398&limit=10")
        check([e["sequence"] for e in after["events"]] == [399, 400], after)
        _, newest = shop.admin("GET", "/v1/events?kind=sale&limit=2")
        check([e["sequence"] for e in newest["events"]] == [400, 399], newest)
        code, problem = shop.admin("GET", "/v1/events?limit=x")
        check(code == 400 and "limit" in problem["detail"], problem)
        check(shop.admin("GET", "/v1/events/00000000-0000-0000-0000-000000000000")[0] == 404, "id")
        for word, state in (("pause", "paused"), ("resume", "online")):
            shop.admin("POST", f"/v1/delivery/{word}")
            wait_for(lambda: shop.status()["state"] == state, state)
        return "by receipt, id, number, kind"


if __name__ == "__main__":
    run(conflicts_never_count_twice_and_lose_nothing,
        a_counter_that_starts_again_is_retried_by_itself, a_lost_journal_gives_the_same_ids_again,
        days_close_reopen_and_balance, a_silent_register_is_an_alarm_only_in_opening_hours,
        tickets_are_retried_corrected_and_discarded_with_an_audit,
        events_are_found_by_what_the_shop_calls_them)
