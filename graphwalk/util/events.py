"""Events of the computation of walks, for listeners: progress bars and reports."""

from __future__ import annotations

import threading
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from graphwalk.util.forks import ModuleLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two events of the same piece of work.
PERIOD = 0.25


class Event(NamedTuple):
    """A piece of work that was done.

    Attributes
    ----------
    kind : str
        ``"start"``: walkers were created, and those that cannot move have ended; ``"read"``: a
        partition was read; ``"advance"``: walkers advanced in a partition; ``"fetch"``: few
        walkers advanced, by single rows; ``"walk"``: a block was walked in a graph of one
        partition; ``"write"``: a block was written.
    job : str
        Name of the array that is computed, if known.
    started, seconds : float
        When it began, in seconds since the epoch, and how long it took.
    partition, wave : int
        The partition, and the wave of these walkers.
    walkers, steps, ended : int
        Walkers that arrived, steps that were made, and walkers whose walks are finished.
    size : int
        Bytes in memory of the data that was read or written.
    worker : str
        Thread or process that did it, if known.
    """

    kind: str
    job: str
    started: float
    seconds: float
    partition: int = 0
    wave: int = 0
    walkers: int = 0
    steps: int = 0
    ended: int = 0
    size: int = 0
    worker: str = ""


_listeners: list[Callable[[Event], object]] = []
_changing = ModuleLock()


def emit(event: Event) -> None:
    """Call all listeners with an event, from any thread; listeners must be fast.

    One that raises is not called again, and a warning says so; the walks go on.
    """
    for listener in tuple(_listeners):
        try:
            listener(event)
        except Exception as error:
            _drop(listener, error)


def _drop(listener: Callable[[Event], object], error: Exception) -> None:
    with _changing, suppress(ValueError):  # another thread may have dropped it
        _listeners.remove(listener)
    warn_of_listener(error)


def warn_of_listener(error: Exception) -> None:
    """Warn that what shows the progress of a job has failed."""
    warnings.warn(
        f"a progress bar or report has failed and shows nothing more: {error!r}; the job goes on",
        RuntimeWarning,
        stacklevel=2,
    )


@contextmanager
def listening(listener: Callable[[Event], object]) -> Iterator[None]:
    """Call `listener` with all events while the block runs; several threads call it."""
    with _changing:
        _listeners.append(listener)
    try:
        yield
    finally:
        with _changing, suppress(ValueError):  # it was dropped
            _listeners.remove(listener)


class Work:
    """A piece of work that emits events periodically, and at its end.

    Parameters
    ----------
    kind, job : str
        As in :class:`Event`.
    period : float
        Seconds between two events at the least.
    **place
        The partition and the wave.
    """

    def __init__(self, kind: str, job: str, *, period: float = PERIOD, **place: int) -> None:
        self._kind, self._job, self._place = kind, job, place
        self._counts = {"walkers": 0, "steps": 0, "ended": 0, "size": 0}
        self._told, self._period = time.time(), period

    def add(self, **counts: int) -> None:
        """Add to the counts of the work."""
        for name, count in counts.items():
            self._counts[name] += count
        if time.time() - self._told >= self._period:
            self._tell()

    def __enter__(self) -> Work:
        return self

    def __exit__(self, *_: Any) -> None:
        self._tell()

    def _tell(self) -> None:
        now = time.time()
        seconds = now - self._told
        emit(
            Event(
                self._kind,
                self._job,
                self._told,
                seconds,
                **self._place,
                **self._counts,
                worker=f"thread {threading.get_native_id()}",
            )
        )
        self._told = now
        self._counts = dict.fromkeys(self._counts, 0)
