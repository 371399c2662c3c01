"""What the first lines of a text file say about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.choose import choose_columns
from graphwalk.storage.edges.text.dialect import find_format
from graphwalk.storage.edges.text.doubts import (
    check_kind,
    check_repeated,
    check_times,
    may_be_sizes,
    one_field,
    warn_all_comments,
    warn_comments,
    warn_first_line,
    warn_mixed,
    warn_sizes,
    warn_types,
)
from graphwalk.storage.edges.text.header import find_header, have_zones, is_triple, kinds_of
from graphwalk.storage.edges.text.lines import Format, data_lines
from graphwalk.storage.edges.written_matrices import refuse_matrix

if TYPE_CHECKING:
    from collections.abc import Hashable

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.options import ReadOptions, ValueKind
    from graphwalk.storage.edges.text.header import Header
    from graphwalk.storage.edges.text.lines import Line
    from graphwalk.storage.edges.unread import Choice

_SEPARATED = re.compile(r"[\t,;| ]|::")

#: Lines and bytes that are looked at.
_LINES = 1000
_BYTES = 1 << 20


@dataclass(frozen=True)
class TextLayout:
    """What the first lines of a file say about it, and which columns were chosen.

    Attributes
    ----------
    file : File
        The file.
    form : Format
        How its lines are to be read.
    names : list
        Names of its columns.
    header : bool
        Whether its first line has them.
    first : Line
        The first line with an edge.
    choice : Choice
        Positions of the columns of sources, targets and, if any, weights.
    named : bool
        Whether it is certain what the first line is, or the columns were chosen by the caller.
    dates : bool
        Whether the third column holds dates.
    header_line : str
        The header, as it is written.
    zoned : bool
        Whether these have a zone.
    values : str
        What the third column is.
    """

    file: File
    form: Format
    names: list[Hashable]
    header: bool
    first: Line
    choice: Choice
    named: bool
    dates: bool = False
    header_line: str = ""
    zoned: bool = False
    values: ValueKind = "weights"

    @property
    def chosen(self) -> list[int]:
        """Positions of the columns that are read."""
        return self.choice.columns

    @property
    def sample(self) -> list[str]:
        """Fields of the first edge."""
        return self.form.split(self.first.text)


def find_layout(file: File, suffix: str, how: ReadOptions) -> TextLayout | None:
    """Look at the first lines of a file; return None where there is no edge.

    Raises
    ------
    InputError
        When they do not say how to read it.
    """
    comments: list[Line] = []
    lines = _first_lines(file, suffix not in (".csv", ".tsv"), comments)
    if not any(line.text.strip(" \t") for line in lines):
        warn_all_comments(file, comments)
        return None
    if how.sep is None and not any(map(_SEPARATED.search, (line.text for line in lines))):
        raise one_field(file, lines[0])
    form = find_format([line.text for line in lines], suffix, how.sep, file.name)
    lines = [line for line in lines if not form.runs or line.text.strip(" \t")]
    fields = [form.split(line.text) for line in lines]
    whole = len(lines) < _LINES
    check_kind(file, lines, fields, comments, whole, how.columns is not None)
    top = [line for line in comments if line.position < lines[0].position]
    above = form.split(top[-1].text.lstrip("#% \t;/")) if top else []
    header = find_header(fields[0], fields[1:], above, form.free, how)
    body = fields[header.there :]
    kinds = kinds_of(body, len(header.names)) if body else None
    if how.columns is None:
        _check_no_matrix(file, form, header, fields, lines[-1].position > _BYTES or not whole)
    triple = is_triple(body if header.there and header.certain else fields)
    choice = _choose(file, lines[0], header, how, kinds, triple)
    if not header.certain:
        warn_first_line(file, lines[0], header.there)
    if how.header is None and not header.there and may_be_sizes(fields, whole):
        warn_sizes(file, lines[0])
    if header.there:
        check_repeated(file, lines, fields)
    else:
        warn_comments(file, comments, form, fields)
    if not body:
        return None
    if header.there:
        warn_types(file, lines, body)
    warn_mixed(file, lines[header.there :], body, choice.columns[:2])
    dates = bool(choice.columns[2:] and kinds and kinds[choice.columns[2]] == "M")
    if dates and form.runs:
        check_times(file, lines[header.there], body[0], choice.columns[2])
    zoned = dates and have_zones([row[choice.columns[2]] for row in body])
    named = how.columns is not None or header.certain
    first = lines[int(header.there)]
    written = lines[0].text if header.there else ""
    return TextLayout(
        *(file, form, header.names, header.there, first, choice, named, dates, written),
        zoned=zoned,
        values=how.values,
    )


def _check_no_matrix(
    file: File, form: Format, header: Header, fields: list[list[str]], cut: bool
) -> None:
    """Look for names that stand above columns and in the first one, also where they are numbers.

    Where none do, as many lines of numbers as there are columns may be a matrix, too.
    """
    sep = {",": "", " ": r", sep=r'\s+'"}.get(form.delimiter, f", sep={form.delimiter!r}")
    above = header.there or not fields[0][0]
    names = fields[0] if above and not header.there else header.names
    body = fields[above:]
    if len(names) < 3 or any(len(line) != len(names) for line in body):
        return
    refuse_matrix(
        names,
        len(body),
        lambda i: [line[i] for line in body],
        file.name,
        f"pandas.read_csv(path, index_col=0{sep})",
        restored=names[:1],
        cut=cut,
        plain=f"pandas.read_csv(path{'' if above else ', header=None'}{sep})",
    )


def _choose(
    file: File,
    first: Line,
    header: Header,
    how: ReadOptions,
    kinds: list[str] | None,
    triple: bool,
) -> Choice:
    try:
        choice = choose_columns(header.names, how, file.name, kinds, triple)
    except InputError as error:
        if header.certain or how.columns is not None:
            raise
        raise InputError(
            f"{file.name}, line {first.number}: {first.text!r:.80} may be a header or an edge, and "
            "no names among them say which columns are the ends of edges; pass "
            f"{argument('header', True)} or {argument('header', False)}, and the columns, as in "
            f"{argument('columns', (0, 2) if triple else (0, 1))}"
        ) from error
    if choice.columns[2:] and choice.columns[2] in choice.columns[:2]:
        raise InputError(
            f"{file.name}: column {header.names[choice.columns[2]]!r} cannot be both ids and "
            f"weights; name another one in {argument('columns')}"
        )
    return choice


def _first_lines(file: File, free: bool, comments: list[Line]) -> list[Line]:
    lines: list[Line] = []
    for line in islice(data_lines(file, free, comments=comments), _LINES):
        if not free and lines and lines[-1].text.count('"') % 2:  # a quoted field goes on here
            lines[-1] = replace(lines[-1], text=f"{lines[-1].text}\n{line.text}")
        else:
            lines.append(line)
        if line.position > _BYTES:
            break
    return lines
