"""A real cluster of Slurm, started by hand, on machines that are namespaces of this one.

The controller, and all commands of Slurm that tests call, are in the network outside the machines.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket

from machines import OUTSIDE, PATIENCE, Machines, command_line, install, wait_for

PROGRAMS = ["slurmctld", "slurmd", "sbatch", "munged", "ip"]
PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge", "iproute2"]

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


def install_slurm():
    """Install Slurm, if it is not there; raise UnavailableError where that cannot be done."""
    install(PROGRAMS, PACKAGES)


class SlurmCluster(Machines):
    """Some nodes, with their CPUs and memory in MiB."""

    def __init__(self, folder, nodes=2, cpus=2, memory=4000):
        self._size = cpus, memory
        names = [f"node{number}" for number in range(1, nodes + 1)]
        super().__init__(folder, names, shared=[folder.parent])

    def _start(self):
        self._configure(*self._size)
        self._start_munge()
        self._start_network()
        self.in_network("slurmctld", "-c", "-f", str(self.conf))
        for name in self.names:
            self.start_machine(name)
        self.wait_until_idle()

    def _configure(self, cpus, memory):
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(mode=0o700)
        nodes = []
        for name, address in self.addresses.items():
            (self.folder / "spool" / name).mkdir()
            nodes.append(
                f"NodeName={name} NodeAddr={address} CPUs={cpus} RealMemory={memory} State=UNKNOWN"
            )
        self.conf = self.folder / "slurm.conf"
        self.conf.write_text(
            CONF.format(
                host=socket.gethostname(),
                controller=OUTSIDE,
                port=6817,
                node_port=6818,
                folder=self.folder,
                nodes="\n".join(nodes),
            )
        )

    def _program(self, name):
        return f"slurmd -D -N {name} -f {self.conf}"

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

    def pids(self, name):
        """Return the processes of a node except those of Slurm itself."""
        return [process for process in super().pids(name) if not IS_SLURM(command_line(process))]

    def ports(self, name):
        """Return the TCP ports on which something listens on a node, except Slurm's own."""
        return super().ports(name) - {6818}

    def command(self, name):
        """Return a command of Slurm such that it reaches the controller from anywhere."""
        return f"nsenter --net=/proc/{self._outside.pid}/ns/net {shutil.which(name)}"

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
        super().stop()
