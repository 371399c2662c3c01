"""Blocks of lines into edges: plain ones by a kernel, all others by Arrow's CSV reader."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from graphwalk.kernels.build.parse_edges import parse_lines
from graphwalk.storage.edges.as_column import ColumnName
from graphwalk.storage.edges.columns import (
    floats,
    id_column,
    ids,
    weight_column,
)
from graphwalk.storage.edges.further_columns import further_column
from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.storage.edges.text.faults import check_escapes, check_header, check_plain, fault_of
from graphwalk.storage.edges.text.integers import PLAIN_INTEGER, read_as_names
from graphwalk.storage.edges.text.line_block import line_of, value_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.text.layout import TextLayout
    from graphwalk.storage.edges.text.line_block import LineBlock

_NEWLINE = ord("\n")
_PIECE = 1 << 17

_WHITESPACE = b" ", b"\t", b"\v", b"\f", b"\x1c", b"\x1d", b"\x1e", b"\x1f"
_NO_LINES = re.compile(rb"[\r\n]*")


def integers_of(block: LineBlock) -> EdgeBatch | None:
    """Return the edges of a block, or None when not all of its ids are integers."""
    batch = _parse_plain(block)
    if batch is not None:
        return batch
    table = read_table(block)
    columns = [table.column(i) for i in range(table.num_columns)]
    if not all(_are_integers(column) for column in columns[:2]):
        return None
    try:
        integers = [column.cast(pa.int64()) for column in columns[:2]]
    except pa.ArrowInvalid:  # more than 64 bits
        return None
    return _batch(block, [*integers, *columns[2:]])


def strings_of(block: LineBlock) -> EdgeBatch:
    """Return the edges of a block, their ids as they are written.

    Raises
    ------
    InputError
        When the file's header turns out to be an edge.
    """
    table = read_table(block)
    columns = [table.column(i) for i in range(table.num_columns)]
    check_header(block, columns[:2])
    return _batch(block, columns)


def read_table(block: LineBlock) -> pa.Table:
    """Return the chosen columns of a block: ids as strings or null, weights as float64."""
    layout = block.layout
    names = list(map(str, range(len(layout.names))))
    types = {names[i]: pa.large_string() for i in layout.chosen[:2]}
    value = value_type(layout)
    types |= {names[i]: value for i in layout.chosen[2:]}
    further = layout.choice.further
    types |= {names[i]: _FURTHER[kind] for kind, i in further.items()}
    read = [*layout.chosen, *further.values()]
    data = layout.form.clean(block.data)
    if _NO_LINES.fullmatch(data):
        return pa.table([pa.array([], types[names[i]]) for i in read], _KEYS[: len(types)])
    check_plain(block)
    if layout.form.quoted and b"\\" in data:
        check_escapes(layout.file.name, data)
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(
                column_names=names, block_size=len(data) + 1, use_threads=False
            ),
            pyarrow.csv.ParseOptions(
                delimiter=layout.form.mark, quote_char='"' if layout.form.quoted else False
            ),
            pyarrow.csv.ConvertOptions(
                include_columns=sorted(set(types)), column_types=types, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        raise fault_of(block, error) from error
    columns = [table.column(names[i]) for i in read]
    trim = _may_have_blanks(data, layout.form.mark)
    ends = [_stripped(column, trim=trim) for column in columns[:2]]
    return pa.table([*ends, *columns[2:]], _KEYS[: len(columns)])


_KEYS = ["src", "dst", "third", "fourth", "fifth"]

#: What further columns are read as: ids as text, since floats do not tell long ones apart.
_FURTHER = {"edge_ids": pa.large_string(), "weights": pa.float64()}


def _place(layout: TextLayout, position: int, row: int) -> str:
    return f"{layout.file.name}, {line_of(layout, position, row)}"


def _batch(block: LineBlock, columns: list[Any]) -> EdgeBatch:
    layout, position = block.layout, block.position
    name_line = partial(line_of, layout, position)
    places = [
        ColumnName(f"{layout.file.name}, column {layout.names[i]!r}", name_line)
        for i in layout.chosen
    ]
    # Whether ids are damaged was seen in the whole file, and not in a block of it.
    ends = zip(columns[:2], places, strict=False)
    src, dst = (id_column(column, place, whole=False) for column, place in ends)
    rows, third = slice(0, len(src)), len(layout.chosen) > 2
    weight = floats(weight_column(columns[2], places[2]), rows) if third else None
    rest = zip(layout.choice.further.items(), columns[len(layout.chosen) :], strict=True)
    further = {}
    for (kind, i), column in rest:
        at = ColumnName(f"{layout.file.name}, column {layout.names[i]!r}", name_line)
        further[kind] = further_column(kind, column, at, text=True)
    place = partial(_place, layout, position)
    return EdgeBatch(ids(src, rows), ids(dst, rows), weight, place, further)


def _parse_plain(block: LineBlock) -> EdgeBatch | None:
    """Return the edges of a block that has plain lines only, otherwise None."""
    layout = block.layout
    if layout.dates or layout.choice.further:
        return None
    lines = layout.form.marked(block.data)
    data = np.frombuffer(lines if lines.endswith(b"\n") else lines + b"\n", np.uint8)
    most = _count_newlines(data)
    wanted = np.array(layout.chosen, np.int64)
    src, dst = np.empty(most, np.int64), np.empty(most, np.int64)
    weights = np.empty(most if len(wanted) > 2 else 0, np.float64)
    count = parse_lines(
        data,
        ord(layout.form.mark),
        layout.form.free,
        len(layout.names),
        wanted,
        src,
        dst,
        weights,
    )
    if count < 0:
        return None
    weight = weights[:count] if len(wanted) > 2 else None
    place = partial(_place, layout, block.position)
    return EdgeBatch(_narrow(src[:count]), _narrow(dst[:count]), weight, place)


def _count_newlines(data: NDArray[np.uint8]) -> int:
    """Count lines in pieces that stay in the cache, which take a third of the time of all."""
    starts = range(0, len(data), _PIECE)
    return sum(int(np.count_nonzero(data[i : i + _PIECE] == _NEWLINE)) for i in starts)


def _narrow(values: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """Return ids in as few bytes as hold them, since they may have to wait in memory."""
    return values.astype(np.int32) if values.max(initial=0) < 2**31 else values


def _may_have_blanks(data: bytes | bytearray, mark: str) -> bool:
    """Whether fields may begin or end with blanks: a search is quicker than to trim all."""
    if not data.isascii() or b'"' in data:
        return True
    return any(blank in data for blank in _WHITESPACE if blank != mark.encode())


def _stripped(column: Any, *, trim: bool) -> Any:
    """Return text ids without blanks around them, and null where nothing is left."""
    column = pc.utf8_trim_whitespace(column) if trim else column
    if pc.min(pc.binary_length(column)).as_py() != 0:
        return column
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)


def _are_integers(column: Any) -> bool:
    plain = pc.match_substring_regex(column, PLAIN_INTEGER)
    return pc.all(plain, skip_nulls=True).as_py() is not False


def first_name(block: LineBlock) -> str:
    """Return what is said of the first id of a block that is no integer."""
    table = read_table(block)
    rows = []
    for column in map(table.column, range(2)):
        plain = pc.match_substring_regex(column, PLAIN_INTEGER)
        short = pc.less(pc.utf8_length(column), 19)
        row = pc.index(pc.and_(plain, short), False).as_py()
        rows += [(row, column[row].as_py())] if row >= 0 else []
    if not rows:
        return ""
    row, text = min(rows)
    return read_as_names(_place(block.layout, block.position, row), text)
