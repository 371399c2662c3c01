"""Values of nodes as a table: a column of nodes, by label, and a column for each result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import dask.array as da
import numpy as np
import pyarrow as pa

from graphwalk.algorithms.analytics.node_array import NodeArray, source_of
from graphwalk.errors import InputError
from graphwalk.storage.store.find_nodes import values_by_node
from graphwalk.storage.store.graph import Graph
from graphwalk.util.arrow_stream import ArrowStream
from graphwalk.util.indexed_values import as_array, refuse_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

#: Nodes of a batch of a table. Arrow's string arrays end at 2 GiB: 8 KiB a label.
BATCH_NODES = 1 << 18

#: Bytes of a number at most, in all formats.
_NUMBER = 8


class NodeColumn(NamedTuple):
    """A value for each node.

    Attributes
    ----------
    name : str
        What the table calls it.
    values : dask.array.Array or ndarray, shape (num_nodes,)
        The values.
    are_nodes : bool
        Whether they are nodes themselves, of which the table has the labels.
    graph : Graph or None
        The graph of the nodes, where it is known.
    """

    name: str
    values: Any
    are_nodes: bool
    graph: Graph | None


def node_columns(results: Any, graph: Graph | None = None) -> list[NodeColumn]:
    """Return the columns of one result, or of a mapping from names to several.

    Parameters
    ----------
    results : array, or mapping from str to array
        The values.
    graph : Graph, optional
        Their graph; None: what the results know of it.

    Raises
    ------
    InputError
        When they are not one value for each node of the same graph.
    """
    if isinstance(results, Mapping):
        columns = [_column(values, graph, _checked(name)) for name, values in results.items()]
    else:
        columns = [_column(results, graph)]
    if not columns:
        raise InputError("there are no values; pass at least one result")
    if len({len(column.values) for column in columns}) > 1:
        sizes = ", ".join(f"{column.name}: {len(column.values):,}" for column in columns)
        raise InputError(f"results have different numbers of nodes ({sizes}); write them apart")
    graphs = {
        column.graph._arrays.info.identity: column.graph for column in columns if column.graph
    }
    if len(graphs) > 1:
        paths = ", ".join(each.path for each in graphs.values())
        raise InputError(f"results are of different graphs ({paths}); write them apart")
    for known in graphs.values():
        if len(columns[0].values) != known.num_nodes:
            raise InputError(
                f"there are {len(columns[0].values):,} values, and {known.path} has "
                f"{known.num_nodes:,} nodes; pass one value for each node"
            )
    return columns


def _checked(name: Any) -> str:
    """Return the name of a column of values; raises InputError if a table cannot have it."""
    if not isinstance(name, str) or name in ("", "node"):
        raise InputError(f"a column of values cannot be called {name!r}; pass another text")
    return name


def _column(values: Any, graph: Graph | None, name: str | None = None) -> NodeColumn:
    if not isinstance(values, da.Array):
        if graph is None:
            refuse_index(values, "values")
        else:
            values = values_by_node(graph._arrays, values, "values")
        values = as_array(values, "values")
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if (
        values.ndim != 1
        or values.dtype.kind not in "iufb"
        or values.dtype.itemsize > _NUMBER
        or np.isnan(values.shape).any()
    ):
        raise InputError(
            f"values of nodes are an array of numbers of shape (num_nodes,), and not of "
            f"{values.dtype} and shape {values.shape}"
        )
    source = source_of(values)
    if source is None:
        return NodeColumn(name or "value", values, are_nodes=False, graph=graph)
    algorithm, arrays = source
    if graph is not None and graph._arrays.info.identity != arrays.info.identity:
        raise InputError(f"the values are of {arrays.path}, and not of {graph.path}")
    return NodeColumn(name or algorithm.column, values, algorithm.are_nodes, graph or Graph(arrays))


def node_table(columns: Sequence[NodeColumn], names: pa.Array | None) -> ArrowStream:
    """Return a table of nodes and their values, which are computed when it is read.

    Parameters
    ----------
    columns : sequence of NodeColumn
        The values.
    names : pyarrow.Array or None
        The label of each node; None: nodes are called by their numbers.
    """
    num_nodes = len(columns[0].values)
    if names is not None and len(names) != num_nodes:
        raise InputError(f"there are {len(names):,} labels, and values of {num_nodes:,} nodes")
    fields = [("node", pa.int64() if names is None else names.type)]
    for column in columns:
        kind = pa.from_numpy_dtype(column.values.dtype)
        fields.append((column.name, kind if names is None or not column.are_nodes else names.type))
    schema = pa.schema(fields)

    def batches() -> Iterator[pa.RecordBatch]:
        first = 0
        for blocks in zip(*(value_blocks(column.values) for column in columns), strict=True):
            stop = first + len(blocks[0])
            found = [pa.array(np.arange(first, stop)) if names is None else names[first:stop]]
            for column, block in zip(columns, blocks, strict=True):
                found.append(_named(block, names) if column.are_nodes else pa.array(block))
            yield pa.record_batch(found, schema=schema)
            first = stop

    return ArrowStream(schema, batches)


def value_blocks(values: Any) -> Iterator[NDArray[Any]]:
    """Yield the values of nodes, `BATCH_NODES` at a time."""
    if isinstance(values, da.Array) and not isinstance(values, NodeArray):
        for block in values.rechunk(BATCH_NODES).blocks:
            yield block.compute()
        return
    # Those of an algorithm are one block, which the executor in use computes.
    whole = values.compute() if isinstance(values, NodeArray) else values
    for start in range(0, len(whole), BATCH_NODES):
        yield whole[start : start + BATCH_NODES]


def _named(nodes: NDArray[Any], names: pa.Array | None) -> pa.Array:
    if names is None:
        return pa.array(nodes)
    return names.take(pa.array(nodes, mask=nodes < 0))
