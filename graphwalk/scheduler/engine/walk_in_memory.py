"""The functions that tasks run: load a partition, walk a block of walkers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.walk.first_order import walk_first_order
from graphwalk.kernels.walk.node2vec import walk_node2vec
from graphwalk.kernels.walk.steps import GO_TO_START, STAY, STOP
from graphwalk.scheduler.engine.walk_temporal import walk_temporal
from graphwalk.storage.partitions.partition import Partition, load_partition
from graphwalk.storage.partitions.spec import Layout
from graphwalk.storage.store.node_types import path_of
from graphwalk.util.events import Work
from graphwalk.util.shared_array import NotSharedError
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.plan import WalkRules
    from graphwalk.storage.store.graph import Graph
    from graphwalk.util.shared_array import SharedRows

#: Who walks: the rows of the result that they fill, where all nodes are start nodes in order; or
#: start nodes, the number of the first walk from each, and which rows of these to fill.
Walkers: TypeAlias = "range | tuple[NDArray[np.int64], NDArray[np.int64], range]"

DEAD_ENDS = {"stop": STOP, "restart": GO_TO_START, "stay": STAY}

#: Walkers that a kernel advances together: enough to hide a memory access, few enough to stay in
#: the first caches. The walks do not depend on them.
FIRST_ORDER_IN_FLIGHT = 128
NODE2VEC_IN_FLIGHT = 512

_TWO_64 = 1 << 64
_resident: WeakKeyDictionary[Graph, tuple[Layout, Partition]] = WeakKeyDictionary()
_loading = threading.Lock()


def resident_partition(graph: Graph, rules: WalkRules) -> Partition:
    """Return the partition of `graph`, loaded once a process and kept as long as the graph is.

    On Ray this runs in a worker, whose copy of the graph goes when the task ends: there the
    object store keeps the partition.
    """
    with _loading, Work("read", "") as work:
        layout, (before, have) = rules.layout, _resident.get(graph, (Layout(), None))
        if before.own or layout.own:
            if have is not None and before == layout:
                return have
            # What is laid out for walks of one kind is of no use to others; both may be too large.
            have = None
            _resident.pop(graph, None)
        partition = load_partition(graph, layout, have=have, threads=num_cores())
        _resident[graph] = layout, partition
        if have is None:
            work.add(size=graph.num_entries * graph.neighbor_dtype.itemsize + 8 * graph.num_nodes)
    return partition


def walk_block(
    partition: Partition,
    walkers: Walkers,
    rules: WalkRules,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Walk one block of walkers from beginning to end.

    Parameters
    ----------
    partition : Partition
        The whole graph.
    walkers : range or (ndarray, ndarray, range)
        Who walks, see `Walkers`.
    rules : WalkRules
        What every walker does.
    out : ndarray of int32 or int64, shape (walkers, walk_length + 1), optional
        Where to write the walks; C-contiguous.

    Returns
    -------
    ndarray of int32 or int64, shape (walkers, walk_length + 1)
        `out`, or a new array.
    """
    starts, numbers = starts_and_numbers(walkers, rules.num_walks)
    shape = len(starts), rules.walk_length + 1
    walks = np.empty(shape, partition.neighbors.dtype) if out is None else out
    with Work("walk", "") as work:
        _walk(partition, starts, numbers, rules, walks)
        work.add(walkers=shape[0], steps=shape[0] * rules.walk_length, ended=shape[0])
    return walks


def walk_block_into(
    partition: Partition, walkers: Walkers, rules: WalkRules, out: SharedRows
) -> NDArray[Any] | None:
    """Walk a block into a shared result; return it where that is out of reach.

    It is walked in pieces that stay in the caches until they have been copied.
    """
    try:
        with out.writer() as write:
            for piece in out.pieces():
                some = part_of(walkers, piece, rules.num_walks)
                write(walk_block(partition, some, rules), piece.start)
    except NotSharedError:
        return walk_block(partition, walkers, rules)
    return None


def part_of(walkers: Walkers, rows: slice, num_walks: int) -> Walkers:
    """Return the walkers of some rows, with no more start nodes than they need."""
    if isinstance(walkers, range):
        return walkers[rows]
    nodes, first_numbers, present = walkers
    rows = slice(rows.start + present.start, rows.stop + present.start)
    first, stop = rows.start // num_walks, -(-rows.stop // num_walks)
    shifted = range(rows.start - first * num_walks, rows.stop - first * num_walks)
    return nodes[first:stop], first_numbers[first:stop], shifted


def _walk(
    partition: Partition,
    starts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    rules: WalkRules,
    walks: NDArray[Any],
) -> None:
    if rules.walk_length == 0:
        walks[:, 0] = starts
        return
    table: Any = partition.alias_table if rules.weighted else partition.neighbors
    run = np.uint64(seed_key(np.uint64(rules.seed)))
    dead_end = DEAD_ENDS[rules.dead_end]
    if rules.temporal:
        walk_temporal(partition, starts, numbers, run, hop_thresholds(rules)[1], walks)
    elif rules.second_order:
        edge_filter: Any = partition.edge_filter
        walk_node2vec(
            partition.row_starts,
            partition.neighbors,
            table,
            edge_filter,
            partition.shares,
            *acceptances(rules.p, rules.q),
            rules.p,
            rules.q,
            starts,
            numbers,
            run,
            *hop_thresholds(rules),
            dead_end,
            walks,
            NODE2VEC_IN_FLIGHT,
        )
    else:
        walk_first_order(
            path_of(rules.metapath, rules.walk_length),
            partition.row_starts,
            table,
            starts,
            numbers,
            run,
            *hop_thresholds(rules),
            dead_end,
            walks,
            FIRST_ORDER_IN_FLIGHT,
        )


def hop_thresholds(rules: WalkRules) -> tuple[np.uint64, np.uint64]:
    """Return 2**64 times the probability of a restart, and of a restart or the end."""
    restart = int(rules.restart_prob * _TWO_64)
    over = min(restart + int(rules.stop_prob * _TWO_64), _TWO_64 - 1)
    return np.uint64(restart), np.uint64(over)


def starts_and_numbers(
    walkers: Walkers, num_walks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the start node of each walker and its number among the walks from there."""
    rows = walkers if isinstance(walkers, range) else walkers[2]
    numbers = np.arange(rows.start, rows.stop, dtype=np.int64)
    places = numbers // num_walks  # several times as fast as `divmod`, which gives both
    numbers -= places * num_walks
    if isinstance(walkers, range):
        return places, numbers
    nodes, first_numbers, _ = walkers
    numbers += first_numbers[places]
    return nodes[places], numbers


def acceptances(p: float, q: float) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return 2**64 times the acceptance of the previous node, of its neighbours and of others."""
    bias = (1 / p, 1.0, 1 / q)
    highest = max(bias)
    to_return, common, far = (np.uint64(min(int(b / highest * _TWO_64), _TWO_64 - 1)) for b in bias)
    return to_return, common, far
