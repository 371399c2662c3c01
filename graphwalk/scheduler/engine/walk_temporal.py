"""Temporal walks in a partition that is the whole graph, and what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.walk.partitioned_temporal import advance_temporal
from graphwalk.kernels.walk.routing import scatter
from graphwalk.kernels.walk.step_edges import nodes_of, step_types
from graphwalk.kernels.walk.steps import GroupStarts, WalkerRecords, walker_dtype
from graphwalk.scheduler.engine.probabilities import time_bias_of
from graphwalk.util.node_set import marked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.walk.steps import Interruption, Starts
    from graphwalk.scheduler.engine.walker_starts import FirstSteps
    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.walk_spec import WalkSpec

#: Walkers that the kernel advances together.
TEMPORAL_IN_FLIGHT = 256

#: Walkers of a kernel's call, and steps that it writes down before they are put in their place.
BATCH, LOG = 1 << 12, 1 << 14

#: Places in a slice's part of the result are numbers of 32 bits.
_ITEMS = 1 << 32


def scratch_bytes(step: np.dtype[Any]) -> int:
    """Return the memory that `walk_temporal` takes in addition to the walks."""
    node, edge = step_types(step)
    walker = walker_dtype(node, temporal=True).itemsize
    # Walkers of a batch, those that are left, before and after, and the steps.
    return 4 * BATCH * walker + LOG * walker_dtype(node, edge).itemsize


def walk_temporal(
    partition: Partition,
    spec: WalkSpec,
    starts: Starts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    walks: NDArray[Any],
    first_steps: FirstSteps | None = None,
    batch: int = BATCH,
    log_size: int = LOG,
) -> None:
    """Walk from beginning to end, and fill `walks`.

    Parameters
    ----------
    partition : Partition
        The whole graph, its rows in the order of their times.
    starts, ends, walks
        As of :func:`graphwalk.kernels.walk.first_order.walk_first_order`.
    spec : WalkSpec
        What every walker does.
    interruption : Interruption
        As of :func:`graphwalk.kernels.walk.partitioned_temporal.advance_temporal`.
    first_steps : FirstSteps, optional
        The edge that each walk begins with.
    batch, log_size : int
        Walkers and steps of a kernel's call.
    """
    walks.fill(-1)
    if first_steps is None:
        nodes_of(walks)[:, 0] = starts.nodes
    else:
        first_steps.put(walks, ends)
    for array in (starts.nodes, starts.numbers):  # as in several partitions: one compilation
        array.setflags(write=False)
    log = np.empty(log_size, walker_dtype(*step_types(walks.dtype)))
    width = walks.shape[1]
    size = max(1, min(batch, _ITEMS // width))
    for first in range(0, len(walks), size):
        part = slice(first, first + size)
        nodes, numbers = starts.nodes[part], starts.numbers[part]
        group = GroupStarts(nodes, numbers, 1, 0, width, starts.run_key)
        begun = None if first_steps is None else first_steps.take(part)
        how = interruption, ends, starts.in_flight
        _walk_slice(partition, spec, group, *how, walks[part], log, begun)


def _walk_slice(
    partition: Partition,
    spec: WalkSpec,
    starts: GroupStarts,
    interruption: Interruption,
    ends: NDArray[np.uint64] | None,
    in_flight: int,
    walks: NDArray[Any],
    log: NDArray[Any],
    first_steps: FirstSteps | None,
) -> None:
    assert partition.times is not None
    edges = None if walks.dtype.names is None else partition.step_edges
    walkers = np.empty(len(walks), walker_dtype(step_types(walks.dtype)[0], temporal=True))
    walkers["position"] = np.arange(0, walks.size, starts.width, dtype=np.uint64)
    if first_steps is not None:
        walkers["position"] += 1
        walkers["node"], walkers["time"] = first_steps.targets, first_steps.times
        walkers = walkers[first_steps.going_on(starts.width, ends)]
    else:
        walkers["node"], walkers["time"] = starts.nodes, spec.bounds[0]
        walkers = walkers if ends is None else walkers[~marked(ends, starts.nodes)]
    leaving = np.empty(len(walks) + 1, walkers.dtype)
    while len(walkers):
        num_taken, num_logged, num_leaving, num_remaining = advance_temporal(
            partition.rows,
            partition.times,
            partition.time_masses,
            edges,
            time_bias_of(spec),
            starts,
            interruption,
            ends,
            WalkerRecords(walkers, log, leaving, in_flight),
        )
        scatter(log[:num_logged], walks)
        remaining = leaving[num_leaving : num_leaving + num_remaining]
        walkers = np.concatenate([remaining, walkers[num_taken:]])
