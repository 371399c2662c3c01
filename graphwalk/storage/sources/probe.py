"""Ids that are no integers, but look as if they were meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from graphwalk.errors import InputError
from graphwalk.storage.sources.blocks import Block, line_of, read_table
from graphwalk.storage.sources.lines import blocks

if TYPE_CHECKING:
    from graphwalk.storage.sources.text import Layout

_BLOCK_BYTES = 1 << 20


def check_strings(layout: Layout) -> None:
    """Refuse ids such as 1.0 in all lines, and names in the first line alone.

    The former are numbers that went through a column of floats, the latter most likely a header.
    Reads no further than it takes to see that it is not so.
    """
    floats = [True, True]
    first_float: list[str | None] = [None, None]
    names = layout.form.free
    others = False
    position = layout.first.position
    for data in blocks(layout.file, position, _BLOCK_BYTES):
        block = Block(layout, position, data)
        table = read_table(block)
        for i in range(2):
            if floats[i]:
                floats[i], found = _all_floats(table.column(i))
                if first_float[i] is None and found is not None:
                    first_float[i] = f"{line_of(layout, position, found[0])}: {found[1]}"
        if names:
            rest = table
            if position == layout.first.position:
                first, rest = table.slice(0, 1), table.slice(1)
                names = not _all_integers(first)
            names = names and _all_integers(rest)
            others = others or len(rest) > 0
        position += len(data)
        if not any(floats) and not names:
            return
    for i in range(2):
        if floats[i] and first_float[i] is not None:
            raise InputError(
                f"{layout.file.name}, {first_float[i]} is no id; write ids as integers or as names"
            )
    if names and others:
        raise InputError(
            f"{layout.file.name}, line {layout.first.number}: it holds names and all other lines "
            "integers; if it is a header, begin it with '#'"
        )


def _all_floats(column: Any) -> tuple[bool, tuple[int, str] | None]:
    """Return whether all ids that are there are floats, and row and id of the first, if any."""
    matches = pc.fill_null(pc.match_substring_regex(column, r"^[+-]?\d+\.\d*$"), True)
    if not pc.all(matches, min_count=0).as_py():
        return False, None
    row = pc.index(pc.is_valid(column), True).as_py()
    return True, (row, column[row].as_py()) if row >= 0 else None


def _all_integers(table: Any) -> bool:
    matches = (pc.match_substring_regex(column, r"^-?\d+$") for column in table.columns[:2])
    return all(pc.all(match, min_count=0).as_py() for match in matches)
