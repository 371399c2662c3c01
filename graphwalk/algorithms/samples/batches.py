"""Samples around batches of seeds, several batches in the same passes over the graph."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.samples.reached_nodes import ReachedNodes
from graphwalk.algorithms.samples.sample_hops import sample_hops
from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.samples.sample_rows import order_keys
from graphwalk.scheduler.engine.scan import Scanner
from graphwalk.scheduler.engine.scan_plan import plan_scan
from graphwalk.scheduler.executors.resources import current_executor, find_resources
from graphwalk.storage.partitions.sampled_rows import SampledRowReader
from graphwalk.util.threads import map_in_order, thread_pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from graphwalk.algorithms.samples.check_samples import AskedSamples
    from graphwalk.algorithms.samples.sample_hops import SampleRules
    from graphwalk.scheduler.engine.scan_plan import ScanPlan

#: Bytes of samples that are made at a time for each worker where the graph stays in memory, or one
#: batch for each, so that the first one comes soon. Else they take this part of the memory, since
#: passes cost more.
_FEW_BYTES, _PART = 192 << 20, 4


class SampleBatch(NamedTuple):
    """Samples around some seeds, with nodes of their own numbers.

    Attributes
    ----------
    n_id : ndarray of int64, shape (nodes,)
        The nodes: first the seeds, then those that each hop has come to.
    edge_index : ndarray of int64, shape (2, samples)
        For each sample the place in `n_id` of the neighbour, and of the node that it was sampled
        for.
    e_id : ndarray of int64, shape (samples,)
        Which entry of the store each sample is.
    input_id : ndarray of int64, shape (batch_size,)
        Which of all seeds these are.
    num_sampled_nodes, num_sampled_edges : list of int
        How many of them each hop has added; nodes begin with the seeds.
    batch : ndarray of int64, shape (nodes,), or None
        Which seed of the batch each node belongs to, if samples are disjoint.
    """

    n_id: NDArray[np.int64]
    edge_index: NDArray[np.int64]
    e_id: NDArray[np.int64]
    input_id: NDArray[np.int64]
    num_sampled_nodes: list[int]
    num_sampled_edges: list[int]
    batch: NDArray[np.int64] | None


@dataclass(frozen=True)
class SampleBatches:
    """Batches of samples.

    Attributes
    ----------
    asked : AskedSamples
        What to sample, around which seeds.
    batch_size : int
        Seeds of a batch; the last may have fewer.
    shuffle : bool
        Whether seeds are in random order.
    memory : str or int, optional
        What samples and partitions may take.
    """

    asked: AskedSamples
    batch_size: int
    shuffle: bool
    memory: str | int | None

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __len__(self) -> int:
        return -(-len(self.asked.seeds.nodes) // self.batch_size)

    @cached_property
    def _kept(self) -> dict[Any, Any]:
        """The graph, if it stays in the memory of this process: for all epochs."""
        return {}

    @cached_property
    def _planned(self) -> tuple[ScanPlan, int]:
        """How the graph is read, and of how many batches samples are made at a time."""
        resources, rules = find_resources(self.memory), self.asked.rules
        in_process = current_executor().in_process
        groups = self.batch_size if rules.disjoint else 1
        each = max(1, rules.most_bytes(self.asked.arrays, self.batch_size, groups))
        for most in (max(_FEW_BYTES, each) * resources.workers, resources.memory):
            most = min(most, resources.memory // _PART)
            at_once = max(1, min(len(self), most // each))
            passes = f"{len(rules.fanouts)} for every {at_once:,} of {len(self):,} batches"
            plan = partial(
                plan_scan,
                self.asked.arrays,
                rules.cost(self.asked.arrays, at_once * each, passes, repeated=True),
                resources,
                in_process=in_process,
                reader=SampledRowReader(rules.values),
            )
            planned = plan()
            if planned.resident:
                # Threads make a batch each, so that nothing is gained by more partitions.
                return plan(1) if in_process else planned, at_once
        return planned, at_once

    @property
    def plan(self) -> ScanPlan:
        """How samples are made."""
        return self._planned[0]

    def make(self, epoch: int, numbers: Sequence[int]) -> Iterator[SampleBatch]:
        """Yield batches of some numbers."""
        _, arrays, rules, seeds = self.asked
        rules = replace(rules, seed=(rules.seed + epoch) % 2**64)
        order = np.arange(len(seeds.nodes))
        if self.shuffle:
            keys = order_keys(np.uint64(seed_key(np.uint64(rules.seed))), len(order))
            order = np.argsort(keys, kind="stable")
        plan, at_once = self._planned
        with current_executor().job(plan.cost.name) as job:
            # Threads make a batch each of a graph in memory; else several batches share passes.
            alone = plan.resident and job.in_process
            kept = self._kept if alone else None
            scanner = Scanner(arrays, plan, job, plan.cost.name, alone=alone, kept=kept)
            places = [
                order[number * self.batch_size : (number + 1) * self.batch_size]
                for number in numbers
            ]
            make = partial(self._round, scanner, rules)
            if not alone:
                for first in range(0, len(places), at_once):
                    yield from make(places[first : first + at_once])
                return
            with thread_pool(plan.resources.workers) as pool:
                for batch in map_in_order(pool, lambda each: [*make([each])], places, at_once):
                    yield from batch

    def _round(
        self, scanner: Scanner, rules: SampleRules, places: list[NDArray[np.int64]]
    ) -> Iterator[SampleBatch]:
        which, sizes = np.concatenate(places), [len(place) for place in places]
        owners = np.repeat(np.arange(len(places)), sizes)
        groups = np.arange(len(which)) if rules.disjoint else owners
        seeds = self.asked.seeds.some(which, groups)
        reached = [
            ReachedNodes(
                seeds.nodes[first:stop],
                groups[first:stop],
                int(groups[first]),
                stop - first if rules.disjoint else 1,
            )
            for first, stop in pairwise(accumulate(sizes, initial=0))
        ]
        with self.asked.arrays.unchanged():
            hops = sample_hops(scanner, rules, seeds, reached)
        for batch, place, some in zip(reached, places, zip(*hops, strict=True), strict=True):
            batch.expand(some[-1])
            nodes, of = batch.nodes
            yield SampleBatch(
                nodes,
                np.concatenate([*batch.sources, *batch.targets]).reshape(2, -1),
                np.concatenate([hop.entries for hop in some]),
                place,
                batch.sizes,
                [len(hop.entries) for hop in some],
                of - of[0] if rules.disjoint else None,
            )
