"""Tables in parts, such as files of a folder: the names of the first choose the columns of all.

What a later part has in addition would be lost without a word, so it is refused or warned of.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.choose import choose_columns
from graphwalk.storage.edges.column_names import is_edge_id, values_of
from graphwalk.storage.edges.unread import listed, warn_unread

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from graphwalk.storage.edges.options import ReadOptions, ValueKind

#: What is worth a warning wherever a column is named as one.
_NAMED: tuple[ValueKind, ...] = ("weights", "times")


class FirstPart:
    """The names of the first part, of which columns are chosen, and a warning given, here.

    Parameters
    ----------
    names : sequence
        Names of its columns.
    how : ReadOptions
        What the caller says.
    table : str
        What to call all parts in messages.
    kinds : sequence of str
        What the columns hold, as :func:`choose_columns` takes it.
    part : str, optional
        What to call the first part, if it has a name of its own.
    """

    def __init__(
        self,
        names: Sequence[Hashable],
        how: ReadOptions,
        table: str,
        kinds: Sequence[str],
        part: str | None = None,
    ) -> None:
        choice = choose_columns(names, how, part or table, kinds)
        warn_unread(names, choice, table, how)
        self.columns = tuple(names[i] for i in choice.columns)
        self.further = {kind: names[i] for kind, i in choice.further.items()}
        self._how = how
        self._known = set(names)

    def chosen(self) -> ReadOptions:
        """Return how the other parts are read: by the names of the columns of this one."""
        return replace(self._how, columns=self.columns, further=self.further)

    def check(self, names: Sequence[Hashable], part: str) -> None:
        """Look at the names of a later part.

        Raises
        ------
        InputError
            When it has weights, and the first part has none.
        """
        if self._how.columns is not None or self._known.issuperset(names):
            return
        weights, times = (
            [names[i] for rank in values_of(names, kind) for i in rank] for kind in _NAMED
        )
        weighted = len(self.columns) > 2  # or has times or types, which are asked for in any part
        without = argument("columns", self.columns)
        odd = [name for name in names if name not in self._known and not is_edge_id(name)]
        found = [name for name in odd if name in weights]
        if found and not weighted:
            raise InputError(
                f"{part} has the column {found[0]!r}, and parts before it have no weights; give it "
                f"to all parts, or pass {without} to leave it out"
            )
        odd = [name for name in odd if not weighted or name in [*weights, *times]]
        if odd:
            warnings.warn(
                f"{part} has columns that are not read, since the first part lacks them: "
                f"{listed(odd)}; give them to all parts, or pass {without} to leave them out",
                stacklevel=2,
            )
        self._known.update(names)
