"""Whether the first line of a text file has the names of its columns, or is an edge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from graphwalk.storage.edges.column_names import (
    are_certain_ends,
    are_column_names,
    pairs_of,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from graphwalk.storage.edges.options import ReadOptions

    Fields = Sequence[str]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?\d+")
_ARROW = re.compile(r"[-=~<>|]+")
_ZONE = re.compile(r":\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$")
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
    numbered_rows = numbered_rows and (bool(pairs_of(first)) or _are_counted(body))
    width = len(first) + numbered_rows  # R leaves out the name above the names of rows
    names: list[Hashable] = list(first)
    if numbered_rows:  # or lines end in a separator that the first one lacks
        names = ["", *first] if any(fields[-1] for fields in body) else [*first, ""]
    numbers: list[Hashable] = list(range(width))
    if how.header is not None:
        return Header(names if how.header else numbers, how.header, True)
    if len(above) == width and _is_header_comment(above) and not are_certain_ends(first):
        return Header(list(above), False, True)
    there, certain = _judge(first, body, free, how)
    if numbered_rows:
        return Header(names, True, True)
    return Header(names if there else numbers, there, certain)


def kinds_of(body: Sequence[Fields], width: int) -> list[str]:
    """Return what each column holds: ``"i"``, ``"f"``, ``"M"``, ``"U"``, or ``""`` for nothing."""
    return [_kind([fields[i] for fields in body if i < len(fields)]) for i in range(width)]


def have_zones(fields: Fields) -> bool:
    """Return whether dates are those of a zone, such as UTC."""
    return any(map(_ZONE.search, fields))


def is_triple(body: Sequence[Fields]) -> bool:
    """Return whether the second of three columns says how the others are related.

    That is a mark such as ``->``, or a word of few, none of which is a node.
    """
    if not body or any(len(fields) != 3 for fields in body):
        return False
    left, middle, right = (set(column) for column in zip(*body, strict=True))
    if all(map(_ARROW.fullmatch, middle)):
        return True
    kinds = kinds_of(body, 3)
    if kinds[1] != "U" or kinds[0] != kinds[2] or middle & (left | right):
        return False
    return bool(left & right) or len(middle) <= len(body) / 2


def _are_counted(body: Sequence[Fields]) -> bool:
    """Whether the first column numbers the rows."""
    return [fields[0] for fields in body] == [str(i) for i in range(1, len(body) + 1)]


def _kind(column: Fields) -> str:
    values = [value for value in column if value]
    tests = ("i", _INTEGER), ("f", _NUMBER), ("M", _DATE)
    fits = (kind for kind, test in tests if all(map(test.fullmatch, values)))
    return next(fits, "U") if values else ""


def _judge(
    first: Fields, body: Sequence[Fields], free: bool, how: ReadOptions
) -> tuple[bool, bool]:
    """Return whether the first line is a header, and whether that is certain.

    A lost edge is worse than two words that become nodes: without evidence it is an edge.
    """
    named = [str(name) for name in how.columns or () if not str(name).isdecimal()]
    if named and set(named) <= set(first):
        return True, True
    nodes = {field for fields in body for field in fields[:2]}
    known = are_certain_ends(first)
    numbers = any(map(_NUMBER.fullmatch, first))
    above = [i for i in _above_numbers(first, body) if not numbers]
    if known and first in body:
        return True, True  # which comes again, so that the file is refused
    if nodes & set(first[:2]) or _look_alike(first, nodes):
        return max(above, default=0) > 1, True
    if known or numbers:
        return (known, True) if known != numbers else (False, False)
    if not body:
        return False, free
    if above:
        return True, True
    return not free and (len(first) > 2 or are_column_names(first)), False


def _above_numbers(first: Fields, body: Sequence[Fields]) -> list[int]:
    """Return the columns of numbers above which a name stands."""
    kinds = kinds_of(body, len(first))
    return [i for i, name in enumerate(first) if name and kinds[i] in ("i", "f")]


def _look_alike(first: Fields, nodes: Collection[str]) -> bool:
    """Whether names such as ``gene1`` and ``gene2`` are followed by others of their kind."""
    ends = [words_of(name) for name in first[:2]]
    common = set(ends[0]).intersection(*ends[1:])
    if not common:
        letters = [name for name in nodes if len(name) == 1 and name.isalpha()]
        return bool(letters) and all(len(name) == 1 for name in first[:2])
    return any(common <= set(words_of(node)) for node in nodes)


def _is_header_comment(above: Fields) -> bool:
    """Whether a comment names columns; prose may have the words of ends in any place."""
    if len(above) == 2:
        return are_certain_ends(above)
    pairs = pairs_of(above)
    first_two = bool(pairs) and set(pairs[0][1:]) == {0, 1}
    return are_certain_ends(above) and (first_two or any(" " in name for name in above))
