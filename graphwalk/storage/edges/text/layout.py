"""What the first lines of a text file say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.text.lines import Format, Line


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
    chosen : list of int
        Positions of the columns of sources, targets and, if any, weights.
    named : bool
        Whether the columns were chosen by the caller, or plainly are what they are called.
    """

    file: File
    form: Format
    names: list[Hashable]
    header: bool
    first: Line
    chosen: list[int]
    named: bool

    @property
    def leaves_out(self) -> bool:
        """Whether it has columns that are not read, without names that say what they are."""
        return not self.header and len(self.names) > len(self.chosen)

    @property
    def sample(self) -> list[str]:
        """Fields of the first edge."""
        return self.form.split(self.first.text)
