"""Node ids as they come in, and the dense integers that the build works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.kernels.csr import first_bad_weight
from graphwalk.storage.sources.base import EdgeBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.labels import Labels
    from graphwalk.storage.sources.base import EdgeSource, Ids


class DenseBatch(NamedTuple):
    """Edges ready for the kernels: ids both int32 or both int64, everything contiguous."""

    src: NDArray[np.integer[Any]]
    dst: NDArray[np.integer[Any]]
    weight: NDArray[np.floating[Any]] | None
    first_edge: int


def small_batches(source: EdgeSource, size: int) -> Iterator[EdgeBatch]:
    """Yield the edges of `source` in batches of at most `size`, which are views of its own."""
    for src, dst, weight, first in source.batches():
        if len(src) != len(dst) or (weight is not None and len(weight) != len(src)):
            raise InputError(f"{source.name}: sources, targets and weights differ in number")
        if (weight is not None) != source.weighted:
            raise InputError(f"{source.name}: some edges have weights and others have none")
        for start in range(0, len(src), size):
            part = slice(start, start + size)
            piece = None if weight is None else weight[part]
            yield EdgeBatch(src[part], dst[part], piece, first + start)


def is_text(ids: Ids) -> bool:
    """Return whether these ids are strings."""
    return isinstance(ids, pa.Array | pa.ChunkedArray) and not pa.types.is_integer(ids.type)


def dense_batch(
    batch: EdgeBatch, name: str, labels: Labels | None, num_nodes: int | None
) -> DenseBatch:
    """Check a batch and turn its ids into node numbers.

    Parameters
    ----------
    batch : EdgeBatch
        Edges as the source has them.
    name : str
        The source's name, for messages.
    labels : Labels or None
        What to look ids up in; None when they are the nodes' numbers already.
    num_nodes : int or None
        What ids must be below, if that is given.
    """
    ends = [_dense(ids, batch, name, labels, num_nodes) for ids in (batch.src, batch.dst)]
    narrow = all(ids.dtype == np.int32 for ids in ends)
    dtype: Any = np.int32 if narrow else np.int64
    src, dst = (np.ascontiguousarray(ids, dtype) for ids in ends)
    weight = None if batch.weight is None else _check_weights(batch.weight, batch, name)
    return DenseBatch(src, dst, weight, batch.first_edge)


def check_ids(ids: Ids, name: str, first_edge: int | None = 0) -> Ids:
    """Return `ids` as int32, int64 or Arrow's large strings, or raise when they cannot be ids.

    `first_edge` is the number of the first, for messages; None when they are no edges' ids.
    """
    if isinstance(ids, pa.Array | pa.ChunkedArray):
        return _check_arrow(ids, name, first_edge)
    return _check_integers(np.asarray(ids), name, first_edge)


def _dense(
    ids: Ids, batch: EdgeBatch, name: str, labels: Labels | None, num_nodes: int | None
) -> NDArray[np.integer[Any]]:
    checked = check_ids(ids, name, batch.first_edge)
    if labels is not None:
        found = labels.find(checked)
        if (found < 0).any():
            raise changed(name)
        return found
    if is_text(checked):
        raise InputError(f"{name}: node ids are integers here and strings there; make them alike")
    if num_nodes is not None and len(checked) and checked.max() >= num_nodes:
        at = int(np.argmax(checked >= num_nodes))
        raise InputError(
            f"{name}: edge {batch.first_edge + at} names node {checked[at]}, which num_nodes="
            f"{num_nodes} has no room for; raise num_nodes, or leave it out"
        )
    values: NDArray[np.integer[Any]] = checked
    return values


def changed(name: str) -> InputError:
    """Return the error for a source that yields other edges the second time."""
    return InputError(f"{name} changed while it was read; build again when nothing writes to it")


def _check_arrow(ids: Any, name: str, first_edge: int | None) -> Ids:
    if ids.null_count:
        at = int(np.argmax(np.asarray(pc.is_null(ids))))
        raise InputError(
            f"{name}: {_place(first_edge, at)} has no node id (a null); drop or fill such rows"
        )
    if pa.types.is_integer(ids.type):
        return _check_integers(np.asarray(ids), name, first_edge)
    value_type = ids.type.value_type if pa.types.is_dictionary(ids.type) else ids.type
    if not (
        pa.types.is_string(value_type)
        or pa.types.is_large_string(value_type)
        or pa.types.is_string_view(value_type)
    ):
        raise InputError(f"{name}: node ids are integers or strings, not {ids.type}")
    return ids.cast(pa.large_string())


def _check_integers(
    ids: NDArray[Any], name: str, first_edge: int | None
) -> NDArray[np.integer[Any]]:
    if ids.dtype.kind not in "iu":
        found = f"; {_place(first_edge, 0)} has {ids[0]!r}" if len(ids) else ""
        raise InputError(
            f"{name}: node ids are integers or strings, not {ids.dtype}{found}; convert them"
        )
    if len(ids) and ids.dtype.kind == "i" and ids.min() < 0:
        at = int(np.argmax(ids < 0))
        raise InputError(
            f"{name}: {_place(first_edge, at)} has the node id {ids[at]}; ids are not negative"
        )
    if ids.dtype == np.uint64 and len(ids) and ids.max() >= 2**63:
        at = int(np.argmax(ids >= 2**63))
        raise InputError(
            f"{name}: {_place(first_edge, at)} has the node id {ids[at]}, which is more than "
            "2**63 - 1; pass such ids as strings"
        )
    return ids.astype(np.int32 if np.can_cast(ids.dtype, np.int32) else np.int64, copy=False)


def _place(first_edge: int | None, at: int) -> str:
    return f"node {at} of its list" if first_edge is None else f"edge {first_edge + at}"


def _check_weights(weights: NDArray[Any], batch: EdgeBatch, name: str) -> NDArray[np.floating[Any]]:
    weights = np.asarray(weights)
    if weights.dtype.kind not in "iuf":
        raise InputError(f"{name}: weights are numbers, not {weights.dtype}; convert them")
    dtype: Any = np.float32 if np.can_cast(weights.dtype, np.float32) else np.float64
    values: NDArray[np.floating[Any]] = np.ascontiguousarray(weights, dtype)
    bad = first_bad_weight(values)
    if bad >= 0:
        raise InputError(
            f"{name}: edge {batch.first_edge + bad} has the weight {values[bad]}; weights are "
            "finite and not negative"
        )
    return values
