"""Analytics next to GAP's C++ kernels, SciPy and other libraries, measured alternately in one run.

The GAP Benchmark Suite (S. Beamer, K. Asanović, D. Patterson, arXiv:1508.03619) is built by the
reader from its sources; `--gapbs` names the folder of its programs. NetworKit, igraph and
scikit-network are measured where they are installed. All figures are seconds of CPU of one thread.
Those of the others are of a graph in memory, which graphwalk reads from its store each time: its
figure is that of the whole call less the time to read and decode the store.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csgraph, csr_matrix

import graphwalk
from benchmarks.gap import gap_seconds, write_serialized
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import in_turns

if TYPE_CHECKING:
    from collections.abc import Callable

#: Iterations of PageRank that are measured.
ITERATIONS = 10

#: Weights of shortest paths are from 1 to this, as in GAP.
HEAVIEST = 255

#: The width of GAP's buckets of distances for shortest paths.
DELTA = "16"


class Inputs:
    """A graph in the form of each library, made when it is first used."""

    def __init__(self, folder: Path, scale: int) -> None:
        source, target = rmat_edges(scale)
        weights = np.random.default_rng(scale).integers(1, HEAVIEST + 1, len(source))
        self._folder = folder
        self.plain = graphwalk.build_zarr((source, target), folder / "plain.zarr", progress=False)
        self.weighted = graphwalk.build_zarr(
            (source, target, weights), folder / "weighted.zarr", progress=False
        )
        self.source = int(np.argmax(graphwalk.degrees(self.plain).compute()))

    @cached_property
    def matrix(self) -> csr_matrix:
        """The graph for SciPy."""
        return csr_matrix(self.plain.to_scipy())

    @cached_property
    def distances(self) -> csr_matrix:
        """The graph with weights for SciPy."""
        return csr_matrix(self.weighted.to_scipy())

    @cached_property
    def igraph(self) -> Any:
        """The graph for igraph."""
        import igraph

        return igraph.Graph(self.plain.num_nodes, self._edges(self.matrix))

    @cached_property
    def networkit(self) -> Any:
        """The graph for NetworKit."""
        return self._networkit(self.matrix, weighted=False)

    @cached_property
    def networkit_weighted(self) -> Any:
        """The graph with weights for NetworKit."""
        return self._networkit(self.distances, weighted=True)

    def _networkit(self, matrix: csr_matrix, *, weighted: bool) -> Any:
        import networkit

        networkit.setNumberOfThreads(1)
        pairs = self._edges(matrix)
        data = matrix[pairs[:, 0], pairs[:, 1]] if weighted else np.ones(len(pairs))
        coo = np.asarray(data, np.float64).ravel(), tuple(pairs.T)
        return networkit.GraphFromCoo(coo, n=matrix.shape[0], weighted=weighted)

    def _edges(self, matrix: csr_matrix) -> np.ndarray:
        """Return each edge once, shape (edges, 2)."""
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        once = rows <= matrix.indices
        return np.stack([rows[once], matrix.indices[once]], axis=1)

    def serialized(self, *, weighted: bool) -> Path:
        """Return the file of the graph as GAP reads it."""
        path = self._folder / ("graph.wsg" if weighted else "graph.sg")
        if not path.exists():
            write_serialized(self.weighted if weighted else self.plain, path)
        return path


class Case(NamedTuple):
    """An algorithm: how it is run here and by others, and which program of GAP it is."""

    name: str
    run: Callable[[Inputs], object]
    others: dict[str, Callable[[Inputs], object]]
    program: Callable[[Inputs], tuple[str, ...]]
    aim: str
    weighted: bool = False
    largest: int = 30  # scale


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="2**SCALE nodes (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--gapbs", type=Path, help="folder with the programs of GAP")
    parser.add_argument("--only", nargs="*", help="names of algorithms, or parts of them")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder, graphwalk.scheduler.use("threads", num_workers=1):
        inputs = Inputs(Path(folder), args.scale)
        graph = f"R-MAT, 2^{args.scale} nodes, edge factor 16, undirected"
        for case in _cases():
            if args.only is None or any(part in case.name for part in args.only):
                rows = _measure(inputs, case, args.scale, args.rounds, args.gapbs)
                print_table(f"{case.name}: {graph}", rows)


def _measure(inputs: Inputs, case: Case, scale: int, rounds: int, gapbs: Path | None) -> list[Row]:
    """Return a row for each of the others, measured in turns with graphwalk."""
    graph = inputs.weighted if case.weighted else inputs.plain
    ways = {"graphwalk": case.run, "reading": lambda _: _read(graph)}
    ways |= {name: run for name, run in case.others.items() if _has(name, scale, case.largest)}
    gap: list[float] = []
    if gapbs:
        path, program = inputs.serialized(weighted=case.weighted), case.program(inputs)
        ways["GAP"] = lambda _: gap.append(gap_seconds(gapbs, path, program))
    cases = {name: partial(run, inputs) for name, run in ways.items()}
    times = in_turns(rounds, time.process_time, **cases)
    if gap:
        times["GAP"] = median(gap[1:])  # as the program says, not of this process
    whole, reading = times.pop("graphwalk"), times.pop("reading")
    own = whole - reading
    figure = f"{own:.3f} s, and {reading:.3f} s to read"
    return [
        Row(
            case.name,
            figure,
            f"{name}, {taken:.3f} s",
            own / taken,
            case.aim if name == "GAP" else "< 1",
        )
        for name, taken in times.items()
    ]


def _cases() -> list[Case]:
    def start(inputs: Inputs) -> tuple[str, ...]:
        return ("-r", str(inputs.source))

    return [
        Case(
            "connected components",
            lambda given: graphwalk.connected_components(given.plain).compute(),
            {
                "SciPy": lambda given: csgraph.connected_components(given.matrix, directed=False),
                "igraph": lambda given: given.igraph.connected_components(),
                "NetworKit": _networkit_components,
            },
            lambda _: ("cc",),
            "<= 1.0",
        ),
        Case(
            f"PageRank, {ITERATIONS} iterations",
            _pagerank,
            {
                "SciPy": lambda given: _power_iteration(given.matrix),
                "scikit-network": _scikit_network_pagerank,
                "NetworKit": _networkit_pagerank,
            },
            lambda _: ("pr_spmv", "-i", str(ITERATIONS), "-t", "0"),
            "<= 1.0",
        ),
        Case(
            "breadth-first search",
            lambda given: graphwalk.bfs(given.plain, given.source).compute(),
            {
                "SciPy": lambda given: csgraph.breadth_first_order(given.matrix, given.source),
                "igraph": lambda given: given.igraph.distances(given.source),
                "NetworKit": _networkit_bfs,
                "scikit-network": _scikit_network_distances,
            },
            lambda given: ("bfs", *start(given)),
            "<= 1.5",
        ),
        Case(
            "shortest paths",
            lambda given: graphwalk.shortest_paths(given.weighted, given.source).compute(),
            {
                "SciPy": lambda given: csgraph.dijkstra(given.distances, indices=given.source),
                "NetworKit": _networkit_paths,
            },
            lambda given: ("sssp", *start(given), "-d", DELTA),
            "<= 1.5",
            weighted=True,
        ),
        Case(
            "triangles",
            lambda given: graphwalk.triangles(given.plain).compute(),
            {
                "igraph": lambda given: given.igraph.transitivity_undirected(),
                "NetworKit": _networkit_triangles,
                "scikit-network": _scikit_network_triangles,
            },
            lambda _: ("tc",),
            "<= 1.2",
            largest=18,
        ),
    ]


def _has(name: str, scale: int, largest: int) -> bool:
    module = {"SciPy": "scipy", "NetworKit": "networkit", "scikit-network": "sknetwork"}
    return scale <= largest and find_spec(module.get(name, name)) is not None


def _read(graph: graphwalk.Graph) -> None:
    """Read and decode all that is stored of a graph's edges."""
    graph.rows(0, graph.num_nodes)


def _pagerank(inputs: Inputs) -> None:
    with contextlib.suppress(graphwalk.ConvergenceError):
        graphwalk.pagerank(inputs.plain, tol=1e-300, max_iter=ITERATIONS).compute()


def _power_iteration(matrix: csr_matrix) -> np.ndarray:
    degrees = np.maximum(np.diff(matrix.indptr), 1)
    ranks = np.full(matrix.shape[0], 1 / matrix.shape[0])
    for _ in range(ITERATIONS):
        ranks = 0.15 / len(ranks) + 0.85 * (matrix @ (ranks / degrees))
    return ranks


def _scikit_network_pagerank(inputs: Inputs) -> object:
    from sknetwork.ranking import PageRank

    return PageRank(solver="piteration", n_iter=ITERATIONS, tol=0).fit_predict(inputs.matrix)


def _scikit_network_distances(inputs: Inputs) -> object:
    from sknetwork.path import get_distances

    return get_distances(inputs.matrix, inputs.source)


def _scikit_network_triangles(inputs: Inputs) -> object:
    from sknetwork.topology import count_triangles

    return count_triangles(inputs.matrix)


def _networkit_components(inputs: Inputs) -> object:
    import networkit

    return networkit.components.ConnectedComponents(inputs.networkit).run()


def _networkit_pagerank(inputs: Inputs) -> object:
    import networkit

    algorithm = networkit.centrality.PageRank(inputs.networkit, tol=1e-300)
    algorithm.maxIterations = ITERATIONS
    return algorithm.run()


def _networkit_bfs(inputs: Inputs) -> object:
    import networkit

    return networkit.distance.BFS(inputs.networkit, inputs.source, storePaths=False).run()


def _networkit_paths(inputs: Inputs) -> object:
    import networkit

    graph = inputs.networkit_weighted
    return networkit.distance.Dijkstra(graph, inputs.source, storePaths=False).run()


def _networkit_triangles(inputs: Inputs) -> object:
    import networkit

    inputs.networkit.removeSelfLoops()
    return networkit.centrality.LocalClusteringCoefficient(inputs.networkit, turbo=True).run()


if __name__ == "__main__":
    main()
