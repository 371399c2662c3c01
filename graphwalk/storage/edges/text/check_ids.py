"""Ids that are no integers, but look as if they were meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.storage.edges.text.lines import blocks
from graphwalk.storage.edges.text.parse import LineBlock, line_of, read_table

if TYPE_CHECKING:
    from graphwalk.storage.edges.text.layout import TextLayout

_BLOCK_BYTES = 1 << 20


def check_strings(layout: TextLayout) -> None:
    """Refuse ids such as 1.0 in all lines, and names in the first line alone.

    The former are numbers that went through a column of floats, the latter most likely a header.
    Reads no further than it takes to see that it is not so.
    """
    doubts: list[_Floats | _Names] = [_Floats(layout, 0), _Floats(layout, 1)]
    if layout.form.free:
        doubts.append(_Names(layout))
    position = layout.first.position
    for data in blocks(layout.file, position, _BLOCK_BYTES):
        table = read_table(LineBlock(layout, position, data))
        doubts = [doubt for doubt in doubts if doubt.stays(table, position)]
        if not doubts:
            return
        position += len(data)
    for doubt in doubts:
        doubt.resolve()


class _Floats:
    """All ids of a column are floats."""

    def __init__(self, layout: TextLayout, column: int) -> None:
        self._layout = layout
        self._column = column
        self._first: tuple[str, str] | None = None

    def stays(self, table: Any, position: int) -> bool:
        column = table.column(self._column)
        floats = pc.match_substring_regex(column, r"^[+-]?\d+\.\d*$")
        if not pc.all(pc.fill_null(floats, True), min_count=0).as_py():
            return False
        row = pc.index(pc.is_valid(column), True).as_py()
        if self._first is None and row >= 0:
            self._first = line_of(self._layout, position, row), column[row].as_py()
        return True

    def resolve(self) -> None:
        if self._first is not None:
            line, found = self._first
            raise InputError(
                f"{self._layout.file.name}, {line}: {found} is no id; write ids as integers or as "
                "names"
            )


class _Names:
    """The first line holds names, and all others integers."""

    def __init__(self, layout: TextLayout) -> None:
        self._layout = layout
        self._others = 0

    def stays(self, table: Any, position: int) -> bool:
        if position == self._layout.first.position:
            if _all_integers(table.slice(0, 1)):
                return False
            table = table.slice(1)
        self._others += len(table)
        return _all_integers(table)

    def resolve(self) -> None:
        if self._others:
            raise InputError(
                f"{self._layout.file.name}, line {self._layout.first.number}: it holds names and "
                "all other lines integers; if it is a header, begin it with '#'"
            )


def _all_integers(table: Any) -> bool:
    matches = (pc.match_substring_regex(column, r"^-?\d+$") for column in table.columns[:2])
    return all(pc.all(match, min_count=0).as_py() for match in matches)
