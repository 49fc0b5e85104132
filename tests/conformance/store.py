"""A store as the wire sees it, written from docs/wire.md alone: numbers, chains, envelopes."""

import hashlib
import json
import struct
import uuid

PREFIX = "tillrelay/v1"
NAMES = uuid.uuid5(uuid.NAMESPACE_DNS, "tillrelay.org")
ITEM = "apple"


def first_chain(store, stream):
    text = b"tillrelay/1\0" + store.encode() + b"\0" + stream.encode()
    return hashlib.sha256(text).digest()[:16]


def next_chain(chain, number, event_id, data_hash):
    return hashlib.sha256(chain + struct.pack(">Q", number) + event_id.bytes +
                          data_hash).digest()[:16]


def zstd_frame(content):
    """One raw block: every decoder takes it."""
    head = bytes.fromhex("28b52ffd") + b"\xa0" + struct.pack("<I", len(content))
    return head + struct.pack("<I", len(content) << 3 | 1)[:3] + content


class Event:
    def __init__(self, stream, number, kind, event_id, data):
        self.stream, self.number, self.kind, self.id = stream, number, kind, event_id
        self.data = json.dumps(data, separators=(",", ":")).encode()
        self.previous = stream.chains[number - 1]
        self.chain = next_chain(self.previous, number, event_id,
                                hashlib.sha256(self.data).digest())

    def message(self, data=None, previous=None, parked=False):
        head = {
            "specversion": "1.0", "id": str(self.id),
            "source": f"urn:tillrelay:store:{self.stream.store}:stream:{self.stream.name}",
            "type": f"org.tillrelay.{'parked' if parked else self.kind}.v1", "subject": "kit",
            "time": "2026-11-21T12:00:00+01:00", "recordedtime": "2026-11-21T11:00:01.000Z",
            "datacontenttype": "application/json",
            "dataschema": f"https://tillrelay.org/schemas/{self.kind}/1.json",
            "sequence": f"{self.number:020}", "partitionkey": self.stream.store,
            "chain": self.chain.hex(), "previouschain": (previous or self.previous).hex()}
        if parked:
            head["datahash"] = hashlib.sha256(self.data).hexdigest()
            data = json.dumps({"kind": self.kind, "bytes": len(self.data),
                               "reason": "packet-size"}).encode()
        start = json.dumps(head, separators=(",", ":")).encode()[:-1]
        return start + b',"data":' + (data or self.data) + b"}"


class Stream:
    """Numbers events. The items sold are always the same one."""

    def __init__(self, store, name):
        self.store, self.name = store, name
        self.chains, self.events = [first_chain(store, name)], {}
        self.sold = 0

    @property
    def head(self):
        return len(self.chains) - 1

    def add(self, kind, event_id, data):
        event = Event(self, self.head + 1, kind, event_id, data)
        self.chains.append(event.chain)
        self.events[event.number] = event
        return event

    def sale(self, quantity="1"):
        self.sold += 1
        name = f"{self.store}/{self.name}/{self.sold}/{quantity}"
        return self.add("sale", uuid.uuid5(NAMES, name), document(self, f"-{quantity}", "sale"))

    def sales(self, count):
        return [self.sale() for _ in range(count)]


def document(stream, delta, action):
    return {
        "transaction": {"store_id": stream.store, "register_id": "03",
                        "business_day": "2026-11-21", "transaction_no": str(stream.sold),
                        "kind": "sale", "status": "completed",
                        "end_at": "2026-11-21T12:00:00+01:00"},
        "lines": [{"line_no": 1, "action": action, "item": {"sku": ITEM},
                   "quantity": delta.lstrip("-"), "uom": "EA",
                   "stock_effect": [{"bucket": "on_hand", "location": stream.store,
                                     "delta": delta}]}]}
