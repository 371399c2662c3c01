"""Passes of analytics over a graph that is read again each time, next to reading and GAP's kernel.

    python -m benchmarks.passes --scale 24 --gapbs FOLDER

The store is in the page cache. Each job runs in a process of its own, on one thread; figures are
seconds of its CPU, and the memory that it took more than after its imports.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

import graphwalk
from benchmarks.analytics import ITERATIONS
from benchmarks.gap import gap_seconds, write_serialized
from benchmarks.peers.processes import peak_memory
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table

if TYPE_CHECKING:
    from dask.array import Array

#: Bytes beyond an algorithm's state.
EXTRA = 256 << 20

#: Entries that are read at a time where nothing is computed.
_ENTRIES = 1 << 23


def main() -> None:
    """Print the table, or run one job."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passes", description=__doc__)
    parser.add_argument("--scale", type=int, default=24, help="2**SCALE nodes (default: 24)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--gapbs", type=Path, help="folder with the programs of GAP")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(_run(*args.run)))
        return
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "graph.zarr")
        source, target = (ids.astype(np.int32) for ids in rmat_edges(args.scale))
        graph = graphwalk.build_zarr((source, target), store, progress=False)
        del source, target
        title = f"R-MAT, 2^{args.scale} nodes, {graph.num_entries:,} entries"
        print_table(title, _rows(graph, args.rounds, args.gapbs, Path(folder)))


def _rows(graph: graphwalk.Graph, rounds: int, gapbs: Path | None, folder: Path) -> list[Row]:
    jobs = ("reading", "components", "pagerank")
    done: dict[str, list[dict[str, float]]] = {job: [] for job in jobs}
    iterations: list[float] = []
    if gapbs:
        write_serialized(graph, folder / "graph.sg")
    for _ in range(rounds):
        for job in jobs:
            command = [sys.executable, "-m", "benchmarks.passes", "--run", job, str(graph.path)]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            done[job].append(json.loads(out))
        if gapbs:
            program = ("pr_spmv", "-i", str(ITERATIONS), "-t", "0")
            iterations.append(gap_seconds(gapbs, folder / "graph.sg", program) / ITERATIONS)

    def figure(job: str, name: str) -> float:
        return median(result[name] for result in done[job])

    reading, components = figure("reading", "seconds"), figure("components", "seconds")
    each = figure("pagerank", "seconds") / ITERATIONS
    read = f"reading once, {reading:.2f} s"
    rows = [Row("components", f"{components:.2f} s", read, components / reading, "<= 1.3")]
    if iterations:
        gap = median(iterations)
        against = f"reading once and GAP's pass in memory, {gap:.2f} s"
        rows.append(
            Row("a pass of PageRank", f"{each:.2f} s", against, each / (reading + gap), "<= 1")
        )
    for job in jobs[1:]:
        peak, bound = figure(job, "peak"), figure(job, "state") + 300e6
        against = f"state and 300 MB, {bound / 1e6:.0f} MB"
        rows.append(Row(f"memory of {job}", f"{peak / 1e6:.0f} MB", against, peak / bound, "<= 1"))
    return rows


def _run(job: str, store: str) -> dict[str, float]:
    """Run a job once it is compiled; return its CPU seconds, memory and the size of its state."""
    small = graphwalk.build_zarr([(0, 1)], progress=False)
    graph = graphwalk.open_zarr(store)
    with graphwalk.scheduler.use("threads", num_workers=1):
        _compute(job, small)
        before, start = peak_memory(), time.process_time()
        state = _compute(job, graph)
        seconds = time.process_time() - start
    return {"seconds": seconds, "peak": peak_memory() - before, "state": state}


def _compute(job: str, graph: graphwalk.Graph) -> int:
    """Compute a job; return the bytes of its state."""
    if job == "reading":
        for start in range(0, graph.num_entries, _ENTRIES):
            graph.read_neighbors(start, min(start + _ENTRIES, graph.num_entries))
        return 0
    state: int = _analysis(job, graph, None).plan.cost.state * graph.num_nodes
    with contextlib.suppress(graphwalk.ConvergenceError):
        _analysis(job, graph, state + EXTRA).compute()
    return state


def _analysis(job: str, graph: graphwalk.Graph, memory: int | None) -> Array:
    if job == "components":
        return graphwalk.connected_components(graph, memory=memory)
    return graphwalk.pagerank(graph, tol=1e-300, max_iter=ITERATIONS, memory=memory)


if __name__ == "__main__":
    main()
