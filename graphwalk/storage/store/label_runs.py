"""Labels that do not ascend as a whole: those of an updated store, and of a reordered one."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.storage.store.label_index import IntegerLabels, StringLabels
from graphwalk.util.available_memory import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from graphwalk.storage.store.format import LabelKind
    from graphwalk.storage.store.label_index import MemoryLabels

#: Times the bytes of labels and of their places that sorting them takes: both, in both orders, and
#: what sorting and searching take of their own.
_SORTED = 3


class LabelRuns:
    """Labels in memory, in runs that ascend, one after the other: an update adds a run.

    Parameters
    ----------
    labels : pyarrow.Array
        All labels, int64 or large strings.
    starts : sequence of int
        The node of the first label of each run but the first, ascending.
    """

    def __init__(self, labels: pa.Array, starts: Sequence[int]) -> None:
        self._labels = labels
        self._runs = [
            (start, labels_of(labels[start:stop]))
            for start, stop in itertools.pairwise([0, *starts, len(labels)])
        ]
        self.kind: LabelKind = self._runs[0][1].kind

    def __len__(self) -> int:
        return len(self._labels)

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""
        found = np.full(len(ids), -1, np.int64)
        for start, run in self._runs:
            there = run.find(ids)
            found = np.where(there >= 0, start + there, found)
        return found

    def at(self, node: int) -> int | str:
        """Return a node's label."""
        label: int | str = self._labels[node].as_py()
        return label

    def to_arrow(self) -> pa.Array:
        """Return all labels as an Arrow array."""
        return self._labels

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield each run."""
        yield from self._runs


class UnsortedLabels:
    """Labels in memory in any order, which are sorted when one is first looked for.

    Parameters
    ----------
    labels : pyarrow.Array
        All labels, int64 or large strings.
    path : str
        Where the store is, for errors.
    """

    def __init__(self, labels: pa.Array, path: str) -> None:
        self._labels, self._path = labels, path
        self.kind: LabelKind = "string" if isinstance(labels, pa.LargeStringArray) else "int64"

    def __len__(self) -> int:
        return len(self._labels)

    @cached_property
    def _index(self) -> tuple[NDArray[np.int64], MemoryLabels]:
        """Nodes in the order of their labels, and −1; and the labels in this order."""
        require(
            _SORTED * (self._labels.nbytes + 8 * len(self)),
            f"{self._path}: sorting labels of nodes, which were reordered, to look for some",
            "free memory, or look for them in the store that was reordered",
        )
        places = pc.sort_indices(self._labels)
        order = np.full(len(places) + 1, -1, np.int64)
        order[:-1] = places
        return order, labels_of(self._labels.take(places))

    def find(self, ids: Any) -> NDArray[np.int64]:
        """Return the position of each of `ids`, or −1."""
        order, ascending = self._index
        return order[ascending.find(ids)]

    def at(self, node: int) -> int | str:
        """Return a node's label."""
        label: int | str = self._labels[node].as_py()
        return label

    def to_arrow(self) -> pa.Array:
        """Return all labels as an Arrow array."""
        return self._labels


def labels_of(labels: Any) -> MemoryLabels:
    """Return ascending labels, integers or large strings of Arrow, as what finds them."""
    if isinstance(labels, pa.LargeStringArray):
        return StringLabels(labels)
    return IntegerLabels(np.ascontiguousarray(labels, np.int64))


def split_runs(nodes: range | NDArray[np.int64], starts: Sequence[int]) -> Iterator[slice]:
    """Yield which of ascending nodes are in the same run."""
    if isinstance(nodes, range):
        cuts = [start - nodes.start for start in starts if start in nodes]
    else:
        cuts = np.searchsorted(nodes, starts).tolist()
    for start, stop in itertools.pairwise([0, *cuts, len(nodes)]):
        if start < stop:
            yield slice(start, stop)
