"""Adjacency matrices written as tables: the names of nodes stand in a column, and above the others.

Read as a list of edges, two of their columns would make a wrong graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.column_names import are_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence


def refuse_matrix(
    names: Sequence[Hashable],
    rows: int,
    column: Callable[[int], Any],
    table: str,
    frame: str,
    *,
    restored: Sequence[Hashable] = (),
    cut: bool = False,
) -> None:
    """Refuse a table of which the first or the last column has the names of all others.

    Parameters
    ----------
    names : sequence
        Names of its columns.
    rows : int
        Number of its rows.
    column : callable
        Returns a column.
    table : str
        What to call it in messages.
    frame : str
        What makes a pandas DataFrame of it.
    restored : sequence
        Names of columns that are an index in that frame.
    cut : bool
        Whether there may be further rows.
    """
    size = len(names) - 1
    if size < 2 or are_numbers(names) or not (rows == size or (cut and 2 <= rows < size)):
        return
    for i in (0, size):
        values = _listed(column(i))
        others = {str(name) for j, name in enumerate(names) if j != i}
        found = set(map(str, values))
        if len(found) == rows and len(others) == size and found <= others:
            index = "" if names[i] in restored else f".set_index({names[i]!r})"
            texts = any(isinstance(name, str) for j, name in enumerate(names) if j != i)
            numbers = texts and all(str(value).isdecimal() for value in values)
            cast = ".rename(columns=int)" if numbers else ""
            call = f"networkx.from_pandas_adjacency({frame}{index}{cast})"
            raise InputError(
                f"{table} is an adjacency matrix, whose column {names[i]!r} has the names of the "
                f"others; pass {call}, with create_using=networkx.DiGraph if it is directed, or, "
                "if its rows are edges, name their columns, as in "
                f"{argument('columns', tuple(names[:2]))}"
            )


def _listed(column: Any) -> list[Any]:
    for method in ("to_pylist", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)
