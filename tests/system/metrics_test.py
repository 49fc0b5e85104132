#!/usr/bin/python3
"""docs/metrics.md is the specification: what it names is there, what is there it names. Dashboard
and alerts ask for nothing else, every alert has a test and a line in operations.md."""

import json
import os
import re
import subprocess

from harness import World, check, run, wait_for

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MONITORING = os.path.join(ROOT, "packaging", "monitoring")
NAME = re.compile(r"\btillrelay_[a-z0-9_]+\b")


def text_of(*parts):
    with open(os.path.join(ROOT, *parts)) as file:
        return file.read()


def documented(page):
    """name -> (type, {label: set of values or None}, may be absent)."""
    found, columns = {}, []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "name":
            columns = cells
        if not cells[0].startswith("`tillrelay_"):
            continue
        row = dict(zip(columns, cells))
        labels = {}
        for part in filter(None, row.get("labels", "").split(";")):
            label, _, values = part.partition("=")
            labels[label.strip()] = {v.strip() for v in values.split(",")} if values else None
        found[cells[0].strip("`")] = (row["type"], labels, "absent" in row["meaning"])
    return found


def exposed(text):
    """name -> (type, [labels of each sample])."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    found = {name: (kind, []) for name, kind in types.items()}
    for name, labels in re.findall(r"^(tillrelay_\w+)(?:\{(.*)\})? \S+$", text, re.M):
        family = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        found[family][1].append({k: v for k, v in pairs.items() if k != "le"})
    return found


def every_metric_is_documented_and_every_documented_one_is_there():
    lines = ["[registers]", 'expected = ["1", "77"]', "silent_after_min = 1",
             'opening_hours = ["mon-sun 00:00-24:00"]']
    with World(agent_lines=lines) as world:
        world.start()
        world.simulate(200, 1, drop=world.drop, drop_share=0.2)[0].wait(timeout=60)
        world.wait_delivered()
        wait_for(lambda: b'files_total{outcome="done"} 0' not in world.get("/metrics")[1], "files")
        status, body = world.get("/metrics")
        check(status == 200, f"{status}")
        text = body.decode()
        spec, there = documented(text_of("docs", "metrics.md")), exposed(text)
        unknown = sorted(set(there) - set(spec))
        check(not unknown, f"not documented: {unknown}")
        missing = sorted(n for n, (_, _, absent) in spec.items() if n not in there and not absent)
        check(not missing, f"documented and not there: {missing}")
        for name, (kind, samples) in there.items():
            check(kind == spec[name][0], f"{name} is a {kind}, documented as {spec[name][0]}")
            for labels in samples:
                check(set(labels) == set(spec[name][1]), f"{name}: labels {labels}")
                for label, value in labels.items():
                    allowed = spec[name][1][label]
                    check(allowed is None or value in allowed, f"{name}: {label}={value}")
                    check(world.store != value, f"{name}: the store id is a label")
        said = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, check=False)
        check(said.returncode == 0 and not said.stdout + said.stderr, said.stdout + said.stderr)
        return f"{len(there)} metrics; promtool has nothing to say"


def alerts_are_tested_and_explained():
    rules = text_of("packaging", "monitoring", "tillrelay.rules.yml")
    tests = text_of("packaging", "monitoring", "tillrelay.rules.test.yml")
    manual = text_of("docs", "operations.md")
    alerts = re.findall(r"- alert: (\w+)", rules)
    for alert in alerts:
        check(f"name: {alert}, raised" in tests, f"{alert} has no test")
        check(f"name: {alert}, not raised" in tests, f"{alert} has no test of its silence")
        check(f"| `{alert}` |" in manual, f"{alert} is not in operations.md")
    said = subprocess.run(["promtool", "test", "rules", "tillrelay.rules.test.yml"], text=True,
                          cwd=MONITORING, capture_output=True, check=False)
    check(said.returncode == 0, said.stdout + said.stderr)
    return f"{len(alerts)} alerts"


def dashboard_and_alerts_ask_only_for_what_is_documented():
    spec = documented(text_of("docs", "metrics.md"))
    known = set(spec) | set(NAME.findall(text_of("docs", "collector.md")))
    dashboard = json.loads(text_of("packaging", "monitoring", "grafana-dashboard.json"))
    queries = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    queries += re.findall(r"expr: (.*)", text_of("packaging", "monitoring", "tillrelay.rules.yml"))
    for query in queries:
        for name in NAME.findall(query):
            plain = re.sub(r"_(bucket|sum|count)$", "", name)
            check(name in known or plain in known, f"{name} is not documented: {query}")
    ids = [panel["id"] for panel in dashboard["panels"]]
    check(len(ids) == len(set(ids)) and dashboard["uid"], "panels without ids of their own")
    return f"{len(queries)} queries"


run(every_metric_is_documented_and_every_documented_one_is_there,
    alerts_are_tested_and_explained,
    dashboard_and_alerts_ask_only_for_what_is_documented)
