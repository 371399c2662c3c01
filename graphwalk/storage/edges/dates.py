"""Columns of dates, which are the times of edges as numbers of a unit.

Times are stored as float64, which holds integers up to 2**53: seconds, milliseconds and
microseconds since 1970, but not nanoseconds. So these are read as microseconds where that loses
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNITS = {"s": "s", "ms": "ms", "us": "us", "ns": "us", "ps": "us", "fs": "us", "as": "us"}


def time_unit(column: Any) -> str | None:
    """Return the unit in which a column of dates or durations is read; None for other columns."""
    if column is None:
        return None
    if isinstance(column, np.ndarray):
        if column.dtype.kind not in "Mm":
            return None
        return _UNITS.get(np.datetime_data(column.dtype)[0], "s")
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return _UNITS[kind.unit]
    return {"date32[day]": "s", "date64[ms]": "ms"}.get(str(kind))


def in_unit(column: Any, unit: object) -> Any:
    """Return numbers of a unit as dates, and any other column, or numbers of no unit, as it is."""
    if unit not in _UNITS.values() or time_unit(column) is not None:
        return column
    numbers = np.asarray(column)
    whole = numbers.dtype.kind in "iuf" and bool((numbers == np.floor(numbers)).all())
    return numbers.astype(np.int64).astype(f"M8[{unit}]") if whole else column


def as_times(column: Any) -> NDArray[np.float64]:
    """Return dates or durations as numbers of their unit.

    Raises
    ------
    InputError
        Where that would lose something.
    """
    unit = time_unit(column)
    if isinstance(column, np.ndarray):
        if np.isnat(column).any():
            row = int(np.argmax(np.isnat(column)))
            raise InputError(f"row {row}: the time is missing; fill it in or drop the edge")
        times = column.astype(f"{column.dtype.kind}8[{unit}]")
        if (times != column).any():
            raise _too_fine()
        return times.astype(np.int64).astype(np.float64)
    import pyarrow as pa

    kind = column.type
    if pa.types.is_duration(kind):
        target = pa.duration(unit)
    else:
        target = pa.timestamp(unit, getattr(kind, "tz", None))
    try:
        numbers = column.cast(target).cast(pa.int64())
    except pa.ArrowInvalid:
        raise _too_fine() from None
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)


def _too_fine() -> InputError:
    return InputError(
        "times in nanoseconds are more than float64 holds; round them to microseconds, as "
        "pandas does by .dt.floor('us') and polars by .dt.truncate('1us')"
    )
