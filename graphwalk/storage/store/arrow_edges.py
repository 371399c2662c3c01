"""The edges of a graph as a table of Arrow, one range of rows after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.storage.store.partition_bounds import entries_per_partition
from graphwalk.util.arrow_stream import ArrowStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.label_table import LabelTable
    from graphwalk.storage.store.row_slice import RowSlice

#: Decoded bytes of the rows that are read at a time; as columns they take about five times as much.
BATCH_BYTES = 1 << 24


def edges_as_arrow(
    graph: GraphArrays, labels: LabelTable | None, batch_bytes: int = BATCH_BYTES
) -> ArrowStream:
    """Return the edges, each once: source, target, and weight, time or type if there are any.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    labels : LabelTable or None
        The name of each node; without them nodes are numbers.
    batch_bytes : int
        Decoded bytes of the rows that are read at a time.
    """
    import pyarrow as pa

    node = pa.int64() if labels is None else labels.type
    unit = graph.info.time_unit
    fields = [("source", node), ("target", node)]
    values = {
        "weights": ("weight", pa.float32()),
        "times": ("time", pa.timestamp(unit) if unit else pa.float64()),
        "edge_types": ("type", pa.uint8()),
    }
    fields += [values[name] for name in graph.info.value_names]
    schema = pa.schema(fields)
    return ArrowStream(schema, lambda: _batches(graph, labels, schema, batch_bytes))


def _batches(
    graph: GraphArrays, labels: LabelTable | None, schema: pa.Schema, batch_bytes: int
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with graph.unchanged():
        chunk = graph.chunk_length("neighbors")
        entries = entries_per_partition(batch_bytes, chunk, graph.info.entry_bytes)
        parts = graph.cut(entries, batch_bytes // 8)
    for nodes in parts:
        columns = _columns(graph.read_slice(nodes.start, nodes.stop), once=not graph.directed)
        arrays = [pa.array(column) for column in columns]
        if graph.info.time_unit is not None:
            arrays[2] = arrays[2].cast(pa.int64()).cast(schema.types[2])
        if labels is None:
            yield pa.record_batch(arrays, schema=schema)
        else:
            yield from named_batches(columns[:2], arrays[2:], labels, schema)


def named_batches(
    ends: list[NDArray[Any]], values: list[pa.Array], labels: LabelTable, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield pairs of nodes by their labels, with values, in batches that are not too large."""
    import pyarrow as pa

    def named(rows: slice, most: int | None) -> pa.RecordBatch | None:
        names = [labels.take(nodes[rows], most and most // 2) for nodes in ends]
        if any(name is None for name in names):
            return None
        return pa.record_batch([*names, *(value[rows] for value in values)], schema=schema)

    yield from labels.in_slices(len(ends[0]), 2, named)


def _columns(rows: RowSlice, *, once: bool) -> list[Any]:
    src, dst = rows.to_edge_index()
    values = [v for v in (rows.times, rows.edge_types, rows.weights) if v is not None]
    # An undirected edge lies in the rows of both its ends.
    kept = np.asarray(src <= dst) if once else slice(None)
    return [column[kept] for column in (src, dst, *values)]
