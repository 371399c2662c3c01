"""What is wrong with lines that cannot be read, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError, argument, passing
from graphwalk.storage.edges.text.dialect import is_decimal_comma, read_decimal_commas
from graphwalk.storage.edges.text.line_block import value_type
from graphwalk.storage.edges.text.lines import data_lines, is_number

if TYPE_CHECKING:
    from graphwalk.storage.edges.text.layout import TextLayout
    from graphwalk.storage.edges.text.line_block import LineBlock

_ESCAPED = re.compile(rb'"[^"\n]*\\"[^,;\t|\r\n]+')


_QUOTED = re.compile(rb'(?:^|[\n\t,;| ])("[^"\n]*")(?=$|[\r\n\t,;| ])')
_LONE_MARK = re.compile(rb"\n[ \t]*#[ \t]*\r?\n")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def check_escapes(name: str, data: bytes | bytearray) -> None:
    """Refuse quotation marks with a backslash in front, which Arrow does not understand."""
    found = _ESCAPED.search(data)
    if found is not None:
        raise InputError(
            f"{name}: {found[0].decode(errors='replace')!r:.40} has a quotation mark that a "
            "backslash escapes; double it, as CSV does, or "
            + passing("pandas.read_csv(path, escapechar='\\\\')")
        )


def check_plain(block: LineBlock) -> None:
    """Refuse what the first lines of a file did not show: quotation marks, and nodes (TGF)."""
    free, data = block.layout.form.free, block.data
    found = _QUOTED.search(data) if free and b'"' in data and not block.layout.form.quoted else None
    if found is not None:
        raise InputError(
            f"{block.layout.file.name}: {found[1].decode(errors='replace')!r:.40} is in quotation "
            "marks, and its first lines have none; name the file .csv or .tsv, whose fields may be"
        )
    if free and b"#" in data and _LONE_MARK.search(data):
        raise InputError(
            f"{block.layout.file.name}: '#' alone parts nodes from edges (TGF); keep the lines "
            "below it only"
        )


def check_header(block: LineBlock, columns: list[Any]) -> None:
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
    if at >= 0 and bytes(block.data[at + len(line) : at + len(line) + 1]) in (b"\r", b"\n", b""):
        raise InputError(
            f"{block.layout.file.name}: its header, {block.layout.header_line!r:.80}, comes again "
            f"below, as where files were joined; remove it, or pass {argument('header', False)} if "
            "it is an edge"
        )


_OTHER_FORMATS = (
    "lists of neighbours are read by networkx.read_adjlist, METIS files by networkit.readGraph, "
    "and a first line of sizes is to be removed"
)


def _value_fault(layout: TextLayout, kind: str, field: str) -> str:
    """Return what is wrong with a weight, time or type, and what to do; nothing if it is right."""
    if layout.dates and kind == layout.values:
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
    return f"no number; {remedies[kind]}"


def _date_fault(layout: TextLayout, field: str) -> str:
    try:
        pa.array([field or None], pa.string()).cast(value_type(layout))
    except pa.ArrowInvalid:
        zone = "with" if layout.zoned else "without"
        return (
            f"no date {zone} a zone, as others are; write all alike, such as "
            f"2020-01-31T23:59:00{'Z' if layout.zoned else ''}, in microseconds at most"
        )
    return ""


def fault_of(block: LineBlock, error: Exception) -> InputError:
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
        valued = [(layout.values, i) for i in layout.chosen[2:]]
        valued += [("weights", i) for kind, i in layout.choice.further.items() if kind == "weights"]
        for kind, i in valued:
            fault = _value_fault(layout, kind, fields[i])
            if fault:
                return InputError(f"{where}, column {layout.names[i]!r}: {fields[i]!r} is {fault}")
    return InputError(f"{name} cannot be read: {error}")
