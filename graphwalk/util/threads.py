"""Work spread over threads, its results taken up in order."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from graphwalk.util.slurm_environment import allocated_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

#: Work that is done by a call.
Task: TypeAlias = "Callable[[], None]"

#: Does tasks, by whichever threads it likes, and returns when they are done.
Run: TypeAlias = "Callable[[Iterable[Task]], None]"


def num_cores() -> int:
    """Return how many cores this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allocated_cpus() or sys.maxsize, allowed or 1)


class SharedWork:
    """Tasks that threads which wait for them share with the one that has them done."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._under_way, self._over = 0, False
        self._error: BaseException | None = None

    def run(self, tasks: Iterable[Task]) -> None:
        """Do tasks, together with those who help, and raise what one of them raises."""
        with self._change:
            self._tasks.extend(tasks)
            self._change.notify_all()
        self._take_part()
        with self._change:
            self._change.wait_for(lambda: not self._under_way)
            error, self._error = self._error, None
        if error is not None:
            raise error

    def help(self) -> None:
        """Do some of whatever is to be done, until all is over."""
        while not self._over:
            self._take_part()
            with self._change:
                self._change.wait_for(lambda: self._tasks or self._over)

    def end(self) -> None:
        """Say that all is over."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def _take_part(self) -> None:
        while True:
            with self._change:
                if not self._tasks:
                    return
                task = self._tasks.popleft()
                self._under_way += 1
            try:
                task()
            except BaseException as error:  # it is raised to who has called for the work
                with self._change:
                    self._error = self._error or error
                    self._tasks.clear()
            finally:
                with self._change:
                    self._under_way -= 1
                    self._change.notify_all()


def thread_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool of that many threads."""
    return ThreadPoolExecutor(threads, thread_name_prefix="graphwalk")


def run_by(threads: int) -> Run:
    """Return what does tasks by so many threads, of its own if they are more than one."""

    def run(tasks: Iterable[Task]) -> None:
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
