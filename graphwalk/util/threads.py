"""Work of several threads, with results in order."""

from __future__ import annotations

import itertools
import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from threading import get_ident
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from graphwalk.util.control_groups import cpu_quota
from graphwalk.util.slurm_environment import allocated_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

#: A task: a function without arguments or result.
Thunk: TypeAlias = "Callable[[], None]"

#: Runs tasks, on any threads, and returns when all are done.
RunTasks: TypeAlias = "Callable[[Iterable[Thunk]], None]"


def num_cores() -> int:
    """Return how many cores this process may use.

    It is what its affinity, the quota of its container and its Slurm job allow, all together.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allowed or 1, allocated_cpus() or sys.maxsize, cpu_quota() or sys.maxsize)


class _Threads(ThreadPoolExecutor):
    """A pool that does not wait for a thread in that thread itself.

    Python may collect a generator that is not used any more in any thread, so that what the
    generator does at its end, such as waiting for a pool, happens in one of the pool's threads.
    """

    def __init__(self, threads: int) -> None:
        own: set[int] = set()
        super().__init__(threads, "graphwalk", initializer=lambda: own.add(get_ident()))
        self._own = own

    @property
    def is_current(self) -> bool:
        """Whether the current thread is one of the pool."""
        return get_ident() in self._own

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait and not self.is_current, cancel_futures=cancel_futures)


def thread_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool of that many threads."""
    return _Threads(threads)


def run_by(threads: int) -> RunTasks:
    """Return a function that runs tasks on `threads` threads; one is the calling thread."""

    def run(tasks: Iterable[Thunk]) -> None:
        if threads == 1:
            for task in tasks:
                task()
            return
        with thread_pool(threads) as pool:
            deque(map_in_order(pool, lambda task: task(), tasks, 2 * threads), maxlen=0)

    return run


def map_in_order(
    pool: ThreadPoolExecutor, function: Callable[[T], R], items: Iterable[T], ahead: int
) -> Generator[R]:
    """Yield ``function(item)`` in the order of `items`, at most `ahead` of them unread at a time.

    The calling thread iterates over `items`. If the caller stops early or a call fails, calls that
    have not begun are cancelled, and the running ones are awaited.
    """
    running: deque[Future[R]] = deque()
    try:
        for item in items:
            # In a copy of the caller's context, so that errors spell parameters as the caller does.
            running.append(pool.submit(copy_context().run, function, item))
            if len(running) >= ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        drain(pool, running)


def made_ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield `items`, each of which another thread makes while the one before it is used."""
    rest, end = iter(items), object()
    with thread_pool(1) as pool:
        made = map_in_order(pool, lambda _: next(rest, end), itertools.repeat(None), 2)
        with closing(made):
            yield from cast("Iterator[T]", itertools.takewhile(lambda item: item is not end, made))


def drain(pool: ThreadPoolExecutor, futures: Iterable[Future[R]]) -> None:
    """Cancel calls that have not begun, and wait for the others, also if they fail.

    In a thread of the pool, it does not wait, since one of the calls may be the one it is in.
    """
    here = isinstance(pool, _Threads) and pool.is_current
    for future in list(futures):
        if not (future.cancel() or here):
            future.exception()
