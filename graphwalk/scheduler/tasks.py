"""The functions that tasks run: load a partition, walk a block of walkers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from dask.system import CPU_COUNT

from graphwalk.kernels.first_order import walk_first_order
from graphwalk.kernels.node2vec import walk_node2vec
from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.walkers import GO_TO_START, STAY, STOP
from graphwalk.storage.partition import Partition, load_partition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.scheduler.plan import WalkRules
    from graphwalk.storage.graph import Graph

DEAD_ENDS = {"stop": STOP, "restart": GO_TO_START, "stay": STAY}

#: Walkers that a kernel advances together: enough to hide a memory access, few enough to stay in
#: the first-level cache. The walks do not depend on them.
FIRST_ORDER_IN_FLIGHT = 128
NODE2VEC_IN_FLIGHT = 256

_TWO_64 = 1 << 64
_resident: WeakKeyDictionary[Graph, Partition] = WeakKeyDictionary()
_loading = threading.Lock()


def resident_partition(graph: Graph, weighted: bool, second_order: bool) -> Partition:
    """Return the partition of `graph`, loaded once a process and kept as long as the graph is.

    On Ray this runs in a worker, whose copy of the graph goes when the task ends: there the
    object store keeps the partition.
    """
    with _loading:
        partition = load_partition(
            graph,
            weighted=weighted,
            second_order=second_order,
            have=_resident.get(graph),
            threads=CPU_COUNT,
        )
        _resident[graph] = partition
    return partition


def walk_block(
    partition: Partition,
    starts: NDArray[np.int64] | tuple[int, int],
    numbers: NDArray[np.int64] | int,
    rules: WalkRules,
) -> NDArray[Any]:
    """Walk one block of walkers from beginning to end.

    Parameters
    ----------
    partition : Partition
        The whole graph.
    starts : ndarray of int64, shape (walkers,), or (int, int)
        Start node of each walker; a pair (first, stop) stands for those rows of a job whose start
        nodes are all nodes in order.
    numbers : ndarray of int64, shape (walkers,), or int
        Walk number of each walker; not used with a pair.
    rules : WalkRules
        What every walker does.

    Returns
    -------
    ndarray of int32 or int64, shape (walkers, walk_length + 1)
    """
    if isinstance(starts, tuple):
        starts, numbers = np.divmod(np.arange(*starts, dtype=np.int64), rules.num_walks)
    walks = np.empty((len(starts), rules.walk_length + 1), partition.neighbors.dtype)
    if rules.walk_length == 0:
        walks[:, 0] = starts
        return walks
    table: Any = partition.alias_table if rules.weighted else partition.neighbors
    how: tuple[Any, ...] = (
        starts,
        numbers,
        seed_key(rules.seed),
        np.uint64(int(rules.restart_prob * _TWO_64)),
        DEAD_ENDS[rules.dead_end],
        walks,
    )
    if rules.second_order:
        rows: tuple[Any, ...] = (partition.row_starts, partition.neighbors, table)
        alpha = acceptances(rules.p, rules.q)
        walk_node2vec(*rows, partition.edge_filter, *alpha, *how, NODE2VEC_IN_FLIGHT)
    else:
        walk_first_order(partition.row_starts, table, *how, FIRST_ORDER_IN_FLIGHT)
    return walks


def acceptances(p: float, q: float) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return 2**64 times the acceptance of the previous node, of its neighbours and of others."""
    bias = (1 / p, 1.0, 1 / q)
    highest = max(bias)
    to_return, common, far = (np.uint64(min(int(b / highest * _TWO_64), _TWO_64 - 1)) for b in bias)
    return to_return, common, far
