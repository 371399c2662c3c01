"""Edges in tables: pandas, Arrow, polars, structured arrays, dicts of columns, lists of dicts."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Any, NamedTuple

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.choose import choose_columns, warn_unread
from graphwalk.storage.edges.column_names import are_numbers
from graphwalk.storage.edges.columns import (
    ColumnName,
    ColumnSource,
    check_endpoints,
    comes_from,
    id_column,
    weight_column,
)
from graphwalk.storage.edges.later_parts import FirstPart
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
    if comes_from(edges, "pandas") and how.columns is None:
        _check_no_matrix(edges)
    table = _look_at(edges)
    if first is not None:
        first.check(table.names, table.name)
    _check_not_written(table, how)
    return column_source(table.names, table.column, how, table.name, table.kinds)


def first_part(edges: Any, how: ReadOptions) -> FirstPart:
    """Return the first of several tables, whose names choose the columns of all."""
    if comes_from(edges, "pandas") and not are_numbers(list(edges.columns)):  # as many edges have
        _check_no_matrix(edges)
    table = _look_at(edges)
    _check_not_written(table, how)
    return FirstPart(table.names, how, table.name, table.kinds)


def open_stream(edges: Any) -> Any:
    """Return the record batches of what has Arrow's stream interface."""
    import pyarrow as pa

    try:
        return pa.RecordBatchReader.from_stream(edges)
    except (pa.ArrowException, TypeError) as error:
        raise _no_table(edges, error) from error


def open_structured(edges: Any, how: ReadOptions) -> ColumnSource:
    """Open a NumPy array whose items have named fields."""
    names = edges.dtype.names
    kinds = [_numpy_kind(edges.dtype[i]) for i in range(len(names))]
    table = _Table(names, lambda i: edges[names[i]], kinds, "structured array", _FRAME)
    _check_not_written(table, how)
    return column_source(names, table.column, how, table.name, kinds)


def open_dict(edges: Mapping[Hashable, Any], how: ReadOptions, name: str) -> ColumnSource:
    """Open columns by their names."""
    names, columns = list(edges), list(edges.values())
    _check_not_written(_Table(names, columns.__getitem__, [], name, _FRAME), how)
    return column_source(names, columns.__getitem__, how, name)


def open_records(edges: list[Any], how: ReadOptions) -> ColumnSource:
    """Open a list of dicts, each an edge."""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    columns = {name: [edge.get(name) for edge in edges] for name in names}
    return open_dict(columns, how, "list of dicts")


def column_source(
    names: Sequence[Hashable],
    column: Callable[[int], Any],
    how: ReadOptions,
    name: str,
    kinds: Sequence[str] | None = None,
) -> ColumnSource:
    """Return the chosen ones of a table's columns as edges; `column` gets a column by position."""
    choice = choose_columns(names, how, name, kinds)
    warn_unread(names, choice, name, how)
    chosen = choice.columns
    places = [ColumnName(f"{name}, column {names[i]!r}") for i in chosen]
    src, dst = (id_column(column(i), place) for i, place in zip(chosen[:2], places, strict=False))
    check_endpoints(src, dst, name)
    weight = weight_column(column(chosen[2]), places[2]) if len(chosen) == 3 else None
    lengths = {len(part) for part in (src, dst, weight) if part is not None}
    if len(lengths) > 1:
        raise InputError(f"{name}: its columns have {sorted(lengths)} rows; make them equally long")
    return ColumnSource(name, src, dst, weight)


def _look_at(edges: Any) -> _Table:
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


def _check_not_written(table: _Table, how: ReadOptions) -> None:
    first = table.column(0) if how.columns is None and len(table.names) > 2 else ()
    rows = len(first) if isinstance(first, Sized) and getattr(first, "ndim", 1) == 1 else 0
    refuse_matrix(table.names, rows, table.column, table.name, table.frame, restored=table.restored)


def _check_no_matrix(frame: Any) -> None:
    size = len(frame)
    if size and size == len(frame.columns) and set(frame.index) == set(frame.columns):
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
