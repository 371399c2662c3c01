"""Work spread over threads, its results taken up in order."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from graphwalk.storage.allocation import allocated_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

#: Calls a function for each of some parts, in any order.
Each: TypeAlias = "Callable[[Callable[[Any], Any], Iterable[Any]], None]"


def num_cores() -> int:
    """Return how many cores this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allocated_cpus() or sys.maxsize, allowed or 1)


class SharedWork:
    """Work in parts, which threads that wait for it share with the one that does it."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._parts: deque[tuple[Callable[[Any], Any], Any]] = deque()
        self._under_way, self._over = 0, False
        self._error: BaseException | None = None

    def each(self, function: Callable[[T], Any], parts: Iterable[T]) -> None:
        """Call a function for each part, together with those who help, and raise what it raises."""
        with self._change:
            self._parts.extend((function, part) for part in parts)
            self._change.notify_all()
        self._take_part()
        with self._change:
            self._change.wait_for(lambda: not self._under_way)
            error, self._error = self._error, None
        if error is not None:
            raise error

    def help(self) -> None:
        """Take parts of whatever is being done, until all is over."""
        while not self._over:
            self._take_part()
            with self._change:
                self._change.wait_for(lambda: self._parts or self._over)

    def end(self) -> None:
        """Say that all is over."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def _take_part(self) -> None:
        while True:
            with self._change:
                if not self._parts:
                    return
                function, part = self._parts.popleft()
                self._under_way += 1
            try:
                function(part)
            except BaseException as error:  # it is raised to who has called for the work
                with self._change:
                    self._error = self._error or error
                    self._parts.clear()
            finally:
                with self._change:
                    self._under_way -= 1
                    self._change.notify_all()


def thread_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool of that many threads."""
    return ThreadPoolExecutor(threads, thread_name_prefix="graphwalk")


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
