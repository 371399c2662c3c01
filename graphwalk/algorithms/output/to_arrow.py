"""Graphs, walks, and values of nodes and pairs as tables of Arrow, for DuckDB and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da

from graphwalk.algorithms.analytics.node_array import source_of
from graphwalk.algorithms.output.check_walks import named_walks
from graphwalk.algorithms.output.labelled_walks import as_labels, walk_lists
from graphwalk.algorithms.output.node_names import names_for, unknown_names
from graphwalk.algorithms.output.node_table import node_columns, node_table
from graphwalk.algorithms.output.pair_table import pair_table
from graphwalk.algorithms.reductions.count_walk_pairs import CountedPairs
from graphwalk.algorithms.walks.streaming import blocks_in_order
from graphwalk.errors import InputError, argument
from graphwalk.storage.store.arrow_edges import edges_as_arrow
from graphwalk.storage.store.graph import Graph
from graphwalk.storage.store.label_table import LabelTable
from graphwalk.util.arrow_stream import ArrowStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa


def to_arrow(what: Graph | da.Array, *, labels: Any = None) -> ArrowStream:
    """Return a graph, walks, or values of nodes or of pairs of them as a table of Arrow.

    The table is made when it is read, batch by batch, each time that it is read.
    DuckDB reads a variable that holds it, polars reads it by ``polars.DataFrame(table)``, PyArrow
    by ``pyarrow.table(table)``, and `build_zarr` as edges.

    Parameters
    ----------
    what : Graph or dask.array.Array
        - A graph: one row an edge, ``source`` and ``target``, and ``weight``, ``time`` or ``type``
          if edges have any; times that were dates are dates again. A graph has
          ``__arrow_c_stream__`` itself, too.
        - Walks of shape (num_walks, walk_length + 1): one row a walk, the list ``walk`` of the
          nodes that were visited, without padding.
        - Values of shape (num_nodes,), such as those of `pagerank`: one row a node, ``node`` and
          a column such as ``pagerank``, or ``value`` where the algorithm is not known.
        - What `importance_neighbors`, `cooccurrence` and `personalized_pagerank` by walks return:
          one row a pair, ``source``, ``target``, and ``weight``, ``count`` or ``rank``.
          `write_nodes` writes such a table.
    labels : array_like of int or str, shape (num_nodes,), or False, optional
        What to write instead of node ``i``: ``labels[i]``. By default the labels of the graph, as
        in `embed`; with False, the numbers of nodes.

    Returns
    -------
    ArrowStream
        The table.

    Raises
    ------
    InputError
        When `what` is none of these, or it is not known on which graph it was computed, so that
        `labels` has to be given.

    Examples
    --------
    >>> import pyarrow as pa
    >>> graph = graphwalk.build_zarr([("ada", "eve"), ("eve", "bob")], directed=True)
    >>> pa.table(graphwalk.to_arrow(graph)).to_pylist()
    [{'source': 'ada', 'target': 'eve'}, {'source': 'eve', 'target': 'bob'}]
    >>> walks = graphwalk.random_walks(graph, ["ada"], num_walks=1, walk_length=3)
    >>> pa.table(graphwalk.to_arrow(walks)).to_pylist()
    [{'walk': ['ada', 'eve', 'bob']}]
    """
    if isinstance(what, Graph):
        names = _arrow_labels(what.labels if labels is None else labels, what.num_nodes)
        return edges_as_arrow(what._arrays, None if names is None else LabelTable(names))
    if isinstance(what, da.Array) and what.ndim == 1:
        return _values(what, labels)
    counted, graph = source_of(what) or (None, None)
    if isinstance(counted, CountedPairs) and graph is not None:
        names = _arrow_labels(Graph(graph).labels if labels is None else labels, graph.num_nodes)
        return pair_table(what, counted, None if names is None else LabelTable(names))
    return _walks(named_walks(what), labels)


def _walks(walks: da.Array, labels: Any) -> ArrowStream:
    import pyarrow as pa

    names = _arrow_labels(names_for(walks, labels, None))
    kind = pa.from_numpy_dtype(walks.dtype) if names is None else names.type
    schema = pa.schema([("walk", pa.list_(kind))])
    table = None if names is None else LabelTable(names)

    def batches() -> Iterator[pa.RecordBatch]:
        for block in blocks_in_order(walks):
            for lists in walk_lists(block, table):
                yield pa.record_batch([lists.cast(schema.field("walk").type)], schema=schema)

    return ArrowStream(schema, batches)


def _values(values: da.Array, labels: Any) -> ArrowStream:
    columns = node_columns(values)
    if labels is None:
        graph = columns[0].graph
        if graph is None:
            raise unknown_names("it is not known of which graph these values are")
        labels = graph.labels
    return node_table(columns, _arrow_labels(labels))


def _arrow_labels(labels: Any, num_nodes: int | None = None) -> Any:
    names = None if labels is None or labels is False else as_labels(labels)
    if names is not None and num_nodes is not None and len(names) != num_nodes:
        raise InputError(
            f"there are {len(names):,} labels for {num_nodes:,} nodes; {argument('labels')} has "
            "one for each node"
        )
    return names
