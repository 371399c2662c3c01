"""Measure walks on graphs in several orders of nodes: of R-MAT, Debian, and planted communities.

    python -m benchmarks.reorder

A crossing is a step that leaves its partition, of PARTITIONS of as many entries each. Seconds are
those of CPU time of all threads, medians of runs that take turns.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.csgraph import reverse_cuthill_mckee

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import machine
from benchmarks.timing import in_turns
from graphwalk.storage.build.renumber import renumber
from graphwalk.util.events import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import dask.array as da
    from numpy.typing import NDArray

DEBIAN = Path(__file__).parents[1] / "examples" / "debian"
WALKS: dict[str, Any] = {"num_walks": 1, "walk_length": 80, "seed": 1}
PARTITIONS = 8, 16
#: The memory of a job out of core: this part of the graph, and the buffers of two workers.
SHARE, BUFFERS = 4, 20 << 20
#: Smaller graphs are a few chunks, and are not walked out of core.
LEAST_ENTRIES = 16 << 20
ORDERS = "given", "degree", "bfs", "clusters", "Cuthill-McKee"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reorder", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="2**SCALE nodes (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--only", choices=("R-MAT", "Debian", "planted"))
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}\n")
    crossings = " | ".join(f"crossings, {parts} partitions" for parts in PARTITIONS)
    columns = f"| order | {crossings} | bytes a step | out of core | in memory | disk | reorder |"
    print(f"| graph {columns}\n|{' --- |' * (columns.count('|'))}")
    graphs = {"R-MAT": rmat_edges, "Debian": _debian, "planted": planted_edges}
    for name, make in graphs.items():
        if args.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                for row in _rows(make(args.scale), Path(folder), args.rounds):
                    print(f"| {name} | {row} |", flush=True)


def planted_edges(scale: int, degree: int = 16, inside: float = 0.8) -> NDArray[Any]:
    """Return edges of which that part is inside communities of 128 to 4096 nodes."""
    rng, nodes = np.random.default_rng(1), 1 << scale
    sizes = (128 * (1 - rng.random(nodes // 256)) ** -0.7).clip(max=4096).astype(np.int64)
    ends = np.minimum(np.cumsum(sizes), nodes)
    ends = np.append(ends[ends < nodes], nodes)
    src = np.repeat(np.arange(nodes), degree)
    community = np.searchsorted(ends, src, side="right")
    first = np.append(0, ends)[community]
    dst = first + (rng.random(len(src)) * (ends[community] - first)).astype(np.int64)
    dst = np.where(rng.random(len(src)) < inside, dst, rng.integers(0, nodes, len(src)))
    names = rng.permutation(nodes).astype(np.int32)
    return names[np.stack([src, dst])]


def _debian(scale: int) -> Any:
    del scale
    return next(DEBIAN.glob("*.parquet"))


def _rows(edges: Any, folder: Path, rounds: int) -> Iterator[str]:
    """Yield a row of the table for each order."""
    given = graphwalk.build_zarr(edges, folder / "given.zarr", progress=False)
    orders, seconds = {"given": given}, {"given": 0.0}
    for order in ORDERS[1:]:
        start = process_time()
        orders[order] = _reordered(given, order, folder / f"{order}.zarr")
        seconds[order] = process_time() - start
    whole = {order: graphwalk.random_walks(graph, **WALKS) for order, graph in orders.items()}
    memory = (4 * given.num_entries + 8 * given.num_nodes) // SHARE + BUFFERS
    some = {
        order: graphwalk.random_walks(graph, **WALKS, memory=memory)
        for order, graph in orders.items()
        if given.num_entries > LEAST_ENTRIES
    }
    outside, inside = (in_turns(rounds, process_time, **_runs(each)) for each in (some, whole))
    for order, graph in orders.items():
        walks = whole[order].compute()
        steps = int((walks[:, 1:] >= 0).sum())
        crossed = (f"{_crossings(graph, walks, parts) / steps:.1%}" for parts in PARTITIONS)
        size = sum(file.stat().st_size for file in Path(graph.path).rglob("*") if file.is_file())
        read = f"{_bytes_read(some[order]) / steps:.0f} | {outside[order]:.1f} s" if some else "|"
        times = f"{inside[order]:.2f} s", f"{size / 2**20:.1f} MiB", f"{seconds[order]:.1f} s"
        yield " | ".join([order, *crossed, read, *times])


def _reordered(graph: graphwalk.Graph, order: str, store: Path) -> graphwalk.Graph:
    if order != "Cuthill-McKee":
        return graph.reorder(order, store, progress=False)
    found = reverse_cuthill_mckee(graph.to_scipy(), symmetric_mode=True)
    how: dict[str, Any] = {"overwrite": False, "compressed": True, "storage_options": None}
    numbers = np.argsort(found).astype(np.int32)
    return renumber(graph._arrays, lambda: numbers, store, memory="4 GiB", progress=False, **how)


def _runs(walks: dict[str, da.Array]) -> dict[str, Callable[[], object]]:
    return {order: each.compute for order, each in walks.items()}


def _crossings(graph: graphwalk.Graph, walks: NDArray[Any], partitions: int) -> int:
    wanted = np.arange(1, partitions) * graph.num_entries // partitions
    cuts, _ = graph._arrays.find_offsets(wanted)
    part = np.searchsorted(cuts, walks, side="right")
    return int(((part[:, 1:] != part[:, :-1]) & (walks[:, 1:] >= 0)).sum())


def _bytes_read(walks: da.Array) -> int:
    sizes: list[int] = []
    with listening(lambda event: sizes.append(event.size)):
        walks.compute()
    return sum(sizes)


if __name__ == "__main__":
    main()
