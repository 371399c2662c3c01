"""Labels of nodes as arrays of a store, written and read."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.store.array_reader import ArrayReader
from graphwalk.storage.store.label_index import IntegerLabels, Labels, MemoryLabels, StringLabels
from graphwalk.util.arrow_strings import string_buffers, strings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    import zarr
    from numpy.typing import DTypeLike

    from graphwalk.storage.store.array_writer import ArrayWriter
    from graphwalk.storage.store.format import GraphInfo

    NewArray: TypeAlias = Callable[[str, DTypeLike, int], ArrayWriter]


def write_labels(labels: Labels, new_array: NewArray) -> str:
    """Write the labels into arrays that `new_array` makes, part by part.

    Integers are the array ``labels``; strings are ``label_offsets`` and ``label_bytes``, laid out
    as Arrow does. Returns the digest of the labels.
    """
    write = _write_integers if labels.kind == "int64" else _write_strings
    return sha256(write(labels, new_array)).hexdigest()


def _write_integers(labels: Labels, new_array: NewArray) -> bytes:
    with new_array("labels", np.int64, len(labels)) as writer:
        for _, part in labels.parts():
            writer.append(part.to_numpy())
            del part  # before the next one is loaded
    return writer.digest


def _write_strings(labels: Labels, new_array: NewArray) -> bytes:
    number, end = len(labels), 0
    with (
        new_array("label_offsets", np.int64, number) as offsets,
        new_array("label_bytes", np.uint8, number) as data,
    ):
        offsets.append(np.zeros(1, np.int64))
        for _, part in labels.parts():
            part_offsets, part_data = string_buffers(part.values)
            offsets.append(part_offsets[1:] + end)
            data.append(part_data)
            end += len(part_data)
            del part, part_offsets, part_data  # before the next one is loaded
    return offsets.digest + data.digest


def read_labels(group: zarr.Group, location: str, info: GraphInfo) -> MemoryLabels | None:
    """Return the labels of a store's graph, or None where ids are the nodes' own."""
    if info.labels is None:
        return None
    if info.labels == "int64":
        values = ArrayReader(group, location, "labels", info.num_nodes).read(0, info.num_nodes)
        return IntegerLabels(values)
    offsets = ArrayReader(group, location, "label_offsets", info.num_nodes + 1)
    ends = offsets.read(0, info.num_nodes + 1)
    length = int(ends[-1])
    data = ArrayReader(group, location, "label_bytes", length).read(0, length)
    return StringLabels(strings_of(ends, data))
