#!/usr/bin/python3
"""A reload over the control socket: applied, named, or refused, and the daemon runs on."""

import json
import os
import subprocess

from harness import BIN, World, check, run


def reload(world):
    done = subprocess.run([f"{BIN}/tillrelay", "--config", world.path("agent.toml"), "--json",
                           "reload"], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def a_reload_applies_the_log_level_and_names_the_rest():
    with World() as world:
        os.mkdir(world.path("conf.d"))
        world.start(collector=False)

        def change(text):
            with open(world.path("conf.d/10.toml"), "w") as file:
                file.write(text)
            return reload(world)

        code, out, _ = change("")
        nothing = {"applied": [], "needs_restart": [], "warnings": []}
        check((code, json.loads(out)) == (0, nothing), out)
        code, out, _ = change('log_level = "warning"\n[journal]\nretention_days = 9\n')
        check(code == 0 and json.loads(out) == {
            "applied": ["log_level"], "needs_restart": ["journal.retention_days"],
            "warnings": []}, out)
        code, _, error = change('log_level = "loud"\n')
        check(code == 78 and "10.toml:1:" in error, f"{code} {error}")
        code, out, _ = change("")
        check(code == 0 and json.loads(out)["applied"] == ["log_level"], out)
        check(world.agent.alive(), "the daemon has ended")
        world.agent.kill()
        code, _, _ = reload(world)
        check(code == 3, f"without a daemon: {code}")
        return "live, named, refused"


if __name__ == "__main__":
    run(a_reload_applies_the_log_level_and_names_the_rest)
