"""Samples of the neighbours of nodes, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, node_array
from graphwalk.algorithms.samples.check_samples import sampling_of
from graphwalk.algorithms.samples.reached_nodes import ReachedNodes
from graphwalk.algorithms.samples.sample_hops import SampleRules, Seeds, sample_hops
from graphwalk.storage.partitions.sampled_rows import SampledRowReader

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import dask.array as da
    from numpy.typing import ArrayLike, NDArray

    from graphwalk.algorithms.samples.hop_pass import Hop
    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.scheduler.engine.scan_plan import ScanCost
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Part of the nodes that samples come to from which on the graph is read whole, if it fits.
_MANY = 8


def sample_neighbors(
    store: Graph | str | os.PathLike[str],
    seeds: ArrayLike | None,
    fanouts: Sequence[int],
    *,
    replace: bool = False,
    weighted: bool | None = None,
    times: ArrayLike | None = None,
    disjoint: bool = False,
    direction: Literal["in", "out"] = "in",
    transposed: Graph | str | os.PathLike[str] | None = None,
    seed: int | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return samples of the neighbours of nodes, hop by hop, as a lazy Dask array.

    They are the samples of GraphSAGE [1]_: in the first hop, of the neighbours of each seed; in
    each further one, of those of the nodes that the hop before has come to for the first time.
    `NeighborDataset` has them in batches, for training.

    A sample is a pure function of `seed`, the hop and the node, and with `disjoint` of the seed
    node and of how often that stands before. It does not depend on the other seeds, `memory`,
    `partitions`, the scheduler or the number of workers.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    seeds : array_like of int or str, shape (num_seeds,), optional
        Nodes by number, or by label where labels are strings; None: all nodes. Each is there once,
        except with `disjoint`.
    fanouts : sequence of int
        Neighbours of each node in the first hop, the second, and so on; -1: all of them.
    replace : bool
        Whether an edge may be drawn several times. If not, a node with fewer edges has all of them
        in its sample, and all subsets of its edges have the same probability; by weight, edges are
        drawn one after the other in proportion to the weights of those that remain.
    weighted : bool, optional
        Whether edges are drawn in proportion to their weights. None: if the graph has weights.
    times : array_like of float or datetime64, shape (num_seeds,), optional
        A time for each seed: in all hops, only edges that are earlier are sampled. Samples are
        disjoint then. The graph must be built with ``times=True``; if its edges have weights, too,
        pass ``weighted=False``, since earlier edges have the same probability.
    disjoint : bool
        Whether the samples of each seed are drawn independently, and do not share nodes. Otherwise
        a node has the same sample whatever seed it is reached from.
    direction : {"in", "out"}
        Which neighbours to sample: those from which edges lead to a node, or the others. In an
        undirected graph they are the same.
    transposed : Graph, str or path, optional
        What `Graph.transpose` makes of a directed graph, in which in-neighbours are found.
    seed : int, optional
        From 0 to 2**64 - 1. None: a seed is drawn when the array is made.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that samples and partitions of the graph may take.
        None: 70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of int64, shape (num_samples, 4)
        A row for each sampled edge: the hop, from 1; the node; the sampled neighbour; and which
        entry of the store the edge is, of `transposed` where that is read. With `disjoint`, a fifth
        column has the position of the seed in `seeds`. Rows ascend by hop, node and seed. How many
        there are is known when it is computed. Its ``plan`` says how it will be.

    Raises
    ------
    InputError
        When a parameter is out of its range, a seed is no node, or `transposed` is missing.
    MemoryBudgetError
        When the samples may not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] W. L. Hamilton, R. Ying, J. Leskovec, "Inductive representation learning on large
       graphs", NIPS 2017, https://arxiv.org/abs/1706.02216

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (0, 3), (3, 4)])
    >>> graphwalk.sample_neighbors(graph, [0], [2, -1], seed=1).compute()
    array([[1, 0, 1, 0],
           [1, 0, 3, 2],
           [2, 1, 0, 3],
           [2, 3, 0, 5],
           [2, 3, 4, 6]])
    """
    asked = sampling_of(
        store, seeds, fanouts, replace, weighted, times, disjoint, direction, transposed, seed
    )
    return node_array(NeighborSampling(asked.rules, asked.seeds), asked.arrays, memory, partitions)


@dataclass(frozen=True)
class NeighborSampling(NodeAlgorithm):
    """A pass for each hop.

    Attributes
    ----------
    rules : SampleRules
        How to sample.
    seeds : Seeds
        Where to start.
    """

    column: ClassVar[str] = "sample"

    rules: SampleRules
    seeds: Seeds

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the table."""
        del graph
        return np.dtype(np.int64)

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return the shape of the table, of as many rows as there will be samples."""
        del graph
        return (np.nan, 4 + self.rules.disjoint)

    def reader(self, graph: GraphArrays) -> SampledRowReader:
        """Return what cuts the graph between rows."""
        del graph
        return SampledRowReader(self.rules.values)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what sampling takes."""
        seeds, fanouts = len(self.seeds.nodes), self.rules.fanouts
        held = self.rules.most_bytes(graph, seeds, seeds if self.rules.disjoint else 1)
        come_to = seeds * prod(abs(fanout) for fanout in fanouts[:-1])
        many = len(fanouts) > 1 and come_to * _MANY >= graph.num_nodes
        passes = f"{len(fanouts)}, one for each hop"
        return self.rules.cost(graph, held, passes, repeated=many)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.int64]:
        """Return all samples."""
        del graph
        nodes, groups = self.seeds.nodes, self.seeds.groups
        reached = ReachedNodes(nodes, groups, num_groups=len(nodes) if self.rules.disjoint else 1)
        hops = sample_hops(scanner, self.rules, self.seeds, [reached])
        return np.concatenate([self._table(number, hop) for number, (hop,) in enumerate(hops, 1)])

    def _table(self, number: int, hop: Hop) -> NDArray[np.int64]:
        records = [np.full(len(hop.nodes), number), hop.nodes]
        columns = [*(np.repeat(each, hop.counts) for each in records), hop.reached, hop.entries]
        groups = [np.repeat(hop.groups, hop.counts)] if self.rules.disjoint else []
        return np.stack([*columns, *groups], axis=1)
