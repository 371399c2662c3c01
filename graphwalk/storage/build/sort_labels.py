"""Relabelling: find all ids of edges, and number them in ascending order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.storage.build.check_batch import is_text, mixed
from graphwalk.storage.build.spilled_ids import SpilledIds
from graphwalk.storage.store.label_index import IntegerLabels
from graphwalk.storage.store.label_runs import labels_of
from graphwalk.util.consecutive_groups import consecutive_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphwalk.storage.edges.protocol import Ids
    from graphwalk.storage.files.spill import SpillFile, SpillFolder
    from graphwalk.storage.store.format import LabelKind
    from graphwalk.storage.store.label_index import Labels, MemoryLabels

#: Memory for sorting strings, as a multiple of their size, Arrow's hash tables included.
_TEXT_WEIGHT = 4

#: Runs that are merged at a time, and the fraction of memory (one over this) of a block.
_FAN_IN = 32
_BLOCK_SHARE = 1 << 8


def distinct(ids: Ids) -> Ids:
    """Return the distinct ids, ascending; strings by the bytes of their UTF-8."""
    if not is_text(ids):
        ordered = np.sort(ids)  # far faster than np.unique, which hashes
        return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]]
    unique = pc.unique(ids)
    return unique.take(pc.sort_indices(unique))


class LabelCollector:
    """Collects ids, and sorts them out of core if they do not fit in its share of memory.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    folder : SpillFolder
        The folder for temporary files.
    room : int
        Bytes that ids may take in memory.
    """

    def __init__(self, name: str, folder: SpillFolder, room: int) -> None:
        self._name = name
        self._folder = folder
        self._room = room
        self._waiting: list[Ids] = []
        self._text: bool | None = None
        self._bytes = 0
        self._merged_bytes = 0
        self._runs: list[list[SpilledIds]] = []
        self._file = folder.new("labels")

    def add(self, ids: Ids) -> None:
        """Add distinct ids, ascending."""
        if self._text is not None and is_text(ids) != self._text:
            raise mixed(self._name)
        self._text = is_text(ids)
        if not len(ids):
            return
        self._waiting.append(ids)
        self._bytes += _weight(ids)
        # Merging takes twice as much memory in addition. Until the next merge, ids may double.
        if self._bytes > max(self._room // 4, min(2 * self._merged_bytes, self._room // 2)):
            self._merge()

    def _merge(self) -> None:
        merged = distinct(concatenate_ids(self._waiting))
        if _weight(merged) <= self._room // 4:
            self._waiting = [merged]
            self._bytes = self._merged_bytes = _weight(merged)
            return
        self._runs.append(self._store([merged]))
        self._waiting, self._bytes, self._merged_bytes = [], 0, 0

    def _store(self, run: Iterable[Ids]) -> list[SpilledIds]:
        """Write ids that ascend, in blocks of about equal size."""
        return list(_blocks(run, self._room // _BLOCK_SHARE, self._file))

    def finish(self) -> Labels:
        """Return all labels."""
        if self._runs:
            if self._waiting:
                self._runs.append(self._store([distinct(concatenate_ids(self._waiting))]))
                self._waiting = []
            while len(self._runs) > _FAN_IN:
                some, self._runs = self._runs[:_FAN_IN], self._runs[_FAN_IN:]
                self._runs.append(self._store(_merge_runs(some)))
            sorted_file = self._folder.new("labels.sorted")
            blocks = list(_blocks(_merge_runs(self._runs), self._room // _BLOCK_SHARE, sorted_file))
            sorted_file.close()
            self._file.remove()
            room = self._room // (_TEXT_WEIGHT if self._text else 2)
            return SpilledLabels(blocks, "string" if self._text else "int64", room)
        if not self._waiting:
            return IntegerLabels(np.empty(0, np.int64))
        waiting, self._waiting = self._waiting, []
        return labels_of(distinct(concatenate_ids(waiting)))


class SpilledLabels:
    """Labels in a temporary file, in ascending order, which are read in parts."""

    def __init__(self, blocks: list[SpilledIds], kind: LabelKind, room: int) -> None:
        self.kind: LabelKind = kind
        self._parts = list(consecutive_groups(blocks, lambda block: block.nbytes, room))
        lengths = [sum(map(len, part)) for part in self._parts]
        self._firsts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    def __len__(self) -> int:
        return int(self._firsts[-1])

    def parts(self) -> Iterator[tuple[int, MemoryLabels]]:
        """Yield the labels in parts that fit in memory, each with the node of its first label."""
        for first, blocks in zip(self._firsts.tolist(), self._parts, strict=False):
            yield first, labels_of(concatenate_ids([block.load() for block in blocks]))

    def at(self, node: int) -> int | str:
        """Return a node's label."""
        for first, part in self.parts():
            if node < first + len(part):
                return part.at(node - first)
        raise IndexError(node)


def _weight(ids: Ids) -> int:
    """Return the bytes that sorting ids takes, relative to integers."""
    return int(ids.nbytes) * (_TEXT_WEIGHT if is_text(ids) else 1)


def _blocks(run: Iterable[Ids], size: int, file: SpillFile) -> Iterator[SpilledIds]:
    """Write ids in blocks of at most about `size` bytes."""
    for ids in run:
        ids = ids if is_text(ids) else ids.astype(np.int64, copy=False)  # as labels are
        step = max(1, size * len(ids) // max(1, ids.nbytes))
        for start in range(0, len(ids), step):
            yield SpilledIds(ids[start : start + step], file)


def _merge_runs(runs: list[list[SpilledIds]]) -> Iterator[Ids]:
    """Yield the distinct ids of sorted runs, ascending; one block of each run is in memory."""
    left = [iter(run) for run in runs]
    heads: list[Ids] = [next(blocks).load() for blocks in left]
    while heads:
        limit = min(map(_last, heads))  # no later block has an id up to here
        counts = [count_up_to(head, limit) for head in heads]
        taken = [head[:count] for head, count in zip(heads, counts, strict=True)]
        yield distinct(concatenate_ids(taken))
        heads = [head[count:] for head, count in zip(heads, counts, strict=True)]
        for i in reversed(range(len(heads))):
            if not len(heads[i]):
                block = next(left[i], None)
                if block is None:
                    del heads[i], left[i]
                else:
                    heads[i] = block.load()


def _last(ids: Ids) -> Any:
    return ids[-1].as_py() if is_text(ids) else int(ids[-1])


def count_up_to(ids: Ids, limit: Any) -> int:
    """Return how many of the ascending ids are not above `limit`."""
    if is_text(ids):
        return int(pc.less_equal(ids, pa.scalar(limit, pa.large_string())).true_count)
    return int(np.searchsorted(ids, limit, side="right"))


def concatenate_ids(parts: Iterable[Ids]) -> Ids:
    """Return ids of the same kind as one array."""
    parts = list(parts)
    return pa.concat_arrays(parts) if is_text(parts[0]) else np.concatenate(parts)
