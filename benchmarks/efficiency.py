"""Compare Ray and Dask distributed with threads on one machine: the same work, as many workers.

    python -m benchmarks.efficiency

Cases are measured alternately; the ratio is the time of threads to that of the cluster. Each row
also says in which part of the time of one run tasks of each kind ran, as Ray's and Dask's own
records tell it, and the CPU seconds of all processes, which other work on the machine changes less.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import cpu_of_all, in_turns, wake_memory
from graphwalk.scheduler.executors.resources import current_executor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from graphwalk.util.events import Event

WORKERS = 2
#: Walks from each node; in partitions that are read in each wave, a step takes four times as long.
IN_MEMORY: dict[str, Any] = {"num_walks": 8, "walk_length": 80, "seed": 7}
OUT_OF_CORE: dict[str, Any] = IN_MEMORY | {"num_walks": 1}
#: PageRank of all digits that the iteration gives within as many passes.
RANKS: dict[str, Any] = {"tol": 1e-12, "max_iter": 60}
CLUSTERS: dict[str, dict[str, Any]] = {
    "ray": {"num_workers": WORKERS, "object_store_memory": 3 << 30},
    "distributed": {"num_workers": WORKERS},
}
AIM = 0.85


class Run(NamedTuple):
    """Seconds of the clock and of all CPUs, and the share of the time in which tasks ran."""

    seconds: float
    cpu: float
    shares: dict[str, float]

    def __str__(self) -> str:
        shares = ", ".join(f"{kind} {share:.0%}" for kind, share in self.shares.items())
        return f"CPU {self.cpu:.1f} s" + (f", {shares}" if shares else "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.efficiency", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="2**SCALE nodes (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--schedulers", nargs="+", default=list(CLUSTERS), choices=CLUSTERS)
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="parts of the names of cases")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}\n", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        edges = rmat_edges(args.scale)
        path = graphwalk.build_zarr(edges, Path(folder, "graph.zarr"), progress=False).path
        del edges
        for name in args.schedulers:
            with graphwalk.scheduler.use(name, **CLUSTERS[name]):
                for row in _rows(name, path, Path(folder), args.rounds, args.cases):
                    print(f"{row.what}: {row.figure}; {row.against}; {row.ratio:.2f}", flush=True)
                    rows.append(row)
    print_table(f"R-MAT, 2^{args.scale} nodes, {WORKERS} workers, seconds", rows)


def _cases(path: str, folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what is computed on the scheduler in use, by name."""
    graph, some = graphwalk.open_zarr(path), {"overwrite": True, "progress": False}
    # A quarter of the graph, what is held of each node, and the buffers of workers.
    memory = graph.num_entries + 24 * graph.num_nodes + (64 << 20)
    little = {"memory": memory}
    cases: dict[str, Callable[[], Any]] = {}
    for where, walks, plan in (
        ("in memory", IN_MEMORY, {}),
        ("out of core", OUT_OF_CORE, little),
    ):
        array = graphwalk.random_walks(graph, **walks, **plan)
        assert array.plan.resident == (where == "in memory"), where
        cases |= {
            f"compute(), {where}": array.compute,
            f".npy, {where}": lambda array=array: graphwalk.write_walks(
                array, folder / "walks.npy", **some
            ),
            f"Zarr, {where}": lambda array=array: graphwalk.write_walks(
                array, folder / "walks.zarr", **some
            ),
            f"visit_counts, {where}": graphwalk.visit_counts(graph, **walks, **plan).compute,
            f"PageRank, {where}": graphwalk.pagerank(graph, **RANKS, **plan).compute,
        }
    return cases


def _rows(
    name: str, path: str, folder: Path, rounds: int, parts: list[str] | None
) -> Iterator[Row]:
    """Compare a cluster, which is in use, with threads."""
    there = _cases(path, folder)
    with graphwalk.scheduler.use("threads", num_workers=WORKERS):
        here = _cases(path, folder)
    for what in there:
        if parts is not None and not any(part in what for part in parts):
            continue
        took = in_turns(rounds, there=there[what], threads=partial(_by_threads, here[what]))
        against = f"threads, {took['threads']:.1f} ({_by_threads(partial(_watch, here[what]))})"
        figure = f"{took['there']:.1f} ({_watch(there[what])})"
        ratio = took["threads"] / took["there"]
        yield Row(f"{what}, {name}", figure, against, ratio, f">= {AIM}")
        for file in folder.glob("walks.*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()


def _by_threads(run: Callable[[], Any]) -> Any:
    with graphwalk.scheduler.use("threads", num_workers=WORKERS):
        return run()


def _watch(run: Callable[[], Any]) -> Run:
    """Run something once more, and look where its time goes."""
    wake_memory()
    start, cpu = time.time(), cpu_of_all()
    run()
    seconds, cpu = time.time() - start, cpu_of_all() - cpu
    executor = current_executor()
    if executor.in_process:
        return Run(seconds, cpu, {})
    events = executor.tasks_since(start)
    spent = Counter(
        {
            kind: _covered(event for event in events if event.kind == kind)
            for kind in {event.kind for event in events}
        }
    )
    shares = {kind: took / seconds for kind, took in spent.most_common(3)}
    return Run(seconds, cpu, shares | {"no task": max(0.0, 1 - _covered(events) / seconds)})


def _covered(events: Iterable[Event]) -> float:
    """Return the seconds in which any of some events goes on; a task may have several threads."""
    covered, until = 0.0, 0.0
    for event in sorted(events, key=lambda event: event.started):
        stop = event.started + event.seconds
        covered += max(0.0, stop - max(event.started, until))
        until = max(until, stop)
    return covered


if __name__ == "__main__":
    main()
