"""Print the tables of scaling.md that the model of clusters makes, and draw its two figures.

python docs/draw_scaling.py
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from benchmarks.driver_simulation import (  # noqa: E402
    AIMS,
    JOBS,
    PIECE,
    makespan,
    partitions,
    shortest_task,
    simulate,
)
from graphwalk.scheduler.cluster_plan import ClusterPlan, plan_on_cluster  # noqa: E402
from graphwalk.scheduler.engine.measured_speeds import TASKS, Executor  # noqa: E402
from graphwalk.scheduler.engine.planner import plan_job  # noqa: E402
from graphwalk.util.cluster import parse_cluster  # noqa: E402
from graphwalk.walk_spec import WalkSpec, parameters_of  # noqa: E402

#: The graph that graphwalk was started for, with 75 neighbours of each node; bytes of its store.
NODES, DEGREE, STORED = 150_000_000, 75, 38_000_000_000
MACHINES, NETWORKS, CORES = (1, 8, 64), ("10Gb/s", "25Gb/s"), 16
#: CPU seconds of a pass of PageRank over it, of ten on two cores.
PASS = 238
#: The job of whose tasks each has a piece for each partition.
BETWEEN = "walks between partitions"
#: Memory and network of machines.
KINDS = ("64GiB@10Gb/s", "64GiB@25Gb/s", "256GiB@10Gb/s")


def uniform_graph() -> Any:
    """Return what a plan asks of a graph, of one whose rows are equally long."""

    def cut(entries: int, nodes: int) -> list[range]:
        step = min(entries // DEGREE, nodes)
        return [range(first, min(first + step, NODES)) for first in range(0, NODES, step)]

    return SimpleNamespace(
        path="the graph",
        num_nodes=NODES,
        num_entries=NODES * DEGREE,
        sinks=0,
        max_degree=DEGREE,
        neighbor_dtype=np.dtype(np.int32),
        read_buffers=8 << 20,
        chunk_length=lambda _name: 1 << 20,
        read_offset=lambda node: node * DEGREE,
        cut=cut,
    )


def planned(cluster: str, num_walks: int) -> ClusterPlan:
    """Return the plan of walks of 80 steps from each node."""
    values = {each.name: each.default for each in parameters_of(WalkSpec)}
    spec = WalkSpec(**values | {"num_walks": num_walks, "weighted": False, "seed": 1})
    plan_with = partial(plan_job, uniform_graph(), spec, NODES * num_walks, "auto")
    return plan_on_cluster(plan_with, parse_cluster(cluster), None, STORED)


def table(num_walks: int = 10) -> str:
    """Return what the walks take on few and many machines."""
    lines = [
        "| machines | graph | time | of which submitting | read | between machines | a step "
        "| machine hours |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        for machines in MACHINES:
            if machines > 1 or kind.endswith(NETWORKS[0]):
                plan = planned(f"{machines}x{CORES}x{kind}", num_walks)
                lines.append(_line(plan, kind))
    return "\n".join(lines) + "\n"


def _line(plan: ClusterPlan, kind: str) -> str:
    made = plan.forecast
    memory, network = re.sub(r"(\d)([A-Z])", r"\1 \2", kind).split("@")
    machines = made.cluster.machines
    kept = "in the memory of all" if len(plan.partitions) > 1 else "in the memory of each"
    cells = (
        f"{machines}, {memory}" + (f", {network}" if machines > 1 else ""),
        kept if made.resident else "read in each wave",
        _minutes(made.seconds),
        _minutes(made.scheduling),
        f"{made.read / 1e12:.2f} TB",
        f"{made.traffic / 1e12:.2f} TB",
        f"{made.traffic / plan.shape[0] / 80:.1f} bytes",
        f"{made.machine_hours:.2g}",
    )
    return f"| {' | '.join(cells)} |"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def draw(folder: Path) -> None:
    """Draw both figures."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "graphwalk", "svg.fonttype": "none", "font.size": 11}
    from matplotlib import pyplot as plt

    how: Any = {"metadata": {"Date": None}, "bbox_inches": "tight"}
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for walks in (1, 10):
        for network, style in zip(NETWORKS, ("o-", "s--"), strict=True):
            made = planned(f"{MACHINES[-1]}x{CORES}@{network}", walks).forecasts
            label = f"{walks} walk{'s' * (walks > 1)} a node, {network.replace('Gb', ' Gb')}"
            machines = [each.cluster.machines for each in made]
            axes.loglog(machines, [each.seconds / 60 for each in made], style, label=label)
    axes.set(xlabel=f"machines of {CORES} cores", ylabel="minutes, predicted")
    axes.set_xticks(machines, [str(each) for each in machines])
    axes.legend(frameon=False)
    figure.savefig(folder / "cluster-time.svg", **how)
    figure, axes = plt.subplots(figsize=(6, 3.6))
    lengths = np.geomspace(0.01, 10, 40)
    for workers in (32, *AIMS):
        ratios = [efficiency(workers, length) for length in lengths.tolist()]
        axes.semilogx(lengths, ratios, label=f"{workers} workers")
    axes.set(xlabel="seconds that a task takes", ylabel="ideal makespan / simulated")
    axes.legend(frameon=False)
    figure.savefig(folder / "driver.svg", **how)


def efficiency(workers: int, seconds: float, job: str = BETWEEN) -> float:
    """Return the ideal makespan of tasks, as a share of that with what tasks cost on Ray."""
    cost = submitting(workers, "ray", job)
    return makespan(job, workers, seconds) / makespan(job, workers, seconds, cost)


def submitting(workers: int, executor: Executor, job: str) -> float:
    """Return what a task costs the process that submits it."""
    one = TASKS[executor]
    return one.of(partitions(workers), PIECE) if job == BETWEEN else one.task


def shortest() -> str:
    """Return how long tasks must be."""
    lines = ["| | 64 workers, Ray | Dask distributed | 256 workers, Ray | Dask distributed |"]
    lines.append("| --- | --- | --- | --- | --- |")
    executors: tuple[Executor, ...] = ("ray", "distributed")
    for job in JOBS:
        cells = [
            f"{shortest_task(job, workers, submitting(workers, executor, job), aim):.2g} s"
            for workers, aim in AIMS.items()
            for executor in executors
        ]
        lines.append(f"| {job} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def full_size() -> str:
    """Return what is simulated of tasks as long as the graph of full size has them."""
    lines = ["| ideal / simulated (seconds of a task) | 64 workers | 256 workers | 1024 workers |"]
    lines.append("| --- | --- | --- | --- |")
    for num_walks in (1, 10):
        for memory, where in (("256GiB", "in memory"), ("64GiB", "between partitions")):
            name = f"{num_walks} walk{'s' * (num_walks > 1)} a node, {where}"
            plans = [planned(f"{machines}x{CORES}x{memory}", num_walks) for machines in (4, 16, 64)]
            lines.append(f"| {name} | {' | '.join(map(_simulated, plans))} |")
    cells = []
    for workers in (64, 256, 1024):
        took = PASS / workers
        ratio = makespan("PageRank", workers, took)
        ratio /= makespan("PageRank", workers, took, TASKS["ray"].task)
        cells.append(f"{ratio:.2f} ({took:.2g} s)")
    return "\n".join([*lines, f"| PageRank | {' | '.join(cells)} |"]) + "\n"


def _simulated(plan: ClusterPlan) -> str:
    """Return the ratio for some waves of a plan, or for all blocks, and what a task takes."""
    made, parts, threads = plan.forecast, len(plan.partitions), plan.sizes.threads
    slots, groups = plan.resources.workers // threads, plan.copies * max(plan.batch_groups)
    waves = [(made.tasks, 1.0)] if parts == 1 else [(parts, 1.0)] * 20
    took, moving = made.walking, 0.0 if parts == 1 else made.moving
    length = (took + moving) * min(slots, groups * waves[0][0]) / made.tasks
    ideal = simulate(groups, waves, slots, length, 0.0)
    ratio = ideal / simulate(groups, waves, slots, length, made.scheduling / made.tasks)
    return f"{ratio:.2f} ({length:.2g} s)"


if __name__ == "__main__":
    print(table(), table(1), shortest(), full_size(), sep="\n")
    draw(DOCS)
