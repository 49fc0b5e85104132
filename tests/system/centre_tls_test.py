#!/usr/bin/python3
"""The collector's page and API over TLS: the certificate is renewed while it runs, a wrong renewal
changes nothing, and a key that everybody can read, or plain HTTP beyond loopback, is refused."""

import contextlib
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import urllib.request

from harness import BIN, Failure, Process, check, free_port, wait_for


class Centre:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tillrelay-tls-")
        self.port = free_port()
        self.cert, self.key = self.path("cert.pem"), self.path("key.pem")
        self.process = Process("collector", [f"{BIN}/tillrelay-collector", "--config",
                                             self.path("collector.toml")], self.path("log"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def issue(self, name):
        """Another certificate, in the place of the one before as renewal tools do it."""
        new_cert, new_key = self.path("new.pem"), self.path("new.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-out", new_cert, "-keyout",
                        new_key], check=True, capture_output=True)
        os.chmod(new_key, 0o600)
        os.rename(new_key, self.key)
        os.rename(new_cert, self.cert)

    def configure(self, *lines):
        self.write("token", "s3cret\n")
        self.write("collector.toml", "\n".join([
            "[broker]", 'url = "mqtt://127.0.0.1:1"',
            "[store]", f'url = "sqlite:{self.path("central.db")}"',
            "[metrics]", f'token_file = "{self.path("token")}"', *lines]) + "\n")

    def served(self):
        """The name in the certificate that the next handshake shows."""
        text = ssl.get_server_certificate(("127.0.0.1", self.port), timeout=5)
        out = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"],
                             input=text, check=True, capture_output=True, text=True).stdout
        return out.split("= ")[-1].strip()

    def get(self, path):
        context = ssl.create_default_context(cafile=self.cert)
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}",
                                         headers={"Authorization": "Bearer s3cret"})
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.read().decode()


def renewed_while_running(centre):
    centre.issue("first")
    centre.configure(f'listen = "127.0.0.1:{centre.port}"', f'tls_cert_file = "{centre.cert}"',
                     f'tls_key_file = "{centre.key}"')
    centre.process.start()
    wait_for(lambda: centre.served() == "first", "the first certificate")
    check("cells" in json.loads(centre.get("/v1/stock")), "stock over TLS")
    centre.issue("second")
    wait_for(lambda: centre.served() == "second", "the renewed certificate")
    check("cells" in json.loads(centre.get("/v1/stock")), "stock after the renewal")
    with open(centre.cert, "w") as file:
        file.write("no certificate\n")
    wait_for(lambda: centre.served() == "second" and "cert.pem" in centre.process.text(),
             "the old certificate beside a wrong renewal, and the log's word for it")
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{centre.port}/healthz", timeout=5)
        raise Failure("plain HTTP was answered on a TLS port")
    check(centre.process.alive(), "still running")
    centre.process.kill()


def refused(centre, *lines):
    centre.configure(*lines)
    done = subprocess.run(centre.process.arguments, capture_output=True, text=True, timeout=30)
    check(done.returncode == 78, f"exit {done.returncode}: {done.stderr}")
    return done.stderr + done.stdout


def refused_at_the_start(centre):
    said = refused(centre, f'listen = "0.0.0.0:{centre.port}"')
    check("behind_proxy" in said, said)
    centre.issue("third")
    os.chmod(centre.key, 0o644)
    said = refused(centre, f'listen = "127.0.0.1:{centre.port}"',
                   f'tls_cert_file = "{centre.cert}"', f'tls_key_file = "{centre.key}"')
    check("tls_key_file" in said, said)


if __name__ == "__main__":
    centre = Centre()
    try:
        renewed_while_running(centre)
        refused_at_the_start(centre)
        print("centre_tls: ok")
    finally:
        with contextlib.suppress(Exception):
            centre.process.kill()
        shutil.rmtree(centre.dir, ignore_errors=True)
