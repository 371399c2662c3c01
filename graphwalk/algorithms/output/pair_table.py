"""Rows of nodes and values, such as those of sparse matrices, as tables of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.store.arrow_edges import named_batches
from graphwalk.util.arrow_stream import ArrowStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import dask.array as da
    import pyarrow as pa
    from numpy.typing import NDArray

    from graphwalk.algorithms.reductions.count_walk_pairs import CountedPairs
    from graphwalk.storage.store.label_table import LabelTable

#: Pairs of a batch.
_PAIRS = 1 << 20


def pair_table(matrix: da.Array, counted: CountedPairs, labels: LabelTable | None) -> ArrowStream:
    """Return a row for each pair that has a value: source, target, value.

    The matrix is computed each time that the table is read.
    """
    import pyarrow as pa

    node = pa.int64() if labels is None else labels.type
    value = pa.from_numpy_dtype(matrix.dtype)
    schema = pa.schema([("source", node), ("target", node), (counted.pairs.column, value)])

    def batches() -> Iterator[pa.RecordBatch]:
        found: Any = matrix.compute()
        for first in range(0, found.nnz, _PAIRS):
            places = np.arange(first, min(first + _PAIRS, found.nnz))
            rows = np.searchsorted(found.indptr, places, "right") - 1
            ends = [counted.rows[rows], found.indices[places].astype(np.int64)]
            yield from _batches(ends, [pa.array(found.data[places])], labels, schema)

    return ArrowStream(schema, batches)


def node_rows(
    nodes: Mapping[str, NDArray[Any]], values: Mapping[str, Any], labels: LabelTable | None
) -> ArrowStream:
    """Return a table of columns of nodes, by their labels, and columns of values."""
    import pyarrow as pa

    node = pa.int64() if labels is None else labels.type
    columns = [pa.array(column) for column in values.values()]
    fields = [*((name, node) for name in nodes)]
    fields += [(name, column.type) for name, column in zip(values, columns, strict=True)]
    schema = pa.schema(fields)
    ends = [column.astype(np.int64) for column in nodes.values()]
    return ArrowStream(schema, lambda: _batches(ends, columns, labels, schema))


def _batches(
    ends: list[NDArray[Any]], values: list[pa.Array], labels: LabelTable | None, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    if labels is None:
        yield pa.record_batch([*map(pa.array, ends), *values], schema=schema)
    else:
        yield from named_batches(ends, values, labels, schema)
