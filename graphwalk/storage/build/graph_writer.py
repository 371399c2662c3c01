"""Writing the rows of a graph, in their order."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.build.bucket_values import weightless_rows
from graphwalk.storage.build.bucket_rows import RowError
from graphwalk.storage.store.array_writer import ArrayWriter, Writer
from graphwalk.storage.store.degree_counts import DegreeCounter
from graphwalk.storage.store.format import ADDED, EDGE_IDS, VALUE_TYPES, GraphInfo, Statistics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphwalk.storage.build.bucket_rows import Rows
    from graphwalk.storage.build.context import Context
    from graphwalk.storage.build.count_isolated import IsolatedCounter
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.store.format import ValueName


#: Where further columns are stored, and of which type.
_STORED: Mapping[FurtherKind, str] = {"edge_ids": EDGE_IDS, "weights": "weights"}
STORED_TYPES: Mapping[FurtherKind, np.dtype[Any]] = {
    "edge_ids": np.dtype(np.int64),
    "weights": VALUE_TYPES["weights"],
}


class GraphWriter(Writer):
    """Writes rows in their order, and sums up their counts.

    Attributes
    ----------
    num_rows, num_entries, num_loops : int
        Rows, entries and self-loops that were written.
    taken : int
        Sum over all `Rows.taken`.
    asymmetry : int
        Sum over all `Rows.asymmetry`.
    degrees : DegreeCounter
        The degrees of the rows.
    unconnected : IsolatedCounter or None
        What counts nodes that no edge touches, where the degrees do not tell.
    """

    def __init__(
        self,
        context: Context,
        dtype: np.dtype[Any],
        sizes: tuple[int, int],
        values: ValueName | None,
        unconnected: IsolatedCounter | None = None,
        further: Sequence[FurtherKind] = (),
    ) -> None:
        num_nodes, entries = sizes  # estimates, if they are not known
        wide = 2**31 if dtype == np.int64 else 0
        self._value_name, self._directed = values, context.options.directed
        new = context.new_array
        self._offsets = new("offsets", np.int64, wide, num_nodes + 1)
        self._neighbors = new("neighbors", dtype, wide, entries)
        self._values = new(values, VALUE_TYPES[values], wide, entries) if values else None
        self._further: dict[FurtherKind, ArrayWriter] = {
            kind: new(_STORED[kind], STORED_TYPES[kind], wide, entries) for kind in further
        }
        self._weighted = values == "weights" or "weights" in further
        self._weightless = _WeightlessRows(allowed=context.options.weightless_rows)
        self._types = np.zeros(256, bool) if values == "edge_types" else None
        self.num_rows = 0
        self.num_entries = 0
        self.num_loops = 0
        self.taken = 0
        self.asymmetry = 0
        self.degrees = DegreeCounter()
        self.unconnected = unconnected
        self._end = 0  # where the last complete row ends
        self._offsets.append(np.zeros(1, np.int64))

    def append(self, rows: Rows) -> None:
        """Write the next rows.

        Raises
        ------
        RowError
            When the weights of a row are all zero, and that is not allowed.
        """
        weights = rows.values if self._value_name == "weights" else rows.further.get("weights")
        if weights is not None:
            self._weightless.check(weights, rows.ends, self.num_rows)
        ends = rows.ends + self.num_entries
        self._offsets.append(ends)
        self._neighbors.append(rows.neighbors)
        if self._values is not None and rows.values is not None:
            self._values.append(rows.values)
        for kind, writer in self._further.items():
            writer.append(rows.further[kind])
        if self._types is not None and rows.values is not None:
            self._types[rows.values] = True
        degrees = np.diff(ends, prepend=self._end)
        self.degrees.add(degrees)
        if self.unconnected is not None:
            self.unconnected.add(self.num_rows, degrees, rows.neighbors)
        self._end = int(ends[-1]) if len(ends) else self._end
        self.num_rows += len(ends)
        self.num_entries += len(rows.neighbors)
        self.num_loops += rows.loops
        self.taken += rows.taken
        self.asymmetry += rows.asymmetry

    def append_empty(self, count: int) -> None:
        """Write `count` rows without entries."""
        while count > 0:
            step = min(count, 1 << 20)
            self._offsets.append(np.full(step, self.num_entries, np.int64))
            self.degrees.add(np.zeros(step, np.int64))
            self.num_rows += step
            count -= step

    @property
    def unconnected_nodes(self) -> int:
        """Nodes that no edge touches."""
        if self.unconnected is None:
            return self.degrees.isolated
        return self.unconnected.count(self.num_rows)

    def finish(self) -> None:
        """Write the remaining elements, and wait until all are written."""
        for writer in self._all_writers():
            writer.finish()

    def _edge_types(self) -> tuple[int, ...] | None:
        return None if self._types is None else tuple(np.flatnonzero(self._types).tolist())

    @property
    def num_edges(self) -> int:
        """How many edges the entries are."""
        return self.num_entries if self._directed else (self.num_entries + self.num_loops) // 2

    def info(self, *, dropped_loops: int, merged_edges: int, time_unit: str | None) -> GraphInfo:
        """Return the attributes of the graph without labels, once all of it is written."""
        return GraphInfo(
            num_nodes=self.num_rows,
            num_entries=self.num_entries,
            num_edges=self.num_edges,
            directed=self._directed,
            weighted=self._weighted,
            labels=None,
            statistics=Statistics(
                isolated_nodes=self.degrees.isolated,
                self_loops=self.num_loops,
                dropped_loops=dropped_loops,
                merged_edges=merged_edges,
                degree_quantiles=self.degrees.quantiles(),
            ),
            digest=self._digest(),
            timed=self._value_name == "times",
            edge_types=self._edge_types(),
            time_unit=time_unit,
            unconnected_nodes=self.unconnected_nodes,
            weightless_rows=self._weightless.count or None,
            manifest={EDGE_IDS: {"of": ADDED["edge"]}} if "edge_ids" in self._further else None,
        )

    def _digest(self) -> str:
        """Return a checksum of the rows, which does not depend on where and how they are stored."""
        return sha256(b"".join(writer.digest for writer in self._writers())).hexdigest()

    def abandon(self) -> None:
        """Wait for running writes, if the build has failed."""
        for writer in self._all_writers():
            writer.abandon()

    def _all_writers(self) -> list[ArrayWriter]:
        ids = self._further.get("edge_ids")
        return [*self._writers(), *([] if ids is None else [ids])]

    def _writers(self) -> list[ArrayWriter]:
        """Return the writers of what the digest is of."""
        others = self._values, self._further.get("weights")
        return [self._offsets, self._neighbors, *(writer for writer in others if writer)]


class _WeightlessRows:
    """Counts rows that have entries, but none with a weight above zero.

    A row may come in several pieces, so the state of the last row is kept.

    Parameters
    ----------
    allowed : bool
        Whether there may be any.
    """

    def __init__(self, *, allowed: bool) -> None:
        self.count = 0
        self._allowed = allowed
        self._entries = 0
        self._positive = False

    def check(self, weights: NDArray[np.float32], ends: NDArray[np.int64], node: int) -> None:
        """Check the next weights, whose first complete row is that of `node`."""
        if not len(ends):
            self._take(weights)
            return
        first = int(ends[0])
        self._take(weights[:first])
        if self._entries and not self._positive:
            self._found(1, node)
        count, row = weightless_rows(ends[1:] - first, weights[first : ends[-1]])
        if count:
            self._found(count, node + 1 + row)
        self._entries, self._positive = 0, False
        self._take(weights[ends[-1] :])

    def _found(self, count: int, node: int) -> None:
        if not self._allowed:
            raise RowError(
                "all edges of node {} have weight zero (as float32), so a walk could not leave it; "
                "drop those edges, or scale the weights",
                node,
            )
        self.count += count

    def _take(self, weights: NDArray[np.float32]) -> None:
        self._entries += len(weights)
        self._positive = self._positive or bool((weights > 0).any())
