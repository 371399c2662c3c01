"""A Ray cluster on the machines of a Slurm job, for as long as a command runs.

The head runs below this process, on the machine where the batch script runs; the other machines
are a step of the job. All of Ray is below these, and ends with them.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from graphwalk.errors import SchedulerError
from graphwalk.scheduler.slurm import ray_machine as node
from graphwalk.scheduler.slurm import wait_for_machines as joined
from graphwalk.scheduler.slurm.job import this_job
from graphwalk.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphwalk.scheduler.slurm.job import SlurmJob

#: Part of the memory that is for Ray's object store: graph, walkers and walks.
STORE_SHARE = 0.5

#: Ray takes what is shared memory up to here.
_SHARED_SHARE = 0.9

#: Below those that the system gives to outgoing connections.
_PORTS = range(20_000, 32_000)

#: Sockets lie below it, whose paths are of 107 characters at most, most of them Ray's own.
_LONGEST_FOLDER = 40

#: A machine that is lost is noticed within seconds, and not a quarter of a minute.
_HEALTH = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
}

_SECONDS_TO_STOP = 8


class RayOptions(NamedTuple):
    """How to start Ray on the machines of a job.

    Attributes
    ----------
    seconds : float
        How long machines may take to join.
    object_store_memory : int or None
        Bytes of each machine; None: half of what the job has of it.
    logs : str
        The folder for Ray's logs of a job that fails.
    address : str or None
        At which the other machines reach this one; None: that of its name.
    """

    seconds: float
    object_store_memory: int | None
    logs: str
    address: str | None


def run_with_ray(command: Sequence[str], options: RayOptions, say: Callable[[str], None]) -> int:
    """Run a command that finds a Ray cluster of all machines of the job at ``address="auto"``.

    Parameters
    ----------
    say : callable
        Takes lines for a person to read.

    Returns
    -------
    int
        The command's exit status; 128 and its number after a signal to stop.

    Raises
    ------
    SchedulerError
        Outside of Slurm's jobs; when Ray does not start, or machines do not join.
    """
    job = this_job()
    with ExitStack() as stack:
        signals = stack.enter_context(_stop_signals())
        machines = stack.enter_context(_machines(job, options, say))
        status = machines.run(command)
        if status == 0:
            machines.good()
    return 128 + signals[0] if signals else status


class _Stopped(BaseException):
    """A signal to stop has come."""


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Raise `_Stopped` in the block on the first signal to stop, and collect them; then go on."""
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        if len(came) == 1:
            raise _Stopped

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield came
    except _Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _machines(
    job: SlurmJob, options: RayOptions, say: Callable[[str], None]
) -> Iterator[_Machines]:
    machines = _Machines(job, options, say)
    try:
        machines.start()
        yield machines
    except _Stopped:
        # The command may be told too, and end with Ray before it can say so itself.
        say("told to stop")
        raise
    finally:
        machines.stop()


class _Machines:
    """Ray on the machines of a job."""

    def __init__(self, job: SlurmJob, options: RayOptions, say: Callable[[str], None]) -> None:
        self._job, self._options, self._say = job, options, say
        self._folder = _temporary_folder(job)
        self._logs = str(Path(options.logs).absolute())
        host = "127.0.0.1" if job.nodes == 1 else options.address or _address_of(job.node)
        self._address = f"{host}:{_free_port(job.number)}"
        self._environment = (
            _HEALTH
            | os.environ
            | {
                "RAY_ADDRESS": self._address,
                # Without it, whoever reaches a port of Ray can run programs as this user.
                "RAY_AUTH_MODE": "token",
                "RAY_AUTH_TOKEN": secrets.token_hex(32),
                "RAY_USAGE_STATS_ENABLED": "0",
            }
        )
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start Ray on all machines, and wait until they have joined."""
        job = self._job
        store = self._options.object_store_memory or _object_store(job)
        self._say(
            f"starting Ray on {job.nodes} machine{'s' * (job.nodes > 1)} with {job.cpus} CPUs and "
            f"{format_size(store)} of object store each"
        )
        host, port = self._address.rsplit(":", 1)
        each = [
            f"--num-cpus={job.cpus}",
            f"--object-store-memory={store}",
            f"--memory={max(1 << 30, job.memory - store)}",
            # Any that are free: other jobs on the machine have theirs.
            *("--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0"),
        ]
        head = ["--head", f"--node-ip-address={host}", f"--port={port}"]
        self._start_node([], [*head, "--include-dashboard=false", *each])
        self._wait_for_head(host, int(port))
        if job.nodes > 1:
            step = _step_on_others(job)
            self._start_node(step, [f"--address={self._address}", *each])
        self._wait_for_all()

    def run(self, command: Sequence[str]) -> int:
        """Run a command, and return its exit status."""
        self._say(f"running {shlex.join(command)}")
        try:
            process = subprocess.Popen(command, env=self._environment)
        except OSError as error:
            raise SchedulerError(f"{command[0]} cannot be run: {error}") from error
        # It is stopped first, while it still has a cluster to say goodbye to.
        self._started.append(process)
        status = process.wait()
        self._started.remove(process)
        return status if status >= 0 else 128 - status

    def good(self) -> None:
        """Tell all machines that nobody needs their logs."""
        for process in self._started:
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.write(node.GOOD)
                process.stdin.flush()

    def stop(self) -> None:
        """Stop all that was started, the last first."""
        for process in reversed(self._started):
            if process.stdin is None:
                process.terminate()
            else:
                with suppress(OSError):
                    process.stdin.close()
            _see_off(process)
        shutil.rmtree(self._folder, ignore_errors=True)
        if Path(self._logs).exists():
            self._say(f"Ray's logs are in {self._logs}")

    def _start_node(self, before: list[str], options: list[str]) -> None:
        own = [f"--folder={self._folder}", f"--logs={self._logs}"]
        self._started.append(
            subprocess.Popen(
                [*before, sys.executable, "-P", node.__file__, *own, *options],
                stdin=subprocess.PIPE,
                env=self._environment,
            )
        )

    def _wait_for_head(self, host: str, port: int) -> None:
        deadline = time.monotonic() + self._options.seconds
        while time.monotonic() < deadline and self._are_running():
            with suppress(OSError), socket.create_connection((host, port), timeout=1):
                return
            time.sleep(0.05)
        raise SchedulerError(
            f"Ray did not start on {self._job.node}, at {self._address}, within "
            f"{self._options.seconds:g} s; its logs in {self._logs} tell why"
        )

    def _wait_for_all(self) -> None:
        machines, seconds = self._job.nodes, self._options.seconds
        waiting = subprocess.Popen(
            [sys.executable, "-P", joined.__file__, str(machines), str(seconds)],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.stdout is not None
        count = 0
        try:
            for line in waiting.stdout:
                count = int(line)
                self._say(f"{count} of {machines} machines have joined")
        finally:
            waiting.kill()
            waiting.wait()
        if count < machines:
            raise SchedulerError(
                f"{count} of {machines} machines have joined Ray within {seconds:g} s; the others "
                "may be slow to load Python from a shared file system (allow more by --timeout), "
                f"or not reach {self._address} (name another address of {self._job.node} by "
                f"--address); their logs in {self._logs} tell more"
            )

    def _are_running(self) -> bool:
        return all(process.poll() is None for process in self._started)


def _see_off(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that is to end, and help it to."""
    for _ in range(2):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_STOP)
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            return
        process.terminate()  # srun ends its step when it is told so twice
    process.kill()
    process.wait()


def _step_on_others(job: SlurmJob) -> list[str]:
    """Return the command that runs another on all machines of the job but this one."""
    others = job.nodes - 1
    return [
        "srun",
        f"--nodes={others}",
        f"--ntasks={others}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={job.cpus}",
        f"--exclude={job.node}",
        "--overlap",  # with nothing: but a step of ours may run in a job that has others
        "--no-kill",
        "--kill-on-bad-exit=0",
        "--unbuffered",
    ]


def _object_store(job: SlurmJob) -> int:
    shared = shutil.disk_usage("/dev/shm").free
    return int(min(STORE_SHARE * job.memory, _SHARED_SHARE * shared))


def _temporary_folder(job: SlurmJob) -> Path:
    """Return a folder for Ray, whose name is the same on all machines, and known to nobody."""
    name = f"graphwalk-{job.number}-{secrets.token_hex(4)}"
    for parent in (os.environ.get("SLURM_TMPDIR"), os.environ.get("TMPDIR"), "/tmp"):
        if parent and len(parent) + len(name) < _LONGEST_FOLDER and Path(parent).is_dir():
            return Path(parent, name)
    return Path("/tmp", name)


def _address_of(name: str) -> str:
    """Return the address at which other machines reach this one."""
    for host in (name, socket.gethostname()):
        with suppress(OSError):
            found = socket.gethostbyname(host)
            if not found.startswith("127."):
                return found
    # Where a machine's name is its own business: the address that leads away from it.
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("10.254.254.254", 1))  # sends nothing
        return str(probe.getsockname()[0])
    raise SchedulerError(
        f"no address of {name} is known at which other machines reach it; name one by --address"
    )


def _free_port(number: int) -> int:
    """Return a port that is free here, another one for each job that comes."""
    for step in range(len(_PORTS)):
        port = _PORTS[(number * 7 + step) % len(_PORTS)]
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("", port))
            return port
    raise SchedulerError(f"no port from {_PORTS.start} to {_PORTS.stop - 1} is free")
