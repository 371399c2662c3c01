"""The nodes of a batch of samples, numbered in the order in which hops come to them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.samples.number_keys import number_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.algorithms.samples.hop_pass import Hop


class ReachedNodes:
    """Nodes, each in a group, that the samples around some seeds have come to.

    First come the seeds, in their order; then those that each hop comes to for the first time, in
    the order of its samples. The latter are the next frontier, whose neighbours the next hop
    samples; the first one is the seeds.

    Parameters
    ----------
    seeds, groups : ndarray of int64, shape (seeds,)
        The seeds, and their groups; no pair is there twice.
    first_group, num_groups : int
        The smallest group, and how many there are from it on.

    Attributes
    ----------
    sizes : list of int
        How many nodes each hop has added, after the number of seeds.
    sources, targets : list of ndarray of int64, shape (samples,)
        For each sample of a hop the place, among all nodes, of the neighbour, and of the node that
        it was sampled for.
    """

    def __init__(
        self,
        seeds: NDArray[np.int64],
        groups: NDArray[np.int64],
        first_group: int = 0,
        num_groups: int = 1,
    ) -> None:
        self._first_group, self._num_groups = first_group, num_groups
        # A key is a node and a group; the table has the number of each.
        self._keys = self._keys_of(seeds, groups - first_group).copy()
        self._table: NDArray[Any] = np.empty(0, np.int32)
        self.sizes = [len(seeds)]
        self.sources, self.targets = list[Any](), list[Any]()

    @property
    def nodes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all nodes and their groups."""
        return self._split(self._keys)

    @property
    def frontier(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the nodes and the groups of the frontier, ascending by node, then by group."""
        return self._split(self._keys[self._places])

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Where the nodes of the frontier are among all nodes."""
        first = len(self._keys) - self.sizes[-1]
        return np.argsort(self._keys[first:]) + first

    def expand(self, hop: Hop) -> None:
        """Add what was sampled for the frontier; nodes that are new are the next frontier."""
        groups: NDArray[np.int64] | int = 0
        if self._num_groups > 1:
            groups = np.repeat(hop.groups - self._first_group, hop.counts)
        known = len(self._keys)
        self.targets.append(np.repeat(self._places, hop.counts))
        # Read-only, as other processes may return it, the kernel would be compiled again for it.
        reached = np.require(hop.reached, requirements="W")
        self.sources.append(self._number(self._keys_of(reached, groups)))
        self.sizes.append(len(self._keys) - known)
        del self._places

    def _keys_of(
        self, nodes: NDArray[np.int64], groups: NDArray[np.int64] | int
    ) -> NDArray[np.int64]:
        return nodes if self._num_groups == 1 else nodes * self._num_groups + groups

    def _split(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if self._num_groups == 1:
            return keys, np.full(len(keys), self._first_group)
        nodes, groups = np.divmod(keys, self._num_groups)
        return nodes, groups + self._first_group

    def _number(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each key, and add those that are not known yet."""
        count, numbers = len(self._keys), np.empty_like(keys)
        most = count + len(keys)
        if 3 * most > 2 * len(self._table):
            size = 1 << (3 * most // 2).bit_length()
            # The table is kept while keys fill it, so its size decides and not their number now.
            self._table = np.full(size, -1, np.int64 if size > 1 << 31 else np.int32)
            number_keys(self._keys, self._table, self._keys, 0, np.empty(count, np.int64))
        known = np.empty(most, np.int64)
        known[:count] = self._keys
        self._keys = known[: number_keys(keys, self._table, known, count, numbers)]
        return numbers
