"""The input's own ids of edges, as a column of integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import as_column
from graphwalk.storage.edges.columns import check_missing, holds_integers, value_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.as_column import ColumnName


def edge_id_column(values: Any, place: ColumnName, *, text: bool = False) -> NDArray[np.int64]:
    """Return the input's own ids of edges, which may be `text` of integers.

    Raises
    ------
    InputError
        Where `values` has missing ids, negative ones, or anything but integers of 64 bits.
    """
    column = as_column(values, place)
    if not len(column):
        return np.empty(0, np.int64)
    if not isinstance(column, np.ndarray):
        check_missing(column, "edge id", place)
        column = _integers_of_text(column, place) if text else column
    if not holds_integers(column):
        kind = column.dtype if isinstance(column, np.ndarray) else value_type(column)
        raise InputError(
            f"{place.name}: ids of edges are integers, not {kind}; pass the codes that "
            "pandas.factorize makes of them, or numbers of the edges"
        )
    column = np.asarray(column)
    bad = column < 0 if column.dtype.kind == "i" else column >= 2**63
    if bad.any():
        at = int(np.argmax(bad))
        raise InputError(
            f"{place.row(at)}: {column[at]} is no id of an edge; ids are from 0 to 2**63 - 1"
        )
    return column.astype(np.int64, copy=False)


def _integers_of_text(column: Any, place: ColumnName) -> NDArray[np.int64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.utf8_trim_whitespace(column)
    plain = pc.match_substring_regex(column, r"^-?[0-9]{1,19}$")
    row = pc.index(plain, False).as_py()
    try:
        if row < 0:
            integers: NDArray[np.int64] = column.cast(pa.int64()).to_numpy()
            return integers
    except pa.ArrowInvalid:  # of 19 digits, some are too large
        row = next(i for i, text in enumerate(column.to_pylist()) if int(text) >= 2**63)
    raise InputError(
        f"{place.row(row)}: {column[row].as_py()!r} is no id of an edge; ids are integers from 0 "
        "to 2**63 - 1"
    )
