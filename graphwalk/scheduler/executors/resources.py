"""What a job may use: what the caller says, else what the machine or the cluster has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dask
import dask.local
import dask.threaded
from dask.base import get_scheduler

from graphwalk.scheduler.executors.remote_executor import remote_executor_of
from graphwalk.scheduler.executors.thread_executor import ThreadsExecutor
from graphwalk.units import parse_size
from graphwalk.util.available_memory import SHARE
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from graphwalk.util.executor import Executor, Resources


def find_resources(memory: str | int | None) -> Resources:
    """Return what a job may use on the scheduler in use.

    Parameters
    ----------
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``.
    """
    return _limited(current_executor().resources(), memory)


def find_own_resources(memory: str | int | None) -> Resources:
    """Return what a job that runs in this process may use, whatever the scheduler in use."""
    return _limited(ThreadsExecutor(num_workers()).resources(), memory)


def _limited(have: Resources, memory: str | int | None) -> Resources:
    return replace(have, memory=int(SHARE * have.memory) if memory is None else parse_size(memory))


def current_executor() -> Executor:
    """Return what runs tasks on the scheduler in use; threads here stand for unknown ones."""
    return executor_of(get_scheduler()) or ThreadsExecutor(num_workers())


def executor_of(get: Any) -> Executor | None:
    """Return the executor that stands for a scheduler of Dask, None for one of another kind."""
    if remote := remote_executor_of(get):
        return remote
    if get in (dask.threaded.get, dask.local.get_sync):
        return ThreadsExecutor(1 if get is dask.local.get_sync else num_workers())
    return None


def num_workers() -> int:
    """Return how many threads Dask's scheduler has."""
    return dask.config.get("num_workers", None) or num_cores()
