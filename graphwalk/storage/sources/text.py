"""Edges in text files: CSV, TSV, and lists of edges as SNAP and others publish them.

Ids are integers where all ids of the file are, so ``007`` is node 7; otherwise all of them are
strings, and ``007`` stays as it is. Blanks around a field are not part of it.

- ``.csv`` and ``.tsv``: the first line is a header unless either of its first two fields is a
  number. Fields may be quoted. Comment lines are skipped at the top of the file.
- ``.txt``, ``.edges``, ``.el``, ``.edgelist``: there is never a header. Tabs, or else commas, or
  else runs of blanks separate fields, as found on the first line. Lines that begin with ``#`` or
  ``%`` are comments. Columns are named 0, 1, 2 and so on, here and wherever a header is missing.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from graphwalk.errors import InputError
from graphwalk.storage.sources.columns import ColumnSource
from graphwalk.storage.sources.lines import Format, data_lines, open_data, sniff
from graphwalk.storage.sources.tables import choose_columns, column_source, has_named_endpoints

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

_BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class _Layout:
    """What the first lines of a file say about it."""

    path: Path
    form: Format
    names: list[Hashable]
    header: bool
    skip: int  # physical lines before the first edge
    sample: list[str]  # the first edge

    def line_of(self, row: int) -> str:
        """Return the name of the line that holds an edge."""
        lines = islice(data_lines(self.path, self.form.free), row + self.header, None)
        return f"line {next(lines)[0]}"


def open_text(path: Path, suffix: str, columns: Sequence[Hashable] | None) -> ColumnSource:
    """Open a text file, which is read whole; `suffix` is its suffix without ``.gz``.

    Raises
    ------
    InputError
        Naming the file and the line which cannot be read.
    """
    try:
        layout = _layout(path, suffix)
        if layout is None:
            return ColumnSource(str(path), np.empty(0, np.int64), np.empty(0, np.int64))
        chosen = choose_columns(layout.names, columns, str(path))
        table = _read(layout, chosen)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(f"{path} is no complete gzip file: {error}") from error
    if columns is None:
        _check_header(layout, chosen, table)
    names = [layout.names[i] for i in chosen]
    return column_source(names, table.column, names, str(path), layout.line_of)


def _layout(path: Path, suffix: str) -> _Layout | None:
    """Look at the first lines of a file; return None where there is no edge."""
    free = suffix not in (".csv", ".tsv")
    lines = list(islice(data_lines(path, free), 2))
    if not lines:
        return None
    form = sniff(lines[0][1], suffix)
    first = form.split(lines[0][1])
    header = not (free or any(map(_is_number, first[:2])))
    if len(lines) == header:
        return None
    names: list[Hashable] = list(first) if header else list(range(len(first)))
    number, line = lines[int(header)]
    return _Layout(path, form, names, header, number - 1, form.split(line))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read(layout: _Layout, chosen: Sequence[int]) -> pa.Table:
    """Return the chosen columns, ids as integers if all are, otherwise as strings."""
    # pyarrow takes hexadecimal numbers for integers too, hence the look at the first edge.
    if all(_is_integer(layout.sample, column) for column in chosen[:2]):
        try:
            return _parse(layout, chosen, pa.int64())
        except pa.ArrowInvalid:
            pass  # some other id is a string, or the next attempt finds what is wrong
    try:
        table = _parse(layout, chosen, pa.large_string())
    except pa.ArrowInvalid as error:
        raise _fault(layout, chosen, error) from error
    for i in range(2):
        ids = _stripped(table.column(i))
        _check_no_floats(ids, layout)
        table = table.set_column(i, str(i), ids)
    _check_no_names(table, layout)
    return table


def _is_integer(fields: Sequence[str], column: int) -> bool:
    return column < len(fields) and fields[column].removeprefix("-").isdecimal()


def _parse(layout: _Layout, chosen: Sequence[int], id_type: Any) -> pa.Table:
    """Read the chosen columns, named by their positions among all columns."""
    names = list(map(str, range(len(layout.names))))
    types = {names[i]: id_type for i in chosen[:2]} | {names[i]: pa.float64() for i in chosen[2:]}
    with open_data(layout.path, layout.form, layout.skip) as file:
        table = pyarrow.csv.read_csv(
            file,
            pyarrow.csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES),
            pyarrow.csv.ParseOptions(
                delimiter=layout.form.delimiter, quote_char=layout.form.quote or False
            ),
            pyarrow.csv.ConvertOptions(
                include_columns=sorted(set(types)), column_types=types, null_values=[""]
            ),
        )
    return table.select([names[i] for i in chosen])


def _stripped(ids: Any) -> Any:
    """Return text ids without blanks around them, and null where nothing is left."""
    ids = pc.utf8_trim_whitespace(ids)
    return pc.if_else(pc.equal(ids, ""), pa.scalar(None, ids.type), ids)


def _check_no_floats(ids: Any, layout: _Layout) -> None:
    """Refuse ids such as 1.0, which are numbers gone through a column of floats."""
    floats = pc.fill_null(pc.match_substring_regex(ids, r"^[+-]?\d+\.\d*$"), True)
    if not pc.all(floats).as_py():
        return
    row = pc.index(pc.is_valid(ids), True).as_py()
    if row >= 0:
        raise InputError(
            f"{layout.path}, {layout.line_of(row)}: {ids[row]} is no id; write ids as integers "
            "or as names"
        )


def _check_no_names(table: pa.Table, layout: _Layout) -> None:
    """Refuse a first line that would turn a whole file of integers into strings."""
    first, rest = table.slice(0, 1), table.slice(1)
    if layout.form.free and len(rest) and not _integers(first) and _integers(rest):
        raise InputError(
            f"{layout.path}, {layout.line_of(0)}: it holds names and all other lines integers; "
            "if it is a header, begin it with '#'"
        )


def _integers(table: pa.Table) -> bool:
    matches = (pc.match_substring_regex(column, r"^-?\d+$") for column in table.columns[:2])
    return all(pc.all(match).as_py() for match in matches)


def _check_header(layout: _Layout, chosen: Sequence[int], table: pa.Table) -> None:
    """Refuse to take an edge between strings for a header and lose it."""
    if not layout.header or has_named_endpoints(layout.names):
        return
    names = [layout.names[i] for i in chosen[:2]]
    for column in table.columns[:2]:
        for name in names:
            if column.type == pa.large_string() and pc.index(column, name).as_py() >= 0:
                raise InputError(
                    f"{layout.path}: its first line was read as a header, but {name!r} is a "
                    "node too; add a header line, such as 'source,target', or pass columns="
                )


def _fault(layout: _Layout, chosen: Sequence[int], error: Exception) -> InputError:
    """Find the line that could not be read."""
    lines = islice(data_lines(layout.path, layout.form.free), int(layout.header), None)
    for number, line in lines:
        where = f"{layout.path}, line {number}"
        fields = layout.form.split(line)
        if len(fields) != len(layout.names):
            return InputError(
                f"{where}: it has {len(fields)} fields, while the first line has "
                f"{len(layout.names)}; every line needs as many: {line!r:.80}"
            )
        for i in chosen[2:]:
            if fields[i] and not _is_number(fields[i]):
                return InputError(
                    f"{where}, column {layout.names[i]!r}: {fields[i]!r} is no number; "
                    "weights must be numbers"
                )
    return InputError(f"{layout.path} cannot be read: {error}")
