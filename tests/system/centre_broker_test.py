#!/usr/bin/python3
"""The centre's broker configuration as it is shipped: it loads, and its rights hold."""

import os
import re
import shutil
import subprocess
import tempfile

from harness import Process, check, free_port, run, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "..", "..", "packaging", "mosquitto")


def every_store_reaches_only_its_own_topics():
    folder = tempfile.mkdtemp(prefix="tillrelay-system-")
    port, passwords = free_port(), os.path.join(folder, "passwd")
    with open(passwords, "w"):
        pass
    for user in ("0042", "0043", "collector"):
        subprocess.run(["mosquitto_passwd", "-b", passwords, user, "secret"], check=True,
                       capture_output=True)
    with open(os.path.join(SHIPPED, "tillrelay.conf")) as file:
        text = file.read()
    # The paths and ports of this test, no TLS; all else as shipped.
    text = re.sub(r"listener 8883\n(\w+file .*\n)+(#.*\n)*tls_version .*\n", "", text)
    text = text.replace("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1")
    text = text.replace("/etc/mosquitto/tillrelay.passwd", passwords)
    text = text.replace("/etc/mosquitto/", SHIPPED + "/")
    text = text.replace("/var/lib/mosquitto/", folder + "/")
    with open(os.path.join(folder, "broker.conf"), "w") as file:
        file.write(text + "\nuser root\n")
    broker = Process("broker", ["mosquitto", "-c", os.path.join(folder, "broker.conf")],
                     os.path.join(folder, "log"))
    broker.start()

    def client(program, user, *more, password="secret"):
        return subprocess.run(
            [program, "-V", "5", "-p", str(port), "-u", user, "-P", password, *more],
            capture_output=True, text=True, timeout=30)

    def publish(user, topic):
        """True if the broker took it."""
        out = client("mosquitto_pub", user, "-q", "1", "-t", topic, "-m", "x", "-d")
        return "Not authorized" not in out.stderr + out.stdout and out.returncode == 0

    def hears(user, topic, sender):
        """True if `user` receives what `sender` publishes, retained, on `topic`."""
        client("mosquitto_pub", sender, "-q", "1", "-r", "-t", topic, "-m", "heard")
        out = client("mosquitto_sub", user, "-q", "1", "-t", topic, "-C", "1", "-W", "2")
        return out.stdout.strip() == "heard"

    try:
        wait_for(lambda: publish("collector", "tillrelay/v1/0042/confirm"), "the broker", 30)
        for leaf in ("events", "status", "reply"):
            check(publish("0042", f"tillrelay/v1/0042/{leaf}"), f"own {leaf} refused")
            check(not publish("0042", f"tillrelay/v1/0043/{leaf}"), f"another store's {leaf} taken")
        for leaf in ("confirm", "command"):
            check(not publish("0042", f"tillrelay/v1/0042/{leaf}"), f"a forged {leaf} was taken")
            check(hears("0042", f"tillrelay/v1/0042/{leaf}", "collector"), f"own {leaf} unheard")
            check(not hears("0043", f"tillrelay/v1/0042/{leaf}", "collector"), f"foreign {leaf}")
        check(hears("collector", "tillrelay/v1/0042/status", "0042"), "collector hears no status")
        check(not hears("0043", "tillrelay/v1/0042/status", "0042"), "another store's status")
        wrong = client("mosquitto_pub", "0042", "-t", "x", "-m", "x", password="wrong")
        check(wrong.returncode != 0, "a wrong password was taken")
        return "own topics reach, foreign and forged ones are refused"
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(every_store_reaches_only_its_own_topics)
