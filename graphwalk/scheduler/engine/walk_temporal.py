"""Temporal walks in a partition that is the whole graph, and what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.walk.partitioned_temporal import advance_temporal
from graphwalk.kernels.walk.routing import scatter
from graphwalk.kernels.walk.steps import walker_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.partition import Partition

#: Walkers that the kernel advances together.
TEMPORAL_IN_FLIGHT = 256

#: Walkers taken up at a time, and steps that are written down before they are put in their place.
_SLICE, _LOG = 1 << 12, 1 << 14

#: Places in a slice's part of the result are numbers of 32 bits.
_ITEMS = 1 << 32


def scratch_bytes(node: np.dtype[Any]) -> int:
    """Return what `walk_temporal` takes beside the walks."""
    walker = walker_dtype(node, temporal=True).itemsize
    # Walkers as they are taken up, who is left of them, before and after, and the steps.
    return 4 * _SLICE * walker + _LOG * walker_dtype(node).itemsize


def walk_temporal(
    partition: Partition,
    starts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    run: np.uint64,
    over: np.uint64,
    walks: NDArray[Any],
) -> None:
    """Walk from beginning to end, and fill `walks`.

    Parameters
    ----------
    partition : Partition
        The whole graph, its rows in the order of their times.
    starts, numbers, run, walks
        As of :func:`graphwalk.kernels.walk.first_order.walk_first_order`.
    over : uint64
        As of :func:`graphwalk.kernels.walk.partitioned_temporal.advance_temporal`.
    """
    walks.fill(-1)
    walks[:, 0] = starts
    for array in (starts, numbers):  # as where there are several partitions: one compilation
        array.setflags(write=False)
    log = np.empty(_LOG, walker_dtype(walks.dtype))
    size = max(1, min(_SLICE, _ITEMS // walks.shape[1]))
    for first in range(0, len(walks), size):
        part = slice(first, first + size)
        _walk_slice(partition, starts[part], numbers[part], run, over, walks[part], log)


def _walk_slice(
    partition: Partition,
    starts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    run: np.uint64,
    over: np.uint64,
    walks: NDArray[Any],
    log: NDArray[Any],
) -> None:
    width = walks.shape[1]
    walkers = np.empty(len(walks), walker_dtype(walks.dtype, temporal=True))
    walkers["at"] = np.arange(0, walks.size, width, dtype=np.uint64)
    walkers["node"] = starts
    walkers["time"] = -np.inf
    leaving = np.empty(len(walks) + 1, walkers.dtype)
    advance: Any = advance_temporal
    while len(walkers):
        entered, logged, left, held = advance(
            partition.first,
            len(partition.row_starts) - 1,
            partition.index,
            partition.row_starts,
            partition.neighbors,
            partition.times,
            1,
            0,
            starts,
            numbers,
            run,
            over,
            width,
            walkers,
            log,
            leaving,
            TEMPORAL_IN_FLIGHT,
        )
        scatter(log[:logged], walks.reshape(-1))
        walkers = np.concatenate([leaving[left : left + held], walkers[entered:]])
