"""What a job may use: what the caller says, else what the machine or the cluster has."""

from __future__ import annotations

import dask

from graphwalk.scheduler.executors.ray.session import session_of
from graphwalk.scheduler.executors.threads import ThreadsExecutor
from graphwalk.units import parse_size
from graphwalk.util.available_memory import free_memory
from graphwalk.util.executor import Executor, Resources
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
    session = session_of(dask.config.get("scheduler", None))
    wanted = None if memory is None else parse_size(memory)
    if session:
        store, workers, machines = session.resources()
        return Resources(int(SHARE * store) if wanted is None else wanted, workers, machines)
    return Resources(int(SHARE * free_memory()) if wanted is None else wanted, num_workers())


def current_executor() -> Executor:
    """Return what runs tasks on the scheduler in use."""
    return ThreadsExecutor(num_workers())


def num_workers() -> int:
    """Return how many threads Dask's scheduler has."""
    return dask.config.get("num_workers", None) or num_cores()
