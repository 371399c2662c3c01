"""Columns that are chosen, and what is said of those that are not read."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.column_names import is_edge_id, values_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from graphwalk.storage.edges.options import FurtherKind, ReadOptions, ValueKind


@dataclass(frozen=True)
class Choice:
    """The chosen columns of a table, by position.

    Attributes
    ----------
    columns : list of int
        Source, target and, if there is one, weight, time or type.
    unread : list of int
        Columns that are not read although they may be meant to be.
    offered : int or None
        The one of them that may hold weights, times or types.
    kind : str
        Which of these it holds.
    further : mapping of int
        The columns of the input's own ids of edges, and of weights that they have in addition.
    """

    columns: list[int]
    unread: list[int]
    offered: int | None = None
    kind: ValueKind = "weights"
    further: Mapping[FurtherKind, int] = field(default_factory=dict)


def offer(
    names: Sequence[Hashable], among: list[int], kinds: Sequence[str] | None, how: ReadOptions
) -> tuple[int, ValueKind] | None:
    """Return the column that may hold what edges have in addition to their ends, and what it is.

    Dates are times, so that numbers are offered before them where weights or types are wanted.
    """
    letters = ("if", "M") if how.values != "times" else ("M", "if")
    likely = sorted(among, key=lambda i: str(names[i]).lower().endswith("id"))
    for letter in letters:
        for i in likely:
            if kinds is None or kinds[i] in tuple(letter):
                return i, kind_of(names[i], are_dates(kinds, i), how)
    return None


def are_dates(kinds: Sequence[str] | None, i: int) -> bool:
    """Return whether a column holds dates."""
    return kinds is not None and kinds[i] == "M"


def kind_of(name: Hashable, dates: bool, how: ReadOptions) -> ValueKind:
    """Return what a column holds by its name, or else what is wanted."""
    if dates:
        return "times"
    wanted: tuple[ValueKind, ...] = (how.values, "times", "weights", "edge_types")
    return next((kind for kind in wanted if any(values_of([name], kind))), how.values)


def warn_unread(names: Sequence[Hashable], choice: Choice, table: str, how: ReadOptions) -> None:
    """Say which columns are not read, and how to have them read or leave them out in silence."""
    if not choice.unread:
        return
    unread = listed([names[i] for i in choice.unread])
    warnings.warn(
        f"{table} has columns that are not read: {unread}; pass {_how_to_read(names, choice, how)}",
        stacklevel=2,
    )


def unnamed(
    names: Sequence[Hashable], kinds: Sequence[str] | None, table: str, how: ReadOptions
) -> InputError:
    """Return the error for more than two columns without names, of which any may be ends."""
    further = {*how.further.values()}
    rest = [i for i in range(2, len(names)) if not further & {i, names[i]}]
    choice = Choice([0, 1], rest, *(offer(names, rest, kinds, how) or ()))
    return InputError(
        f"{table} has {len(names)} columns without names, {listed(names)}, so nothing says which "
        f"are the ends of edges; if the first two are, pass {_how_to_read(names, choice, how)}"
    )


def _how_to_read(names: Sequence[Hashable], choice: Choice, how: ReadOptions) -> str:
    without = shown(names, choice.columns)
    if choice.offered is None:
        return f"{without} to leave them out"
    kind = choice.kind
    if kind == "weights" != how.values:
        return (
            f"{argument('weights', names[choice.offered])} to read weights, too, {without} not to"
        )
    flag = f" and {argument(kind, True)}"
    if kind == how.values:
        flag = ""
    elif how.values != "weights":
        flag += f" in place of {argument(how.values, True)}"
    columns = shown(names, [*choice.columns[:2], choice.offered])
    return f"{columns}{flag} to read {kind.removeprefix('edge_')}, {without} not to"


def warn_values(attributes: Mapping[str, Any], name: str, how: ReadOptions) -> None:
    """Say which attributes of edges are not read although they may be weights or times.

    Where times or types are wanted, and no attribute is named as one, the build refuses.

    Parameters
    ----------
    attributes : mapping
        Their names, and the value of some edge for each.
    name : str
        What to call the graph.
    how : ReadOptions
        What the caller says.
    """
    if how.values != "weights":
        return
    for attribute, value in attributes.items():
        times = any(values_of([attribute], "times"))
        if is_edge_id(attribute) or not (times or isinstance(value, int | float)):
            continue
        remedy = f"pass {argument('times', True)}" if times else "rename it to 'weight'"
        warnings.warn(
            f"{name}: edges have the attribute {attribute!r}, which is not read; {remedy} to have "
            "it read, or drop it",
            stacklevel=2,
        )


def listed(names: Sequence[Hashable]) -> str:
    """Return names for a message."""
    return ", ".join(map(repr, names)) or "none"


def shown(names: Sequence[Hashable], columns: Sequence[int]) -> str:
    """Return the argument that names columns, by number where names do not tell them apart."""
    # On the command line, commas separate names.
    plain = len(set(names)) == len(names) and all(
        str(name).strip() and "," not in str(name) for name in names
    )
    return argument("columns", tuple(names[i] if plain else i for i in columns))
