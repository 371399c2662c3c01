"""The job of Slurm that this process is part of: machines, steps, a folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from graphwalk.errors import SchedulerError
from graphwalk.util.available_memory import free_memory
from graphwalk.util.slurm_environment import allocated_memory
from graphwalk.util.threads import num_cores

#: Sockets are below it, whose paths have 107 characters at most, most of them Ray's own.
_LONGEST_FOLDER = 40


@dataclass(frozen=True)
class SlurmJob:
    """What Slurm gave the job.

    Attributes
    ----------
    number : int
        Its id.
    nodes : int
        Machines.
    node : str
        What Slurm calls this machine.
    cpus : int
        CPUs of each machine.
    memory : int
        Bytes of each machine.
    """

    number: int
    nodes: int
    node: str
    cpus: int
    memory: int


def this_job() -> SlurmJob:
    """Return the job that this process is part of.

    Raises
    ------
    SchedulerError
        When it is part of none, or runs on one machine of several on which it does not begin.
    """
    try:
        number, nodes = int(os.environ["SLURM_JOB_ID"]), int(os.environ["SLURM_JOB_NUM_NODES"])
        node = os.environ["SLURMD_NODENAME"]
    except (KeyError, ValueError) as error:
        raise SchedulerError(
            f"this is not a job of Slurm ({error} is not set); submit it with sbatch, or run it "
            "within salloc"
        ) from None
    if int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        raise SchedulerError(
            "this runs as several tasks, but must run once: call it in the batch script itself, "
            "without srun"
        )
    free = free_memory()
    return SlurmJob(number, nodes, node, num_cores(), min(free, allocated_memory() or free))


def step_on_others(job: SlurmJob) -> list[str]:
    """Return the command that runs another one on all other machines of the job."""
    others = job.nodes - 1
    return [
        "srun",
        f"--nodes={others}",
        f"--ntasks={others}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={job.cpus}",
        f"--exclude={job.node}",
        "--overlap",  # with no other step: in a job that has some, one of ours may run too
        "--no-kill",
        "--kill-on-bad-exit=0",
        "--unbuffered",
    ]


def temporary_folder(job: SlurmJob) -> Path:
    """Return a folder for Ray: its name is the same on all machines, and cannot be guessed."""
    name = f"graphwalk-{job.number}-{secrets.token_hex(4)}"
    for parent in (os.environ.get("SLURM_TMPDIR"), os.environ.get("TMPDIR"), "/tmp"):
        if parent and len(parent) + len(name) < _LONGEST_FOLDER and Path(parent).is_dir():
            return Path(parent, name)
    return Path("/tmp", name)
