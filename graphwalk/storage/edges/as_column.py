"""Values of any kind as columns: NumPy arrays, or Arrow's where NumPy does not know the type.

pyarrow is imported only where a column needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphwalk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

#: A 1-d numpy array (integers, numpy strings, floats) or a pyarrow ChunkedArray.
Column: TypeAlias = NDArray[Any] | Any


@dataclass(frozen=True)
class ColumnName:
    """Where a column comes from, in words for messages."""

    name: str
    name_row: Callable[[int], str] = "row {}".format

    def row(self, number: int) -> str:
        """Return the name of one row, such as ``"edges.csv, column 'src', row 3"``."""
        return f"{self.name}, {self.name_row(number)}"


def comes_from(value: object, package: str) -> bool:
    """Whether the type of `value`, or one it derives from, is defined in `package`.

    A type's module says so without importing an optional package.
    """
    return any(kind.__module__.partition(".")[0] == package for kind in type(value).__mro__)


def as_column(values: Any, place: ColumnName) -> Column:
    """Return a numpy array where numpy knows the type, otherwise an Arrow column."""
    inferred = isinstance(values, list | tuple) or comes_from(values, "pandas")
    if not inferred and not hasattr(values, "__arrow_c_stream__"):
        if np.ma.is_masked(values):
            raise InputError(f"{place.name} has masked values; drop those edges")
        if not hasattr(values, "__arrow_c_array__"):
            values = as_array(values, place.name)
            if values.ndim != 1:
                raise InputError(f"{place.name} has shape {values.shape}; it must be 1-d")
            if values.dtype.kind != "O":
                return values
    return _arrow_column(values, place)


def as_array(values: Any, name: str) -> NDArray[Any]:
    """Return anything with ``__array__`` as a plain array."""
    try:
        return np.asarray(values)
    except Exception as error:  # whatever another library's __array__ may raise
        raise InputError(f"{name} cannot be read as a numpy array: {error}") from error


def _arrow_column(values: Any, place: ColumnName) -> Any:
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        return _plain_dictionary(values)
    if isinstance(values, pa.Array):
        return _plain_dictionary(pa.chunked_array([values]))
    try:
        if hasattr(values, "__arrow_c_stream__") and not comes_from(values, "pandas"):
            return _plain_dictionary(pa.chunked_array(values))
        column = pa.array(values, from_pandas=True)
    except OverflowError as error:
        raise InputError(f"{place.name} has integers beyond 64 bits; use strings") from error
    except UnicodeError as error:
        raise no_text(place.name, error) from error
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise _mixed(values, place) from error
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _plain_dictionary(column: Any) -> Any:
    """Return a categorical of string views, which Arrow can't decode, as one of strings."""
    import pyarrow as pa

    kind = column.type
    if not pa.types.is_dictionary(kind) or not pa.types.is_string_view(kind.value_type):
        return column
    chunks = [
        pa.DictionaryArray.from_arrays(part.indices, part.dictionary.cast(pa.large_string()))
        for part in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(kind.index_type, pa.large_string()))


def no_text(name: str, error: UnicodeError) -> InputError:
    """Return the error for strings that are no Unicode text, such as undecoded bytes."""
    return InputError(
        f"{name} is no text that UTF-8 can hold: {error}; replace what is no character, as in "
        ".encode('utf-8', 'replace').decode()"
    )


def _mixed(values: Any, place: ColumnName) -> InputError:
    values = list(values)
    odd = next((i for i, value in enumerate(values) if type(value) is not type(values[0])), 0)
    if not odd:
        return InputError(
            f"{place.name}: its values are of type {type(values[0]).__name__}; ids must be "
            "integers or strings, and weights, times or types integers or floats"
        )
    return InputError(
        f"{place.row(odd)}: {values[odd]!r} is a {type(values[odd]).__name__}, "
        f"while the first row holds {values[0]!r}; make them all integers, or all strings"
    )
