#!/usr/bin/python3
"""How a store reaches its broker: through WebSocket, through an HTTP proxy, by whichever address of
a name answers, and at a second broker while the first one is away."""

import base64
import contextlib
import os
import socket
import sys
import threading

from clients import Certificates, sale
from harness import BIN, Process, World, check, free_port, run, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from postgres import Postgres  # noqa: E402

ROUNDS = int(os.environ.get("TILLRELAY_FAILOVERS", "2"))


def change(world, name, old, new):
    with open(world.path(name)) as file:
        text = file.read()
    check(old in text, f"{old} is not in {name}")
    with open(world.path(name), "w") as file:
        file.write(text.replace(old, new))


class Proxy:
    """An HTTP proxy that takes CONNECT with a login, and remembers for which hosts."""

    def __init__(self, login):
        self.want = "basic " + base64.b64encode(login.encode()).decode().lower()
        self.asked, self.refused = [], 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            client, _ = self.server.accept()
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(4096)
            if not more:
                return client.close()
            head += more
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip().lower() for name, value in
                  (line.split(":", 1) for line in lines[1:] if ":" in line)}
        if fields.get("proxy-authorization") != self.want:
            self.refused += 1
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return client.close()
        target = lines[0].split()[1]
        self.asked.append(target)
        host, port = target.rsplit(":", 1)
        broker = socket.create_connection((host, int(port)), 10)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=self._pump, args=(broker, client), daemon=True)
        back.start()
        self._pump(client, broker)

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def sell(world, count, first=1):
    for number in range(first, first + count):
        check(world.post(sale(number))[0] == 200, f"sale {number} was not taken")
    status = world.wait_delivered()
    world.check_exactly_once(status["head"])
    return status


def through_websocket_and_proxy():
    web = free_port()
    with World(broker_lines=[f"listener {web} 127.0.0.1", "protocol websockets"]) as world:
        plain = f"mqtt://127.0.0.1:{world.broker_port}"
        change(world, "agent.toml", plain, f"ws://127.0.0.1:{web}/mqtt")
        world.start()
        sell(world, 20)
        proxy = Proxy("store:pass word%")
        secret = world.path("proxy-password")
        for number, (password, url) in enumerate((("wrong", plain), ("pass word%", plain),
                                                  ("pass word%", f"ws://127.0.0.1:{web}/mqtt"))):
            with open(secret, "w") as file:
                file.write(password + "\n")
            os.chmod(secret, 0o600)
            world.agent.kill()
            with open(world.path("agent.toml")) as file:
                lines = [line for line in file.read().splitlines()
                         if not line.startswith(("url", "proxy"))]
            at = lines.index("[broker]") + 1
            lines[at:at] = [f'url = "{url}"', f'proxy = "http://127.0.0.1:{proxy.port}"',
                            'proxy_username = "store"', f'proxy_password_file = "{secret}"']
            with open(world.path("agent.toml"), "w") as file:
                file.write("\n".join(lines) + "\n")
            world.agent.start()
            world.wait_ready()
            if password == "wrong":
                wait_for(lambda: "through the proxy" in (world.status()["broker"]["last_error"]
                                                         or ""), "the proxy's refusal", 30)
                check(proxy.refused and not proxy.asked, "a wrong login was let through")
                continue
            sell(world, 20, 1000 * number)
            target = url.split("//")[1].split("/")[0]
            check(proxy.asked and proxy.asked[-1] == target, f"{proxy.asked}, not {target}")
        check("pass word" not in world.agent.text(), "the proxy's password was logged")
    return "WebSocket; a proxy with plain MQTT and with WebSocket; its wrong login is told"


def tls_through_a_proxy_checks_the_certificate():
    """Through WebSocket and without, and once more where the name has several addresses."""
    web, secure = free_port(), free_port()
    with World() as world:
        ca, other = Certificates(world.dir), Certificates(world.dir, "other")
        pair = ca.issue("broker", "broker", "DNS:broker.test,IP:127.0.0.1")
        with open(world.path("broker.conf"), "a") as file:
            for port, protocol in ((web, "websockets"), (secure, "mqtt")):
                file.write(f"listener {port} 127.0.0.1\nprotocol {protocol}\n"
                           f"certfile {pair[0]}\nkeyfile {pair[1]}\n")
        proxy = Proxy("a:b")
        secret = world.path("proxy-password")
        with open(secret, "w") as file:
            file.write("b")
        os.chmod(secret, 0o600)
        plain = f'url = "mqtt://127.0.0.1:{world.broker_port}"'
        through = (f'proxy = "http://127.0.0.1:{proxy.port}"\nproxy_username = "a"\n'
                   f'proxy_password_file = "{secret}"')
        world.start(agent=False)
        before, number = plain, 1
        several = name_of_several_addresses(world)
        bare = world.agent.arguments
        for url, more, wrapped in ((f"wss://127.0.0.1:{web}/mqtt", through, bare),
                                   (f"mqtts://127.0.0.1:{secure}", through, bare),
                                   (f"mqtts://broker.test:{secure}", "", several)):
            for authority in (other, ca):
                text = f'url = "{url}"\nca_file = "{authority.path("pem")}"\n{more}'
                change(world, "agent.toml", before, text)
                before = text
                world.agent.arguments = wrapped
                world.agent.start()
                world.wait_ready()
                if authority is other:
                    wait_for(lambda: "certificate" in (world.status()["broker"]["last_error"]
                                                       or ""), f"the refusal, {url}", 30)
                else:
                    sell(world, 5, number)
                    number += 5
                world.agent.kill()
        check(set(proxy.asked) == {f"127.0.0.1:{web}", f"127.0.0.1:{secure}"}, f"{proxy.asked}")
    return "wss:// and mqtts:// through a proxy, and to several addresses; a foreign one is refused"


def name_of_several_addresses(world):
    """The agent's command where broker.test has two dead addresses before the good one."""
    hosts = world.path("hosts")
    with open(hosts, "w") as file:
        file.write("127.0.0.1 localhost\n127.0.0.8 broker.test\n127.0.0.9 broker.test\n"
                   "127.0.0.1 broker.test\n")
    return ["unshare", "--mount", *([] if os.getuid() == 0 else ["-r"]), "sh", "-c",
            f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh", *world.agent.arguments]


def whichever_address_answers():
    """A name with three addresses, of which the last one answers."""
    with World() as world:
        change(world, "agent.toml", "mqtt://127.0.0.1", "mqtt://broker.test")
        world.agent.arguments = name_of_several_addresses(world)
        world.start()
        sell(world, 20)
        world.broker.restart()
        sell(world, 20, 100)
    return "two dead addresses before the good one, also after a restart of the broker"


class Pair:
    """Two brokers, each with a collector of its own, on one database."""

    def __init__(self, world, server):
        self.ports = [world.broker_port, free_port()]
        self.brokers, self.collectors = [world.broker], []
        with open(world.path("broker2.conf"), "w") as file:
            file.write(f"listener {self.ports[1]} 127.0.0.1\nallow_anonymous true\nuser root\n")
        self.brokers.append(Process("broker 2", ["mosquitto", "-c", world.path("broker2.conf")],
                                    world.path("broker2.log")))
        for n, port in enumerate(self.ports):
            path = world.path(f"collector{n}.toml")
            with open(path, "w") as file:
                file.write(f'[broker]\nurl = "mqtt://127.0.0.1:{port}"\n[store]\n'
                           f'url = "{server.url}"\n[delivery]\nshared_group = "centre"\n'
                           f"instance = {n + 1}\n")
            self.collectors.append(Process(f"collector {n}", [
                f"{BIN}/tillrelay-collector", "--config", path], world.path(f"collector{n}.log")))

    def start(self):
        for broker, port in zip(self.brokers, self.ports):
            broker.start()
            wait_for(lambda: socket.create_connection(("127.0.0.1", port), 1), "a broker")
        for collector in self.collectors:
            collector.start()

    def kill(self):
        for process in (*self.collectors, self.brokers[1]):
            process.kill()


def a_second_broker_takes_over_and_gives_back():
    with Postgres() as server, World() as world:
        pair = Pair(world, server)
        first, second = (f"mqtt://127.0.0.1:{port}" for port in pair.ports)
        change(world, "agent.toml", f'url = "{first}"', f'urls = ["{first}", "{second}"]')
        try:
            pair.start()
            world.start(broker=False, collector=False)
            player, sums = world.simulate(400 * ROUNDS, 7, rate=40)
            used = lambda: world.status()["broker"]  # noqa: E731

            def is_at(url):
                broker = used()
                return broker["connected"] and broker["url"] == url

            wait_for(lambda: is_at(first), "the first broker", 30)
            for _ in range(ROUNDS):
                pair.brokers[0].kill()
                wait_for(lambda: is_at(second), "the second broker", 30)
                pair.brokers[0].start()
                wait_for(lambda: is_at(first), "the return to the first broker", 90)
            check(player.wait(timeout=300) == 0, "the simulated store failed")
            status = world.wait_delivered()
            counted = server.query("SELECT count(*), count(DISTINCT id), max(sequence) FROM event "
                                   "WHERE counted = 1")[0]
            check(counted == [str(status["head"])] * 3, f"{status['head']} told, {counted} counted")
            check(server.query("SELECT count(*) FROM loss")[0] == ["0"], "a loss was declared")
        finally:
            pair.kill()
    return f"{ROUNDS} fail-overs under load and as many returns: 0 lost, 0 doubled"


if __name__ == "__main__":
    run(through_websocket_and_proxy, tls_through_a_proxy_checks_the_certificate,
        whichever_address_answers, a_second_broker_takes_over_and_gives_back)
