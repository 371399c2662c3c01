"""How a build divides its memory budget."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graphwalk.storage.store.format import CHUNK_BYTES, value_bytes
from graphwalk.units import parse_size
from graphwalk.util.available_memory import SHARE, free_memory
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from graphwalk.storage.store.format import ValueName

#: Entries of a bucket: few enough to be sorted in a core's cache, and many enough to keep the
#: number of buckets, each a stream of scattered writes, small.
BUCKET_ENTRIES = 1 << 18
MAX_BUCKETS = 512

#: Bytes that a build may use by default; more of them would hardly make it faster.
_MEMORY = 4 << 30

#: What it takes at least unless it is told otherwise: with less it would be very slow.
_LEAST_MEMORY = 64 << 20

#: Edges of a batch: enough that the fixed cost of a batch does not matter.
BATCH_EDGES = 1 << 20

#: Least and most edges of a run in memory: with larger runs, some threads would have none.
_RUN_EDGES = 1 << 18, 1 << 22

#: Bytes of an edge while it is loaded, checked and converted to node numbers.
_LOADED_EDGE = 48

#: Bytes of an id that are counted in that, and the copies of the rest of a longer one: as it is
#: decoded, in a table of distinct ids, and in order.
_SHORT_ID, _ID_COPIES = 16, 4

#: Bytes of an item of a further column while its bucket is sorted: in the record of the entry, out
#: of it, with a copy of the value, in order, and merged.
_SORTED_FURTHER = 48

#: Least entries of a bucket in a run on disk, so that they are read at the speed of the disk.
_SEGMENT_ENTRIES = 1 << 13


@dataclass(frozen=True)
class RunLayout:
    """Where entries are kept until their bucket is sorted.

    Attributes
    ----------
    on_disk : bool
        Whether runs are spilled to temporary files.
    run_edges : int
        Edges of a run.
    bucket_entries : int
        Target number of entries of a bucket.
    largest_bucket : int
        Entries up to which a bucket can be sorted in memory.
    memory : int
        Bytes that the build is expected to take at most.
    """

    on_disk: bool
    run_edges: int
    bucket_entries: int
    largest_bucket: int
    memory: int


def build_sizes(memory: str | int | None) -> BuildSizes:
    """Return the sizes of a build that may use `memory`, on all cores.

    Parameters
    ----------
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``. None: 4 GiB, or a share of what is free if that is less.
    """
    default = min(_MEMORY, max(_LEAST_MEMORY, int(SHARE * free_memory())))
    return BuildSizes(default if memory is None else parse_size(memory), num_cores())


@dataclass(frozen=True)
class BuildSizes:
    """Sizes that decide how fast a build is and what memory it takes, but not what it writes.

    Attributes
    ----------
    budget : int
        Bytes that the build may use, without input that is in memory anyway.
    threads : int
        Threads that compute.
    batch_edges, run_edges, bucket_entries, largest_bucket : int or None
        Edges that a thread loads at a time, edges of a run, entries of a bucket, and entries
        of the largest bucket that is sorted as one; None lets the budget decide.
    spill : bool or None
        Whether runs and cached edges go to temporary files; None lets the budget decide.
    """

    budget: int
    threads: int
    batch_edges: int | None = None
    run_edges: int | None = None
    bucket_entries: int | None = None
    largest_bucket: int | None = None
    spill: bool | None = None

    @property
    def ahead(self) -> int:
        """How many batches or buckets are processed at a time."""
        return self.threads + 1

    @cached_property
    def edges_per_batch(self) -> int:
        """Edges with short ids that a thread loads at a time."""
        return self.edges_with_ids(0)

    def edges_with_ids(self, id_bytes: int) -> int:
        """Return how many edges a thread loads at a time, if their ids are about that long."""
        if self.batch_edges is not None:
            return self.batch_edges
        edge = _LOADED_EDGE + 2 * _ID_COPIES * max(0, id_bytes - _SHORT_ID)
        return max(1 << 8, min(BATCH_EDGES, self.budget // 8 // (self.ahead * edge)))

    @property
    def write_ahead(self) -> int:
        """Chunks of an array that are being encoded or written at a time."""
        return 4 if self.budget >= 1 << 30 else 1

    @property
    def nodes_per_bucket(self) -> int:
        """Most nodes of a bucket, which limits the offsets that one task makes."""
        return min(1 << 22, max(1, self.budget >> 9))

    @property
    def cache_bytes(self) -> int:
        """Bytes of edges read once that may wait in memory for being read again."""
        return 0 if self.spill else self.budget // 4

    @property
    def label_bytes(self) -> int:
        """Bytes of labels that may be in memory."""
        return self.budget // 4

    def layout(
        self,
        edges: int,
        entries: int,
        values: ValueName | None,
        cached: int,
        further: int = 0,
    ) -> RunLayout:
        """Decide where entries wait.

        Parameters
        ----------
        edges, entries : int
            Edges of the input, and entries that they make.
        values : str or None
            Whether they have weights, times or types.
        cached : int
            Bytes of memory that are taken already.
        further : int
            How many further columns they have.
        """
        waiting, sorting = (16, 32 + value_bytes(values)) if values else (8, 16)
        waiting, sorting = waiting + 8 * further, sorting + _SORTED_FURTHER * further
        taken = cached + self._writing_bytes(edges, 2 + bool(values) + further)
        free = max(self.budget // 4, self.budget - taken)  # a few chunks may be a small budget
        few = max(BUCKET_ENTRIES, entries // MAX_BUCKETS)
        needed = entries * waiting + self.ahead * min(few, entries) * sorting
        on_disk = needed > free if self.spill is None else self.spill
        run = self._spilled_run_edges(waiting) if on_disk else self._memory_run_edges(edges)
        run = run if self.run_edges is None else self.run_edges
        largest = max(1, free // (self.ahead * sorting)) if on_disk else max(entries, 1)
        if on_disk:
            num_runs = -(-edges // run)
            few = max(BUCKET_ENTRIES, num_runs * _SEGMENT_ENTRIES)
        few = min(few, max(1, largest // 2)) if self.bucket_entries is None else self.bucket_entries
        if self.largest_bucket is not None:
            largest = self.largest_bucket
        memory = self.budget if on_disk else needed + self.budget - free
        return RunLayout(on_disk, run, few, largest, memory)

    def _memory_run_edges(self, edges: int) -> int:
        least, most = _RUN_EDGES
        return max(least, min(most, edges // (4 * self.threads)))

    def _spilled_run_edges(self, waiting: int) -> int:
        """Return how many edges a run may have, so that several fit as edges and as entries."""
        edge = 24 + 2 * waiting
        share = self.budget // 2 // (edge * (self.threads + 2))
        return max(1 << 10, min(1 << 25, share))

    def _writing_bytes(self, edges: int, arrays: int) -> int:
        return arrays * (self.write_ahead + 1) * min(3 * CHUNK_BYTES, 24 * edges)
