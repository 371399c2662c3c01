"""Several analyses of a graph that share passes."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.analytics import (
    bfs,
    components,
    core_numbers,
    degrees,
    label_propagation,
    pagerank,
    reciprocity,
    shortest_paths,
    strong_components,
    triangles,
)
from graphwalk.algorithms.analytics.node_array import NodeAlgorithm, algorithm_of, node_array
from graphwalk.errors import InputError, argument
from graphwalk.scheduler.engine.scan_plan import ScanCost
from graphwalk.scheduler.engine.shared_scans import run_together
from graphwalk.storage.partitions.entry_partitions import EntryReader
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader
from graphwalk.storage.store.graph import Graph, as_graph

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import dask.array as da
    import numpy as np

    from graphwalk.scheduler.engine.scan import Scanner
    from graphwalk.scheduler.engine.scan_plan import RowReader
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays

_ANALYSES: dict[str, Callable[..., da.Array]] = {
    "bfs": bfs.bfs,
    "clustering": triangles.clustering,
    "components": components.connected_components,
    "connected_components": components.connected_components,
    "core_numbers": core_numbers.core_numbers,
    "degree_assortativity": degrees.degree_assortativity,
    "degrees": degrees.degrees,
    "label_propagation": label_propagation.label_propagation,
    "pagerank": pagerank.pagerank,
    "reciprocity": reciprocity.reciprocity,
    "shortest_paths": shortest_paths.shortest_paths,
    "strongly_connected_components": strong_components.strongly_connected_components,
    "transitivity": triangles.transitivity,
    "triangles": triangles.triangles,
}


def analyze(
    store: Graph | str | os.PathLike[str],
    analyses: Iterable[str] | Mapping[str, Mapping[str, Any]],
    *,
    transposed: Graph | str | os.PathLike[str] | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
) -> dict[str, da.Array]:
    """Return several analyses of a graph, which share passes over it, as lazy Dask arrays.

    Each pass reads a partition once and lets all analyses visit it that have not ended. So together
    they read the graph about as often as the one that takes most passes; only weights are read by
    each analysis that uses them. The first array that is computed computes all, and the others take
    their values from there, once; `write_nodes` writes them to one table. Values have the bits that
    each function alone returns.

    Parameters
    ----------
    store : Graph, str or path
        The graph, or where its store is.
    analyses : iterable of str, or mapping from str to mapping
        Names of functions: ``bfs``, ``clustering``, ``components`` (`connected_components`),
        ``core_numbers``, ``degree_assortativity``, ``degrees``, ``label_propagation``,
        ``pagerank``, ``reciprocity``, ``shortest_paths``, ``strongly_connected_components``,
        ``transitivity``, ``triangles``; or such names with the parameters of each.
    transposed : Graph, str or path, optional
        What `Graph.transpose` made of a directed graph, for analyses that need it.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, that all of them may take together. None: 70 % of what
        is free.
    partitions : int, optional
        How many partitions to read the graph in, about. None: as `memory` asks for.

    Returns
    -------
    dict from str to dask.array.Array
        What each function returns, by the names that were given.

    Raises
    ------
    InputError
        When there is no such analysis, or a parameter is out of its range.
    MemoryBudgetError
        When what they hold together does not fit in `memory`.
    StoreError
        When `store` is not a graph that can be read.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (3, 4)])
    >>> found = graphwalk.analyze(graph, {"components": {}, "pagerank": {"alpha": 0.5}})
    >>> found["components"].compute()
    array([0, 0, 0, 3, 3], dtype=int32)
    >>> found["pagerank"].compute().round(2)
    array([0.17, 0.27, 0.17, 0.2 , 0.2 ])
    """
    graph = as_graph(store)
    several = isinstance(analyses, Iterable) and not isinstance(analyses, str)
    names: list[Any] = list(analyses) if several else [None]
    if not all(isinstance(name, str) for name in names):
        raise InputError(
            f"{argument('analyses', analyses)} must be names of analyses, such as ['degrees', "
            "'pagerank'], or a mapping from them to their parameters"
        )
    chosen: dict[str, Mapping[str, Any]] = (
        dict(analyses) if isinstance(analyses, Mapping) else {name: {} for name in names}
    )
    if not chosen:
        raise InputError(f"{argument('analyses')} has no names; pass one or more")
    found = {
        name: _algorithm(graph, name, given, transposed, memory) for name, given in chosen.items()
    }
    group = _Group(found)
    arrays = graph._arrays
    return {name: node_array(_One(group, name), arrays, memory, partitions) for name in found}


def _algorithm(
    graph: Graph, name: str, given: Mapping[str, Any], transposed: Any, memory: Any
) -> NodeAlgorithm:
    """Return the algorithm of an analysis with its parameters."""
    if name not in _ANALYSES:
        names = ", ".join(map(repr, _ANALYSES))
        raise InputError(f"{argument('analyses')} has {name!r}, and there are {names}")
    function = _ANALYSES[name]
    parameters = inspect.signature(function).parameters
    known = parameters.keys() - {"store", "memory", "partitions"}
    if not isinstance(given, Mapping):
        raise InputError(f"{argument('analyses')} has {given!r} for {name}; pass a dictionary")
    wrong = sorted(map(repr, given.keys() - known))
    if wrong:
        raise InputError(f"{name} has no parameter {wrong[0]} in {argument('analyses')}")
    for each in known - given.keys():
        if parameters[each].default is inspect.Parameter.empty:
            raise InputError(
                f"{name} needs {each!r} in {argument('analyses')}: pass a dictionary such as "
                f"{{{name!r}: {{{each!r}: …}}}}"
            )
    options = dict(given)
    if transposed is not None and "transposed" in known:
        options.setdefault("transposed", transposed)
    algorithm: NodeAlgorithm = algorithm_of(function(graph, **options, memory=memory))
    return algorithm


@dataclass(eq=False)
class _Group:
    """Analyses that are computed together; each takes its values once."""

    algorithms: dict[str, NodeAlgorithm]
    _values: dict[str, Any] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)

    def __reduce__(self) -> Any:
        return _Group, (self.algorithms,)

    @property
    def transposed(self) -> GraphArrays | None:
        """The transposed store, if any analysis reads it."""
        return next((each.transposed for each in self.algorithms.values() if each.transposed), None)

    def costs(self, graph: GraphArrays) -> list[ScanCost]:
        """Return what each analysis takes."""
        return [algorithm.cost(graph) for algorithm in self.algorithms.values()]

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what all take together."""
        costs = self.costs(graph)
        return ScanCost(
            name=", ".join(dict.fromkeys(cost.name for cost in costs)),
            state=sum(cost.state for cost in costs),
            partial=sum(cost.partial for cost in costs),
            shared=sum(cost.shared for cost in costs),
            passes="shared; " + "; ".join(f"{cost.name}: {cost.passes}" for cost in costs),
            repeated=any(cost.repeated for cost in costs) or len(costs) > 1,
            values=self._values_read(costs),
            scratch=max(cost.scratch for cost in costs),
            chunk=sum(cost.chunk for cost in costs),
        )

    def reader(self, graph: GraphArrays) -> RowReader:
        """Return what cuts the graph: between rows, if any analysis needs whole ones."""
        values = self._values_read(self.costs(graph))
        if any(algorithm.reader(graph) is not None for algorithm in self.algorithms.values()):
            return NeighborhoodReader(self.transposed, values)
        return EntryReader(values)

    def take(self, name: str, graph: GraphArrays, scanner: Scanner) -> Any:
        """Return the values of an analysis; compute all, if they are not there."""
        with self._lock:
            if name not in self._values:
                self._values = self._compute(graph, scanner)
            return self._values.pop(name)

    def _compute(self, graph: GraphArrays, scanner: Scanner) -> dict[str, Any]:
        plan, costs = scanner.plan, self.costs(graph)
        whole = max(1, sum(cost.chunk for cost in costs))
        plans = [replace(plan, cost=cost, chunk=plan.chunk * cost.chunk // whole) for cost in costs]
        tasks = [partial(each.run, graph) for each in self.algorithms.values()]
        found = run_together(scanner, tasks, plans)
        return dict(zip(self.algorithms, found, strict=True))

    @staticmethod
    def _values_read(costs: list[ScanCost]) -> ValueName | None:
        return next((cost.values for cost in costs if cost.values is not None), None)


@dataclass(frozen=True)
class _One(NodeAlgorithm):
    """One of several analyses."""

    group: _Group
    name: str

    @property
    def algorithm(self) -> NodeAlgorithm:
        """The analysis itself."""
        return self.group.algorithms[self.name]

    @property
    def column(self) -> str:  # type: ignore[override]
        """What a table calls the values."""
        return self.algorithm.column

    @property
    def are_nodes(self) -> bool:  # type: ignore[override]
        """Whether the values are nodes."""
        return self.algorithm.are_nodes

    @property
    def transposed(self) -> GraphArrays | None:  # type: ignore[override]
        """The transposed store, if any analysis reads it."""
        return self.group.transposed

    def dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the type of the values."""
        return self.algorithm.dtype(graph)

    def shape(self, graph: GraphArrays) -> tuple[float, ...]:
        """Return the shape of the result."""
        return self.algorithm.shape(graph)

    def cost(self, graph: GraphArrays) -> ScanCost:
        """Return what all analyses take together."""
        return self.group.cost(graph)

    def reader(self, graph: GraphArrays) -> RowReader | None:
        """Return what cuts the graph for all of them."""
        return self.group.reader(graph)

    def run(self, graph: GraphArrays, scanner: Scanner) -> Any:
        """Return the values of this analysis."""
        return self.group.take(self.name, graph, scanner)
