"""Adjacency matrices written as tables: the names of nodes stand in a column, and above the others.

Read as a list of edges, two of their columns would make a wrong graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, passing
from graphwalk.storage.edges.column_names import are_certain_ends, are_numbers
from graphwalk.storage.edges.unread import shown

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
    plain: str = "",
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
    plain : str, optional
        What makes a DataFrame of it where no column has the names, if that is another call.
    """
    square = 2 < rows <= len(names) if cut else rows == len(names) > 2
    if square and _is_square(names, rows, column):
        call = f"{plain or frame}.pipe(lambda it: it.set_axis(it.columns))"
        raise _refused(f"{table} is a square of numbers, as an adjacency matrix is", call, range(2))
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
            what = f"is an adjacency matrix, whose column {names[i]!r} has the names of the others"
            raise _refused(f"{table} {what}", f"{frame}{index}{cast}", names)


def _refused(what: str, frame: str, names: Sequence[Hashable]) -> InputError:
    call = f"networkx.from_pandas_adjacency({frame})"
    return InputError(
        f"{what}; {passing(call)}, with create_using=networkx.DiGraph if it is directed, or, if "
        f"its rows are edges, name their columns, as in {shown(names, range(2))}"
    )


def _is_square(names: Sequence[Hashable], size: int, column: Callable[[int], Any]) -> bool:
    """Whether numbers are those of a matrix: 0 and 1 only, or none on the diagonal, or symmetric.

    Some edges with weights may be as many as they have columns.
    """
    if are_certain_ends(names):
        return False
    try:
        cells = np.array([_listed(column(i)) for i in range(size)], np.float64)
    except (TypeError, ValueError):
        return False
    if cells.shape != (size, size):
        return False
    ends = cells.diagonal()
    symmetric = np.array_equal(cells, cells.T) and np.ptp(ends) == 0
    return bool(symmetric or not ends.any() or np.isin(cells, (0, 1)).all())


def _listed(column: Any) -> list[Any]:
    for method in ("to_pylist", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)
