"""Samples around batches of seeds, several batches in the same passes over the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.samples.sample_hops import numbered, sample_hops
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
    from graphwalk.algorithms.samples.hop_pass import Hop
    from graphwalk.scheduler.engine.scan_plan import ScanPlan

#: Bytes of samples that are made at a time for each worker where the graph stays in memory, so that
#: the first batch comes soon. Else they take this part of the memory, since passes cost more.
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

    def __len__(self) -> int:
        return -(-len(self.asked.seeds.nodes) // self.batch_size)

    @cached_property
    def _planned(self) -> tuple[ScanPlan, int]:
        """How the graph is read, and of how many batches samples are made at a time."""
        resources, rules = find_resources(self.memory), self.asked.rules
        for most in (_FEW_BYTES * resources.workers, resources.memory):
            most = min(most, resources.memory // _PART)
            groups = self.batch_size if rules.disjoint else 1
            each = rules.most_bytes(self.asked.arrays, self.batch_size, groups)
            at_once = max(1, min(len(self), most // max(1, each)))
            passes = f"{len(rules.fanouts)} for every {at_once:,} of {len(self):,} batches"
            plan = plan_scan(
                self.asked.arrays,
                rules.cost(self.asked.arrays, at_once * each, passes, repeated=True),
                resources,
                in_process=current_executor().in_process,
                reader=SampledRowReader(rules.values),
            )
            if plan.resident:
                break
        return plan, at_once

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
            scanner = Scanner(arrays, plan, job, plan.cost.name, alone=alone)
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
        self, scanner: Scanner, rules: Any, places: list[NDArray[np.int64]]
    ) -> Iterator[SampleBatch]:
        which = np.concatenate(places)
        owners = np.repeat(np.arange(len(places)), [len(place) for place in places])
        groups = np.arange(len(which)) if rules.disjoint else owners
        seeds = self.asked.seeds.some(which, groups)
        owner_of = owners if rules.disjoint else np.arange(len(places))
        with self.asked.arrays.unchanged():
            hops = [_by_owner(hop, owner_of) for hop in sample_hops(scanner, rules, seeds)]
        first = 0
        for number, place in enumerate(places):
            stop = first + len(place)
            some = [_cut(hop, ends[number], ends[number + 1]) for hop, ends in hops]
            yield _batch(seeds.nodes[first:stop], groups[first:stop], some, place, rules.disjoint)
            first = stop


def _by_owner(hop: Hop, owner_of: NDArray[np.int64]) -> tuple[Hop, NDArray[np.int64]]:
    """Return a hop ordered by batch, and where each batch begins."""
    owners, number = owner_of[hop.groups], int(owner_of[-1]) + 1
    ends = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=number))])
    if number == 1:
        return hop, ends
    # Numpy sorts numbers of 16 bits by their digits.
    order = np.argsort(owners.astype(np.min_scalar_type(number)), kind="stable")
    return type(hop)(*(each[order] for each in hop)), ends


def _cut(hop: Hop, first: int, stop: int) -> Hop:
    return type(hop)(*(each[first:stop] for each in hop))


def _batch(
    seeds: NDArray[np.int64],
    groups: NDArray[np.int64],
    hops: list[Hop],
    input_id: NDArray[np.int64],
    disjoint: bool,
) -> SampleBatch:
    """Return a batch, whose nodes are pairs of a node and a group."""
    base, size = int(groups[0]), len(groups) if disjoint else 1

    def pairs(nodes: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.int64]:
        return nodes * size + (of - base)

    lengths = [len(hop.nodes) for hop in hops]
    reached = (pairs(hop.neighbors, hop.groups) for hop in hops)
    targets = (pairs(hop.nodes, hop.groups) for hop in hops)
    keys = np.concatenate([pairs(seeds, groups), *reached, *targets])
    numbers, known = numbered(keys, most=len(seeds) + sum(lengths))
    # Of what a hop has come to for the first time, the smallest nodes come first.
    found, places = [0, len(seeds)], np.arange(len(known))
    for first, stop in pairwise(np.cumsum([len(seeds), *lengths]).tolist()):
        begin, end = found[-1], max(found[-1], int(numbers[first:stop].max(initial=-1)) + 1)
        order = np.argsort(known[begin:end])
        places[begin + order] = np.arange(begin, end)
        known[begin:end] = known[begin:end][order]
        found.append(end)
    nodes, of = np.divmod(known, size)
    return SampleBatch(
        nodes,
        places[numbers[len(seeds) :]].reshape(2, -1),
        np.concatenate([hop.entries for hop in hops]),
        input_id,
        np.diff(found).tolist(),
        lengths,
        of if disjoint else None,
    )
