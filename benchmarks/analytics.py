"""Analytics and GAP's C++ kernels and SciPy's, in CPU seconds of one run, measured alternately.

The GAP Benchmark Suite (S. Beamer, K. Asanović, D. Patterson, arXiv:1508.03619) is built by the
reader from its sources; `--gapbs` names the folder of its programs. Its figures are the seconds
that these print, of a graph in memory; graphwalk's hold reading the store, too. One thread each.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csgraph, csr_array

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

#: Iterations of PageRank that are measured.
ITERATIONS = 10

#: Trials of a program of GAP.
TRIALS = 3


class Case(NamedTuple):
    """An algorithm: how it is run here, by SciPy if that has it, and which program of GAP it is."""

    name: str
    run: Callable[[Any], object]
    scipy: Callable[[Any], object] | None
    program: tuple[str, ...]
    aim: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--scale", type=int, default=22, help="2**SCALE nodes (default: 22)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--gapbs", type=Path, help="folder with the programs of GAP")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder, graphwalk.scheduler.use("threads", num_workers=1):
        rows = _measure(Path(folder), args.scale, args.rounds, args.gapbs)
    print_table(f"R-MAT, 2^{args.scale} nodes, edge factor 16, undirected", rows)


def _measure(folder: Path, scale: int, rounds: int, gapbs: Path | None) -> list[Row]:
    graph = graphwalk.build_zarr(rmat_edges(scale), folder / "graph.zarr", progress=False)
    matrix = graph.to_scipy()
    if gapbs:
        _write_serialized(folder / "graph.sg", matrix)
    source = int(np.argmax(graphwalk.degrees(graph).compute()))
    rows = []
    for case in _cases(source):
        own: list[float] = []
        others: dict[str, list[float]] = {}
        case.run(graph)
        for _ in range(rounds):
            own.append(_cpu(lambda case=case: case.run(graph)))
            if case.scipy:
                others.setdefault("SciPy", []).append(_cpu(lambda c=case: c.scipy(matrix)))
            if gapbs:
                others.setdefault("GAP", []).append(_gap(gapbs, folder / "graph.sg", case.program))
        for name, times in others.items():
            against = f"{name}, {median(times):.3f} CPU s"
            ratio, aim = median(own) / median(times), case.aim if name == "GAP" else "< 1"
            rows.append(Row(case.name, f"{median(own):.3f} CPU s", against, ratio, aim))
    return rows


def _cases(source: int) -> list[Case]:
    start = ("-r", str(source))
    return [
        Case(
            "connected components",
            lambda graph: graphwalk.connected_components(graph).compute(),
            lambda matrix: csgraph.connected_components(matrix, directed=False),
            ("cc",),
            "<= 1.0 without reading",
        ),
        Case(
            f"PageRank, {ITERATIONS} iterations",
            _pagerank,
            lambda matrix: _power_iteration(matrix, ITERATIONS),
            ("pr_spmv", "-i", str(ITERATIONS), "-t", "0"),
            "<= 1.0 without reading",
        ),
        Case(
            "breadth-first search",
            lambda graph: graphwalk.bfs(graph, source).compute(),
            lambda matrix: csgraph.breadth_first_order(matrix, source),
            ("bfs", *start),
            "<= 1.5 without reading",
        ),
    ]


def _pagerank(graph: Any) -> None:
    with contextlib.suppress(graphwalk.ConvergenceError):
        graphwalk.pagerank(graph, tol=1e-300, max_iter=ITERATIONS).compute()


def _power_iteration(matrix: Any, iterations: int) -> np.ndarray:
    degrees = np.maximum(np.diff(matrix.indptr), 1)
    ranks = np.full(matrix.shape[0], 1 / matrix.shape[0])
    for _ in range(iterations):
        ranks = 0.15 / len(ranks) + 0.85 * (matrix @ (ranks / degrees))
    return ranks


def _write_serialized(path: Path, matrix: csr_array) -> None:
    """Write a graph as GAP reads it: directed or not, entries, nodes, offsets, neighbours."""
    with path.open("wb") as file:
        file.write(bytes(1))
        np.array([matrix.nnz, matrix.shape[0]], np.int64).tofile(file)
        matrix.indptr.astype(np.int64).tofile(file)
        matrix.indices.astype(np.int32).tofile(file)


def _gap(folder: Path, graph: Path, program: tuple[str, ...]) -> float:
    """Return the seconds of a trial of one thread, as the program says, without reading."""
    command = [folder / program[0], "-f", graph, "-n", str(TRIALS), *program[1:]]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return median(map(float, re.findall(r"Trial Time: +([0-9.]+)", done.stdout)))


def _cpu(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


if __name__ == "__main__":
    main()
