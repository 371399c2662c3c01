"""`Graph.update` of one edge in a hundred against a build of all, by names and by numbers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import graphwalk
from benchmarks.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

#: One edge in this many changes; half of these are removed, and as many are added.
SHARE = 100


def measure_updates(edges: NDArray[Any], folder: Path, rounds: int) -> list[Row]:
    """Return CPU seconds, measured alternately, from tables of names and from arrays of numbers."""
    return [
        _compare("names in a table", _named(edges), folder, rounds),
        _compare("numbers in arrays", edges, folder, rounds),
    ]


def _compare(what: str, edges: Any, folder: Path, rounds: int) -> Row:
    graph = graphwalk.build_zarr(edges, folder / "old.zarr", overwrite=True)
    number = len(edges) if isinstance(edges, pa.Table) else edges.shape[1]
    part = slice(0, number // (2 * SHARE))
    some = edges[part] if isinstance(edges, pa.Table) else edges[:, part]
    again: list[float] = []
    updates: list[float] = []
    for _ in range(rounds):
        again.append(_cpu(lambda: graphwalk.build_zarr(edges, folder / "a.zarr", overwrite=True)))
        updates.append(
            _cpu(lambda: graph.update(folder / "b.zarr", remove=some, add=some, overwrite=True))
        )
    build, update = (sorted(times)[rounds // 2] for times in (again, updates))
    return Row(
        f"update of 1 % of the edges, {what}",
        f"{update:.2f} CPU s",
        f"build of all, {build:.2f} CPU s",
        build / update,
        ">= 5" if isinstance(edges, pa.Table) else ">= 1",
    )


def _cpu(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def _named(edges: NDArray[Any]) -> pa.Table:
    names = pa.array([f"user-{node:08}" for node in range(int(edges.max()) + 1)])
    return pa.table([names.take(pa.array(ends)) for ends in edges], ["source", "target"])
