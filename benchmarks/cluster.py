"""Measure the constants of the model of clusters, and compare its predictions with runs.

    python -m benchmarks.cluster

Speeds are steps, and bytes of the graph in memory that are read, in a CPU second, which other work
on the machine changes less than the clock; of Ray those of its processes. Runs are timed by both,
without writing: the store is in the page cache, and each run reads the graph. Times are the least
of some rounds. What is moved are walkers that come to a partition, between machines or not.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np

import graphwalk
from benchmarks.driver import CLUSTERS
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import cpu_of_all, cpu_of_others
from graphwalk.scheduler.engine.cluster_model import crossing_of, predict
from graphwalk.scheduler.engine.measured_speeds import SPEEDS, Executor, Speed
from graphwalk.scheduler.engine.walk_in_memory import resident_partition
from graphwalk.util.cluster import parse_cluster
from graphwalk.util.events import Event, listening

if TYPE_CHECKING:
    from collections.abc import Callable


RULES: dict[str, Any] = {"num_walks": 1, "walk_length": 80, "seed": 7}
KINDS: dict[str, dict[str, Any]] = {
    "first order": {"weighted": False},
    "weighted": {"weighted": True},
    "node2vec": {"weighted": False, "p": 2.0, "q": 0.5},
    "temporal": {"temporal": True},
}
#: Partitions that stay in memory; None: those that are read again.
PARTITIONS, WORKERS = (1, 2, 4, None), (1, 2)
#: The memory of a job whose partitions are read again is one such part of the graph, and buffers.
PART, BUFFERS = 4, 64 << 20
#: Few walkers start at each node of this stride.
FEW = 8


def main() -> None:
    """Print the speeds, and the table of predictions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="2**SCALE nodes (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND")
    parser.add_argument("--no-runs", dest="runs", action="store_false", help="only the speeds")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        graphs = _graphs(Path(folder), args.scale)
        for kind in args.kinds:
            found = _speed(graphs[kind], KINDS[kind], args.rounds)
            figures = ", ".join(f"{each / 1e6:.3g}" for each in found)
            model = ", ".join(f"{each / 1e6:.3g}" for each in SPEEDS[kind])
            print(
                f"{kind}: {figures} M a second ({', '.join(Speed._fields)}); the model has {model}"
            )
        if args.runs:
            rows = _predictions(graphs, args.kinds, args.rounds)
            print_table(f"R-MAT, 2^{args.scale} nodes, seconds", rows)


def _graphs(folder: Path, scale: int) -> dict[str, str]:
    """Return the path of the graph that each kind of walk takes."""
    edges, rng = rmat_edges(scale), np.random.default_rng(1)
    # Nodes without neighbours, of which walks have no steps, would count as fast ones.
    edges = np.unique(edges, return_inverse=True)[1].reshape(edges.shape)
    values = rng.random(edges.shape[1], np.float32) + 0.1
    paths = {name: str(folder / f"{name}.zarr") for name in ("weights", "times")}
    for name, path in paths.items():
        graphwalk.build_zarr((*edges, values), path, times=name == "times", progress=False)
    return {kind: paths["times" if "temporal" in how else "weights"] for kind, how in KINDS.items()}


def _walks(path: str, how: dict[str, Any], **plan: Any) -> Any:
    """Return walks on a graph of which nothing is in memory."""
    return graphwalk.random_walks(graphwalk.open_zarr(path), **RULES, **how, **plan)


def _memory(path: str, how: dict[str, Any]) -> int:
    size: int = _walks(path, how, memory="1 TiB").plan.graph_bytes
    return size // PART + BUFFERS


def _least(run: Callable[[], Any], rounds: int, *clocks: Callable[[], float]) -> list[float]:
    """Return the least that a run takes by each clock."""
    taken = []
    for _ in range(rounds):
        before = [clock() for clock in clocks]
        run()
        taken.append([clock() - then for clock, then in zip(clocks, before, strict=True)])
    return [min(each) for each in zip(*taken, strict=True)]


def _speed(path: str, how: dict[str, Any], rounds: int) -> Speed:
    """Return the speeds of a kind of walks."""
    size = _walks(path, how, memory="1 TiB").plan.graph_bytes
    steps = _steps(_walks(path, how))
    with graphwalk.scheduler.use("threads", num_workers=2):
        whole = _walks(path, how)
        kept = partial(_walks, path, how, partitions=4)
        (reading,) = _least(lambda: _load(path, whole.plan.spec), rounds, process_time)
        (walked,) = _least(whole.compute, rounds, process_time)
        (by_threads,) = _least(lambda: kept().compute(), rounds, process_time)
        again, reread = _again(path, how, steps, rounds)
    with graphwalk.scheduler.use("ray", **CLUSTERS["ray"](2)):
        (by_tasks,) = _least(lambda: kept().compute(), rounds, cpu_of_others)
    return Speed(
        whole=steps / walked,
        kept=steps / (by_threads - reading),
        moved=steps / (by_tasks - reading),
        again=again,
        read=size / reading,
        reread=reread,
    )


def _again(path: str, how: dict[str, Any], steps: int, rounds: int) -> tuple[float, float]:
    """Return steps and bytes in a second where partitions are read again.

    A few walkers read the graph about as often as all, so that two runs tell one from the other.
    """
    plan: dict[str, Any] = {"memory": _memory(path, how)}
    walks = _walks(path, how, **plan)
    plan["partitions"] = len(walks.plan.partitions)
    some = np.arange(0, graphwalk.open_zarr(path).num_nodes, FEW)
    few = _walks(path, how, start_nodes=some, **plan)
    assert not walks.plan.resident, "the graph must not stay in memory"
    amounts = [(steps, _bytes(walks)[0]), (_steps(few), _bytes(few)[0])]
    took = [_least(each.compute, rounds, process_time)[0] for each in (walks, few)]
    step, byte = np.linalg.solve(np.array(amounts, float), took).tolist()
    return 1 / step, 1 / byte


def _steps(walks: Any) -> int:
    """Return how many steps walks have, of which some end early."""
    return sum(int((block[:, 1:] >= 0).sum()) for block in graphwalk.iter_blocks(walks))


def _load(path: str, spec: Any) -> None:
    resident_partition(graphwalk.open_zarr(path)._arrays, spec)


def _predictions(graphs: dict[str, str], kinds: list[str], rounds: int) -> list[Row]:
    """Compare runs with what is expected of them."""
    rows = []
    for executor, start in CLUSTERS.items():
        for workers in WORKERS:
            with graphwalk.scheduler.use(executor, **start(workers)):
                for kind in kinds:
                    row = partial(_row, executor, workers, kind, graphs[kind], rounds=rounds)
                    rows += [row(parts=parts) for parts in PARTITIONS]
    return rows


def _row(
    executor: Executor, workers: int, kind: str, path: str, parts: int | None, rounds: int
) -> Row:
    how = KINDS[kind]
    plan = {"memory": _memory(path, how)} if parts is None else {"partitions": parts}
    walks = _walks(path, how, **plan)
    cluster = parse_cluster(f"1x{workers}")
    expected = predict(walks.plan, cluster, executor=executor, stored=0.0)
    seconds = expected.seconds - expected.writing
    # What all processes compute, whenever they do: walkers and readers on all cores.
    cpu = workers * (expected.walking + expected.reading) + expected.scheduling
    read, moved = _bytes(walks)
    move = walks.plan.walkers * RULES["walk_length"] * crossing_of(walks.plan)
    took, clock = _least(
        lambda: _walks(path, how, **plan).compute(), rounds, cpu_of_all, perf_counter
    )
    what = f"{executor}, {workers}, {kind}, {parts or 'read again'}"
    figure = f"{took:.2f} of CPUs, {clock:.2f} of the clock"
    against = f"predicted {cpu:.2f} and {seconds:.2f} ({seconds / clock - 1:+.0%})"
    figure += f"; read {read / 1e6:.0f} MB, moved {moved / 1e6:.1f} M"
    against += f"; {expected.read / 1e6:.0f} MB and {move / 1e6:.1f} M"
    return Row(what, figure, against, cpu / took, "0.7 to 1.4")


def _bytes(walks: Any) -> tuple[int, int]:
    """Return what walks read, in memory, and how many walkers come to partitions."""
    events: list[Event] = []
    with listening(events.append):
        walks.compute()
    moved = sum(event.walkers for event in events if event.kind in ("advance", "fetch"))
    # What finds a partition in memory reads nothing of it.
    parts = sum(event.kind == "read" and event.size > 0 for event in events)
    return parts * walks.plan.graph_bytes // len(walks.plan.partitions), moved


if __name__ == "__main__":
    main()
