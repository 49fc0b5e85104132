#!/usr/bin/python3
"""What needs a person stays until it is settled or acknowledged: over the next day's sales, a stop
and a kill."""

import json
import os
import signal
import sqlite3
import subprocess
import urllib.request

from numbering_test import Shop, sale
from harness import BIN, check, run, wait_for

YESTERDAY, TODAY = "2026-11-20", "2026-11-21"


def on(day, number, minute, **more):
    document = sale(number, minute, **more)
    end_at = document["transaction"]["end_at"].replace(TODAY, day)
    document["transaction"].update(business_day=day, end_at=end_at)
    return document


def close(day, count, register="03"):
    return {"kind": "day_closed",
            "close": {"store_id": "0042", "register_id": register, "business_day": day,
                      "z_no": "1187", "closed_at": f"{day}T22:05:00+01:00"},
            "pos_control": {"transaction_count": count} if count else {}}


def issues(shop, state="unsettled"):
    code, answer = shop.admin("GET", f"/v1/issues?state={state}")
    check(code == 200, f"{code} {answer}")
    return {issue["issue"]: issue for issue in answer["issues"]}


def metric(shop, line):
    with urllib.request.urlopen(f"http://{shop.page}/metrics") as answer:
        text = answer.read().decode()
    found = [l for l in text.splitlines() if l.startswith(line + " ")]
    check(len(found) == 1, f"{line}: {found}")
    return float(found[0].split()[-1])


def delivered(shop, count):
    wait_for(lambda: shop.status()["confirmed_through"] == count, f"{count} confirmed")


def yesterdays_difference_stays():
    day = f"day/{YESTERDAY}/3"
    with Shop() as shop:
        shop.start()
        check(shop.tell(on(YESTERDAY, 1, 1), close(YESTERDAY, 2)) == ["stored"] * 2, "yesterday")
        check(shop.tell(on(TODAY, 5, 5)) == ["stored"], "today's first sale")
        delivered(shop, 3)
        status = shop.status()
        check(status["level"] == "amber" and status["cause"] == "needs-a-person", f"{status}")
        check(status["issue_counts"] == {"open": 1, "acknowledged": 0}, f"{status['issue_counts']}")
        check(metric(shop, 'tillrelay_issues{state="open",kind="day"}') == 1, "the metric")
        check(metric(shop, 'tillrelay_register_day_unbalanced{register="3"}') == 1, "unbalanced")
        since = issues(shop)[day]["since"]
        check(day in shop.tool("issues", "list"), "the command line")

        for how in (signal.SIGTERM, signal.SIGKILL):
            wait_for(lambda: kept(shop).get(day) == "open", "the row")
            shop.agent.kill(how)
            shop.agent.start()
            wait_for(lambda: shop.status()["state"] == "online", "the agent")
            check(issues(shop)[day]["since"] == since, "since when")

        # By a person, with a note; not without one, not twice, and it is in the audit.
        refused = subprocess.run(
            [f"{BIN}/tillrelay", "--config", shop.path("agent.toml"), "issues", "acknowledge", day,
             "--note", " "], capture_output=True, text=True)
        check(refused.returncode == 2 and "note" in refused.stderr, f"{refused}")
        code, _ = shop.admin("POST", "/v1/issues/acknowledge", {"issue": day, "note": "x" * 501})
        check(code == 400, f"{code}")
        code, _ = shop.admin("POST", "/v1/issues/acknowledge", {"issue": "day/none", "note": "x"})
        check(code == 404, f"{code}")
        shop.tool("issues", "acknowledge", day, "--note", "counted by hand, card 4111111111111111")
        code, _ = shop.admin("POST", "/v1/issues/acknowledge", {"issue": day, "note": "again"})
        check(code == 409, f"{code}")
        status = shop.status()
        check(status["level"] == "amber" and status["cause"] == "known", f"{status['cause']}")
        act = wait_for(lambda: [a for a in shop.admin("GET", "/v1/audit")[1]["audit"]
                                if a["action"] == "issue-acknowledge"], "the audit")[0]
        check(act["subject"] == f"issue/{day}" and act["actor"].startswith("uid:"), f"{act}")
        check("4111111111111111" not in json.dumps([act, issues(shop)]), "a card number in a note")

        wait_for(lambda: kept(shop).get(day) == "acknowledged", "the row")
        check(shop.tell(on(TODAY, 6, 6)) == ["stored"], "the journal looks at its file again")
        check("another program" not in shop.agent.text(), "our own writing is nobody else's")
        shop.agent.restart()
        wait_for(lambda: shop.status()["state"] == "online", "the agent")
        check(issues(shop)[day]["state"] == "acknowledged", "acknowledged over a restart")

        # Worse is open again; what balances is over.
        check(shop.tell(on(YESTERDAY, 7, 7), on(YESTERDAY, 8, 8), on(YESTERDAY, 9, 9)) ==
              ["stored"] * 3, "late ones")
        check(issues(shop)[day]["state"] == "open", "it is worse")


def late_documents_settle_a_day():
    with Shop() as shop:
        shop.start()
        shop.tell(on(YESTERDAY, 1, 1), close(YESTERDAY, 2), on(TODAY, 5, 5))
        wait_for(lambda: kept(shop), "the row")
        shop.agent.restart()
        wait_for(lambda: shop.status()["state"] == "online", "the agent")
        check(list(issues(shop)) == [f"day/{YESTERDAY}/3"], f"{issues(shop)}")
        shop.tell(on(YESTERDAY, 2, 2))
        check(issues(shop) == {}, f"{issues(shop)}")
        check(issues(shop, "all")[f"day/{YESTERDAY}/3"]["state"] == "healed", "healed")
        delivered(shop, 4)
        wait_for(lambda: shop.status()["level"] == "green", "green")


def a_day_without_totals_and_with_a_hole():
    with Shop() as shop:
        shop.start()
        shop.tell(on(YESTERDAY, 1, 1), on(YESTERDAY, 4, 4), close(YESTERDAY, 0))
        check("2-3" in issues(shop)[f"day/{YESTERDAY}/3"]["detail"], f"{issues(shop)}")


def a_rejected_file_is_an_issue():
    with Shop() as shop:
        shop.start()
        with open(os.path.join(shop.drop, "incoming", "nothing.bin"), "wb") as file:
            file.write(b"\x00\x01\x02\x03 no document")
        found = wait_for(lambda: issues(shop), "the issue")
        check(list(found) == ["file-rejected/nothing.bin"], f"{found}")
        check(shop.status()["level"] == "amber", "amber")
        wait_for(lambda: kept(shop), "the row")
        shop.agent.restart()
        wait_for(lambda: shop.status()["state"] == "online", "the agent")
        check(list(issues(shop)) == ["file-rejected/nothing.bin"], "over a restart")


def kept(shop):
    with sqlite3.connect(f"file:{shop.path('journal.db')}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT id,state FROM issue"))


if __name__ == "__main__":
    run(yesterdays_difference_stays, late_documents_settle_a_day,
        a_day_without_totals_and_with_a_hole, a_rejected_file_is_an_issue)
