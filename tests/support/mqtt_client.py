"""A small MQTT 3.1.1 client for tests: it publishes with QoS 1 as fast as acknowledgements come, or
listens."""

import collections
import socket
import threading
import time

from fake_broker import (CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBLISH, SUBSCRIBE, Reader, packet,
                         text)


class Client:
    def __init__(self, port, name, window=20):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.settimeout(1)
        self.heard = collections.deque()  # (time, topic, payload)
        self.sent, self.acked, self.closed = 0, 0, False
        self._window, self._changed = window, threading.Condition()
        self._write = threading.Lock()
        self._send(packet(CONNECT, text(b"MQTT") + b"\x04\x02\x00\x3c" + text(name.encode())))
        threading.Thread(target=self._read, daemon=True).start()

    def subscribe(self, topic):
        self._send(packet(SUBSCRIBE, b"\x00\x01" + text(topic.encode()) + b"\x01", 2))

    def publish(self, topic, payload, retained=False):
        """Waits for room in the window. False: the connection is gone."""
        with self._changed:
            while not self.closed and self.sent - self.acked >= self._window:
                self._changed.wait(1)
            if self.closed:
                return False
            self.sent += 1
            token = self.sent % 65535 + 1
        self._send(packet(PUBLISH, text(topic.encode()) + token.to_bytes(2, "big") + payload,
                          2 | (1 if retained else 0)))
        return True

    def close(self):
        self._send(packet(DISCONNECT, b""))
        self._end()

    def _end(self):
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        self.socket.close()

    def _send(self, data):
        try:
            with self._write:
                self.socket.settimeout(30)
                self.socket.sendall(data)
        except OSError:
            self._end()

    def _exactly(self, count, pinged):
        data = b""
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except TimeoutError:
                if time.monotonic() - pinged[0] > 20:
                    pinged[0] = time.monotonic()
                    self._send(packet(PINGREQ, b""))
                continue
            if not piece:
                raise OSError("closed")
            data += piece
        return data

    def _read(self):
        pinged = [time.monotonic()]
        try:
            while True:
                kind = self._exactly(1, pinged)[0]
                size = shift = 0
                while True:
                    byte = self._exactly(1, pinged)[0]
                    size |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                body = self._exactly(size, pinged)
                if kind >> 4 == PUBACK:
                    with self._changed:
                        self.acked += 1
                        self._changed.notify_all()
                elif kind >> 4 == PUBLISH:
                    reader = Reader(body)
                    topic = reader.text().decode()
                    if kind & 6:
                        self._send(packet(PUBACK, reader.take(2)))
                    self.heard.append((time.monotonic(), topic, reader.rest()))
        except OSError:
            self._end()
