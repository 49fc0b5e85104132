#!/usr/bin/python3
"""Memory that is promised: whatever is dropped or sent within the limits, neither the agent nor the
collector is ever larger than docs/performance.md says; and a large document's memory is given back.

TILLRELAY_SHAPES=name,name plays only these."""

import codecs
import concurrent.futures
import json
import os
import time

from harness import World, check, run, wait_for

MIB = 1024 * 1024
PROMISED_MIB = 256
IDLE_MIB = 64  # a while after a large document
FILE = 64 * MIB  # limits.file_bytes
BODY = 8 * MIB   # limits.body_bytes
CSV = ["[drop_folder.csv.till]", 'files = "till*.csv"', 'register = "03"',
       'columns.number = "number"', 'columns.time = "time"', 'columns.business_day = "day"',
       'columns.sku = "sku"', 'columns.quantity = "quantity"']


def sale(number, **item):
    return {"kind": "sale",
            "transaction": {"store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                            "transaction_no": str(number), "end_at": "2026-11-21T17:42:08+01:00"},
            "lines": [{"item": {"sku": "1", **item}, "quantity": "1", "uom": "EA"}]}


def filled(start, unit, end, size=FILE):
    """start, as many of unit as fit, end."""
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def numbered(make, count, size, glue, start=b"", end=b""):
    """make(i) for each number, filled up to the size with blanks between them."""
    parts = [make(i) for i in range(count)]
    blank = max(0, size - len(start) - len(end) - sum(map(len, parts)) - count * len(glue)) // count
    return start + glue.join(part + b" " * blank for part in parts) + end


def sales(count, size=FILE, **item):
    return numbered(lambda i: json.dumps(sale(i, **item)).encode(), count, size, b",", b"[", b"]")


def transaction(i, text=b""):
    return (b"<Transaction><RetailStoreID>0042</RetailStoreID><WorkstationID>3</WorkstationID>"
            b"<SequenceNumber>%d</SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>"
            b"<EndDateTime>2026-11-21T17:42:08</EndDateTime>%s</Transaction>" % (i, text))


def poslog(parts, start=b"<POSLog>"):
    return start + b"".join(parts) + b"</POSLog>"


def retail(i, text=b""):
    line = (b"<LineItem><Sale><POSIdentity><POSItemID>1</POSItemID></POSIdentity><Description>%s"
            b"</Description><Quantity UnitOfMeasureCode=\"EA\">1</Quantity>"
            b"<ExtendedAmount>1.00</ExtendedAmount></Sale></LineItem>")
    return transaction(i, b"<RetailTransaction>" + line % text + b"</RetailTransaction>")


def csv(row, columns=""):
    head = b"number,time,day,sku,quantity" + columns.encode() + b"\n"
    rows, size, i = [head], len(head), 0
    while size < FILE:
        rows.append(row(i))
        size += len(rows[-1])
        i += 1
    return b"".join(rows[:-1])


def row_of(number, more=b""):
    return b"%d,2026-11-21T17:42:08+01:00,2026-11-21,1,1%s\n" % (number, more)


def wide_objects():
    """Objects of 1 MiB, each of members that nobody knows."""
    members = ",".join(f'"m{i:06}":{i}' for i in range(60_000))
    return filled(b"[1", b',{"kind":"sale","ext":{%s}}' % members.encode(), b"]")


def names(make, end):
    parts, size, i = [], 0, 0
    while size < FILE - 200:
        parts.append(make(i))
        size += len(parts[-1])
        i += 1
    return b"<POSLog><Transaction>" + b"".join(parts)[:FILE - 200] + end


# The file's name, and what is in it.
SHAPES = {
    "empty_lines": lambda: ("x.ndjson", filled(b"", b"{}\n", b"")),
    "empty_objects": lambda: ("x.ndjson", numbered(lambda i: b"{}", 100_000, FILE, b"\n")),
    "ones": lambda: ("x.json", filled(b"[1", b",1", b"]")),
    "ones_99990": lambda: ("x.json", numbered(lambda i: b"1", 99_990, FILE, b",", b"[", b"]")),
    "sales": lambda: ("x.json", sales(99_990)),
    "sales_lines": lambda: ("x.ndjson", numbered(lambda i: json.dumps(sale(i)).encode(), 99_990,
                                                 FILE, b"\n")),
    "small_transactions": lambda: (
        "x.xml", poslog(b"<Transaction></Transaction>" for _ in range(99_990))),
    "controls": lambda: ("x.xml", poslog(transaction(i, b"<ControlTransaction/>" + b" " * 360)
                                         for i in range(99_990))),
    "receipts": lambda: ("x.xml", poslog(retail(i, b"Rain poncho M") for i in range(99_990))),
    "registers": lambda: ("x.json", numbered(
        lambda i: json.dumps(sale(i)).replace('"03"', f'"r{i}"').encode(), 99_990, FILE, b",",
        b"[", b"]")),
    "deep": lambda: ("x.json", b"[" * (FILE // 2) + b"]" * (FILE // 2)),
    "deep_events": lambda: (
        "x.json", filled(b"[1", b"," + b'{"a":[' * 30 + b"]}" * 30, b"]")),
    "long_strings": lambda: (
        "x.json", filled(b"[1", b',{"kind":"sale","x":"%s"}' % (b"a" * 65_000), b"]")),
    "one_line": lambda: ("x.json", filled(b'{"kind":"', b"a", b'"}')),
    "one_word": lambda: ("x.ndjson", filled(b"", b"a", b"")),
    "many_members": lambda: ("x.json", wide_objects()),
    "long_receipts": lambda: (
        "x.json", numbered(lambda i: json.dumps({**sale(i), "lines": [
            {"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}] * 4_000}).encode(),
            300, FILE, b",", b"[", b"]")),
    "cards": lambda: ("x.json", sales(60_000, description="4111 1111 1111 1111")),
    "times": lambda: ("x.json", filled(b'["', b"20261121174208 ", b'"]')),
    "utf16": lambda: ("x.json", codecs.BOM_UTF16_LE +
                      sales(50_000, FILE // 2 - 2).decode().encode("utf-16-le")),
    "utf16_wide": lambda: ("x.json", codecs.BOM_UTF16_LE + filled(
        b"[\x001\x00", b',\x00"\x00' + "語".encode("utf-16-le") * 30_000 + b'"\x00', b"]\x00")),
    "utf16_xml": lambda: ("x.xml", codecs.BOM_UTF16_LE + poslog(
        retail(i) for i in range(60_000)).decode().encode("utf-16-le")[:FILE - 2]),
    "attributes": lambda: ("x.xml", filled(
        b"<POSLog><Transaction><a ", b'b="" ', b"/></Transaction></POSLog>")),
    "attribute_names": lambda: (
        "x.xml", names(lambda i: b'<a b%x=""/>' % i, b"</Transaction></POSLog>")),
    "element_names": lambda: ("x.xml", names(lambda i: b"<a%x/>" % i, b"</Transaction></POSLog>")),
    "name_spaces": lambda: (
        "x.xml", names(lambda i: b'<a xmlns:b%x="c"/>' % i, b"</Transaction></POSLog>")),
    "long_tag": lambda: ("x.xml", filled(b'<POSLog a="', b"b", b'"></POSLog>')),
    "comment": lambda: ("x.xml", filled(b"<POSLog><!--", b" b", b"--></POSLog>")),
    "long_root": lambda: ("x.xml", poslog(
        (transaction(i, b"<What/>") for i in range(50_000)),
        b'<POSLog a="%s">' % (b"b" * 60_000))),
    "entities": lambda: ("x.xml", poslog(
        retail(i, b"&amp;&#x41;" * 100) for i in range(40_000))),
    "wide_csv": lambda: ("till.csv", csv(
        lambda i: row_of(i, b"," * 251), "".join(f",c{i}" for i in range(251)))),
    "rows": lambda: ("till.csv", csv(lambda i: row_of(i, b"," + b"x" * 620), ",note")),
    "short_rows": lambda: ("till.csv", csv(row_of)),
    "one_receipt": lambda: ("till.csv", csv(lambda i: row_of(7))),
    "one_field": lambda: ("till.csv", b'number,time,day,sku,quantity\n"' + b"a" * (FILE - 40)),
    "long_header": lambda: ("till.csv", csv(
        lambda i: row_of(i)[:-3] + b"x" + b"," * 100 + b"\n",
        "".join(f",c{i}" + "b" * 9_000 for i in range(100)))),
}


def largest(process, name="VmHWM"):
    with open(f"/proc/{process.child.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024


def dropped(world, name, content):
    with open(world.path(name), "wb") as file:
        file.write(content[:FILE])
    incoming = os.path.join(world.drop, "incoming", name)
    os.rename(world.path(name), incoming)

    def handled():
        """Taken, or left because the quarantine keeps no more of it."""
        return not os.path.exists(incoming) or b"tillrelay_drop_folder_up 0" in world.get(
            "/metrics")[1]
    wait_for(handled, f"{name} to be handled", 300)


def give_back(world):
    wait_for(lambda: largest(world.agent, "VmRSS") < IDLE_MIB, "the memory to be given back", 30)


def play(shape):
    name, content = SHAPES[shape]()
    with World(agent_lines=CSV) as world:
        world.start(broker=False, collector=False)
        pid = world.agent.child.pid
        dropped(world, name, content)
        check(world.agent.alive() and world.agent.child.pid == pid, "the agent has died")
        most = largest(world.agent)
        print(f"  {shape}: {most:.0f} MiB, {world.status()['head']} stored", flush=True)
        give_back(world)
    return most


def every_shape_of_file_stays_below_the_promise():
    shapes = os.environ.get("TILLRELAY_SHAPES", "").split(",")
    figures = {shape: play(shape) for shape in SHAPES if shapes == [""] or shape in shapes}
    over = {shape: most for shape, most in figures.items() if most > PROMISED_MIB}
    check(not over, f"over {PROMISED_MIB} MiB: {over}")
    return f"{len(figures)} shapes, at most {max(figures.values()):.0f} MiB"


def eight_large_bodies_at_once():
    """Those for whom there is no room are told to come back, and do; sales go on beside them."""
    with World() as world:
        world.start(broker=False, collector=False)

        def send(i):
            body = numbered(lambda k: json.dumps(sale(f"{i}-{k}")).encode(), 10_000, BODY, b",",
                            b"[", b"]")
            tries = 0
            while True:
                tries += 1
                try:
                    code, answer = world.post(body)
                except OSError:  # refused while it was still being sent
                    code, answer = 503, {}
                if code == 200:
                    check(answer["stored"] == 10_000, f"{answer['stored']}")
                    return tries
                check(code == 503, f"{code} {answer}")
                time.sleep(5)  # as Retry-After says
        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            waiting = [pool.submit(send, i) for i in range(8)]
            for k in range(50):
                code, answer = world.post(json.dumps(sale(f"s{k}")).encode())
                check(code == 200, f"a sale beside them: {code} {answer}")
            tries = [task.result() for task in waiting]
        most = largest(world.agent)
        check(most < PROMISED_MIB, f"{most:.0f} MiB")
        give_back(world)
        return f"{tries} tries, at most {most:.0f} MiB"


if __name__ == "__main__":
    run(every_shape_of_file_stays_below_the_promise, eight_large_bodies_at_once)
