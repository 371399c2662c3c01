"""Tasks of Dask distributed that belong together."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import dask
from distributed import as_completed

from graphwalk.errors import SchedulerError
from graphwalk.scheduler.executors.distributed.errors import own_errors
from graphwalk.scheduler.executors.distributed.worker import (
    Piece,
    Pieces,
    cancel_tasks,
    run_stream,
    run_task,
    take_told,
)
from graphwalk.scheduler.executors.remote_job import LOOK_EVERY, RemoteJob
from graphwalk.util.executor import LostError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from distributed import Client

    from graphwalk.scheduler.executors.cache import Cache
    from graphwalk.util.executor import Place

#: Seconds that cancelled tasks have to end, and between two looks at whether they have.
_GRACE, _LOOK_EVERY = 2.0, 0.05


#: Setting of Dask: bytes of tasks from which on it warns.
_LARGE_GRAPH = "distributed.admin.large-graph-warning-threshold"


class PieceRef:
    """A piece of a task, which is kept as long as there is a reference to any of them."""

    def __init__(self, future: Any, number: int, made: Pieces | None = None) -> None:
        self.future, self.number, self._made = future, number, made

    def piece(self) -> Piece:
        """Wait until it has been made; return where it is."""
        made = self._made or _result(self.future)
        return Piece(made.address, made.key, self.number, made.small.get(self.number))


class DistributedJob(RemoteJob):
    """Tasks of one job, which are known by key as long as they are under way."""

    def __init__(
        self,
        client: Client,
        num_workers: int,
        cache: Cache,
        workers: Callable[[], dict[str, Any]],
        hosts_here: Callable[[], list[str]],
    ) -> None:
        super().__init__(num_workers, cache)
        self._client, self._workers, self._hosts_here = client, workers, hosts_here
        self._name, self._numbers = uuid.uuid4().hex, itertools.count()
        # Futures by key, and the arguments of their tasks: pieces go with the last reference.
        self._under_way: dict[str, tuple[Any, Any]] = {}

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        pieces: int | None = None,
        threads: int = 1,
        place: Place = "any",
        name: str = "",
        kept: bool = False,
    ) -> Any:
        """Run a function in a worker; return its reference."""
        del kept  # it is in the memory of the worker, as what made it has left it
        del threads  # the process has more, except as far as it runs other tasks
        where = self._workers_here() if place == "here" else None
        future = self._submit(run_task, pieces, function, args, where, name)
        if pieces is None:
            return future
        return [PieceRef(future, number) for number in range(pieces)]

    def _submit(
        self,
        run: Callable[..., Any],
        pieces: int | None,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        where: list[str] | None,
        name: str,
    ) -> Any:
        self.token.check()
        kind = name.partition(" ")[0] or getattr(function, "__name__", "task")
        key = f"{kind}-{self._name}-{next(self._numbers)}"
        values = [arg.piece() if isinstance(arg, PieceRef) else arg for arg in args]
        with dask.config.set({_LARGE_GRAPH: "1 PiB"}):  # it warns of values within tasks
            future = self._client.submit(
                run, key, pieces, function, *values, key=key, workers=where, pure=False
            )
        with self._lock:
            self._under_way[key] = future, args
        future.add_done_callback(partial(self._ended, key))
        return future

    def hosts(self, place: Place) -> list[str]:
        """Return a worker process of each machine: what it reads need not be read by others."""
        by_host = {worker["host"]: address for address, worker in self._workers().items()}
        here = self._workers_here() if place == "here" else by_host
        return [address for host, address in by_host.items() if host in here]

    def _workers_here(self) -> list[str]:
        if found := self._hosts_here():
            return found
        raise SchedulerError(
            "the graph, or one that is made of it on the way, lies in a temporary folder of this "
            "machine, on which no worker runs; build graphs at a path or URL that all workers "
            "reach, or where this one is, call this after graphwalk.scheduler.use('threads')"
        )

    def host_name(self, host: str) -> str:
        """Return the name or address of the machine of a worker process."""
        return str(self._workers().get(host, {"host": host})["host"])  # it may have gone

    def on_hosts(
        self, hosts: list[str], function: Callable[..., Any], *args: Any
    ) -> dict[str, Any]:
        """Run a function in worker processes, outside of their threads for tasks."""
        if not hosts:
            return {}
        found: dict[str, Any] = self._client.run(function, *args, workers=hosts, on_error="return")
        return found

    def stream(
        self,
        function: Callable[..., Generator[Any, None, Sequence[Any]]],
        *args: Any,
        threads: int = 1,
        place: Place = "any",
        name: str = "",
    ) -> Generator[tuple[Any, Any], None, None]:
        """Run a generator function in a worker, and ask what it has told; see `Job.stream`."""
        del threads  # others of this machine are idle meanwhile, as far as this job goes
        with self.host(place) as worker, own_errors():
            future = self._submit(run_stream, None, function, args, [worker], name)
            ended = threading.Event()
            future.add_done_callback(lambda _: ended.set())
            try:
                while not ended.wait(LOOK_EVERY):
                    self.token.check()
                    for told in self._told(worker, future.key):
                        yield told, None
                # It is not asked for again: the worker may be gone by then.
                made = _result(future)
                for told in made.told:
                    yield told, None
                for number in range(made.number):
                    yield None, PieceRef(future, number, made)
            finally:
                if future.status == "pending":
                    self.cancel([future])

    def _told(self, worker: str, key: str) -> list[Any]:
        """Return what a task has told since the last time."""
        if worker not in self._workers():
            raise LostError(f"{worker} is gone")
        try:
            found: list[Any] = self._client.run(take_told, key, workers=[worker])[worker]
        except (OSError, KeyError) as error:
            raise LostError(f"{worker} does not answer") from error
        return found

    def put(self, value: Any) -> Any:
        """Return the reference of a value; it is made again where a worker is lost."""
        return self.submit(_same, value, name="put")

    def result(self, ref: Any) -> Any:
        """Return a value."""
        with own_errors():
            if not isinstance(ref, PieceRef):
                return _result(ref)
            piece = ref.piece()
            if piece.value is not None:
                return piece.value
            return _result(self.submit(_same, ref, name="fetch"))

    def wait(self, refs: Iterable[Any]) -> Iterator[Any]:
        """Yield references as their tasks finish."""
        by_future: dict[Any, list[Any]] = {}
        for ref in refs:
            future = ref.future if isinstance(ref, PieceRef) else ref
            by_future.setdefault(future, []).append(ref)
        for future in as_completed(by_future, loop=self._client.loop):
            yield from by_future.pop(future)

    def forget(self) -> list[Any]:
        """Return the tasks that are under way, which are no longer cancelled with the job."""
        with self._lock:
            left, self._under_way = list(self._under_way.values()), {}
        return [future for future, _ in left]

    def _ended(self, key: str, _future: Any) -> None:
        with self._lock:
            self._under_way.pop(key, None)

    def cancel(self, refs: list[Any]) -> None:
        """Cancel tasks: queued ones at once, running ones when they look at their token."""
        futures = [ref.future if isinstance(ref, PieceRef) else ref for ref in refs]
        keys = [future.key for future in futures]
        if not keys or self._client.status != "running":
            return
        with suppress(Exception):  # workers may have died, and their tasks with them
            self._client.cancel(futures, force=True)
            end = time.monotonic() + _GRACE
            while any(self._client.run(cancel_tasks, keys, on_error="ignore").values()):
                if time.monotonic() > end:
                    return
                time.sleep(_LOOK_EVERY)


def _result(future: Any) -> Any:
    try:
        return future.result()
    except LostError as error:
        # The client keeps the error, whose traceback would keep references to pieces, and them.
        lost, error.__traceback__ = str(error), None
    raise LostError(lost)


def _same(value: Any) -> Any:
    return value


class HiddenTask:
    """A task of a Dask graph as a value, which Dask does not take for a task of another graph."""

    def __init__(self, task: Any) -> None:
        self.task, self.needs = task, sorted(task.dependencies, key=str)

    def run(self, *values: Any) -> Any:
        """Run it, given the values that it depends on."""
        return self.task(dict(zip(self.needs, values, strict=True)))
