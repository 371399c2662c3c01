"""Machines on this one: processes in namespaces of their own, which share a network.

Each machine has its own network address, host name, processes, /tmp and /dev/shm, so that programs
see machines. This machine reaches them by the network of one more namespace, in which services for
all of them run.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import debian_packages
from debian_packages import UnavailableError

NETWORK = "10.77.23"
OUTSIDE = f"{NETWORK}.254"

#: Seconds that anything may take on a machine that is busy with other things.
PATIENCE = 300

#: What a machine does first in its namespaces. It goes on when its network is there.
_MACHINE = """\
set -e
hostname {name}
mount --make-rprivate /
mount --bind {folder}/hosts /etc/hosts
for path in {paths}; do
  mkdir -p {tmp}/"${{path#/tmp/}}"
  mount --bind "$path" {tmp}/"${{path#/tmp/}}"
done
mount --rbind {tmp} /tmp
mount -t tmpfs -o size=2g tmpfs /dev/shm
read go
ip link set lo up
{program} &
wait
"""


def install(programs, packages):
    """Install programs that machines need; raise UnavailableError where that cannot be done."""
    if os.geteuid() != 0:
        raise UnavailableError("only root can start machines, which are namespaces")
    debian_packages.install(programs, packages)


class Machines:
    """Some machines, which see nothing of this one's /tmp but `shared` and this checkout."""

    def __init__(self, folder, names, shared=()):
        self.folder = Path(folder)
        self.names = list(names)
        self.addresses = {name: f"{NETWORK}.{i}" for i, name in enumerate(self.names, 1)}
        self._shared = tuple(shared)
        self._machines = {}
        self._prefix = f"gw{secrets.token_hex(3)}"
        self._processes = []
        (self.folder / "machines").mkdir(mode=0o700, parents=True)
        hosts = [f"{address} {name}" for name, address in self.addresses.items()]
        (self.folder / "hosts").write_text("\n".join(["127.0.0.1 localhost", *hosts, ""]))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        self._start_network()
        for name in self.names:
            self.start_machine(name)

    def _start_network(self):
        self._outside = self._popen(["unshare", "--net", "sleep", "infinity"])
        wait_for(lambda: self._namespace(self._outside, "net"), "the network")
        # With an address of its own: it would have one of a machine's, and another when that goes.
        own = ["address", "02:00:00:00:00:01"]
        self.in_network("ip", "link", "add", "br0", *own, "type", "bridge")
        self.in_network("ip", "addr", "add", f"{OUTSIDE}/24", "dev", "br0")
        for device in ("lo", "br0"):
            self.in_network("ip", "link", "set", device, "up")

    def _program(self, name):
        """Return the shell command of the program that a machine runs from its start."""
        del name
        return "sleep infinity"

    def start_machine(self, name):
        """Start a machine, again if it has been killed."""
        tmp = self.tmp(name)
        shutil.rmtree(tmp, ignore_errors=True)
        tmp.mkdir(parents=True)
        script = _MACHINE.format(
            name=name,
            tmp=tmp,
            folder=self.folder,
            paths=" ".join(map(str, self._kept_of_tmp())),
            program=self._program(name),
        )
        namespaces = ["--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc"]
        outer = self._popen(
            ["unshare", *namespaces, "--kill-child", "bash", "-c", script], stdin=subprocess.PIPE
        )
        self._machines[name] = outer
        wait_for(lambda: self._namespace(outer, "uts"), f"the namespaces of {name}")
        first = wait_for(lambda: children(outer.pid), f"the first process of {name}")[0]
        device = f"{self._prefix}{self.names.index(name)}"
        peer = ["peer", "name", "eth0", "netns", str(first)]
        with contextlib.suppress(subprocess.CalledProcessError):  # of the machine before
            self.in_network("ip", "link", "delete", device)
        self.in_network("ip", "link", "add", device, "type", "veth", *peer)
        self.in_network("ip", "link", "set", device, "master", "br0", "up")
        inside = ["nsenter", f"--net=/proc/{first}/ns/net", "ip"]
        address = f"{self.addresses[name]}/24"
        run([*inside, "addr", "add", address, "dev", "eth0"])
        run([*inside, "link", "set", "eth0", "up"])
        outer.stdin.write(b"go\n")
        outer.stdin.close()

    def _kept_of_tmp(self):
        """Return what machines see of this machine's /tmp: the checkout, Python, what is shared."""
        root = Path(__file__).parents[1]
        wanted = {root, Path(sys.prefix), Path(sys.base_prefix), *self._shared}
        return [path for path in wanted if path.is_relative_to("/tmp")]

    def tmp(self, name):
        """Return the folder that a machine has for its /tmp."""
        return self.folder / "machines" / name

    def left_in_tmp(self, name):
        """Return what programs have left in a machine's /tmp."""
        kept = {path.relative_to("/tmp").parts[0] for path in self._kept_of_tmp()}
        return sorted(path.name for path in self.tmp(name).iterdir() if path.name not in kept)

    def shared_memory(self, name):
        """Return what programs have left in a machine's shared memory."""
        return sorted(
            path.name for path in Path(f"/proc/{self._first(name)}/root/dev/shm").iterdir()
        )

    def pids(self, name):
        """Return the processes of a machine."""
        first = children(self._machines[name].pid)
        return list(descendants(first[0])) if first else []

    def processes(self, name):
        """Return the command lines of these; of some that have ended, there is none."""
        return [line for process in self.pids(name) if (line := command_line(process))]

    def ports(self, name):
        """Return the TCP ports on which something listens on a machine."""
        lines = Path(f"/proc/{self._first(name)}/net/tcp").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        return {int(field[1].split(":")[1], 16) for field in fields if field[3] == "0A"}

    def kill_machine(self, name):
        """Have a machine lose its power."""
        os.kill(self._first(name), signal.SIGKILL)
        self._machines[name].wait()

    def in_network(self, *command, **options):
        """Run a command outside the machines, where it reaches them."""
        network = f"--net=/proc/{self._outside.pid}/ns/net"
        return run(["nsenter", network, *command], **options)

    def start_outside(self, *command, **options):
        """Start a service that all machines reach, at the address `OUTSIDE`."""
        return self._popen(
            ["nsenter", f"--net=/proc/{self._outside.pid}/ns/net", *command], **options
        )

    def start_on(self, name, *command, **options):
        """Start a program on a machine."""
        return self._popen(["nsenter", *self.inside(name), *command], **options)

    def run_on(self, name, *command, **options):
        """Run a command on a machine; return what it prints."""
        return run(["nsenter", *self.inside(name), *command], **options)

    def inside(self, name):
        """Return the options of `nsenter` that lead to a machine."""
        return [f"--target={self._first(name)}", "--mount", "--uts", "--ipc", "--net", "--pid"]

    def _first(self, name):
        """Return the first process of a machine."""
        return children(self._machines[name].pid)[0]

    def stop(self):
        """Stop all, and leave nothing."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _popen(self, command, **options):
        log = (self.folder / "processes.log").open("ab")
        options = {"stdout": log, "stderr": log} | options
        process = subprocess.Popen(command, **options)
        self._processes.append(process)
        return process

    @staticmethod
    def _namespace(process, kind):
        """Return whether a process has left the namespace of this one."""
        there, here = (Path(f"/proc/{of}/ns/{kind}").readlink() for of in (process.pid, "self"))
        return there != here


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, f"{command}: {done.stdout}{done.stderr}", done.stdout, done.stderr
        )
    return done.stdout


def wait_for(condition, what, seconds=PATIENCE, every=0.05):
    """Return what a condition returns when it holds; look at it again after some seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(every)
    return found


def children(process):
    try:
        return [
            int(p) for p in Path(f"/proc/{process}/task/{process}/children").read_text().split()
        ]
    except FileNotFoundError:
        return []


def descendants(process):
    for child in children(process):
        yield child
        yield from descendants(child)


def command_line(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
