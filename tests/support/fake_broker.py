"""A small MQTT broker for tests, 5.0 and 3.1.1, that lies as told: swallows what it acknowledged,
never acknowledges, refuses with any code, falls silent, breaks lines, sends garbage.

QoS 1 at most, no sessions (clean start only), wildcards + and #, $share as a plain filter."""

import contextlib
import socket
import struct
import threading

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 10, 11, 12, 13, 14


def number(value):
    out = b""
    while True:
        value, digit = value >> 7, value & 127
        out += bytes([digit | (128 if value else 0)])
        if not value:
            return out


def text(value):
    return struct.pack(">H", len(value)) + value


def packet(kind, body, flags=0):
    return bytes([kind << 4 | flags]) + number(len(body)) + body


class Reader:
    """Cuts a packet's body into its parts."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def u16(self):
        return struct.unpack(">H", self.take(2))[0]

    def text(self):
        return self.take(self.u16())

    def number(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def skip_properties(self):
        self.take(self.number())

    def rest(self):
        return self.data[self.at:]


def matches(pattern, topic):
    if pattern.startswith("$share/"):
        pattern = pattern.split("/", 2)[2]
    parts, names = pattern.split("/"), topic.split("/")
    for i, part in enumerate(parts):
        if part == "#":
            return True
        if i >= len(names) or part not in ("+", names[i]):
            return False
    return len(parts) == len(names)


class Client:
    def __init__(self, broker, connection):
        self.broker, self.socket = broker, connection
        self.name, self.version, self.will, self.filters = "", 5, None, []
        self.lock, self.packet_id = threading.Lock(), 0

    def send(self, data):
        with contextlib.suppress(OSError), self.lock:
            if self.name not in self.broker.silent:
                self.socket.sendall(data)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def deliver(self, topic, payload, retained):
        with self.lock:
            self.packet_id = self.packet_id % 65_535 + 1
            head = text(topic.encode()) + struct.pack(">H", self.packet_id)
        properties = b"\0" if self.version == 5 else b""
        self.send(packet(PUBLISH, head + properties + payload, 2 | int(retained)))

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def read_packet(self):
        head = self.read(1)[0]
        size = shift = 0
        while True:
            byte = self.read(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return head >> 4, head & 15, Reader(self.read(size))

    def run(self):
        polite = False
        try:
            while not polite:
                kind, flags, body = self.read_packet()
                polite = kind == DISCONNECT
                self.handle(kind, flags, body)
        except (OSError, IndexError, struct.error):
            pass
        self.socket.close()
        self.broker.gone(self, polite)

    def handle(self, kind, flags, body):
        if kind == CONNECT:
            self.connect(body)
        elif kind == SUBSCRIBE:
            self.subscribe(body)
        elif kind == PUBLISH:
            self.publish(flags, body)
        elif kind == UNSUBSCRIBE:
            self.send(packet(UNSUBACK, body.take(2) + (b"\0\0" if self.version == 5 else b"")))
        elif kind == PINGREQ:
            self.send(packet(PINGRESP, b""))

    def connect(self, body):
        body.text()
        self.version, flags = body.take(1)[0], body.take(1)[0]
        body.u16()
        if self.version == 5:
            body.skip_properties()
        self.name = body.text().decode()
        if flags & 4:
            if self.version == 5:
                body.skip_properties()
            self.will = (body.text().decode(), body.text(), bool(flags & 32))
        code = self.broker.welcome(self)
        properties = self.broker.properties()
        self.send(packet(CONNACK, bytes([0, code]) + (
            number(len(properties)) + properties if self.version == 5 else b"")))
        if code:
            self.will = None
            raise ConnectionError

    def subscribe(self, body):
        packet_id, granted, new = body.take(2), b"", []
        if self.version == 5:
            body.skip_properties()
        while body.rest():
            wanted = body.text().decode()
            asked = bytes([min(body.take(1)[0] & 3, 1)])
            refused = self.broker.refused_filters.get(wanted.rsplit("/", 1)[-1])
            granted += asked if refused is None else bytes([refused])
            if refused is None:
                new.append(wanted)
        self.filters += new
        self.send(packet(SUBACK, packet_id + (b"\0" if self.version == 5 else b"") + granted))
        self.broker.give_retained(self, new)

    def publish(self, flags, body):
        topic, qos = body.text().decode(), flags >> 1 & 3
        packet_id = body.take(2) if qos else b""
        if self.version == 5:
            body.skip_properties()
        code = self.broker.take(self, topic, body.rest(), bool(flags & 1))
        if qos and code is not None:
            reason = bytes([code, 0]) if self.version == 5 and code else b""
            self.send(packet(PUBACK, packet_id + reason))


class FakeBroker:
    """Faults are plain members; change them at any time.

    swallow_every  every n-th event is acknowledged and thrown away
    never_acks     takes events, pings, and acknowledges nothing
    connect_codes  CONNACK codes for the next connections of the store, in order
    publish_codes  PUBACK codes for the next events, in order
    refused_filters  SUBACK codes by the last part of the filter: {"command": 0x87}
    max_packet     Maximum Packet Size told to a client; None: none told
    silent         client ids to which nothing is sent any more (half-open line)
    version        highest protocol version that is spoken: 5 or 4
    """

    def __init__(self, port):
        self.port, self.lock = port, threading.RLock()
        self.clients, self.retained = {}, {}
        self.swallow_every, self.never_acks, self.max_packet, self.version = 0, False, None, 5
        self.connect_codes, self.publish_codes, self.silent = [], [], set()
        self.refused_filters = {}
        self.events = self.swallowed = self.event_bytes = 0
        self.connects = []  # client ids, in order
        self.server = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=Client(self, connection).run, daemon=True).start()

    def stop(self):
        self.server.close()
        self.cut()

    def cut(self, name=""):
        """Ends the connections of all clients whose id begins with `name`."""
        with self.lock:
            clients = [c for n, c in self.clients.items() if n.startswith(name)]
        for client in clients:
            client.close()

    def garbage(self, name, data):
        """Sends bytes that are no packet to a client."""
        with self.lock:
            clients = [c for n, c in self.clients.items() if n.startswith(name)]
        for client in clients:
            client.send(data)

    def properties(self):
        return b"" if self.max_packet is None else b"\x27" + struct.pack(">I", self.max_packet)

    def welcome(self, client):
        with self.lock:
            self.connects.append(client.name)
            if client.version > self.version:
                return 0x84 if client.version == 5 else 1
            store = not client.name.startswith("tillrelay-collector")
            if store and self.connect_codes:
                return self.connect_codes.pop(0)
            self.silent.discard(client.name)
            old = self.clients.get(client.name)
            self.clients[client.name] = client
        if old is not None:
            old.close()
        return 0

    def gone(self, client, polite):
        with self.lock:
            if self.clients.get(client.name) is client:
                del self.clients[client.name]
        if client.will is not None and not polite:
            topic, payload, retained = client.will
            self.send_on(topic, payload, retained)

    def give_retained(self, client, filters):
        with self.lock:
            found = [(t, p) for t, p in self.retained.items()
                     if any(matches(f, t) for f in filters)]
        for topic, payload in found:
            client.deliver(topic, payload, True)

    def take(self, client, topic, payload, retained):
        """The PUBACK's code; None: no answer."""
        if topic.endswith("/events"):
            with self.lock:
                self.events += 1
                self.event_bytes += len(payload)
                if self.never_acks:
                    return None
                if self.publish_codes:
                    code = self.publish_codes.pop(0)
                    if code:
                        return code
                if self.swallow_every and self.events % self.swallow_every == 0:
                    self.swallowed += 1
                    return 0
        self.send_on(topic, payload, retained)
        return 0

    def send_on(self, topic, payload, retained=False):
        with self.lock:
            if retained:
                self.retained[topic] = payload
            clients = [c for c in self.clients.values()
                       if any(matches(f, topic) for f in c.filters)]
        for client in clients:
            client.deliver(topic, payload, False)
