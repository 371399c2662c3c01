"""The transposed store in which walks and analyses of a directed graph find in-neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument, function
from graphwalk.storage.store.graph import Graph, as_graph

if TYPE_CHECKING:
    import os

    from graphwalk.storage.store.graph_arrays import GraphArrays


def transposed_arrays(
    graph: Graph,
    transposed: Graph | str | os.PathLike[str] | None,
    what: str,
    *,
    both_ways: bool = False,
) -> GraphArrays | None:
    """Return the transposed store of a directed graph; None for an undirected graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    transposed : Graph, str or path, optional
        What the caller passed.
    what : str
        What needs it, for messages.
    both_ways : bool
        Whether it is the store in which the edges lead both ways.

    Raises
    ------
    InputError
        When there is none where one is needed, or it is not of this graph.
    """
    name = argument("transposed")
    if not graph.directed:
        if transposed is not None:
            raise InputError(
                f"{graph.path} is undirected: its rows list all neighbours; leave out {name}"
            )
        return None
    if transposed is None:
        raise InputError(
            f"{graph.path} is directed, and {what} needs in-neighbours, too; pass what "
            f"{_call(both_ways)} makes as {name}"
        )
    other = as_graph(transposed)
    if (
        other.digest is None
        or graph.digest is None
        or other.directed == both_ways
        or not (other.transposed_from == graph.digest or graph.transposed_from == other.digest)
    ):
        raise InputError(
            f"{other.path} is not the transpose of {graph.path} as it is now; make it by "
            f"{_call(both_ways)}"
        )
    return other._arrays


def _call(both_ways: bool) -> str:
    """Return what makes such a store."""
    call = function("Graph.transpose")
    return f"{call} with {argument('both_ways', True)}" if both_ways else call


def refuse_transposed(graph: Graph, transposed: object) -> None:
    """Raise InputError if a transposed store is passed where none is read."""
    if transposed is not None:
        raise InputError(
            f"{argument('direction', 'out')} follows out-edges, which {graph.path} has; leave out "
            f"{argument('transposed')}, or pass {argument('direction', 'in')}"
        )


def both_directions(transposed: GraphArrays | None) -> str:
    """Return by which method neighbours are found, for plans."""
    if transposed is None:
        return "whole rows, which list all neighbours"
    return f"whole rows, and in-neighbours from {transposed.path}"
