"""The job of Slurm that this process is part of."""

from __future__ import annotations

import os
from dataclasses import dataclass

from graphwalk.errors import SchedulerError
from graphwalk.util.available_memory import free_memory
from graphwalk.util.slurm_environment import allocated_memory
from graphwalk.util.threads import num_cores


@dataclass(frozen=True)
class SlurmJob:
    """What the job was given.

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
            f"this is no job of Slurm ({error} is not set); submit it with sbatch, or run it "
            "within salloc"
        ) from None
    if int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        raise SchedulerError(
            "this runs as several tasks, and is to run once: call it in the batch script itself, "
            "without srun"
        )
    free = free_memory()
    return SlurmJob(number, nodes, node, num_cores(), min(free, allocated_memory() or free))
