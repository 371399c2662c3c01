"""Ray as an executor, and as a scheduler of Dask.

Ray's own Dask scheduler submits one Ray task for each task of a Dask graph, except coordinators,
which run in this process.
"""

from __future__ import annotations

import os
import time
from multiprocessing.pool import ThreadPool
from typing import Any

from graphwalk.errors import SchedulerError
from graphwalk.scheduler.executors.ray.errors import own_errors
from graphwalk.scheduler.executors.ray.held_block import HeldBlock, replaced
from graphwalk.scheduler.executors.ray.job import RayJob
from graphwalk.scheduler.executors.ray.secret import Secret
from graphwalk.scheduler.executors.ray.start import check_pair, start_ray
from graphwalk.scheduler.executors.remote_executor import RemoteExecutor
from graphwalk.util.driver_task import DriverTask
from graphwalk.util.events import Event
from graphwalk.util.executor import Resources

#: How Ray's notes of a task begin, and the names of tasks that Ray's scheduler of Dask submits.
_TASK, _OF_DASK = "task::", "dask:"

#: Seconds within which workers report what they have done.
_NOTED_EVERY = 1.0

#: Threads of the driver that submit tasks; each follows a group of walkers on its way.
_SUBMITTING = 64


#: Has Ray not print the errors of tasks whose results nothing asks for.
_SILENCE, _OURS = "RAY_IGNORE_UNHANDLED_ERRORS", "graphwalk"


class RayExecutor(RemoteExecutor):
    """A connection to Ray, and the values that it keeps.

    Parameters
    ----------
    address : str or None
        A running cluster (``"auto"`` finds it); None starts Ray on this machine.
    num_workers : int or None
        Workers, that is CPUs, of a Ray started here.
    options : dict
        What else ``ray.init`` takes.
    """

    name = "ray"

    def __init__(self, address: str | None, num_workers: int | None, options: dict[str, Any]):
        import ray

        super().__init__()
        check_pair()
        self._started = not ray.is_initialized()
        self._secret: Secret | None = None
        if self._started:
            # What fails is told by the results that are asked for; the rest was cancelled.
            os.environ.setdefault(_SILENCE, _OURS)
            self._secret = Secret() if address is None else None
            try:
                start_ray(address, num_workers, options)
            except BaseException:
                self._remove_secret()
                raise
        elif address is not None or num_workers is not None or options:
            raise SchedulerError(
                "Ray is already initialised in this process, so address and options cannot be "
                "chosen; call ray.shutdown() first, or use('ray') without them"
            )

    def resources(self) -> Resources:
        """Return the bytes of the smallest object store, all CPUs, and machines that have any."""
        import ray

        self._check_alive()
        machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
        stores = [machine.get("object_store_memory", 0) for machine in machines]
        cpus = [int(machine.get("CPU", 0)) for machine in machines]
        store = int(min(filter(None, stores), default=0))
        count = max(1, len([*filter(None, cpus)]))
        return Resources(store, max(1, sum(cpus)), count, hosts=count)

    def new_job(self) -> RayJob:
        """Return a new job."""
        return RayJob(self.resources().workers, self.kept)

    def explained(self) -> Any:
        """Return a context in which errors of Ray are explained."""
        return own_errors()

    def is_reference(self, value: Any) -> bool:
        """Return whether a value is a reference of Ray's."""
        import ray

        return isinstance(value, ray.ObjectRef)

    def tasks_since(self, start: float) -> list[Event]:
        """Return what workers have done since then, in seconds since the epoch."""
        import ray

        time.sleep(_NOTED_EVERY)
        tasks = [note for note in ray.timeline() if note["cat"].startswith(_TASK)]
        return [
            Event(_kind(note["cat"]), "", note["ts"] / 1e6, note["dur"] / 1e6, worker=_worker(note))
            for note in tasks
            if note["ts"] / 1e6 >= start
        ]

    def close(self) -> None:
        """Drop all values, and stop Ray if it was started here."""
        import ray

        self.kept.clear()
        if self._started and ray.is_initialized():
            ray.shutdown()
        if self._started and os.environ.get(_SILENCE) == _OURS:
            del os.environ[_SILENCE]
        self._remove_secret()

    def _remove_secret(self) -> None:
        secret, self._secret = self._secret, None
        if secret is not None:
            secret.remove()

    def _check_alive(self) -> None:
        import ray

        if not ray.is_initialized():
            raise SchedulerError(
                "Ray was shut down while it was in use; close() the session of "
                "graphwalk.scheduler.use('ray') before ray.shutdown(), and call use('ray') again"
            )

    def hold(self, references: Any) -> Any:
        """Return blocks that say so where Ray does not compute."""
        return replaced(
            references, lambda value: HeldBlock(value) if self.is_reference(value) else value
        )

    def submit_graph(self, job: RayJob, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        """Have Ray's Dask scheduler submit a graph; return references."""
        from ray.util.dask import RayDaskCallback, ray_dask_get
        from ray.util.dask.callbacks import RayCallback

        def presubmit(task: Any, _key: Any, deps: Any) -> Any:
            """Return what is submitted in place of a task; None has the task submitted."""
            return task.run(job, deps) if isinstance(task, DriverTask) else None

        def postsubmit(_task: Any, _key: Any, _deps: Any, reference: Any) -> None:
            job.follow(reference)

        # None of the others: callbacks around tasks would be sent to the workers.
        hooks = dict.fromkeys(RayCallback._fields)
        hooks |= {"ray_presubmit": presubmit, "ray_postsubmit": postsubmit}
        callbacks = [RayCallback(**hooks), *RayDaskCallback.ray_active]
        pool = ThreadPool(kwargs.pop("num_workers", _SUBMITTING))
        try:
            found = ray_dask_get(
                dsk, keys, ray_persist=True, ray_callbacks=callbacks, pool=pool, **kwargs
            )
            return replaced(found, lambda value: getattr(value, "reference", value))
        except BaseException:
            job.close()  # so that coordinators, which wait for tasks, end
            raise
        finally:
            pool.close()


def _kind(category: str) -> str:
    """Return what kind of work a task is: its first word, or the name of its array in Dask."""
    name = category.removeprefix(_TASK)
    if not name.startswith(_OF_DASK):
        return name.partition(" ")[0]
    # Such as "dask:('random-walks-0f3a', 0, 0)".
    return name.removeprefix(_OF_DASK).strip("('").partition("'")[0].rpartition("-")[0]


def _worker(note: dict[str, Any]) -> str:
    return f"{note['pid']} {note['tid'][:15]}"
