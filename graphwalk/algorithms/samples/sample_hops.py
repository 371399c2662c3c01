"""Samples of some hops around the seeds of batches, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.samples.hop_pass import Frontier, Hop, HopPass, HopRules, join_pieces
from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.samples.sample_rows import hop_key, seed_keys
from graphwalk.scheduler.engine.scan_plan import ScanCost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphwalk.algorithms.samples.reached_nodes import ReachedNodes
    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Bytes of a sample, with what is made of it, and of a node whose neighbours are sampled.
_SAMPLE, _RECORD = 96, 64


@dataclass(frozen=True)
class SampleRules:
    """How neighbours are sampled, whatever the seeds.

    Attributes
    ----------
    fanouts : tuple of int
        Neighbours of each node in each hop; all if it is -1.
    replace : bool
        Whether an entry may be drawn several times.
    values : {"weights", "times"}, optional
        What of entries counts.
    disjoint : bool
        Whether each seed has samples of its own.
    seed : int
        What random numbers are made of.
    """

    fanouts: tuple[int, ...]
    replace: bool
    values: ValueName | None
    disjoint: bool
    seed: int

    def most_bytes(self, graph: GraphArrays, seeds: int, groups: int) -> int:
        """Return what samples take at most, of some seeds in some groups."""
        records, size = min(seeds, groups * graph.num_nodes), 0
        for fanout in self.fanouts:
            each = fanout if self.replace and fanout >= 0 else graph.max_degree
            samples = records * min(each, fanout if fanout >= 0 else each)
            if not self.replace:
                samples = min(samples, groups * graph.num_entries)
            size += samples * _SAMPLE + records * _RECORD
            records = min(samples, groups * graph.num_nodes)
        return size

    def cost(self, graph: GraphArrays, held: int, passes: str, *, repeated: bool) -> ScanCost:
        """Return what sampling takes, if `held` bytes of samples are in memory at a time."""
        return ScanCost(
            name="neighbour samples",
            state=0,
            partial=0,
            shared=0,
            passes=passes,
            repeated=repeated,
            values=self.values,
            method="by whole rows; those of other nodes are not read unless they stay in memory",
            scratch=graph.chunk_length("neighbors") * 8,
            fixed=held,
        )


class Seeds(NamedTuple):
    """Nodes around which to sample.

    Attributes
    ----------
    nodes, mentions : ndarray of int64, shape (seeds,)
        The nodes, and how often each stands before.
    times : ndarray of float64, shape (seeds,)
        Times before which edges are; empty if times do not count.
    groups : ndarray of int64, shape (seeds,)
        The group of each, from 0; nodes of a group are expanded once.
    """

    nodes: NDArray[np.int64]
    mentions: NDArray[np.int64]
    times: NDArray[np.float64]
    groups: NDArray[np.int64]

    def some(self, which: Any, groups: NDArray[np.int64]) -> Seeds:
        """Return some of the seeds, in other groups."""
        times = self.times[which] if len(self.times) else self.times
        return Seeds(self.nodes[which], self.mentions[which], times, groups)


def sample_hops(
    scanner: Scanner, rules: SampleRules, seeds: Seeds, batches: Sequence[ReachedNodes]
) -> list[list[Hop]]:
    """Return the samples of each hop of each batch; all batches make a hop in the same pass.

    The neighbours of a node are sampled once in a group: in the first hop that comes to it. Batches
    are expanded by all hops except the last.
    """
    num_groups = int(seeds.groups.max(initial=0)) + 1
    run = np.uint64(seed_key(np.uint64(rules.seed)))
    found: list[list[Hop]] = []
    for number, fanout in enumerate(rules.fanouts):
        for batch, hop in zip(batches, found[-1] if found else (), strict=False):
            batch.expand(hop)
        frontier, owners = _joined([batch.frontier for batch in batches], num_groups)
        key = np.uint64(hop_key(run, number))
        keys = np.full(num_groups, key, np.uint64)
        if rules.disjoint:
            keys = seed_keys(key, seeds.nodes, seeds.mentions)
        how = HopRules(fanout, rules.replace, rules.values, keys, seeds.times)
        program = HopPass(frontier, how, whole=scanner.plan.resident)
        pieces = program.new_result()
        scanner.scan(program, pieces, active=program.has)
        found.append(_divided(join_pieces(frontier, pieces), owners, len(batches)))
    return found


def _joined(
    frontiers: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], num_groups: int
) -> tuple[Frontier, NDArray[Any]]:
    """Return the frontier of all batches, and which batch each record is of."""
    if len(frontiers) == 1:
        return Frontier(*frontiers[0]), np.zeros(0, np.uint8)
    nodes, groups = (np.concatenate(each) for each in zip(*frontiers, strict=True))
    order = np.argsort(nodes * num_groups + groups)
    # Numpy sorts numbers of 16 bits by their digits.
    numbers = np.arange(len(frontiers), dtype=np.min_scalar_type(len(frontiers)))
    owners = np.repeat(numbers, [len(nodes) for nodes, _ in frontiers])
    return Frontier(nodes[order], groups[order]), owners[order]


def _divided(hop: Hop, owners: NDArray[Any], number: int) -> list[Hop]:
    """Return the part of each batch in a hop, given which batch each record is of."""
    if number == 1:
        return [hop]
    owner_of = np.repeat(owners, hop.counts)
    records, samples = _by_owner(owners, number), _by_owner(owner_of, number)
    return [
        Hop(*(each[some] for each in hop[:3]), *(each[those] for each in hop[3:]))
        for some, those in zip(records, samples, strict=True)
    ]


def _by_owner(owners: NDArray[Any], number: int) -> list[NDArray[np.int64]]:
    """Return the places of each owner, ascending."""
    order = np.argsort(owners, kind="stable")
    return np.split(order, np.cumsum(np.bincount(owners, minlength=number))[:-1])
