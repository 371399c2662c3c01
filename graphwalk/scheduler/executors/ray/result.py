"""Walks that Ray computes, in one array: written there by workers, or sent and copied."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphwalk.util.shared_array import NotSharedError, SharedResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.scheduler.executors.ray.session import RaySession
    from graphwalk.util.shared_array import SharedRows


class BlockTasks(Protocol):
    """Tasks that each make a block of rows of one array."""

    plan: Any
    keys: list[Any]

    def rows(self, first: int, stop: int) -> slice:
        """Return the rows of some blocks."""

    def writing_into(self, result: Any) -> dict[Any, Any]:
        """Return the tasks; they write into `result`, or return arrays when it is None."""


def walks_on_ray(session: RaySession, tasks: BlockTasks, **kwargs: Any) -> NDArray[Any]:
    """Return all walks of some tasks."""
    shape, dtype = tasks.plan.shape, tasks.plan.dtype
    try:
        with closing(SharedResult(shape, dtype)) as shared:
            _gather(session, tasks, shared.rows, shared.put, **kwargs)
            return shared.array()
    except NotSharedError:
        result = np.empty(shape, dtype)
        _gather(session, tasks, None, result.__setitem__, **kwargs)
        return result


def _gather(
    session: RaySession,
    tasks: BlockTasks,
    into: SharedRows | None,
    put: Callable[[slice, NDArray[Any]], None],
    **kwargs: Any,
) -> None:
    """Compute all blocks, and put those that are sent where they belong."""
    number_of = {key: number for number, key in enumerate(tasks.keys)}

    def receive(key: Any, block: Any) -> None:
        if isinstance(block, np.ndarray):  # else it is there
            put(tasks.rows(number_of[key], number_of[key] + 1), block)

    session.gather(tasks.writing_into(into), tasks.keys, receive, **kwargs)
