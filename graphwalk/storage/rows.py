"""Third stage of a build: a bucket's entries into sorted rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from graphwalk.errors import InputError
from graphwalk.kernels.csr import (
    asymmetry,
    emit_rows,
    emit_weighted_rows,
    first_zero_row,
    order_ties,
    tag_positions,
    untag_positions,
)
from graphwalk.storage.format import neighbor_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.buckets import Bucket, BucketPlan
    from graphwalk.storage.labels import Labels

Duplicates: TypeAlias = Literal["merge", "keep", "error"]


class Rows(NamedTuple):
    """The rows of a bucket.

    Attributes
    ----------
    neighbors : ndarray
        Neighbours, row after row.
    weights : ndarray of float32 or None
        Their weights.
    ends : ndarray of int64
        Where each row ends, counted from the bucket's first entry.
    loops : int
        How many entries are self-loops.
    asymmetry : int
        Sums up to 0 modulo 2⁶⁴ over a graph whose every entry has its mirror image.
    """

    neighbors: NDArray[Any]
    weights: NDArray[np.float32] | None
    ends: NDArray[np.int64]
    loops: int
    asymmetry: int


@dataclass(frozen=True)
class RowRules:
    """What becomes of entries, and how messages name nodes."""

    name: str
    duplicates: Duplicates
    check_symmetry: bool
    labels: Labels | None

    def describe(self, node: int) -> str:
        """Return the name that the input has for a node."""
        return str(node) if self.labels is None else repr(self.labels.at(node))


def make_rows(
    keys: NDArray[np.int64],
    key_weights: NDArray[np.floating[Any]],
    bucket: Bucket,
    plan: BucketPlan,
    rules: RowRules,
) -> Rows:
    """Sort a bucket's entries, which may change `keys`, and merge parallel ones as `rules` say.

    Raises
    ------
    InputError
        When there are parallel edges and `rules` forbid them, a sum of weights is more than float32
        holds, or the weights of a row are all zero.
    """
    sort = _plain_rows if plan.weight_dtype is None else _weighted_rows
    neighbors, weights, ends, loops = sort(keys, key_weights, bucket, plan, rules)
    difference = 0
    if rules.check_symmetry:
        bits = np.empty(0, np.uint32) if weights is None else weights.view(np.uint32)
        difference = int(asymmetry(ends, bucket.first, neighbors, bits))
    return Rows(neighbors, weights, ends, loops, difference)


def _plain_rows(
    keys: NDArray[np.int64],
    _: NDArray[np.floating[Any]],
    bucket: Bucket,
    plan: BucketPlan,
    rules: RowRules,
) -> tuple[NDArray[Any], None, NDArray[np.int64], int]:
    keys.sort()
    neighbors = np.empty(len(keys), neighbor_dtype(plan.num_nodes))
    ends = np.empty(bucket.stop - bucket.first, np.int64)
    merge = rules.duplicates == "merge"
    entries, loops, parallel = emit_rows(keys, plan.bits, bucket.first, merge, neighbors, ends)
    if parallel >= 0 and rules.duplicates == "error":
        raise _parallel(int(keys[parallel]), bucket, plan, rules)
    return neighbors[:entries], None, ends, loops


def _weighted_rows(
    keys: NDArray[np.int64],
    key_weights: NDArray[np.floating[Any]],
    bucket: Bucket,
    plan: BucketPlan,
    rules: RowRules,
) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.int64], int]:
    order = _sort_stably(keys, bucket, plan)
    neighbors = np.empty(len(keys), neighbor_dtype(plan.num_nodes))
    weights = np.empty(len(keys), np.float32)
    ends = np.empty(bucket.stop - bucket.first, np.int64)
    entries, loops, parallel = emit_weighted_rows(
        keys,
        order,
        key_weights,
        plan.bits,
        bucket.first,
        rules.duplicates == "merge",
        neighbors,
        weights,
        ends,
    )
    if parallel >= 0 and rules.duplicates == "error":
        raise _parallel(int(keys[parallel]), bucket, plan, rules)
    neighbors, weights = neighbors[:entries], weights[:entries]
    _check_weights(neighbors, weights, ends, bucket, rules)
    return neighbors, weights, ends, loops


def _sort_stably(
    keys: NDArray[np.int64], bucket: Bucket, plan: BucketPlan
) -> NDArray[np.integer[Any]]:
    """Sort `keys`, equal ones in input order, and return the positions where they were.

    NumPy's stable sort takes five times as long as its other, which runs on vector instructions.
    """
    key_bits = plan.bits + (bucket.stop - bucket.first - 1).bit_length()
    position_bits = len(keys).bit_length()
    if key_bits + position_bits <= 63 and len(keys) < 2**31:
        tag_positions(keys, position_bits)
        keys.sort()
        tagged = np.empty(len(keys), np.int32)
        untag_positions(keys, position_bits, tagged)
        return tagged
    order = np.argsort(keys)
    keys[:] = keys[order]
    order_ties(keys, order)
    return order


def _check_weights(
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    ends: NDArray[np.int64],
    bucket: Bucket,
    rules: RowRules,
) -> None:
    infinite = np.isinf(weights)
    if infinite.any():
        at = int(np.argmax(infinite))
        row = bucket.first + int(np.searchsorted(ends, at, side="right"))
        raise InputError(
            f"{rules.name}: the weight of the edge {rules.describe(row)} → "
            f"{rules.describe(int(neighbors[at]))} is more than float32 holds; scale the weights"
        )
    zero = first_zero_row(ends, weights)
    if zero >= 0:
        raise InputError(
            f"{rules.name}: all edges of node {rules.describe(bucket.first + zero)} have weight "
            "zero (as float32), so a walk could not leave it; drop those edges, or scale the "
            "weights"
        )


def _parallel(key: int, bucket: Bucket, plan: BucketPlan, rules: RowRules) -> InputError:
    row, neighbor = bucket.first + (key >> plan.bits), key & ((1 << plan.bits) - 1)
    return InputError(
        f"{rules.name}: the edge {rules.describe(row)} → {rules.describe(neighbor)} is there more "
        "than once; pass duplicates='merge' or 'keep' to allow that"
    )
