"""What walks need of rows: alias tables, groups of neighbours, and the order of times.

Threads make them, each for a range of rows at a time.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from graphwalk.kernels.rows.alias_tables import fill_alias_table
from graphwalk.kernels.rows.group_by_kind import group_rows
from graphwalk.kernels.rows.node2vec_plus import make_shares, mark_weak_edges
from graphwalk.kernels.rows.sort_by_time import sort_by_time
from graphwalk.kernels.rows.time_masses import fill_time_masses
from graphwalk.storage.partitions.check_partition import check_rows
from graphwalk.storage.partitions.metapath import kinds_of, kinds_of_types
from graphwalk.storage.store.node_types import MOST_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from graphwalk.storage.partitions.read_rows import RowArrays
    from graphwalk.storage.partitions.spec import PartitionSpec
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.threads import RunTasks

    ByRows: TypeAlias = Callable[[NDArray[Any], Callable[[int, int], None]], None]

#: Entries of a run of rows: a few milliseconds of work.
RUN_ENTRIES = 1 << 18

_NO_WEIGHTS = np.empty(0, np.float32)


class Derived(NamedTuple):
    """Arrays of rows, of which those that a kind of walks does not need are None."""

    row_starts: NDArray[Any]
    table: NDArray[Any] | None = None
    shares: NDArray[np.float32] | None = None
    times: NDArray[np.float64] | None = None
    time_masses: NDArray[np.float64] | None = None
    positions: NDArray[Any] | None = None


def derive(
    graph: GraphArrays,
    layout: PartitionSpec,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    values: Mapping[ValueName, NDArray[Any]],
    run: RunTasks,
    memory: RowArrays | None = None,
    run_entries: int = RUN_ENTRIES,
    *,
    entries: range | None = None,
    positions: NDArray[Any] | None = None,
) -> Derived:
    """Return what walks need of rows, whose neighbours and values are reordered in place.

    Parameters
    ----------
    values : mapping of ndarray
        Weights, times and types of the entries, as far as the layout wants them.
    run : callable
        Runs the tasks.
    memory : RowArrays, optional
        Where to put alias tables, and what else is as long as the entries.
    run_entries : int
        Entries of the rows of a task.
    entries : range, optional
        Which entries of the store they are, if they are consecutive. Those that were found sound
        before are not checked again.
    positions : ndarray of int, optional
        Where entries lie in the store, if they are not consecutive; reordered with them.

    Raises
    ------
    StoreError
        When entries are not sound, see `check_rows`.
    """
    by_rows = partial(_by_rows, run, run_entries)
    for name in layout.values or (None,):
        if entries is None or (entries, name) not in graph.sound:
            found = None if name is None else values.get(name)
            by_rows(row_starts, partial(check_rows, graph, row_starts, neighbors, found, name))
            if entries is not None:
                graph.sound.add((entries, name))
    table = shares = masses = None
    if layout.edges and layout.reordered and entries is not None:
        positions = (
            np.empty(len(neighbors), row_starts.dtype) if memory is None else memory.positions
        )
        positions[: len(entries)] = np.arange(entries.start, entries.stop, dtype=positions.dtype)
    if layout.metapath is not None:
        row_starts = _grouped_by_kind(
            graph, layout, row_starts, neighbors, values, by_rows, positions
        )
    weights, times = values.get("weights"), values.get("times")
    if layout.has_tables and weights is not None:
        if memory is None or not len(weights):
            table = np.zeros(len(neighbors), layout.alias_dtype(graph))
        else:
            table = memory.alias_table
        shares = _weighted(layout, row_starts, neighbors, weights, by_rows, table)
    if times is not None:
        order = row_starts, neighbors, times, weights
        times = _sorted_by_time(layout, *order, by_rows, positions)
        masses = _time_masses(layout, row_starts, times, weights, by_rows, memory)
    return Derived(row_starts, table, shares, times, masses, positions)


def _grouped_by_kind(
    graph: GraphArrays,
    layout: PartitionSpec,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    values: Mapping[ValueName, NDArray[Any]],
    by_rows: ByRows,
    positions: NDArray[Any] | None,
) -> NDArray[Any]:
    """Group rows in place, and return where the entries of each row and kind begin."""
    assert layout.metapath is not None
    kinds = layout.kinds
    weights = values.get("weights", _NO_WEIGHTS)
    if layout.by_edge:
        typed = values["edge_types"]
        kind_of = kinds_of_types(range(MOST_TYPES), layout.metapath)
    else:
        typed, kind_of = neighbors, kinds_of(graph, layout.metapath)
    grouped = np.empty((len(row_starts) - 1) * kinds + 1, row_starts.dtype)

    def group(first: int, stop: int) -> None:
        rows, out = row_starts[first : stop + 1], grouped[first * kinds : stop * kinds + 1]
        group_rows(rows, neighbors, weights, typed, kind_of, kinds, positions, out)

    by_rows(row_starts, group)
    return grouped


def _weighted(
    layout: PartitionSpec,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    weights: NDArray[np.float32],
    by_rows: ByRows,
    table: NDArray[Any],
) -> NDArray[np.float32] | None:
    """Fill alias tables, and return for node2vec+ the shares into which weights are turned."""
    gamma = layout.gamma

    def fill(first: int, stop: int) -> None:
        rows = row_starts[first : stop + 1]
        if gamma is not None:
            mark_weak_edges(rows, neighbors, weights, gamma)
        fill_alias_table(rows, neighbors, weights, table)
        if gamma is not None:
            make_shares(rows, neighbors, weights, gamma)

    by_rows(row_starts, fill)
    return None if gamma is None else weights


def _sorted_by_time(
    layout: PartitionSpec,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    times: NDArray[np.float64],
    weights: NDArray[np.float32] | None,
    by_rows: ByRows,
    positions: NDArray[Any] | None,
) -> NDArray[np.float64]:
    """Bring rows, with weights if there are any, in the order of their times, and return these.

    No step takes an edge of weight 0: its time counts as before all others.
    """
    if layout.backward:
        np.negative(times, out=times)
    if layout.last_time < inf:
        times[times > layout.last_time] = -inf
    if weights is not None:
        times[weights == 0] = -inf
    if not len(times):
        return np.zeros(1, np.float64)  # as of neighbours

    def sort(first: int, stop: int) -> None:
        rows = row_starts[first : stop + 1]
        if (
            weights is not None
        ):  # as neighbours are below, by their bits: what is sorted is integers
            here = slice(int(rows[0]), int(rows[-1]))
            sort_by_time(rows - rows[0], weights[here].view(np.int32), times[here].copy(), None)
        sort_by_time(rows, neighbors, times, positions)

    by_rows(row_starts, sort)
    return times


def _time_masses(
    layout: PartitionSpec,
    row_starts: NDArray[Any],
    times: NDArray[np.float64],
    weights: NDArray[np.float32] | None,
    by_rows: ByRows,
    memory: RowArrays | None,
) -> NDArray[np.float64] | None:
    """Return by which masses times are preferred, if they are exponentially or by weight."""
    if not layout.has_masses:
        return None
    weights = _NO_WEIGHTS if weights is None else weights
    shared = memory is not None and len(memory.time_masses)
    masses = memory.time_masses if memory is not None and shared else np.empty(len(times))

    def fill(first: int, stop: int) -> None:
        rows = row_starts[first : stop + 1]
        fill_time_masses(rows, times, weights, layout.time_rate, masses)

    by_rows(row_starts, fill)
    return masses


def _by_rows(
    run: RunTasks, run_entries: int, row_starts: NDArray[Any], work: Callable[[int, int], None]
) -> None:
    """Do work for the rows from one to another, run by run of about equal size."""
    # Of the same type as row starts, so that these are not converted.
    wanted = np.arange(run_entries, int(row_starts[-1]), run_entries, dtype=row_starts.dtype)
    cuts = [0, *np.searchsorted(row_starts, wanted).tolist(), len(row_starts) - 1]
    run([partial(work, first, stop) for first, stop in pairwise(cuts) if stop > first])
