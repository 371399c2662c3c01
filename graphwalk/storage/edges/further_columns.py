"""Columns that edges have in addition to their ends and values: their own ids, and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.columns import floats, weight_column
from graphwalk.storage.edges.dates import time_unit
from graphwalk.storage.edges.edge_ids import edge_id_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.as_column import ColumnName
    from graphwalk.storage.edges.options import FurtherKind


def further_column(
    kind: FurtherKind, values: Any, place: ColumnName, *, text: bool = False
) -> NDArray[Any]:
    """Return a further column as an array: ids, which may be `text` of integers, or weights.

    Raises
    ------
    InputError
        Where `values` has missing items, or what they cannot be.
    """
    if kind == "edge_ids":
        return edge_id_column(values, place, text=text)
    column = weight_column(values, place)
    if time_unit(column) is not None:
        raise InputError(
            f"{place.name} has dates, and weights are numbers; name another column in "
            f"{argument('weights')}"
        )
    return floats(column, slice(0, len(column)))
