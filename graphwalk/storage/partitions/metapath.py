"""What a metapath makes of the types of nodes while walking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from graphwalk.errors import StoreError
from graphwalk.util.forks import ModuleLock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Nodes whose types are turned into kinds at a time.
_AT_A_TIME = 1 << 16


#: Last result of `kinds_of` for each graph in use: every partition that is read needs it.
_kinds: WeakKeyDictionary[GraphArrays, tuple[Any, NDArray[np.uint8]]] = WeakKeyDictionary()


_making = ModuleLock()


def kinds_of_types(names: Sequence[Any], metapath: tuple[Any, ...]) -> NDArray[np.uint8]:
    """Return the kind of each type, by its code, that a metapath tells apart; 255 if there is none.

    The kinds are the types that it names, in the order in which it first does; all others are one
    kind more, the last.
    """
    wanted = list(dict.fromkeys(metapath))
    kinds = np.full(256, 255, np.uint8)
    for code, name in enumerate(names):
        kinds[code] = wanted.index(name) if name in wanted else len(wanted)
    return kinds


def kinds_of(graph: GraphArrays, metapath: tuple[Any, ...]) -> NDArray[np.uint8]:
    """Return the kind of each node, see `kinds_of_types`."""
    with _making:  # several threads read partitions, and each would make it
        known = _kinds.get(graph)
        if known is not None and known[0] == metapath:
            return known[1]
        names = graph.type_names or ()
        kinds = graph.read_node_types(0, graph.num_nodes)
        if len(kinds) and int(kinds.max()) >= len(names):
            raise StoreError(
                f"{graph.path}: array 'node_types' is damaged: it has the type {int(kinds.max())}, "
                f"and there are {len(names)}; set the types again"
            )
        kind_of_type = kinds_of_types(names, metapath)
        for start in range(0, len(kinds), _AT_A_TIME):  # in place: a byte a node, not two
            some = kinds[start : start + _AT_A_TIME]
            some[:] = kind_of_type[some]
        _kinds[graph] = metapath, kinds
        return kinds


def step_kinds_of(metapath: tuple[Any, ...] | None, walk_length: int) -> NDArray[np.int64] | None:
    """Return what `kernels.rows.group_by_kind.row_of` needs to know of a metapath, if any."""
    if metapath is None:
        return None
    wanted = list(dict.fromkeys(metapath))
    steps = [wanted.index(metapath[step % len(metapath)]) for step in range(walk_length)]
    kinds = np.array([len(wanted) + 1, *steps, 0], np.int64)
    kinds.setflags(write=False)  # as on Ray: one compilation
    return kinds
