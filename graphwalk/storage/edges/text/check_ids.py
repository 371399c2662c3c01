"""Ids of text files that are no integers, but look as if they were meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.errors import InputError
from graphwalk.storage.edges.damaged_ids import DamagedIds
from graphwalk.storage.edges.text.line_block import LineBlock, line_of
from graphwalk.storage.edges.text.lines import blocks
from graphwalk.storage.edges.text.parse import read_table

if TYPE_CHECKING:
    from graphwalk.storage.edges.text.layout import TextLayout

_BLOCK_BYTES = 1 << 20


def check_strings(layout: TextLayout) -> None:
    """Refuse ids that are all numbers, but not all integers: they went through a column of floats.

    Reads no further than it takes to see that it is not so.

    Raises
    ------
    InputError
        Naming the first such id.
    """
    looks = {0: DamagedIds(), 1: DamagedIds()}
    position = layout.first.position
    for data in blocks(layout.file, position, _BLOCK_BYTES):
        table = read_table(LineBlock(layout, position, data))
        looks = {i: look for i, look in looks.items() if look.stays(table.column(i))}
        if not looks:
            return
        position += len(data)
    for look in looks.values():
        if look.first is not None:
            row, found = look.first
            line = line_of(layout, layout.first.position, row)
            raise InputError(
                f"{layout.file.name}, {line}: {found} is no id; write ids as integers (as "
                "numpy.savetxt does by fmt='%d') or as names, and drop edges without an end"
            )
