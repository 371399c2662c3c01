"""What a job may use: what the caller says, else what the machine or the cluster has."""

from __future__ import annotations

from dataclasses import replace

import dask

from graphwalk.scheduler.executors.remote_executor import remote_executor_of
from graphwalk.units import parse_size
from graphwalk.util.available_memory import free_memory
from graphwalk.util.executor import Resources
from graphwalk.util.threads import num_cores

#: Share of what is free that a job takes unless it is told otherwise: others need some too.
SHARE = 0.7


def find_resources(memory: str | int | None) -> Resources:
    """Return what a job may use on the scheduler in use.

    Parameters
    ----------
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``.
    """
    executor = remote_executor_of(dask.config.get("scheduler", None))
    have = executor.resources() if executor else Resources(free_memory(), num_workers())
    wanted = int(SHARE * have.memory) if memory is None else parse_size(memory)
    return replace(have, memory=wanted)


def num_workers() -> int:
    """Return how many threads Dask's scheduler has."""
    return dask.config.get("num_workers", None) or num_cores()
