"""Walks as lists, without their padding and with nodes named by labels."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.util.indexed_values import by_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.files.folder import Folder

#: Nodes turned into text at a time. Arrow's string arrays end at 2 GiB: 8 KiB a label.
SLICE_NODES = 1 << 18


class LabelFile:
    """Labels in a file that every task maps into memory instead of being sent them.

    Parameters
    ----------
    folder : Folder
        Where the file lies; from a URL, every process fetches it once.
    digest : str
        A digest of the labels.
    """

    def __init__(self, folder: Folder, digest: str) -> None:
        self._folder = folder
        self._name = f"labels-{digest[:16]}.arrow"

    def save(self, labels: pa.Array) -> None:
        """Write the labels."""
        batch = pa.record_batch({"label": labels})
        with self._folder.writing(self._name) as file, pa.ipc.new_file(file, batch.schema) as out:
            out.write_batch(batch)

    def load(self) -> pa.Array:
        """Return the labels without reading them: pages come in as they are looked at."""
        file = pa.py_buffer(self._folder.mapped(self._name))
        return pa.ipc.open_file(file).get_batch(0).column(0)


def label_digest(labels: pa.Array) -> str:
    """Return a digest of labels."""
    digest = sha256()
    with pa.PythonFile(_Hashed(digest), mode="w") as file:
        batch = pa.record_batch({"label": labels})
        with pa.ipc.new_stream(file, batch.schema) as out:
            out.write_batch(batch)
    return digest.hexdigest()


class _Hashed(io.RawIOBase):
    """A file that keeps a digest of what is written."""

    def __init__(self, digest: Any) -> None:
        super().__init__()
        self._digest, self._written = digest, 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._digest.update(data)
        self._written += len(data)
        return len(data)


def as_labels(labels: Any, *, text: bool) -> pa.Array:
    """Return labels as an Arrow array of integers or of strings (with 64-bit offsets).

    Parameters
    ----------
    labels : array_like of int or str, shape (num_nodes,)
        The label of each node. An index, unless it is 0, 1, 2 …, has the numbers of the nodes.
    text : bool
        Whether they are meant for lines of text, where a tab or a line end in a label would
        break the line.

    Raises
    ------
    InputError
        When they are neither integers nor strings, or one of them cannot stand in a line.
    """
    array = _as_arrow(labels)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
        if text:
            _check_one_line(array)
    elif not pa.types.is_integer(array.type):
        raise InputError(f"labels are of type {array.type}; they must be integers or strings")
    if array.null_count:
        where = int(pc.index(array.is_null(), True).as_py())
        raise InputError(f"labels[{where}] is missing; every node needs a label")
    return array


def walk_lists(block: NDArray[np.integer[Any]], labels: pa.Array | None) -> Iterator[pa.ListArray]:
    """Yield the walks of a block as lists of ids or labels, some walks at a time."""
    step = max(1, SLICE_NODES // block.shape[1])
    for start in range(0, len(block), step):
        yield _lists(block[start : start + step], labels)


def named_lists(lists: pa.ListArray, labels: pa.Array) -> pa.ListArray:
    """Return walks as lists of labels, given as lists of node ids."""
    return with_values(lists, _named(lists.flatten().to_numpy(), labels))


def with_values(lists: pa.ListArray, values: pa.Array) -> pa.ListArray:
    """Return lists of the same lengths, of other values."""
    offsets = lists.offsets.to_numpy()
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0], pa.int32()), values)


def _lists(walks: NDArray[np.integer[Any]], labels: pa.Array | None) -> pa.ListArray:
    real = walks >= 0
    offsets = np.zeros(len(walks) + 1, np.int32)
    np.cumsum(real.sum(axis=1), out=offsets[1:])
    nodes = walks[real]
    return pa.ListArray.from_arrays(
        offsets, pa.array(nodes) if labels is None else _named(nodes, labels)
    )


def _named(nodes: NDArray[np.integer[Any]], labels: pa.Array) -> pa.Array:
    if nodes.size and nodes.max() >= len(labels):
        raise InputError(
            f"the walks visit node {nodes.max()}, but there are {len(labels)} labels; "
            "pass the labels of the graph that was walked"
        )
    return labels.take(pa.array(nodes))


def _as_arrow(labels: Any) -> pa.Array:
    number = np.size(labels) if hasattr(labels, "shape") else 0  # without an index it is not used
    labels = by_node(labels, "labels", number, lambda index: _numbers(index, number))
    try:
        array = pa.array(labels)
    except (pa.ArrowException, TypeError) as error:
        raise InputError(
            f"labels must be integers or strings, one for each node: {error}"
        ) from None
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _numbers(index: NDArray[Any], number: int) -> NDArray[np.int64]:
    if index.dtype.kind not in "iu" or not ((index >= 0) & (index < number)).all():
        raise InputError(f"the numbers of nodes are 0 to {number - 1}")
    return index.astype(np.int64)


def _check_one_line(labels: pa.Array) -> None:
    broken = pc.match_substring_regex(labels, r"[\t\n\r]")
    if pc.any(broken).as_py():
        label = labels[int(pc.index(broken, True).as_py())].as_py()
        raise InputError(
            f"label {label!r} holds a tab or a line end, so a line of text cannot hold it; "
            "write Parquet instead"
        )
