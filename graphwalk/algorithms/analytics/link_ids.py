"""Ids of edges, numbered and linked by the threads of a process."""

from __future__ import annotations

import itertools
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.analytics.linked_ids import LinkedIds
from graphwalk.errors import MemoryBudgetError, argument
from graphwalk.kernels.analytics.link_components import flatten, link_pairs
from graphwalk.storage.build.batch_cache import BatchCache
from graphwalk.storage.build.check_batch import check_ids, is_text, load_checked
from graphwalk.storage.build.memory_plan import BATCH_EDGES, BuildSizes
from graphwalk.storage.build.missing_names import missing_among, warn_missing
from graphwalk.storage.build.range_encoding import (
    MOST_RANGES,
    RANGE_IDS,
    IdRanges,
    IdSample,
    RangeEncoder,
)
from graphwalk.storage.build.sliced_arrays import Room
from graphwalk.storage.build.sort_labels import concatenate_ids
from graphwalk.storage.build.spilled_ids import SpilledIds
from graphwalk.storage.files.spill import SpillFolder
from graphwalk.storage.files.temporary import make_folder, remove_with
from graphwalk.units import format_size
from graphwalk.util.malloc import plain_arrow_memory, return_freed_memory
from graphwalk.util.threads import map_in_order, thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from graphwalk.storage.build.range_encoding import Divided
    from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource, Ids
    from graphwalk.util.progress_bar import Progress

#: Rows at a place of the source that are looked at for the bounds of ranges, and places.
_SAMPLE_ROWS, _SAMPLE_BATCHES = 1 << 10, 1 << 8

#: Edges whose ids are divided at a time.
_DIVIDED = 1 << 19

#: Memory of the ids of a range while they are sorted, as a multiple of their size.
_SORTING = 5

#: Nodes whose roots are found at a time.
_NODES = 1 << 20


def link_edges(sizes: BuildSizes, progress: Progress, source: EdgeSource) -> LinkedIds | None:
    """Return the ids of edges and their components, found by threads; None if there are no ids."""
    path = make_folder("graphwalk-components-")
    folder = SpillFolder(path)
    try:
        with closing(folder), plain_arrow_memory(), thread_pool(sizes.threads) as pool:
            linked = _Linking(source, sizes, pool, folder, progress).run()
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    if linked is None:
        shutil.rmtree(path, ignore_errors=True)
    else:
        remove_with(linked, str(path / "ids"))
    return linked


class _Linking:
    def __init__(
        self,
        source: EdgeSource,
        sizes: BuildSizes,
        pool: ThreadPoolExecutor,
        folder: SpillFolder,
        progress: Progress,
    ) -> None:
        self._source, self._sizes, self._pool = source, sizes, pool
        self._folder, self._progress = folder, progress
        self._room = Room(sizes.budget // 2)
        self._cache: BatchCache | None = None
        self._id_bytes: int = getattr(source, "id_bytes", 0)

    def run(self) -> LinkedIds | None:
        encoder = self._divide()
        batches = encoder.num_batches
        for nodes in self._listed():
            encoder.add(encoder.divide(nodes))
        if self._cache is not None:
            self._cache.close()
        if not encoder.num_batches:
            return None
        with closing(encoder):
            parts = self._encode(encoder)
            linked = LinkedIds(parts, self._link(encoder, batches), self._sizes.budget // 16)
        return_freed_memory()
        return linked

    def _listed(self) -> Iterator[Ids]:
        """Yield nodes that need no edges."""
        name, nodes, number = self._source.name, self._source.nodes, self._source.num_nodes
        if nodes is not None:
            yield check_ids(nodes, name, f"{name}: node {{}} of its list".format)
        for first in range(0, number or 0, _NODES):
            yield np.arange(first, min(first + _NODES, number or 0))

    def _map(self, function: Callable[[Any], Any], items: Any) -> Iterator[Any]:
        return map_in_order(self._pool, function, items, self._sizes.ahead)

    def _batches(self) -> Iterator[Callable[[], EdgeBatch]]:
        size = self._sizes.edges_with_ids(self._id_bytes)
        return (self._cache or self._source).batches(size)

    def _load(self, load: Callable[[], EdgeBatch]) -> EdgeBatch:
        return load_checked(load, self._source, None)

    def _divide(self) -> RangeEncoder:
        """Read all edges, and divide their ids among ranges."""
        sample, edges = self._sample()
        # So few that those of a range, of which some are larger, can be sorted.
        most = self._sizes.budget // (8 * _SORTING * self._sizes.ahead * max(8, self._id_bytes))
        ranges = int(np.clip(2 * edges // min(RANGE_IDS, max(1, most)), 1, MOST_RANGES))
        encoder = RangeEncoder(
            self._source.name, IdRanges(sample, ranges), self._folder, self._room
        )

        def divide(load: Callable[[], EdgeBatch]) -> list[Divided]:
            src, dst, *_ = self._load(load)
            parts = [slice(i, i + _DIVIDED) for i in range(0, len(src), _DIVIDED)]
            return [encoder.divide(concatenate_ids([src[part], dst[part]])) for part in parts]

        with self._progress.stage("read", self._source.num_edges, "edges") as advance:
            for parts in self._map(divide, self._batches()):
                for ends in parts:
                    encoder.add(ends)
                advance(sum(len(ends.order) for ends in parts) // 2)
        return encoder

    def _sample(self) -> tuple[Ids, int]:
        """Return a sample of ids from all over the source, and about how many edges there are."""
        source, sample = self._source, IdSample(self._source.name)
        if source.once:
            cache = BatchCache(source, self._folder, "edges", self._sizes.cache_bytes)
            with self._progress.stage("keep", source.num_edges, "edges") as advance:
                for batch in self._map(self._load, self._batches()):
                    cache.append(batch)
                    sample.add(batch.src, batch.dst)
                    advance(len(batch.src))
            self._cache = cache
            return sample.ids(), cache.num_edges
        if hasattr(source, "sample"):
            looked = source.sample(_SAMPLE_ROWS, _SAMPLE_BATCHES)
        else:
            stride = max(1, (source.num_edges or 0) // _SAMPLE_ROWS // _SAMPLE_BATCHES)
            looked = itertools.islice(source.batches(_SAMPLE_ROWS), 0, None, stride)
        for batch in map(self._load, looked):
            sample.add(batch.src, batch.dst)
        return sample.ids(), source.num_edges or BATCH_EDGES

    def _encode(self, encoder: RangeEncoder) -> list[Ids | SpilledIds]:
        """Find the number of each id; return the ids of each range."""
        needed = encoder.range_bytes() * _SORTING * self._sizes.ahead
        self._check_memory(2 * needed, "ids of a range")  # half of it may be taken by others
        parts: list[Ids | SpilledIds] = []
        missing: list[str] = []
        file, room = self._folder.new("labels"), Room(self._sizes.budget // 4)
        with self._progress.stage("number", encoder.num_ranges, "ranges") as advance:
            for ids, codes, bounds in self._map(encoder.encode, range(encoder.num_ranges)):
                missing += missing_among(ids) if is_text(ids) else []
                encoder.append(len(ids), codes, bounds)
                parts.append(ids if room.take(ids.nbytes) else SpilledIds(ids, file))
                advance(1)
        warn_missing(missing, self._source.name)
        encoder.encoded()
        return parts

    def _link(self, encoder: RangeEncoder, batches: int) -> NDArray[np.integer[Any]]:
        """Link the ends of all edges."""
        nodes = encoder.num_ids
        dtype: Any = np.int32 if nodes < 2**31 else np.int64
        needed = nodes * np.dtype(dtype).itemsize
        self._check_memory(needed * 4 // 3, "numbers of nodes")  # a quarter has ids
        parent = np.arange(nodes, dtype=dtype)

        def link(batch: int) -> int:
            numbers = encoder.numbers(batch)
            edges = len(numbers) // 2  # whose sources come before their targets
            link_pairs(parent, numbers[:edges], numbers[edges:])
            return edges

        with self._progress.stage("link", self._source.num_edges, "edges") as advance:
            for edges in self._map(link, range(batches)):
                advance(edges)
        starts = range(0, nodes, _NODES)
        list(self._map(lambda start: flatten(parent, start, min(start + _NODES, nodes)), starts))
        return parent

    def _check_memory(self, needed: int, what: str) -> None:
        if needed > self._sizes.budget:
            enough = f"{-(-needed // 2**20)} MiB"
            raise MemoryBudgetError(
                f"{self._source.name}: {what} take about {enough} of memory, and "
                f"{format_size(self._sizes.budget)} are to be used; pass "
                f"{argument('memory', enough)} or more"
            )
