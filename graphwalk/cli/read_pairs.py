"""The pairs of nodes that the command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        When the file cannot be read.
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
    columns = [[np.asarray(batch[end]) for batch in batches] for end in (0, 1)]
    if graph.label_kind == "string":  # integers were written as the labels are
        columns = [[part.astype(str) for part in column] for column in columns]
    if not batches:
        return np.empty((0, 2), np.int64)
    return np.stack([np.concatenate(column) for column in columns], 1)
