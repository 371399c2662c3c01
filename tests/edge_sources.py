"""Sources of edges for tests of the build: they may be cut, changed and broken at will."""

import numpy as np
import pyarrow as pa

from graphwalk.storage.edges.protocol import EdgeBatch, RowBatch


class Edges:
    """A list of edges in memory; strings come as lists of str.

    `on_batch`, if given, is called with the number of the pass and the first edge before each batch
    is loaded, and may return other columns for it.
    """

    directed = None

    def __init__(
        self, src, dst, weight=None, *, once=False, nodes=None, num_nodes=None, on_batch=None
    ):
        self._columns = [None if c is None else _column(c) for c in (src, dst, weight)]
        self.name = "the edges"
        self.weighted = weight is not None
        self.num_edges = len(src)
        self.once = once
        self.nodes = None if nodes is None else _column(nodes)
        self.num_nodes = num_nodes
        self._on_batch = on_batch
        self.passes = 0

    def batches(self, size):
        self.passes += 1
        for start in range(0, self.num_edges, size):
            yield lambda start=start, number=self.passes: self._load(number, start, start + size)

    def _load(self, number, start, stop):
        columns = [None if c is None else c[start:stop] for c in self._columns]
        if self._on_batch is not None:
            columns = self._on_batch(number, start, columns) or columns
        return EdgeBatch(*columns, lambda i: f"edge {start + i}")


class Rows:
    """Rows of an adjacency list in memory."""

    directed = None
    name = "the rows"

    def __init__(self, rows, weights=None, *, num_nodes=None):
        self._rows = [np.array(row, np.int64) for row in rows]
        self._weights = weights
        self.weighted = weights is not None
        self.num_nodes = num_nodes

    def rows(self, size):
        start = 0
        while start < len(self._rows):
            stop, entries = start, 0
            while stop < len(self._rows) and (stop == start or entries < size):
                entries += len(self._rows[stop])
                stop += 1
            yield lambda start=start, stop=stop: self._load(start, stop)
            start = stop

    def _load(self, start, stop):
        lengths = np.array([len(row) for row in self._rows[start:stop]], np.int64)
        weights = None
        if self._weights is not None:
            weights = np.concatenate([np.array(w, float) for w in self._weights[start:stop]])
        return RowBatch(lengths, np.concatenate(self._rows[start:stop]), weights, start)


def _column(values):
    if isinstance(values, list) and values and isinstance(values[0], str):
        return pa.array(values, pa.large_string())
    return values if isinstance(values, pa.Array) else np.asarray(values)
