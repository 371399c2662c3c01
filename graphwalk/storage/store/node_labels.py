"""The labels of a graph's nodes, as a sequence: what `Graph.labels` and `Graph.names` return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphwalk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    from graphwalk.storage.store.stored_labels import StoredLabels

#: Labels that are turned into Python's objects at a time.
_AT_A_TIME = 1 << 16


class NodeLabels(Sequence[Any]):
    """The label of each node, by number: ascending, unless the store was updated or reordered.

    It is indexed as an array is: by a node, a slice, or an array of nodes of any shape. Negative
    nodes are refused, since walks have -1 after their end and an array would count from the back:
    `Graph.names` maps whole walks. Labels become Python's objects only where they are asked for;
    ``numpy.asarray(labels)`` makes an array of all.

    Attributes
    ----------
    dtype : dtype
        int64, or object for strings.

    Examples
    --------
    >>> graph = graphwalk.build_zarr([("Ada", "Grace"), ("Ada", "Alan")])
    >>> graph.labels[2], graph.labels[[0, 1]].tolist(), len(graph.labels)
    ('Grace', ['Ada', 'Alan'], 3)
    """

    def __init__(self, labels: StoredLabels) -> None:
        self._labels = labels
        self.dtype: np.dtype[Any] = np.dtype(object if labels.text else np.int64)

    @property
    def shape(self) -> tuple[int]:
        """The number of nodes, as an array has it."""
        return (len(self),)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, nodes: Any) -> Any:
        if isinstance(nodes, slice):
            return _as_numpy(self._labels.take(np.arange(*nodes.indices(len(self)))))
        wanted = np.asarray(nodes)
        if wanted.dtype == bool:
            wanted = np.flatnonzero(wanted)
        wanted = check_label_nodes(wanted, len(self), "graph.names(nodes) has None for -1")
        found = _as_numpy(self._labels.take(wanted.ravel())).reshape(wanted.shape)
        return found[()].item() if wanted.ndim == 0 and self.dtype != object else found[()]

    def __iter__(self) -> Iterator[Any]:
        for part in self.parts():
            for start in range(0, len(part), _AT_A_TIME):
                yield from part[start : start + _AT_A_TIME].to_pylist()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        array = _as_numpy(self._labels.whole.to_arrow())
        return array.astype(dtype or array.dtype, copy=bool(copy))

    def __arrow_array__(self, type: Any = None) -> Any:  # noqa: A002 - the protocol's name
        array = self._labels.whole.to_arrow()
        return array if type is None else array.cast(type)

    @property
    def arrow_type(self) -> Any:
        """The type that the labels have in Arrow."""
        return pa.large_string() if self._labels.text else pa.int64()

    def parts(self) -> Iterator[Any]:
        """Yield all labels as arrays of Arrow, a few MiB at a time.

        Examples
        --------
        >>> [part.to_pylist() for part in graphwalk.build_zarr([("Ada", "Grace")]).labels.parts()]
        [['Ada', 'Grace']]
        """
        return self._labels.parts()

    def tolist(self) -> list[Any]:
        """Return all labels as a list.

        Examples
        --------
        >>> graphwalk.build_zarr([("Ada", "Grace")]).labels.tolist()
        ['Ada', 'Grace']
        """
        return list(self)

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:5].tolist())) + (", ..." if len(self) > 5 else "")
        return f"<graphwalk.NodeLabels of {len(self):,} nodes: {shown}>"


def names_of(labels: StoredLabels | None, num_nodes: int, nodes: Any) -> Any:
    """Return the names of nodes, in an object array of their shape; None for each -1."""
    wanted = np.asarray(nodes)
    if wanted.size == 0:
        return np.empty(wanted.shape, object)
    if wanted.dtype.kind not in "iu":
        raise InputError(f"nodes are integers, not {wanted.dtype}; pass walks, or their parts")
    ended = wanted == -1
    inside = check_label_nodes(np.where(ended, 0, wanted), num_nodes, "-1 is the end of a walk")
    found = inside.ravel() if labels is None else _as_numpy(labels.take(inside.ravel()))
    names = found.astype(object).reshape(wanted.shape)
    names[ended] = None
    return names[()]


def _as_numpy(labels: pa.Array) -> NDArray[Any]:
    return np.asarray(labels.to_numpy(zero_copy_only=False))


def check_label_nodes(nodes: NDArray[Any], num_nodes: int, hint: str) -> NDArray[np.int64]:
    """Return nodes as int64, if there are such nodes."""
    if nodes.dtype.kind not in "iu":
        raise InputError(f"labels are found by integers, the numbers of nodes, not {nodes.dtype}")
    outside = (nodes < 0) | (nodes >= num_nodes)
    if outside.any():
        raise InputError(
            f"there is no node {nodes[outside].flat[0]}: nodes are 0 to {num_nodes - 1}; {hint}"
        )
    return nodes.astype(np.int64)
