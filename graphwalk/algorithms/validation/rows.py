"""Check offsets, neighbours and values of edges: a scan of entries, whose reports are joined."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from graphwalk.algorithms.validation.row_report import RowReport, Tally
from graphwalk.algorithms.validation.row_spans import Span, attempt, chunks, find_spans
from graphwalk.errors import StoreError
from graphwalk.kernels.build.buckets import asymmetry
from graphwalk.kernels.store import check_rows as kernel
from graphwalk.scheduler.engine.scan import Scanner, ScanProgram
from graphwalk.scheduler.engine.scan_plan import PARTITION_BYTES, ScanCost, ScanPlan
from graphwalk.storage.store.format import APART, VALUE_BOUNDS, value_bits
from graphwalk.util.cancel import check_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job, Resources

    #: What is read of entries, by array; None where it could not be read.
    Values: TypeAlias = dict[ValueName, NDArray[Any] | None]

_COST = ScanCost("validation", 0, 0, 0, "1", repeated=False)
_NO_WEIGHTS, _NOT_APART = np.empty(0, np.float32), np.empty(0, np.float64)


class _Part(NamedTuple):
    """Entries that a task checks, `step` of them at a time, and the spans that have them."""

    entries: range
    step: int
    spans: tuple[Span, ...]


class _RowCheck(ScanProgram):
    """Checks parts of the entries; its result is a list of reports."""

    def new_result(self) -> list[RowReport]:
        """Return no reports."""
        return []

    def read(self, graph: GraphArrays, part: _Part) -> RowReport:
        """Check a part while it is read."""
        return _PartCheck(graph, part).run()

    def visit(self, result: list[RowReport], rows: RowReport) -> None:
        """Add a report."""
        result.append(rows)

    def merge(self, result: list[RowReport], other: list[RowReport]) -> None:
        """Add reports."""
        result += other


def check_rows(
    graph: GraphArrays,
    job: Job,
    resources: Resources,
    partitions: int | None,
    advance: Callable[[int], object],
) -> RowReport:
    """Check all rows in a job: offsets first, then entries, by a number of partitions."""
    spans, problems = find_spans(graph, job)
    parts = tuple(_cut(graph, spans, partitions))
    # Each task has a chunk of everything at a time.
    each = graph.info.entry_bytes * max((part.step for part in parts), default=0)
    peak = resources.workers * 3 * each
    size = graph.num_nodes, graph.num_entries
    plan = ScanPlan(
        _COST, *size, parts, len(parts), resident=False, peak_memory=peak, resources=resources
    )
    reports: list[RowReport] = []
    Scanner(graph, plan, job, "validate").scan(_RowCheck(), reports, advance)
    whole = RowReport(0, problems)
    for report in sorted(reports, key=lambda report: report.begin):
        whole.join(report)
    return whole


def _cut(graph: GraphArrays, spans: list[Span], partitions: int | None) -> Iterator[_Part]:
    pieces = chunks(graph, "neighbors", graph.num_entries)
    step = len(pieces[0]) if pieces else 1
    together = max(1, PARTITION_BYTES // (step * graph.neighbor_dtype.itemsize))
    if partitions is not None:
        together = -(-len(pieces) // partitions)
    stops = [span.entries.stop for span in spans]
    for first in range(0, len(pieces), together):
        start = pieces[first].start
        stop = pieces[min(first + together, len(pieces)) - 1].stop
        within = slice(bisect_right(stops, start), bisect_right(stops, stop - 1) + 1)
        yield _Part(range(start, stop), step, tuple(spans[within]))


class _PartCheck:
    """Checks the entries of a part, a chunk at a time, while its spans go along."""

    def __init__(self, graph: GraphArrays, part: _Part) -> None:
        self._graph, self._part, self._names = graph, part, graph.info.value_names
        self.report = RowReport(part.entries.start)
        self._spans = iter(part.spans)
        self._stop = part.entries.start
        # Where rows of the span end, from the row on that the next entry is in; None: not known.
        self._ends: NDArray[np.int64] | None = None
        self._row = 0

    def run(self) -> RowReport:
        """Check all entries."""
        entries, step = self._part.entries, self._part.step
        for begin in entries[::step]:
            check_cancelled()
            self._check_piece(begin, min(begin + step, entries.stop))
        return self.report

    def _check_piece(self, begin: int, stop: int) -> None:
        read = self._graph.read_values
        neighbors = self._read(self._graph.read_neighbors, begin, stop)
        values = {name: self._read(partial(read, name), begin, stop) for name in self._names}
        if neighbors is not None:
            found = kernel.outside(neighbors, 0, self._graph.num_nodes)
            self.report.outside.add(begin, neighbors, *found)
        for name, some in values.items():
            if some is None:
                continue
            found = kernel.outside(some, *VALUE_BOUNDS[name])
            self.report.bad_values.setdefault(name, Tally()).add(begin, some, *found)
            if name == "edge_types":
                self.report.edge_types.update(np.flatnonzero(np.bincount(some)).tolist())
        at = begin
        while at < stop:
            while self._stop <= at:
                self._next_span(at)
            until = min(stop, self._stop)
            here = slice(at - begin, until - begin)
            some = {name: None if a is None else a[here] for name, a in values.items()}
            self._check_rows(at, until, None if neighbors is None else neighbors[here], some)
            at = until

    def _read(self, read: Callable[[int, int], Any], start: int, stop: int) -> Any:
        """Return what is read, or None after a problem was added."""
        found = attempt(read, start, stop)
        if not isinstance(found, StoreError):
            return found
        if str(found) not in self.report.problems:
            self.report.problems.append(str(found))
        return None

    def _next_span(self, at: int) -> None:
        span = next(self._spans)
        self._stop, self._ends = span.entries.stop, None
        if span.nodes is None:
            self.report.forget_row()  # a span ends where a row does
            return
        ends = self._read(self._graph.read_offsets, span.nodes.start + 1, span.nodes.stop + 1)
        if ends is None:
            return
        before = int(np.searchsorted(ends, at, "right"))
        self._row, self._ends = span.nodes.start + before, ends[before:]
        starts = ends[before - 1] if before else span.entries.start
        if starts < at:  # the row began in the part before
            self.report.row = self._row
            self.report.state[[kernel.LAST, kernel.BEGAN_BEFORE]] = kernel.NONE, 1

    def _check_rows(
        self, at: int, until: int, neighbors: NDArray[Any] | None, values: Values
    ) -> None:
        if self._ends is None:
            self.report.forget_row()
            return
        if neighbors is None:
            ended = int(np.searchsorted(self._ends, until, "right"))
            whole = ended > 0 and self._ends[ended - 1] == until
            self.report.forget_row(settled=not whole)
        else:
            ended = self._check(at, neighbors, values)
        self._row, self._ends = self._row + ended, self._ends[ended:]

    def _check(self, at: int, neighbors: NDArray[Any], values: Values) -> int:
        """Check entries whose rows are known; return how many rows ended."""
        assert self._ends is not None
        report, weights = self.report, values.get("weights")
        apart = next((some for name, some in values.items() if name in APART), None)
        weights = _NO_WEIGHTS if weights is None else weights
        told = _NOT_APART if apart is None else apart
        if at == report.begin and report.row >= 0:
            report.head = int(neighbors[0]), float(told[0]) if told.size else None
        ended = kernel.check_rows(
            self._ends, self._row, at, neighbors, weights, told,
            report.last_value, report.state, report.counts, report.firsts,
        )  # fmt: skip
        if not told.size:
            report.last_value[0] = np.nan
        if not self._graph.directed:
            ends = np.minimum(self._ends[: ended + 1] - at, len(neighbors))
            difference = asymmetry(ends, self._row, neighbors, value_bits(*values.values()))
            report.asymmetry = (report.asymmetry + int(difference)) % 2**64
        return ended
