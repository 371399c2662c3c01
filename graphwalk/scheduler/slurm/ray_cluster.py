"""A Ray cluster on the machines of a Slurm job, for as long as a command runs.

The head runs below this process, on the machine where the batch script runs; the other machines
are a step of the job. All of Ray is below these, and ends with them.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from graphwalk.errors import SchedulerError
from graphwalk.scheduler.slurm import ray_machine, wait_for_machines
from graphwalk.scheduler.slurm.addresses import address_of, free_port
from graphwalk.scheduler.slurm.job import step_on_others, temporary_folder, this_job
from graphwalk.scheduler.slurm.stopping import Stopped, stop_signals, wait_or_kill
from graphwalk.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphwalk.scheduler.slurm.job import SlurmJob

#: Part of the memory that is for Ray's object store: graph, walkers and walks.
STORE_SHARE = 0.5

#: The most of the shared memory that Ray's object store takes.
_SHARED_SHARE = 0.9

#: A machine that is lost is noticed within seconds, and not a quarter of a minute.
_HEALTH = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
}


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
        Shows a line to the user.

    Returns
    -------
    int
        The command's exit status; after a signal to stop, 128 plus its number.

    Raises
    ------
    SchedulerError
        Outside of a job of Slurm; when Ray does not start, or machines do not join.
    """
    job = this_job()
    with ExitStack() as stack:
        signals = stack.enter_context(stop_signals())
        machines = stack.enter_context(_machines(job, options, say))
        status = machines.run(command)
        if status == 0:
            machines.discard_logs()
    return 128 + signals[0] if signals else status


@contextmanager
def _machines(
    job: SlurmJob, options: RayOptions, say: Callable[[str], None]
) -> Iterator[_Machines]:
    machines = _Machines(job, options, say)
    try:
        machines.start()
        yield machines
    except Stopped:
        # The command may get the signal too, and end before it can say so itself.
        say("told to stop")
        raise
    finally:
        machines.stop()


class _Machines:
    """Ray on the machines of a job."""

    def __init__(self, job: SlurmJob, options: RayOptions, say: Callable[[str], None]) -> None:
        self._job, self._options, self._say = job, options, say
        self._folder = temporary_folder(job)
        self._logs = str(Path(options.logs).absolute())
        host = "127.0.0.1" if job.nodes == 1 else options.address or address_of(job.node)
        self._address = f"{host}:{free_port(job.number)}"
        self._environment = (
            _HEALTH
            | os.environ
            | {
                "RAY_ADDRESS": self._address,
                # Without it, every program that reaches a port of Ray can run code as this user.
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
            # Any free ones: other jobs on the machine have their own.
            *("--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0"),
        ]
        head = ["--head", f"--node-ip-address={host}", f"--port={port}"]
        self._start_ray([], [*head, "--include-dashboard=false", *each])
        self._wait_for_head(host, int(port))
        if job.nodes > 1:
            step = step_on_others(job)
            self._start_ray(step, [f"--address={self._address}", *each])
        self._wait_for_all()

    def run(self, command: Sequence[str]) -> int:
        """Run a command, and return its exit status."""
        self._say(f"running {shlex.join(command)}")
        try:
            process = subprocess.Popen(command, env=self._environment)
        except OSError as error:
            raise SchedulerError(f"{command[0]} cannot be run: {error}") from error
        # It is stopped first, while it still has a cluster to disconnect from.
        self._started.append(process)
        status = process.wait()
        self._started.remove(process)
        return status if status >= 0 else 128 - status

    def discard_logs(self) -> None:
        """Tell all machines that their logs are not needed."""
        for process in self._started:
            with suppress(OSError):
                assert process.stdin is not None
                process.stdin.write(ray_machine.GOOD)
                process.stdin.flush()

    def stop(self) -> None:
        """Stop all that was started, the last first."""
        for process in reversed(self._started):
            if process.stdin is None:
                process.terminate()
            else:
                with suppress(OSError):
                    process.stdin.close()
            wait_or_kill(process)
        shutil.rmtree(self._folder, ignore_errors=True)
        if Path(self._logs).exists():
            self._say(f"Ray's logs are in {self._logs}")

    def _start_ray(self, before: list[str], options: list[str]) -> None:
        own = [f"--folder={self._folder}", f"--logs={self._logs}"]
        self._started.append(
            subprocess.Popen(
                [*before, sys.executable, "-P", ray_machine.__file__, *own, *options],
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
            [sys.executable, "-P", wait_for_machines.__file__, str(machines), str(seconds)],
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


def _object_store(job: SlurmJob) -> int:
    shared = shutil.disk_usage("/dev/shm").free
    return int(min(STORE_SHARE * job.memory, _SHARED_SHARE * shared))
