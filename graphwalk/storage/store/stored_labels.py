"""Labels of nodes as arrays of a store, written and read."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphwalk.errors import StoreError
from graphwalk.kernels.store.check_rows import first_not_above
from graphwalk.storage.store.label_index import IntegerLabels, Labels, MemoryLabels, StringLabels
from graphwalk.util.arrow_strings import string_buffers, strings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import DTypeLike

    from graphwalk.storage.store.array_writer import ArrayWriter
    from graphwalk.storage.store.store_arrays import StoreArrays

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


def read_labels(graph: StoreArrays) -> MemoryLabels | None:
    """Return the labels of a store's graph, or None where ids are the nodes' own."""
    location, number = graph.path, graph.num_nodes
    if graph.info.labels is None:
        return None
    if graph.info.labels == "int64":
        values = graph.open_array("labels", number).read(0, number)
        if (values[1:] <= values[:-1]).any():
            raise _damaged(location, "labels", "labels must ascend")
        return IntegerLabels(values)
    ends = graph.open_array("label_offsets", number + 1).read(0, number + 1)
    length = int(ends[-1])
    if ends[0] != 0 or (ends[1:] < ends[:-1]).any():
        raise _damaged(location, "label_offsets", "it must rise from 0")
    data = graph.open_array("label_bytes", length).read(0, length)
    strings = strings_of(ends, data)
    try:
        strings.validate(full=True)
    except pa.ArrowInvalid as error:
        raise _damaged(location, "label_bytes", f"labels must be UTF-8 ({error})") from error
    if first_not_above(ends, data) >= 0:
        raise _damaged(location, "label_bytes", "labels must ascend")
    return StringLabels(strings)


def _damaged(location: str, name: str, what: str) -> StoreError:
    return StoreError(f"array {name!r} of {location} is damaged: {what}; build it again")
