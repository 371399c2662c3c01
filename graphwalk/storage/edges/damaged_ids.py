"""Ids that are numbers, but no integers: ``1.0``, ``1.000e+00``, or ``nan`` among integers.

They are integers that went through a column of floats, so they are no names; nor are ``1,000`` and
``'1'``, as which programs print integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_FIRST_ROWS = 64
_INTEGER = r"^[+-]?[0-9]+$"
_FLOAT = (
    r"^[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+"
    r"|[0-9]{1,3}([,'_ \x{a0}\x{202f}\x{2019}][0-9]{3})+)$|^'[+-]?[0-9]+'$"
)
_MISSING = r"(?i)^([+-]?(nan|inf|infinity)|na|n/a|null|none|<na>|nat)$"


class DamagedIds:
    """Looks through a column of strings, chunk by chunk, for ids that are damaged integers."""

    def __init__(self) -> None:
        self._numbers = False
        self._first: tuple[int, str] | None = None
        self._rows = 0

    def stays(self, column: Any) -> bool:
        """Look at the next rows; return False once some of them show that ids are names."""
        if not self._rows and not pc.all(_kinds(column[:_FIRST_ROWS])[0], min_count=0).as_py():
            return False  # as most columns of names show
        known, integers, floats, odd = _kinds(column)
        if not pc.all(known, min_count=0).as_py():
            return False
        self._numbers |= pc.any(pc.or_(integers, floats), min_count=0).as_py()
        row = pc.index(odd, True).as_py()
        if self._first is None and row >= 0:
            self._first = self._rows + row, column[row].as_py()
        self._rows += len(column)
        return True

    @property
    def first(self) -> tuple[int, str] | None:
        """Row and text of the first damaged id, where all ids are numbers."""
        return self._first if self._numbers else None


def first_damaged(column: Any) -> tuple[int, str] | None:
    """Return row and text of the first damaged id of a column, None where there is none."""
    if not len(column):
        return None
    if not DamagedIds().stays(_strings(column[:_FIRST_ROWS])):
        return None
    look = DamagedIds()
    return look.first if look.stays(_strings(column)) else None


def _kinds(column: Any) -> tuple[Any, Any, Any, Any]:
    """Return which texts are numbers or missing, integers, floats, and floats or missing."""
    integers, floats, missing = (
        pc.fill_null(pc.match_substring_regex(column, pattern), False)
        for pattern in (_INTEGER, _FLOAT, _MISSING)
    )
    odd = pc.or_(floats, missing)
    return pc.or_(pc.or_(odd, integers), pc.is_null(column)), integers, floats, odd


def _strings(column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return pa.array(column.tolist(), pa.large_string())
    return column.cast(pa.large_string())
