"""Checks of batches: node ids and values of the input, and dense integers for the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError, argument
from graphwalk.kernels.store.check_rows import outside
from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.storage.store.format import VALUE_BOUNDS
from graphwalk.util.read_only import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.edges.protocol import EdgeSource, Ids
    from graphwalk.storage.store.format import ValueName

#: Returns a description of an edge or id by its position, for messages.
DescribeEdge: TypeAlias = Callable[[int], str]


class DenseBatch(NamedTuple):
    """Edges ready for the kernels: ids both int32 or both int64, all contiguous and read-only."""

    src: NDArray[np.integer[Any]]
    dst: NDArray[np.integer[Any]]
    weight: NDArray[np.floating[Any]] | None
    further: Mapping[FurtherKind, NDArray[Any]] = {}


def load_checked(
    load: Callable[[], EdgeBatch], source: EdgeSource, values: ValueName | None
) -> EdgeBatch:
    """Load a batch of edges, and check its lengths, ids and values.

    The result has ids as int32, int64 or Arrow's large strings, and values as float32 or float64.
    """
    src, dst, weight, place, further = load()
    if len(src) != len(dst) or (weight is not None and len(weight) != len(src)):
        raise InputError(f"{source.name}: sources, targets and weights differ in number")
    if (weight is not None) != source.weighted:
        raise InputError(f"{source.name}: some edges have weights and others have none")
    src, dst = (check_ids(ids, source.name, place) for ids in (src, dst))
    if is_text(src) != is_text(dst):
        raise mixed(source.name)
    if weight is not None and values is not None:
        weight = check_values(weight, values, place)
    if "weights" in further:
        further = {**further, "weights": check_values(further["weights"], "weights", place)}
    return EdgeBatch(src, dst, weight, place, further)


def mixed(name: str) -> InputError:
    """Return the error for ids of both kinds."""
    return InputError(f"{name}: some node ids are integers and some strings; make them alike")


def is_text(ids: Ids) -> bool:
    """Return whether these ids are strings."""
    return isinstance(ids, pa.Array | pa.ChunkedArray) and not pa.types.is_integer(ids.type)


def dense_batch(batch: EdgeBatch, num_nodes: int | None) -> DenseBatch:
    """Return a checked batch of integer ids for the kernels.

    Raises
    ------
    InputError
        When an id is not below `num_nodes`, if that is given.
    """
    for ids in (batch.src, batch.dst):
        if num_nodes is not None and len(ids) and ids.max() >= num_nodes:
            at = int(np.argmax(ids >= num_nodes))
            raise InputError(
                f"{batch.place(at)} names node {ids[at]}, which "
                f"{argument('num_nodes', num_nodes)} has no room for; raise it, or leave it out"
            )
    narrow = batch.src.dtype == batch.dst.dtype == np.int32
    dtype: Any = np.int32 if narrow else np.int64
    src, dst = (read_only(np.ascontiguousarray(ids, dtype)) for ids in (batch.src, batch.dst))
    weight = None if batch.weight is None else read_only(np.ascontiguousarray(batch.weight))
    return DenseBatch(src, dst, weight, batch.further)


def known_batch(batch: EdgeBatch, num_nodes: int, name: str) -> DenseBatch:
    """Return a batch for the kernels, whose ids were below `num_nodes` in an earlier pass.

    Raises
    ------
    InputError
        When an id is not below `num_nodes` any more.
    """
    for ids in (batch.src, batch.dst):
        if is_text(ids) or (len(ids) and ids.max() >= num_nodes):
            raise changed(name)
    return dense_batch(batch, None)


def check_ids(ids: Ids, name: str, place: DescribeEdge) -> Ids:
    """Return `ids` as int32, int64 or Arrow's large strings, or raise an error if they are not ids.

    `place` describes the id at a position.
    """
    if isinstance(ids, pa.Array | pa.ChunkedArray):
        return _check_arrow(ids, name, place)
    return _check_integers(np.asarray(ids), name, place)


def no_further(kind: FurtherKind, name: str) -> InputError:
    """Return the error for edges in a form that has no further columns."""
    columns = "target and id" if kind == "edge_ids" else "target, type (or time) and weight"
    return InputError(
        f"{argument(kind)} names a column, and {name} has no columns with names; pass a "
        f"table or a file of one, such as a data frame with the columns source, {columns}"
    )


def changed(name: str) -> InputError:
    """Return the error for a source whose second pass yields other edges."""
    return InputError(f"{name} changed while it was read; build again when nothing writes to it")


def _check_arrow(ids: Any, name: str, place: DescribeEdge) -> Ids:
    if ids.null_count:
        at = int(np.argmax(np.asarray(pc.is_null(ids))))
        raise InputError(f"{place(at)} has no node id (a null); drop or fill such rows")
    if pa.types.is_integer(ids.type):
        return _check_integers(np.asarray(ids), name, place)
    value_type = ids.type.value_type if pa.types.is_dictionary(ids.type) else ids.type
    if not (
        pa.types.is_string(value_type)
        or pa.types.is_large_string(value_type)
        or pa.types.is_string_view(value_type)
    ):
        raise InputError(f"{name}: node ids are integers or strings, not {ids.type}")
    strings = ids.cast(pa.large_string())
    return strings.combine_chunks() if isinstance(strings, pa.ChunkedArray) else strings


def _check_integers(ids: NDArray[Any], name: str, place: DescribeEdge) -> NDArray[np.integer[Any]]:
    if ids.dtype.kind not in "iu":
        found = f"; {place(0)} has {ids[0]!r}" if len(ids) else ""
        raise InputError(
            f"{name}: node ids are integers or strings, not {ids.dtype}{found}; convert them"
        )
    if len(ids) and ids.dtype.kind == "i" and ids.min() < 0:
        at = int(np.argmax(ids < 0))
        raise InputError(f"{place(at)} has the node id {ids[at]}; ids are not negative")
    if ids.dtype == np.uint64 and len(ids) and ids.max() >= 2**63:
        at = int(np.argmax(ids >= 2**63))
        raise InputError(
            f"{place(at)} has the node id {ids[at]}, which is more than 2**63 - 1; pass such ids "
            "as strings"
        )
    return ids.astype(np.int32 if np.can_cast(ids.dtype, np.int32) else np.int64, copy=False)


#: The name of a value, and the rule for it.
_WORDS = {
    "weights": ("weight", "weights are finite and not negative"),
    "times": ("time", "times are finite and below 2**53 in size: count in a longer unit"),
    "edge_types": ("type", "types of edges are integers from 0 to 254"),
}


def check_values(
    given: NDArray[Any], kind: ValueName, place: DescribeEdge
) -> NDArray[np.floating[Any]]:
    """Return values as float32 or float64, or raise an error if they break the rule for `kind`."""
    given = np.asarray(given)
    noun, rule = _WORDS[kind]
    if given.dtype.kind not in "iuf":
        raise InputError(f"{place(0)}: {noun}s are numbers, not {given.dtype}; convert them")
    dtype: Any = np.float32 if np.can_cast(given.dtype, np.float32) else np.float64
    values: NDArray[np.floating[Any]] = np.ascontiguousarray(given, dtype)
    _, bad = outside(values, *VALUE_BOUNDS[kind])
    if kind == "edge_types" and bad < 0 and given.dtype.kind == "f":
        whole = values == np.floor(values)
        bad = -1 if whole.all() else int(np.argmin(whole))
    if bad >= 0:
        raise InputError(f"{place(bad)} has the {noun} {values[bad]:.17g}; {rule}")
    # Types are small integers, which float32 holds in half the memory.
    return values.astype(np.float32, copy=False) if kind == "edge_types" else values
