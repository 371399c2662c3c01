"""Check offsets, and find out which entries are in rows that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.scheduler.engine.place import place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.store.format import ArrayName
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job

#: Elements that are read at a time if the length of chunks cannot be read.
_UNKNOWN_CHUNK = 1 << 20


class Span(NamedTuple):
    """Consecutive entries, and the nodes whose rows end there; None if offsets are damaged."""

    entries: range
    nodes: range | None


class _Chunk(NamedTuple):
    """A chunk of offsets: its bounds, its first and last value if it was read, and its fault."""

    bounds: range
    first: int
    last: int
    fault: str | None


def find_spans(graph: GraphArrays, job: Job) -> tuple[list[Span], list[str]]:
    """Check all offsets; return spans that together have all entries, and problems."""
    place = place_of(graph, job)
    shared = job.put(graph)
    items = ((shared, bounds) for bounds in chunks(graph, "offsets", graph.num_nodes + 1))
    entries, problems, spans = graph.num_entries, [], []
    known, last = True, 0
    for bounds, first, end, fault in job.map(check_chunk, items, star=True, place=place):
        wrong = fault
        if bounds.start and first < last:
            # After a fault it is not known which of the two is wrong.
            wrong = _fall(bounds.start, last, first) if known else ""
        if wrong:
            problems.append(wrong)
        if wrong is not None:
            known = False
            continue
        # Row v ends at offsets[v + 1]; the first row of a chunk begins in the chunk before.
        whole = known and bounds.start > 0
        if not known:  # the rows of the entries between are not known
            spans.append(Span(range(last, first), None))
        nodes = range(bounds.start - whole, bounds.stop - 1)
        spans.append(Span(range(last if whole else first, end), nodes))
        known, last = True, end
    if known and last != entries:
        problems.append(f"array 'offsets' ends at {last}, but there are {entries} entries")
    spans.append(Span(range(last, entries), None))
    return [span for span in spans if span.entries], problems


def check_chunk(graph: GraphArrays, bounds: range) -> _Chunk:
    """Check a chunk of offsets by itself."""
    start, entries = bounds.start, graph.num_entries
    ends = attempt(graph.read_offsets, start, bounds.stop)
    if isinstance(ends, StoreError):
        return _Chunk(bounds, entries, entries, str(ends))
    fault, falls = None, np.flatnonzero(ends[1:] < ends[:-1])
    if start == 0 and ends[0] != 0:
        fault = f"array 'offsets' begins with {ends[0]}, not 0"
    elif len(falls):
        at = int(falls[0])
        fault = _fall(start + at + 1, int(ends[at]), int(ends[at + 1]))
    elif ends[-1] > entries:
        at = int(np.argmax(ends > entries))
        fault = (
            f"array 'offsets': element {start + at} is {ends[at]}, but there are {entries} entries"
        )
    return _Chunk(bounds, int(ends[0]), int(ends[-1]), fault)


def chunks(graph: GraphArrays, name: ArrayName, length: int) -> list[range]:
    """Return the bounds of each chunk of an array."""
    try:
        chunk = graph.chunk_length(name)
    except StoreError:  # reading will report it; other arrays may be valid
        chunk = _UNKNOWN_CHUNK
    return [range(start, min(start + chunk, length)) for start in range(0, length, chunk)]


def attempt(read: Callable[[int, int], Any], start: int, stop: int) -> Any:
    """Return what is read, or the error that reading it raises."""
    try:
        return read(start, stop)
    except StoreError as error:
        return error


def _fall(at: int, before: int, value: int) -> str:
    return f"array 'offsets' falls from {before} to {value} at element {at}"
