"""Progress of a computation on a terminal, counted by the tasks that have finished.

The threaded scheduler reports finished tasks through Dask's callbacks. Any other scheduler calls
:func:`finished` with the key of each task, from the thread that computes.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dask.callbacks import Callback

from graphwalk.units import format_size
from graphwalk.util.events import listening
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from graphwalk.util.events import Event

_active: ContextVar[tuple[BlockProgress, ...]] = ContextVar("_active", default=())


class BlockProgress:
    """Advances by an amount for each task that finishes, once only.

    Parameters
    ----------
    advance : callable
        Takes what has been added, such as the ``update`` of a progress bar.
    amounts : mapping
        What each key of a Dask graph counts for. Other keys count for nothing.
    """

    def __init__(self, advance: Callable[[int], object], amounts: Mapping[Any, int]) -> None:
        self._advance = advance
        self._left = dict(amounts)

    def finished(self, key: Hashable) -> None:
        """Count the task, unless it has been counted or is none of those that count."""
        amount = self._left.pop(key, None)
        if amount is not None:
            self._advance(amount)


def finished(key: Hashable) -> None:
    """Tell all progress of this context that the task of a Dask graph has finished."""
    for progress in _active.get():
        progress.finished(key)


@contextmanager
def counting(progress: BlockProgress) -> Iterator[None]:
    """Count the tasks that finish while the block computes."""
    token = _active.set((*_active.get(), progress))
    try:
        with Callback(posttask=_task_finished):
            yield
    finally:
        _active.reset(token)


@contextmanager
def block_progress(
    name: str, amounts: Mapping[Any, int], unit: str, show: bool | None = None
) -> Iterator[None]:
    """Show a bar on standard error while the block computes, with its rate and the time left.

    Parameters
    ----------
    name : str
        What is being computed.
    amounts : mapping
        How far the bar moves when the task of a key finishes.
    unit : str
        What is counted, in the plural.
    show : bool, optional
        Whether to show it. None: on a terminal and in a notebook.
    """
    with (
        Progress(show).stage(name, sum(amounts.values()), unit) as advance,
        counting(BlockProgress(advance, amounts)),
    ):
        yield


@contextmanager
def wave_progress(
    job: str, walkers: int, length: int, waves: int, show: bool | None = None
) -> Iterator[None]:
    """Show a bar of steps, with waves, walkers and bytes next to it, while the block computes.

    Parameters
    ----------
    job : str
        Name of the array whose events count.
    walkers, length : int
        Walkers, and steps of each.
    waves : int
        How many there will be, about.
    show : bool, optional
        Whether to show it. None: on a terminal and in a notebook.
    """
    with Progress(show).bar("Walking", walkers * length, "steps") as bar:
        if bar is None:
            yield
            return
        with listening(_WaveBar(bar, job, walkers, waves)):
            yield
        bar.total = bar.n  # some walks may have ended early
        bar.refresh()


@contextmanager
def scan_progress(name: str, show: bool | None = None) -> Iterator[None]:
    """Show a bar of entries that all scans visit while the block computes.

    Parameters
    ----------
    name : str
        What is being computed.
    show : bool, optional
        Whether to show it. None: on a terminal and in a notebook.
    """
    with Progress(show).stage(name, None, "entries") as advance:

        def count(event: Event) -> None:
            if event.kind == "scan":
                advance(event.steps)

        with listening(count):
            yield


class _WaveBar:
    """Feeds a bar with the events of a job."""

    def __init__(self, bar: Any, job: str, walkers: int, waves: int) -> None:
        self._bar, self._job, self._waves = bar, job, waves
        self._left, self._size, self._wave = walkers, 0, 0
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        if event.job != self._job:
            return
        with self._lock:
            self._left -= event.ended
            self._size += event.size
            self._wave = max(self._wave, event.wave)
            self._bar.set_postfix_str(
                f"wave {self._wave + 1} of about {max(self._waves, self._wave + 1)}, "
                f"{self._left:,} walkers left, {format_size(self._size)} read",
                refresh=False,
            )
            self._bar.update(event.steps)


def _task_finished(key: Hashable, result: Any, *_: Any) -> None:
    if not _is_pending(result):
        finished(key)


def _is_pending(result: Any) -> bool:
    """Return whether a result is the promise of one: Dask on Ray calls back on submission."""
    ray = sys.modules.get("ray")
    return ray is not None and isinstance(result, ray.ObjectRef)
