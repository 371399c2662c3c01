"""What was found in the rows of some entries; reports of consecutive ones are joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.store import check_rows as kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.format import ValueName

_BAD_VALUES = {
    "weights": "weights that are negative or not finite",
    "times": "times that are not finite, or not below 2**53 in size",
    "edge_types": "types that are none, which are 0 to 254",
}
_WEIGHTLESS = "rows without a weight above zero"
_OR_VALUES = {"times": ", or times of parallel ones", "edge_types": ", or types of parallel ones"}


@dataclass
class Tally:
    """Bad elements: how many there are, and which is the first."""

    count: int = 0
    first: str = ""

    def add(self, begin: int, values: NDArray[Any], count: int, at: int) -> None:
        """Count elements of a chunk of values, the first of which is at `at`."""
        if count:
            self.join(Tally(count, f"the first is element {begin + at}: {values[at]}"))

    def join(self, after: Tally) -> None:
        """Add later elements."""
        self.first = self.first if self.count else after.first
        self.count += after.count


@dataclass
class RowReport:
    """What was found in the rows of consecutive entries.

    Attributes
    ----------
    begin : int
        The first entry.
    problems : list of str
        What is wrong, in the order of the entries.
    counts, firsts, state : ndarray of int64
        As `graphwalk.kernels.store.check_rows` counts rows.
    last_value : ndarray of float64, shape (1,)
        Time or type of the entry seen last.
    outside : Tally
        Neighbours that do not exist.
    bad_values : dict of Tally
        Values that must not be, by array.
    edge_types : set of int
        Types of edges, if edges have types.
    asymmetry : int
        0 if each entry has its mirror image; see `graphwalk.kernels.build.buckets.asymmetry`.
    row : int
        The row that began before the first entry; -1 if none did, or it is not known.
    head : tuple, optional
        Neighbour of the first entry of that row, and its time or type, if they were read.
    """

    begin: int
    problems: list[str] = field(default_factory=list)
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(kernel.FINDINGS, np.int64))
    firsts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(kernel.FINDINGS, np.int64))
    state: NDArray[np.int64] = field(default_factory=lambda: np.zeros(kernel.STATE, np.int64))
    last_value: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    outside: Tally = field(default_factory=Tally)
    bad_values: dict[ValueName, Tally] = field(default_factory=dict)
    edge_types: set[int] = field(default_factory=set)
    asymmetry: int = 0
    row: int = -1
    head: tuple[int, float | None] | None = None

    def __post_init__(self) -> None:
        self.forget_row()

    @property
    def loops(self) -> int:
        """Number of self-loops."""
        return int(self.counts[kernel.LOOPS])

    @property
    def parallel(self) -> int:
        """Number of entries that repeat the one before them."""
        return int(self.counts[kernel.PARALLEL])

    @property
    def weightless(self) -> int:
        """Number of rows without a weight above zero."""
        return int(self.counts[kernel.ZERO])

    def forget_row(self, *, settled: bool = False) -> None:
        """Have nothing known of the row of the next entry; of its weights neither, if settled."""
        known = [kernel.LAST, kernel.SETTLED, kernel.BEGAN_BEFORE]
        self.state[known] = kernel.NONE, settled, 0

    def join(self, after: RowReport) -> None:
        """Add what was found in the entries that follow."""
        if after.row >= 0:
            self._join_row(after)
        for what in np.flatnonzero(after.counts):
            self._note(int(what), int(after.firsts[what]), int(after.counts[what]))
        settled = after.state[kernel.BEGAN_BEFORE] and self.state[kernel.SETTLED]
        self.state, self.last_value = after.state.copy(), after.last_value
        self.state[kernel.SETTLED] |= settled
        self.problems += after.problems
        self.outside.join(after.outside)
        for name, tally in after.bad_values.items():
            self.bad_values.setdefault(name, Tally()).join(tally)
        self.edge_types |= after.edge_types
        self.asymmetry = (self.asymmetry + after.asymmetry) % 2**64

    def _join_row(self, after: RowReport) -> None:
        """Make the checks of the row that the first entry of `after` goes on with."""
        if after.head is not None and self.state[kernel.LAST] != kernel.NONE:
            neighbor, value = after.head
            ahead = neighbor - int(self.state[kernel.LAST])
            later = 0.0 if value is None else value - float(self.last_value[0])
            if ahead < 0 or (ahead == 0 and later < 0):
                self._note(kernel.UNSORTED, after.row)
            elif ahead == later == 0:
                self._note(kernel.PARALLEL, after.row)
        if after.state[kernel.WEIGHTLESS] and not self.state[kernel.SETTLED]:
            self._note(kernel.ZERO, after.row)

    def _note(self, what: int, first: int, count: int = 1) -> None:
        if self.counts[what] == 0:
            self.firsts[what] = first
        self.counts[what] += count

    def told(self, num_nodes: int, values: ValueName | None, *, weightless: bool) -> list[str]:
        """Return the problems, those that are counted at the end.

        `weightless` says whether rows may have no weight above zero.
        """
        unsorted = f"neighbours that do not ascend{_OR_VALUES.get(values or '', '')}"
        kinds = {kernel.UNSORTED: ("neighbors", unsorted), kernel.ZERO: ("weights", _WEIGHTLESS)}
        found: list[tuple[str, str, Tally]] = [
            ("neighbors", f"ids that name no node from 0 to {num_nodes - 1}", self.outside),
            *((name, _BAD_VALUES[name], tally) for name, tally in self.bad_values.items()),
        ]
        if weightless:
            del kinds[kernel.ZERO]
        for what, (array, text) in kinds.items():
            first = f"first in the row of node {self.firsts[what]}"
            found.append((array, text, Tally(int(self.counts[what]), first)))
        return self.problems + [
            f"array {array!r}: {text}: {tally.count:,}; {tally.first}"
            for array, text, tally in found
            if tally.count
        ]
