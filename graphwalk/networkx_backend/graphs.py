"""Graphs as the backend's functions see them: of NetworkX, or in stores."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from numbers import Number
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import build_sizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.store.graph import Graph
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray


#: What NetworkX says of a node that does not exist.
MISSING = "Node {} not found in graph"

#: The largest weight that a store can have.
_LARGEST = float(np.finfo(np.float32).max)


class ConvertedGraph:
    """A graph of NetworkX, of which stores are built as functions need them.

    Parameters
    ----------
    graph : networkx.Graph
        The graph.
    """

    __networkx_backend__ = "graphwalk"

    def __init__(self, graph: nx.Graph) -> None:
        self.graph = graph
        self.nodes: Sequence[Any] = list(graph)
        self._stores: dict[Any, Graph] = {}

    def is_directed(self) -> bool:
        """Return whether edges lead one way only."""
        return bool(self.graph.is_directed())

    def is_multigraph(self) -> bool:
        """Return whether there may be parallel edges."""
        return bool(self.graph.is_multigraph())

    @cached_property
    def _numbers(self) -> dict[Any, int]:
        return {node: number for number, node in enumerate(self.nodes)}

    def number(self, node: Any, missing: str = MISSING) -> int:
        """Return the number of a node; raises NodeNotFound, which says so, if there is none."""
        try:
            return self._numbers[node]
        except (KeyError, TypeError):
            raise nx.NodeNotFound(missing.format(node)) from None

    def has(self, node: Any) -> bool:
        """Return whether there is a node."""
        return node in self._numbers

    def has_loops(self) -> bool:
        """Return whether an edge leads from a node to itself."""
        return any(True for _ in nx.selfloop_edges(self.graph))

    def source(self, node: Any, missing: str = MISSING) -> Any:
        """Return a node as searches of a store take it."""
        return self.number(node, missing)

    def store(
        self,
        weight: Any = None,
        join: Callable[[Iterable[float]], float] = sum,
        *,
        reverse: bool = False,
        parallel: bool = False,
    ) -> Graph:
        """Return a store of the graph.

        Parameters
        ----------
        weight : str, callable or None
            Name of the attribute that has weights, 1 where it is missing; or what returns them,
            given both ends and the attributes of an edge, which may tell directions apart: the
            store is directed then; None: all are 1.
        join : callable
            Makes one weight of those of parallel edges.
        reverse : bool
            Whether edges lead the other way.
        parallel : bool
            Whether parallel edges stay apart, each with its weight.
        """
        key = (weight, join, reverse, parallel)  # it keeps a function, whose id may come again
        if key not in self._stores:
            self._stores[key] = self._build(weight, join, reverse, parallel)
        return self._stores[key]

    def _build(
        self, weight: Any, join: Callable[..., float], reverse: bool, parallel: bool
    ) -> Graph:
        found = list(self._edges(weight, join, parallel))
        src, dst, weights = zip(*found, strict=True) if found else ((), (), ())
        ends = [np.array(each, np.int64) for each in ((dst, src) if reverse else (src, dst))]
        weighted = weight is not None or (self.is_multigraph() and not parallel)
        edges = (*ends, np.array(weights, np.float64)) if weighted and found else tuple(ends)
        options = BuildOptions(
            directed=self.is_directed() or callable(weight),
            duplicates="keep",
            num_nodes=len(self.nodes),
            weightless_rows=True,
        )
        return build(open_source(edges), None, options, build_sizes(None), Progress(False))

    def _edges(
        self, weight: Any, join: Callable[..., float], apart: bool
    ) -> Iterator[tuple[int, int, float | None]]:
        numbers, multiple = self._numbers, self.is_multigraph()
        directed = self.is_directed() or callable(weight)
        for u, neighbors in self.graph.adjacency():
            first = numbers[u]
            for v, attributes in neighbors.items():
                second = numbers[v]
                if not directed and second < first:
                    continue
                parallel = attributes.values() if multiple else [attributes]
                if apart:
                    for each in parallel:
                        value = None if weight is None else _weight(each.get(weight, 1), u, v)
                        yield first, second, value
                elif callable(weight):
                    value = weight(u, v, attributes)
                    if value is not None:  # else the edge is hidden
                        yield first, second, _weight(value, u, v)
                else:
                    values = (_weight(each.get(weight, 1), u, v) for each in parallel)
                    yield first, second, _weight(join(values), u, v)


class StoredGraph:
    """A graph in a store, with the same interface.

    Parameters
    ----------
    graph : Graph
        The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        labels = graph.labels
        self.nodes: Sequence[Any] = range(graph.num_nodes) if labels is None else labels

    def is_directed(self) -> bool:
        """Return whether edges lead one way only."""
        return self._graph.directed

    def is_multigraph(self) -> bool:
        """Return whether there may be parallel edges: a store does not say it."""
        return False

    def number(self, node: Any, missing: str = MISSING) -> int:
        """Return the number of a node; raises NodeNotFound, which says so, if there is none."""
        try:
            return int(self._graph.index_of(node))
        except ValueError as error:
            raise nx.NodeNotFound(missing.format(node)) from error

    def has_loops(self) -> bool:
        """Return whether an edge leads from a node to itself."""
        return bool(self._graph.summary().self_loops)

    def has(self, node: Any) -> bool:
        """Return whether there is a node."""
        try:
            self.number(node)
        except nx.NodeNotFound:
            return False
        return True

    def source(self, node: Any, missing: str = MISSING) -> Any:
        """Return a node as searches of a store take it."""
        self.number(node, missing)
        return node

    def store(self, weight: Any = None, *_: Any, reverse: bool = False, **__: Any) -> Graph:
        """Return the store; the weights of edges are called ``"weight"``."""
        if weight not in (None, "weight"):
            raise NotImplementedError(f"edges of a store have no attribute {weight!r}")
        if reverse and self._graph.directed:
            raise NotImplementedError("pass graph.transpose(path), and search from the source")
        return self._graph


def view_of(graph: Any) -> Any:
    """Return a graph of a store, or one that was converted, by their common interface."""
    return StoredGraph(graph) if isinstance(graph, Graph) else graph


def by_node(view: Any, values: NDArray[Any]) -> dict[Any, Any]:
    """Return values as a dict from nodes."""
    return dict(zip(view.nodes, values.tolist(), strict=True))


def sets_by_label(view: Any, labels: NDArray[Any]) -> Iterator[set[Any]]:
    """Yield the set of nodes of each label, in ascending order of labels."""
    order = np.argsort(labels, kind="stable")
    for nodes in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if len(nodes):
            yield {view.nodes[node] for node in nodes.tolist()}


def _weight(value: Any, u: Any, v: Any) -> float:
    """Return the weight of an edge; raises InputError if it is none that a store can have."""
    if not isinstance(value, Number | np.bool_) or isinstance(value, complex):
        raise InputError(f"the edge ({u!r}, {v!r}) has the weight {value!r}, which is no number")
    if not 0 <= value <= _LARGEST:  # type: ignore[operator]
        raise InputError(
            f"the edge ({u!r}, {v!r}) has the weight {value!r}; weights are finite, not negative, "
            f"and at most {_LARGEST:.2g}"
        )
    return float(value)  # type: ignore[arg-type]


def chosen_nodes(view: Any, nodes: Any) -> list[Any]:
    """Return all nodes, one, or each once of those that there are, as a set of ``nbunch_iter``."""
    if nodes is None:
        return list(view.nodes)
    if isinstance(nodes, Hashable) and view.has(nodes):
        return [nodes]
    return list(dict.fromkeys(node for node in nodes if view.has(node)))


def transpose_of(store: Graph) -> Graph | None:
    """Return the transpose of a directed store, which takes a copy of it on disk."""
    return store.transpose(progress=False) if store.directed else None
