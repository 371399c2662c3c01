"""Iterables of edges, of batches of edges, or of rows of neighbours."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.adjacency import RowIterable, check_no_pairs
from graphwalk.storage.edges.arrays import open_array, open_columns, open_pairs
from graphwalk.storage.edges.as_column import comes_from
from graphwalk.storage.edges.batch_series import Grouped, Items, SeriesSource

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from graphwalk.storage.edges.columns import ColumnSource
    from graphwalk.storage.edges.later_parts import FirstPart
    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import RowSource

#: Rows that are looked at to see whether they are pairs.
_LOOKED_AT = 16

#: Single edges that are collected into a batch.
_EDGES = 1 << 16


def open_iterable(
    edges: Iterable[Any], how: ReadOptions, columns: Sequence[Hashable] | None = None
) -> SeriesSource | RowSource:
    """Open an iterable, whose first item tells what it holds; of tables, their `columns`."""
    how = how if columns is None else replace(how, columns=tuple(columns))
    items = Items(edges, f"iterable ({type(edges).__name__})")
    first = items.peek()[0]
    if _is_row(first):
        if isinstance(first, list):
            check_no_pairs(items.peek(_LOOKED_AT))
        length = len(edges) if isinstance(edges, Sized) else None
        return RowIterable(items.name, items, length)
    pair = isinstance(first, tuple) and all(isinstance(node, Integral | str) for node in first[:2])
    if pair or is_record(first):
        return _series(items, Grouped(items, _EDGES), [first], how)
    return _series(items, items, first, how)


def _series(items: Items, batches: Iterable[Any], first: Any, how: ReadOptions) -> SeriesSource:
    def open_item(item: Any) -> ColumnSource:
        opened = _open_item(item, how, items.name, part)
        if opened.weighted != weighted:
            raise InputError(f"{items.name}: some items have weights and others have none")
        if opened.time_unit != unit:
            raise InputError(
                f"{items.name}: some items have dates of another unit; make them alike"
            )
        return opened

    part = None
    if _has_names(first) and how.columns is None:
        from graphwalk.storage.edges.tables import first_part

        part = first_part(first, how)
        how = part.chosen()
    opened = _open_item(first, how, items.name)
    weighted, unit = opened.weighted, opened.time_unit
    return SeriesSource(items.name, batches, open_item, weighted, items.once, unit)


def is_record(value: object) -> bool:
    """Return whether `value` is an edge that names what it has: a dict, or a named tuple."""
    return isinstance(value, dict) or (isinstance(value, tuple) and hasattr(value, "_fields"))


def is_table(value: object) -> bool:
    """Return whether `value` is a table: of pandas, Arrow, or what exports an Arrow stream."""
    if comes_from(value, "pandas"):
        return hasattr(value, "columns") and hasattr(value, "iloc")  # not a Series, or a style
    if comes_from(value, "xarray") or (comes_from(value, "polars") and hasattr(value, "to_list")):
        return False  # it exports a stream of its values alone
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__")


def _open_item(
    item: Any, how: ReadOptions, name: str, part: FirstPart | None = None
) -> ColumnSource:
    if _has_names(item):
        from graphwalk.storage.edges.tables import open_table

        return open_table(item, how, part)
    if how.columns is not None:
        raise InputError(f"{name}: {argument('columns')} is for tables, and its items are none")
    if isinstance(item, tuple):
        return open_columns(item)
    if isinstance(item, list):
        return open_pairs(item)
    if isinstance(item, np.ndarray):
        return open_array(item)
    raise InputError(
        f"{name}: an item is a {type(item).__name__}; items are tuples (src, dst[, weight]) of "
        "scalars or arrays, arrays of shape (2, E) or (E, 2), tables, or rows of neighbours"
    )


def _has_names(item: Any) -> bool:
    """Return whether an item has columns with names: a table, or a list of records."""
    return is_table(item) or (isinstance(item, list) and bool(item) and is_record(item[0]))


def _is_row(item: Any) -> bool:
    """Return whether an item lists a node's neighbours."""
    if isinstance(item, np.ndarray):
        return item.ndim == 1
    return isinstance(item, list) and all(isinstance(value, Integral) for value in item)
