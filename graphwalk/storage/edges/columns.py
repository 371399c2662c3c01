"""Edges as columns: endpoints and weights side by side, cut into batches without copying them.

A column is either a numpy array or a pyarrow ``ChunkedArray``; what is not yet one becomes one in
:func:`id_column` and :func:`weight_column`, which also refuse what cannot be an id or a weight.
pyarrow is imported only where a column needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import Column, ColumnName, as_column, no_text
from graphwalk.storage.edges.dates import as_times, time_unit
from graphwalk.storage.edges.protocol import EdgeBatch, Ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from graphwalk.storage.edges.options import FurtherKind


#: Edges by which the length of ids is estimated.
SAMPLE = 1 << 10


@dataclass(frozen=True, eq=False)
class ColumnSource:
    """An :class:`~graphwalk.storage.edges.protocol.EdgeSource` over columns of equal length."""

    name: str
    src: Column
    dst: Column
    weight: Column | None = None
    directed: bool | None = None
    num_nodes: int | None = None
    nodes: Ids | None = None
    further: Mapping[FurtherKind, NDArray[Any]] = field(default_factory=dict)

    #: Columns in memory can be read as often as one likes.
    once = False

    @property
    def weighted(self) -> bool:
        """Whether there is a column of weights."""
        return self.weight is not None

    @property
    def time_unit(self) -> str | None:
        """Unit of the third column, where it holds dates."""
        return time_unit(self.weight)

    @property
    def id_bytes(self) -> int:
        """About how long an id is, as the first ones are."""
        first = slice(0, SAMPLE)
        return id_length(ids(self.src, first), ids(self.dst, first))

    @property
    def num_edges(self) -> int:
        """Length of the columns."""
        return len(self.src)

    def batches(self, size: int, first_edge: int = 0) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls for views of the columns; the first edge counts as `first_edge`."""
        for start in range(0, len(self.src), size):
            yield partial(self._load, slice(start, start + size), first_edge + start)

    def _load(self, rows: slice, first_edge: int) -> EdgeBatch:
        weight = None if self.weight is None else floats(self.weight, rows)
        place = partial(name_edge, self.name, first_edge)
        further = {kind: column[rows] for kind, column in self.further.items()}
        return EdgeBatch(ids(self.src, rows), ids(self.dst, rows), weight, place, further)


def id_length(src: Ids, dst: Ids) -> int:
    """Return the mean bytes of an id."""
    return int((src.nbytes + dst.nbytes) // max(1, len(src) + len(dst)))


def name_edge(name: str, first: int, i: int) -> str:
    """Return such as ``"pandas DataFrame: edge 12"``."""
    return f"{name}: edge {first + i}"


def check_endpoints(src: Column, dst: Column, name: str) -> None:
    """Refuse endpoints of which one has integers and the other strings."""
    if holds_integers(src) != holds_integers(dst):
        kinds = ["integers" if holds_integers(column) else "strings" for column in (src, dst)]
        raise InputError(
            f"{name}: sources are {kinds[0]} and targets are {kinds[1]}; "
            "convert one of them so that both name nodes in the same way"
        )


def holds_integers(column: Column) -> bool:
    """Whether a column of ids holds integers; otherwise it holds strings."""
    if isinstance(column, np.ndarray):
        return column.dtype.kind in "iu"
    import pyarrow as pa

    return bool(pa.types.is_integer(value_type(column)))


def id_column(values: Any, place: ColumnName, *, whole: bool = True) -> Column:
    """Return `values` as a column of integers or strings.

    Strings of a `whole` column are looked at for integers that were damaged.

    Raises
    ------
    InputError
        Where `values` is not one-dimensional, has missing ids, or ids of another type.
    """
    column = as_column(values, place)
    if not len(column):  # whose type says nothing
        return np.empty(0, np.int64)
    if isinstance(column, np.ndarray):
        if column.dtype.kind not in "iuUT":
            raise _bad_ids(column, column.dtype, place)
        if whole and column.dtype.kind in "UT":
            _check_damaged(column, place)
        return column
    import pyarrow as pa

    check_missing(column, "id", place)
    kind = value_type(column)
    if not (pa.types.is_integer(kind) or _is_string(kind)):
        raise _bad_ids(column, kind, place)
    if whole and _is_string(kind):
        _check_damaged(column, place)
    return column


def weight_column(values: Any, place: ColumnName) -> Column:
    """Return `values` as a column of numbers, or of dates, which count as times.

    Raises
    ------
    InputError
        Where `values` is not one-dimensional, has missing weights, or holds anything else.
    """
    column = as_column(values, place)
    if isinstance(column, np.ndarray):
        kind, numeric = column.dtype, column.dtype.kind in "iufMm"
    else:
        import pyarrow as pa

        check_missing(column, "weight", place)
        kind = value_type(column)
        tests = pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null
        numeric = any(test(kind) for test in tests) or time_unit(column) is not None
    if not numeric:
        remedy = "pandas.to_numeric, pandas.to_datetime and, for types, pandas.factorize make them "
        remedy += "of text"
        if "struct" in str(kind):  # as of the edges of NetworkX with their data
            remedy = "edges that have dicts are passed as networkx.Graph(edges)"
        raise InputError(
            f"{place.name}: its values are {kind}; weights, times or types must be integers or "
            f"floats, and times may be dates; {remedy}"
        )
    return column


def ids(column: Column, rows: slice) -> Ids:
    """Return some rows of an id column: native integers, or an Arrow array of large strings."""
    if isinstance(column, np.ndarray):
        part = column[rows]
        if part.dtype.kind in "iu":
            return part.astype(part.dtype.newbyteorder("="), copy=False)
        import pyarrow as pa

        try:
            return pa.array(part if part.dtype.kind == "U" else part.tolist(), pa.large_string())
        except UnicodeError as error:
            raise no_text("a node's name", error) from error
    import pyarrow as pa

    kind = value_type(column)
    if pa.types.is_integer(kind):
        return _chunk(column, rows, kind).to_numpy(zero_copy_only=False)
    return _chunk(column, rows, pa.large_string())


def floats(column: Column, rows: slice) -> NDArray[np.floating[Any]]:
    """Return some rows of a weight column, float32 and float64 as they are, others as float64."""
    if time_unit(column) is not None:
        return as_times(column[rows.start : rows.stop])
    if not isinstance(column, np.ndarray):
        import pyarrow as pa

        kind = value_type(column)
        kept = pa.types.is_float32(kind) or pa.types.is_float64(kind)
        part = _chunk(column, rows, kind if kept else pa.float64())
        return np.asarray(part.to_numpy(zero_copy_only=False))
    native = column.dtype.newbyteorder("=")
    kept = native in (np.dtype(np.float32), np.dtype(np.float64))
    return column[rows].astype(native if kept else np.float64, copy=False)


def _bad_ids(column: Column, kind: object, place: ColumnName) -> InputError:
    problem = f"ids are {kind}; they must be integers or strings"
    if "list" in str(kind):
        problem += "; call .explode() of the table first, which gives each neighbour a row"
    values = column if isinstance(column, np.ndarray) else column.to_numpy()
    if values.dtype.kind != "f":
        return InputError(f"{place.name}: {problem}")
    whole = values == np.floor(values)
    if whole.all():
        return InputError(f"{place.name}: {problem}; convert them with .astype(np.int64)")
    odd = int(np.argmin(whole))
    return InputError(f"{place.row(odd)}: {values[odd]} is no id; {problem}")


def _check_damaged(column: Any, place: ColumnName) -> None:
    from graphwalk.storage.edges.damaged_ids import first_damaged

    try:
        found = first_damaged(column)
    except UnicodeError as error:
        raise no_text(place.name, error) from error
    if found is not None:
        raise InputError(
            f"{place.row(found[0])}: {found[1]} is no id, while the others are numbers; convert "
            "them to integers, and drop edges without an end"
        )


def check_missing(column: Any, what: str, place: ColumnName) -> None:
    """Refuse an Arrow column with missing values."""
    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise InputError(f"{place.row(row)}: the {what} is missing; fill it in or drop the edge")


def value_type(column: Any) -> Any:
    """Return the type of a column's values, looking through a dictionary (a categorical)."""
    import pyarrow as pa

    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _is_string(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _chunk(column: Any, rows: slice, kind: Any) -> Any:
    """Return some rows as one Arrow array, copying only to join chunks or change the type."""
    part = column.slice(rows.start, rows.stop - rows.start)
    if part.type != kind:
        part = part.cast(kind)
    return part.chunk(0) if part.num_chunks == 1 else part.combine_chunks()
