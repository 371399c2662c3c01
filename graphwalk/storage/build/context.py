"""What every stage of a build works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from graphwalk.storage.store.array_writer import ArrayWriter
from graphwalk.storage.store.format import CHUNK_BYTES
from graphwalk.util.threads import map_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import ThreadPoolExecutor

    import zarr
    from numpy.typing import DTypeLike

    from graphwalk.storage.build.memory_plan import BuildSizes
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.edges.protocol import Source
    from graphwalk.storage.files.spill import SpillFolder
    from graphwalk.storage.store.format import Duplicates, ValueName
    from graphwalk.util.executor import Executor
    from graphwalk.util.progress_bar import Progress

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class BuildOptions:
    """What decides what is written; see `build_zarr`.

    `weightless_rows` says whether all edges of a node may weigh 0. In edges that a user gives they
    may not, since that is most likely a mistake; those of another graph are as they are.
    """

    directed: bool = False
    duplicates: Duplicates = "merge"
    drop_loops: bool = False
    num_nodes: int | None = None
    relabel: bool | Literal["auto"] = "auto"
    compressed: bool = True
    value_kind: ValueName = "weights"
    storage_options: Mapping[str, Any] | None = None
    chunk_bytes: int = CHUNK_BYTES
    further: tuple[FurtherKind, ...] = ()
    weightless_rows: bool = False

    def values(self, source: Source) -> ValueName | None:
        """Return what the third column of a source is, if it has one."""
        return self.value_kind if source.weighted else None


@dataclass(frozen=True)
class Context:
    """One build: what it writes to, and what it may use.

    Attributes
    ----------
    options, tuning, progress
        As the caller wants them.
    pool, writers : ThreadPoolExecutor
        Threads that compute, and threads that encode and write chunks.
    folder : SpillFolder
        Where temporary files go; it is removed at the end.
    group : zarr.Group
        The store.
    executor : Executor or None
        Does work on temporary files in other processes or on other machines; None: threads here do.
    """

    options: BuildOptions
    tuning: BuildSizes
    progress: Progress
    pool: ThreadPoolExecutor
    writers: ThreadPoolExecutor
    folder: SpillFolder
    group: zarr.Group
    executor: Executor | None = None

    def new_array(
        self, name: str, dtype: DTypeLike, num_nodes: int, capacity: int = 0
    ) -> ArrayWriter:
        """Return what writes an array of the store; see `ArrayWriter`."""
        ahead, chunk_bytes = self.tuning.write_ahead, self.options.chunk_bytes
        return ArrayWriter(
            self.group, name, dtype, num_nodes, self.writers, ahead, capacity, chunk_bytes
        )

    def in_order(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` in the order of the items, computed by this build's threads."""
        return map_in_order(self.pool, function, items, self.tuning.ahead)
