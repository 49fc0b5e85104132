"""A Debian that really boots: systemd as PID 1 inside a container, with a loopback of its own and a
line to this machine and to nothing else.

The base root is made once by debootstrap and kept outside the tree; every test works on a copy.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import check, wait_for

CACHE = os.environ.get("TILLRELAY_ROOT_CACHE", "/var/cache/tillrelay-package-test")
BASE_PACKAGES = "systemd-sysv,dbus,ca-certificates,python3,tzdata"
OUTSIDE, INSIDE = "10.203.0.1", "10.203.0.2"  # the two ends of the first container's line


def command(*arguments, **options):
    done = subprocess.run(arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, **options)
    check(done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def mirror():
    """The one that this machine's own apt uses most."""
    sites = command("sh", "-c", "apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | "
                    "grep -v security | sort | uniq -c | sort -rn | awk 'NR==1 {print $2}'")
    return sites.strip()


def prepare_base(debs, more=()):
    """The cached root with everything that the packages depend on, and without the packages. With
    more packages it is a root of its own."""
    base = os.path.join(CACHE, "-".join(["bookworm", *more]))
    if not os.path.exists(base + ".made"):
        shutil.rmtree(base, ignore_errors=True)
        os.makedirs(CACHE, exist_ok=True)
        command("debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", "bookworm", base,
                mirror())
        open(base + ".made", "w").close()
    if not debs:
        return base
    wanted = ", ".join(["python3", *more] + [command("dpkg-deb", "-f", deb, "Depends").strip()
                                      for deb in debs])
    mark = base + ".depends"
    if not os.path.exists(mark) or open(mark).read() != wanted:
        for name in ("apt", "resolv.conf", "hosts"):
            source = os.path.join("/etc", name)
            if os.path.isdir(source):
                shutil.copytree(source, base + source, dirs_exist_ok=True)
            elif os.path.exists(source):
                shutil.copy(source, base + source)
        if not os.path.exists("/etc/apt/sources.list"):
            open(base + "/etc/apt/sources.list", "w").close()
        command("chroot", base, "apt-get", "update", "-qq")
        command("chroot", base, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "satisfy",
                "-y", "-qq", "--no-install-recommends", wanted)
        # What boots later has no network: only the test's own repository is left.
        shutil.rmtree(base + "/etc/apt/sources.list.d", ignore_errors=True)
        os.makedirs(base + "/etc/apt/sources.list.d")
        open(base + "/etc/apt/sources.list", "w").close()
        with open(mark, "w") as file:
            file.write(wanted)
    return base


class Booted:
    """One container. `run` works inside it, `root` is its file system seen from outside."""

    def __init__(self, debs, number=0, more=()):
        self.dir = tempfile.mkdtemp(prefix="tillrelay-boot-", dir="/var/tmp")
        self.root = os.path.join(self.dir, "root")
        command("cp", "-a", "--reflink=auto", prepare_base(debs, more), self.root)
        self.number = number
        self.nspawn = self.leader = None
        self.outside = []  # processes of this machine

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None and getattr(value, "code", 1) != 0
        if failed and self.leader is not None:
            print(self.try_run("journalctl", "--no-pager", "-n", "60", "-u", "tillrelay*")[1])
        for process in self.outside:
            process.kill()
        if self.nspawn is not None and self.nspawn.poll() is None:
            self.nspawn.terminate()
            try:
                self.nspawn.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        if not os.environ.get("KEEP"):
            command("rm", "-rf", "--one-file-system", self.dir)

    def boot(self):
        with open(os.path.join(self.dir, "console.log"), "ab") as log:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network",
                 "--console=pipe", "-D", self.root, "--boot"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.leader = wait_for(self._find_leader, "the container's first process", 30)
        self._lay_line()
        wait_for(lambda: self.try_run("systemctl", "is-system-running")[1].strip()
                 in ("running", "degraded"), "the container to boot", 60)

    def _lay_line(self):
        name = f"tlr{os.getpid()}{self.number or ''}"
        inside = ["nsenter", "-t", self.leader, "-n", "ip"]
        command("ip", "link", "add", name, "type", "veth", "peer", "name", "host0", "netns",
                self.leader)
        for ip, device, end in ((["ip"], name, 1), (inside, "host0", 2)):
            command(*ip, "address", "add", f"10.203.{self.number}.{end}/30", "dev", device)
            command(*ip, "link", "set", device, "up")

    def reach(self, *others):
        """A way through this machine to other containers, and to nothing else."""
        command("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        for other in others:
            command("nsenter", "-t", self.leader, "-n", "ip", "route", "replace",
                    f"10.203.{other.number}.0/30", "via", f"10.203.{self.number}.1")

    def _find_leader(self):
        check(self.nspawn.poll() is None, "systemd-nspawn ended")
        pid = self.nspawn.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            for child in children.read().split():
                with open(f"/proc/{child}/comm") as name:
                    if name.read().strip() == "systemd":
                        return child
        return None

    def poweroff(self):
        self.try_run("systemctl", "poweroff")
        self.nspawn.wait(timeout=120)
        self.nspawn = None

    def _inside(self, arguments):
        return ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive", *arguments]

    def try_run(self, *arguments, text=None):
        done = subprocess.run(self._inside(arguments), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, input=text or "")
        return done.returncode, done.stdout

    def run(self, *arguments, text=None):
        code, output = self.try_run(*arguments, text=text)
        check(code == 0, f"{' '.join(arguments)}: {code}\n{output[-3000:]}")
        return output

    def start(self, *arguments):
        return subprocess.Popen(self._inside(arguments), stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w") as file:
            file.write(text)
        os.chmod(self.root + path, mode)

    def show(self, unit, *names):
        values = dict(line.split("=", 1) for line in self.run(
            "systemctl", "show", unit, "-p", ",".join(names)).splitlines())
        return values[names[0]] if len(names) == 1 else [values[name] for name in names]

    def status(self):
        code, text = self.try_run("tillrelay", "status", "--json")
        return json.loads(text) if code in (0, 1, 4, 5) and text.startswith("{") else {}

    def send_signal(self, unit, number):
        """From outside, as an accident would."""
        pid = self.show(unit, "MainPID")
        self.run("sh", "-c", f"kill -{signal.Signals(number).name[3:]} {pid}")
        return pid

    def kill_started(self, process):
        """SIGKILL for what `start` began inside; False if it had ended already."""
        try:
            with open(f"/proc/{process.pid}/task/{process.pid}/children") as children:
                os.kill(int(children.read().split()[0]), signal.SIGKILL)
        except (OSError, IndexError):
            return False
        finally:
            process.wait(timeout=60)
        return True

    def wait_status(self, condition, what, seconds=120):
        def good():
            status = self.status()
            return status if status and condition(status) else None
        return wait_for(good, what, seconds)


def repack(deb, version, folder):
    """The same package under another version; returns its path."""
    work = tempfile.mkdtemp(dir=folder)
    command("dpkg-deb", "-R", deb, work + "/tree")
    control = work + "/tree/DEBIAN/control"
    with open(control) as file:
        lines = file.read().splitlines()
    with open(control, "w") as file:
        for line in lines:
            file.write((f"Version: {version}" if line.startswith("Version:") else line) + "\n")
    name = os.path.basename(deb).split("_")
    out = os.path.join(folder, f"{name[0]}_{version}_{name[2]}")
    command("dpkg-deb", "--root-owner-group", "-b", work + "/tree", out)
    shutil.rmtree(work)
    return out


def elapsed(since):
    return time.monotonic() - since
