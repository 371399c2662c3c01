"""Walks: the kernels compared with a floor and plain loops, and whole jobs with the kernels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

import graphwalk
from benchmarks import references
from benchmarks.table import Row
from benchmarks.timing import in_turns
from graphwalk.kernels.rng import seed_key
from graphwalk.scheduler.engine.probabilities import bias_of
from graphwalk.scheduler.engine.walk_in_memory import (
    FIRST_ORDER_IN_FLIGHT,
    resident_partition,
    walk_block,
)
from graphwalk.scheduler.engine.walker_starts import StartNodes
from graphwalk.storage.partitions.partition import load_partition
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.walk_spec import WalkSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphwalk.storage.partitions.partition import Partition

LENGTH, SEED = 80, 7
#: Walkers of the measurements on one thread, and of the plain loops.
SAMPLE, PLAIN_SAMPLE = 1 << 18, 1 << 13
BLOCK = 1 << 16
#: Values of p and q that are far apart, or both far from 1, and leaves of the wheel.
EXTREMES = [(0.01, 100), (100, 0.01), (1, 1e3), (1e3, 1), (1e-4, 1e4), (1e4, 1e4), (1e-4, 1e-4)]
LEAVES = 10_000
KINDS: dict[str, dict[str, float]] = {"first order": {}, "node2vec (2, .5)": {"p": 2.0, "q": 0.5}}


def measure_walks(graph: graphwalk.Graph, rounds: int, ray: bool) -> list[Row]:
    """Return all comparisons of walks on `graph`."""
    partition = resident_partition(graph._arrays, _rules(KINDS["node2vec (2, .5)"]))
    alive = np.flatnonzero(graph.degrees > 0)
    starts = np.random.default_rng(0).choice(alive, min(SAMPLE, len(alive)), replace=False)
    rows = []
    for kind, bias in KINDS.items():
        rows += _kernel(kind, partition, starts, _rules(bias), rounds)
        rows.append(_edges(kind, (partition, partition), starts, _rules(bias), rounds))
    for kind, bias in KINDS.items():
        rows += _whole_job(kind, graph, partition, bias, rounds, ray)
    return rows


def measure_weighted(edges: Path, folder: Path, plain: graphwalk.Graph, rounds: int) -> list[Row]:
    """Compare weighted walks with walks on the same graph without weights, on two threads."""
    src, dst = np.load(edges, mmap_mode="r")
    weights = np.random.default_rng(2).random(len(src), np.float32) + np.float32(0.1)
    graph = graphwalk.build_zarr((src, dst, weights), folder / "weighted.zarr", progress=False)
    rules = _rules({}), replace(_rules({}), weighted=True)
    partitions = (
        resident_partition(plain._arrays, rules[0]),
        resident_partition(graph._arrays, rules[1]),
    )
    nodes = min(plain.num_nodes, graph.num_nodes)
    out = _room(partitions[0], nodes)
    seconds = in_turns(
        rounds,
        plain=lambda: _bare(partitions[0], out, rules[0], 2),
        weighted=lambda: _bare(partitions[1], out, rules[1], 2),
    )
    steps = int(np.count_nonzero(graph.degrees)) * LENGTH / 1e6
    speeds = {name: f"{steps / s:.0f} M steps/s" for name, s in seconds.items()}
    ratio = seconds["plain"] / seconds["weighted"]
    against = f"first order, {speeds['plain']}"
    rows = [Row("weighted, two threads", speeds["weighted"], against, ratio, ">= 0.7")]
    recording = replace(rules[1], return_edges=True)
    tables = partitions[1], load_partition(graph._arrays, PartitionSpec.of(recording))
    alive = np.flatnonzero(graph.degrees > 0)
    starts = np.random.default_rng(0).choice(alive, min(SAMPLE, len(alive)), replace=False)
    return [*rows, _edges("weighted", tables, starts, rules[1], rounds)]


def measure_extremes(folder: Path, graph: graphwalk.Graph, rounds: int) -> list[Row]:
    """Compare node2vec where p and q are far apart with walks of first order, in CPU seconds."""
    leaf = np.arange(1, LEAVES + 1)
    spokes = np.stack([np.zeros_like(leaf), leaf]), np.stack([leaf, leaf % LEAVES + 1])
    wheel = graphwalk.build_zarr(tuple(np.hstack(spokes)), folder / "wheel.zarr", progress=False)
    graphs = {f"wheel of {LEAVES:,} leaves": wheel, "the R-MAT graph": graph}
    return [_extremes(name, each, rounds) for name, each in graphs.items()]


def _extremes(name: str, graph: graphwalk.Graph, rounds: int) -> Row:
    specs = {f"({p:g}, {q:g})": _rules({"p": p, "q": q}) for p, q in [(1.0, 1.0), *EXTREMES]}
    partition = load_partition(graph._arrays, PartitionSpec.of(specs["(1, 1000)"]))
    starts = np.random.default_rng(0).choice(np.flatnonzero(graph.degrees > 0), 1 << 14)
    walkers = StartNodes(starts, np.arange(1 << 14), range(1 << 14))
    room = _room(partition, 1 << 14)
    cases = {
        case: partial(walk_block, partition, walkers, spec, room) for case, spec in specs.items()
    }
    seconds = in_turns(rounds, thread_time, **cases)
    step = {case: s / LENGTH / len(starts) * 1e9 for case, s in seconds.items()}
    plain = step.pop("(1, 1)")
    worst = max(step, key=lambda case: step[case])
    figure, against = f"{step[worst]:.1f} ns/step at {worst}", f"first order, {plain:.1f} ns/step"
    return Row(f"node2vec, p and q far apart, {name}", figure, against, step[worst] / plain, "<= 4")


def _rules(bias: dict[str, float]) -> WalkSpec:
    return WalkSpec(num_walks=1, walk_length=LENGTH, weighted=False, seed=SEED, **bias)


def _kernel(
    kind: str, partition: Partition, starts: np.ndarray, rules: WalkSpec, rounds: int
) -> list[Row]:
    """Compare one thread of the kernel with the references."""
    few = starts[: min(PLAIN_SAMPLE, len(starts))]
    csr = partition.row_starts, partition.neighbors
    walks = np.empty((len(few), LENGTH + 1), np.int32)
    run, accept = seed_key(SEED), np.array(bias_of(rules)[:3])
    walkers = StartNodes(starts, np.zeros_like(starts), range(len(starts)))
    room = _room(partition, len(starts))
    cases: dict[str, Callable[[], Any]] = {
        "kernel": lambda: walk_block(partition, walkers, rules, room)
    }
    if rules.second_order:
        cases["plain"] = partial(references.one_at_a_time_node2vec, *csr, few, run, accept, walks)
    else:
        cases["plain"] = partial(references.one_at_a_time, *csr, few, run, walks)
        cases["floor"] = partial(references.floor, *csr, starts, LENGTH, FIRST_ORDER_IN_FLIGHT)
    seconds = in_turns(rounds, **cases)
    some = StartNodes(few, np.zeros_like(few), range(len(few)))
    ours = walk_block(partition, some, rules)
    assert np.array_equal(ours, walks), "the plain loop must make the same walks"
    step = {name: s / LENGTH / len(starts) * 1e9 for name, s in seconds.items()}
    step["plain"] *= len(starts) / len(few)
    figure = f"{step['kernel']:.1f} ns/step, one thread"
    rows = []
    if "floor" in step:
        against = f"floor, {step['floor']:.1f} ns/step"
        rows.append(Row(kind, figure, against, step["kernel"] / step["floor"], "<= 1.15"))
    against = f"one walker at a time, {step['plain']:.0f} ns/step"
    aim = ">= 20"
    rows.append(Row(kind, figure, against, step["plain"] / step["kernel"], aim))
    return rows


def _edges(
    kind: str,
    partitions: tuple[Partition, Partition],
    starts: np.ndarray,
    rules: WalkSpec,
    rounds: int,
) -> Row:
    """Compare one thread of the kernel without and with the edges of steps, in CPU seconds."""
    plain, own = partitions
    recording = replace(rules, return_edges=True)
    walkers = StartNodes(starts, np.zeros_like(starts), range(len(starts)))
    nodes, steps = walk_block(plain, walkers, rules), walk_block(own, walkers, recording)
    assert np.array_equal(nodes, steps["node"]), "the walks must be the same"
    seconds = in_turns(
        rounds,
        thread_time,
        nodes=lambda: walk_block(plain, walkers, rules, nodes),
        edges=lambda: walk_block(own, walkers, recording, steps),
    )
    step = {name: s / LENGTH / len(starts) * 1e9 for name, s in seconds.items()}
    against = f"walks alone, {step['nodes']:.1f} ns/step"
    ratio = step["edges"] / step["nodes"]
    return Row(f"{kind} with edges", f"{step['edges']:.1f} ns/step", against, ratio, "<= 1.3")


def _whole_job(
    kind: str,
    graph: graphwalk.Graph,
    partition: Partition,
    bias: dict[str, float],
    rounds: int,
    ray: bool,
) -> list[Row]:
    """Compare ``compute()`` with the bare kernels on as many threads, one walk from each node."""
    rules = _rules(bias)
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=LENGTH, seed=SEED, **bias)
    steps = int(np.count_nonzero(walks.compute() >= 0)) - graph.num_nodes
    out = _room(partition, graph.num_nodes)
    seconds = in_turns(
        rounds,
        bare=lambda: _bare(partition, out, rules, 2),
        bare_one=lambda: _bare(partition, out, rules, 1),
        compute=lambda: walks.compute(num_workers=2),
    )

    def speed(name: str) -> str:
        return f"{steps / seconds[name] / 1e6:.0f} M steps/s"

    job = f"{kind}, compute()"
    bare, one = f"bare kernels, {speed('bare')}", f"one thread, {speed('bare_one')}"
    ratio = seconds["compute"] / seconds["bare"]
    rows = [
        Row(
            f"{kind}, two threads",
            speed("bare"),
            one,
            seconds["bare_one"] / seconds["bare"],
            ">= 1.7",
        ),
        Row(f"{job} on threads", speed("compute"), bare, ratio, "<= 1.2"),
    ]
    if ray:
        with graphwalk.scheduler.use("ray", num_workers=2, object_store_memory=6 << 30):
            seconds |= in_turns(
                rounds,
                bare=lambda: _bare(partition, out, rules, 2),
                ray=lambda: walks.compute(),
            )
        bare = f"bare kernels, {speed('bare')}"
        rows.append(
            Row(f"{job} on Ray", speed("ray"), bare, seconds["ray"] / seconds["bare"], "<= 1.5")
        )
    return rows


def _room(partition: Partition, walkers: int) -> np.ndarray:
    """Return memory for `walkers` walks that has been used before."""
    return np.zeros((walkers, LENGTH + 1), partition.neighbors.dtype) - 1


def _bare(partition: Partition, out: np.ndarray, rules: WalkSpec, threads: int) -> None:
    """Walk from every node on `threads` threads, into allocated memory."""
    blocks = [range(i, min(i + BLOCK, len(out))) for i in range(0, len(out), BLOCK)]

    def walk(block: range) -> None:
        walk_block(partition, block, rules, out[block.start : block.stop])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(walk, blocks))
