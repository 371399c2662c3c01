"""The interface of what runs tasks: threads of this process, Ray, or Dask distributed.

Algorithms, builds and checks are written against :class:`Executor` and :class:`Job`; no
implementation knows any of them. All implementations are in :mod:`graphwalk.scheduler.executors`.

A job is a scope:

    with executor.job() as job:
        graph = job.put(graph)
        parts = [job.submit(count_rows, graph, rows) for rows in ranges]
        for ref in job.wait(parts):
            total += job.result(ref)

Functions and arguments must be picklable, and functions defined in a module: tasks may run in other
processes. A task may run twice, at the same time even, when a worker is lost: what it does outside
of its result must be the same each time. References among the arguments of a task, not deeper
within them, are replaced by their values. Events are emitted by the process that submits: what a
task has to tell is part of its result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from graphwalk.util.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

T = TypeVar("T")
R = TypeVar("R")

Place: TypeAlias = Literal["any", "here", "spread"]


@dataclass(frozen=True)
class Resources:
    """What a job may use.

    Attributes
    ----------
    memory : int
        Bytes for graph, state, records and results: of this process on threads; on Ray, in the
        object store of one machine; on Dask distributed, of one worker process.
    workers : int
        Tasks that run at a time.
    machines : int
        Machines that have as much memory each; on Dask distributed, worker processes.
    hosts : int
        Machines, of which each can run a stream.
    """

    memory: int
    workers: int
    machines: int = 1
    hosts: int = 1

    @property
    def machine_workers(self) -> int:
        """Tasks that run on a machine at a time, at most, and share its memory."""
        return -(-self.workers // self.machines)


class LostError(Exception):
    """Values were lost with the worker that held them; what made them may be run again."""


class Ref(Protocol):
    """A value that a task makes, or will make. Valid within its job; dropping it frees the value.

    Each executor has its own kind; it is hashable, and otherwise opaque.
    """

    def __hash__(self) -> int: ...


class Job(ABC):
    """Tasks that belong together: cancelled together, and forgotten at the end of their job.

    Attributes
    ----------
    token : CancelToken
        Cancelled when the scope is left by an error or a signal. Tasks reach it by
        :func:`graphwalk.util.cancel.check_cancelled`, on every executor, and call that between
        pieces of work of well below half a second.
    in_process : bool
        Whether tasks run in this process: values are never copied then, and references can be
        arrays that tasks write into.
    """

    in_process: bool

    def __init__(self, num_workers: int) -> None:
        self.token = CancelToken()
        self._num_workers = num_workers

    @abstractmethod
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
        """Run ``function(*args)``; return a reference at once.

        Parameters
        ----------
        pieces : int, optional
            The function returns a sequence of this many values, addressed to different tasks. A
            list of as many references is returned. Each value stays where it was made and is
            fetched alone by the tasks that get its reference: so data is exchanged between tasks.
        threads : int
            Threads that it keeps busy, of as many workers of a machine.
        place : {"any", "here", "spread"}
            Where the task runs: by default where its arguments lie or where there is room; on this
            machine and no other, as it reads files that are nowhere else; or on the machine that
            holds least, since its value is large and stays.
        name : str
            The kind of work, and what it is done to: shown where the executor lists tasks.
        kept : bool
            The value is large, and many tasks read it: it is worth arranging in memory for them.
        """

    @abstractmethod
    def put(self, value: Any) -> Ref:
        """Make a value known to all workers, sent once to each; return its reference."""

    @abstractmethod
    def result(self, ref: Ref) -> Any:
        """Wait for a value and return it, or raise what its task raised.

        Values may be read-only. A thread that waits runs tasks itself where it can.
        """

    @abstractmethod
    def wait(self, refs: Iterable[Ref]) -> Iterator[Ref]:
        """Yield references in the order in which their tasks finish, so that none holds up others.

        A task that failed is yielded too; `result` raises what it raised.
        """

    @abstractmethod
    def stream(
        self,
        function: Callable[..., Generator[Any, None, Sequence[Any]]],
        *args: Any,
        threads: int = 1,
        place: Place = "any",
        name: str = "",
    ) -> Generator[tuple[Any, Ref | None], None, None]:
        """Run a generator function in a process that it has to itself, as far as this job goes.

        It is for work that takes the memory of a whole machine and starts threads of its own. It
        is not run again when the process is lost: then `LostError` is raised.

        Parameters
        ----------
        function : callable
            Yields what this process is to know at once, such as events. It returns a sequence of
            values, or of functions without arguments, each of which returns a value whenever that
            is fetched: so values need not be in memory at the same time. The process belongs to the
            stream until the iteration has ended.
        threads : int
            Threads that it keeps busy.
        place, name : str
            As `submit` takes them.

        Yields
        ------
        (object, Ref or None)
            Something that was yielded, and None; then None and the reference of a returned value.
        """

    def map(
        self,
        function: Callable[..., R],
        items: Iterable[T],
        *,
        ahead: int | None = None,
        ordered: bool = True,
        star: bool = False,
        size: Callable[[T], int] | None = None,
        most_bytes: int | None = None,
        place: Place = "any",
        name: str = "",
    ) -> Iterator[R]:
        """Yield ``function(item)`` for all items, a bounded number of them under way at a time.

        `items` is drawn by the calling thread, as results are taken. When the iteration is left
        early, queued tasks are dropped, and running ones are cancelled and waited for.

        Parameters
        ----------
        ahead : int, optional
            Items under way or waiting to be taken, at most; by default one more than workers.
        ordered : bool
            Whether results come in the order of the items, or as they are made.
        star : bool
            Whether items are tuples of arguments, among which may be references.
        size : callable, optional
            Returns how many bytes the task of an item and its result take.
        most_bytes : int, optional
            Bytes that may be under way; one item always is.
        place, name : str
            As `submit` takes them.
        """
        running: deque[tuple[Any, int]] = deque()
        in_flight, most = 0, ahead or self._num_workers + 1

        def take() -> R:
            nonlocal in_flight
            if not ordered:
                refs = [ref for ref, _ in running]
                running.rotate(-refs.index(next(iter(self.wait(refs)))))
            # It stays among those that are dropped until its value is here.
            value: R = self.result(running[0][0])
            in_flight -= running.popleft()[1]
            return value

        try:
            for item in items:
                bytes_of_item = 0 if size is None else size(item)
                while running and most_bytes is not None and in_flight + bytes_of_item > most_bytes:
                    yield take()
                args: Any = item if star else (item,)
                running.append(
                    (self.submit(function, *args, place=place, name=name), bytes_of_item)
                )
                in_flight += bytes_of_item
                if len(running) >= most:
                    yield take()
            while running:
                yield take()
        finally:
            self.cancel([ref for ref, _ in running])

    @abstractmethod
    def cancel(self, refs: list[Any]) -> None:
        """Cancel tasks, and wait until they have ended."""

    @abstractmethod
    def cached(
        self,
        key: Hashable,
        load: Callable[..., Any],
        *args: Any,
        owner: object = None,
        size: int = 0,
        room: int | None = None,
        place: Place = "any",
        name: str = "",
    ) -> Ref:
        """Return the reference of a value that outlives the job, loaded when first asked for.

        It is loaded once: into this process on threads; into the object store on Ray, from where
        the workers of a host read it without a copy; into a worker process on Dask distributed,
        from which others copy it. It is dropped with its owner, when the executor is closed, when
        a job fails, or to make room for others.

        Parameters
        ----------
        key : hashable
            The identity of the value, such as a graph's digest and what is read of it.
        load : callable
            Returns the value, given `args`. It may run again when the value was lost.
        owner : object, optional
            The value is of no use when this object is gone. It can be referenced weakly.
        size : int
            Bytes that it takes.
        room : int, optional
            Bytes that all cached values may take together: those unused for longest are dropped
            before another is loaded. By default none is dropped.
        place, name : str
            As `submit` takes them.
        """

    @abstractmethod
    def machines_without(self, path: str) -> list[str]:
        """Return the names of machines that run tasks and have nothing at a local path."""

    @abstractmethod
    def keep_within(self, room: int) -> None:
        """Drop cached values, those unused for longest first, until the others fit in `room` bytes.

        A job that takes memory of its own says so before it begins.
        """


def told_and_made(
    running: Generator[Any, None, Sequence[Any]],
) -> Iterator[tuple[Any, Sequence[Any] | None]]:
    """Yield what a generator yields, each with None, and then None with what it returns."""
    while True:
        try:
            told = next(running)
        except StopIteration as end:
            yield None, end.value
            return
        yield told, None


class Executor(Protocol):
    """What runs tasks. Made by `graphwalk.scheduler.use`.

    Attributes
    ----------
    name : str
        As it is passed to `use`.
    in_process : bool
        Whether tasks run in this process.
    """

    name: str
    in_process: bool

    def resources(self) -> Resources:
        """Return what this process may use, or the workers; it may change as machines join."""

    def job(self, name: str = "") -> AbstractContextManager[Job]:
        """Begin a job, which ends with the block.

        When the block is left by an error, a signal or the end of a generator, queued tasks are
        dropped and running ones cancelled, and they have ended when the scope is left.
        """


class InUse:
    """Which executor `graphwalk.scheduler.use` has chosen; None stands for this process."""

    executor: Executor | None = None


in_use = InUse()
