#!/usr/bin/python3
"""Runs inside the container under the service's own sandbox and tries what must be refused.

Prints one JSON object: what was tried -> "allowed" or the system's word for no.
"""

import ctypes
import errno
import json
import mmap
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
NEW_USER, NEW_NET, NEW_NS = 0x10000000, 0x40000000, 0x20000


def outcome(attempt):
    try:
        attempt()
        return "allowed"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def call(name, *arguments):
    def attempt():
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)
    return attempt


def write(path):
    def attempt():
        with open(path, "w") as file:
            file.write("x")
        os.unlink(path)
    return attempt


def read(path):
    return lambda: open(path, "rb").read(1)


print(json.dumps({
    "write /usr": outcome(write("/usr/bin/x")),
    "write /etc/tillrelay": outcome(write("/etc/tillrelay/x")),
    "write /var/log": outcome(write("/var/log/x")),
    "write /home": outcome(write("/home/x")),
    "read /etc/shadow": outcome(read("/etc/shadow")),
    "read the credentials' source": outcome(read("/etc/tillrelay/credentials/broker-password")),
    "read another service's data": outcome(read("/var/lib/tillrelay-collector/central.db")),
    "read root's home": outcome(lambda: os.listdir("/root")),
    "see process 1": outcome(read("/proc/1/environ")),
    "new user namespace": outcome(call("unshare", NEW_USER)),
    "new network namespace": outcome(call("unshare", NEW_NET)),
    "new mount namespace": outcome(call("unshare", NEW_NS)),
    "mount": outcome(call("mount", b"none", b"/tmp", b"tmpfs", 0, None)),
    "raw socket": outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "packet socket": outcome(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)),
    "netlink socket": outcome(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)),
    "become root": outcome(lambda: os.setuid(0)),
    "set-user-id file": outcome(lambda: os.chmod("/var/lib/tillrelay", 0o4750)),
    "writable code": outcome(lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)),
    "set the clock": outcome(call("settimeofday", ctypes.create_string_buffer(16), None)),
    "host name": outcome(lambda: socket.sethostname("x")),
    "device": outcome(read("/dev/mem")),
    "write its state": outcome(write("/var/lib/tillrelay/x")),
    "write its spool": outcome(write("/var/spool/tillrelay/done/x")),
    "read its secret": outcome(read(
        os.environ.get("CREDENTIALS_DIRECTORY", "") + "/tillrelay_broker-password")),
    "connect": outcome(lambda: socket.create_connection(("127.0.0.1", 8470), 5).close()),
}))
