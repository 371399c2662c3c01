"""Counts of triangles at each node, in chunks of oriented rows that memory has room for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.analytics.out_degrees import out_degrees
from graphwalk.algorithms.analytics.out_strengths import largest_weight
from graphwalk.algorithms.analytics.whole_rows import WeightedRowPass, WholeRowPass
from graphwalk.kernels.analytics.count_triangles import count_arcs, count_triangles
from graphwalk.kernels.analytics.orient_rows import add_roots, orient_rows
from graphwalk.storage.partitions.neighborhoods import Neighborhoods
from graphwalk.util.cancel import check_cancelled
from graphwalk.util.consecutive_groups import consecutive_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.neighborhoods import NodePartition
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Entries of oriented rows that a kernel looks at before the job may be cancelled.
_AT_ONCE = 1 << 16

#: What is counted, and bytes of what an entry of oriented rows stands for.
ARC_BYTES = {"triangles": 0, "arcs": 1, "cycles": 1, "weights": 8}


class Counted(NamedTuple):
    """What is counted, and how.

    Attributes
    ----------
    kind : {"triangles", "arcs", "cycles", "weights"}
        As `ARC_BYTES` has them; see `count_arcs`.
    unit : float
        What a product of 1.0 is in counts; 0 where arcs are counted.
    bits : int
        How many bits of products are added up apart.
    largest : float
        The largest weight.
    """

    kind: str
    unit: float = 0.0
    bits: int = 0
    largest: float = 0.0


class OrientedRows(NamedTuple):
    """Neighbours of higher rank of consecutive nodes, as `orient_rows` writes them."""

    first: int
    row_starts: NDArray[np.int64]
    neighbors: NDArray[Any]
    arcs: NDArray[Any]

    def part(self, start: int, stop: int) -> OrientedRows:
        """Return the rows of nodes `start` to `stop`."""
        starts = self.row_starts[start - self.first : stop - self.first + 1]
        entries = slice(int(starts[0]), int(starts[-1]))
        return OrientedRows(start, starts - starts[0], self.neighbors[entries], self.arcs[entries])

    def pieces(self) -> Iterator[OrientedRows]:
        """Yield rows, a number at a time that a kernel takes well below a second for."""
        steps = np.arange(_AT_ONCE, len(self.neighbors), _AT_ONCE)
        cuts = np.searchsorted(self.row_starts, steps)
        edges = np.unique([0, *cuts, len(self.row_starts) - 1]).tolist()
        for start, stop in itertools.pairwise(edges):
            yield self.part(self.first + start, self.first + stop)


class Found(NamedTuple):
    """What passes add to: a count for each node, and the degrees of the simple graph.

    Attributes
    ----------
    counts : ndarray of int64, shape (nodes,)
        Triangles, or what is counted in their place.
    degrees : ndarray of int32 or int64, shape (nodes,)
        Different neighbours of each node, itself left out.
    mutual : ndarray of int32 or int64, shape (nodes,) or (0,)
        Those to and from which an edge leads.
    rows : dict from int to OrientedRows
        Oriented rows that are to be kept, by their first node.
    sizes : dict from int to int
        How many entries oriented rows have, by their first node.
    low : ndarray of int64, shape (nodes,) or (0,)
        The lowest bits of products, added up apart.
    counted : Counted
        What is counted.
    """

    counts: NDArray[np.int64]
    degrees: NDArray[Any]
    mutual: NDArray[Any]
    rows: dict[int, OrientedRows]
    sizes: dict[int, int]
    low: NDArray[np.int64]
    counted: Counted

    def copy(self) -> Found:
        """Return a copy that shares no array that is added to."""
        arrays = (self.counts.copy(), self.degrees.copy(), self.mutual.copy())
        return Found(*arrays, dict(self.rows), dict(self.sizes), self.low.copy(), self.counted)


def count(graph: GraphArrays, transposed: GraphArrays | None, scanner: Scanner, kind: str) -> Found:
    """Count triangles at each node of the simple graph, or what else is counted in their place.

    Parameters
    ----------
    graph, transposed : GraphArrays
        The graph, and its transposed store if it is directed.
    scanner : Scanner
        Runs the passes; its plan says how large a chunk may be.
    kind : {"triangles", "arcs", "cycles", "weights"}
        What is counted; see `count_arcs`.
    """
    ranks = out_degrees(graph)
    if transposed is not None:
        ranks += out_degrees(transposed)
    counted = Counted(kind, 1.0 if kind == "cycles" else 0.0)
    if kind == "weights":
        # A node is in fewer triangles than pairs of its entries, and a product is at most 8.
        bits = min(26, 63 - 2 * int(ranks.max(initial=0)).bit_length())
        largest = largest_weight(graph, scanner) or 1.0  # where all are 0, so are all products
        counted = Counted(kind, 2.0 ** (2 * bits - 4), bits, largest)
    orients, counts = (_WeightedOrient, _WeightedCount) if kind == "weights" else (_Orient, _Count)
    common = ranks, transposed, counted
    found = orients(common).new_result()
    parts: tuple[Any, ...] = scanner.plan.partitions
    room = scanner.plan.chunk
    whole = sum(len(part.entries) + len(part.in_entries) for part in parts)
    width = graph.neighbor_dtype.itemsize + ARC_BYTES[kind]
    chunks: list[list[NodePartition]] = [list(parts)]
    if whole // (1 if graph.directed else 2) * width > room:
        scanner.scan(orients(common), found)
        sizes = found.sizes
        chunks = list(
            consecutive_groups(parts, lambda part: sizes[part.nodes.start], room // width)
        )
    for chunk in chunks:
        keep = frozenset(part.nodes.start for part in chunk)
        orient = orients(common, keep)
        scanner.scan(orient, found, active=orient.keeps)
        scanner.scan(counts(common, _join(found.rows)), found)
    return found


def simple_degrees(graph: GraphArrays, transposed: GraphArrays | None, scanner: Scanner) -> Found:
    """Find the degrees of the simple graph, without parallel edges and loops, in one pass."""
    program = _Orient((out_degrees(graph), transposed, Counted("triangles")))
    found = program.new_result()
    scanner.scan(program, found)
    return found


def _join(rows: dict[int, OrientedRows]) -> OrientedRows:
    """Return consecutive rows as one, and free them meanwhile."""
    order = sorted(rows)
    if not order:
        return OrientedRows(0, np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8))
    count = sum(len(rows[first].neighbors) for first in order)
    neighbors = np.empty(count, rows[order[0]].neighbors.dtype)
    arcs = np.empty(sum(len(rows[first].arcs) for first in order), rows[order[0]].arcs.dtype)
    starts, at = [np.zeros(1, np.int64)], 0
    for first in order:
        part = rows.pop(first)
        stop = at + len(part.neighbors)
        neighbors[at:stop] = part.neighbors
        if len(arcs):
            arcs[at:stop] = part.arcs
        starts.append(part.row_starts[1:] + at)
        at = stop
    return OrientedRows(order[0], np.concatenate(starts), neighbors, arcs)


class _Passes(WholeRowPass):
    """What both kinds of passes have in common."""

    def __init__(
        self, ranks: NDArray[Any], transposed: GraphArrays | None, counted: Counted
    ) -> None:
        self.ranks, self.transposed, self.counted = ranks, transposed, counted

    def new_result(self) -> Found:
        """Return that nothing is found."""
        nodes = len(self.ranks)
        return Found(
            np.zeros(nodes, np.int64),
            np.zeros(nodes, self.ranks.dtype),
            np.zeros(0 if self.transposed is None else nodes, self.ranks.dtype),
            {},
            {},
            np.zeros(nodes if self.counted.bits else 0, np.int64),
            self.counted,
        )

    def orient(self, read: Any, found: Found) -> OrientedRows:
        """Return the oriented rows of a partition, and write the degrees of its nodes."""
        rows, weights = Neighborhoods(*read[:5]), read[5:]
        room = len(rows.neighbors) + len(rows.in_neighbors)
        ends, higher = np.empty(len(rows.row_starts), np.int64), np.empty(room, self.ranks.dtype)
        arcs: NDArray[Any] = np.empty(room if ARC_BYTES[self.counted.kind] == 1 else 0, np.uint8)
        size = orient_rows(self.ranks, *rows, found.degrees, found.mutual, ends, higher, arcs)
        higher, arcs = higher[:size].copy(), arcs[:size].copy()
        if weights:
            arcs = np.zeros(size)
            into = self.counted.largest, ends, higher, arcs
            add_roots(rows.row_starts, rows.neighbors, weights[0], *into)
            add_roots(rows.in_row_starts, rows.in_neighbors, weights[1], *into)
        return OrientedRows(rows.first, ends, higher, arcs)

    def merge(self, result: Found, other: Found) -> None:
        """Take over what is found in other partitions."""
        np.add(result.counts, other.counts, out=result.counts)
        np.add(result.low, other.low, out=result.low)
        np.maximum(result.degrees, other.degrees, out=result.degrees)
        np.maximum(result.mutual, other.mutual, out=result.mutual)
        result.rows.update(other.rows)
        result.sizes.update(other.sizes)


class _Orient(_Passes):
    """Orients rows, and keeps those of some partitions."""

    def __init__(self, common: tuple[Any, ...], keep: frozenset[int] = frozenset()) -> None:
        super().__init__(*common)
        self._keep = keep

    def keeps(self, part: NodePartition) -> bool:
        """Return whether the rows of a partition are kept."""
        return part.nodes.start in self._keep

    def visit(self, result: Found, rows: Any) -> None:
        """Orient the rows of a partition."""
        oriented = self.orient(rows, result)
        result.sizes[oriented.first] = len(oriented.neighbors)
        if oriented.first in self._keep:
            result.rows[oriented.first] = oriented


class _WeightedOrient(_Orient, WeightedRowPass):
    """Does so by weights."""


class _Count(_Passes):
    """Counts triangles whose middle node is in a chunk."""

    def __init__(self, common: tuple[Any, ...], chunk: OrientedRows) -> None:
        super().__init__(*common)
        self._chunk = chunk

    def read(self, graph: GraphArrays, part: NodePartition) -> Any:
        """Read a partition; of the chunk there is no need to."""
        last = self._chunk.first + len(self._chunk.row_starts) - 1
        if self._chunk.first <= part.nodes.start and part.nodes.stop <= last:
            return self._chunk.part(part.nodes.start, part.nodes.stop)
        return super().read(graph, part)

    def visit(self, result: Found, rows: Any) -> None:
        """Count the triangles whose lowest node is in a partition."""
        own: OrientedRows = rows if isinstance(rows, OrientedRows) else self.orient(rows, result)
        chunk, places = self._chunk, np.zeros(len(self.ranks), np.int32)
        for piece in own.pieces():
            check_cancelled()
            if self.counted.kind == "triangles":
                count_triangles(*piece[:3], *chunk[:3], places, result.counts)
            else:
                _, unit, bits, _ = self.counted
                plain = (*piece,), (*chunk,)  # kernels know no classes of other layers
                count_arcs(*plain, places, result.counts, result.low, unit, bits)


class _WeightedCount(_Count, WeightedRowPass):
    """Does so by weights."""

    def read(self, graph: GraphArrays, part: NodePartition) -> Any:
        """Read a partition, in another way than programs that need no weights."""
        return super().read(graph, part)
