"""Progress of a computation on a terminal, counted by the tasks that have finished.

The threaded scheduler reports finished tasks through Dask's callbacks. Any other scheduler calls
:func:`finished` with the key of each task, from the thread that computes.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dask.callbacks import Callback

from graphwalk.storage.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

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
        Whether to show it. None: when standard error is a terminal.
    """
    with (
        Progress(show).stage(name, sum(amounts.values()), unit) as advance,
        counting(BlockProgress(advance, amounts)),
    ):
        yield


def _task_finished(key: Hashable, result: Any, *_: Any) -> None:
    if not _is_pending(result):
        finished(key)


def _is_pending(result: Any) -> bool:
    """Return whether a result is the promise of one: Dask on Ray calls back on submission."""
    ray = sys.modules.get("ray")
    return ray is not None and isinstance(result, ray.ObjectRef)
