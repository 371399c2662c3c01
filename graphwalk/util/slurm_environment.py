"""The CPUs and the memory of a Slurm job, read from its environment.

Not every cluster enforces these limits, so a job has to read them.
"""

from __future__ import annotations

import os

_MIB = 1 << 20


def allocated_cpus() -> int | None:
    """Return how many CPUs of this machine the job may use; None outside jobs."""
    if "SLURM_JOB_ID" not in os.environ:
        return None
    return _number("SLURM_CPUS_PER_TASK") or _number("SLURM_CPUS_ON_NODE")


def allocated_memory() -> int | None:
    """Return the job's bytes of memory on this machine; None if it has all, or outside jobs."""
    if "SLURM_JOB_ID" not in os.environ:
        return None
    # 0 stands for all memory of the machine.
    of_node = _number("SLURM_MEM_PER_NODE")
    if of_node is not None:
        return of_node * _MIB or None
    of_cpu, cpus = _number("SLURM_MEM_PER_CPU"), _number("SLURM_CPUS_ON_NODE")
    return of_cpu * cpus * _MIB if of_cpu and cpus else None


def _number(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else None
