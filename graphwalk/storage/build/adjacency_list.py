"""The build of rows that come grouped: one pass, in which they are sorted and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.build.bucket_rows import RowError
from graphwalk.storage.build.check_batch import no_further
from graphwalk.storage.build.count_isolated import IsolatedCounter
from graphwalk.storage.build.graph_writer import GraphWriter
from graphwalk.storage.build.sort_rows import RowSorter
from graphwalk.storage.store.format import VALUE_TYPES

if TYPE_CHECKING:
    import zarr

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.edges.protocol import RowSource
    from graphwalk.storage.store.format import GraphInfo


def build_rows(source: RowSource, context: Context) -> GraphInfo:
    """Write the rows of `source`, and return the attributes of the graph."""
    options = context.options
    if options.relabel is True:
        raise InputError(
            f"{source.name}: the rows of an adjacency list are its nodes in order, so that "
            f"{argument('relabel', True)} has nothing to number; leave it out, or pass edges"
        )
    if options.further:
        raise no_further(options.further[0], source.name)
    known = [number for number in (options.num_nodes, source.num_nodes) if number is not None]
    num_nodes = max(known, default=None)
    sorter = RowSorter(source, num_nodes, options)
    sizes = num_nodes or 0, 0
    unconnected = IsolatedCounter(num_nodes or 0) if options.directed else None
    writer = GraphWriter(context, sorter.dtype, sizes, sorter.values, unconnected)
    given, highest = 0, -1
    with writer, context.progress.stage("write", num_nodes, "rows") as advance:
        batches = source.rows(context.tuning.edges_per_batch)
        try:
            for entries, high, rows in context.in_order(sorter, batches):
                writer.append(rows)
                given += entries
                highest = max(highest, high)
                advance(len(rows.ends))
        except RowError as error:
            raise InputError(f"{source.name}: {error.message.format(*error.nodes)}") from None
        _check_nodes(sorter, highest, writer, context)
        writer.append_empty((options.num_nodes or 0) - writer.num_rows)
    if not options.directed and writer.asymmetry % 2**64:
        raise _asymmetric(source, context, writer)
    merged = writer.taken - writer.num_entries
    return writer.info(
        dropped_loops=given - writer.taken,
        merged_edges=merged if options.directed else -(-merged // 2),
        time_unit=getattr(source, "time_unit", None),
    )


def _check_nodes(sorter: RowSorter, highest: int, writer: GraphWriter, context: Context) -> None:
    """Check what can be told only when all rows have come."""
    name, given, rows = sorter.source.name, context.options.num_nodes, writer.num_rows
    if given is not None and given < rows:
        raise InputError(
            f"{argument('num_nodes', given)} is less than the {rows} nodes of the {name}; "
            "raise it, or leave it out"
        )
    if given is not None or sorter.source.num_nodes is not None:
        return
    if not writer.num_entries:
        raise InputError(
            f"{name} has no edges; pass {argument('num_nodes')} to make a graph without any"
        )
    if rows >= 2**31:
        raise InputError(
            f"{name} has {rows} rows; pass {argument('num_nodes', rows)} for 2**31 or more"
        )
    if highest >= rows:
        raise sorter.out_of_range("some row", highest, rows)


def _asymmetric(source: RowSource, context: Context, writer: GraphWriter) -> InputError:
    found = asymmetric_entry(
        context.group, writer.num_rows, writer.num_entries, context.tuning.budget
    )
    pair = "" if found is None else " ({} → {} is not)".format(*found)
    return InputError(
        f"{source.name}: the rows are not symmetric{pair}; pass "
        f"{argument('directed', True)}, or add what is missing"
    )


#: Entries up to which the search is worth its time, and what it takes of memory for each.
MOST_ENTRIES = 1 << 26


_ENTRY_BYTES = 128


def asymmetric_entry(
    group: zarr.Group, num_nodes: int, num_entries: int, memory: int
) -> tuple[int, int] | None:
    """Return (row, neighbour) of the first entry without a mirror image of its value.

    None when the graph is too large to look for it within `memory`.
    """
    if num_entries > min(MOST_ENTRIES, memory // _ENTRY_BYTES):
        return None
    degrees = np.diff(np.asarray(group["offsets"][:]))  # type: ignore[index]
    neighbors = np.asarray(group["neighbors"][:])  # type: ignore[index]
    rows = np.repeat(np.arange(num_nodes), degrees)
    values = np.zeros(num_entries)
    for name in VALUE_TYPES:
        if name in group:
            values = np.asarray(group[name][:])  # type: ignore[index]
    there = np.lexsort((values, neighbors, rows))
    back = np.lexsort((values, rows, neighbors))  # sorts the mirror images
    entries = rows[there], neighbors[there], values[there]
    images = neighbors[back], rows[back], values[back]
    differ = np.logical_or.reduce([a != b for a, b in zip(entries, images, strict=True)])
    first = int(np.argmax(differ))
    entry = tuple(column[first].item() for column in entries)
    image = tuple(column[first].item() for column in images)
    # Of two sorted lists that part here, the lesser item is the one that the other lacks.
    return (entry[0], entry[1]) if entry < image else (image[1], image[0])
