"""How a build divides the memory that it was given."""

from __future__ import annotations

from dataclasses import dataclass

from graphwalk.errors import MemoryBudgetError
from graphwalk.storage.format import CHUNK_BYTES
from graphwalk.units import format_size

#: Chunks of an array that are being filled, encoded or written at a time.
WRITE_AHEAD = 4

#: Entries of a bucket: few enough to be sorted in a core's cache, and many enough to keep the
#: number of buckets, each a stream of scattered writes, small.
BUCKET_ENTRIES = 1 << 18
MAX_BUCKETS = 512


@dataclass(frozen=True)
class Tuning:
    """Sizes that decide how fast a build is and what memory it takes, but not what it writes.

    Attributes
    ----------
    budget : int
        Bytes the build may use, its input not counted.
    threads : int
        Threads that compute.
    batch_edges : int
        Edges that a thread takes up at a time.
    bucket_entries : int or None
        Entries of a bucket; None lets their number decide.
    group_entries : int or None
        Entries that are in memory at a time; None lets the budget decide.
    """

    budget: int
    threads: int
    batch_edges: int = 1 << 20
    bucket_entries: int | None = None
    group_entries: int | None = None

    @property
    def ahead(self) -> int:
        """How many batches or buckets are under way at a time."""
        return self.threads + 1

    def entries_per_bucket(self, entries: int, entry_bytes: int) -> int:
        """Return how many entries a bucket is to have."""
        if self.bucket_entries is not None:
            return self.bucket_entries
        in_memory = min(entries, self.budget // entry_bytes)
        return max(BUCKET_ENTRIES, in_memory // MAX_BUCKETS)

    def entries_per_group(self, edges: int, largest: int, entry_bytes: int, weighted: bool) -> int:
        """Return how many entries may be in memory at a time.

        Parameters
        ----------
        edges : int
            Edges of the input.
        largest : int
            Entries of the largest bucket.
        entry_bytes : int
            Size of an entry that waits to be sorted.
        weighted : bool
            Whether the graph has weights.

        Raises
        ------
        MemoryBudgetError
            When not even the largest bucket fits.
        """
        if self.group_entries is not None:
            return self.group_entries
        arrays = 2 if weighted else 1
        writing = arrays * (WRITE_AHEAD + 1) * min(3 * CHUNK_BYTES, 24 * edges)
        reading = (self.ahead + 1) * min(self.batch_edges, edges) * 24
        sorting = self.ahead * largest * (28 if weighted else 12)
        working = writing + max(reading, sorting)
        room = (self.budget - working) // entry_bytes
        if room < largest:
            needed = working + largest * entry_bytes
            raise MemoryBudgetError(
                f"memory={format_size(self.budget)!r} is too little to build this graph; "
                f"pass at least memory={format_size(needed * 1.05)!r}"
            )
        return room
