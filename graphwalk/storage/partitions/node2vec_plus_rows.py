"""The rows that a step of node2vec+ depends on, read without the rest of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.rows.node2vec_plus import make_shares
from graphwalk.storage.partitions.check_partition import check_rows
from graphwalk.storage.partitions.partition import Partition, gather_partition
from graphwalk.storage.partitions.spec import row_start_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.spec import PartitionSpec
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Rows that are read at a time; only few of their entries are kept.
_ROWS = 1 << 8


def gather_complete(
    graph: GraphArrays, nodes: NDArray[Any], previous: NDArray[Any], layout: PartitionSpec
) -> Partition:
    """Return the rows of `nodes`, and what matters of those of their neighbours.

    These are the entries whose neighbour is one of the `previous` nodes. Few neighbours have any;
    a row that is not in the result has none.

    Parameters
    ----------
    graph : GraphArrays
        An undirected graph.
    nodes, previous : ndarray of int
        The nodes of walkers, and those of their steps before.
    layout : PartitionSpec
        That of node2vec+.

    Raises
    ------
    StoreError
        As `load_partition` does.
    """
    assert layout.gamma is not None
    nodes, previous = np.unique(nodes).astype(np.int64), np.unique(previous).astype(np.int64)
    whole = gather_partition(graph, nodes, layout)
    assert whole.alias_table is not None
    assert whole.shares is not None
    _, reached, _ = graph.read_rows(previous)
    common = np.setdiff1d(np.intersect1d(whole.neighbors, reached), nodes).astype(np.int64)
    del reached
    entries = len(whole.shares)
    index, lengths = [nodes], [np.diff(whole.row_starts.astype(np.int64))]
    neighbors, shares = [whole.neighbors[:entries]], [whole.shares]
    for first in range(0, len(common), _ROWS):
        some = common[first : first + _ROWS]
        starts, values, weights = graph.read_rows(some, values="weights")
        assert weights is not None
        check_rows(graph, starts, values, weights, "weights", 0, len(some))
        make_shares(starts, values, weights, layout.gamma)
        wanted = np.isin(values, previous)
        counts = np.concatenate([[0], np.cumsum(wanted)])
        index.append(some)
        lengths.append(np.diff(counts[starts]))
        neighbors.append(values[wanted])
        shares.append(weights[wanted])
    # All in the order of nodes. No walker draws from the rows of neighbours.
    table = np.zeros(sum(map(len, shares)), whole.alias_table.dtype)
    table[:entries] = whole.alias_table[:entries]
    order, row_starts, places = _in_order(np.concatenate(index), np.concatenate(lengths))
    positions = None
    if layout.edges:
        assert whole.positions is not None
        positions = np.zeros(len(table), whole.positions.dtype)
        positions[:entries] = whole.positions[:entries]
        positions = positions[places]
        moved = np.empty(len(table), positions.dtype)
        moved[places] = np.arange(len(table), dtype=moved.dtype)
        table["entry"] = moved[table["entry"]]
    return Partition(
        row_starts.astype(row_start_type(graph)),
        np.concatenate(neighbors)[places],
        table[places],
        None,
        0,
        order,
        1,
        shares=np.concatenate(shares)[places],
        positions=positions,
        complete=True,
    )


def _in_order(
    index: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted index of rows, where each begins then, and where its entries were."""
    begins = np.cumsum(lengths) - lengths
    order = np.argsort(index, kind="stable")
    row_starts = np.concatenate([[0], np.cumsum(lengths[order])])
    moved = np.repeat(begins[order] - row_starts[:-1], lengths[order])
    return index[order], row_starts, moved + np.arange(row_starts[-1])
