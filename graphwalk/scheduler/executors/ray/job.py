"""Ray tasks that belong together."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cache
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from graphwalk.errors import SchedulerError
from graphwalk.scheduler.executors.ray.errors import own_errors
from graphwalk.scheduler.executors.ray.in_huge_pages import InHugePages
from graphwalk.scheduler.executors.remote_job import RemoteJob
from graphwalk.util.cancel import CancelledError
from graphwalk.util.executor import LostError, told_and_made

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from graphwalk.scheduler.executors.cache import Cache
    from graphwalk.util.executor import Place

#: Seconds after which signals are noticed, for which Ray does not wake up.
_SIGNALS_EVERY = 0.5

#: Seconds between two looks at which tasks have ended.
_PRUNE_EVERY = 0.1

#: Seconds that a cancelled task has to end by itself, before its process is ended.
_GRACE = 1.0

#: Values of a stream that wait to be taken, at most.
_AHEAD = 2


class RayJob(RemoteJob):
    """Tasks of one job, which are known as long as they are under way.

    A running task is cancelled by an interrupt of its process, as Ray does it: it needs no token.
    """

    def __init__(self, num_workers: int, cache: Cache) -> None:
        super().__init__(num_workers, cache)
        self._under_way: list[Any] = []
        self._pruned = time.monotonic()

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
        """Run a function as a Ray task; return its reference."""
        self.token.check()
        if kept:
            name = name or function.__name__
            function, args = _in_huge_pages, (function, *args)
        how: Any = {"threads": threads, "place": place, "name": name}
        if not isfunction(function):  # a method, a partial function or one of C is a value to Ray
            return self.submit(_call, function, *args, pieces=pieces, **how)
        if pieces == 1:  # Ray would take the sequence for the one value
            return [self.submit(_only_piece, function, *args, **how)]
        if threads > 1 and place == "here":  # another machine may have more CPUs
            threads = min(threads, _cpus_of(self.hosts(place)[0]))
        task = _remote(function).options(
            num_returns=pieces or 1,
            num_cpus=threads,
            name=name or function.__name__,
            scheduling_strategy=strategy(place),
        )
        references = task.remote(*args)
        self.follow(references[0] if pieces else references)
        return references

    def hosts(self, place: Place) -> list[str]:
        """Return the machines that have a CPU."""
        import ray

        if place == "here":
            return [ray.get_runtime_context().get_node_id()]
        nodes = ray.nodes()
        return [node["NodeID"] for node in nodes if node["Alive"] and node["Resources"].get("CPU")]

    def host_name(self, host: str) -> str:
        """Return the name of a machine."""
        import ray

        names = {node["NodeID"]: str(node["NodeManagerHostname"]) for node in ray.nodes()}
        return names[host]

    def on_hosts(
        self, hosts: list[str], function: Callable[..., Any], *args: Any
    ) -> dict[str, Any]:
        """Run a function on machines, in tasks that wait for no CPU."""
        refs = {
            host: _remote(function)
            .options(num_cpus=0, max_retries=0, scheduling_strategy=_on(host, soft=False))
            .remote(*args)
            for host in hosts
        }
        return {host: self._result_or_error(ref) for host, ref in refs.items()}

    def _result_or_error(self, ref: Any) -> Any:
        try:
            return self.result(ref)
        except Exception as error:
            return error

    def stream(
        self,
        function: Callable[..., Generator[Any, None, Sequence[Any]]],
        *args: Any,
        threads: int = 1,
        place: Place = "any",
        name: str = "",
    ) -> Generator[tuple[Any, Any], None, None]:
        """Run a generator function as a Ray task that yields; see `Job.stream`."""
        with self.host(place) as machine:
            self.token.check()
            task = _remote(run_stream).options(
                num_returns="streaming",
                num_cpus=min(threads, _cpus_of(machine)),
                # It has told something by then: the coordinator begins again.
                max_retries=0,
                name=name or function.__name__,
                scheduling_strategy=_on(machine, soft=place != "here"),
                # No more values are made than are taken, and one.
                _generator_backpressure_num_objects=_AHEAD,
            )
            stream = task.remote(function, *args)
            self.follow(stream.completed())
            try:
                while True:
                    made, told = self.result(self._next(stream))
                    if made is not None:
                        break
                    yield told, None
                for _ in range(made):
                    yield None, self._next(stream)
            except SchedulerError as error:
                raise LostError from error
            except BaseException:  # an iteration that was left, too
                self.cancel([stream.completed()])
                raise

    def _next(self, stream: Any) -> Any:
        for _ in self.wait([stream]):
            pass
        return next(stream)

    def put(self, value: Any) -> Any:
        """Put a value into the object store."""
        import ray

        self.token.check()
        return ray.put(value)

    def result(self, ref: Any) -> Any:
        """Return a value."""
        import ray
        from ray.exceptions import TaskCancelledError

        for _ in self.wait([ref]):
            pass  # in pieces of time, in which signals are noticed
        with own_errors():
            try:
                return ray.get(ref)
            except TaskCancelledError as error:
                raise CancelledError from error

    def wait(self, refs: Iterable[Any]) -> Iterator[Any]:
        """Yield references as their tasks finish; raise CancelledError if the job is cancelled."""
        import ray

        pending = list(refs)
        while pending:
            self.token.check()
            with own_errors():
                done, pending = ray.wait(pending, timeout=_SIGNALS_EVERY, fetch_local=False)
            yield from done

    def follow(self, reference: Any) -> None:
        """Have a task cancelled with the job, if it has not ended by then."""
        import ray

        with self._lock:
            self._under_way.append(reference)
            if time.monotonic() - self._pruned < _PRUNE_EVERY:
                return
            _, self._under_way = ray.wait(
                self._under_way, num_returns=len(self._under_way), timeout=0, fetch_local=False
            )
            self._pruned = time.monotonic()

    def forget(self) -> list[Any]:
        """Return the tasks that are under way, which are no longer cancelled with the job."""
        with self._lock:
            left, self._under_way = self._under_way, []
        return left

    def cancel(self, refs: list[Any]) -> None:
        """Cancel tasks, and see them end: by themselves, or with their processes."""
        import ray

        if not refs or not ray.is_initialized():
            return
        _, left = ray.wait(refs, num_returns=len(refs), timeout=0, fetch_local=False)
        for reference in left:
            with suppress(Exception):
                ray.cancel(reference)
        if left:
            _, left = ray.wait(left, num_returns=len(left), timeout=_GRACE, fetch_local=False)
        for reference in left:
            with suppress(Exception):
                ray.cancel(reference, force=True)


def strategy(place: Place) -> Any:
    """Return where Ray runs a task; a temporary store is read on this machine alone."""
    import ray

    if place != "here":
        return "SPREAD" if place == "spread" else "DEFAULT"
    return _on(ray.get_runtime_context().get_node_id(), soft=False)


def run_stream(
    function: Callable[..., Generator[Any, None, Sequence[Any]]], *args: Any
) -> Iterator[Any]:
    """Yield (None, told) for what a generator tells, (number, None), and as many values."""
    for told, made in told_and_made(function(*args)):
        yield (None, told) if made is None else (len(made), None)
        for value in made or ():
            yield value() if callable(value) else value


def _on(machine: str, *, soft: bool) -> Any:
    """Return a strategy by which a task runs on a machine, or on another if that is lost."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(machine, soft=soft)


def _cpus_of(machine: str) -> int:
    import ray

    found = [node["Resources"].get("CPU", 1) for node in ray.nodes() if node["NodeID"] == machine]
    return max(1, int(*found or [1]))


@cache
def _remote(function: Callable[..., Any]) -> Any:
    """Return a function for Ray, made once: each that is made is sent to all workers again."""
    import ray

    return ray.remote(function)


def _in_huge_pages(function: Callable[..., Any], *args: Any) -> InHugePages:
    return InHugePages(function(*args))


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def _only_piece(function: Callable[..., Any], *args: Any) -> Any:
    (piece,) = function(*args)
    return piece
