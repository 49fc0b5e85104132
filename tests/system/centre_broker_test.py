#!/usr/bin/python3
"""The centre's broker configuration as it is shipped: it loads, and its rights hold."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile

from clients import sale
from harness import BIN, Process, World, check, free_port, run, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "..", "..", "packaging", "mosquitto")


def shipped_broker(folder, port, users):
    """The shipped configuration with the paths and the port of this test, and without TLS."""
    passwords = os.path.join(folder, "passwd")
    with open(passwords, "w"):
        pass
    for user in users:
        subprocess.run(["mosquitto_passwd", "-b", passwords, user, "secret"], check=True,
                       capture_output=True)
    with open(os.path.join(SHIPPED, "tillrelay.conf")) as file:
        text = file.read()
    text = re.sub(r"listener 8883\n(.+\n)+", "", text)
    text = text.replace("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1")
    text = text.replace("/etc/mosquitto/tillrelay.passwd", passwords)
    text = text.replace("/etc/mosquitto/", SHIPPED + "/")
    text = text.replace("/var/lib/mosquitto/", folder + "/")
    path = os.path.join(folder, "broker.conf")
    with open(path, "w") as file:
        file.write(text + "\nuser root\n")
    return path


def every_store_reaches_only_its_own_topics():
    folder = tempfile.mkdtemp(prefix="tillrelay-system-")
    port = free_port()
    path = shipped_broker(folder, port, ("0042", "0043", "collector"))
    broker = Process("broker", ["mosquitto", "-c", path], os.path.join(folder, "log"))
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


def a_stolen_credential_ends_no_session_but_its_own():
    """The thief has the credential of store 0043 and knows how ids are made."""
    with World() as world:
        world.broker.arguments = [
            "mosquitto", "-c", shipped_broker(world.dir, world.broker_port,
                                              ("0042", "0043", "collector"))]
        secret = world.path("secret")
        with open(secret, "w") as file:
            file.write("secret")
        os.chmod(secret, 0o600)
        for name, user in (("agent.toml", "0042"), ("collector.toml", "collector")):
            with open(world.path(name)) as file:
                text = file.read()
            with open(world.path(name), "w") as file:
                file.write(text.replace(
                    "[broker]", f'[broker]\nusername = "{user}"\npassword_file = "{secret}"'))
        world.start()
        check(world.post(sale(1))[0] == 200, "the first sale was not taken")
        world.wait_delivered()
        before = world.status()["counters"]["connects"]
        names = ["tillrelay-0042", f"tillrelay-collector-{socket.gethostname()}-1", "collector",
                 "0042"]
        thieves = [subprocess.Popen(
            ["mosquitto_sub", "-V", version, "-p", str(world.broker_port), "-u", "0043", "-P",
             "secret", "-i", name, "-t", "tillrelay/v1/0042/#", "-t", "#", "-W", "5"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for name in names for version in ("5", "mqttv311")]
        for name in names:
            for leaf in ("events", "status", "reply", "confirm", "command"):
                subprocess.run(
                    ["mosquitto_pub", "-V", "5", "-p", str(world.broker_port), "-u", "0043", "-P",
                     "secret", "-i", name, "-t", f"tillrelay/v1/0042/{leaf}", "-m", "forged",
                     "-q", "1", "-r"], capture_output=True, timeout=30)
        for number in range(2, 22):
            check(world.post(sale(number))[0] == 200, f"sale {number} was not taken")
        world.wait_delivered()
        heard = [thief.communicate(timeout=30)[0] for thief in thieves]
        check(not any(heard), f"the thief has heard {heard}")
        status = world.status()
        check(status["counters"]["connects"] == before, f"the store was cut off: {status}")
        check("the connection" not in world.collector.text(), "the collector was cut off")
        check(world.central("SELECT count(*) FROM event WHERE counted = 1 AND store_id = '0042' "
                            "AND kind = 'sale'")[0][0] == 21, "not every sale was counted")
        return "8 thieves, 20 forged messages: nobody else noticed"


def only_the_owner_of_the_key_confirms():
    """Who may write `confirm` and knows the chain from the retained status, but not the key."""
    with World() as world:
        key = world.path("signing.pem")
        made = subprocess.run([f"{BIN}/tillrelay-collector", "--make-signing-key", key],
                              capture_output=True, text=True, check=True)
        public = made.stdout.strip()
        check(len(public) == 64 and os.stat(key).st_mode & 0o777 == 0o600, made.stdout)
        again = subprocess.run([f"{BIN}/tillrelay-collector", "--make-signing-key", key],
                               capture_output=True, text=True)
        check(again.returncode != 0, "a key was overwritten")
        with open(world.path("collector.toml"), "a") as file:
            file.write(f'[delivery]\nsigning_key_file = "{key}"\n')
        world.start()
        check(world.post(sale(1))[0] == 200, "the first sale was not taken")
        world.wait_delivered()
        with open(world.path("journal.db.centre-key")) as file:
            check(file.read().strip() == public, "the key was not learned")
        check(world.status()["broker"]["confirmations"] == "signed", f"{world.status()['broker']}")
        world.collector.kill()
        for number in range(2, 6):
            check(world.post(sale(number))[0] == 200, f"sale {number} was not taken")
        wait_for(lambda: world.status()["streams"][0]["acked_through"] == 5, "the broker", 30)
        stream = world.status()["streams"][0]
        forged = {"v": 1, "store": "0042", "at": "2026-11-21T16:42:09.512Z", "streams": [
            {"stream": stream["stream"], "through": 5, "chain": stream["chain"], "owed": []}]}

        def forge(message):
            subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(world.broker_port), "-q", "1",
                            "-r", "-t", "tillrelay/v1/0042/confirm", "-m", json.dumps(message)],
                           check=True, timeout=30)
            wait_for(lambda: world.agent.text().count("was not believed"), "the alarm", 30)
            check(world.status()["streams"][0]["confirmed_through"] == 1, "it was believed")

        forge(forged)
        forge({**forged, "kid": public, "sig": "0" * 128})
        world.agent.kill()
        world.agent.start()
        world.wait_ready()
        forge(forged)
        world.collector.start()
        world.wait_delivered()
        world.check_exactly_once(5)
        return "a forged confirmation counts for nothing, also after a restart"


if __name__ == "__main__":
    run(every_store_reaches_only_its_own_topics, a_stolen_credential_ends_no_session_but_its_own,
        only_the_owner_of_the_key_confirms)
