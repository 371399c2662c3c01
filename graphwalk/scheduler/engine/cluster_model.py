"""What walks take on machines that share nothing but a network, as a model of a few constants.

The constants are in :mod:`.measured_speeds`. `python -m benchmarks.cluster` compares predictions
with runs; "Graphs larger than memory" has the results, and how far they are from each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, expm1, log, log1p, log2, sqrt
from typing import TYPE_CHECKING

from graphwalk.kernels.walk.step_edges import step_types
from graphwalk.kernels.walk.steps import walker_dtype
from graphwalk.scheduler.engine.measured_speeds import DISK, ROW, SPEEDS, TASKS
from graphwalk.scheduler.engine.walk_plan import expected_waves

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.measured_speeds import Executor, Speed
    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.util.cluster import Cluster
    from graphwalk.walk_spec import WalkSpec


@dataclass(frozen=True)
class Forecast:
    """What a plan is expected to take on a cluster.

    Attributes
    ----------
    cluster : Cluster
        The machines.
    resident : bool
        Whether the graph stays in their memory.
    reading, walking, moving, scheduling, writing : float
        Seconds for reading and decoding the graph; for steps; for walkers and steps on the network;
        for submitting tasks, which is done by one process while others walk; and for files of steps
        and walks.
    seconds : float
        All together, as far as they do not happen at the same time.
    read : int
        Bytes of the graph, decoded, that all machines read.
    traffic : int
        Bytes that machines send to each other.
    tasks : int
        Tasks that are submitted for walks.
    """

    cluster: Cluster
    resident: bool
    reading: float
    walking: float
    moving: float
    scheduling: float
    writing: float
    seconds: float
    read: int
    traffic: int
    tasks: int

    @property
    def machine_hours(self) -> float:
        """Hours that all machines together take."""
        return self.cluster.machines * self.seconds / 3600


def kind_of(spec: WalkSpec) -> str:
    """Return which of `SPEEDS` walks make."""
    if spec.second_order or spec.temporal:
        return "node2vec" if spec.second_order else "temporal"
    return "weighted" if spec.weighted or spec.metapath is not None else "first order"


def crossing_of(plan: WalkPlan) -> float:
    """Return the part of the steps that leave their partition in a graph without locality."""
    entries = [stop - first for first, stop in pairwise(plan.offsets)]
    return 1 - sum(each**2 for each in entries) / max(1, sum(entries)) ** 2


def predict(
    plan: WalkPlan,
    cluster: Cluster,
    *,
    executor: Executor | None = None,
    stored: float = 1.0,
    crossing: float | None = None,
) -> Forecast:
    """Return what a plan is expected to take.

    Parameters
    ----------
    plan : WalkPlan
        A plan for this cluster.
    cluster : Cluster
        The machines.
    executor : {"threads", "ray", "distributed"}, optional
        What runs the tasks: Ray on several machines, unless another is given, and threads on one.
    stored : float
        Bytes of the store for each of the graph in memory.
    crossing : float, optional
        Part of the steps that lead to another partition. None: of a graph without locality.
    """
    executor = executor or ("threads" if cluster.machines == 1 else "ray")
    crossing = crossing_of(plan) if crossing is None else crossing
    job = _Job(plan, cluster, executor, stored, crossing)
    if len(plan.partitions) == 1:
        return job.one_partition()
    return job.kept_partitions() if plan.resident else job.partitions_read_again()


@dataclass(frozen=True)
class _Job:
    plan: WalkPlan
    cluster: Cluster
    executor: Executor
    stored: float
    crossing: float

    @property
    def _steps(self) -> float:
        """Steps that are drawn, the one at which a walk ends by chance among them."""
        stop, length = self.plan.spec.stop_prob, self.plan.spec.walk_length
        return self.plan.walkers * (-expm1(length * log1p(-stop)) / stop if stop else length)

    @property
    def _speed(self) -> Speed:
        return SPEEDS[kind_of(self.plan.spec)]

    @property
    def _storage(self) -> float:
        """Bytes of files that a machine reads or writes in a second; several share a server."""
        return DISK if self.cluster.machines == 1 else min(DISK, self.cluster.network)

    def _reading(self, each: float, rate: float) -> float:
        """Return the seconds for these bytes of a machine whose cores decode `rate` a second."""
        return max(each * self.stored / self._storage, each / rate / self.cluster.cores)

    def one_partition(self) -> Forecast:
        """Return what blocks of walks take, each from beginning to end on any machine."""
        plan, cluster = self.plan, self.cluster
        reading = self._reading(plan.graph_bytes, self._speed.read)
        # Those that have the graph already pass it to as many others at a time.
        copies = plan.graph_bytes / cluster.network * ceil(log2(cluster.machines))
        busy = min(cluster.machines * cluster.cores, max(1, len(plan.block_rows)))
        walking = self._steps / self._speed.whole / busy
        tasks = len(plan.block_rows)
        scheduling = tasks * TASKS[self.executor].task
        return self._forecast(
            tasks=tasks,
            reading=reading,
            walking=walking,
            moving=copies,
            scheduling=scheduling,
            seconds=reading + copies + max(walking, scheduling),
            read=plan.graph_bytes,
            traffic=plan.graph_bytes * (cluster.machines - 1),
        )

    def kept_partitions(self) -> Forecast:
        """Return what walks take where each machine has some of the partitions."""
        plan, cluster, cost = self.plan, self.cluster, TASKS[self.executor]
        machines, parts = cluster.machines, len(plan.partitions)
        reading = self._reading(plan.bytes_read / machines, self._speed.read)
        rate = self._speed.kept if self.executor == "threads" else self._speed.moved
        # Tasks of all groups that walk at a time, with their threads.
        groups = plan.copies * max(plan.batch_groups)
        busy = min(machines * cluster.cores, groups * parts * plan.sizes.threads)
        walking = self._steps / rate / busy
        # The partitions of a copy are on as many machines.
        crossings = self._trips * self._steps / max(1, plan.spec.walk_length)
        away = 1 - 1 / min(machines, parts)
        # A step waits where it was made, and is sent to where its block is made.
        traffic = int(away * (crossings * self._walker + self._steps * self._step))
        moving = traffic / machines / cluster.network
        tasks = round(len(plan.group_blocks) * parts * self._waves(plan.walkers))
        scheduling = tasks * cost.of(parts, crossings * self._walker / tasks / parts)
        return self._forecast(
            tasks=tasks,
            reading=reading,
            walking=walking,
            moving=moving,
            scheduling=scheduling,
            # Each group goes its own way: none of its walkers moves while its tasks are submitted.
            seconds=reading + max(walking + moving + scheduling / groups, scheduling),
            read=plan.bytes_read,
            traffic=traffic,
        )

    def partitions_read_again(self) -> Forecast:
        """Return what walks take where each machine reads all partitions for batches of its own."""
        plan, cluster = self.plan, self.cluster
        batches = len(plan.batch_groups)
        machines = min(cluster.machines, batches)
        turns = -(-batches // machines)
        many = plan.walkers / batches * ROW / plan.graph_bytes
        total = int(plan.graph_bytes * batches * self._waves(many))
        # Reading and walking take turns on the cores; files are read meanwhile.
        read = total / batches * turns
        steps = self._steps / batches * turns
        reading = self._reading(read, self._speed.reread)
        walking = steps / self._speed.again / cluster.cores
        decoding = read / self._speed.reread / cluster.cores
        files = 2 * self._step * steps / self._storage if plan.spill else 0.0
        return self._forecast(
            tasks=batches,
            reading=reading,
            walking=walking,
            scheduling=batches * TASKS[self.executor].task,
            seconds=max(reading, walking + decoding) + files,
            files=files,
            read=total,
        )

    @property
    def _trips(self) -> float:
        """How often a walker comes to another partition until its last step.

        Some proposals of node2vec take it there, too.
        """
        plan, parts = self.plan, len(self.plan.partitions)
        return expected_waves(plan.spec, parts, at_once=True) * self.crossing / (1 - 1 / parts)

    def _waves(self, walkers: float) -> float:
        """Return how many waves there are until the last of some walkers has ended.

        A walker takes part in as many waves as it crosses bounds, if all partitions are processed
        at the same time, and otherwise as it goes to a partition before its own. The largest of N
        such numbers is about the square root of 2 log N standard deviations above their mean.
        """
        plan, trips = self.plan, self._trips
        waves, variance = trips / 2, (2 - self.crossing) / 12
        if plan.at_once:
            waves, variance = trips, 1 - self.crossing
        spread = sqrt(2 * log(max(1, walkers)) * trips * variance)
        return max(1.0, min(max(waves, plan.spec.walk_length), waves + spread))

    @property
    def _walker(self) -> int:
        """Bytes of a walker that moves."""
        spec, (node, edge) = self.plan.spec, step_types(self.plan.dtype)
        how = {"second_order": spec.second_order, "temporal": spec.temporal}
        return walker_dtype(node, edge if spec.second_order else None, **how).itemsize

    @property
    def _step(self) -> int:
        """Bytes of a step that waits until its block is made."""
        return walker_dtype(*step_types(self.plan.dtype)).itemsize

    def _forecast(
        self,
        *,
        reading: float,
        walking: float,
        scheduling: float,
        seconds: float,
        read: int,
        tasks: int,
        moving: float = 0.0,
        files: float = 0.0,
        traffic: int = 0,
    ) -> Forecast:
        written = self.plan.result_bytes / self.cluster.machines / self._storage
        return Forecast(
            cluster=self.cluster,
            resident=self.plan.resident,
            reading=reading,
            walking=walking,
            moving=moving,
            scheduling=scheduling,
            writing=written + files,
            seconds=seconds + written,
            read=read,
            traffic=traffic,
            tasks=tasks,
        )
