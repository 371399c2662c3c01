"""Measure the constants of the model of clusters, and compare its predictions with runs.

    python -m benchmarks.cluster

Speeds are steps, and bytes of the graph in memory that are read, in a CPU second, which other work
on the machine changes less than the clock; of Ray those of its processes. Runs are timed by both,
without writing: the store is in the page cache, and each run reads the graph. What is moved are the
walkers that come to a partition, between machines or not.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

import graphwalk
from benchmarks.driver import CLUSTERS
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import cpu_of_all, cpu_of_others, in_turns
from graphwalk.scheduler.engine.cluster_model import DECODED, SPEEDS, Executor, Speed, predict
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
PARTITIONS, WORKERS = (1, 2, 4), (1, 2)
#: The memory of a job whose partitions are read again is one such part of the graph, and buffers.
PART, BUFFERS = 4, 64 << 20


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
            rows = _predictions(graphs["first order"], args.rounds)
            print_table(f"R-MAT, 2^{args.scale} nodes, first order, seconds", rows)


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


def _cpu(seconds: Callable[[], float], run: Callable[[], Any], rounds: int) -> float:
    """Return the median of what a run takes by a clock, after one that is not counted."""
    taken = []
    for _ in range(rounds + 1):
        start = seconds()
        run()
        taken.append(seconds() - start)
    return median(taken[1:])


def _speed(path: str, how: dict[str, Any], rounds: int) -> Speed:
    """Return the speeds of a kind of walks."""
    some = _walks(path, how, memory=_memory(path, how))
    assert not some.plan.resident, "the graph must not stay in memory"
    size, steps = some.plan.graph_bytes, _steps(_walks(path, how))
    with graphwalk.scheduler.use("threads", num_workers=2):
        whole = _walks(path, how)
        kept = partial(_walks, path, how, partitions=4)
        reading = _cpu(process_time, lambda: _load(path, whole.plan.spec), rounds)
        walked = _cpu(process_time, whole.compute, rounds)
        by_threads = _cpu(process_time, lambda: kept().compute(), rounds) - reading
        # Few walkers read single rows, so that not all that is planned is read.
        sizes: list[int] = []
        with listening(lambda event: sizes.append(event.size if event.kind == "read" else 0)):
            some.compute()
        again = _cpu(process_time, some.compute, rounds)
    with graphwalk.scheduler.use("ray", **CLUSTERS["ray"](2)):
        by_tasks = _cpu(cpu_of_others, lambda: kept().compute(), rounds) - reading
    again -= sum(sizes) / DECODED
    return Speed(*(steps / took for took in (walked, by_threads, by_tasks, again)), size / reading)


def _steps(walks: Any) -> int:
    """Return how many steps walks have, of which some end early."""
    return sum(int((block[:, 1:] >= 0).sum()) for block in graphwalk.iter_blocks(walks))


def _load(path: str, spec: Any) -> None:
    resident_partition(graphwalk.open_zarr(path)._arrays, spec)


def _predictions(path: str, rounds: int) -> list[Row]:
    """Compare runs with what is expected of them."""
    rows = []
    for executor, start in CLUSTERS.items():
        for workers in WORKERS:
            with graphwalk.scheduler.use(executor, **start(workers)):
                rows += [_row(path, executor, workers, rounds, parts) for parts in PARTITIONS]
                rows.append(_row(path, executor, workers, rounds, None))
    return rows


def _row(path: str, executor: Executor, workers: int, rounds: int, parts: int | None) -> Row:
    how = KINDS["first order"]
    plan = {"memory": _memory(path, how)} if parts is None else {"partitions": parts}
    walks = _walks(path, how, **plan)
    cluster = parse_cluster(f"1x{workers}")
    expected = predict(walks.plan, cluster, executor=executor, stored=0.0)
    seconds = expected.seconds - expected.writing
    # What all processes compute, whenever they do: walkers and readers on all cores.
    rate = SPEEDS["first order"].read if walks.plan.resident else DECODED
    decoding = expected.read / rate
    cpu = workers * expected.walking + decoding + expected.scheduling

    def run() -> None:
        _walks(path, how, **plan).compute()

    read, moved = _bytes(run)
    crossing = 1 - 1 / len(walks.plan.partitions)
    move = int(walks.shape[0] * RULES["walk_length"] * crossing) * 8
    clocks = in_turns(rounds, cpu_of_all, run=run)["run"], in_turns(rounds, run=run)["run"]
    what = f"{executor}, {workers}, " + ("read again" if parts is None else f"{parts} in memory")
    figure = f"{clocks[0]:.2f} of CPUs, {clocks[1]:.2f} of the clock"
    against = f"predicted {cpu:.2f} and {seconds:.2f} ({seconds / clocks[1] - 1:+.0%})"
    figure += f"; read {read / 1e6:.0f} MB, moved {moved / 1e6:.0f} MB"
    against += f"; {expected.read / 1e6:.0f} and {move / 1e6:.0f} MB"
    return Row(what, figure, against, cpu / clocks[0], "0.7 to 1.4")


def _bytes(run: Callable[[], Any]) -> tuple[int, int]:
    """Return what a run reads of the graph, and what walkers take that come to partitions."""
    events: list[Event] = []
    with listening(events.append):
        run()
    moved = sum(event.walkers for event in events if event.kind in ("advance", "fetch"))
    return sum(event.size for event in events if event.kind == "read"), 8 * moved


if __name__ == "__main__":
    main()
