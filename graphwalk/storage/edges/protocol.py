"""What a source of edges offers to a build, whatever form the edges come in.

A source hands out its edges piece by piece, each as a call that loads it. The pieces are drawn by
one thread, in order; the calls may be made by other threads, in any order, so that reading and
decoding overlap. No piece depends on one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping  # noqa: TC003 - read at run time
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphwalk.storage.edges.options import FurtherKind  # noqa: TC001 - read at run time

#: Node ids as a source has them: an integer array, or a pyarrow array of strings.
Ids: TypeAlias = NDArray[np.integer[Any]] | Any


class EdgeBatch(NamedTuple):
    """A run of edges, in the order in which the source has them.

    Attributes
    ----------
    src, dst : Ids, shape (batch,)
        Endpoints, as the source names them.
    weight : ndarray of float, shape (batch,), or None
        One weight an edge, not yet checked.
    place : callable
        Says in words where edge `i` of the batch stands, such as ``"edges.txt, line 12"``.
    further : mapping of ndarray, shape (batch,)
        The input's own id of each edge, of int64, and weights that edges have in addition.
    """

    src: Ids
    dst: Ids
    weight: NDArray[np.floating[Any]] | None
    place: Callable[[int], str]
    further: Mapping[FurtherKind, NDArray[Any]] = {}


class RowBatch(NamedTuple):
    """Whole rows of an adjacency list, one after the other.

    Attributes
    ----------
    lengths : ndarray of int64, shape (rows,)
        Length of each row.
    neighbors : ndarray of integers, shape (entries,)
        Neighbours, row after row, not yet checked; it may be a view of the input.
    weights : ndarray of float, shape (entries,), or None
        A weight for each of them, not yet checked.
    first_row : int
        Number of the batch's first row.
    """

    lengths: NDArray[np.int64]
    neighbors: NDArray[np.integer[Any]]
    weights: NDArray[np.floating[Any]] | None
    first_row: int


class Source(Protocol):
    """What both kinds of sources say about themselves."""

    @property
    def name(self) -> str:
        """What to call the source in messages, such as ``"edges.csv"``."""

    @property
    def weighted(self) -> bool:
        """Whether batches carry weights."""

    @property
    def directed(self) -> bool | None:
        """Whether the form itself is directed; None where the form does not say."""

    @property
    def num_nodes(self) -> int | None:
        """Number of nodes where the form itself knows it; ids are then 0 … num_nodes - 1."""


class EdgeSource(Source, Protocol):
    """A list of edges."""

    @property
    def nodes(self) -> Ids | None:
        """Ids that are nodes even when no edge names them, or None."""

    @property
    def num_edges(self) -> int | None:
        """Number of edges where that is known before they are read."""

    @property
    def once(self) -> bool:
        """Whether the edges are better copied than read again: a stream, a remote file, text."""

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that load the edges, at most about `size` each, from the first edge on.

        A source that is not `once` can be asked again and yields the same edges.
        """


@runtime_checkable
class RowSource(Source, Protocol):
    """Rows of an adjacency list, which are stored as they are given."""

    def rows(self, size: int) -> Iterator[Callable[[], RowBatch]]:
        """Return calls that load whole rows, in order, about `size` entries (and rows) each.

        A longer row is a batch of its own. May be asked once only where the form is a stream.
        """


class NotIntegers(Exception):  # noqa: N818 - it is news, not an error
    """Raised on the way through a text source that began with integers: ids are strings.

    Attributes
    ----------
    source : EdgeSource
        The same edges with their ids as strings, to be read in its stead from the beginning.
    """

    def __init__(self, source: EdgeSource, why: str) -> None:
        super().__init__(why)
        self.source = source
