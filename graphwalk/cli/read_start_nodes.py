"""The start nodes and the first edges of walks that the command line names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from graphwalk.cli.options import option
from graphwalk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from graphwalk import Graph


def read_start_nodes(text: str, graph: Graph, parameter: str = "start_nodes") -> NDArray[np.int64]:
    """Return the ids of the nodes that ``--start-nodes``, or an option like it, names.

    Parameters
    ----------
    text : str
        The path of a file (or pipe) with one node a line, or nodes separated by commas.
    graph : Graph
        If it has labels, nodes are named by them; otherwise by their ids.
    parameter : str
        The parameter whose option it is.

    Raises
    ------
    InputError
        When there is no such node.
    """
    return nodes_named(*_names_of(text, option(parameter)), graph)


def nodes_named(names: Sequence[str], where: str, graph: Graph) -> NDArray[np.int64]:
    """Return the ids of nodes by their names, which were read in a place that messages name."""
    import numpy as np

    wanted = names if graph.label_kind == "string" else [_integer(name, where) for name in names]
    try:
        return np.asarray(graph.index_of(wanted), np.int64)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def read_start_edges(text: str) -> NDArray[np.int64]:
    """Return the edges of ``--start-edges``: of a file with one a line, or separated by commas.

    Raises
    ------
    InputError
        When they are no integers.
    """
    import numpy as np

    names, where = _names_of(text, option("start_edges"))
    return np.array([_integer(name, where, "edges of a store") for name in names], np.int64)


def _names_of(text: str, flag: str) -> tuple[list[str], str]:
    """Return what a file or a list names, and what to call it in messages."""
    file = Path(text)
    # Not Path.exists, which raises an error for a list that is too long for the name of a file.
    if os.path.exists(file) and not file.is_dir():  # noqa: PTH110
        return _lines_of(file, flag), f"{flag} {text}"
    names = [name.strip() for name in text.split(",")]
    return names, f"{flag} {text} (there is no such file)"


def _lines_of(file: Path, flag: str) -> list[str]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{flag} {file} is no UTF-8 text: {error}") from None
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip()]


def _integer(name: str, where: str, what: str = "this graph's nodes") -> int:
    try:
        return int(name)
    except ValueError:
        raise InputError(f"{where}: {name!r} is no integer, as {what} are") from None
