"""How to compute walks on a cluster: on one machine, as an array of jobs, or by Ray on several."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphwalk.errors import MemoryBudgetError
from graphwalk.scheduler.engine.cluster_model import predict
from graphwalk.scheduler.engine.partitioned_planner import GRAPH_SHARE
from graphwalk.scheduler.engine.planner import plan_job
from graphwalk.scheduler.slurm.ray_cluster import STORE_SHARE
from graphwalk.units import format_size
from graphwalk.util.available_memory import SHARE
from graphwalk.util.cluster import parse_cluster
from graphwalk.util.executor import Resources

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec

_GIB = 1 << 30

#: Machines, file systems and graphs differ: the expected time is multiplied by this.
_MARGIN = 3

#: What tasks of an array take at least, since each is started and reads the graph.
_MINUTES_OF_TASK = 15


@dataclass(frozen=True)
class Choice:
    """What to ask Slurm for.

    Attributes
    ----------
    mode : {"node", "array", "ray"}
        One machine; several that each write a share; several that make up a Ray cluster.
    nodes : int
        Machines, or tasks of the array.
    cpus, memory, minutes : int
        Of each: CPUs, bytes, and how long.
    partition : str or None
        Where.
    plan : WalkPlan
        What is done there.
    """

    mode: str
    nodes: int
    cpus: int
    memory: int
    minutes: int
    partition: str | None
    plan: WalkPlan


def choose(
    graph: Graph,
    spec: WalkSpec,
    num_walks: int,
    machines: SlurmPartition,
    mode: str | None = None,
    nodes: int | None = None,
    chunks: Any = "auto",
    partitions: int | None = None,
    *,
    every_node: bool = False,
) -> Choice:
    """Return what to ask for.

    One machine if it can hold the graph, and an array of them if one would take long. Ray, if
    several machines together can hold the graph. Otherwise one machine reads it in waves.

    Parameters
    ----------
    num_walks : int
        From all start nodes together.
    machines : SlurmPartition
        What the cluster has.
    mode : {"node", "array", "ray"}, optional
        None: what suits the graph.
    nodes : int, optional
        How many machines, or tasks of the array; None: as many as are needed.
    chunks, partitions : optional
        As of `random_walks`.
    every_node : bool
        Whether walks start at every node.

    Raises
    ------
    MemoryBudgetError
        When these machines can do none of it.
    """
    job = graph._arrays, spec, num_walks
    how = {"chunks": chunks, "partitions": partitions, "every_node": every_node}
    choosing = _Choosing(job, machines, nodes, how)
    choice = choosing.by(mode or choosing.best_mode())
    limit = machines.minutes
    return choice if limit is None else replace(choice, minutes=min(choice.minutes, limit))


class _Choosing:
    def __init__(
        self,
        job: tuple[GraphArrays, WalkSpec, int],
        machines: SlurmPartition,
        nodes: int | None,
        how: dict[str, Any],
    ) -> None:
        self._job, self._machines, self._nodes, self._how = job, machines, nodes, how
        self._alone = self._plan(SHARE * machines.memory)
        self._fits = len(self._alone.partitions) == 1
        self._store = SHARE * STORE_SHARE * machines.memory
        hold = -(-self._alone.graph_bytes // (GRAPH_SHARE * self._store))
        self._together = nodes or max(2, int(hold))

    def best_mode(self) -> str:
        if self._fits:
            return "array" if self._shares() > 1 else "node"
        return "ray" if 1 < self._together <= self._machines.nodes else "node"

    def by(self, mode: str) -> Choice:
        return self._by_ray() if mode == "ray" else self._by_machine(mode)

    def _by_machine(self, mode: str) -> Choice:
        machines, plan = self._machines, self._alone
        count = self._shares() if mode == "array" else 1
        memory = machines.memory
        if self._fits:
            memory = min(memory, _whole_gib(plan.peak_memory / SHARE) + _GIB)
        minutes = _minutes(plan, machines.cpus, count, mode)
        return Choice(mode, count, machines.cpus, memory, minutes, machines.name, plan)

    def _by_ray(self) -> Choice:
        machines, count = self._machines, self._together
        if count > machines.nodes:
            graph = self._job[0]
            raise MemoryBudgetError(
                f"{graph.path} takes {format_size(self._alone.graph_bytes)} of memory; by Ray, "
                f"that is {count} machines of {format_size(machines.memory)}, and there are "
                f"{machines.nodes}; one machine can read it in waves: --mode node"
            )
        plan = self._plan(self._store, count)
        minutes = _minutes(plan, machines.cpus, count, "ray")
        return Choice("ray", count, machines.cpus, machines.memory, minutes, machines.name, plan)

    def _plan(self, memory: float, count: int = 1) -> WalkPlan:
        resources = Resources(int(memory), self._machines.cpus * count, count, hosts=count)
        return plan_job(*self._job, resources=resources, **self._how)

    def _shares(self) -> int:
        """Return how many tasks an array has."""
        if self._nodes is not None:
            return self._nodes
        expected = _expected_minutes(self._alone, self._machines.cpus, 1, "node")
        most = min(self._machines.nodes, len(self._alone.block_rows))
        return max(1, min(round(expected / _MINUTES_OF_TASK), most))


def _expected_minutes(plan: WalkPlan, cpus: int, count: int, mode: str) -> float:
    machines = count if mode == "ray" else 1
    if mode == "array":  # one task may have all the nodes that walkers can leave
        plan = replace(plan, walkers=min(count * plan.walkers, plan.shape[0]))
    forecast = predict(plan, parse_cluster(f"{machines}x{cpus}"))
    # Each task of an array reads the graph, and has a share of all else.
    return (forecast.reading + (forecast.seconds - forecast.reading) * machines / count) / 60


def _minutes(plan: WalkPlan, cpus: int, count: int, mode: str) -> int:
    """Return what to ask for: whole quarters of an hour."""
    expected = _MARGIN * _expected_minutes(plan, cpus, count, mode)
    return 15 * max(1, -(-int(expected + 5) // 15))


def _whole_gib(size: float) -> int:
    return -int(-size // _GIB) * _GIB
