"""`Graph.update` of one edge in a hundred against builds of all, from several forms of edges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

import graphwalk
from benchmarks.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

#: One edge in this many changes; half of these are removed, and as many are added.
SHARE = 100


def measure_updates(edges: NDArray[Any], folder: Path, rounds: int) -> list[Row]:
    """Return CPU seconds, measured alternately, from names in a table, a file, and arrays."""
    names, file = _named(edges), folder / "numbers.parquet"
    pq.write_table(pa.table([pa.array(ends) for ends in edges], ["source", "target"]), file)
    part = slice(0, edges.shape[1] // (2 * SHARE))
    return [
        _compare("names in a table", names, names[part], folder, rounds),
        _compare("numbers in Parquet", file, edges[:, part], folder, rounds),
        _compare("numbers in arrays", edges, edges[:, part], folder, rounds),
    ]


def _compare(what: str, edges: Any, some: Any, folder: Path, rounds: int) -> Row:
    graph = graphwalk.build_zarr(edges, folder / "old.zarr", overwrite=True)
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
        ">= 5" if isinstance(edges, pa.Table) else ">= 1.5",
    )


def _cpu(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def _named(edges: NDArray[Any]) -> pa.Table:
    names = pa.array([f"user-{node:08}" for node in range(int(edges.max()) + 1)])
    return pa.table([names.take(pa.array(ends)) for ends in edges], ["source", "target"])
