"""The transposed store that an analysis of a directed graph finds in-neighbours in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument, function
from graphwalk.storage.store.graph import Graph, as_graph

if TYPE_CHECKING:
    import os

    from graphwalk.storage.store.graph_arrays import GraphArrays


def transposed_arrays(
    graph: Graph, transposed: Graph | str | os.PathLike[str] | None, what: str
) -> GraphArrays | None:
    """Return the transposed store of a directed graph; None for an undirected graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    transposed : Graph, str or path, optional
        What the caller passed.
    what : str
        The analysis, for messages.

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
            f"{function('Graph.transpose')} makes as {name}"
        )
    other = as_graph(transposed)
    if (
        other.digest is None
        or graph.digest is None
        or not (other.transposed_from == graph.digest or graph.transposed_from == other.digest)
    ):
        raise InputError(
            f"{other.path} is not the transpose of {graph.path} as it is now; make it by "
            f"{function('Graph.transpose')}"
        )
    return other._arrays


def both_directions(transposed: GraphArrays | None) -> str:
    """Return by which method neighbours are found, for plans."""
    if transposed is None:
        return "whole rows, which list all neighbours"
    return f"whole rows, and in-neighbours from {transposed.path}"
