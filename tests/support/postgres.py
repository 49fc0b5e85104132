#!/usr/bin/python3
"""A PostgreSQL server of the tests' own: a fresh cluster in a temporary directory, reached by a
unix socket only, gone afterwards.

As a program: postgres.py COMMAND..., with its address in TILLRELAY_TEST_POSTGRES.
"""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def _bin(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else name


class Postgres:
    def __init__(self, durable=True):
        self.durable = durable
        self.dir = tempfile.mkdtemp(prefix="tillrelay-pg-", dir="/tmp")  # a socket's path is short
        self.log = os.path.join(self.dir, "log")
        self.url = f"postgresql://postgres@/postgres?host={self.dir}"
        self.child = None
        # The server refuses to run as root.
        self.as_user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                            "--pdeathsig", "INT"]

    def __enter__(self):
        try:
            subprocess.run([*self.as_user, _bin("initdb"), "-D", f"{self.dir}/data", "-U",
                            "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                            "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.dir}",
                   "-c", "max_connections=50", "-c", "shared_buffers=64MB"]
        if not self.durable:
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                [*self.as_user, _bin("postgres"), "-D", f"{self.dir}/data", *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        deadline = time.monotonic() + 60
        while subprocess.run([_bin("pg_isready"), "-q", "-h", self.dir]).returncode != 0:
            if self.child.poll() is not None or time.monotonic() > deadline:
                with open(self.log, errors="replace") as log:
                    raise RuntimeError("PostgreSQL does not start:\n" + log.read()[-2000:])
            time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT: clients are cut off; SIGQUIT: as a crash."""
        if self.child is not None:
            self.child.send_signal(how)
            self.child.wait(timeout=60)
            self.child = None

    def query(self, sql):
        """Rows as lists of texts."""
        out = subprocess.run([_bin("psql"), "-h", self.dir, "-U", "postgres", "-d", "postgres",
                              "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql],
                             check=True, capture_output=True, text=True, cwd="/").stdout
        return [line.split("\t") for line in out.splitlines()]


if __name__ == "__main__":
    with Postgres(durable=False) as server:
        environment = {**os.environ, "TILLRELAY_TEST_POSTGRES": server.url}
        result = subprocess.run(sys.argv[1:], env=environment).returncode
    sys.exit(result)
