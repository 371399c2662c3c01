"""Moving the walkers of a group: from their start nodes, in a partition, or by single rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.walk.node2vec_rule import MAX_ATTEMPTS
from graphwalk.kernels.walk.partitioned_first_order import advance_first_order
from graphwalk.kernels.walk.partitioned_node2vec import advance_node2vec
from graphwalk.kernels.walk.partitioned_rows import NEEDS_ROWS, EdgeSource
from graphwalk.kernels.walk.partitioned_temporal import advance_temporal
from graphwalk.kernels.walk.steps import WalkerRecords
from graphwalk.scheduler.engine.probabilities import (
    attempt_limits_of,
    bias_of,
    row_parts_of,
    time_bias_of,
)
from graphwalk.scheduler.engine.walk_in_memory import NODE2VEC_IN_FLIGHT
from graphwalk.scheduler.engine.walk_temporal import TEMPORAL_IN_FLIGHT
from graphwalk.scheduler.engine.walker_records import in_slices
from graphwalk.storage.partitions.node2vec_plus_rows import gather_complete
from graphwalk.storage.partitions.partition import gather_partition
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.cancel import check_cancelled
from graphwalk.util.read_only import read_only
from graphwalk.util.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.storage.partitions.partition import Partition

#: Walkers that the first-order kernel advances together: more than in a graph of one partition,
#: since many leave at each step.
FIRST_ORDER_IN_FLIGHT = 256

#: Refused proposals for a step of a walker that travels, after which the rows that decide are read.
MAX_REMOTE_REJECTIONS = 64

_NO_WORDS = read_only(np.empty(0, np.uint64))


def advance_walkers(
    group: WalkerGroup,
    kind: str,
    rows: Partition | None,
    arriving: Iterable[NDArray[Any]],
    keep: Callable[[NDArray[Any]], None],
) -> Iterator[NDArray[Any]]:
    """Advance walkers until all of them have left the partition or ended.

    Parameters
    ----------
    group : WalkerGroup
        What is the same for all walkers.
    kind : {"start", "advance", "fetch"}
        The kind of event: at the start, walkers do not arrive but are made.
    rows : Partition, optional
        The rows; None has single rows read for a step of each walker, of which there are few.
    arriving : iterable of ndarray of walker records
        Walkers that need these rows, ``group.most_at_once(rows)`` at a time.
    keep : callable
        Takes what they did, as first-order walker records, which are overwritten afterwards.

    Yields
    ------
    ndarray of walker records
        Some of those that have left; is overwritten afterwards.
    """
    if kind == "start":
        yield from group.start()
        return
    for walkers in arriving:
        partition = rows
        if partition is None:
            nodes = _nodes_needed(group, walkers)
            partition = gather_partition(group.graph, nodes, PartitionSpec.of(group.spec))
        for leavers in _walk(group, partition, walkers, keep):
            if len(leavers):
                yield leavers


def _walk(
    group: WalkerGroup,
    partition: Partition,
    walkers: NDArray[Any],
    keep: Callable[[NDArray[Any]], None],
) -> Iterator[NDArray[Any]]:
    while len(walkers):
        check_cancelled()
        leaving = scratch("leaving", max(group.sizes.batch, len(walkers)) + 1, group.dtype)
        log = scratch("log", group.sizes.log, group.log_dtype)
        to_leave = leaving[: len(walkers) + 1]
        taken, logged, left, remaining = _run_kernel(group, partition, walkers, log, to_leave)
        keep(log[:logged])
        if remaining or taken < len(walkers):
            walkers = np.concatenate([leaving[left : left + remaining], walkers[taken:]])
        else:
            walkers = walkers[:0]
        leavers = leaving[:left]
        if group.spec.second_order:
            limits = attempt_limits_of(group.spec)
            few = MAX_ATTEMPTS if limits is None else limits.few
            rejections = min(MAX_REMOTE_REJECTIONS, few)
            stuck = (leavers["attempt"] >= rejections) | (leavers["proposal"] == NEEDS_ROWS)
            if stuck.any():
                others = leavers[~stuck]
                yield from _finish_step(group, leavers[stuck], keep)
                leavers = others
        yield leavers


def _finish_step(
    group: WalkerGroup, walkers: NDArray[Any], keep: Callable[[NDArray[Any]], None]
) -> Iterator[NDArray[Any]]:
    """Advance walkers whose proposals are refused again and again, with all rows at hand."""
    walkers["proposal"] = -1  # it is drawn again, and is the same
    for some in in_slices([walkers], group.sizes.single_row_batch):
        nodes, layout = (some["node"], some["previous"]), PartitionSpec.of(group.spec)
        if group.spec.plus:
            partition = gather_complete(group.graph, *nodes, layout)
        else:
            rows = np.union1d(*nodes).astype(np.int64)
            partition = gather_partition(group.graph, rows, layout)
        yield from _walk(group, partition, some, keep)


def _nodes_needed(group: WalkerGroup, walkers: NDArray[Any]) -> NDArray[np.int64]:
    nodes = group.places(walkers)
    if group.spec.second_order and not group.spec.plus:
        # With the previous node's row, proposals are decided on where they are made.
        here = walkers["proposal"] < 0
        previous = walkers["previous"][here & (walkers["previous"] >= 0)]
        nodes = np.concatenate([nodes, previous.astype(np.int64)])
    # The type of all indexes of rows, so that kernels need not compile again.
    return np.unique(nodes).astype(np.int64, copy=False)


def _run_kernel(
    group: WalkerGroup,
    partition: Partition,
    walkers: NDArray[Any],
    log: NDArray[Any],
    leaving: NDArray[Any],
) -> tuple[int, int, int, int]:
    spec, rows = group.spec, partition.rows
    edges = partition.step_edges if spec.return_edges else None
    walking = group.starts, group.interruption, group.ends
    if spec.temporal:
        assert partition.times is not None
        times, masses, near = partition.times, partition.time_masses, time_bias_of(spec)
        records = WalkerRecords(walkers, log, leaving, TEMPORAL_IN_FLIGHT)
        return advance_temporal(rows, times, masses, edges, near, *walking, records)
    table = partition.table(weighted=spec.weighted)
    if not spec.second_order:
        kinds = group.step_kinds
        records = WalkerRecords(walkers, log, leaving, FIRST_ORDER_IN_FLIGHT)
        return advance_first_order(rows, table, kinds, edges, *walking, records)
    words = _NO_WORDS if partition.edge_filter is None else partition.edge_filter
    known_edges = EdgeSource(words, group.graph.directed, partition.complete)
    bias, limits, parts = bias_of(spec), attempt_limits_of(spec), row_parts_of(spec, partition)
    how = partition.shares, known_edges, bias, limits, parts, edges
    records = WalkerRecords(walkers, log, leaving, NODE2VEC_IN_FLIGHT)
    return advance_node2vec(rows, table, *how, *walking, records)
