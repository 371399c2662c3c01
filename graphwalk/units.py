"""Sizes of memory as text or numbers: ``"4 GiB"``, ``"4G"``, ``"500 MB"``, ``2**30``."""

from __future__ import annotations

import operator
import re
from math import inf
from typing import SupportsIndex

from graphwalk.errors import InputError, argument

_UNITS = {
    "": 1,
    "b": 1,
    **{p: 1024**i for i, p in enumerate("kmgtp", start=1)},
    **{f"{p}b": 1000**i for i, p in enumerate("kmgtp", start=1)},
    **{f"{p}i": 1024**i for i, p in enumerate("kmgtp", start=1)},  # as Kubernetes has them
    **{f"{p}ib": 1024**i for i, p in enumerate("kmgtp", start=1)},
}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_size(size: str | SupportsIndex, name: str = "memory") -> int:
    """Return the number of bytes that `size` stands for.

    Parameters
    ----------
    size : str or int
        A number of bytes, or text such as ``"4 GiB"``, ``"500MB"``, ``"1.5 TiB"``, ``"64G"``. Units
        are case-insensitive; ``kB`` is 1000 bytes, ``KiB`` 1024, and so is ``K`` alone, as in Slurm
        and ``ulimit``: ``M`` is 1024², ``G`` 1024³.
    name : str
        The parameter's name, for the error message.

    Raises
    ------
    InputError
        When the text is not a size, or the size is not positive.
    """
    match = _PATTERN.fullmatch(_text_of(size))
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None or not 1 <= float(match[1]) * unit < inf:
        raise InputError(
            f"{argument(name, size)} is not a size; write it as '4 GiB', '4G', '500 MB' or bytes"
        )
    whole = match[1].isdecimal()  # a float would round what is above 2**53
    return int(match[1]) * unit if whole else int(float(match[1]) * unit)


def _text_of(size: str | SupportsIndex) -> str:
    """Return a size as text; nothing for what is neither text nor an integer."""
    # Those of NumPy are known by their dtype: the command line does not wait for NumPy.
    if isinstance(size, bool) or str(getattr(size, "dtype", "")) == "bool":
        return ""
    try:
        return size if isinstance(size, str) else str(operator.index(size))
    except TypeError:
        return ""


def format_size(num_bytes: float) -> str:
    """Return `num_bytes` as short text in binary units, such as ``"3.2 GiB"``."""
    size = float(num_bytes)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} PiB"


def count_of(number: int, one: str, several: str | None = None) -> str:
    """Return a number of things, such as ``"1 block"`` or ``"1,000 blocks"``."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
