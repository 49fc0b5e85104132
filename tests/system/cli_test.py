#!/usr/bin/python3
"""The command line against a running store: its texts agree, its codes are those of the manual,
its answers are JSON where asked for, and a backup comes back as a new stream that counts once."""

import contextlib
import csv
import http.client
import io
import json
import os
import pty
import re
import subprocess

from clients import control, once
from harness import BIN, World, check, run, wait_for

TILLRELAY = f"{BIN}/tillrelay"


def tell(*arguments, text="", env=None):
    return subprocess.run([TILLRELAY, *arguments], capture_output=True, text=True, input=text,
                          timeout=120, env={**os.environ, **(env or {})})


def help_of(path):
    """What the parser itself says: (commands, long options)."""
    commands, options, section = [], [], ""
    for line in tell(*path, "--help").stdout.splitlines():
        if line and not line.startswith(" "):
            section = line
        elif section == "Subcommands:" and re.match(r"  [a-z]", line):
            commands.append(line.split()[0])
        elif section == "Options:":
            options += re.findall(r"^  (?:-h,)?(--[a-z-]+)", line)
    return commands, options


def tree(path=()):
    commands, options = help_of(path)
    yield path, commands, [o for o in options if o != "--help" or not path]
    for name in commands:
        yield from tree((*path, name))


def complete(script, words):
    """What bash itself offers behind these words."""
    code = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tillrelay; '
            'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", code, "bash", script, "tillrelay", *words, ""],
                          capture_output=True, text=True, check=True)
    return sorted(done.stdout.split())


def help_manual_and_completion_say_the_same():
    with World() as world:
        texts = {kind: tell("pages", kind).stdout for kind in ("man", "bash", "zsh")}
        with open(world.path("completion"), "w") as file:
            file.write(texts["bash"])
        everything = list(tree())
        root = everything[0][2]
        for path, commands, options in everything:
            name = " ".join(path)
            offered = complete(world.path("completion"), path)
            wanted = sorted(commands + options + (root if path else []))
            check(offered == wanted, f"bash, {name}: {offered} instead of {wanted}")
            case = re.search(rf"^  '{name}'\) choices=\((.*?)^  \) ;;", texts["zsh"],
                             re.M | re.S).group(1)
            words = sorted(re.findall(r"^    '((?:--)?[a-z-]+):", case, re.M))
            check(words == wanted, f"zsh, {name}: {words} instead of {wanted}")
            if commands:
                continue
            item = re.search(rf"^\.It Cm {name}(?: [^\n]*)?$(.*?)(?=^\.It Cm|^\.Sh)", texts["man"],
                             re.M | re.S)
            check(item, f"man: {name} is missing")
            told = sorted("-" + o for o in re.findall(r"^\.It Fl (-[a-z-]+)", item.group(1), re.M))
            check(told == sorted(options), f"man, {name}: {told} instead of {sorted(options)}")
        for kind in ("bash",):
            subprocess.run([kind, "-n", world.path("completion")], check=True)
    return f"{len(everything)} commands"


def exit_codes_are_those_of_the_manual():
    with World() as world:
        config = ["--config", world.path("agent.toml")]
        check(tell(*config, "status").returncode == 3, "no daemon: not 3")
        check(tell(*config, "events").returncode == 3, "no daemon: not 3")
        check(tell("nonsense").returncode == 2, "unknown command: not 2")
        check(tell(*config, "replay").returncode == 2, "replay without what: not 2")
        check(tell("--config", "/nowhere.toml", "status").returncode == 78, "no file: not 78")
        world.start(collector=False)
        done = tell(*config, "quarantine", "discard", "1", "--reason", "x")
        check(done.returncode == 2 and "--yes" in done.stderr, "discarded without being asked")
        check(tell(*config, "show", "99").returncode == 1, "no such event: not 1")
        # The same file by the environment, as the daemon takes it.
        done = tell("status", env={"TILLRELAY_CONFIG": world.path("agent.toml")})
        check(done.returncode in (0, 1) and "store 0042" in done.stdout, done.stderr)
    return "0, 1, 2, 3, 78"


def the_status_says_what_to_do_and_its_code_is_the_verdict():
    with World() as world:
        config = ["--config", world.path("agent.toml")]

        def codes(wanted, what):
            for arguments in (["status"], ["--json", "status"]):
                done = tell(*config, *arguments)
                check(done.returncode == wanted, f"{what}, {arguments}: {done.returncode} {done}")
            return tell(*config, "status").stdout

        world.start()
        world.simulate(5, 1)[0].wait(timeout=60)
        world.wait_delivered()
        codes(0, "healthy")
        world.post(b"{}")
        told = codes(1, "a document in quarantine")
        steps = world.status()["steps"]
        check(steps and all(step in told for step in steps), f"{steps} are not all in {told}")
        # A file that the running daemon has not read.
        os.mkdir(world.path("conf.d"))
        with open(world.path("conf.d/90-broken.toml"), "w") as file:
            file.write("nonsense = [")
        done = tell(*config, "status")
        check(done.returncode == 1 and "store 0042" in done.stdout and "90-broken" in done.stderr,
              f"{done}")
        check(tell(*config, "quarantine", "list").returncode == 0, "the socket is not found")
        os.remove(world.path("conf.d/90-broken.toml"))
        world.agent.kill()
        codes(3, "no daemon")
        with open(world.path("conf.d/90-zone.toml"), "w") as file:
            file.write('[broker]\npassword_file = "/nowhere"\n')
        world.agent.start()
        world.wait_ready()
        wait_for(lambda: world.status()["level"] == "red", "the verdict")
        check("/nowhere" in codes(4, "critical"), "the file is not named")
        world.agent.kill()
        with open(world.path("conf.d/90-zone.toml"), "w") as file:
            file.write('store_id = ""\n')
        world.agent.start()
        wait_for(lambda: world.get("/healthz")[0] == 200, "the page")
        codes(5, "no store")
    return "0, 1, 3, 4, 5, also as JSON"


def what_cannot_be_is_wrong_use():
    with World() as world:
        config = ["--config", world.path("agent.toml")]
        for wrong, says in ((["events", "--day", "29.11.2026"], "2026-11-29"),
                            (["events", "--day", "2026-02-30"], "2026-02-30"),
                            (["events", "--kind", "sales"], "did you mean sale"),
                            (["events", "--kind", "xyz"], "there are"),
                            (["export", "--kind", "Sale"], "sale"),
                            (["export", "--day", "today"], "today"),
                            (["replay", "--day", "yesterday"], "yesterday"),
                            (["simulate", "--day", "1.1.2026", "--yes"], "1.1.2026")):
            done = tell(*config, *wrong)
            check(done.returncode == 2 and says in done.stderr, f"{wrong}: {done}")
        world.start(collector=False)
        done = tell(*config, "simulate", "--events", "3")
        check(done.returncode == 2 and "--yes" in done.stderr, f"{done}")
        check(world.status()["head"] == 0, "sales were played without being asked for")
        os.mkdir(world.path("conf.d"))
        with open(world.path("conf.d/90-test.toml"), "w") as file:
            file.write("test_store = true\n")
        done = tell(*config, "simulate", "--events", "3")
        check(done.returncode == 0 and world.status()["head"] == 3, f"{done}")
    return "8 values refused; no play into a live store"


def a_mistyped_command_is_told_what_is_near():
    for line, says in (("statsu", 'Did you mean "tillrelay status"?'),
                       ("--config /nowhere quarantine lst", 'mean "tillrelay quarantine list"?'),
                       ("xyzzyx", '"tillrelay --help" lists them all'),
                       ("help quarantine lst", 'mean "tillrelay quarantine list"?')):
        done = tell(*line.split())
        check(done.returncode == 2 and says in done.stderr and not done.stdout, f"{line}: {done}")
    for path in ((), ("status",), ("quarantine", "list")):
        done = tell("help", *path)
        check(done.returncode == 0 and done.stdout == tell(*path, "--help").stdout, f"{done}")
    return "7 lines"


def a_receipt_in_quarantine_is_found():
    with World() as world:
        world.start(collector=False)
        config = ["--config", world.path("agent.toml")]
        sale = {"kind": "sale", "transaction": {
                    "store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                    "transaction_no": "004711", "end_at": "2026-11-21T17:42:08+01:00"},
                "lines": [{"item": {"sku": "1"}, "quantity": "two", "uom": "EA"}]}
        code, answer = world.post(json.dumps(sale).encode())
        check(code == 200 and answer["quarantined"] == 1, f"{answer}")
        ticket = answer["results"][0]["ticket"]
        done = tell(*config, "events", "--register", "3", "--number", "4711")
        check(f"ticket {ticket}" in done.stdout, f"{done}")
        check("ticket" not in tell(*config, "events", "--number", "711").stdout, "a part was found")
        # Over the socket: whoever may use it need not be able to read the journal's file.
        with open(world.path("agent.toml")) as file, open(world.path("other.toml"), "w") as other:
            other.write(file.read().replace(world.path("journal.db"), "/nowhere/journal.db"))
        done = tell("--config", world.path("other.toml"), "quarantine", "list")
        check(done.returncode == 0 and "1 document waits" in done.stdout, f"{done}")
        check(" 3         004711 " in done.stdout, f"register and number: {done}")
        for option, value, found in (("--register", "03", 1), ("--register", "4", 0),
                                     ("--reason", "bad-value", 1), ("--text", "TWO", 1),
                                     ("--text", "none of it", 0)):
            done = tell(*config, "quarantine", "list", option, value)
            check(done.stdout.count("004711") == found, f"{option} {value}: {done}")
        done = tell("--config", world.path("other.toml"), "--json", "quarantine", "show",
                    str(ticket))
        listed = json.loads(done.stdout)
        answer = once(control(world), "GET", f"/v1/quarantine/{ticket}").json()
        check(listed == [answer], f"the API says {answer}, the command line {listed}")
        check("004711" in listed[0]["document"] and listed[0]["number"] == "004711", f"{listed}")
        with open(world.path("no-receipt.toml"), "w") as file:
            file.write("a = 1\n")
        done = tell(*config, "send", world.path("no-receipt.toml"))
        check(done.returncode == 1 and "quarantine as ticket" in done.stderr, f"{done}")
        good = json.loads(json.dumps(sale))
        good["transaction"]["transaction_no"] = "004712"
        good["lines"][0]["quantity"] = "2"
        for name, text, code in (("zork.json", '{"kind": "zork"}', 1), ("cut.json", '{"kind"', 1),
                                 ("good.json", json.dumps(good), 0),
                                 ("mixed.ndjson", '{"kind": "zork"}\n{"kind": "sale"}\n', 1)):
            with open(world.path(name), "w") as file:
                file.write(text)
            for how in ([], ["--json"]):
                for option in ([], ["--check"]):
                    done = tell(*config, *how, "send", world.path(name), *option)
                    check(done.returncode == code, f"{how} {option} {name}: {done}")
        world.agent.kill()
        for command in (["show", str(ticket)], ["list"], ["export"]):
            done = tell(*config, "--json", "quarantine", *command)
            told = json.loads(f"[{done.stdout.splitlines()[-1]}]" if command == ["export"]
                              else done.stdout)
            check(told[-1:] == listed, f"{command}: the stopped daemon's journal says {told}")
    return "by number, over the socket; what cannot be read says where it is"


def all_of(terminal):
    """Up to its end: what was written may come in pieces, also after its writer has gone."""
    told = b""
    with os.fdopen(terminal, "rb", buffering=0) as file, contextlib.suppress(OSError):
        while piece := file.read(65536):
            told += piece
    return told.decode()


def colour_is_for_terminals_and_can_be_refused():
    with World() as world:
        world.start(collector=False)
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            parent, child = pty.openpty()
            subprocess.run([TILLRELAY, "--config", world.path("agent.toml"), "status"],
                           stdout=child, stderr=child, check=False,
                           env={**os.environ, **env})
            os.close(child)
            told = all_of(parent)
            check(("\x1b[" in told) == coloured, f"{env}: {told!r}")
        check("\x1b" not in tell("--config", world.path("agent.toml"), "status").stdout, "a pipe")
    return "a terminal without NO_COLOR, nothing else"


def on_a_terminal(world, command, env):
    parent, child = pty.openpty()
    subprocess.run([TILLRELAY, "--config", world.path("agent.toml"), *command], stdout=child,
                   stderr=child, check=False,
                   env={**{k: v for k, v in os.environ.items() if not k.startswith("LC_")},
                        "NO_COLOR": "1", **env})
    os.close(child)
    return all_of(parent)


def a_terminal_is_spoken_to_in_its_language():
    with World() as world:
        world.start(broker=False, collector=False)
        world.simulate(3, 1)[0].wait(timeout=60)
        wait_for(lambda: world.status()["waiting"] == 3, "what waits")
        tell("--config", world.path("agent.toml"), "pause")
        wait_for(lambda: world.status()["cause"] == "paused", "the pause")
        english = {"status": ("What to do:", "paused by a person"), "issues": ("open:", "since "),
                   "doctor": ("configuration ", "found.")}
        german = {"status": ("Was zu tun ist:", "wartend"), "issues": ("offen:", "seit "),
                  "doctor": ("Konfiguration ", "gefunden.")}
        for command, words in english.items():
            path = ["issues", "list"] if command == "issues" else [command]
            for env in ({"LANG": "de_DE.UTF-8"}, {"LANG": "de_DE"}, {"LC_MESSAGES": "de_AT.utf8"}):
                told = on_a_terminal(world, path, env)
                check(all(word in told for word in german[command]), f"{env}: {told}")
                check(not any(word in told for word in words), f"{env}, half of it: {told}")
            for env in ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, {"LANG": "C.UTF-8"}, {"LANG": ""}):
                told = on_a_terminal(world, path, env)
                check(all(word in told for word in words), f"{env}: {told}")
            piped = tell("--config", world.path("agent.toml"), *path,
                         env={"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8"}).stdout
            check(all(word in piped for word in words), f"a pipe: {piped}")
    return "German on a terminal; English for LC_ALL=C and whatever is no terminal"


def a_browser_meets_pages_and_a_program_documents():
    with World(collector_http=True) as world:
        world.start()
        html = {"Accept": "text/html,*/*;q=0.8"}
        rows = (("GET", "/nothing", b"", 404), ("GET", "/?odd=1", b"", 400),
                ("DELETE", "/", b"", 405), ("POST", "/login", b"x" * 9_000_000, 413),
                ("GET", "/v1/events?odd=1", b"", 400))
        for method, target, body, code in rows:
            for language, word in (("de", "<html lang=\"de\">"), ("en", "<html lang=\"en\">")):
                with contextlib.closing(http.client.HTTPConnection(world.page)) as line:
                    line.request(method, target, body or None,
                                 {**html, "Accept-Language": language})
                    answer = line.getresponse()
                    text = answer.read().decode()
                check(answer.status == code, f"{method} {target}: {answer.status}")
                check(answer.headers["Content-Type"].startswith("text/html") and word in text,
                      f"{method} {target}: {text[:300]}")
            with contextlib.closing(http.client.HTTPConnection(world.page)) as line:
                line.request(method, target, body or None)
                answer = line.getresponse()
                check(answer.status == code and "title" in json.loads(answer.read()), f"{target}")
        with contextlib.closing(http.client.HTTPConnection(world.centre_page)) as line:
            line.request("GET", "/nothing", headers=html)
            answer = line.getresponse()
            check((answer.status, b"<h1>" in answer.read()) == (404, True), "the centre's page")
            line.request("GET", "/nothing")
            check("title" in json.loads(line.getresponse().read()), "the centre's document")
    return f"{len(rows)} at the store in two languages, 1 at the centre"


def every_answer_is_json_where_asked_for():
    with World() as world:
        world.start()
        world.simulate(30, 1)[0].wait(timeout=60)
        world.wait_delivered()
        config = ["--config", world.path("agent.toml"), "--json"]
        last = json.loads(tell(*config, "events", "--most", "1").stdout)["events"][0]
        subject = last["subject"].split("/")
        told = json.loads(tell(*config, "show", last["id"]).stdout)
        check(told["sequence"] == last["sequence"] and told["data"], f"{told}")
        if subject[0] == "register":
            found = json.loads(tell(*config, "events", "--register", subject[1].lstrip("0"),
                                    "--number", subject[3].lstrip("0")).stdout)
            check(last["id"] in [e["id"] for e in found["events"]], f"{found}")
        for command in (["status"], ["config", "show"], ["quarantine", "list"],
                        ["register", "list"], ["verify"], ["pause"], ["resume"], ["retry"],
                        ["reload"], ["doctor"]):
            json.loads(tell(*config, *command).stdout)
        lines = tell(*config[:2], "export").stdout.splitlines()
        check(len(lines) == 30 and all(json.loads(line)["data"] for line in lines), "export")
        preview = json.loads(tell(*config, "replay", "--from", "5", "--through", "9",
                                  "--preview").stdout)
        check(preview["events"] == 5, f"{preview}")
        done = tell(*config, "replay", "--from", "5", "--through", "9", "--reason", "a test")
        replay = json.loads(done.stdout)
        check((replay["state"], replay["sent"]) == ("done", 5), f"{replay} {done.stderr}")
        wait_for(lambda: world.central("SELECT sum(seen) FROM duplicate")[0][0] == 5,
                 "5 duplicates at the centre")
    return "14 commands; 5 events sent again, counted once"


def the_lists_are_shown_and_settled():
    with World() as world:
        world.start(broker=False, collector=False)
        config = ("--config", world.path("agent.toml"))

        def document(number, register="03", quantity="1"):
            return json.dumps({
                "kind": "sale",
                "transaction": {"store_id": "0042", "register_id": register,
                                "business_day": "2026-11-21", "transaction_no": str(number),
                                "end_at": "2026-11-21T17:42:08+01:00"},
                "lines": [{"item": {"sku": "1"}, "quantity": quantity, "uom": "EA"}]}).encode()

        for number, register in ((1, "03"), (2, "03"), (1, "-1-2"), (1, "-7")):
            check(world.post(document(number, register))[0] == 200, f"{register} {number}")
        for number in (3, 4, 5):
            world.post(document(number, quantity="1,5"))
        rows = list(csv.reader(io.StringIO(tell(*config, "days", "--csv").stdout)))
        cells = {row[1]: row[rows[0].index("sales")] for row in rows[1:]}
        check(cells == {"3": "2", "'-1-2": "1", "-7": "1"}, f"{rows}")
        check(len(tell(*config, "days").stdout.splitlines()) == 4, "a heading and three registers")
        check("is ready" in tell(*config, "log").stdout, "the log does not show the start")
        check("quarantine" in tell(*config, "issues", "list").stdout, "no issue")
        known = tell(*config, "issues", "acknowledge", "quarantine", "--note", "being mended")
        check(known.returncode == 0, known.stderr)
        check("being mended" in tell(*config, "issues", "list").stdout, "the note is not shown")
        again = tell(*config, "issues", "acknowledge", "quarantine", "--note", "once more")
        check(again.returncode != 0, "acknowledged twice")
        all_of_them = (*config, "quarantine", "discard-all", "bad-value", "--reason", "a test")
        asked = tell(*all_of_them)
        check(asked.returncode == 2 and "--yes" in asked.stderr, f"{asked}")
        check(world.status()["quarantined"] == 3, "discarded without a yes")
        done = tell(*all_of_them, "--yes")
        check(done.returncode == 0 and "3 of 3" in done.stdout, f"{done}")
        check(world.status()["quarantined"] == 0, "something is left")
        acts = tell(*config, "audit").stdout
        check(acts.count("a test") == 3 and "being mended" in acts, acts)
        return "days, log, issues, discard-all, audit"


def a_backup_of_a_running_store_comes_back_as_a_new_stream():
    with World() as world:
        world.start()
        config = ["--config", world.path("agent.toml")]
        world.simulate(300, 1)[0].wait(timeout=60)
        world.wait_delivered()
        world.collector.kill()
        world.simulate(200, 2, day="2026-11-23")[0].wait(timeout=60)
        playing, _ = world.simulate(600, 3, day="2026-12-01", rate=400)
        copy = world.path("copy.db")
        told = json.loads(tell(*config, "--json", "backup", copy).stdout)
        check(playing.wait(timeout=60) == 0, "the registers were held up")
        check(told["rows"] >= 500 and not told["faults"], f"{told}")
        check(tell(*config, "verify", copy).returncode == 0, "the copy is not verified")
        # What is stored behind the backup reaches the centre, and is then lost with the disk.
        world.collector.start()
        world.wait_delivered()
        total = world.status()["head"]
        refused = tell(*config, "restore-backup", copy, "--yes")
        check(refused.returncode == 1 and "runs" in refused.stderr, "restored under the daemon")
        world.agent.kill()
        done = tell(*config, "restore-backup", copy, "--yes")
        check(done.returncode == 0, done.stderr)
        world.agent.start()
        world.wait_ready()
        status = world.wait_delivered()
        check(status["stream"] != told["stream"], "the old stream goes on")
        # What the backup called unconfirmed was told again: counted once.
        counted = world.central("SELECT count(*), count(DISTINCT id) FROM event WHERE counted = 1 "
                                "AND kind NOT IN ('stream_opened', 'loss')")
        check(counted == [(total, total)], f"{counted} of {total}")
        declared = world.central("SELECT DISTINCT reason FROM loss")
        check(declared in ([], [("delivered",)]), f"{declared}")
        return f"{told['rows']} of {total} in the backup, {told['waiting']} told again"


run(help_manual_and_completion_say_the_same,
    exit_codes_are_those_of_the_manual,
    the_status_says_what_to_do_and_its_code_is_the_verdict,
    what_cannot_be_is_wrong_use, a_mistyped_command_is_told_what_is_near,
    a_receipt_in_quarantine_is_found,
    colour_is_for_terminals_and_can_be_refused,
    a_terminal_is_spoken_to_in_its_language,
    a_browser_meets_pages_and_a_program_documents,
    every_answer_is_json_where_asked_for,
    the_lists_are_shown_and_settled,
    a_backup_of_a_running_store_comes_back_as_a_new_stream)
