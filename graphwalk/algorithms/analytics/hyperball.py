"""Harmonic centrality and the distribution of distances, from sketches of balls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphwalk.algorithms.analytics.falling_values import Falling, FallingPass, Frontier
from graphwalk.algorithms.analytics.node_array import node_array
from graphwalk.algorithms.analytics.whole_rows import WholeRowPass, WholeRows
from graphwalk.errors import InputError, argument
from graphwalk.kernels.analytics.hyperball import draw_registers, grow_balls, measure_balls
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.storage.store.graph import Graph, as_graph
from graphwalk.storage.store.transposed import transposed_arrays
from graphwalk.util.parameters import whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.storage.partitions.neighborhoods import Neighborhoods
    from graphwalk.storage.store.graph_arrays import GraphArrays

_REGISTERS, _SEED = whole(16, 1 << 16), whole(0, 2**64 - 1)


def harmonic_centrality(
    store: Graph | str | os.PathLike[str],
    *,
    registers: int = 64,
    seed: int = 0,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return the harmonic centrality of every node, estimated, as a lazy Dask array.

    It is the sum of ``1 / distance`` over all nodes from which the node can be reached [1]_. All
    nodes are searched at the same time: each has a sketch of the set of nodes within a distance,
    which grows by a step in each pass, until none grows [2]_.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    registers : int
        Bytes of a sketch, a power of two from 16. The number of nodes within each distance has a
        standard error of about ``1.04 / registers ** 0.5``, 13 % for 64; twice as many bytes for
        each node are held.
    seed : int
        Seed of the hash function. The same seed gives the same bits whatever the plan.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph; only this is read.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that sketches and partitions of the graph may take.
        None: 70 % of what is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dask.array.Array of float64, shape (num_nodes,)
        The estimate of each node. Its attribute ``plan`` says how it is computed. Nothing is read
        before ``compute()`` except where the graph is cut.

    Raises
    ------
    InputError
        When a parameter is out of its range, or `transposed` is not the transpose of the graph.
    MemoryBudgetError
        When the sketches do not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    .. [1] P. Boldi, S. Vigna, "Axioms for centrality", Internet Mathematics 10, 2014,
       https://doi.org/10.1080/15427951.2013.865686
    .. [2] P. Boldi, S. Vigna, "In-core computation of geometric centralities with HyperBall",
       ICDMW 2013, https://doi.org/10.1109/ICDMW.2013.10

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (0, 3)])
    >>> graphwalk.harmonic_centrality(graph, registers=4096).compute().round(1)
    array([3., 2., 2., 2.])
    """
    graph = as_graph(store)
    algorithm = HarmonicCentrality(*_checked(registers, seed))
    other = transposed_arrays(graph, transposed, "harmonic centrality")
    return node_array(algorithm, graph._arrays if other is None else other, memory, partitions)


def hop_distribution(
    store: Graph | str | os.PathLike[str],
    *,
    registers: int = 64,
    seed: int = 0,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> da.Array:
    """Return how many pairs of nodes are within each distance, estimated, as a lazy Dask array.

    It is computed from the sketches of `harmonic_centrality`.

    Parameters
    ----------
    store, registers, seed, memory, partitions
        As `harmonic_centrality` takes them.

    Returns
    -------
    dask.array.Array of float64, shape (largest distance + 1,)
        At position t, how many ordered pairs of nodes have a path of at most t edges from the first
        to the second; at 0 those are the nodes. The shape is not known before ``compute()``.

    Raises
    ------
    InputError, MemoryBudgetError, StoreError
        As `harmonic_centrality` does.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3)])
    >>> graphwalk.hop_distribution(graph, registers=4096).compute().round(1)
    array([ 4., 10., 14., 16.])
    """
    graph = as_graph(store)
    algorithm = HopDistribution(*_checked(registers, seed))
    return node_array(algorithm, graph._arrays, memory, partitions)


def _checked(registers: int, seed: int) -> tuple[int, int]:
    registers = _REGISTERS.check("registers", registers)
    if registers & (registers - 1):
        raise InputError(f"{argument('registers', registers)} must be a power of two")
    return registers, _SEED.check("seed", seed)


@dataclass(frozen=True)
class HarmonicCentrality(WholeRows):
    """A pass for each distance.

    Attributes
    ----------
    registers : int
        Registers of a node.
    seed : int
        Seed of the hash function.
    """

    name: ClassVar[str] = "harmonic centrality"
    column: ClassVar[str] = "harmonic_centrality"

    registers: int
    seed: int

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of estimates."""
        del graph
        return np.dtype(np.float64)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what the algorithm takes: sketches twice, sizes, centralities and two sets."""
        del graph
        error = 104 / self.registers**0.5
        return ScanCost(
            name=self.name,
            state=2 * self.registers + 16 + 3,
            partial=self.registers + 1,
            shared=self.registers + 1,
            passes="one for each distance",
            repeated=True,
            method=f"sketches of {self.registers} bytes, standard error of counts {error:.1f} %",
        )

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
        """Return the estimate of every node."""
        centrality = np.zeros(graph.num_nodes)
        for _ in self._balls(scanner, centrality):
            pass
        return centrality

    def _balls(self, scanner: Scanner, centrality: NDArray[np.float64]) -> Iterator[Any]:
        """Yield the sizes of the balls around all nodes, for each radius."""
        nodes, width = len(centrality), self.registers
        after, sizes = np.empty((nodes, width), np.uint8), np.zeros(nodes)
        draw_registers(after.ravel(), width, np.uint64(self.seed))
        before, state = np.empty_like(after), Falling(after)
        active, distance = Frontier.where(np.ones(nodes, np.bool_)), 0
        while len(active):
            both, sets = (after.ravel(), before.ravel()), (active.flags, active.blocks)
            measure_balls(*both, width, distance, *sets, sizes, centrality)
            yield sizes
            scanner.scan(_Grow(before, active), state)
            active, distance = state.swap(active), distance + 1


class HopDistribution(HarmonicCentrality):
    """Adds up the balls of each radius."""

    name, column = "hop distribution", "pairs"

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return that the largest distance is not known."""
        del graph
        return (np.nan,)

    def run(self, graph: GraphArrays, scanner: Scanner) -> NDArray[np.float64]:
        """Return the number of pairs within each distance."""
        centrality = np.zeros(graph.num_nodes)
        return np.array([sizes.sum() for sizes in self._balls(scanner, centrality)], np.float64)


class _Grow(WholeRowPass, FallingPass):
    """Has the balls around all nodes grow by a step."""

    def visit(self, result: Falling, rows: Neighborhoods) -> None:
        """Grow the balls around the nodes of a partition."""
        width, fallen = self.values.shape[1], result.fallen
        args = self.values.ravel(), width, *rows[:3], self.active.flags
        grow_balls(*args, result.values.ravel(), fallen.flags, fallen.blocks)
