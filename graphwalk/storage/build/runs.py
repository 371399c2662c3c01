"""Third stage of a build: entries in runs, each sorted by bucket, in memory or on disk.

A run is made of a number of edges; a bucket takes the entries of a range of nodes. The task that
sorts a bucket gathers its part of every run, in the order of the runs, which is input order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.kernels.build.buckets import count_bins, scatter
from graphwalk.storage.build.count_edges import BINS, shift_for
from graphwalk.storage.files.spill import SpilledArray, SpillFile
from graphwalk.util.read_only import read_only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from graphwalk.storage.build.check_batch import DenseBatch
    from graphwalk.storage.build.count_edges import Direction, EdgeCounts
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.store.format import ValueName

#: A key has 63 bits for a neighbour and for a row of its bucket, which is at least a bin.
MOST_NODES = 1 << 39

#: Types of further columns while they are sorted. Weights add up in float64.
FURTHER_TYPES: Mapping[FurtherKind, np.dtype[Any]] = {
    "edge_ids": np.dtype(np.int64),
    "weights": np.dtype(np.float64),
}

Keys: TypeAlias = "NDArray[np.int64]"
Weights: TypeAlias = "NDArray[Any]"


class Bucket(NamedTuple):
    """Nodes `first` to `stop`, and the number of their entries before parallel ones are merged."""

    first: int
    stop: int
    entries: int


@dataclass(frozen=True)
class BucketPlan:
    """The nodes of each bucket.

    Attributes
    ----------
    buckets : list of Bucket
        All buckets, in the order of their nodes; together they cover all nodes.
    shift : int
        Buckets begin at multiples of ``2**shift`` nodes.
    num_nodes : int
        Nodes of the graph.
    bits : int
        Bits of a key that hold the neighbour.
    values : str or None
        What edges have: weights, times or types, or nothing. Times and types are stored as weights
        are.
    record_dtype : dtype or None
        Type of what goes with a key: the value, as in the input, or a record of it and of further
        columns.
    """

    buckets: list[Bucket]
    shift: int
    num_nodes: int
    bits: int
    values: ValueName | None
    record_dtype: np.dtype[Any] | None

    @property
    def further(self) -> list[FurtherKind]:
        """The further columns of entries."""
        names = (self.record_dtype.names if self.record_dtype else None) or ()
        return [kind for kind in FURTHER_TYPES if kind in names]

    @property
    def entry_bytes(self) -> int:
        """Size of an entry in its run."""
        return 8 + (self.record_dtype.itemsize if self.record_dtype else 0)

    @property
    def entries(self) -> int:
        """Entries in all buckets."""
        return sum(bucket.entries for bucket in self.buckets)

    def bucket_of_bin(self) -> NDArray[np.int32]:
        """Return the bucket of each ``node >> shift``."""
        widths = [-(-b.stop >> self.shift) - (b.first >> self.shift) for b in self.buckets]
        return np.repeat(np.arange(len(widths), dtype=np.int32), widths)


def plan_buckets(
    counts: EdgeCounts,
    num_nodes: int,
    values: ValueName | None,
    target: int,
    most_nodes: int,
    further: Sequence[FurtherKind] = (),
) -> BucketPlan:
    """Divide nodes into buckets of about `target` entries and at most about `most_nodes` nodes."""
    if num_nodes > MOST_NODES:
        raise InputError(
            f"a graph of {num_nodes} nodes is more than the {MOST_NODES} that a build can sort; "
            f"leave out {argument('num_nodes')} and pass {argument('relabel', True)} to number "
            "only the nodes that have edges"
        )
    counts.coarsen(shift_for(num_nodes))
    shift = counts.shift
    weight = np.dtype(np.float32 if counts.narrow_weights else np.float64) if values else None
    record = _with_further(weight, further) if further else weight
    ends = np.cumsum(counts.bins[: -(-num_nodes >> shift)])
    bits = max(1, (num_nodes - 1).bit_length())
    most = max(1, min(most_nodes, 1 << (63 - bits)) >> shift)
    buckets = []
    bin_, done = 0, 0
    while bin_ < len(ends):
        stop = int(np.searchsorted(ends, done + target, side="right"))
        stop = min(max(stop, bin_ + 1), bin_ + most, len(ends))
        entries = int(ends[stop - 1]) - done
        buckets.append(Bucket(bin_ << shift, min(stop << shift, num_nodes), entries))
        bin_, done = stop, done + entries
    return BucketPlan(buckets, shift, num_nodes, bits, values, record)


def _with_further(value: np.dtype[Any] | None, further: Sequence[FurtherKind]) -> np.dtype[Any]:
    """Return the type of records of a value, if there is one, and of further columns."""
    fields = [] if value is None else [("value", value)]
    return np.dtype([*fields, *((kind, FURTHER_TYPES[kind]) for kind in further)])


def _records(batch: DenseBatch, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return what goes with the keys of the entries of each edge of a batch."""
    if dtype.names is None:
        assert batch.weight is not None
        return read_only(batch.weight.astype(dtype, copy=False))
    records = np.empty(len(batch.src), dtype)
    if batch.weight is not None:
        records["value"] = batch.weight
    for kind, column in batch.further.items():
        records[kind] = column
    return records


class RunSlice(NamedTuple):
    """The entries of a bucket in a run: arrays, or references to temporary files."""

    keys: Keys | SpilledArray
    weights: Weights | SpilledArray


class MemoryRun(NamedTuple):
    """A run whose entries are in memory; bucket i has ``starts[i]`` to ``starts[i + 1]``."""

    keys: Keys
    weights: Weights
    starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Entries of each bucket."""
        return np.diff(self.starts)

    def share(self, bucket: int) -> RunSlice:
        """Return the entries of one bucket."""
        part = slice(self.starts[bucket], self.starts[bucket + 1])
        return RunSlice(self.keys[part], self.weights[part])


class DiskRun:
    """A run in a temporary file: all keys, then all weights."""

    def __init__(self, run: MemoryRun, path: Path) -> None:
        self._path = str(path)
        self._starts, self.sizes = run.starts, run.sizes
        self._record_dtype = run.weights.dtype.str
        self._weight_bytes = run.weights.itemsize if len(run.weights) else 0
        file = SpillFile(self._path)
        try:
            self._key_sums = file.append_parts(run.keys, run.starts)
            bounds = run.starts if len(run.weights) else np.zeros_like(run.starts)
            self._weight_sums = file.append_parts(run.weights, bounds)
        finally:
            file.close()

    def share(self, bucket: int) -> RunSlice:
        """Return references to the entries of one bucket."""
        start, stop = self._starts[bucket : bucket + 2].tolist()
        length = stop - start
        keys = SpilledArray(self._path, 8 * start, length, "<i8", int(self._key_sums[bucket]))
        start = 8 * int(self._starts[-1]) + self._weight_bytes * start
        length = length if self._weight_bytes else 0
        weight_sum = int(self._weight_sums[bucket])
        return RunSlice(
            keys, SpilledArray(self._path, start, length, self._record_dtype, weight_sum)
        )


Run: TypeAlias = MemoryRun | DiskRun


class RunMaker:
    """Makes runs of dense batches of edges.

    Parameters
    ----------
    plan : BucketPlan
        The nodes of each bucket.
    direction : Direction
        Which entries an edge makes.
    folder : Path or None
        The folder for runs; None keeps them in memory.
    """

    def __init__(self, plan: BucketPlan, direction: Direction, folder: Path | None) -> None:
        self._plan = plan
        self._direction = direction
        self._folder = folder
        self._bucket_of_bin = plan.bucket_of_bin()
        self._first_node = np.array([bucket.first for bucket in plan.buckets], np.int64)

    def __call__(self, item: tuple[int, list[DenseBatch]]) -> Run:
        """Return the run with the number `item[0]`, of the batches `item[1]`."""
        number, batches = item
        run = self._scatter(batches)
        batches.clear()
        return run if self._folder is None else DiskRun(run, self._folder / f"run-{number}")

    def _scatter(self, batches: list[DenseBatch]) -> MemoryRun:
        plan, (both_ways, drop_loops) = self._plan, self._direction
        bins = np.zeros(BINS, np.int64)
        for batch in batches:
            count_bins(batch.src, batch.dst, plan.shift, both_ways, drop_loops, bins)
        counts = np.add.reduceat(bins, self._first_node >> plan.shift)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        cursor = starts[:-1].copy()
        keys = np.empty(starts[-1], np.int64)
        dtype = plan.record_dtype
        weights: Weights = np.empty(0 if dtype is None else starts[-1], dtype or np.float32)
        none = read_only(np.empty(0, weights.dtype))
        for batch in batches:
            scatter(
                batch.src,
                batch.dst,
                none if dtype is None else _records(batch, dtype),
                plan.shift,
                self._bucket_of_bin,
                both_ways,
                drop_loops,
                plan.bits,
                self._first_node,
                cursor,
                keys,
                weights,
            )
        return MemoryRun(keys, weights, starts)


def collect_bucket(shares: list[RunSlice], dtype: np.dtype[Any] | None) -> tuple[Keys, Weights]:
    """Return a bucket's entries, joined from its slices of all runs."""
    lengths = [length_of(share.keys) for share in shares]
    keys = np.empty(sum(lengths), np.int64)
    weights: Weights = np.empty(0 if dtype is None else len(keys), dtype or np.float32)
    start = 0
    for share, length in zip(shares, lengths, strict=True):
        stop = start + length
        _copy(share.keys, keys[start:stop])
        if dtype is not None:
            _copy(share.weights, weights[start:stop])
        start = stop
    return keys, weights


def length_of(part: NDArray[Any] | SpilledArray) -> int:
    """Return the number of entries of an array in memory or in a file."""
    return part.length if isinstance(part, SpilledArray) else len(part)


def _copy(part: NDArray[Any] | SpilledArray, out: NDArray[Any]) -> None:
    if not isinstance(part, SpilledArray):
        out[:] = part
    elif part.length:
        part.read_into(out)
