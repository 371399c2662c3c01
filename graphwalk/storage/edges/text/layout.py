"""What the first lines of a text file say about it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.choose import choose_columns
from graphwalk.storage.edges.text.dialect import find_format
from graphwalk.storage.edges.text.header import find_header, kinds_of, may_be_sizes
from graphwalk.storage.edges.text.lines import Format, data_lines

if TYPE_CHECKING:
    from collections.abc import Hashable

    from graphwalk.storage.edges.choose import Choice
    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.text.lines import Line

_SEPARATED = re.compile(r"[\t,;| ]")

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
    """

    file: File
    form: Format
    names: list[Hashable]
    header: bool
    first: Line
    choice: Choice
    named: bool
    dates: bool = False

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
    comments: list[bytes] = []
    lines = _first_lines(file, suffix not in (".csv", ".tsv"), comments)
    if not lines:
        return None
    if how.sep is None and not any(map(_SEPARATED.search, (line.text for line in lines))):
        raise InputError(
            f"{file.name}, line {lines[0].number}: {lines[0].text!r:.80} has one field only; write "
            "edges with two, separated by a tab, a comma, a semicolon, a bar or blanks"
        )
    form = find_format([line.text for line in lines], suffix, how.sep, file.name)
    lines = [line for line in lines if not form.runs or line.text.strip()]
    fields = [form.split(line.text) for line in lines]
    above = form.split(comments[-1].decode(errors="replace").lstrip("#% \t")) if comments else []
    header = find_header(fields[0], fields[1:], above, form.free, how)
    body = fields[header.there :]
    kinds = kinds_of(body, len(header.names)) if body else None
    choice = choose_columns(header.names, how, file.name, kinds)
    if choice.columns[2:] and choice.columns[2] in choice.columns[:2]:
        raise InputError(
            f"{file.name}: column {header.names[choice.columns[2]]!r} cannot be both ids and "
            f"weights; name another one in {argument('columns')}"
        )
    if not header.certain:
        _warn(file, lines[0], header.there)
    if how.header is None and not header.there and may_be_sizes(fields, len(lines) < _LINES):
        warnings.warn(
            f"{file.name}, line {lines[0].number}: {lines[0].text!r} is read as an edge, and may "
            "be the numbers of nodes and of edges; if so, remove it or begin it with '#', or else "
            f"pass {argument('header', False)}",
            stacklevel=2,
        )
    if not body:
        return None
    dates = bool(choice.columns[2:] and kinds and kinds[choice.columns[2]] == "M")
    named = how.columns is not None or header.certain
    first = lines[int(header.there)]
    return TextLayout(file, form, header.names, header.there, first, choice, named, dates)


def _first_lines(file: File, free: bool, comments: list[bytes]) -> list[Line]:
    lines = []
    for line in islice(data_lines(file, free, comments=comments), _LINES):
        lines.append(line)
        if line.position > _BYTES:
            break
    return lines


def _warn(file: File, line: Line, header: bool) -> None:
    taken, other = ("a header", False) if header else ("an edge", True)
    warnings.warn(
        f"{file.name}, line {line.number}: {line.text!r:.80} was taken for {taken}, which nothing "
        f"in it proves; pass {argument('header', header)} to confirm that, or "
        f"{argument('header', other)} if it is "
        f"{'an edge' if header else 'a header'}",
        stacklevel=2,
    )
