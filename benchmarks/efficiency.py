"""Compare Ray and Dask distributed with threads on one machine: the same walks, the same workers.

    python -m benchmarks.efficiency

Cases are measured alternately; the ratio is the time of threads to that of the cluster. Below each
is where the time of workers goes in one run, as Ray's and Dask's own records of tasks have it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import in_turns
from graphwalk.scheduler.executors.resources import current_executor

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 2
WALKS: dict[str, Any] = {"num_walks": 2, "walk_length": 80, "seed": 7}
CLUSTERS: dict[str, dict[str, Any]] = {
    "ray": {"num_workers": WORKERS, "object_store_memory": 3 << 30},
    "distributed": {"num_workers": WORKERS},
}
AIM = ">= 0.85"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.efficiency", description=__doc__)
    parser.add_argument("--scale", type=int, default=21, help="2**SCALE nodes (default: 21)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        edges = rmat_edges(args.scale)
        graph = graphwalk.build_zarr(edges, Path(folder, "graph.zarr"), progress=False)
        del edges
        rows = []
        for name, options in CLUSTERS.items():
            with graphwalk.scheduler.use(name, **options):
                rows += _rows(name, graph, Path(folder), args.rounds)
        print_table(f"R-MAT, 2^{args.scale} nodes, 2 walks of 80 steps, {WORKERS} workers", rows)


def _cases(graph: graphwalk.Graph, folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what is done with walks on the scheduler in use."""
    walks = graphwalk.random_walks(graph, **WALKS)
    counts = graphwalk.visit_counts(graph, **WALKS)
    some: dict[str, Any] = {"overwrite": True, "progress": False}
    return {
        "compute()": walks.compute,
        "write_walks to .npy": lambda: graphwalk.write_walks(walks, folder / "walks.npy", **some),
        "visit_counts": counts.compute,
    }


def _rows(name: str, graph: graphwalk.Graph, folder: Path, rounds: int) -> list[Row]:
    """Compare a cluster, which is in use, with threads."""
    there, rows = _cases(graph, folder), []
    with graphwalk.scheduler.use("threads", num_workers=WORKERS):
        here = _cases(graph, folder)

    def by_threads(what: str) -> None:
        with graphwalk.scheduler.use("threads", num_workers=WORKERS):
            here[what]()

    for what, run in there.items():
        took = in_turns(rounds, there=run, threads=lambda what=what: by_threads(what))
        against = f"threads, {took['threads']:.2f} s; {_where(run)}"
        ratio = took["threads"] / took["there"]
        rows.append(Row(f"{what}, {name}", f"{took['there']:.2f} s", against, ratio, AIM))
    return rows


def _where(run: Callable[[], Any]) -> str:
    """Return what share of the time of workers goes to each kind of task."""
    start = time.time()
    run()
    seconds = time.time() - start
    spent = Counter[str]()
    for event in current_executor().tasks_since(start):
        spent[event.kind] += event.seconds
    shares = {kind: took / seconds / WORKERS for kind, took in spent.most_common(3)}
    idle = max(0.0, 1 - spent.total() / seconds / WORKERS)
    return ", ".join(f"{kind} {share:.0%}" for kind, share in (shares | {"idle": idle}).items())


if __name__ == "__main__":
    main()
