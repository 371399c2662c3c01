"""Blocks of lines, and where in a file an edge of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from graphwalk.storage.edges.text.lines import data_lines

if TYPE_CHECKING:
    from graphwalk.storage.edges.text.layout import TextLayout

#: Unit in which dates are read.
DATE_UNIT = "us"


@dataclass(frozen=True)
class LineBlock:
    """Whole lines of a file, from byte `position` on."""

    layout: TextLayout
    position: int
    data: bytearray


def line_of(layout: TextLayout, position: int, row: int) -> str:
    """Return the name of the line that holds an edge of the block at a position."""
    lines = data_lines(layout.file, layout.form.free, position, layout.form.runs)
    return f"line {next(islice(lines, row, None)).number}"


def value_type(layout: TextLayout) -> Any:
    """Return what values are read as; dates with a zone are those of UTC."""
    if layout.dates:
        return pa.timestamp(DATE_UNIT, "UTC" if layout.zoned else None)
    return pa.float64()
