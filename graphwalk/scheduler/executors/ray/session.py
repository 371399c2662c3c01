"""Dask on Ray: run a Dask graph as Ray tasks. All that graphwalk knows of Ray is here.

Ray's Dask scheduler submits one Ray task for each Dask task. Three things are added to it: the
partitions of a graph stay in the object store as long as the graph is in use, progress counts
tasks that are finished rather than submitted, and errors say what to do.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from graphwalk.errors import SchedulerError, argument
from graphwalk.scheduler.engine.walk_in_memory import resident_partition
from graphwalk.scheduler.executors.progress import finished
from graphwalk.scheduler.executors.ray import walk_out_of_core as ray_waves
from graphwalk.scheduler.executors.ray.errors import own_errors
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from graphwalk.storage.store.arrays import GraphArrays


#: What kind of work a task is in whose name this is; the first one that fits.
_KINDS = {
    "advance_walkers": "advance",
    "advance_few_walkers": "fetch",
    "start_walkers": "start",
    "join_steps": "join",
    "_write_block": "write",
    "task::read": "read",
    "task::load": "read",
    "random-walks": "walk",
}

#: Seconds in which workers pass on what they have done.
_NOTED_EVERY = 1.0

#: Seconds after which signals are heeded, for which Ray does not wake up.
_HEEDING_EVERY = 0.5

#: Threads of the driver that submit tasks; each follows a group of walkers on its way.
_SUBMITTING = 64


class RaySession:
    """A connection to Ray, and the partitions that it keeps.

    Parameters
    ----------
    address : str or None
        A running cluster (``"auto"`` finds it); None starts Ray on this machine.
    num_workers : int or None
        Workers, that is CPUs, of a Ray started here.
    options : dict
        What else ``ray.init`` takes.
    """

    def __init__(self, address: str | None, num_workers: int | None, options: dict[str, Any]):
        import ray

        _check_pair()
        self._partitions: WeakKeyDictionary[GraphArrays, tuple[PartitionSpec, Any]] = (
            WeakKeyDictionary()
        )
        self._started = not ray.is_initialized()
        if self._started:
            _start(address, num_workers, options)
        elif address is not None or num_workers is not None or options:
            raise SchedulerError(
                "Ray is already initialised in this process, so address and options cannot be "
                "chosen; call ray.shutdown() first, or use('ray') without them"
            )

    def resources(self) -> tuple[int, int, int]:
        """Return the bytes of the smallest object store, all CPUs, and how many machines."""
        import ray

        machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
        stores = [machine.get("object_store_memory", 0) for machine in machines]
        cpus = sum(int(machine.get("CPU", 0)) for machine in machines)
        return int(min(filter(None, stores), default=0)), max(1, cpus), max(1, len(machines))

    def get(self, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        """Compute `keys` of a Dask graph on Ray; Dask calls this."""
        persist = kwargs.pop("ray_persist", False)
        references = self._submit(dsk, keys, **kwargs)
        if persist:
            return references
        with self._forgetting_failures():
            for _ in _finished(references, keys):
                pass
            return _fetch(references)

    def gather(
        self, dsk: Any, keys: list[Any], receive: Callable[[Any, Any], None], **kwargs: Any
    ) -> None:
        """Compute `keys` on Ray; call ``receive(key, value)`` for each as soon as it is there.

        A value is let go after that: the object store holds those alone that nobody has taken.
        """
        with self._forgetting_failures():
            for reference, key in _finished(self._submit(dsk, keys, **kwargs), keys):
                receive(key, _fetch(reference))

    def in_order(self, references: list[Any]) -> Iterator[Any]:
        """Yield what references are to, in their order; each is let go when the next is asked for.

        Empties the list.
        """
        import ray

        references.reverse()
        try:
            with self._forgetting_failures():
                while references:
                    yield ray.get(references.pop())
        finally:
            _drain(references)

    def tasks_since(self, start: float) -> list[Event]:
        """Return what workers have done since then, in seconds since the epoch."""
        import ray

        time.sleep(_NOTED_EVERY)
        tasks = [note for note in ray.timeline() if note["cat"].startswith("task::")]
        return [
            Event(_kind(note["cat"]), "", note["ts"] / 1e6, note["dur"] / 1e6, worker=_worker(note))
            for note in tasks
            if note["ts"] / 1e6 >= start
        ]

    def map_in_order(
        self, function: Callable[[Any], Any], items: Iterable[Any], ahead: int
    ) -> Iterator[Any]:
        """Yield ``function(item)`` in the order of the items, each computed by a Ray task.

        Enough tasks are under way to keep all CPUs busy, and at least `ahead`.
        """
        import ray

        task = ray.remote(function)
        ahead = max(ahead, int(ray.cluster_resources().get("CPU", 0)) + 1)
        running: deque[Any] = deque()
        try:
            with own_errors():
                for item in items:
                    running.append(task.remote(item))
                    if len(running) >= ahead:
                        yield ray.get(running.popleft())
                while running:
                    yield ray.get(running.popleft())
        finally:
            _drain(running)

    @contextmanager
    def _forgetting_failures(self) -> Iterator[None]:
        """Keep no partition that could not be loaded: the next job is to try again."""
        try:
            with own_errors():
                yield
        except Exception:
            self._partitions.clear()
            raise

    def _submit(self, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        from ray.util.dask import ray_dask_get

        kwargs.setdefault("num_workers", _SUBMITTING)
        return ray_dask_get(dsk, keys, ray_persist=True, ray_callbacks=self._callbacks(), **kwargs)

    def close(self) -> None:
        """Let go of all partitions, and stop Ray if it was started here."""
        import ray

        self._partitions.clear()
        if self._started and ray.is_initialized():
            ray.shutdown()

    def _callbacks(self) -> list[Any]:
        from ray.util.dask import RayDaskCallback
        from ray.util.dask.callbacks import RayCallback

        # None of the others: callbacks around tasks would be sent to the workers.
        hooks = dict.fromkeys(RayCallback._fields) | {"ray_presubmit": self._presubmit}
        return [RayCallback(**hooks), *RayDaskCallback.ray_active]

    def _presubmit(self, task: Any, _key: Any, deps: Any) -> Any:
        """Return what is submitted in place of a task, or None for Ray to submit the task."""
        function = getattr(task, "func", None)
        if function is resident_partition:
            return self._load_once(task)
        if function in ray_waves.IN_DRIVER:
            return ray_waves.run(task, deps)
        return None

    def _load_once(self, task: Any) -> Any:
        """Return the reference of a partition instead of loading it again."""
        import ray

        graph, rules = task.args
        layout, loaded = PartitionSpec.of(rules), self._partitions.get(graph)
        if loaded is None or loaded[0] != layout:
            load = ray.remote(resident_partition).options(
                name=f"load {graph.path}", scheduling_strategy=ray_waves.where_to_read(graph)
            )
            # One of a graph: the plan counts no other, which goes when its tasks are done.
            loaded = self._partitions[graph] = layout, load.remote(graph, rules)
        return loaded[1]


def session_of(get: Any) -> RaySession | None:
    """Return the session whose `get` computes for Dask, if it is Ray that does."""
    session = getattr(get, "__self__", None)
    return session if isinstance(session, RaySession) else None


def _check_pair() -> None:
    """Raise unless this Ray's scheduler for Dask knows the tasks of this Dask."""
    import dask
    import ray

    try:
        from dask.task_spec import Task
        from ray.util.dask import RayDaskCallback, ray_dask_get
        from ray.util.dask.callbacks import RayCallback

        hooks = "ray_presubmit" in RayCallback._fields and hasattr(RayDaskCallback, "ray_active")
        known = callable(ray_dask_get) and hooks
        why = "" if known and hasattr(Task, "block_fusion") else "tasks cannot be kept apart"
    except Exception as error:  # whatever a module that was made for another Dask trips over
        why = str(error)
    if why:
        raise SchedulerError(
            f"Ray {ray.__version__} and Dask {dask.__version__} do not work together ({why}); "
            "install versions that 'Running on Ray' in the documentation lists, such as the newest "
            "of both"
        )


def _start(address: str | None, num_workers: int | None, options: dict[str, Any]) -> None:
    import ray

    if address is not None and num_workers is not None:
        raise SchedulerError(
            f"{argument('num_workers', num_workers)} is for a Ray started here; the cluster at "
            f"{address} has its own workers"
        )
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        # "local": never join a cluster by way of the environment without being asked to.
        settings |= {"address": "local", "include_dashboard": False, "num_cpus": num_workers}
    else:
        settings["address"] = address
    try:
        with _keeping_handler():
            ray.init(**(settings | options))
    except (ConnectionError, ValueError, RuntimeError, TypeError) as error:
        where = "on this machine" if address is None else f"at address {address!r}"
        raise SchedulerError(
            f"Ray cannot be used {where}: {error}. Start a cluster with 'ray start --head', or "
            "leave address out to start Ray here"
        ) from error


@contextmanager
def _keeping_handler() -> Iterator[None]:
    """Leave SIGTERM to whom it was left before; Ray takes it for itself."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _kind(name: str) -> str:
    """Return what kind of work a task of Ray is, by its name."""
    for part, kind in _KINDS.items():
        if part in name:
            return kind
    return "other"


def _worker(note: dict[str, Any]) -> str:
    return f"{note['pid']} {note['tid'][:15]}"


def _finished(references: Any, keys: Any) -> Iterator[tuple[Any, Any]]:
    """Yield reference and key of each result when it is there, and report it.

    The caller and this hold the only references, so that a result goes when it has been taken.
    """
    import ray

    key_of = {}
    for reference, key in zip(_flat(references), _flat_keys(keys), strict=True):
        if isinstance(reference, ray.ObjectRef):
            key_of[reference] = key
        else:  # it has been there already
            finished(key)
            yield reference, key
    pending = list(key_of)
    del references
    reference = None
    while pending:
        done, pending = ray.wait(pending, timeout=_HEEDING_EVERY, fetch_local=False)
        for reference in done:
            key = key_of.pop(reference)
            finished(key)
            yield reference, key


def _drain(references: Iterable[Any]) -> None:
    """Cancel tasks that nobody waits for any more, and see them end, whatever becomes of them."""
    import ray

    for reference in references:
        ray.cancel(reference)
    for reference in references:
        with suppress(Exception):
            ray.get(reference)


def _fetch(references: Any) -> Any:
    """Return the results in place of their references."""
    import ray

    if isinstance(references, list | tuple):
        return [_fetch(reference) for reference in references]
    return ray.get(references) if isinstance(references, ray.ObjectRef) else references


def _flat(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list | tuple):
        for item in nested:
            yield from _flat(item)
    else:
        yield nested


def _flat_keys(keys: Any) -> Iterator[Any]:
    """Return the keys within lists of lists; a tuple is a key."""
    if isinstance(keys, list):
        for item in keys:
            yield from _flat_keys(item)
    else:
        yield keys
