"""Which walks an array is made of, found through the layers of its Dask graph.

Slicing, masks, new chunks, ``blocks`` and the like return plain Dask arrays, whose nodes are still
those of the graph that was walked. Operations that could make other numbers of nodes end the trail:
after them it is not known what the numbers are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dask.blockwise import Blockwise
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

from graphwalk.algorithms.walks.dask_tasks import WalkTasks, _WalkLayer

if TYPE_CHECKING:
    import dask.array as da

#: Names of the layers, before their token, that take nodes and edges out of recorded steps.
NODES, EDGES = "walk-nodes", "walk-edges"

#: Names of layers, before their token, that move elements and change none. ``astype`` is not among
#: them: a narrow type would make other numbers.
_MOVES = frozenset(
    {NODES, "blocks", "concatenate", "getitem", "getitem_variadic"}
    | {"rechunk-merge", "rechunk-split", "rechunk-p2p"}
)


class PersistedWalks(MaterializedLayer):  # type: ignore[misc]
    """Blocks that have been computed and are kept, and the tasks that made them."""

    def __init__(self, blocks: Any, tasks: WalkTasks) -> None:
        super().__init__(blocks)
        self.tasks = tasks


def walks_source(array: da.Array) -> WalkTasks | None:
    """Return the tasks of the walks that an array consists of: their graph, and their plan.

    Of an array that is made of several walks on one graph, the first; None if an array does not
    consist of walks on one graph, or if that is not known.
    """
    graph = getattr(array, "dask", None)
    if not isinstance(graph, HighLevelGraph):
        return None
    found: dict[str, WalkTasks | None] = {}
    waiting = [array.name]
    while waiting:
        name = waiting[-1]
        layer = graph.layers.get(name)
        if isinstance(layer, _WalkLayer | PersistedWalks):
            found[name] = layer.tasks
        elif name.rpartition("-")[0] not in _MOVES:
            found[name] = None
        elif missing := [other for other in _data_of(graph, name) if other not in found]:
            waiting += missing
            continue
        else:
            found[name] = _common([found[other] for other in _data_of(graph, name)])
        waiting.pop()
    return found[array.name]


def are_edges(array: da.Array) -> bool:
    """Return whether an array is made of the edges of steps, which are numbers of entries."""
    name, graph = array.name, array.dask
    while name.rpartition("-")[0] in _MOVES and (data := _data_of(graph, name)):
        name = data[0]
    return bool(name.startswith(f"{EDGES}-"))


def _data_of(graph: HighLevelGraph, name: str) -> list[str]:
    """Return the layers whose elements a layer moves, without those that say which."""
    layer = graph.layers[name]
    if isinstance(layer, Blockwise) and name.startswith("getitem"):
        return [str(layer.indices[0][0])]
    return sorted(graph.dependencies[name])


def _common(sources: list[WalkTasks | None]) -> WalkTasks | None:
    """Return the first of several sources if all are walks on the same graph."""
    first = sources[0] if sources else None
    if first is None:
        return None
    same = all(other is not None and _is_same(first, other) for other in sources)
    return first if same else None


def _is_same(one: WalkTasks, other: WalkTasks) -> bool:
    a, b = one.graph, other.graph
    known = a.digest is not None and (a.path, a.info.identity) == (b.path, b.info.identity)
    return a is b or known
