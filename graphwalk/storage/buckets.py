"""Second stage of a build: entries into buckets, one for every run of nodes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.csr import count_buckets, scatter
from graphwalk.storage.count import Direction, shift_for
from graphwalk.storage.ids import DenseBatch, changed, dense_batch, small_batches
from graphwalk.storage.parallel import drain, map_in_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future, ThreadPoolExecutor

    from numpy.typing import NDArray

    from graphwalk.storage.budget import Tuning
    from graphwalk.storage.count import Counts
    from graphwalk.storage.labels import Labels
    from graphwalk.storage.sources.base import EdgeBatch, EdgeSource

#: Most nodes of a bucket, which bounds the offsets that one task makes.
MAX_BUCKET_NODES = 1 << 22


class Bucket(NamedTuple):
    """Nodes `first` to `stop`, and how many entries their rows have before any are merged."""

    first: int
    stop: int
    entries: int


@dataclass(frozen=True)
class BucketPlan:
    """Which bucket takes which nodes.

    Attributes
    ----------
    buckets : list of Bucket
        All of them, in the order of their nodes, which they cover without a gap.
    shift : int
        Buckets begin at multiples of ``2**shift`` nodes.
    num_nodes : int
        Nodes of the graph.
    bits : int
        Bits of a key that hold the neighbour.
    weight_dtype : dtype or None
        How the input's weights are held; None for an unweighted graph.
    """

    buckets: list[Bucket]
    shift: int
    num_nodes: int
    bits: int
    weight_dtype: np.dtype[Any] | None

    @property
    def entry_bytes(self) -> int:
        """Size of an entry in its bucket."""
        return 8 + (self.weight_dtype.itemsize if self.weight_dtype else 0)

    @property
    def entries(self) -> int:
        """Entries in all buckets."""
        return sum(bucket.entries for bucket in self.buckets)

    def groups(self, entries: int) -> list[list[Bucket]]:
        """Split the buckets into groups of at most that many entries, in order."""
        groups: list[list[Bucket]] = []
        room = 0
        for bucket in self.buckets:
            if not groups or bucket.entries > room:
                groups.append([])
                room = entries
            groups[-1].append(bucket)
            room -= bucket.entries
        return groups


def plan_buckets(counts: Counts, num_nodes: int, weighted: bool, tuning: Tuning) -> BucketPlan:
    """Cut the nodes into buckets of about equal numbers of entries."""
    counts.coarsen(shift_for(num_nodes))
    shift = counts.shift
    weight = np.dtype(np.float32 if counts.narrow_weights else np.float64) if weighted else None
    ends = np.cumsum(counts.bins[: -(-num_nodes >> shift)])
    total = int(ends[-1]) if len(ends) else 0
    target = tuning.entries_per_bucket(total, 8 + (weight.itemsize if weight else 0))
    bits = max(1, (num_nodes - 1).bit_length())
    most = max(1, min(MAX_BUCKET_NODES, 1 << (63 - bits)) >> shift)
    buckets = []
    bin_, done = 0, 0
    while bin_ < len(ends):
        stop = int(np.searchsorted(ends, done + target, side="right"))
        stop = min(max(stop, bin_ + 1), bin_ + most, len(ends))
        entries = int(ends[stop - 1]) - done
        buckets.append(Bucket(bin_ << shift, min(stop << shift, num_nodes), entries))
        bin_, done = stop, done + entries
    return BucketPlan(buckets, shift, num_nodes, bits, weight)


class FilledGroup(NamedTuple):
    """Entries of a group of buckets: bucket i has ``starts[i]`` to ``starts[i + 1]``."""

    keys: NDArray[np.int64]
    weights: NDArray[np.floating[Any]]
    starts: NDArray[np.int64]


def fill_group(
    source: EdgeSource,
    labels: Labels | None,
    plan: BucketPlan,
    group: list[Bucket],
    direction: Direction,
    pool: ThreadPoolExecutor,
    tuning: Tuning,
    advance: Callable[[int], object],
) -> FilledGroup:
    """Read all edges and return the entries of one group of buckets.

    Within a bucket entries are in input order: a batch gets its place in every bucket before the
    next one does, so threads may write them in any order.
    """
    filler = _Filler(plan, group, direction)

    def measure(batch: EdgeBatch) -> tuple[DenseBatch, NDArray[np.int64]]:
        dense = dense_batch(batch, source.name, labels, plan.num_nodes)
        return dense, filler.measure(dense)

    writing: deque[Future[None]] = deque()
    batches = small_batches(source, tuning.batch_edges)
    try:
        for dense, counts in map_in_order(pool, measure, batches, tuning.ahead):
            cursor = filler.reserve(counts)
            if cursor is None:
                raise changed(source.name)
            writing.append(pool.submit(filler.write, dense, cursor))
            if len(writing) > tuning.threads:
                writing.popleft().result()
            advance(len(dense.src))
        while writing:
            writing.popleft().result()
    finally:
        drain(writing)
    if not filler.is_full():
        raise changed(source.name)
    return FilledGroup(filler.keys, filler.weights, filler.starts)


class _Filler:
    """The room for a group's entries, and how far each bucket is filled."""

    def __init__(self, plan: BucketPlan, group: list[Bucket], direction: Direction) -> None:
        sizes = np.array([bucket.entries for bucket in group], np.int64)
        self._plan = plan
        self._direction = direction
        self._first_node = np.array([bucket.first for bucket in group], np.int64)
        self._bucket_of_bin = _bucket_of_bin(plan, group)
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._next = self.starts[:-1].copy()
        self.keys = np.empty(self.starts[-1], np.int64)
        weighted = plan.weight_dtype is not None
        self.weights: NDArray[np.floating[Any]] = np.empty(
            self.starts[-1] if weighted else 0, plan.weight_dtype or np.float32
        )

    def measure(self, batch: DenseBatch) -> NDArray[np.int64]:
        """Return how many of the batch's entries go into each bucket."""
        counts = np.zeros(len(self._next) + 1, np.int64)  # the last counts what is not wanted
        both_ways, drop_loops = self._direction.both_ways, self._direction.drop_loops
        count_buckets(
            batch.src,
            batch.dst,
            self._plan.shift,
            self._bucket_of_bin,
            both_ways,
            drop_loops,
            counts,
        )
        return counts[:-1]

    def reserve(self, counts: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Return where to write so many entries in each bucket, or None if one has no room."""
        cursor = self._next.copy()
        self._next += counts
        return None if (self._next > self.starts[1:]).any() else cursor

    def write(self, batch: DenseBatch, cursor: NDArray[np.int64]) -> None:
        """Write the batch's entries from `cursor` on."""
        empty = np.empty(0, self.weights.dtype)
        scatter(
            batch.src,
            batch.dst,
            empty if batch.weight is None else batch.weight.astype(empty.dtype, copy=False),
            self._plan.shift,
            self._bucket_of_bin,
            self._direction.both_ways,
            self._direction.drop_loops,
            self._plan.bits,
            self._first_node,
            cursor,
            self.keys,
            self.weights,
        )

    def is_full(self) -> bool:
        """Return whether all entries have come."""
        return bool((self._next == self.starts[1:]).all())


def _bucket_of_bin(plan: BucketPlan, group: list[Bucket]) -> NDArray[np.int32]:
    """Return the place within `group` of every bin's bucket; ``len(group)`` for other groups'."""
    table = np.full(-(-plan.num_nodes >> plan.shift), len(group), np.int32)
    for i, bucket in enumerate(group):
        table[bucket.first >> plan.shift : -(-bucket.stop >> plan.shift)] = i
    return table
