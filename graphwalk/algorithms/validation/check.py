"""Checks whether a store follows the format, reading all of it in little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.validation.labels import check_labels
from graphwalk.algorithms.validation.problems import Problems
from graphwalk.algorithms.validation.rows import check_rows
from graphwalk.errors import StoreError
from graphwalk.scheduler.executors.resources import current_executor
from graphwalk.storage.store.added_arrays import AddedArray
from graphwalk.storage.store.format import FILL_VALUES, MANIFEST_FORMAT
from graphwalk.storage.store.group import stored_array
from graphwalk.storage.store.validation_result import Validation

if TYPE_CHECKING:
    import zarr

    from graphwalk.algorithms.validation.row_report import RowReport
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.progress_bar import Progress

#: What format 1 cannot tell.
_PLACES = "that each chunk is at its place and of this build (format 1; build it again)"

_UNCHECKED = ("the number of edges", "that both ends of each edge list it")


def validate(graph: GraphArrays, progress: Progress, partitions: int | None = None) -> Validation:
    """Check all of a graph's store on the executor in use; see `Graph.validate`.

    Problems are collected, and all checks that are still possible are made. What is found does not
    depend on the executor, nor on the number of partitions in which rows are checked.
    """
    info, problems = graph.info, Problems(graph.path)
    _check_arrays(graph.group, info, problems)
    if not _check_readable(graph, problems):
        return Validation(graph.path, tuple(problems.texts), problems.count, ("all else",), {})
    executor = current_executor()
    with (
        executor.job("validate") as job,
        progress.stage("check rows", graph.num_entries, "entries") as advance,
    ):
        rows = check_rows(graph, job, executor.resources(), partitions, advance)
    allowed = info.weightless_rows is not None
    for problem in rows.told(graph.num_nodes, info.values, weightless=allowed):
        problems.add(problem)
    whole = problems.count == 0
    if whole:
        _check_edges(graph, rows, problems)
    with progress.stage("check labels", graph.num_nodes, "labels") as advance:
        check_labels(graph, problems, advance)
    _check_node_types(graph, problems)
    _check_touched(graph, problems)
    _check_added_arrays(graph, problems)
    unchecked = _UNCHECKED[: 1 if graph.directed else 2] if not whole else ()
    if info.format < MANIFEST_FORMAT:
        unchecked = (*unchecked, _PLACES)
    facts = {
        "nodes": graph.num_nodes,
        "edges": graph.num_edges,
        "entries": graph.num_entries,
        "self-loops": rows.loops,
        "parallel entries": rows.parallel,
    }
    return Validation(graph.path, tuple(problems.texts), problems.count, unchecked, facts)


def _check_readable(graph: GraphArrays, problems: Problems) -> bool:
    """Return whether there are rows to check; else report why not.

    Where no array of entries can be opened, nothing says that there are as many as is claimed.
    """
    errors = {}
    arrays = {name for name in graph.info.arrays if name != "node_types"}
    for name in arrays:
        try:
            graph.chunk_length(name)
        except StoreError as error:
            errors[name] = error
    if "offsets" not in errors and len(errors) < len(arrays) - 1:
        return True
    for name in sorted(errors):
        problems.add(str(errors[name]))
    return False


def _array_types(info: GraphInfo) -> dict[str, Any]:
    types: dict[str, Any] = {name: dtype for name, (dtype, _) in info.arrays.items()}
    if info.labels == "int64":
        types["labels"] = np.int64
    elif info.labels == "string":
        types |= {"label_offsets": np.int64, "label_bytes": np.uint8}
    if info.num_touched is not None:
        types["touched_nodes"] = np.int64
    return types


def _check_arrays(group: zarr.Group, info: GraphInfo, problems: Problems) -> None:
    """Check types and fill values; missing arrays are detected when they are read."""
    for name, dtype in _array_types(info).items():
        try:
            array = stored_array(group, name)
            found, fill = array.dtype, float(array.fill_value)
        except Exception:
            continue
        if found != np.dtype(dtype):
            problems.add(f"array {name!r} is of type {found}, not {np.dtype(dtype)}")
        due = FILL_VALUES[name]
        if fill != due and not (np.isnan(fill) and np.isnan(due)):
            problems.add(
                f"array {name!r} has the fill value {fill:g}, not {due:g}: "
                "a missing chunk would go unnoticed"
            )


def _check_node_types(graph: GraphArrays, problems: Problems) -> None:
    names = graph.type_names
    if names is None or graph.num_nodes == 0:
        return
    try:
        step = graph.chunk_length("node_types")
        parts = (
            graph.read_node_types(start, min(start + step, graph.num_nodes))
            for start in range(0, graph.num_nodes, step)
        )
        largest = max(int(part.max()) for part in parts)
    except StoreError as error:
        problems.add(str(error))
        return
    if largest >= len(names):
        problems.add(f"array 'node_types' has the type {largest}, and there are {len(names)}")


def _check_touched(graph: GraphArrays, problems: Problems) -> None:
    try:
        graph.read_touched_nodes()
    except StoreError as error:
        problems.add(str(error))


def _check_added_arrays(graph: GraphArrays, problems: Problems) -> None:
    """Read all arrays of values, a chunk at a time."""
    for stored in graph.added_arrays:
        kind, _, name = stored.partition(".")
        try:
            array = AddedArray(graph, kind, name)
            for first in range(0, array.shape[0], array.chunk_rows):
                array[first : first + array.chunk_rows]
        except StoreError as error:
            problems.add(str(error))


def _check_edges(graph: GraphArrays, rows: RowReport, problems: Problems) -> None:
    """Check what depends on all rows together."""
    if not graph.directed and rows.asymmetry:
        problems.add("array 'neighbors': the graph is undirected, but not both ends of each edge "
                     "list it, with the same weight, time or type")  # fmt: skip
        return
    told = graph.edge_type_names
    if told is not None and rows.edge_types != {*told}:
        there = sorted(rows.edge_types)
        problems.add(f"attribute 'edge_types' is {list(told)}, but edges are of the types {there}")
    weightless = graph.info.weightless_rows
    if weightless is not None and rows.weightless != weightless:
        problems.add(
            f"attribute 'weightless_rows' is {weightless}, but there are {rows.weightless} rows "
            "without a weight above zero"
        )
    edges = graph.num_entries if graph.directed else (graph.num_entries + rows.loops) // 2
    if edges != graph.num_edges:
        problems.add(f"attribute 'num_edges' is {graph.num_edges}, but there are {edges} edges")
