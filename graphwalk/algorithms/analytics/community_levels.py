"""One level of the search for communities: nodes move among the communities of their neighbours.

All nodes of a half decide by the same labels in a pass, so that what they decide does not depend on
partitions, threads or machines. Sums of floats are those of a whole row, in its order, or are made
of arrays of all nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.algorithms.analytics.merged_communities import merge_communities
from graphwalk.algorithms.analytics.whole_rows import WeightedRowPass
from graphwalk.kernels.analytics.link_components import flatten, link_forest
from graphwalk.kernels.analytics.move_nodes import add_strengths, link_inside, move_nodes
from graphwalk.kernels.rng import mix
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.scheduler.engine.scan_plan import ScanCost
    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays

    #: An array for out-edges, and one for in-edges.
    _Both = tuple[NDArray[np.float64], NDArray[np.float64]]

#: Most turns of a level, in each of which both halves of the nodes move once.
_TURNS = 20

#: Modularity by which a turn is worth another one.
_LEAST_GAIN = 1e-3

#: Turns without enough gain before a level ends, in graphs of fewer nodes: nodes that move at the
#: same time often undo each other's gain there, and the next turn has other halves.
_LOSSES, _SMALL = 4, 1 << 12

#: Bytes that a build takes in any case, in addition to those of edges.
LEAST_BUILD = 16 << 20

#: Exponent of what sums of weights are less than in a merged graph, which has them in float32.
_FLOAT32 = 127

#: What the weight of all edges is in fixed point.
_ONE = float(1 << 60)


@dataclass(frozen=True)
class Level:
    """A graph in which communities are searched.

    Attributes
    ----------
    scanner : Scanner
        Runs passes over it.
    graph, transposed : GraphArrays
        The graph, and its transposed store if it is directed.
    strengths : tuple of two ndarrays of float64, shape (nodes,)
        Weights of the edges from and to each node; of an undirected graph the same array twice.
    total : float
        The weight of all entries.
    directed : bool
        Whether the edges that communities were merged from are directed.
    resolution : float
        By what the expected weight of edges is multiplied.
    weighted : bool
        Whether entries have weights that are used.
    """

    scanner: Scanner
    graph: GraphArrays
    transposed: GraphArrays | None
    strengths: _Both
    total: float
    directed: bool
    resolution: float
    weighted: bool

    @property
    def reader(self) -> NeighborhoodReader:
        """What reads rows."""
        return NeighborhoodReader(self.transposed, "weights" if self.weighted else None)

    def move(self, labels: NDArray[Any]) -> tuple[NDArray[Any], float]:
        """Return labels of a higher modularity, and how much higher it is."""
        start = best = -np.inf
        found, losses = labels, 0
        for turn in range(_TURNS):
            for half in (0, 1):
                totals = self._by_label(labels, len(labels))
                program = _Move(self, labels, totals, turn, half)
                moves = program.new_result()
                self.scanner.scan(program, moves)
                if half == 0:  # the pass has found what labels were worth at its beginning
                    worth = self._modularity(int(moves.inside[0]), totals)
                    gain = worth - best
                    if turn == 0:
                        start = best = worth
                    elif gain > 0:
                        found, best = labels, worth
                    losses += gain < _LEAST_GAIN
                    if losses > (_LOSSES if self.graph.num_nodes < _SMALL else 0):
                        return found, best - start
                labels = moves.labels
        return found, best - start

    def merge(
        self, members: NDArray[Any], count: int, cost: Callable[[GraphArrays], ScanCost]
    ) -> tuple[Level, Graph]:
        """Return the graph of communities as a level, and its store, which is to be kept."""
        memory = LEAST_BUILD + self.scanner.plan.chunk
        unit = 2.0 ** min(0, _FLOAT32 - int(np.frexp(self.total)[1]))
        made = merge_communities(self.graph, members, count, memory, unit, weighted=self.weighted)
        both = self._by_label(members, count)
        for each in {id(strengths): strengths for strengths in both}.values():
            each *= unit
        merged = replace(
            self,
            graph=made._arrays,
            transposed=None,
            strengths=both,
            total=self.total * unit,
            weighted=True,
        )
        scanner = self.scanner.of(merged.graph, cost(merged.graph), merged.reader)
        return replace(merged, scanner=scanner), made

    def connect(self, members: NDArray[Any]) -> NDArray[Any]:
        """Return the smallest node that each node is connected to within its community."""
        program = _Connect(self, members)
        parent = program.new_result()
        self.scanner.scan(program, parent)
        flatten(parent, 0, len(parent))
        return parent

    @property
    def expected(self) -> float:
        """What the product of two strengths is to be multiplied by."""
        return self.resolution / self.total / (1 if self.directed else 2)

    @property
    def unit(self) -> float:
        """What a weight of 1.0 is in fixed point: half where an edge lies in two rows for one."""
        return _ONE / self.total / (2 if self.directed and not self.graph.directed else 1)

    def _modularity(self, inside: int, totals: _Both) -> float:
        """Return the modularity, without the constant part of edges inside nodes."""
        squares = float((totals[0] * totals[1]).sum())
        return inside / _ONE - self.resolution * squares / self.total**2

    def _by_label(self, labels: NDArray[Any], count: int) -> _Both:
        """Return the strengths of nodes, added up by their labels from 0 to before `count`."""
        leaving, arriving = self.strengths
        sums: NDArray[Any] = np.bincount(labels, leaving, count)
        others: NDArray[Any] = sums
        if arriving is not leaving:
            others = np.bincount(labels, arriving, count)
        return sums, others


def find_strengths(level: Level) -> _Both:
    """Return the weights of the edges from and to each node; undirected loops count twice."""
    strengths = _Strengths(level).new_result()
    level.scanner.scan(_Strengths(level), strengths)
    return strengths[0], strengths[-1]


class Moves(NamedTuple):
    """What a pass finds: new labels, and the weight of entries inside communities before."""

    labels: NDArray[Any]
    inside: NDArray[np.int64]

    def copy(self) -> Moves:
        """Return a copy that shares nothing."""
        return Moves(self.labels.copy(), self.inside.copy())


class _Pass(WeightedRowPass):
    """A pass over a level."""

    def __init__(self, level: Level) -> None:
        self.transposed, self.weighted = level.transposed, level.weighted
        self._nodes, self._dtype = level.graph.num_nodes, level.graph.neighbor_dtype


class _Move(_Pass):
    """Finds better labels for a half of the nodes."""

    def __init__(
        self, level: Level, labels: NDArray[Any], totals: _Both, turn: int, half: int
    ) -> None:
        super().__init__(level)
        self._labels = labels
        key = np.uint64(mix(turn))
        self._arguments = level.strengths, totals, level.expected, level.unit, key, half

    def new_result(self) -> Moves:
        """Return that no label is known."""
        return Moves(np.full_like(self._labels, -1), np.zeros(1, np.int64))

    def visit(self, result: Moves, rows: Any) -> None:
        """Find labels for the nodes of a partition."""
        move_nodes(self._labels, *self._arguments, rows, *result)

    def merge(self, result: Moves, other: Moves) -> None:
        """Take over the labels of other nodes."""
        np.maximum(result.labels, other.labels, out=result.labels)
        np.add(result.inside, other.inside, out=result.inside)


class _Strengths(_Pass):
    """Adds up the weights of rows, of the transposed store too if there is one."""

    def new_result(self) -> NDArray[np.float64]:
        """Return sums of nothing."""
        return np.zeros((1 if self.transposed is None else 2, self._nodes))

    def visit(self, result: NDArray[np.float64], rows: Any) -> None:
        """Add up the rows of a partition."""
        first, row_starts, neighbors, in_row_starts, in_neighbors, weights, in_weights = rows
        loops = 2 if self.transposed is None else 1
        add_strengths(first, row_starts, neighbors, weights, loops, result[0])
        if self.transposed is not None:
            add_strengths(first, in_row_starts, in_neighbors, in_weights, loops, result[1])

    def merge(self, result: NDArray[np.float64], other: NDArray[np.float64]) -> None:
        """Take over the sums of other nodes, which are zero here."""
        result += other


class _Connect(_Pass):
    """Links the nodes of each community that edges connect; its result is a forest over nodes."""

    def __init__(self, level: Level, members: NDArray[Any]) -> None:
        super().__init__(level)
        self._members = members

    def new_result(self) -> NDArray[Any]:
        """Return a forest in which every node is a root."""
        return np.arange(self._nodes, dtype=self._dtype)

    def visit(self, result: NDArray[Any], rows: Any) -> None:
        """Link the entries of a partition."""
        link_inside(result, self._members, *rows[:3])

    def merge(self, result: NDArray[Any], other: NDArray[Any]) -> None:
        """Link what another forest links."""
        link_forest(result, other)
