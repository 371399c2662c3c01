"""Dask distributed as an executor, and as a scheduler of Dask that knows coordinators."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import dask
import dask.threaded
from dask.task_spec import Task, TaskRef
from distributed import Client, Future, LocalCluster, Security
from distributed.comm import connect
from distributed.utils import get_ip

from graphwalk.errors import SchedulerError, argument
from graphwalk.scheduler.executors.distributed.errors import lost_scheduler, own_errors
from graphwalk.scheduler.executors.distributed.job import (
    DistributedJob,
    HiddenTask,
    PieceRef,
)
from graphwalk.scheduler.executors.distributed.worker import KeepsPieces
from graphwalk.scheduler.executors.remote_executor import RemoteExecutor
from graphwalk.scheduler.executors.start_signals import signals_afterwards
from graphwalk.util.available_memory import free_memory
from graphwalk.util.driver_task import DriverTask
from graphwalk.util.events import Event
from graphwalk.util.executor import Resources
from graphwalk.util.threads import num_cores

#: Setting of Dask: the folder for temporary files.
_TEMPORARY = "temporary-directory"

#: Seconds that an address has to answer.
_ANSWER = 10

#: Threads of this process that submit tasks; each follows a group of walkers on its way.
_SUBMITTING = 64


class DistributedExecutor(RemoteExecutor):
    """A client of Dask distributed, and the values that workers keep for it.

    Parameters
    ----------
    address : str or None
        The scheduler of a running cluster; None starts a cluster on this machine.
    num_workers : int or None
        Threads of the worker process of a cluster started here.
    options : dict
        What else ``LocalCluster`` takes, or ``Client`` where there is an address.
    """

    name = "distributed"

    def __init__(self, address: str | None, num_workers: int | None, options: dict[str, Any]):
        super().__init__()
        if address is not None and num_workers is not None:
            raise SchedulerError(
                f"{argument('num_workers', num_workers)} is for a cluster started here; that at "
                f"{address} has its own workers"
            )
        self._cluster: Any = None
        try:
            with signals_afterwards(self.close):
                self._start(address, num_workers, options)
        except Exception as error:  # whatever comes of what another program answers
            where = "on this machine" if address is None else f"at address {address!r}"
            raise SchedulerError(
                f"Dask distributed cannot be used {where}: {str(error) or type(error).__name__}. "
                "Start a scheduler with 'dask scheduler' and workers with 'dask worker', or leave "
                "address out to start them here"
            ) from error

    def _start(self, address: str | None, num_workers: int | None, options: dict[str, Any]) -> None:
        if address is None:
            # One process: its threads share what they read, and kernels run side by side.
            settings = {
                "n_workers": 1,
                "threads_per_worker": num_workers or num_cores(),
                "memory_limit": free_memory() // options.get("n_workers", 1),
                # No other machine reaches it: Dask runs whatever it is sent.
                "host": "127.0.0.1",
                "dashboard_address": "127.0.0.1:0",
                "silence_logs": logging.CRITICAL,  # results tell what fails
            }
            # The scheduler of a cluster has a folder, too, which only this setting chooses.
            with dask.config.set({_TEMPORARY: self._make_folder()}):
                self._cluster = LocalCluster(**(settings | options))
            self.client = Client(self._cluster, direct_to_workers=True, set_as_default=False)
        else:
            if isinstance(address, str):
                _check_answer(address, options.get("security"))
            self.client = Client(address, timeout=_ANSWER, set_as_default=False, **options)
        self.client.register_plugin(KeepsPieces())
        self.client.get_task_stream(count=0)  # it is kept from now on

    def _make_folder(self) -> str:
        """Make a folder for the files of a cluster, which is removed with it."""
        folder = tempfile.mkdtemp(prefix="graphwalk-dask-", dir=dask.config.get(_TEMPORARY, None))
        self._remove_folder = weakref.finalize(self, _remove_if_ours, folder, os.getpid())
        return folder

    def resources(self) -> Resources:
        """Return the memory of the smallest worker, all threads, how many workers and hosts."""
        workers = self._workers()
        limits = [worker["memory_limit"] for worker in workers.values() if worker["memory_limit"]]
        threads = sum(worker["nthreads"] for worker in workers.values())
        hosts = len({worker["host"] for worker in workers.values()})
        memory = min(limits, default=free_memory())
        return Resources(memory, max(1, threads), max(1, len(workers)), hosts=max(1, hosts))

    def new_job(self) -> DistributedJob:
        """Return a new job."""
        workers = self.resources().workers
        return DistributedJob(
            self.client, workers, self.kept, self._workers, lambda: self._hosts_here
        )

    def explained(self) -> Any:
        """Return a context in which errors of distributed are explained."""
        return own_errors()

    def is_reference(self, value: Any) -> bool:
        """Return whether a value is a reference."""
        return isinstance(value, Future | PieceRef)

    @cached_property
    def _hosts_here(self) -> list[str]:
        """The names under which workers on this machine are known: not theirs, which may die."""
        ours = {"127.0.0.1", "localhost", get_ip()}
        return sorted(ours & {worker["host"] for worker in self._workers().values()})

    def submit_graph(self, job: Any, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        """Submit a graph; return futures, or values, nested as the keys are."""
        kwargs.pop("num_workers", None)
        if not isinstance(dsk, Mapping):
            dsk = dsk.__dask_graph__()
        graph = {key: _followed(job, key, task) for key, task in dict(dsk).items()}
        with ThreadPoolExecutor(_SUBMITTING, thread_name_prefix="graphwalk-submit") as pool:
            try:
                return dask.threaded.get(graph, keys, pool=pool, num_workers=_SUBMITTING)
            except BaseException:
                job.close()  # so that coordinators, which wait for tasks, end
                raise

    def tasks_since(self, start: float) -> list[Event]:
        """Return what workers have done since then, in seconds since the epoch."""
        return [
            Event(
                note["key"].partition("-")[0],
                "",
                part["start"],
                part["stop"] - part["start"],
                worker=f"{note['worker']} {note['thread']}",
            )
            for note in self.client.get_task_stream(start=start, stop=time.time())
            for part in note["startstops"]
            if part["action"] == "compute" and isinstance(note["key"], str)
        ]

    def close(self) -> None:
        """Drop all values, and stop the cluster if it was started here."""
        self.kept.clear()
        self.client.close()
        if self._cluster is not None:
            self._cluster.close()
            self._remove_folder()

    def _workers(self) -> dict[str, Any]:
        with own_errors():
            while True:
                found = self.client.scheduler_info(n_workers=-1)
                if "workers" not in found:  # what a client has that does not find its scheduler
                    raise lost_scheduler(f"the client is {self.client.status}")
                # The client asks for no workers from time to time, and may return that answer.
                if len(found["workers"]) >= found.get("n_workers", 0):
                    workers: dict[str, Any] = found["workers"]
                    return workers


def _check_answer(address: str, security: Any) -> None:
    """Raise where no scheduler answers: a client waits without end where something else listens."""
    given = security if isinstance(security, Security) else Security(**(security or {}))

    async def shake_hands() -> None:
        how = given.get_connection_args("client")
        comm = await asyncio.wait_for(connect(address, timeout=_ANSWER, **how), _ANSWER)
        comm.abort()

    # A thread of its own, since that of a notebook has a loop already.
    with ThreadPoolExecutor(1, thread_name_prefix="graphwalk-connect") as thread:
        try:
            thread.submit(asyncio.run, shake_hands()).result()
        except Exception as error:  # whatever is made of the answer of another program
            if isinstance(error, OSError) and str(error):
                raise  # nothing answers
            raise ConnectionError("what listens there is no scheduler of Dask") from error


def _remove_if_ours(folder: str, maker: int) -> None:
    if os.getpid() == maker:  # a forked process has a copy of the executor, and no cluster
        shutil.rmtree(folder, ignore_errors=True)


def _followed(job: DistributedJob, key: Any, task: Any) -> Any:
    """Return what this process runs for a task: a coordinator, or what submits the task."""
    if not isinstance(task, Task):
        return task
    function = _run_here if isinstance(task, DriverTask) else _submit
    hidden = HiddenTask(task)
    return Task(key, function, job, hidden, *map(TaskRef, hidden.needs))


def _run_here(job: DistributedJob, hidden: HiddenTask, *values: Any) -> Any:
    return hidden.task.run(job, dict(zip(hidden.needs, values, strict=True)))


def _submit(job: DistributedJob, hidden: HiddenTask, *values: Any) -> Any:
    key = hidden.task.key
    name = str(key[0] if isinstance(key, tuple) else key)
    return job.submit(HiddenTask.run, hidden, *values, name=name)
