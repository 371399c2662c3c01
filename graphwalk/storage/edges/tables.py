"""Edges in tables: pandas, Arrow, and whatever exports an Arrow stream (polars, DuckDB)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from graphwalk.errors import InputError
from graphwalk.storage.edges.columns import (
    ColumnName,
    ColumnSource,
    check_endpoints,
    comes_from,
    id_column,
    weight_column,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

_SOURCE_NAMES = frozenset({"source", "src", "from"})
_TARGET_NAMES = frozenset({"target", "dst", "to"})
_WEIGHT_NAMES = frozenset({"weight"})


def open_table(edges: Any, columns: Sequence[Hashable] | None) -> ColumnSource:
    """Open a table; `columns` is explained in :func:`choose_columns`."""
    if comes_from(edges, "pandas"):
        names, column = list(edges.columns), lambda i: edges.iloc[:, i]
        return column_source(names, column, columns, "pandas DataFrame")
    table = _as_table(edges)
    name = f"{type(edges).__module__.partition('.')[0]} {type(edges).__name__}"
    return column_source(table.column_names, table.column, columns, name)


def column_source(
    names: Sequence[Hashable],
    column: Callable[[int], Any],
    columns: Sequence[Hashable] | None,
    name: str,
    name_row: Callable[[int], str] = "row {}".format,
) -> ColumnSource:
    """Return the chosen ones of a table's columns as edges; `column` gets a column by position."""
    chosen = choose_columns(names, columns, name)
    places = [ColumnName(f"{name}, column {names[i]!r}", name_row) for i in chosen]
    src, dst = (id_column(column(i), place) for i, place in zip(chosen[:2], places, strict=False))
    check_endpoints(src, dst, name)
    weight = weight_column(column(chosen[2]), places[2]) if len(chosen) == 3 else None
    return ColumnSource(name, src, dst, weight)


def choose_columns(
    names: Sequence[Hashable], columns: Sequence[Hashable] | None, table: str
) -> list[int]:
    """Return the positions of the columns of sources, of targets and, if any, of weights.

    Parameters
    ----------
    names : sequence
        The table's column names.
    columns : sequence of two or three names, or None
        The columns to use; two mean that there are no weights. None takes the columns named
        ``source``/``src``/``from`` and ``target``/``dst``/``to`` in any case, or else the first
        two, and a column named ``weight`` as weights.
    table : str
        What to call the table in messages.

    Raises
    ------
    InputError
        Where a column does not exist or its name is not unique, or there are too few.
    """
    if columns is not None:
        if not isinstance(columns, list | tuple) or len(columns) not in (2, 3):
            raise InputError(f"columns={columns!r} must be two or three column names")
        return [_position(names, column, table) for column in columns]
    weight = _named(names, _WEIGHT_NAMES)
    if has_named_endpoints(names):
        ends = _named(names, _SOURCE_NAMES) + _named(names, _TARGET_NAMES)
    else:
        ends = [i for i in range(len(names)) if i not in weight][:2]
    if len(ends) < 2 or len(weight) > 1:
        raise InputError(
            f"{table} has columns {_listed(names)}; name those to use as "
            "columns=(source, target) or columns=(source, target, weight)"
        )
    return ends + weight


def has_named_endpoints(names: Sequence[Hashable]) -> bool:
    """Whether exactly one name says source and exactly one target."""
    return len(_named(names, _SOURCE_NAMES)) == len(_named(names, _TARGET_NAMES)) == 1


def _named(names: Sequence[Hashable], wanted: frozenset[str]) -> list[int]:
    return [i for i, name in enumerate(names) if str(name).strip().lower() in wanted]


def _position(names: Sequence[Hashable], column: Hashable, table: str) -> int:
    found = [i for i, name in enumerate(names) if name == column]
    if not found:  # "0" means 0 where a command line cannot tell them apart
        found = [i for i, name in enumerate(names) if str(name) == str(column)]
    if not found:
        raise InputError(f"{table} has no column {column!r}; its columns are {_listed(names)}")
    if len(found) > 1:
        raise InputError(f"{table} has {len(found)} columns {column!r}; rename all but one")
    return found[0]


def _listed(names: Sequence[Hashable]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _as_table(edges: Any) -> Any:
    if isinstance(edges, pa.Table):
        return edges
    try:
        if isinstance(edges, pa.RecordBatch):
            return pa.Table.from_batches([edges])
        return pa.RecordBatchReader.from_stream(edges).read_all()
    except (pa.ArrowInvalid, TypeError) as error:
        raise InputError(f"a {type(edges).__name__} is no table of edges: {error}") from error
