"""Check offsets, neighbours and values of edges: two streams of chunks that are merged."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.kernels.build.buckets import asymmetry
from graphwalk.kernels.store import check_rows as kernel
from graphwalk.storage.store.format import APART, VALUE_BOUNDS, value_bits
from graphwalk.util.threads import map_in_order, num_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.validation.report import Problems

#: Elements that are read at a time if the length of chunks cannot be read.
_UNKNOWN_CHUNK = 1 << 20

_NO_WEIGHTS, _NOT_APART = np.empty(0, np.float32), np.empty(0, np.float64)


class _Span(NamedTuple):
    """Consecutive rows; their ends are not known if offsets are damaged."""

    first_row: int
    ends: NDArray[np.int64] | None
    stop: int  # the last end


class _Piece(NamedTuple):
    """A chunk of entries, with None or an error for arrays that could not be read."""

    begin: int
    stop: int
    neighbors: NDArray[Any] | StoreError
    values: NDArray[Any] | StoreError | None


class RowsCheck:
    """Checks the rows of a graph, and counts their entries.

    Attributes
    ----------
    edge_types : set of int
        Types of edges, if edges have types.
    loops, parallel : int
        Self-loops, and entries that repeat the one before them.
    asymmetry : int
        0 if each entry has its mirror image; see `graphwalk.kernels.build.buckets.asymmetry`.
    """

    def __init__(self, graph: GraphArrays, problems: Problems, pool: ThreadPoolExecutor) -> None:
        self._graph = graph
        self._problems = problems
        self._pool = pool
        self._spans = self._read_spans()
        self._span: _Span | None = None
        self._values = graph.info.values
        self._last_value = np.zeros(1, np.float64)
        self._state = np.zeros(kernel.STATE, np.int64)
        self._counts = np.zeros(kernel.FINDINGS, np.int64)
        self._firsts = np.zeros(kernel.FINDINGS, np.int64)
        self._outside = _Tally()
        self._bad_values = _Tally()
        self.asymmetry = 0
        self.edge_types: set[int] = set()

    @property
    def loops(self) -> int:
        """Number of self-loops."""
        return int(self._counts[kernel.LOOPS])

    @property
    def parallel(self) -> int:
        """Number of entries that repeat the one before them."""
        return int(self._counts[kernel.PARALLEL])

    def run(self, advance: Callable[[int], object]) -> None:
        """Check all rows, and add their problems."""
        self._forget_row()
        for piece in self._map(self._read_piece, self._graph.num_entries, "neighbors"):
            self._check_values(piece)
            self._check_rows(piece)
            advance(piece.stop - piece.begin)
        for _ in self._spans:  # rows after the last entry
            pass
        self._tell()

    # Offsets

    def _read_spans(self) -> Iterator[_Span]:
        """Yield spans that together have all entries; add the problems of offsets."""
        entries = self._graph.num_entries
        known, last = True, 0
        for start, ends in self._map(self._read_offsets, self._graph.num_nodes + 1, "offsets"):
            wrong = self._fault(start, ends, last, after_fault=not known)
            if wrong:
                self._problems.add(wrong)
            if isinstance(ends, StoreError) or wrong is not None:
                known = False
                continue
            if not known:  # the rows of the entries between are not known
                yield _Span(start - 1, None, int(ends[0]))
            # offsets[v + 1] is where row v ends.
            skip = int(not known or start == 0)
            known, last = True, int(ends[-1])
            if len(ends) > skip:
                yield _Span(start - 1 + skip, ends[skip:], last)
        if known and last != entries:
            self._problems.add(f"array 'offsets' ends at {last}, but there are {entries} entries")
        yield _Span(self._graph.num_nodes, None, entries)

    def _fault(
        self, start: int, ends: NDArray[np.int64] | StoreError, last: int, *, after_fault: bool
    ) -> str | None:
        """Return the problem of a chunk of offsets; "" if it was reported already."""
        if isinstance(ends, StoreError):
            return str(ends)
        if start == 0 and ends[0] != 0:
            return f"array 'offsets' begins with {ends[0]}, not 0"
        if ends[0] < last:
            # After a fault it is not known which of the two is wrong.
            return "" if after_fault else _fall(start, last, int(ends[0]))
        falls = np.flatnonzero(ends[1:] < ends[:-1])
        if len(falls):
            at = int(falls[0])
            return _fall(start + at + 1, int(ends[at]), int(ends[at + 1]))
        if ends[-1] > self._graph.num_entries:
            at = start + int(np.argmax(ends > self._graph.num_entries))
            return (
                f"array 'offsets': element {at} is {ends[at - start]}, "
                f"but there are {self._graph.num_entries} entries"
            )
        return None

    def _read_offsets(self, bounds: tuple[int, int]) -> tuple[int, Any]:
        return bounds[0], _attempt(self._graph.read_offsets, *bounds)

    # Entries

    def _read_piece(self, bounds: tuple[int, int]) -> _Piece:
        values = None
        if self._values is not None:
            values = _attempt(partial(self._graph.read_values, self._values), *bounds)
        return _Piece(*bounds, _attempt(self._graph.read_neighbors, *bounds), values)

    def _check_values(self, piece: _Piece) -> None:
        """Make the checks that need no rows."""
        for values in (piece.neighbors, piece.values):
            if isinstance(values, StoreError):
                self._problems.add(values)
        if isinstance(piece.neighbors, np.ndarray):
            found = kernel.outside(piece.neighbors, 0, self._graph.num_nodes)
            self._outside.add(piece.begin, piece.neighbors, *found)
        if isinstance(piece.values, np.ndarray) and self._values:
            found = kernel.outside(piece.values, *VALUE_BOUNDS[self._values])
            self._bad_values.add(piece.begin, piece.values, *found)
            if self._values == "edge_types":
                self.edge_types.update(np.flatnonzero(np.bincount(piece.values)).tolist())

    def _check_rows(self, piece: _Piece) -> None:
        begin = piece.begin
        while begin < piece.stop:
            while self._span is None or self._span.stop <= begin:
                self._span = next(self._spans)
            stop = min(piece.stop, self._span.stop)
            self._check_span(piece, begin, stop, self._span)
            begin = stop

    def _check_span(self, piece: _Piece, begin: int, stop: int, span: _Span) -> None:
        if span.ends is None:
            self._forget_row()  # a span ends where a row does
            return
        if isinstance(piece.neighbors, StoreError):
            ended = self._skip(span.ends, stop)
        else:
            part = slice(begin - piece.begin, stop - piece.begin)
            values = piece.values[part] if isinstance(piece.values, np.ndarray) else None
            ended = self._check(span, begin, piece.neighbors[part], values)
        self._span = span._replace(first_row=span.first_row + ended, ends=span.ends[ended:])

    def _check(
        self, span: _Span, begin: int, neighbors: NDArray[Any], values: NDArray[Any] | None
    ) -> int:
        assert span.ends is not None
        weights, apart = _NO_WEIGHTS, _NOT_APART
        if values is not None and self._values in APART:
            apart = values
        elif values is not None:
            weights = values
        ended = kernel.check_rows(
            span.ends, span.first_row, begin, neighbors, weights, apart,
            self._last_value, self._state, self._counts, self._firsts,
        )  # fmt: skip
        if not self._graph.directed:
            ends = np.minimum(span.ends[: ended + 1] - begin, len(neighbors))
            bits = value_bits(values)
            difference = asymmetry(ends, span.first_row, neighbors, bits)
            self.asymmetry = (self.asymmetry + int(difference)) % 2**64
        return ended

    def _skip(self, ends: NDArray[np.int64], stop: int) -> int:
        """Skip entries that could not be read; return how many rows ended."""
        ended = int(np.searchsorted(ends, stop, "right"))
        whole = ended > 0 and ends[ended - 1] == stop
        self._forget_row(settled=not whole)
        return ended

    def _forget_row(self, *, settled: bool = False) -> None:
        self._state[kernel.LAST] = -1
        self._state[kernel.SETTLED] = settled

    def _tell(self) -> None:
        """Add a problem for each kind of fault that was counted."""
        last = self._graph.num_nodes - 1
        self._outside.tell(self._problems, "neighbors", f"ids that name no node from 0 to {last}")
        bad = {
            "weights": "weights that are negative or not finite",
            "times": "times that are not finite, or not below 2**53 in size",
            "edge_types": "types that are none, which are 0 to 254",
        }
        if self._values:
            self._bad_values.tell(self._problems, self._values, bad[self._values])
        apart = {
            "times": ", or times of parallel ones",
            "edge_types": ", or types of parallel ones",
        }
        kinds = {
            kernel.UNSORTED: "array 'neighbors': neighbours that do not ascend"
            + apart.get(self._values or "", ""),
            kernel.ZERO: "array 'weights': rows without a weight above zero",
        }
        for kind, text in kinds.items():
            if self._counts[kind]:
                first = f"first in the row of node {self._firsts[kind]}"
                self._problems.add(f"{text}: {self._counts[kind]:,}; {first}")

    def _map(self, read: Callable[[tuple[int, int]], Any], length: int, name: Any) -> Iterator[Any]:
        """Yield what `read` returns for the bounds of each chunk of an array, reading ahead."""
        try:
            chunk = self._graph.chunk_length(name)
        except StoreError:  # `read` will report it; other arrays may be valid
            chunk = _UNKNOWN_CHUNK
        bounds = ((a, min(a + chunk, length)) for a in range(0, length, chunk))
        return map_in_order(self._pool, read, bounds, num_cores() + 1)


class _Tally:
    """Counts bad elements, and remembers the first."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def add(self, begin: int, values: NDArray[Any], count: int, at: int) -> None:
        if count and not self._count:
            self._first = f"the first is element {begin + at}: {values[at]}"
        self._count += count

    def tell(self, problems: Problems, array: str, text: str) -> None:
        if self._count:
            problems.add(f"array {array!r}: {text}: {self._count:,}; {self._first}")


def _fall(at: int, before: int, value: int) -> str:
    return f"array 'offsets' falls from {before} to {value} at element {at}"


def _attempt(read: Callable[[int, int], Any], start: int, stop: int) -> Any:
    try:
        return read(start, stop)
    except StoreError as error:
        return error
