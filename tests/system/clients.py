"""Clients for tests: certificates made with openssl, requests over TCP, TLS and unix sockets."""

import http.client
import json
import socket
import ssl
import subprocess

from harness import BIN, check

SALE = {
    "kind": "sale",
    "transaction": {"store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                    "transaction_no": "1", "end_at": "2026-11-21T17:42:08+01:00"},
    "lines": [{"item": {"sku": "1"}, "quantity": "1", "uom": "EA"}],
}


def sale(number, register="03"):
    document = json.loads(json.dumps(SALE))
    document["transaction"].update(transaction_no=str(number), register_id=register)
    return json.dumps(document).encode()


class Certificates:
    """An authority below one folder; issues NAME.pem and NAME.key there."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.path("key"),
                      "-out", self.path("pem"), "-days", "2", "-subj", f"/CN={name}")

    def path(self, kind, name=None):
        return f"{self.folder}/{name or self.name}.{kind}"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, common_name, names="DNS:localhost,IP:127.0.0.1"):
        with open(self.path("ext", name), "w") as file:
            file.write(f"subjectAltName={names}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-keyout", self.path("key", name), "-out",
                      self.path("csr", name), "-subj", f"/CN={common_name}")
        self._openssl("x509", "-req", "-in", self.path("csr", name), "-CA", self.path("pem"),
                      "-CAkey", self.path("key"), "-CAcreateserial", "-days", "1", "-extfile",
                      self.path("ext", name), "-out", self.path("pem", name))
        return self.path("pem", name), self.path("key", name)

    def client(self, own=None):
        context = ssl.create_default_context(cafile=self.path("pem"))
        if own:
            context.load_cert_chain(*own)
        return context


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.unix_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.unix_path)


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        self.type = (answer.headers.get("Content-Type") or "").split(";")[0]

    def json(self):
        return json.loads(self.body)

    def problem(self):
        return self.json()["type"].rsplit("/", 1)[1]


def ask(connection, method, target, body=None, headers=None):
    connection.request(method, target, body=body, headers=headers or {})
    return Answer(connection.getresponse())


def once(connection, *arguments, **options):
    try:
        return ask(connection, *arguments, **options)
    finally:
        connection.close()


def control(world):
    return UnixConnection(world.path("control.sock"))


def plain(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def over_tls(port, context):
    return http.client.HTTPSConnection("localhost", port, timeout=60, context=context)


def raw(port, data, answer_bytes=65536, context=None):
    """Sends bytes; everything that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), 30) as sock:
        if context:
            sock = context.wrap_socket(sock, server_hostname="localhost")
        sock.sendall(data)
        received = b""
        while len(received) < answer_bytes:
            try:
                piece = sock.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
        return received


def register(world, *arguments):
    """`tillrelay register ...`; what it printed."""
    ran = subprocess.run([f"{BIN}/tillrelay", "--config", world.path("agent.toml"), "register",
                          *arguments], capture_output=True, text=True, timeout=30)
    check(ran.returncode == 0, f"register {arguments}: {ran.stderr}")
    return ran.stdout.strip()
