"""Edges in Dask arrays and data frames, computed block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.arrays import open_columns
from graphwalk.storage.edges.as_column import comes_from
from graphwalk.storage.edges.batch_series import SeriesSource
from graphwalk.storage.edges.dates import time_unit
from graphwalk.storage.edges.lazy_arrays import check_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphwalk.storage.edges.columns import ColumnSource
    from graphwalk.storage.edges.options import ReadOptions


def is_dask(value: object) -> bool:
    """Return whether `value` is a Dask array or data frame."""
    kinds = ("dask", "dask_expr")
    return any(comes_from(value, kind) for kind in kinds) and hasattr(value, "compute")


def open_dask(edges: Any, how: ReadOptions) -> SeriesSource:
    """Open a Dask data frame, or an array of shape (2, E) or (E, 2)."""
    delayed = type(edges).__name__.startswith("Delayed")  # which has every attribute
    if not delayed and hasattr(edges, "partitions") and hasattr(edges, "columns"):
        return _open_frame(edges, how)
    if delayed or not hasattr(edges, "ndim") or not hasattr(edges, "numblocks"):
        raise InputError(
            f"a Dask {type(edges).__name__} has no shape; pass its .to_dataframe() with columns "
            "named source and target, or its .compute()"
        )
    if edges.ndim != 2 or 2 not in edges.shape:
        raise InputError(
            f"a Dask array of shape {edges.shape} is no list of edges; its shape must be (2, E) or "
            "(E, 2), or pass a tuple (src, dst[, weight]) of one-dimensional arrays"
        )
    across = edges.shape[0] == 2
    whole = edges.rechunk({0 if across else 1: 2})
    blocks = _Blocks(
        lambda i: (whole.blocks[:, i] if across else whole.blocks[i]).compute(),
        whole.numblocks[1 if across else 0],
    )

    def open_block(block: Any) -> ColumnSource:
        pair = block if across else np.asarray(block).T
        return open_columns([pair[0], pair[1]], "Dask array")

    check_types([edges, edges], "Dask array")
    return SeriesSource("Dask array", blocks, open_block, False, False)


def _open_frame(frame: Any, how: ReadOptions) -> SeriesSource:
    from graphwalk.storage.edges.tables import check_no_matrix, first_part, open_table

    checked = how.columns is not None
    how = first_part(frame._meta, how).chosen()
    first = open_table(frame._meta, how)

    def compute(i: int) -> Any:
        part = frame.partitions[i].compute()
        if i == 0 and not checked:
            check_no_matrix(part, cut=frame.npartitions > 1)
        return part

    blocks = _Blocks(compute, frame.npartitions)
    return SeriesSource(
        "Dask DataFrame",
        blocks,
        lambda part: open_table(part, how),
        first.weighted,
        False,
        first.time_unit,
    )


def open_dask_columns(columns: Sequence[Any]) -> SeriesSource:
    """Open a tuple of one-dimensional arrays of which some are Dask's."""
    import dask
    import dask.array as da

    name = "tuple of Dask arrays"
    if len(columns) not in (2, 3):
        raise InputError(f"{name}: it has {len(columns)} items; it takes 2 or 3")
    arrays = [column if is_dask(column) else da.from_array(column) for column in columns]
    chunks = {array.chunks for array in arrays}
    if len(chunks) > 1:
        if any(np.isnan(length) for array in arrays for length in array.shape):
            raise InputError(f"{name}: chunks differ and some lengths are unknown; rechunk them")
        if len({array.shape for array in arrays}) > 1:
            raise InputError(f"{name}: its lengths differ; an edge takes one of each")
        arrays = [array.rechunk(arrays[0].chunks) for array in arrays]
    blocks = _Blocks(
        lambda i: dask.compute(*(array.blocks[i] for array in arrays)), arrays[0].numblocks[0]
    )
    unit = time_unit(np.empty(0, arrays[2].dtype)) if len(arrays) == 3 else None
    return SeriesSource(
        name, blocks, lambda block: open_columns(block, name), len(arrays) == 3, False, unit
    )


class _Blocks:
    """Blocks that are computed when it is their turn."""

    def __init__(self, compute: Callable[[int], Any], number: int) -> None:
        self._compute = compute
        self._number = number

    def __iter__(self) -> Iterator[Any]:
        return map(self._compute, range(self._number))
