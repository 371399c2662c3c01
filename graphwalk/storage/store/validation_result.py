"""The result of a validation."""

from __future__ import annotations

from dataclasses import dataclass

from graphwalk.errors import StoreError, printable
from graphwalk.util.html_table import html_table


@dataclass(frozen=True, repr=False)
class Validation:
    """The result of `Graph.validate`; `print` shows it as text, and notebooks show a table.

    Attributes
    ----------
    path : str
        The store.
    problems : tuple of str
        The first 20 problems, each with its place.
    num_problems : int
        The number of problems.
    unchecked : tuple of str
        What could not be checked: because of problems, or in a store of an early format.
    facts : dict
        Counts by name: nodes, entries, self-loops, parallel entries.
    """

    path: str
    problems: tuple[str, ...]
    num_problems: int
    unchecked: tuple[str, ...]
    facts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether there are no problems."""
        return not self.problems

    def raise_if_damaged(self) -> None:
        """Raise StoreError unless the store is `ok`."""
        if not self.ok:
            several = f"{self.num_problems} problems, the first: " if self.num_problems > 1 else ""
            raise StoreError(f"{self.path} is damaged: {several}{self.problems[0]}; build it again")

    def __repr__(self) -> str:
        state = "sound" if self.ok else f"problems: {self.num_problems:,}"
        return f"<graphwalk.Validation {self.path!r}, {state}>"

    def _repr_html_(self) -> str:
        rows = [("store", self.path), *((name, f"{n:,}") for name, n in self.facts.items())]
        rows += [("problem", text) for text in self.problems]
        if self.num_problems > len(self.problems):
            rows.append(("problems in all", f"{self.num_problems:,}"))
        if self.unchecked:
            rows.append(("not checked", ", ".join(self.unchecked)))
        return html_table(rows)

    def __str__(self) -> str:
        unchecked = ", ".join(self.unchecked)
        facts = ", ".join(f"{number:,} {name}" for name, number in self.facts.items())
        if self.ok:
            lacking = f" Not checked: {unchecked}." if unchecked else ""
            return printable(f"{self.path} is sound: {facts}.{lacking}")
        number = "a problem" if self.num_problems == 1 else f"{self.num_problems} problems"
        lines = [f"{self.path} has {number}:", *(f"- {text}" for text in self.problems)]
        if self.num_problems > len(self.problems):
            lines.append(f"- and {self.num_problems - len(self.problems)} more")
        if unchecked:
            lines.append(f"Not checked for that: {unchecked}.")
        return printable("\n".join(lines))
