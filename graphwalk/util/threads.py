"""Work spread over threads, its results taken up in order."""

from __future__ import annotations

import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from graphwalk.util.control_groups import cpu_quota
from graphwalk.util.slurm_environment import allocated_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

#: Work that is done by a call.
Thunk: TypeAlias = "Callable[[], None]"

#: Does tasks, by whichever threads it likes, and returns when they are done.
RunTasks: TypeAlias = "Callable[[Iterable[Thunk]], None]"


def num_cores() -> int:
    """Return how many cores this process may use.

    It is what its affinity, the quota of its container and its Slurm job allow, all together.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allowed or 1, allocated_cpus() or sys.maxsize, cpu_quota() or sys.maxsize)


def thread_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool of that many threads."""
    return ThreadPoolExecutor(threads, thread_name_prefix="graphwalk")


def run_by(threads: int) -> RunTasks:
    """Return what does tasks by so many threads, of its own if they are more than one."""

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
) -> Iterator[R]:
    """Yield ``function(item)`` in the order of `items`, at most `ahead` of them unread at a time.

    `items` is drawn by the calling thread. When the caller stops early or a call fails, the calls
    that have not begun are dropped and the others waited for.
    """
    running: deque[Future[R]] = deque()
    try:
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) >= ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        drain(running)


def drain(futures: Iterable[Future[R]]) -> None:
    """Cancel what has not begun, and wait for the rest, whatever becomes of it."""
    for future in list(futures):
        if not future.cancel():
            future.exception()
