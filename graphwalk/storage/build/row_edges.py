"""The rows of an adjacency list as edges."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.edges.protocol import EdgeBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.storage.edges.protocol import Ids, RowBatch, RowSource


class RowEdges:
    """An `EdgeSource` of the entries of a `RowSource`, without their weights.

    Each row has an edge to its own node too, so that all rows are nodes.
    """

    weighted = False
    once = True
    directed: bool | None = None
    num_edges: int | None = None
    nodes: Ids | None = None

    def __init__(self, rows: RowSource) -> None:
        self.name, self.num_nodes, self._rows = rows.name, rows.num_nodes, rows

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that load the entries of some rows."""
        for load in self._rows.rows(size):
            yield partial(_edges, load, self.name)


def _edges(load: Callable[[], RowBatch], name: str) -> EdgeBatch:
    lengths, neighbors, _, first = load()
    rows = np.arange(first, first + len(lengths))
    src = np.concatenate([np.repeat(rows, lengths), rows])
    dst = np.concatenate([np.asarray(neighbors), rows])
    return EdgeBatch(src, dst, None, partial(_place, name, src))


def _place(name: str, rows: Ids, i: int) -> str:
    return f"{name}, row {rows[i]}"
