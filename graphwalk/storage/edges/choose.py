"""Which columns of a table are the ends of edges and their weights: one rule for all forms.

Tables, Parquet and text files, structured arrays and dicts of columns all choose by name here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.column_names import (
    are_numbers,
    is_edge_id,
    is_row_number,
    lone_ends,
    pairs_of,
    values_of,
)
from graphwalk.storage.edges.unread import (
    Choice,
    are_dates,
    kind_of,
    listed,
    offer,
    shown,
    unnamed,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from graphwalk.storage.edges.options import ReadOptions


def choose_columns(
    names: Sequence[Hashable],
    how: ReadOptions,
    table: str,
    kinds: Sequence[str] | None = None,
    triple: bool = False,
) -> Choice:
    """Return the positions of the columns of sources, of targets and, if any, of weights.

    Parameters
    ----------
    names : sequence
        The table's column names.
    how : ReadOptions
        What the caller says; without ``columns`` names decide.
    table : str
        What to call the table in messages.
    kinds : sequence of str, optional
        What each column holds: ``"i"`` integers, ``"f"`` other numbers, ``"U"`` text, ``"M"``
        dates, ``"O"`` anything else, ``""`` nothing.
    triple : bool
        Whether the second of three columns says how the others are related.

    Raises
    ------
    InputError
        Where a column does not exist or its name is not unique, or names do not say which
        columns are meant.
    """
    further = {kind: _position(names, column, table) for kind, column in how.further.items()}
    choice = _choose(names, how, table, kinds, triple, {*further.values()})
    read = [*choice.columns, *further.values()]
    for kind, i in further.items():
        if read.count(i) > 1:
            raise InputError(
                f"{argument(kind, how.further[kind])} names a column of {table} that has the ends, "
                f"weights, times, types or ids of edges; its columns are {listed(names)}"
            )
    return replace(choice, further=further)


def _choose(
    names: Sequence[Hashable],
    how: ReadOptions,
    table: str,
    kinds: Sequence[str] | None,
    triple: bool,
    further: set[int],
) -> Choice:
    columns = how.columns
    if columns is not None:
        if not isinstance(columns, list | tuple) or len(columns) not in (2, 3):
            raise InputError(f"{argument('columns', columns)} must be two or three column names")
        chosen = [_position(names, column, table) for column in columns]
        if chosen[0] == chosen[1]:
            raise InputError(
                f"{argument('columns', columns)} takes sources and targets from one column of "
                f"{table}; its columns are {listed(names)}"
            )
        return Choice(chosen, [])
    values = [i for i in _value_column(names, how, table) if i not in further]
    left = [i for i in range(len(names)) if i not in further]
    two = len(left) == 2 and are_numbers(names)
    ends = left if two else _ends(names, values, table, kinds, how, triple)
    if how.values != "weights" and _is_third(names, kinds) and 2 not in further:
        values = [2]  # since the caller says that there are times or types
    chosen = ends + [i for i in values if i not in ends]
    read = {*chosen, *further}
    rest = [i for i in range(len(names)) if i not in read and not _is_nothing(names, kinds, i)]
    if how.values != "weights" and len(chosen) < 3:
        raise _no_third(names, chosen, rest, kinds, table, how)
    if len(chosen) > 2:  # what else there is would have to be a weight in the place of this one
        named = [
            i for kind in ("weights", "times") for rank in values_of(names, kind) for i in rank
        ]
        rest = [i for i in rest if i in named]
    paired = {i for pair in pairs_of(names) for i in pair[1:]}
    offered = offer(names, [i for i in rest if i not in paired], kinds, how)
    return Choice(chosen, rest, *offered) if offered else Choice(chosen, rest)


def _no_third(
    names: Sequence[Hashable],
    ends: list[int],
    rest: list[int],
    kinds: Sequence[str] | None,
    table: str,
    how: ReadOptions,
) -> InputError:
    word = how.values.removeprefix("edge_")
    among = [i for i in rest if kind_of(names[i], are_dates(kinds, i), how) == how.values]
    offered = offer(names, among, kinds, how)
    remedy = f"leave out {argument(how.values, True)}, or add a column of {word}"
    if offered is not None:
        columns = shown(names, [*ends, offered[0]])
        remedy = f"name the column of {word}, as in {columns}"
    return InputError(
        f"{argument(how.values, True)}, but nothing says what the {word} of {table} are; its "
        f"columns are {listed(names)}; {remedy}"
    )


def _value_column(names: Sequence[Hashable], how: ReadOptions, table: str) -> list[int]:
    for rank in values_of(names, how.values):
        if len(rank) > 1:
            raise _unclear(names, table, f"several are named as {how.values}", how)
        if rank:
            return rank
    return []


def _ends(
    names: Sequence[Hashable],
    values: list[int],
    table: str,
    kinds: Sequence[str] | None,
    how: ReadOptions,
    triple: bool,
) -> list[int]:
    pairs = pairs_of(names)
    clearest = [pair for pair in pairs if pair.rank == pairs[0].rank]
    lone = lone_ends(names, clearest[0].rank if clearest else len(names))
    if len(clearest) > 1:
        several = "several pairs of them may be the ends of edges"
        raise _unclear(names, table, several, how, clearest[0][1:])
    lone = [i for i in lone if not any(i in pair[1:] for pair in pairs)]
    if clearest and not lone:
        return list(clearest[0][1:])
    if lone:
        raise _unclear(names, table, f"{names[lone[0]]!r} is one end of edges without another", how)
    rest = [i for i in range(len(names)) if not _is_nothing(names, kinds, i)]
    if len(rest) == 2 and not values and _are_numbered(names, kinds, rest):
        return rest
    if len(names) > 2 and are_numbers(names) and _plain(kinds):
        if how.values != "weights" and _is_third(names, kinds):
            return [0, 1]  # since the caller says that there is a third
        raise unnamed(names, kinds, table, how)
    nothing = "no names among them say which are the ends of edges"
    raise _unclear(names, table, nothing, how, (0, 2) if triple else _alike(kinds))


def _is_third(names: Sequence[Hashable], kinds: Sequence[str] | None) -> bool:
    """Whether the third of three columns without names has numbers or dates."""
    three = len(names) == 3 and are_numbers(names)
    return three and kinds is not None and kinds[2] in ("i", "f", "M")


def _plain(kinds: Sequence[str] | None) -> bool:
    """Whether unnamed columns look like two ends, and numbers that belong to them."""
    if kinds is None:
        return True
    if kinds[0] != kinds[1]:
        return False
    return kinds[0] == "i" or all(kind in "ifM" for kind in kinds[2:])


def _is_nothing(names: Sequence[Hashable], kinds: Sequence[str] | None, i: int) -> bool:
    """Whether a column only tells edges apart, as a stored index does, or is empty."""
    if kinds is not None and not kinds[i]:
        return True
    return not isinstance(names[i], int | np.integer) and is_edge_id(names[i])


def _are_numbered(
    names: Sequence[Hashable], kinds: Sequence[str] | None, rest: Sequence[int]
) -> bool:
    """Whether columns that are not the `rest` number the rows; one named ``id`` may be a node's."""
    others = (i for i in range(len(names)) if i not in rest)
    return all(is_row_number(names[i]) or (kinds is not None and not kinds[i]) for i in others)


def _alike(kinds: Sequence[str] | None) -> tuple[int, ...]:
    """Return the first two columns of one kind, after one of another, as in ``a 1 2``."""
    if kinds is None or len(kinds) < 3 or kinds[0] == kinds[1] or kinds[1] != kinds[2]:
        return ()
    return 1, 2


def _unclear(
    names: Sequence[Hashable], table: str, why: str, how: ReadOptions, ends: Sequence[int] = ()
) -> InputError:
    if len(names) < 2:
        found = f"one column only, {names[0]!r}" if names else "no columns"
        return InputError(
            f"{table} has {found}; edges are a table with two, named 'source' and 'target'"
        )
    some = ends or [i for i in range(len(names)) if not _is_nothing(names, None, i)][:2]
    some = some if len(some) == 2 else range(len(names))[:2]
    example = shown(names, some)
    third = how.values.removeprefix("edge_").removesuffix("s")
    return InputError(
        f"{table} has columns {listed(names)}; {why}; name those of sources and targets, and of a "
        f"{third} if there is one, as in {example}"
    )


def _position(names: Sequence[Hashable], column: Hashable, table: str) -> int:
    found = [i for i, name in enumerate(names) if name == column]
    if not found:  # "0" means 0 where a command line cannot tell them apart
        found = [i for i, name in enumerate(names) if str(name) == str(column)]
    if not found and str(column).isdecimal() and int(str(column)) < len(names):
        return int(str(column))
    if not found:
        example = f"; name some of them, as in {shown(names, range(2))}" if len(names) > 1 else ""
        raise InputError(
            f"{table} has no column {column!r}; its columns are {listed(names)}{example}"
        )
    if len(found) > 1:
        raise InputError(
            f"{table} has {len(found)} columns {column!r}; name them by number, as in "
            f"{argument('columns', tuple(found[:2]))}"
        )
    return found[0]
