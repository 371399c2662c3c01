"""A real cluster of Slurm on this machine, started by hand, its nodes in namespaces of their own.

Each node has its own network address, host name, processes, /tmp and /dev/shm, so that programs see
machines. The controller, and all commands of Slurm that tests call, are in one more network.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import debian_packages
from debian_packages import UnavailableError

PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge", "iproute2"]
NETWORK = "10.77.23"
CONTROLLER = f"{NETWORK}.254"

#: Seconds that anything may take on a machine that is busy with other things.
PATIENCE = 300

#: Seconds between questions to Slurm, each of which is a program.
ASKED = 0.3

IS_SLURM = re.compile(r"(\S*/)?slurm(d|stepd)\b").match

CONF = """\
ClusterName=test
SlurmctldHost={host}({controller})
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/spool/%n.pid
SlurmdLogFile={folder}/spool/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
SlurmdTimeout=20
SlurmctldTimeout=30
KillWait=20
{nodes}
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

#: What a node does first in its namespaces. It goes on when its network is there.
NODE = """\
set -e
hostname {name}
mount --make-rprivate /
for path in {paths}; do
  mkdir -p {tmp}/"${{path#/tmp/}}"
  mount --bind "$path" {tmp}/"${{path#/tmp/}}"
done
mount --rbind {tmp} /tmp
mount -t tmpfs -o size=2g tmpfs /dev/shm
mount --bind {folder}/hosts /etc/hosts
read go
ip link set lo up
slurmd -D -N {name} -f {folder}/slurm.conf &
wait
"""


def install():
    """Install Slurm, if it is not there; raise UnavailableError where that cannot be done."""
    if os.geteuid() != 0:
        raise UnavailableError("Slurm is started by root alone: its nodes need namespaces")
    debian_packages.install(["slurmctld", "slurmd", "sbatch", "munged", "ip"], PACKAGES)


class SlurmCluster:
    """Some nodes, with their CPUs and memory in MiB."""

    def __init__(self, folder, nodes=2, cpus=2, memory=4000):
        self.folder = Path(folder)
        self.names = [f"node{number}" for number in range(1, nodes + 1)]
        self._nodes = {}
        self._prefix = f"gw{secrets.token_hex(3)}"
        self._processes = []
        self._configure(cpus, memory)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _configure(self, cpus, memory):
        for name in ("munge", "state", "spool", "nodes"):
            (self.folder / name).mkdir(mode=0o700, parents=True)
        nodes = []
        addresses = {name: f"{NETWORK}.{i}" for i, name in enumerate(self.names, 1)}
        for name, address in addresses.items():
            (self.folder / "spool" / name).mkdir()
            nodes.append(
                f"NodeName={name} NodeAddr={address} CPUs={cpus} RealMemory={memory} State=UNKNOWN"
            )
        self.addresses = addresses
        hosts = [f"{address} {name}" for name, address in addresses.items()]
        (self.folder / "hosts").write_text("\n".join(["127.0.0.1 localhost", *hosts, ""]))
        self.conf = self.folder / "slurm.conf"
        self.conf.write_text(
            CONF.format(
                host=socket.gethostname(),
                controller=CONTROLLER,
                port=6817,
                node_port=6818,
                folder=self.folder,
                nodes="\n".join(nodes),
            )
        )

    def _start(self):
        self._start_munge()
        self._control = self._popen(["unshare", "--net", "sleep", "infinity"])
        wait_for(lambda: self._namespace(self._control, "net"), "the controller's network")
        self.in_network("ip", "link", "add", "br0", "type", "bridge")
        self.in_network("ip", "addr", "add", f"{CONTROLLER}/24", "dev", "br0")
        for device in ("lo", "br0"):
            self.in_network("ip", "link", "set", device, "up")
        self.in_network("slurmctld", "-c", "-f", str(self.conf))
        for name in self.names:
            self.start_node(name)
        self.wait_until_idle()

    def _start_munge(self):
        folder = self.folder / "munge"
        key = folder / "key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o600)
        files = {
            "key-file": key,
            "socket": folder / "socket",
            "pid-file": folder / "pid",
            "log-file": folder / "log",
            "seed-file": folder / "seed",
        }
        options = [f"--{name}={file}" for name, file in files.items()]
        self._munge = self._popen(["munged", "--force", "--foreground", *options])
        wait_for((folder / "socket").exists, "munged")

    def start_node(self, name):
        """Start a node, again if it has been killed."""
        tmp = self.tmp(name)
        shutil.rmtree(tmp, ignore_errors=True)
        tmp.mkdir(parents=True)
        script = NODE.format(
            name=name, tmp=tmp, folder=self.folder, paths=" ".join(map(str, self._kept_of_tmp()))
        )
        namespaces = ["--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc"]
        outer = self._popen(
            ["unshare", *namespaces, "--kill-child", "bash", "-c", script], stdin=subprocess.PIPE
        )
        self._nodes[name] = outer
        wait_for(lambda: self._namespace(outer, "uts"), f"the namespaces of {name}")
        first = wait_for(lambda: children(outer.pid), f"the first process of {name}")[0]
        device = f"{self._prefix}{name[-1]}"
        peer = ["peer", "name", "eth0", "netns", str(first)]
        with contextlib.suppress(subprocess.CalledProcessError):  # of the node before
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
        """Return what nodes see of this machine's /tmp: the checkout, Python, the cluster."""
        root = Path(__file__).parents[1]
        wanted = {root, Path(sys.prefix), Path(sys.base_prefix), self.folder.parent}
        return [path for path in wanted if path.is_relative_to("/tmp")]

    def tmp(self, name):
        """Return the folder that a node has for its /tmp."""
        return self.folder / "nodes" / name

    def left_in_tmp(self, name):
        """Return what programs have left in a node's /tmp."""
        kept = {path.relative_to("/tmp").parts[0] for path in self._kept_of_tmp()}
        return sorted(path.name for path in self.tmp(name).iterdir() if path.name not in kept)

    def shared_memory(self, name):
        """Return what programs have left in a node's shared memory."""
        first = children(self._nodes[name].pid)[0]
        return sorted(path.name for path in Path(f"/proc/{first}/root/dev/shm").iterdir())

    def pids(self, name):
        """Return the processes of a node except those of Slurm itself."""
        first = children(self._nodes[name].pid)
        found = descendants(first[0]) if first else ()
        return [process for process in found if not IS_SLURM(command_line(process))]

    def processes(self, name):
        """Return the command lines of these; of some that have ended, there is none."""
        return [line for process in self.pids(name) if (line := command_line(process))]

    def ports(self, name):
        """Return the TCP ports on which something listens on a node, except Slurm's own."""
        first = children(self._nodes[name].pid)[0]
        lines = Path(f"/proc/{first}/net/tcp").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        found = {int(field[1].split(":")[1], 16) for field in fields if field[3] == "0A"}
        return found - {6818}

    def kill_node(self, name):
        """Have a machine lose its power."""
        os.kill(children(self._nodes[name].pid)[0], signal.SIGKILL)
        self._nodes[name].wait()

    def in_network(self, *command, **options):
        """Run a command in the controller's network, where those of Slurm reach it."""
        network = f"--net=/proc/{self._control.pid}/ns/net"
        return run(["nsenter", network, *command], **options)

    def command(self, name):
        """Return a command of Slurm such that it reaches the controller from anywhere."""
        return f"nsenter --net=/proc/{self._control.pid}/ns/net {shutil.which(name)}"

    def inside(self, name):
        """Return the options of `nsenter` that lead to a node."""
        first = children(self._nodes[name].pid)[0]
        return f"'--target={first} --mount --uts --ipc --net --pid'"

    def environment(self):
        """Return what commands of Slurm need."""
        return os.environ | {"SLURM_CONF": str(self.conf)}

    def call(self, *command, **options):
        """Run a command of Slurm; return what it prints."""
        return self.in_network(*command, env=self.environment() | options.pop("env", {}), **options)

    def state(self, job):
        """Return the state of a job, such as ``"RUNNING"``."""
        found = re.search(
            r"JobState=(\w+)", self.call("scontrol", "--oneliner", "show", "job", str(job))
        )
        return found[1]

    def wait(
        self,
        job,
        seconds=PATIENCE,
        until=("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"),
    ):
        """Wait until a job is in one of some states; return it."""
        return wait_for(
            lambda: (state := self.state(job)) in until and state, f"job {job}", seconds, ASKED
        )

    def wait_until_idle(self, seconds=PATIENCE):
        """Wait until all nodes are there and do nothing."""

        def idle():
            states = self.call("sinfo", "--noheader", "--Node", "--format=%T").split()
            return states == ["idle"] * len(self.names)

        wait_for(idle, "all nodes to be idle", seconds, ASKED)

    def stop(self):
        """Stop all, and leave nothing."""
        pid_file = self.folder / "slurmctld.pid"
        if pid_file.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text()), signal.SIGTERM)
            wait_for(lambda: not pid_file.exists(), "slurmctld to end")
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _popen(self, command, **options):
        log = (self.folder / "processes.log").open("ab")
        process = subprocess.Popen(command, stdout=log, stderr=log, **options)
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
