"""Edges in tables: pandas, Arrow, polars, structured arrays, dicts of columns, lists of dicts."""

from __future__ import annotations

from collections.abc import Sized
from datetime import date
from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.as_column import ColumnName, comes_from
from graphwalk.storage.edges.choose import choose_columns
from graphwalk.storage.edges.column_names import are_numbers
from graphwalk.storage.edges.columns import (
    ColumnSource,
    check_endpoints,
    id_column,
    weight_column,
)
from graphwalk.storage.edges.further_columns import further_column
from graphwalk.storage.edges.later_parts import FirstPart
from graphwalk.storage.edges.unread import warn_unread
from graphwalk.storage.edges.written_matrices import refuse_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from graphwalk.storage.edges.options import ReadOptions

_FRAME = "pandas.DataFrame(edges)"


class _Table(NamedTuple):
    """Any table: names, columns by position, what they hold, and what to call it."""

    names: Sequence[Hashable]
    column: Callable[[int], Any]
    kinds: list[str]
    name: str
    frame: str
    restored: Sequence[Hashable] = ()


def open_table(edges: Any, how: ReadOptions, first: FirstPart | None = None) -> ColumnSource:
    """Open a table, whose columns are chosen by :func:`choose_columns` or by the first part."""
    table = _look_at(edges)
    if first is not None:
        first.check(table.names, table.name)
    if how.columns is None:
        check_no_matrix(edges, table)
    return _open(table, how)


def first_part(edges: Any, how: ReadOptions) -> FirstPart:
    """Return the first of several tables, whose names choose the columns of all."""
    table = _look_at(edges)
    if how.columns is None and not are_numbers(table.names):  # of which others may have as many
        check_no_matrix(edges, table)
    return FirstPart(table.names, how, table.name, table.kinds)


def open_stream(edges: Any) -> Any:
    """Return the record batches of what has Arrow's stream interface."""
    import pyarrow as pa

    try:
        return pa.RecordBatchReader.from_stream(edges)
    except (pa.ArrowException, TypeError) as error:
        raise _no_table(edges, error) from error


def open_dict(edges: Mapping[Hashable, Any], how: ReadOptions, name: str) -> ColumnSource:
    """Open columns by their names."""
    table = _of_columns(edges, name)
    if how.columns is None:
        check_no_matrix(edges, table)
    return _open(table, how)


def _open(table: _Table, how: ReadOptions) -> ColumnSource:
    """Return the chosen ones of a table's columns as edges."""
    names, column, kinds, name, *_ = table
    choice = choose_columns(names, how, name, kinds)
    warn_unread(names, choice, name, how)
    chosen = choice.columns
    places = [ColumnName(f"{name}, column {names[i]!r}") for i in chosen]
    src, dst = (id_column(column(i), place) for i, place in zip(chosen[:2], places, strict=False))
    check_endpoints(src, dst, name)
    weight = weight_column(column(chosen[2]), places[2]) if len(chosen) == 3 else None
    further = {
        kind: further_column(kind, column(i), ColumnName(f"{name}, column {names[i]!r}"))
        for kind, i in choice.further.items()
    }
    lengths = {len(part) for part in (src, dst, weight, *further.values()) if part is not None}
    if len(lengths) > 1:
        raise InputError(f"{name}: its columns have {sorted(lengths)} rows; make them equally long")
    return ColumnSource(name, src, dst, weight, further=further)


def _look_at(edges: Any) -> _Table:
    if isinstance(edges, np.ndarray):
        return _of_columns({name: edges[name] for name in edges.dtype.names}, "structured array")
    if isinstance(edges, list):
        records = [edge if isinstance(edge, dict) else edge._asdict() for edge in edges]
        names = list(dict.fromkeys(name for edge in records for name in edge))
        columns = {name: [edge.get(name) for edge in records] for name in names}
        return _of_columns(columns, f"list of {type(edges[0]).__name__}s")
    if comes_from(edges, "pandas"):
        levels = edges.index.nlevels > 1 or edges.index.names[0] is not None
        frame = edges.reset_index(allow_duplicates=True) if levels else edges
        kinds = [_numpy_kind(kind) for kind in frame.dtypes]
        name = "pandas DataFrame"
        return _Table(list(frame.columns), lambda i: frame.iloc[:, i], kinds, name, "frame")
    table = _as_table(edges)
    name = f"{type(edges).__module__.partition('.')[0]} {type(edges).__name__}"
    kinds = [arrow_kind(field.type) for field in table.schema]
    index = index_columns(table.schema)
    return _Table(table.column_names, table.column, kinds, name, "table.to_pandas()", index)


def index_columns(schema: Any) -> list[str]:
    """Return the columns of an Arrow schema that pandas makes an index of."""
    columns = (schema.pandas_metadata or {}).get("index_columns", [])
    return [column for column in columns if isinstance(column, str)]


def check_no_matrix(edges: Any, table: _Table | None = None, *, cut: bool = False) -> None:
    """Refuse adjacency matrices, of which there may be further rows if they are `cut`.

    Raises
    ------
    InputError
        Naming the call that reads it.
    """
    if comes_from(edges, "pandas"):
        _check_names(edges, cut)
    names, column, _, name, frame, restored = table or _look_at(edges)
    first = column(0) if len(names) > 2 else ()
    rows = len(first) if isinstance(first, Sized) and getattr(first, "ndim", 1) == 1 else 0
    refuse_matrix(names, rows, column, name, frame, restored=restored, cut=cut)


def _check_names(frame: Any, cut: bool) -> None:
    size, names = len(frame.columns), set(frame.columns)
    whole = len(frame) == size > 0 and set(frame.index) == names
    named = cut and len(frame) > 1 and frame.index.dtype.kind not in "iu"
    if whole or (named and names.issuperset(frame.index)):
        raise InputError(
            f"a pandas DataFrame of shape {frame.shape} whose index has the names of its columns "
            "is an adjacency matrix; pass networkx.from_pandas_adjacency(frame), with "
            "create_using=networkx.DiGraph if it is directed, or, if its rows are "
            f"edges, name their columns, as in {argument('columns', tuple(frame.columns[:2]))}"
        )


def arrow_kind(kind: Any) -> str:
    """Return what an Arrow column holds, as :func:`choose_columns` takes it."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = {
        "i": (pa.types.is_integer,),
        "f": (pa.types.is_floating, pa.types.is_decimal),
        "U": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "M": (pa.types.is_timestamp, pa.types.is_date),
    }
    return next((name for name, kinds in tests.items() if any(test(kind) for test in kinds)), "O")


def _numpy_kind(kind: Any) -> str:
    """Return what a column of NumPy or pandas holds."""
    arrow = getattr(kind, "pyarrow_dtype", None)
    if arrow is not None:
        return arrow_kind(arrow)
    letter = getattr(kind, "kind", "O")
    return {"u": "i", "S": "O", "T": "U", "O": "U"}.get(letter, letter)


def _of_columns(columns: Mapping[Hashable, Any], name: str) -> _Table:
    values = list(columns.values())
    kinds = [_values_kind(column) for column in values]
    return _Table(list(columns), values.__getitem__, kinds, name, _FRAME)


def _values_kind(column: Any) -> str:
    """Return what a column holds by its type or, if it has none, by its first value."""
    if hasattr(column, "dtype"):
        return _numpy_kind(column.dtype)
    if isinstance(column, str | bytes) or not hasattr(column, "__iter__"):
        return "O"
    value = next((value for value in column if value is not None), None)
    return _numpy_kind(np.asarray(value).dtype) if isinstance(value, str | Number | date) else "O"


def _as_table(edges: Any) -> Any:
    import pyarrow as pa

    if isinstance(edges, pa.Table):
        return edges
    try:
        if isinstance(edges, pa.RecordBatch):
            return pa.Table.from_batches([edges])
        return open_stream(edges).read_all()
    except pa.ArrowException as error:
        raise _no_table(edges, error) from error


def _no_table(edges: Any, error: Exception) -> InputError:
    return InputError(f"a {type(edges).__name__} is no table of edges: {error}")
