#!/usr/bin/python3
"""A real POSLog batch of a supermarket through the drop folder, to the ledger and back.

The expectation is an independent reading of the XML in a few lines of this file: signed quantity
per article, contra lines negative, bottle refunds not goods, controls without effect.
"""

import os
import re
import shutil
import xml.etree.ElementTree as ET

from harness import GOLDEN, World, check, run, wait_for

FILE = os.path.join(GOLDEN, "poslog", "ncr-acs", "POSLog.xml")
NS = "{http://www.nrf-arts.org/IXRetail/namespace/}"


def independent_sum():
    """(transactions, item -> thousandths sold)."""
    total = {}
    transactions = ET.parse(FILE).getroot().findall(f"{NS}Transaction")
    for transaction in transactions:
        retail = transaction.find(f"{NS}RetailTransaction")
        if retail is None:
            continue
        for line in retail.findall(f"{NS}LineItem"):
            sale = line.find(f"{NS}Sale")
            if sale is None or sale.get("ItemType") == "acs:NegativeItem":
                continue
            item = sale.findtext(f"{NS}ItemID")
            thousandths = round(float(sale.findtext(f"{NS}Quantity", "1")) * 1000)
            total[item] = total.get(item, 0) + thousandths
    return len(transactions), {k: v for k, v in total.items() if v}


def the_whole_batch_reaches_the_ledger_and_agrees():
    agent_lines = ['store_aliases = ["9"]']
    with World(agent_lines=agent_lines) as world:
        world.start()
        shutil.copy(FILE, os.path.join(world.drop, "incoming", ".batch"))
        os.rename(os.path.join(world.drop, "incoming", ".batch"),
                  os.path.join(world.drop, "incoming", "POSLog.xml"))
        wait_for(lambda: not os.path.exists(os.path.join(world.drop, "incoming", "POSLog.xml")),
                 "the file to be taken")
        reasons = world.local("SELECT reason, field, hint FROM quarantine")
        check(not reasons, f"quarantined: {reasons}")
        transactions, expected = independent_sum()
        check(transactions == 51, f"{transactions} transactions in the file")
        status = world.wait_delivered()
        check(status["head"] == 51, f"{status['head']} events of 51 transactions")
        world.check_exactly_once(51)
        kinds = dict(world.central("SELECT kind, count(*) FROM event GROUP BY kind"))
        check(kinds.get("register_control") == 9, f"controls: {kinds}")
        ledger = {}
        for (item, _), (on_hand, *_) in world.ledger().items():
            ledger[item] = ledger.get(item, 0) - on_hand
        ledger = {k: v for k, v in ledger.items() if v}
        check(ledger == expected, f"ledger {len(ledger)} items, expected {len(expected)}: "
              f"{set(ledger.items()) ^ set(expected.items())}")
        check(os.listdir(os.path.join(world.drop, "done")), "nothing in done/")
        # The same file again changes nothing.
        shutil.copy(FILE, os.path.join(world.drop, "incoming", ".batch"))
        os.rename(os.path.join(world.drop, "incoming", ".batch"),
                  os.path.join(world.drop, "incoming", "again.xml"))
        wait_for(lambda: not os.path.exists(os.path.join(world.drop, "incoming", "again.xml")),
                 "the repeat to be taken")
        check(world.status()["head"] == 51, "a repeated file was counted twice")
        return f"51 transactions, {kinds}, {len(ledger)} articles equal to the independent sum"


def the_receipts_totals_reconcile():
    """Every document that carries a total was accepted with it; the raw sums agree as well."""
    with open(FILE, encoding="utf-8-sig") as file:
        text = file.read()
    grand = sum(round(float(x) * 100) for x in re.findall(
        r'TransactionGrandAmount"?[^>]*>(-?[0-9.]+)<', text))
    with World(agent_lines=['store_aliases = ["9"]']) as world:
        world.start(broker=False, collector=False)
        with open(FILE, "rb") as file:
            code, answer = world.post(file.read(), "application/xml")
        check(code == 200 and answer["stored"] == 51, f"{code} {answer.get('quarantined')}")
        import json
        kept = 0
        for (data,) in world.local("SELECT data FROM event"):
            totals = json.loads(data).get("totals") or {}
            kept += round(float(totals.get("grand_amount", 0)) * 100)
        check(kept == grand, f"grand amounts: kept {kept} cents, in the file {grand} cents")
        return f"42 receipts, {kept / 100:.2f} in grand amounts, as in the file"


if __name__ == "__main__":
    run(the_whole_batch_reaches_the_ledger_and_agrees, the_receipts_totals_reconcile)
