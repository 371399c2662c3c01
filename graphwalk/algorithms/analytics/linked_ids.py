"""Ids of edges and their components, as a table."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphwalk.kernels.output.take_strings import (
    measure_strings,
    spread_strings,
    take_strings,
)
from graphwalk.storage.build.check_batch import is_text
from graphwalk.storage.build.spilled_ids import SpilledIds
from graphwalk.util.arrow_stream import ArrowStream
from graphwalk.util.arrow_strings import string_buffers, strings_of
from graphwalk.util.consecutive_groups import consecutive_groups
from graphwalk.util.threads import made_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from graphwalk.util.html_table import Tabular

#: Rows of a batch of the table.
_ROWS = 1 << 18


class LinkedIds:
    """The ids of edges, ascending, and what connects them.

    Parameters
    ----------
    parts : list of Ids or SpilledIds
        The ids; the list is emptied.
    components : ndarray of int32 or int64, shape (ids,)
        The smallest number of an id in the component of each.
    room : int
        Bytes of ids that are looked up at a time.
    """

    def __init__(self, parts: list[Any], components: NDArray[np.integer[Any]], room: int) -> None:
        self.components = components
        self._groups = list(consecutive_groups(filter(len, parts), lambda part: part.nbytes, room))
        self._firsts = np.cumsum([0, *(sum(map(len, group)) for group in self._groups)])
        self._loaded: tuple[int, pa.Array] | None = None
        # A group in memory is joined here, once; one in a file whenever it is needed.
        parts.clear()
        self._spilled = False
        for number, group in enumerate(self._groups):
            if any(isinstance(part, SpilledIds) for part in group):
                self._spilled = True
            else:
                self._groups[number] = [_joined(group)]

    @cached_property
    def kind(self) -> pa.DataType:
        """The type of the ids in a table."""
        return next((self._load(k).type for k in range(len(self._groups))), pa.int64())

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns of the table."""
        return pa.schema([("node", self.kind), ("component", self.kind)])

    def names(self, nodes: ArrayLike) -> NDArray[Any]:
        """Return the ids of some numbers."""
        return np.array(self.take(np.asarray(nodes)).to_pylist(), object)

    def take(self, nodes: NDArray[np.integer[Any]]) -> pa.Array:
        """Return the ids of some numbers, as Arrow has them."""
        if pa.types.is_integer(self.kind):
            return pa.array(self._take_integers(nodes))
        ends, taken = np.zeros(len(nodes) + 1, np.int64), []
        for group, (first, stop) in enumerate(self._spans()):
            if ((first <= nodes) & (nodes < stop)).any():
                offsets, data = string_buffers(self._load(group))
                some = np.empty(measure_strings(nodes, first, offsets, ends), np.uint8)
                take_strings(nodes, first, offsets, data, some)
                taken.append((first, stop, some))
        np.cumsum(ends, out=ends)
        if len(taken) == 1:
            return strings_of(ends, taken[0][2])
        out = np.empty(ends[-1], np.uint8)
        for first, stop, some in taken:
            spread_strings(nodes, first, stop, some, ends, out)
        return strings_of(ends, out)

    def _take_integers(self, nodes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        found = np.empty(len(nodes), np.int64)
        for group, (first, stop) in enumerate(self._spans()):
            inside = np.flatnonzero((first <= nodes) & (nodes < stop))
            if len(inside):
                found[inside] = np.asarray(self._load(group))[nodes[inside] - first]
        return found

    def _spans(self) -> Iterator[tuple[int, int]]:
        return itertools.pairwise(self._firsts.tolist())

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield each id and the smallest id of its component."""
        for group, (first, stop) in enumerate(self._spans()):
            ids = self._load(group)
            # Those in files are loaded once for all rows of a group.
            step = stop - first if self._spilled else _ROWS
            for start in range(first, stop, step):
                nodes = self.components[start : min(start + step, stop)]
                rows = ids.slice(start - first, len(nodes)), self.take(nodes)
                yield from _batches(pa.record_batch(list(rows), schema=schema))

    def _load(self, group: int) -> pa.Array:
        parts = self._groups[group]
        if not isinstance(parts[0], SpilledIds) and len(parts) == 1:
            return parts[0]
        if self._loaded is None or self._loaded[0] != group:
            self._loaded = None  # before the next is read
            self._loaded = group, _joined(parts)
        return self._loaded[1]


class ComponentTable(ArrowStream):
    """A table of ids and their components, which are found when it is first looked at.

    Parameters
    ----------
    find : callable
        Returns the ids and their components.
    plan : PairPlan
        How they are found.
    """

    def __init__(self, find: Callable[[], LinkedIds], plan: Tabular) -> None:
        self._find, self.plan = find, plan

    @cached_property
    def linked(self) -> LinkedIds:
        """The ids and their components."""
        return self._find()

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return self.linked.schema

    def _batches(self) -> Iterator[pa.RecordBatch]:
        return made_ahead(self.linked.batches(self.schema))

    def __repr__(self) -> str:
        return "<graphwalk.ArrowStream of node, component>"


def _joined(parts: list[Any]) -> pa.Array:
    ids = [part.load() if isinstance(part, SpilledIds) else part for part in parts]
    parts = [each if is_text(each) else pa.array(each) for each in ids]
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)


def _batches(whole: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(whole), _ROWS):
        yield whole.slice(start, _ROWS)
