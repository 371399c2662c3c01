"""A job whose items are under way in bounded number and size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from graphwalk.util.cancel import CancelToken
from graphwalk.util.executor import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from graphwalk.scheduler.executors.cache import Cache
    from graphwalk.util.executor import Place

T = TypeVar("T")
R = TypeVar("R")


class BoundedJob(ABC, Job):
    """A job whose `map` is made of its other methods, and that has a cache of values."""

    def __init__(self, num_workers: int, cache: Cache) -> None:
        self.token = CancelToken()
        self._num_workers, self._cache = num_workers, cache

    def keep_within(self, room: int) -> None:
        """Drop cached values that take more than `room` bytes together."""
        self._cache.keep_within(room)

    @abstractmethod
    def cancel(self, refs: list[Any]) -> None:
        """Cancel tasks, and wait until they have ended."""

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
        """Yield the results of items; see `Job.map`."""
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
