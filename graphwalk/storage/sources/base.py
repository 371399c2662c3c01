"""What the build asks of its input, whatever form the edges come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Node ids as a source has them: an integer array, or a pyarrow array of strings.
Ids: TypeAlias = NDArray[np.integer[Any]] | Any

#: Most edges a source puts into one batch.
BATCH_EDGES = 1 << 22


class EdgeBatch(NamedTuple):
    """A run of edges, in the order in which the source has them.

    Attributes
    ----------
    src, dst : Ids, shape (batch,)
        Endpoints, as the source names them.
    weight : ndarray of float, shape (batch,), or None
        One weight an edge, not yet checked.
    first_edge : int
        Number of the batch's first edge within the source, so that messages can name an edge.
    """

    src: Ids
    dst: Ids
    weight: NDArray[np.floating[Any]] | None
    first_edge: int


class EdgeSource(Protocol):
    """Edges in batches, and what their form alone says about the graph."""

    @property
    def name(self) -> str:
        """What to call the source in messages, such as ``"edges.csv"``."""

    @property
    def grouped(self) -> bool:
        """Whether these are rows of an adjacency list, to be stored as they are given."""

    @property
    def weighted(self) -> bool:
        """Whether batches carry weights."""

    @property
    def directed(self) -> bool | None:
        """Whether the form itself is directed; None where the form does not say."""

    @property
    def num_nodes(self) -> int | None:
        """Number of nodes where the form itself knows it; ids are then 0 … num_nodes - 1."""

    @property
    def nodes(self) -> Ids | None:
        """Ids that are nodes even when no edge names them, or None."""

    def batches(self) -> Iterator[EdgeBatch]:
        """Return the edges from the first on; may be called more than once."""
