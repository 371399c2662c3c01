"""Fourth stage of a build: sort the entries of a bucket into rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.kernels.build.bucket_values import (
    order_by_value,
    order_ties,
    tag_positions,
    untag_positions,
)
from graphwalk.kernels.build.buckets import KeyValues, emit_rows
from graphwalk.storage.build.runs import FURTHER_TYPES, collect_bucket
from graphwalk.storage.store.format import APART, VALUE_TYPES, neighbor_dtype

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from graphwalk.storage.build.runs import BucketPlan, Keys, RunSlice, Weights
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.store.format import Duplicates, ValueName


class Rows(NamedTuple):
    """Some rows, complete except the last, which may go on in the next `Rows`.

    Attributes
    ----------
    neighbors : ndarray
        Neighbours, row after row.
    values : ndarray of float32, float64 or uint8, or None
        Their weights, times or types.
    ends : ndarray of int64
        Where each complete row ends, counted from the first of `neighbors`.
    loops : int
        How many entries are self-loops.
    taken : int
        Entries of the input in these rows, without dropped self-loops.
    asymmetry : int
        A number whose sum over a graph is 0 modulo 2⁶⁴ if each entry has its mirror image.
    further : mapping of ndarray
        The input's own id of each edge, of int64, and weights in addition to other values.
    """

    neighbors: NDArray[Any]
    values: NDArray[Any] | None
    ends: NDArray[np.int64]
    loops: int
    taken: int
    asymmetry: int = 0
    further: Mapping[FurtherKind, NDArray[Any]] = {}


class RowError(InputError):
    """An error in an edge; the message has placeholders for the names of nodes.

    Parameters
    ----------
    message : str
        The message, with ``{}`` for names.
    *nodes : int
        The nodes to be named.
    """

    def __init__(self, message: str, *nodes: int) -> None:
        super().__init__(message, *nodes)
        self.message = message
        self.nodes = nodes


@dataclass(frozen=True)
class RowSpec:
    """What all buckets have in common: the layout of keys, and how entries are treated."""

    bits: int
    num_nodes: int
    values: ValueName | None
    record_dtype: np.dtype[Any] | None
    duplicates: Duplicates

    @classmethod
    def of(cls, plan: BucketPlan, duplicates: Duplicates) -> RowSpec:
        """Return the spec of a plan's buckets."""
        return cls(plan.bits, plan.num_nodes, plan.values, plan.record_dtype, duplicates)


class BucketTask(NamedTuple):
    """Entries of nodes from `first` on whose keys are from `low` to below `high`."""

    shares: list[RunSlice]
    first: int
    low: int
    high: int
    spec: RowSpec

    @property
    def rows(self) -> range:
        """Rows, counted from `first`, that end here."""
        return range(self.low >> self.spec.bits, self.high >> self.spec.bits)


def make_rows(task: BucketTask) -> Rows:
    """Collect a bucket's entries, sort them, and merge parallel ones.

    Raises
    ------
    RowError
        When there are parallel edges and they are forbidden, a sum of weights is more than float32
        holds, or the weights of a row are all zero.
    StoreError
        When a temporary file is damaged.
    """
    keys, key_values = collect_bucket(task.shares, task.spec.record_dtype)
    if task.spec.record_dtype is None:
        keys.sort()
        return sorted_rows(keys, task)
    return valued_rows(keys, key_values, task)


def valued_rows(keys: Keys, key_values: Weights, task: BucketTask) -> Rows:
    """Return the rows of a bucket whose entries are collected; changes `keys`."""
    names, records = key_values.dtype.names, key_values
    if names is not None:  # the kernels take columns
        key_values = np.ascontiguousarray(records[names[0]])
    order, valued, kind = _sort_stably(keys, task.high), None, task.spec.values
    if kind in APART:
        order_by_value(keys, key_values, order)
    if kind is not None:
        stored = np.empty(len(keys), VALUE_TYPES[kind])
        valued = KeyValues(order, key_values, stored, kind in APART)
    rows = sorted_rows(keys, task, valued)
    if kind == "weights":
        _check_sums(rows, rows.values, task)
    if names is None:
        return rows
    firsts = np.flatnonzero(_begins(keys, key_values[order], task))
    further: dict[FurtherKind, NDArray[Any]] = {
        kind: _merged(kind, records[kind][order], firsts) for kind in FURTHER_TYPES if kind in names
    }
    if "weights" in further:
        _check_sums(rows, further["weights"], task)
    return rows._replace(further=further)


def _begins(keys: Keys, key_values: Weights, task: BucketTask) -> NDArray[np.bool_]:
    """Return which of the sorted entries are not merged into the one before them."""
    begins = np.ones(len(keys), bool)
    if task.spec.duplicates == "merge":
        begins[1:] = keys[1:] != keys[:-1]
        if task.spec.values in APART:
            begins[1:] |= key_values[1:] != key_values[:-1]
    return begins


def _merged(kind: FurtherKind, column: NDArray[Any], firsts: NDArray[np.intp]) -> NDArray[Any]:
    """Return what stored entries have: the least id and the sum of weights of those merged."""
    if len(column):
        column = (np.minimum if kind == "edge_ids" else np.add).reduceat(column, firsts)
    with np.errstate(over="ignore"):  # which is checked
        return column.astype(VALUE_TYPES["weights"] if kind == "weights" else np.int64)


def sorted_rows(keys: Keys, task: BucketTask, valued: KeyValues | None = None) -> Rows:
    """Return the rows of a bucket whose entries are collected and sorted, and have these values."""
    spec = task.spec
    neighbors = np.empty(len(keys), neighbor_dtype(spec.num_nodes))
    ends = np.empty(len(task.rows), np.int64)
    layout = spec.bits, task.first, task.rows.start, spec.duplicates == "merge"
    entries, loops, parallel = emit_rows(keys, valued, *layout, neighbors, ends)
    if parallel >= 0 and spec.duplicates == "error":
        raise _parallel(int(keys[parallel]), task)
    values = None if valued is None else valued.stored[:entries]
    return Rows(neighbors[:entries], values, ends, loops, len(keys))


def _sort_stably(keys: Keys, high: int) -> NDArray[np.integer[Any]]:
    """Sort `keys` stably, and return the former positions.

    NumPy's stable sort takes five times as long as its default sort, which uses vector
    instructions.
    """
    position_bits = len(keys).bit_length()
    if high.bit_length() + position_bits <= 63 and len(keys) < 2**31:
        tag_positions(keys, position_bits)
        keys.sort()
        tagged = np.empty(len(keys), np.int32)
        untag_positions(keys, position_bits, tagged)
        return tagged
    order = np.argsort(keys)
    keys[:] = keys[order]
    order_ties(keys, order)
    return order


def _check_sums(rows: Rows, weights: NDArray[np.float32] | None, task: BucketTask) -> None:
    assert weights is not None
    infinite = np.isinf(weights)
    if infinite.any():
        at = int(np.argmax(infinite))
        row = task.rows.start + int(np.searchsorted(rows.ends, at, side="right"))
        raise RowError(
            "the weight of the edge {} → {} is more than float32 holds; scale the weights",
            task.first + row,
            int(rows.neighbors[at]),
        )


def _parallel(key: int, task: BucketTask) -> RowError:
    bits = task.spec.bits
    once = {"times": " at the same time", "edge_types": " of the same type"}
    return RowError(
        "the edge {} → {} is there more than once"
        + once.get(task.spec.values or "", "")
        + f"; pass {argument('duplicates', 'merge')} or {argument('duplicates', 'keep')}",
        task.first + (key >> bits),
        key & ((1 << bits) - 1),
    )
