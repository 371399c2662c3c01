"""Blocks of lines into edges: plain ones by a kernel, all others by Arrow's CSV reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from graphwalk.errors import InputError, argument, passing
from graphwalk.kernels.build.parse_edges import parse_lines
from graphwalk.storage.edges.columns import ColumnName, floats, id_column, ids, weight_column
from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.storage.edges.text.dialect import is_decimal_comma, read_decimal_commas
from graphwalk.storage.edges.text.integers import PLAIN_INTEGER, read_as_names
from graphwalk.storage.edges.text.lines import data_lines, is_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.edges.text.layout import TextLayout

_NEWLINE = ord("\n")

_WHITESPACE = b" ", b"\t", b"\v", b"\f", b"\x1c", b"\x1d", b"\x1e", b"\x1f"
_NO_LINES = re.compile(rb"[\r\n]*")
_ESCAPED = re.compile(rb'"[^"\n]*\\"[^,;\t|\r\n]+')
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")

#: Unit in which dates are read.
DATE_UNIT = "us"


@dataclass(frozen=True)
class LineBlock:
    """Whole lines of a file, from byte `position` on."""

    layout: TextLayout
    position: int
    data: bytes


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
    _check_header(block, columns[:2])
    return _batch(block, columns)


def read_table(block: LineBlock) -> pa.Table:
    """Return the chosen columns of a block: ids as strings or null, weights as float64."""
    layout = block.layout
    names = list(map(str, range(len(layout.names))))
    types = {names[i]: pa.large_string() for i in layout.chosen[:2]}
    value = _value_type(layout)
    types |= {names[i]: value for i in layout.chosen[2:]}
    data = layout.form.clean(block.data)
    if _NO_LINES.fullmatch(data):
        return pa.table([pa.array([], types[names[i]]) for i in layout.chosen], _KEYS[: len(types)])
    if layout.form.quoted and b"\\" in data:
        _check_escapes(layout.file.name, data)
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
        raise _fault(block, error) from error
    columns = [table.column(names[i]) for i in layout.chosen]
    trim = _may_have_blanks(data, layout.form.mark)
    ends = [_stripped(column, trim=trim) for column in columns[:2]]
    return pa.table([*ends, *columns[2:]], _KEYS[: len(columns)])


def _check_escapes(name: str, data: bytes) -> None:
    """Refuse quotation marks with a backslash in front, which Arrow does not understand."""
    found = _ESCAPED.search(data)
    if found is not None:
        raise InputError(
            f"{name}: {found[0].decode(errors='replace')!r:.40} has a quotation mark that a "
            "backslash escapes; double it, as CSV does, or "
            + passing("pandas.read_csv(path, escapechar='\\\\')")
        )


_KEYS = ["src", "dst", "weight"]


def line_of(layout: TextLayout, position: int, row: int) -> str:
    """Return the name of the line that holds an edge of the block at a position."""
    lines = data_lines(layout.file, layout.form.free, position, layout.form.runs)
    return f"line {next(islice(lines, row, None)).number}"


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
    rows = slice(0, len(src))
    weight = floats(weight_column(columns[2], places[2]), rows) if len(columns) > 2 else None
    return EdgeBatch(ids(src, rows), ids(dst, rows), weight, partial(_place, layout, position))


def _parse_plain(block: LineBlock) -> EdgeBatch | None:
    """Return the edges of a block that has plain lines only, otherwise None."""
    layout = block.layout
    if layout.dates:
        return None
    data = np.frombuffer(layout.form.marked(block.data), np.uint8)
    most = int(np.count_nonzero(data == _NEWLINE)) + 1
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


def _narrow(values: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """Return ids in as few bytes as hold them, since they may have to wait in memory."""
    return values.astype(np.int32) if values.max(initial=0) < 2**31 else values


def _may_have_blanks(data: bytes, mark: str) -> bool:
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


def _check_header(block: LineBlock, columns: list[Any]) -> None:
    """Refuse to take an edge between strings for a header and lose it, or headers for edges."""
    layout = block.layout
    if not layout.header:
        return
    if layout.named:
        _check_repeated(block)
        return
    for name in (layout.names[i] for i in layout.chosen[:2]):
        for column in columns:
            if pc.index(column, pa.scalar(name, column.type)).as_py() >= 0:
                raise InputError(
                    f"{layout.file.name}: its first line was read as a header, but {name!r} is a "
                    f"node too; pass {argument('header', False)} if it is an edge, or "
                    f"{argument('header', True)} if it is not"
                )


def _check_repeated(block: LineBlock) -> None:
    line = f"\n{block.layout.header_line}".encode()
    at = block.data.find(line)
    if at >= 0 and block.data[at + len(line) : at + len(line) + 1] in (b"\r", b"\n", b""):
        raise InputError(
            f"{block.layout.file.name}: its header, {block.layout.header_line!r:.80}, comes again "
            f"below, as where files were joined; remove it, or pass {argument('header', False)} if "
            "it is an edge"
        )


_OTHER_FORMATS = (
    "lists of neighbours are read by networkx.read_adjlist, METIS files by networkit.readGraph, "
    "and a first line of sizes is to be removed"
)


def _value_type(layout: TextLayout) -> Any:
    """Return what values are read as; dates with a zone are those of UTC."""
    if layout.dates:
        return pa.timestamp(DATE_UNIT, "UTC" if layout.zoned else None)
    return pa.float64()


def _value_fault(layout: TextLayout, field: str) -> str:
    """Return what is wrong with a weight, time or type, and what to do; nothing if it is right."""
    if layout.dates:
        return _date_fault(layout, field)
    if is_number(field):
        return ""
    if _THOUSANDS.fullmatch(field) and layout.form.delimiter == ",":
        return "no number; " + passing("pandas.read_csv(path, thousands=',')")
    if is_decimal_comma(field):
        call = read_decimal_commas(layout.form.delimiter, layout.header)
        return f"no number; {passing(call)}"
    remedies = {
        "weights": "weights must be numbers",
        "times": "times must be numbers, or dates such as 2020-01-31 or 2020-01-31T23:59:00Z in "
        "all lines",
        "edge_types": "types must be numbers, such as those of pandas.factorize",
    }
    return f"no number; {remedies[layout.values]}"


def _date_fault(layout: TextLayout, field: str) -> str:
    try:
        pa.array([field or None], pa.string()).cast(_value_type(layout))
    except pa.ArrowInvalid:
        zone = "with" if layout.zoned else "without"
        return (
            f"no date {zone} a zone, as others are; write all alike, such as "
            f"2020-01-31T23:59:00{'Z' if layout.zoned else ''}, in microseconds at most"
        )
    return ""


def _fault(block: LineBlock, error: Exception) -> InputError:
    """Find the line that could not be read."""
    layout = block.layout
    name = layout.file.name
    for line in data_lines(layout.file, layout.form.free, block.position, layout.form.runs):
        if line.position >= block.position + len(block.data):
            break
        where = f"{name}, line {line.number}"
        fields = layout.form.split(line.text)
        if len(fields) != len(layout.names):
            hint = "" if layout.header or not layout.form.runs else f"; {_OTHER_FORMATS}"
            return InputError(
                f"{where}: it has {len(fields)} fields, while the first line has "
                f"{len(layout.names)}; every line needs as many: {line.text!r:.80}{hint}"
            )
        for i in layout.chosen[2:]:
            fault = _value_fault(layout, fields[i])
            if fault:
                return InputError(f"{where}, column {layout.names[i]!r}: {fields[i]!r} is {fault}")
    return InputError(f"{name} cannot be read: {error}")
