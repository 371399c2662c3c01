"""What happens while walks are computed, told to those who listen: progress bars and reports."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two events of a piece of work that goes on.
PERIOD = 0.25


class Event(NamedTuple):
    """A piece of work that was done.

    Attributes
    ----------
    kind : str
        ``"start"``: walkers, of whom those ended who cannot move; ``"read"``: a partition;
        ``"advance"``: walkers in one, or ``"fetch"``: few, for whom single rows were read;
        ``"walk"``: a block, in a graph of one partition; ``"write"``: a block.
    job : str
        Name of the array that is computed, if known.
    started, seconds : float
        When it began, in seconds since the epoch, and how long it took.
    partition, wave : int
        Which partition, in which turn of those walkers.
    walkers, steps, ended : int
        Walkers who came, steps that were made, and walkers whose walks are finished.
    size : int
        Bytes in memory of what was read or written.
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
_changing = threading.Lock()


def emit(event: Event) -> None:
    """Tell all who listen, from any thread; they must be quick."""
    for listener in tuple(_listeners):
        listener(event)


@contextmanager
def listening(listener: Callable[[Event], object]) -> Iterator[None]:
    """Tell a function of all events while the block runs. Several threads call it at once."""
    with _changing:
        _listeners.append(listener)
    try:
        yield
    finally:
        with _changing:
            _listeners.remove(listener)


class Work:
    """Work under way: those who listen are told from time to time, and at its end.

    Parameters
    ----------
    kind, job : str
        As in :class:`Event`.
    **place
        The partition and the wave.
    """

    def __init__(self, kind: str, job: str, **place: int) -> None:
        self._kind, self._job, self._place = kind, job, place
        self._counts = {"walkers": 0, "steps": 0, "ended": 0, "size": 0}
        self._told = time.time()

    def add(self, **counts: int) -> None:
        """Count what has been done."""
        for name, count in counts.items():
            self._counts[name] += count
        if time.time() - self._told >= PERIOD:
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
