#!/usr/bin/python3
"""The command line against a running store: its texts agree, its codes are those of the manual,
its answers are JSON where asked for, and a backup comes back as a new stream that counts once."""

import json
import os
import pty
import re
import subprocess

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


def colour_is_for_terminals_and_can_be_refused():
    with World() as world:
        world.start(collector=False)
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            parent, child = pty.openpty()
            subprocess.run([TILLRELAY, "--config", world.path("agent.toml"), "status"],
                           stdout=child, stderr=child, check=False,
                           env={**os.environ, **env})
            os.close(child)
            told = os.read(parent, 65536).decode()
            os.close(parent)
            check(("\x1b[" in told) == coloured, f"{env}: {told!r}")
        check("\x1b" not in tell("--config", world.path("agent.toml"), "status").stdout, "a pipe")
    return "a terminal without NO_COLOR, nothing else"


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
        # stream_opened and what the backup called unconfirmed were told again: counted once.
        counted = world.central("SELECT count(*), count(DISTINCT id) FROM event WHERE counted = 1")
        check(counted == [(total + 1, total + 1)], f"{counted} of {total} + 1")
        return f"{told['rows']} of {total} in the backup, {told['waiting']} told again"


run(help_manual_and_completion_say_the_same,
    exit_codes_are_those_of_the_manual,
    colour_is_for_terminals_and_can_be_refused,
    every_answer_is_json_where_asked_for,
    a_backup_of_a_running_store_comes_back_as_a_new_stream)
