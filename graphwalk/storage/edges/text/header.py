"""Whether the first line of a text file has the names of its columns, or is an edge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from graphwalk.storage.edges.column_names import pairs_of, words_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from graphwalk.storage.edges.options import ReadOptions

    Fields = Sequence[str]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")


class Header(NamedTuple):
    """What the first line is.

    Attributes
    ----------
    names : list
        Names of the columns, or their numbers.
    there : bool
        Whether the first line has the names.
    certain : bool
        Whether names or values say so.
    """

    names: list[Hashable]
    there: bool
    certain: bool


def find_header(
    first: Fields, body: Sequence[Fields], above: Fields, free: bool, how: ReadOptions
) -> Header:
    """Return the names of the columns, and whether the first line has them.

    Parameters
    ----------
    first : sequence of str
        Fields of the first line.
    body : sequence of sequences of str
        Fields of the lines after it.
    above : sequence of str
        Fields of the last comment above them.
    free : bool
        Whether the file's kind has no header by convention.
    how : ReadOptions
        What the caller says.
    """
    numbered_rows = bool(body) and all(len(fields) == len(first) + 1 for fields in body)
    numbered_rows = numbered_rows and not any(map(_NUMBER.fullmatch, first))
    width = len(first) + numbered_rows  # R leaves out the name above the names of rows
    names: list[Hashable] = ["", *first] if numbered_rows else list(first)
    numbers: list[Hashable] = list(range(width))
    if how.header is not None:
        return Header(names if how.header else numbers, how.header, True)
    if len(above) == width and _are_known(above) and not _are_known(first):
        return Header(list(above), False, True)
    there, certain = _judge(first, body, free, how)
    if numbered_rows:
        return Header(names, True, True)
    return Header(names if there else numbers, there, certain)


def kinds_of(body: Sequence[Fields], width: int) -> list[str]:
    """Return what each column holds: ``"i"``, ``"f"``, ``"M"``, ``"U"``, or ``""`` for nothing."""
    return [_kind([fields[i] for fields in body if i < len(fields)]) for i in range(width)]


def may_be_sizes(lines: Sequence[Fields], whole: bool) -> bool:
    """Whether the first of all lines of integers may be the numbers of nodes and of edges."""
    first, *body = lines
    ids = [node for fields in body for node in fields[:2]]
    if not whole or len(body) < 2 or not all(map(_INTEGER.fullmatch, [*first, *ids])):
        return False
    if len(first) == 3 and first[0] == first[1]:  # a matrix: rows, columns, entries
        first = [first[0], first[2]]
    highest = max(map(int, ids))
    return len(first) == 2 and int(first[1]) == len(body) and highest <= int(first[0])


def _kind(column: Fields) -> str:
    values = [value for value in column if value]
    tests = ("i", _INTEGER), ("f", _NUMBER), ("M", _DATE)
    fits = (kind for kind, test in tests if all(map(test.fullmatch, values)))
    return next(fits, "U") if values else ""


def _judge(
    first: Fields, body: Sequence[Fields], free: bool, how: ReadOptions
) -> tuple[bool, bool]:
    """Return whether the first line is a header, and whether that is certain."""
    named = [str(name) for name in how.columns or () if not str(name).isdecimal()]
    if named and set(named) <= set(first):
        return True, True
    nodes = {field for fields in body for field in fields[:2]}
    again = bool(nodes & set(first[:2]))
    if _are_known(first) and not again:
        return True, True
    if any(map(_NUMBER.fullmatch, first)):
        return False, True
    if not body:
        return not free, free
    if any(
        kind in ("i", "f") and name
        for kind, name in zip(kinds_of(body, len(first)), first, strict=True)
    ):
        return True, True  # a name stands above numbers
    if again:
        return False, True
    return not free, not free and bool(pairs_of(first))


def _are_known(names: Fields) -> bool:
    """Whether names are known as ends of edges, in words rather than in letters."""
    pairs = pairs_of(names)
    if not pairs or any(map(_NUMBER.fullmatch, names)):
        return False
    return all(any(len(word) > 1 for word in words_of(names[i])) for i in pairs[0][1:])
