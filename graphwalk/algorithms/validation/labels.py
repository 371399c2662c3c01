"""Check labels: ascending unless nodes were reordered, unique and, if strings, UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import StoreError
from graphwalk.kernels.store.check_rows import first_not_above
from graphwalk.storage.store.label_runs import labels_of, split_runs
from graphwalk.util.arrow_strings import strings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from graphwalk.algorithms.validation.problems import Problems
    from graphwalk.storage.store.array_reader import ArrayReader
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of strings that are checked together, unless one is longer.
_BATCH_BYTES = 8 << 20


def check_labels(graph: GraphArrays, problems: Problems, advance: Callable[[int], object]) -> None:
    """Add the problems of a graph's labels, if it has labels."""
    if graph.info.labels is None:
        advance(graph.num_nodes)
        return
    check = _check_integers if graph.info.labels == "int64" else _check_strings
    before = problems.count
    try:
        check(graph, problems, advance)
        if problems.count == before and not graph.info.labels_ascend:
            _check_distinct(graph, 0, problems)
        elif problems.count == before and graph.info.label_runs:
            _check_distinct(graph, graph.info.label_runs[0], problems)
    except StoreError as error:  # an error of a whole array
        problems.add(error)


def _check_distinct(graph: GraphArrays, first: int, problems: Problems) -> None:
    """Look for labels of runs from node `first` on that another run has too."""
    labels = graph.labels
    assert labels is not None
    later = labels.take(np.arange(first, graph.num_nodes))
    later = later.take(pc.sort_indices(later))
    twice = [later[i] for i in np.flatnonzero(np.asarray(pc.equal(later[1:], later[:-1])))[:1]]
    if first:
        index, start = labels_of(later), 0
        for part in labels.parts():
            part = part[: max(0, first - start)]
            start += len(part)
            twice = twice or [part[i] for i in np.flatnonzero(index.find(part) >= 0)[:1]]
    if twice:
        problems.add(f"two nodes have the label {twice[0].as_py()!r}")


def _check_integers(
    graph: GraphArrays, problems: Problems, advance: Callable[[int], object]
) -> None:
    reader = graph.open_array("labels", graph.num_nodes)
    last, runs = None, graph.info.label_runs or ()
    for start, values in _chunks(reader, graph.num_nodes, problems):
        before = values[:1] - 1 if last is None else np.array([last])
        falls = np.flatnonzero(values <= np.concatenate([before, values[:-1]]))
        falls = falls[~np.isin(start + falls, runs)]
        if len(falls) and graph.info.labels_ascend:
            at = int(falls[0])
            problems.add(f"array 'labels' does not ascend at element {start + at}: {values[at]}")
            return
        if values.min() < 0:
            at = int(np.argmax(values < 0))
            problems.add(f"array 'labels': element {start + at} is negative: {values[at]}")
        last = values[-1]
        advance(len(values))


def _check_strings(
    graph: GraphArrays, problems: Problems, advance: Callable[[int], object]
) -> None:
    length = graph.num_nodes + 1
    offsets = graph.open_array("label_offsets", length)
    total = int(offsets.read(length - 1, length)[0])
    text = graph.open_array("label_bytes", total)
    last = 0
    for start, ends in _chunks(offsets, length, problems):
        wrong = _wrong_offsets(ends, start, last, total)
        if wrong:
            problems.add(wrong)
            return  # the bytes of each label are not known
        last = int(ends[-1])
    # Each chunk of bytes is read separately first, so that every damaged one is reported.
    if sum(len(values) for _, values in _chunks(text, total, problems)) == total:
        _check_text(offsets, text, graph, problems, advance)


def _wrong_offsets(ends: NDArray[np.int64], start: int, last: int, total: int) -> str | None:
    if start == 0 and ends[0] != 0:
        return f"array 'label_offsets' begins with {ends[0]}, not 0"
    falls = np.flatnonzero(ends < np.concatenate([[last], ends[:-1]]))
    if len(falls):
        return f"array 'label_offsets' falls at element {start + int(falls[0])}"
    if ends[-1] > total:
        return f"array 'label_offsets' rises above its last element, {total}"
    return None


def _check_text(
    offsets: ArrayReader,
    text: ArrayReader,
    graph: GraphArrays,
    problems: Problems,
    advance: Callable[[int], object],
) -> None:
    """Check strings in batches that overlap by one."""
    num_nodes = graph.num_nodes
    runs = (graph.info.label_runs or ()) if graph.info.labels_ascend else None
    for begin in range(0, num_nodes, offsets.chunk):
        stop = min(begin + offsets.chunk, num_nodes)
        first = max(0, begin - 1)
        try:
            ends = offsets.read(first, stop + 1)
        except StoreError as error:
            problems.add(error)
            return
        for a, b in _batches(ends):
            batch = ends[a : b + 1] - ends[a]
            wrong = _wrong_text(batch, text.read(int(ends[a]), int(ends[b])), first + a, runs)
            if wrong:
                problems.add(wrong)
                return
        advance(stop - begin)


def _batches(ends: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ranges of strings; each begins with the last string of the previous range."""
    a, count = 0, len(ends) - 1
    while True:
        b = int(np.searchsorted(ends, ends[a] + _BATCH_BYTES, "right")) - 1
        b = min(count, max(b, a + 2))
        yield a, b
        if b == count:
            return
        a = b - 1


def _wrong_text(
    ends: NDArray[np.int64], text: NDArray[np.uint8], first: int, runs: Sequence[int] | None
) -> str | None:
    strings = strings_of(ends, text)
    try:
        strings.validate(full=True)
    except pa.ArrowInvalid as error:
        nodes = f"{first} to {first + len(strings)}"
        return f"array 'label_bytes' is no UTF-8 in the labels of nodes {nodes}: {error}"
    whole = range(first, first + len(strings))
    for run in () if runs is None else split_runs(whole, runs):
        at = first_not_above(ends[run.start : run.stop + 1], text)
        if at >= 0:
            at += run.start
            return f"labels do not ascend at node {first + at}: {strings[at].as_py()!r}"
    return None


def _chunks(
    reader: ArrayReader, length: int, problems: Problems
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the start and the values of each chunk; damaged chunks are reported instead."""
    for start in range(0, length, reader.chunk):
        try:
            yield start, reader.read(start, min(start + reader.chunk, length))
        except StoreError as error:
            problems.add(error)
