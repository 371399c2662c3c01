"""Measure walks on graphs larger than memory: out of core, on Ray, and for growing graphs.

    python -m benchmarks.partitions

Comparisons are measured alternately within one run; figures are medians. Use a quiet machine.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import in_turns
from benchmarks.walks import KINDS, LENGTH, SEED
from graphwalk.util.events import listening

if TYPE_CHECKING:
    import dask.array as da

RULES: dict[str, Any] = {"num_walks": 1, "walk_length": LENGTH, "seed": SEED}
OUT_OF_CORE = {"first order": ">= 24 M", "node2vec (2, .5)": ">= 12 M"}
RESIDENT = {"first order": ">= 0.5", "node2vec (2, .5)": ">= 0.3"}
#: The memory of a job out of core is one SHARE-th of the graph.
SHARE = 4
#: Bytes of two workers' buffers, whatever the graph; a quarter of a small graph is little more.
BUFFERS = 20 << 20
#: Walks from each node, and their steps, for which a task on Ray takes a second or more.
LONG = {"num_walks": 16, "walk_length": 5}
#: One node in SAMPLED is a start node if there are many walks from each.
SAMPLED = 16
#: A graph, 2**READ_AGAIN nodes, whose partitions are read in each wave, and the memory for it.
READ_AGAIN, READ_AGAIN_MEMORY = 20, "70 MiB"
#: Where such walks are compared with threads: the scheduler, its options, and the aim.
CLUSTERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "Ray": ("ray", {"num_workers": 2, "object_store_memory": 2 << 30}, ">= 0.5"),
    "distributed, 2 processes": ("distributed", {"num_workers": 1, "n_workers": 2}, ">= 0.33"),
    "distributed, 2 threads": ("distributed", {"num_workers": 2}, ">= 0.33"),
}


def main() -> None:
    args = _arguments()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        if args.scaling:
            rows = _scaling(Path(folder), args)
            print_table("As the graph grows, a quarter of it and buffers in memory", rows)
        else:
            rows = _all(Path(folder), args)
            title = f"RMAT, 2^{args.scale} nodes, edge factor 16, undirected, 80 steps"
            print_table(title, rows)


def _all(folder: Path, args: argparse.Namespace) -> list[Row]:
    graphs = {
        name: _built(folder, args.scale, compressed=name == "compressed")
        for name in ("compressed", "uncompressed")
    }
    rows = [row for name, graph in graphs.items() for row in _out_of_core(name, graph, args)]
    rows += _many_walks(graphs["compressed"], args)
    rows += _resident(graphs["compressed"], args)
    rows += _planning(graphs["compressed"])
    if not args.no_ray:
        rows += _ray(graphs["compressed"], args)
        rows += _clusters(folder, args)
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partitions", description=__doc__)
    parser.add_argument("--scale", type=int, default=22, help="2**SCALE nodes (default: 22)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--no-ray", action="store_true", help="skip Ray")
    parser.add_argument(
        "--scaling",
        type=int,
        nargs="*",
        metavar="SCALE",
        help="instead, compare graphs of 2**SCALE nodes, such as 20 22 24",
    )
    return parser.parse_args()


def _built(folder: Path, scale: int, *, compressed: bool = True) -> graphwalk.Graph:
    store = folder / f"{scale}-{compressed}.zarr"
    return graphwalk.build_zarr(rmat_edges(scale), store, compressed=compressed, progress=False)


def _quarter(graph: graphwalk.Graph) -> int:
    csr = graph.num_entries * graph.neighbor_dtype.itemsize + 8 * (graph.num_nodes + 1)
    return csr // SHARE


def _steps(walks: da.Array) -> int:
    return int(np.count_nonzero(walks.compute() >= 0)) - walks.shape[0]


def _speed(steps: int, seconds: float) -> str:
    return f"{steps / seconds / 1e6:.1f} M steps/s"


def _row(what: str, steps: int, ours: float, against: str, theirs: float, aim: str) -> Row:
    """Compare the seconds that the same steps take in two ways."""
    return Row(what, _speed(steps, ours), f"{against}, {_speed(steps, theirs)}", theirs / ours, aim)


def _out_of_core(name: str, graph: graphwalk.Graph, args: argparse.Namespace) -> list[Row]:
    """Compare walks with a quarter of the graph in memory and walks with all of it."""
    rows = []
    for kind, bias in KINDS.items():
        some = graphwalk.random_walks(graph, **RULES, **bias, memory=_quarter(graph))
        whole = graphwalk.random_walks(graph, **RULES, **bias)
        steps, read = _steps(whole), _bytes_read(some)
        # Not in turns: walks out of core free the graph that the others keep in memory.
        seconds = in_turns(args.rounds, some=some.compute)
        seconds |= in_turns(args.rounds, whole=whole.compute)
        what, aim = f"{kind}, a quarter in memory, {name}", OUT_OF_CORE[kind]
        row = _row(what, steps, seconds["some"], "all in memory", seconds["whole"], aim)
        rows.append(row._replace(figure=f"{row.figure}, {read / steps:.0f} bytes read a step"))
    return rows


def _bytes_read(walks: da.Array) -> int:
    sizes: list[int] = []
    with listening(lambda event: sizes.append(event.size)):
        walks.compute()
    return sum(sizes)


def _many_walks(graph: graphwalk.Graph, args: argparse.Namespace) -> list[Row]:
    """Compare ten walks from each start node with one: they share what is read."""
    starts = np.arange(0, graph.num_nodes, SAMPLED)
    rules = RULES | {"memory": _quarter(graph)}
    one = graphwalk.random_walks(graph, starts, **rules)
    ten = graphwalk.random_walks(graph, starts, **rules | {"num_walks": 10})
    seconds = in_turns(args.rounds, one=one.compute, ten=ten.compute)
    return [
        Row(
            f"10 walks from 1 node in {SAMPLED}, a quarter in memory",
            f"{seconds['ten']:.1f} s",
            f"1 walk, {seconds['one']:.1f} s",
            seconds["ten"] / seconds["one"],
            "< 5",
        )
    ]


def _resident(graph: graphwalk.Graph, args: argparse.Namespace) -> list[Row]:
    """Compare four partitions that all fit in memory with one; both are read by each run."""

    def walk(bias: dict[str, float], partitions: int) -> da.Array:
        fresh = graphwalk.open_zarr(graph.path)  # none of its arrays is in memory
        return graphwalk.random_walks(fresh, **RULES, **bias, partitions=partitions)

    rows = []
    for kind, bias in KINDS.items():
        steps = _steps(walk(bias, 1))
        seconds = in_turns(
            args.rounds,
            four=lambda bias=bias: walk(bias, 4).compute(),
            one=lambda bias=bias: walk(bias, 1).compute(),
        )
        what, aim = f"{kind}, 4 partitions in memory", RESIDENT[kind]
        rows.append(_row(what, steps, seconds["four"], "one", seconds["one"], aim))
    return rows


def _planning(graph: graphwalk.Graph) -> list[Row]:
    """Time a plan of many partitions and waves, and its Dask graph."""
    start = perf_counter()
    walks = graphwalk.random_walks(graph, **RULES | {"walk_length": 160}, partitions=64)
    tasks = len(dict(walks.__dask_graph__()))
    seconds = perf_counter() - start
    plan = walks.plan
    return [
        Row(
            f"planning {len(plan.partitions)} partitions, {plan.waves} waves",
            f"{seconds * 1e3:.0f} ms, {tasks} Dask tasks",
            "1 s",
            seconds,
            "<= 1",
        )
    ]


def _ray(graph: graphwalk.Graph, args: argparse.Namespace) -> list[Row]:
    """Compare Ray with threads, on four partitions that stay in memory."""
    rows = []
    cases = {kind: RULES | bias for kind, bias in KINDS.items()}
    cases["first order, long tasks"] = RULES | LONG
    for kind, rules in cases.items():
        walks = graphwalk.random_walks(graph, **rules, partitions=4)
        steps = _steps(walks)
        with graphwalk.scheduler.use("ray", num_workers=2, object_store_memory=6 << 30):
            seconds = in_turns(
                args.rounds,
                ray=walks.compute,
                threads=lambda walks=walks: walks.compute(scheduler="threads", num_workers=2),
            )
        what = f"{kind}, 4 partitions, Ray"
        rows.append(_row(what, steps, seconds["ray"], "threads", seconds["threads"], ">= 0.7"))
    return rows


def _clusters(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Compare clusters with threads where partitions are read again in each wave."""
    rows, graph = [], _built(folder, READ_AGAIN)
    starts = np.arange(0, graph.num_nodes, 8)
    for kind, bias in KINDS.items():
        here = graphwalk.random_walks(graph, starts, **RULES, **bias, memory=READ_AGAIN_MEMORY)
        steps = _steps(here)
        for name, (scheduler, options, aim) in CLUSTERS.items():
            with graphwalk.scheduler.use(scheduler, **options):
                walks = graphwalk.random_walks(
                    graph, starts, **RULES, **bias, memory=READ_AGAIN_MEMORY
                )
                seconds = in_turns(
                    args.rounds,
                    there=walks.compute,
                    threads=lambda here=here: here.compute(scheduler="threads", num_workers=2),
                )
            what = f"2^{READ_AGAIN} nodes, {READ_AGAIN_MEMORY}, {kind}, {name}"
            rows.append(_row(what, steps, seconds["there"], "threads", seconds["threads"], aim))
    return rows


def _scaling(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Compare graphs of different sizes, with relative budgets, with the first one."""
    rows, first = [], 0.0
    for scale in args.scaling:
        graph = _built(folder, scale)
        memory = _quarter(graph) + BUFFERS
        walks = graphwalk.random_walks(graph, **RULES, memory=memory)
        steps = _steps(walks)
        seconds = in_turns(args.rounds, walks=walks.compute)["walks"]
        first = first or steps / seconds
        ratio = steps / seconds / first
        against = f"2^{args.scaling[0]} nodes, {first / 1e6:.1f} M steps/s"
        rows.append(Row(f"2^{scale} nodes", _speed(steps, seconds), against, ratio, ">= 0.7"))
    return rows


if __name__ == "__main__":
    main()
