"""The pairs of nodes that the command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.options import option
from graphwalk.cli.read_start_nodes import nodes_named
from graphwalk.errors import InputError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from graphwalk import Graph

#: Pairs of a batch.
_BATCH = 1 << 20


def read_pairs(path: str, graph: Graph) -> NDArray[Any]:
    """Return the pairs in a file of edges, by the labels of a graph or else the numbers of nodes.

    Raises
    ------
    InputError
        When the file cannot be read, or names a node that is not there.
    """
    import numpy as np

    from graphwalk.storage.build.row_edges import RowEdges
    from graphwalk.storage.edges.open import open_source
    from graphwalk.storage.edges.protocol import NotIntegers, RowSource

    source = open_source(path)
    source = RowEdges(source) if isinstance(source, RowSource) else source
    try:
        batches = [load() for load in source.batches(_BATCH)]
    except NotIntegers as other:
        batches = [load() for load in other.source.batches(_BATCH)]
    where = f"{option('pairs')} {path}"
    if not batches:
        raise InputError(f"{where} has no pairs")
    columns = [np.concatenate([np.asarray(batch[end]) for batch in batches]) for end in (0, 1)]
    names = np.stack(columns, 1).ravel()
    if graph.label_kind == "string":  # integers were written as the labels are
        names = names.astype(str)
    nodes = nodes_named(names.tolist(), where, graph)
    return np.asarray(nodes if graph.labels is None else graph.labels[nodes]).reshape(-1, 2)
