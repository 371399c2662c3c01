"""Sizes of memory as text or numbers: ``"4 GiB"``, ``"500 MB"``, ``2**30``."""

from __future__ import annotations

import re
from math import inf
from numbers import Integral

from graphwalk.errors import InputError, argument

_UNITS = {
    "": 1,
    "b": 1,
    **{f"{p}b": 1000**i for i, p in enumerate("kmgtp", start=1)},
    **{f"{p}ib": 1024**i for i, p in enumerate("kmgtp", start=1)},
}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_size(size: str | Integral | int, name: str = "memory") -> int:
    """Return the number of bytes that `size` stands for.

    Parameters
    ----------
    size : str or int
        A number of bytes, or text such as ``"4 GiB"``, ``"500MB"``, ``"1.5 TiB"``. Units are
        case-insensitive; ``kB`` is 1000 bytes and ``KiB`` 1024.
    name : str
        The parameter's name, for the error message.

    Raises
    ------
    InputError
        When the text is not a size, or the size is not positive.
    """
    match = _PATTERN.fullmatch(str(size)) if isinstance(size, str | Integral) else None
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None or not 1 <= float(match[1]) * unit < inf:
        raise InputError(
            f"{argument(name, size)} is not a size; write it as '4 GiB', '500 MB' or bytes"
        )
    return int(float(match[1]) * unit)


def format_size(num_bytes: float) -> str:
    """Return `num_bytes` as short text in binary units, such as ``"3.2 GiB"``."""
    size = float(num_bytes)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} PiB"


def is_integer(value: object) -> bool:
    """Return whether a value is an integer, Python's or NumPy's, and not a boolean.

    Examples
    --------
    >>> is_integer(3), is_integer(3.0), is_integer(True)
    (True, False, False)
    """
    return hasattr(value, "__index__") and not isinstance(value, bool)
