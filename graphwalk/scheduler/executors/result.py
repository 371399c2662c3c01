"""Walks that other processes compute, in one array: written there by workers, or sent."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphwalk.util.shared_array import NotSharedError, SharedResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.scheduler.executors.remote_executor import RemoteExecutor
    from graphwalk.util.shared_array import SharedRows


class BlockTasks(Protocol):
    """Tasks that each make a block of rows of one array."""

    plan: Any

    @property
    def keys(self) -> list[Any]:
        """The keys of all blocks."""

    def rows(self, first: int, stop: int) -> slice:
        """Return the rows of some blocks."""

    def writing_into(self, result: Any) -> dict[Any, Any]:
        """Return the tasks; they write into `result`, or return arrays when it is None."""


def gather_blocks(executor: RemoteExecutor, tasks: BlockTasks, **kwargs: Any) -> NDArray[Any]:
    """Return all rows of some tasks."""
    shape, dtype = tasks.plan.shape, tasks.plan.dtype
    try:
        with closing(SharedResult(shape, dtype)) as shared:
            _gather(executor, tasks, shared.rows, shared.put, **kwargs)
            return shared.array()
    except NotSharedError:
        result = np.empty(shape, dtype)
        _gather(executor, tasks, None, result.__setitem__, **kwargs)
        return result


def _gather(
    executor: RemoteExecutor,
    tasks: BlockTasks,
    into: SharedRows | None,
    put: Callable[[slice, NDArray[Any]], None],
    **kwargs: Any,
) -> None:
    """Compute all blocks, and put those that are sent where they belong."""
    keys = tasks.keys
    number_of = {key: number for number, key in enumerate(keys)}

    def receive(key: Any, block: Any) -> None:
        if isinstance(block, np.ndarray):  # else it is there
            put(tasks.rows(number_of[key], number_of[key] + 1), block)

    executor.gather(tasks.writing_into(into), keys, receive, **kwargs)
